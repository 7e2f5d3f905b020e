//go:build !linux

package contact

import "time"

var began = time.Now()

// ownTime is how long the thread has worked; where that cannot be told, the time that went by.
func ownTime() time.Duration { return time.Since(began) }
