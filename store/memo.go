package store

import (
	"bytes"
	"sync"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
)

// memo keeps what values say, and says it again while they have the same bytes, or nothing was written but the outbox and new
// announcements: it need not hear of changes and is never wrong. It spares the reading of JSON where a few values are read
// thousands of times, as when an announcement of a hundred channels is sent. of makes the value that is kept of a key and its
// record R; who gets it may not change what it refers to.
type memo[R, T any] struct {
	of   func(key []byte, r R) T
	scan func(*scanner) R // reads a record; nil where encoding/json does
	// appear says that there may be a value in the same edition where there was none.
	appear bool
	mu     sync.RWMutex
	kept   map[memoKey]remembered[T]
}

// itself is of where the record is kept as it is.
func itself[R any](_ []byte, r R) R { return r }

// memoKey names a value: its key in the bucket is that of join, or name alone where of is empty.
type memoKey struct {
	tenant   identity.Tenant
	name, of string
}

func (k memoKey) bytes() []byte {
	if k.of == "" {
		return []byte(k.name)
	}
	return join(k.name, k.of)
}

// remembered is a value, and the bytes that say it; nil bytes say that there is none. at is the edition of the file
// (committer.edition) in which it was read; 0 is none.
type remembered[T any] struct {
	raw   []byte
	value T
	at    uint64
}

// memoMost is how many values a memo keeps; then it begins anew.
const memoMost = 4096

// known gives a value without reading, if it was read in the present edition; sure is false otherwise.
func (m *memo[R, T]) known(key memoKey, edition uint64) (v T, found, sure bool) {
	r, ok := m.get(key)
	return r.value, r.raw != nil, ok && r.at == edition
}

func (m *memo[R, T]) get(key memoKey) (remembered[T], bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.kept[key]
	return r, ok
}

// load is load, from memory where the bytes are known. edition is that of the file before the transaction began, or 0 in one
// that writes, where the file may never become as it reads it. more, if any, adds to the value what is read elsewhere.
func (m *memo[R, T]) load(key memoKey, b *bbolt.Bucket, edition uint64, more func(*T)) (v T, found bool, err error) {
	name := key.bytes()
	raw := b.Get(name)
	kept, ok := m.get(key)
	if !ok || (kept.raw == nil) != (raw == nil) || !bytes.Equal(kept.raw, raw) {
		kept = remembered[T]{raw: bytes.Clone(raw)}
		if raw != nil {
			r, err := m.read(b, name)
			if err != nil {
				return v, false, err
			}
			kept.value = m.of(name, r)
		}
	} else if edition == 0 || kept.at == edition {
		return kept.value, raw != nil, nil
	}
	if kept.at = edition; raw == nil && m.appear {
		kept.at = 0
	}
	if more != nil {
		more(&kept.value)
	}
	m.keep(key, kept)
	return kept.value, raw != nil, nil
}

func (m *memo[R, T]) read(b *bbolt.Bucket, key []byte) (r R, err error) {
	if m.scan == nil {
		r, _, err = load[R](b, key)
	} else {
		r, _, err = find(b, key, map[string]string{}, m.scan)
	}
	return r, err
}

func (m *memo[R, T]) keep(key memoKey, r remembered[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= memoMost {
		m.kept = map[memoKey]remembered[T]{}
	}
	m.kept[key] = r
}
