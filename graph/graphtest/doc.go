// Package graphtest holds the package graph to Microsoft Graph: a stand-in that keeps state and speaks HTTP, and a contract
// that it, the sandbox and a real tenant have to meet.
package graphtest
