package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// Audit is the audit log of tenants. What changes something enters it in its own transaction; Enter is for what changes nothing.
type Audit struct{ db *DB }

var _ contact.Ledger = (*Audit)(nil)

// Audit is the view of the audit log.
func (d *DB) Audit() *Audit { return &Audit{d} }

// auditRecord is audit.Entry with the hash of the one before it and its own. Those of a tenant are numbered without gaps,
// and the bucket knows the last number, so that none can be changed, moved, put in or taken out unseen, not even the last.
type auditRecord struct {
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	Surface string    `json:"surface,omitempty"`
	Act     string    `json:"act"`
	Subject string    `json:"subject"`
	Prev    string    `json:"prev,omitempty"`
	Hash    string    `json:"hash,omitempty"`
}

// sum is the hash of a record at its place, whatever it says that its hash is.
func (r auditRecord) sum(number uint64) (string, error) {
	r.Hash = ""
	raw, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(numberKey(number), raw...))
	return hex.EncodeToString(sum[:]), nil
}

// audited enters something in the log. It belongs to the transaction of what was done.
func (s *shared) audited(e audit.Entry) error {
	b := s.bucket(bucketAudit)
	before, _, err := load[auditRecord](b, numberKey(b.Sequence()))
	if err != nil {
		return err
	}
	n, err := b.NextSequence()
	if err != nil {
		return fmt.Errorf("an entry of the audit log gets no number: %w", err)
	}
	_, err = s.putEntry(n, auditRecord{At: e.At.UTC(), By: string(e.By), Surface: e.Surface, Act: string(e.Act), Subject: e.Subject}, before.Hash)
	return err
}

// putEntry writes an entry after the one that has the hash prev, with pseudonyms of people, and gives its own hash.
func (s *shared) putEntry(n uint64, r auditRecord, prev string) (hash string, err error) {
	if r.By, err = s.pseudonym(r.By); err != nil {
		return "", err
	}
	if r.Subject, err = s.subject(r.Subject); err != nil {
		return "", err
	}
	r.Prev = prev
	if r.Hash, err = r.sum(n); err != nil {
		return "", err
	}
	s.atEnd(bucketAudit)
	return r.Hash, save(s.bucket(bucketAudit), "store.audited", numberKey(n), r)
}

// TookOut enters that contacts were taken out, as contact.Ledger says.
func (a *Audit) TookOut(ctx context.Context, t identity.Tenant, book contact.BookID, by identity.Person, surface string, at time.Time) error {
	subject := string(book)
	if subject == "" {
		subject = audit.SearchSubject
	}
	return a.Enter(ctx, t, audit.Entry{At: at, By: by, Surface: surface, Act: audit.ContactsExported, Subject: subject})
}

// Enter enters something that was done and changed nothing of what is stored: a backup, say.
func (a *Audit) Enter(ctx context.Context, t identity.Tenant, e audit.Entry) error {
	return a.db.share(ctx, "store.Enter", t, func(s *shared) error { return s.audited(e) })
}

// surfaceOf is the surface of what does not say its own: nobody's deeds are the service's.
func surfaceOf(by identity.Person) string {
	if by == "" {
		return "service"
	}
	return "dialog"
}

// Entries reads entries from a number on, oldest first.
func (a *Audit) Entries(ctx context.Context, t identity.Tenant, from uint64, limit int) ([]audit.Recorded, error) {
	var found []audit.Recorded
	err := a.db.read(ctx, "store.Entries", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketAudit))
		c := b.Cursor()
		for k, _ := c.Seek(numberKey(from)); k != nil && len(found) < limit; k, _ = c.Next() {
			r, _, err := load[auditRecord](b, k)
			if err != nil {
				return err
			}
			found = append(found, audit.Recorded{Number: numberOf(k), Hash: r.Hash, Entry: audit.Entry{At: r.At, By: identity.Person(whose(tb, r.By)),
				Surface: r.Surface, Act: audit.Act(r.Act), Subject: whose(tb, r.Subject)}})
		}
		return nil
	})
	return found, err
}

// BrokenError says where the audit log of a tenant is not as it was written first: the entry of this number was changed,
// moved, put in or taken out.
type BrokenError struct{ Number uint64 }

func (e *BrokenError) Error() string {
	return fmt.Sprintf("entry %d of the audit log was changed, moved, put in or taken out", e.Number)
}

// Verify tells with a BrokenError when the log is not whole.
func (a *Audit) Verify(ctx context.Context, t identity.Tenant) error {
	return a.db.read(ctx, "store.Verify", t, func(tb *bbolt.Bucket) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return wholeLog(tb.Bucket([]byte(bucketAudit)))
	})
}

// wholeLog tells with a BrokenError when a log is not whole. One whose oldest entries were taken out begins later; then an
// entry says so that came after (audit.LogShortened).
func wholeLog(b *bbolt.Bucket) error {
	c := b.Cursor()
	k, v := c.First()
	number, prev, begins := uint64(1), "", ""
	if first := numberOf(k); first > 1 {
		var r auditRecord
		if json.Unmarshal(v, &r) != nil || r.Prev == "" {
			return &BrokenError{1}
		}
		number, prev, begins = first, r.Prev, shortened(first, r.Prev)
	}
	for ; k != nil; k, v = c.Next() {
		hash, whole := follows(prev, number, k, v)
		if !whole {
			return &BrokenError{number}
		}
		if begins != "" && isShortening(v, begins) {
			begins = ""
		}
		prev = hash
		number++
	}
	if begins != "" {
		return &BrokenError{1}
	}
	if last := b.Sequence(); number != last+1 {
		return &BrokenError{min(number-1, last) + 1}
	}
	return nil
}

// shortened is the subject of the entry that says with which number and after which hash a log begins from then on.
func shortened(first uint64, prev string) string { return fmt.Sprintf("%d %s", first, prev) }

func isShortening(value []byte, subject string) bool {
	var r auditRecord
	return json.Unmarshal(value, &r) == nil && r.Act == string(audit.LogShortened) && r.Subject == subject
}

// follows tells whether an entry is the one that was written at its place, and gives its hash.
func follows(prev string, number uint64, key, value []byte) (hash string, whole bool) {
	var r auditRecord
	if !bytes.Equal(key, numberKey(number)) || json.Unmarshal(value, &r) != nil || r.Prev != prev {
		return "", false
	}
	sum, err := r.sum(number)
	return r.Hash, err == nil && sum == r.Hash
}
