package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/configuration"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// organisation is the key of an organisation's own settings in bucketConfigurations. It sorts before all conversations.
const organisation = "*"

// Configurations keeps what owners decided for conversations, and administrators for the organisation.
type Configurations struct{ db *DB }

var _ configuration.Shelf = (*Configurations)(nil)

// Configurations is the view of the settings.
func (d *DB) Configurations() *Configurations { return &Configurations{d} }

func configurationKey(c identity.Conversation) []byte {
	if c == "" {
		return []byte(organisation)
	}
	return []byte(c)
}

// Kept reads settings, as configuration.Shelf says.
func (s *Configurations) Kept(ctx context.Context, t identity.Tenant, c identity.Conversation) (here, tenant configuration.Kept, err error) {
	edition := s.db.commits.edition.Load()
	tenant, sure := s.known(memoKey{t, organisation, ""}, edition)
	if sure && c != "" {
		here, sure = s.known(memoKey{t, string(c), ""}, edition)
	}
	if sure {
		return here, tenant, ctx.Err()
	}
	err = s.db.read(ctx, "store.Kept", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketConfigurations))
		if c != "" {
			if here, err = s.kept(memoKey{t, string(c), ""}, b, edition); err != nil {
				return err
			}
		}
		tenant, err = s.kept(memoKey{t, organisation, ""}, b, edition)
		return err
	})
	return here, tenant, err
}

// known gives settings that were read already, in this edition of the file.
func (s *Configurations) known(key memoKey, edition uint64) (k configuration.Kept, sure bool) {
	r, found, sure := s.db.configurations.known(key, edition)
	if found && sure {
		k = r.kept(key.name)
	}
	return k, sure
}

func (s *Configurations) kept(key memoKey, b *bbolt.Bucket, edition uint64) (k configuration.Kept, err error) {
	r, found, err := s.db.configurations.load(key, b, edition, nil)
	if err != nil || !found {
		return k, err
	}
	return r.kept(key.name), nil
}

// All reads every settings of a tenant, as configuration.Shelf says.
func (s *Configurations) All(ctx context.Context, t identity.Tenant) (all []configuration.Kept, err error) {
	err = s.db.read(ctx, "store.All", t, func(tb *bbolt.Bucket) (err error) {
		all, err = allConfigurations(tb)
		return err
	})
	return all, err
}

func allConfigurations(tb *bbolt.Bucket) (all []configuration.Kept, err error) {
	b := tb.Bucket([]byte(bucketConfigurations))
	err = b.ForEach(func(key, _ []byte) error {
		k, _, err := loadConfiguration(b, key)
		all = append(all, k)
		return err
	})
	return all, err
}

// Save writes settings, as configuration.Shelf says. Whether the apps were removed is not among them.
func (s *Configurations) Save(ctx context.Context, t identity.Tenant, k configuration.Kept, surface string) error {
	e := audit.Entry{At: k.At, By: k.By, Surface: surface, Act: audit.ConfigurationChanged}
	return s.change(ctx, "store.SaveConfiguration", t, k.Conversation, e, func(old configuration.Kept) (configuration.Kept, error) {
		if k.Version != old.Version+1 {
			return old, fault.New(fault.Stale, "store.SaveConfiguration", "")
		}
		now := k
		now.Removed = old.Removed
		return now, nil
	})
}

// Remove notes that the last app was removed, as configuration.Shelf says. Where nobody decided anything there is nothing to
// wait, and an earlier removal stays.
func (s *Configurations) Remove(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person, at time.Time) error {
	e := audit.Entry{At: at, By: by, Surface: "service", Act: audit.ConfigurationRemoved}
	return s.change(ctx, "store.RemoveConfiguration", t, c, e, func(k configuration.Kept) (configuration.Kept, error) {
		if k.Version == 0 || !k.Removed.IsZero() {
			return k, errUnchanged
		}
		k.Removed = at
		return k, nil
	})
}

