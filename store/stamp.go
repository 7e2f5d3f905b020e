package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The journal numbers the changes of a tenant in their order. Each transaction enters the changes that it makes under the
// number of its last one: nobody sees the states in between. The number alone would not name a state: a file that was put
// back from a copy counts the same numbers again. So each entry has a mark, drawn by lot, and the number with its mark
// stands for everything that led there.

const (
	// journalKept is how many changes Since reaches back, at least.
	journalKept = 10_000
	// journalSlack is how many old entries are dropped at a time.
	journalSlack = 1000
	markSize     = 8
)

var _ contact.Journal = (*Contacts)(nil)

// Stamp names the state of a tenant's contacts, as contact.Journal says.
func (c *Contacts) Stamp(ctx context.Context, t identity.Tenant) (stamp string, err error) {
	err = c.db.view(ctx, "store.Stamp", func(tx *bbolt.Tx) (err error) {
		j, err := journalOf(tx, t)
		stamp = j.stamp(j.last())
		return err
	})
	return stamp, err
}

// Since gives the changes after a stamp, as contact.Journal says.
func (c *Contacts) Since(ctx context.Context, t identity.Tenant, stamp string) (changes []contact.Change, err error) {
	const op = "store.Since"
	err = c.db.view(ctx, op, func(tx *bbolt.Tx) error {
		j, err := journalOf(tx, t)
		if err != nil {
			return err
		}
		n, known := j.find(stamp)
		if !known {
			return fault.New(fault.NotFound, op, "")
		}
		changes, err = j.after(op, n)
		return err
	})
	return changes, err
}

// journal is the journal of one tenant in one file.
type journal struct {
	file    string // names the file and its schema
	entries *bbolt.Bucket
	changes *bbolt.Bucket
}

// journalOf finds the journal of a tenant; one that never wrote has an empty one.
func journalOf(tx *bbolt.Tx, t identity.Tenant) (journal, error) {
	schema, err := schemaOf(tx)
	if err != nil {
		return journal{}, err
	}
	j := journal{file: fmt.Sprintf("%s.%d.", tx.Bucket([]byte(bucketMeta)).Get([]byte(metaFile)), schema)}
	if tb := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(t)); tb != nil {
		j.entries, j.changes = tb.Bucket([]byte(bucketJournal)), tb.Bucket([]byte(bucketChanges))
	}
	return j, nil
}

// last is the number of the newest change; 0 when there is none.
func (j journal) last() uint64 {
	if j.entries == nil {
		return 0
	}
	return lastNumber(j.entries)
}

func lastNumber(entries *bbolt.Bucket) uint64 {
	k, _ := entries.Cursor().Last()
	return numberOf(k)
}

func numberOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// stamp names the state after a change.
func (j journal) stamp(n uint64) string {
	var mark []byte
	if j.entries != nil {
		if e := j.entries.Get(numberKey(n)); len(e) >= markSize {
			mark = e[:markSize]
		}
	}
	return j.file + strconv.FormatUint(n, 10) + "." + hex.EncodeToString(mark)
}

// find gives the number of a stamp whose changes since are all in the journal. The journal loses only its oldest
// entries, so where one is, all later ones are.
func (j journal) find(stamp string) (n uint64, known bool) {
	rest, ours := strings.CutPrefix(stamp, j.file)
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ours || err != nil || stamp != j.stamp(n) {
		return 0, false
	}
	if j.entries == nil {
		return n, n == 0
	}
	if j.entries.Get(numberKey(n)) != nil {
		return n, true
	}
	first, e := j.entries.Cursor().First()
	return n, n == 0 && numberOf(first) <= uint64(len(changesOf(e)))
}

// changesOf lists the changes of an entry.
func changesOf(entry []byte) (ids []string) {
	if len(entry) <= markSize {
		return nil
	}
	return strings.Split(string(entry[markSize:]), "\x00")
}

// after reads the changes after a number. A change that is gone breaks the row: then it is as if the stamp were too old.
func (j journal) after(op string, n uint64) (changes []contact.Change, err error) {
	if j.entries == nil {
		return nil, nil
	}
	cursor, names := j.entries.Cursor(), map[string]string{}
	for k, e := cursor.Seek(numberKey(n + 1)); k != nil; k, e = cursor.Next() {
		ids := changesOf(e)
		if n += uint64(len(ids)); n != numberOf(k) {
			return nil, fault.New(fault.NotFound, op, "")
		}
		for _, id := range ids {
			r, found, err := find(j.changes, []byte(id), names, (*scanner).change)
			switch {
			case err != nil:
				return nil, err
			case !found:
				return nil, fault.New(fault.NotFound, op, "")
			}
			changes = append(changes, r.change(contact.ChangeID(id)))
		}
	}
	return changes, nil
}

// enterJournal writes the entry of a transaction. Now and then it drops what is older than the journal reaches back.
func (s *shared) enterJournal() error {
	entries := s.tenant.Bucket([]byte(bucketJournal))
	entries.FillPercent = fullPages // it grows at its end
	before := lastNumber(entries)
	n := before + uint64(len(s.made))
	if err := enter(entries, n, s.made); err != nil || n/journalSlack == before/journalSlack || n <= journalKept {
		return err
	}
	cursor, oldest := entries.Cursor(), numberKey(n-journalKept)
	for k, _ := cursor.First(); bytes.Compare(k, oldest) < 0; k, _ = cursor.First() {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// enter writes an entry of the journal, with a mark.
func enter(entries *bbolt.Bucket, n uint64, made []contact.Change) error {
	e := make([]byte, markSize, markSize+27*len(made))
	rand.Read(e)
	for i, c := range made {
		if i > 0 {
			e = append(e, 0)
		}
		e = append(e, c.ID...)
	}
	return entries.Put(numberKey(n), e)
}

// journalSchema gives each tenant a journal. It begins with an entry without a change, whose mark tells this file from
// the copies of it that were brought to this schema at another time.
func journalSchema(tx *bbolt.Tx) error {
	tenants := tx.Bucket([]byte(bucketTenants))
	return tenants.ForEachBucket(func(t []byte) error {
		entries, err := tenants.Bucket(t).CreateBucketIfNotExists([]byte(bucketJournal))
		if err != nil {
			return err
		}
		return enter(entries, 0, nil)
	})
}
