package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
)

// hash is the fingerprint of a key that names an activity or deed. The key itself is not kept: it names a
// conversation.
func hash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:16]
}

// join makes a key of ids that checkIDs let through.
func join(parts ...string) []byte {
	size := len(parts)
	for _, p := range parts {
		size += len(p)
	}
	key := make([]byte, 0, size)
	for i, p := range parts {
		if i > 0 {
			key = append(key, 0)
		}
		key = append(key, p...)
	}
	return key
}

// under is the beginning of all keys that continue the parts.
func under(parts ...string) []byte { return append(join(parts...), 0) }

// timeKey writes an instant so that keys sort by it. Instants before 1970 count as 1970.
func timeKey(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(0, at.UnixNano())))
}

func timeOf(key []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(key))).UTC()
}

// checkIDs refuses ids that cannot be part of a key.
func checkIDs(op string, ids ...string) error {
	for _, id := range ids {
		if id == "" || len(id) > maxID || strings.ContainsRune(id, 0) {
			return fault.New(fault.Invalid, op, "store.bad_id")
		}
	}
	return nil
}

// load reads a JSON value; found is false when there is none. What it gives is a copy.
func load[T any](b *bbolt.Bucket, key []byte) (v T, found bool, err error) {
	raw := b.Get(key)
	if raw == nil {
		return v, false, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, false, fmt.Errorf("a value cannot be read: %T", v)
	}
	return v, true, nil
}

// save writes a JSON value.
func save(b *bbolt.Bucket, op string, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return keep(b, op, key, raw)
}

// keep writes a value that is encoded already.
func keep(b *bbolt.Bucket, op string, key, raw []byte) error {
	if len(raw) > maxValue {
		return fault.New(fault.Invalid, op, "store.too_large")
	}
	return b.Put(key, raw)
}

// tails gives what follows the prefix in each key that begins with it, as copies.
func tails(b *bbolt.Bucket, prefix []byte) []string {
	var found []string
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		found = append(found, string(k[len(prefix):]))
	}
	return found
}

// newestFirst calls fn for the keys that begin with the prefix, from the last to the first, until fn says stop.
func newestFirst(b *bbolt.Bucket, prefix []byte, fn func(k, v []byte) (more bool)) {
	c := b.Cursor()
	last := c.Prev
	if k, _ := c.Seek(after(prefix)); k == nil {
		last = c.Last
	}
	k, v := last()
	for ; bytes.HasPrefix(k, prefix) && fn(k, v); k, v = c.Prev() {
	}
}

// after is the first key behind all that begin with the prefix, which ends in a NUL byte.
func after(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	next[len(next)-1]++
	return next
}

// purgeBatch is how many expired entries one write removes at most: more than it adds, few enough not to
// be felt.
const purgeBatch = 32

// ledger keeps fingerprints for some time: entries by hash, and the same by age.
type ledger struct {
	entries, ages *bbolt.Bucket
	kept          time.Duration
}

// find gives the note kept with a key, if it is not too old. The note is a copy.
func (l ledger) find(key string, now time.Time) (note string, found bool) {
	entry := l.entries.Get(hash(key))
	if entry == nil || now.Sub(timeOf(entry)) >= l.kept {
		return "", false
	}
	return string(entry[8:]), true
}

// add keeps a key with a note, and removes a few entries that are too old.
func (l ledger) add(key, note string, now time.Time) error {
	if _, err := l.purge(now); err != nil {
		return err
	}
	h, at := hash(key), timeKey(now)
	if old := l.entries.Get(h); old != nil {
		if err := l.ages.Delete(append(bytes.Clone(old[:8]), h...)); err != nil {
			return err
		}
	}
	if err := l.ages.Put(append(bytes.Clone(at), h...), nil); err != nil {
		return err
	}
	return l.entries.Put(h, append(at, note...))
}

// purge removes some entries that are too old and tells how many.
func (l ledger) purge(now time.Time) (n int, err error) {
	var old [][]byte
	c := l.ages.Cursor()
	for k, _ := c.First(); k != nil && len(old) < purgeBatch && now.Sub(timeOf(k)) >= l.kept; k, _ = c.Next() {
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		if err := l.ages.Delete(k); err != nil {
			return 0, err
		}
		if err := l.entries.Delete(k[8:]); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// saveChanged writes a JSON value, unless it is there already.
func saveChanged(b *bbolt.Bucket, op string, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if bytes.Equal(raw, b.Get(key)) {
		return errUnchanged
	}
	return keep(b, op, key, raw)
}