// Return notes that an app was added again, as configuration.Shelf says.
func (s *Configurations) Return(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error {
	e := audit.Entry{At: s.db.now(), By: by, Surface: "service", Act: audit.ConfigurationReturned}
	return s.change(ctx, "store.ReturnConfiguration", t, c, e, func(k configuration.Kept) (configuration.Kept, error) {
		if k.Removed.IsZero() {
			return k, errUnchanged
		}
		k.Removed = time.Time{}
		return k, nil
	})
}

// Erase takes away the settings of a conversation whose last app was removed before a time; fault.Stale when it was removed
// later, or an app is there again.
func (s *Configurations) Erase(ctx context.Context, t identity.Tenant, c identity.Conversation, before time.Time) error {
	const op = "store.EraseConfiguration"
	e := audit.Entry{At: s.db.now(), Surface: "service", Act: audit.ConfigurationErased}
	return s.change(ctx, op, t, c, e, func(k configuration.Kept) (configuration.Kept, error) {
		switch {
		case k.Version == 0:
			return k, errUnchanged
		case k.Removed.IsZero() || !k.Removed.Before(before):
			return k, fault.New(fault.Stale, op, "")
		}
		return configuration.Kept{}, nil
	})
}

// change changes settings, enters that in the audit log and finds out what is wanted, in one transaction. What change gives
// without a version is removed.
func (s *Configurations) change(ctx context.Context, op string, t identity.Tenant, c identity.Conversation, e audit.Entry, change func(configuration.Kept) (configuration.Kept, error)) error {
	key := configurationKey(c)
	if err := checkIDs(op, string(key)); err != nil {
		return err
	}
	if c == organisation {
		return fault.New(fault.Invalid, op, "store.bad_id")
	}
	if e.Subject = string(c); c == "" {
		e.Subject = audit.TenantSubject
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.bucket(bucketConfigurations)
		old, _, err := loadConfiguration(b, key)
		if err != nil {
			return err
		}
		now, err := change(old)
		if err != nil {
			return err
		}
		if now.Version == 0 {
			err = b.Delete(key)
		} else {
			err = save(b, op, key, newConfiguration(now))
		}
		if err != nil {
			return err
		}
		if err := sh.setWanted(); err != nil {
			return err
		}
		return sh.audited(e)
	})
}

// setWanted derives which kinds of events anybody wants to hear of. Which conversations there are that decided nothing is
// not known here, so what the organisation wishes is wanted.
func (s *shared) setWanted() error {
	all, err := allConfigurations(s.tenant)
	if err != nil {
		return err
	}
	var want []notice.Kind
	for _, k := range all {
		if k.Settings.Wishes != nil && k.Removed.IsZero() {
			want = append(want, k.Settings.Wishes.Kinds...)
		}
	}
	b := s.bucket(bucketWanted)
	var not [][]byte
	c := b.Cursor()
	for had, _ := c.First(); had != nil; had, _ = c.Next() {
		if !slices.Contains(want, notice.Kind(had)) {
			not = append(not, bytes.Clone(had))
		}
	}
	for _, k := range want {
		if err := b.Put([]byte(k), []byte{}); err != nil { // nil would not be found before the commit
			return err
		}
	}
	return deleteAll(b, not)
}

func loadConfiguration(b *bbolt.Bucket, key []byte) (k configuration.Kept, found bool, err error) {
	r, found, err := load[configurationRecord](b, key)
	if err != nil || !found {
		return k, false, err
	}
	return r.kept(string(key)), true, nil
}

// configurationRecord is configuration.Kept without its conversation, which is the key.
type configurationRecord struct {
	Team     string        `json:"team,omitempty"`
	Language string        `json:"language,omitempty"`
	Zone     string        `json:"zone,omitempty"`
	Guests   string        `json:"guests,omitempty"`
	Mode     string        `json:"mode,omitempty"`
	Wishes   *wishesRecord `json:"wishes,omitempty"`
	Version  int           `json:"version"`
	By       string        `json:"by,omitempty"`
	At       *time.Time    `json:"at,omitempty"`
	Removed  *time.Time    `json:"removed,omitempty"`
}

// wishesRecord is notice.Wishes.
type wishesRecord struct {
	Kinds     []string `json:"kinds,omitempty"`
	Daily     bool     `json:"daily,omitempty"`
	At        int      `json:"at,omitempty"`
	Workdays  bool     `json:"workdays,omitempty"`
	QuietFrom int      `json:"quiet_from,omitempty"`
	QuietTo   int      `json:"quiet_to,omitempty"`
}

func newConfiguration(k configuration.Kept) configurationRecord {
	s := k.Settings
	return configurationRecord{k.Team, s.Language, s.Zone, string(s.Guests), s.Mode, whenSet(s.Wishes, newWishes), k.Version, string(k.By), given(k.At), given(k.Removed)}
}

func newWishes(w notice.Wishes) wishesRecord {
	return wishesRecord{each(w.Kinds, func(k notice.Kind) string { return string(k) }), w.Daily, w.At, w.Workdays, w.Quiet.From, w.Quiet.To}
}

func (r configurationRecord) kept(key string) configuration.Kept {
	k := configuration.Kept{Team: r.Team, Version: r.Version, By: identity.Person(r.By), At: timeOr(r.At), Removed: timeOr(r.Removed),
		Settings: configuration.Settings{Language: r.Language, Zone: r.Zone, Guests: configuration.Guests(r.Guests), Mode: r.Mode, Wishes: whenSet(r.Wishes, wishesRecord.wishes)}}
	if key != organisation {
		k.Conversation = identity.Conversation(key)
	}
	return k
}

func (r wishesRecord) wishes() notice.Wishes {
	return notice.Wishes{Kinds: each(r.Kinds, func(k string) notice.Kind { return notice.Kind(k) }), Daily: r.Daily, At: r.At, Workdays: r.Workdays,
		Quiet: notice.Quiet{From: r.QuietFrom, To: r.QuietTo}}
}
