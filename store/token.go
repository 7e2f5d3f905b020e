package store

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
)

// unusedSignIn is how long a sign-in is kept that nobody uses: after it Entra takes it no more, either.
const unusedSignIn = 90 * 24 * time.Hour

// Tokens keeps sign-ins as internal/auth sealed them; this package cannot read them. (auth.Vault)
type Tokens struct{ db *DB }

// Tokens is the view of the sign-ins.
func (d *DB) Tokens() *Tokens { return &Tokens{d} }

// tokenRecord is a sealed sign-in, and when it was last written: Entra renews it about every hour in which it is used.
type tokenRecord struct {
	Sealed []byte    `json:"sealed"`
	At     time.Time `json:"at"`
}

// Load reads the sign-in of a person for an app; nil when there is none.
func (s *Tokens) Load(ctx context.Context, t identity.Tenant, p identity.Person, app string) (sealed []byte, err error) {
	err = s.db.read(ctx, "store.LoadToken", t, func(tb *bbolt.Bucket) error {
		r, _, err := load[tokenRecord](tb.Bucket([]byte(bucketTokens)), join(string(p), app))
		sealed = r.Sealed
		return err
	})
	return sealed, err
}

// Keep writes a sign-in in place of the one before.
func (s *Tokens) Keep(ctx context.Context, t identity.Tenant, p identity.Person, app string, sealed []byte) error {
	const op = "store.KeepToken"
	if err := checkIDs(op, string(p), app); err != nil {
		return err
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return save(tb.Bucket([]byte(bucketTokens)), op, join(string(p), app), tokenRecord{sealed, s.db.now().UTC()})
	})
}

// Drop removes the sign-in of a person for an app, if there is one.
func (s *Tokens) Drop(ctx context.Context, t identity.Tenant, p identity.Person, app string) error {
	sealed, err := s.Load(ctx, t, p, app)
	if err != nil || sealed == nil {
		return err
	}
	return s.db.write(ctx, "store.DropToken", t, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketTokens)).Delete(join(string(p), app))
	})
}

// Sweep removes the sign-ins of all tenants that were not used for 90 days, and tells how many there were.
func (s *Tokens) Sweep(ctx context.Context) (swept int, err error) {
	err = s.db.update(ctx, "store.SweepTokens", func(w *work) error {
		swept = 0
		tenants := w.Bucket([]byte(bucketTenants))
		return tenants.ForEachBucket(func(t []byte) error {
			b := tenants.Bucket(t).Bucket([]byte(bucketTokens))
			old, err := unused(b, s.db.now())
			for _, key := range old {
				if err := b.Delete(key); err != nil {
					return err
				}
			}
			swept += len(old)
			return err
		})
	})
	return swept, err
}

// unused gives the keys of the sign-ins that nobody used for too long.
func unused(b *bbolt.Bucket, now time.Time) (keys [][]byte, err error) {
	err = b.ForEach(func(k, _ []byte) error {
		r, _, err := load[tokenRecord](b, k)
		if err == nil && now.Sub(r.At) >= unusedSignIn {
			keys = append(keys, bytes.Clone(k))
		}
		return err
	})
	return keys, err
}
