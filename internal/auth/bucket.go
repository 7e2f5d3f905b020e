package auth

import "time"

// bucket lets something happen a number of times at once and then again every so often. It is not safe for concurrent use.
type bucket struct {
	size  int
	every time.Duration

	used int
	last time.Time // when it was last filled up by one
}

// take tells whether it may happen now.
func (b *bucket) take(now time.Time) bool {
	if back := int(now.Sub(b.last) / b.every); back > 0 {
		b.used = max(0, b.used-back)
		b.last = now
	}
	if b.used >= b.size {
		return false
	}
	b.used++
	return true
}
