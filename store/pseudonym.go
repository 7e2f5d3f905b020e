package store

import (
	"crypto/rand"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/identity"
)

// The audit log names people, and the chats that they have with the bot alone, by pseudonyms: names drawn by lot. Whose they
// are is kept beside the log. So a person can be erased without a change to the log, which stays as it was chained: who a
// pseudonym was is not known to anybody any more.

// The first parts of the keys of bucketPseudonyms.
const (
	pseudonymOf = "of" // what follows is an id
	pseudonymIs = "is" // what follows is a pseudonym
)

// pseudonymMark is what pseudonyms begin with; no id of Teams does.
const pseudonymMark = "p~"

func newPseudonym() string { return pseudonymMark + strings.ToLower(rand.Text()) }

// pseudonym gives the pseudonym of an id, a new one when it has none. Nobody stays nobody, and a pseudonym stays as it is.
func (s *shared) pseudonym(id string) (string, error) {
	if id == "" || strings.HasPrefix(id, pseudonymMark) {
		return id, nil
	}
	b := s.bucket(bucketPseudonyms)
	if known := b.Get(join(pseudonymOf, id)); known != nil {
		return string(known), nil
	}
	name := newPseudonym()
	if err := b.Put(join(pseudonymOf, id), []byte(name)); err != nil {
		return "", err
	}
	return name, b.Put(join(pseudonymIs, name), []byte(id))
}

// subject is what an entry of the log says that something was done to: chats of one person stand under pseudonyms.
func (s *shared) subject(of string) (string, error) {
	if !identity.Conversation(of).Personal() {
		return of, nil
	}
	return s.pseudonym(of)
}

// whose gives whose a pseudonym is; what is none, or nobody's any more, stays as it is.
func whose(tb *bbolt.Bucket, name string) string {
	if strings.HasPrefix(name, pseudonymMark) {
		if id := tb.Bucket([]byte(bucketPseudonyms)).Get(join(pseudonymIs, name)); id != nil {
			return string(id)
		}
	}
	return name
}

// forgetPseudonym takes away whose a pseudonym is.
func (s *shared) forgetPseudonym(id string) error {
	b := s.bucket(bucketPseudonyms)
	if name := b.Get(join(pseudonymOf, id)); name != nil {
		if err := b.Delete(join(pseudonymIs, string(name))); err != nil {
			return err
		}
	}
	return b.Delete(join(pseudonymOf, id))
}

// pseudonymSchema chains the audit logs anew, with pseudonyms where they named people. A log that somebody touched stays as
// it is, so that this is still found.
func pseudonymSchema(tx *bbolt.Tx) error {
	if err := addToTenants(tx, bucketPseudonyms); err != nil {
		return err
	}
	return eachTenant(tx, func(t identity.Tenant, tb *bbolt.Bucket) error {
		s := &shared{work: &work{Tx: tx}, id: t, tenant: tb}
		if wholeLog(tb.Bucket([]byte(bucketAudit))) != nil {
			return nil
		}
		return s.renewLog()
	})
}

func (s *shared) renewLog() error {
	b, prev, old := s.bucket(bucketAudit), "", ""
	last := b.Sequence()
	for n := uint64(1); n <= last; n++ {
		r, _, err := load[auditRecord](b, numberKey(n))
		if err != nil {
			return err
		}
		old = r.Hash
		if prev, err = s.putEntry(n, r, prev); err != nil {
			return err
		}
	}
	if last == 0 {
		return nil
	}
	return s.audited(audit.Entry{At: time.Now().UTC(), Surface: "service", Act: audit.LogRenewed, Subject: old})
}
