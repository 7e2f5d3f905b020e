package store

import (
	"bytes"
	"sync"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
)

// memo keeps what values say, and says it again while they have the same bytes: it need not hear of changes and is never
// wrong. It spares the reading of JSON where a few values are read thousands of times, as when an announcement of a hundred
// channels is sent. of makes the value that is kept of a key and its record R; who gets it may not change what it refers to.
type memo[R, T any] struct {
	of   func(key []byte, r R) T
	mu   sync.RWMutex
	kept map[memoKey]remembered[T]
}

// itself is of where the record is kept as it is.
func itself[R any](_ []byte, r R) R { return r }

type memoKey struct {
	tenant identity.Tenant
	key    string
}

// remembered is a value, and the bytes that say it.
type remembered[T any] struct {
	raw   []byte
	value T
}

// memoMost is how many values a memo keeps; then it begins anew.
const memoMost = 4096

// load is load, from memory where the bytes are known.
func (m *memo[R, T]) load(t identity.Tenant, b *bbolt.Bucket, key []byte) (v T, found bool, err error) {
	raw := b.Get(key)
	if raw == nil {
		return v, false, nil
	}
	m.mu.RLock()
	known, ok := m.kept[memoKey{t, string(key)}]
	m.mu.RUnlock()
	if ok && bytes.Equal(known.raw, raw) {
		return known.value, true, nil
	}
	r, found, err := load[R](b, key)
	if err != nil || !found {
		return v, false, err
	}
	v = m.of(key, r)
	m.keep(memoKey{t, string(key)}, remembered[T]{bytes.Clone(raw), v})
	return v, true, nil
}

func (m *memo[R, T]) keep(key memoKey, r remembered[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= memoMost {
		m.kept = map[memoKey]remembered[T]{}
	}
	m.kept[key] = r
}
