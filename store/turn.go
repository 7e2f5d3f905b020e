package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const (
	// answersKept is how long an activity is recognised when Teams delivers it again.
	answersKept = 24 * time.Hour
	// maxTurnKey is the longest key of an activity, in bytes.
	maxTurnKey = 4096
)

// Turns keeps which activities were answered, and which replies are owed.
type Turns struct{ db *DB }

// Turns is the view of the turns.
func (d *DB) Turns() *Turns { return &Turns{d} }

// Answered tells whether the activity of the key was answered in the last 24 hours.
func (s *Turns) Answered(ctx context.Context, key string) (answered bool, err error) {
	err = s.db.view(ctx, "store.Answered", func(tx *bbolt.Tx) error {
		_, answered = answers(tx).find(key, s.db.now())
		return nil
	})
	return answered, err
}

// MarkAnswered remembers that the activity of the key was answered. Its fingerprint is kept for 24 hours.
func (s *Turns) MarkAnswered(ctx context.Context, key string) error {
	return s.db.update(ctx, "store.MarkAnswered", func(tx *work) error {
		if _, known := answers(tx.Tx).find(key, s.db.now()); known {
			return errUnchanged
		}
		return answers(tx.Tx).add(key, "", s.db.now())
	})
}

// Owe keeps a reply that could not be delivered yet, in place of one with the same key.
func (s *Turns) Owe(ctx context.Context, o identity.Owed) error {
	const op = "store.Owe"
	if o.Key == "" || len(o.Key) > maxTurnKey {
		return fault.New(fault.Invalid, op, "store.bad_id")
	}
	return s.db.update(ctx, op, func(tx *work) error {
		return save(tx.Bucket([]byte(bucketOwed)), op, hash(o.Key), newOwed(o))
	})
}

// Settle removes what is owed under the key, if anything, and marks the activity answered, in one transaction.
func (s *Turns) Settle(ctx context.Context, key string) error {
	return s.db.update(ctx, "store.Settle", func(tx *work) error {
		if err := tx.Bucket([]byte(bucketOwed)).Delete(hash(key)); err != nil {
			return err
		}
		return answers(tx.Tx).add(key, "", s.db.now())
	})
}

// Owing reads every reply that is owed, of all tenants, in no order.
func (s *Turns) Owing(ctx context.Context) ([]identity.Owed, error) {
	var owing []identity.Owed
	err := s.db.view(ctx, "store.Owing", func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketOwed))
		return b.ForEach(func(k, _ []byte) error {
			r, _, err := load[owedRecord](b, k)
			owing = append(owing, r.owed())
			return err
		})
	})
	return owing, err
}

func answers(tx *bbolt.Tx) ledger {
	return ledger{tx.Bucket([]byte(bucketAnswered)), tx.Bucket([]byte(bucketAnsweredTimes)), answersKept}
}
