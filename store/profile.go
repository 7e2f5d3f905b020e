package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Profiles keeps what the directory said of a person when they last signed in.
type Profiles struct{ db *DB }

// Profiles is the view of the profiles.
func (d *DB) Profiles() *Profiles { return &Profiles{d} }

// profileRecord is identity.Profile without the person, who is the key.
type profileRecord struct {
	Name       string    `json:"name,omitempty"`
	Mail       string    `json:"mail,omitempty"`
	UPN        string    `json:"upn,omitempty"`
	JobTitle   string    `json:"job,omitempty"`
	Department string    `json:"department,omitempty"`
	Office     string    `json:"office,omitempty"`
	Phone      string    `json:"phone,omitempty"`
	Read       time.Time `json:"read"`
}

func newProfile(p identity.Profile) profileRecord {
	return profileRecord{p.Name, p.Mail, p.UPN, p.JobTitle, p.Department, p.Office, p.Phone, p.Read.UTC()}
}

func (r profileRecord) profile(p identity.Person) identity.Profile {
	return identity.Profile{Person: p, Name: r.Name, Mail: r.Mail, UPN: r.UPN, JobTitle: r.JobTitle, Department: r.Department,
		Office: r.Office, Phone: r.Phone, Read: r.Read}
}

// Profile reads what is kept of a person; fault.NotFound when there is nothing.
func (s *Profiles) Profile(ctx context.Context, t identity.Tenant, p identity.Person) (identity.Profile, error) {
	const op = "store.Profile"
	var r profileRecord
	found := false
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
		r, found, err = load[profileRecord](tb.Bucket([]byte(bucketProfiles)), []byte(p))
		return err
	})
	switch {
	case err != nil:
		return identity.Profile{}, err
	case !found:
		return identity.Profile{}, fault.New(fault.NotFound, op, "")
	}
	return r.profile(p), nil
}

// KeepProfile writes a person's profile in place of the one before.
func (s *Profiles) KeepProfile(ctx context.Context, t identity.Tenant, p identity.Profile) error {
	const op = "store.KeepProfile"
	if err := checkIDs(op, string(p.Person)); err != nil {
		return err
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return save(tb.Bucket([]byte(bucketProfiles)), op, []byte(p.Person), newProfile(p))
	})
}

// DropProfile removes what is kept of a person, if there is anything.
func (s *Profiles) DropProfile(ctx context.Context, t identity.Tenant, p identity.Person) error {
	_, err := s.Profile(ctx, t, p)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.write(ctx, "store.DropProfile", t, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketProfiles)).Delete([]byte(p))
	})
}
