//go:build unix

package main

import "syscall"

// ownersOnly gives a socket its mode before it has a name, so that at no moment anybody else may open it. Where the system
// does not know this, the mode is set after.
func ownersOnly(_, _ string, socket syscall.RawConn) error {
	return socket.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
}
