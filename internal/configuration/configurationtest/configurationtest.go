// Package configurationtest keeps settings in memory, for tests of what stands on a configuration.Shelf.
package configurationtest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Shelf is a configuration.Shelf that forgets everything with the process. Its zero value is empty. It is safe for
// concurrent use.
type Shelf struct {
	mu   sync.Mutex
	kept map[place]configuration.Kept
	// Surfaces are those of all that was saved, in order.
	Surfaces []string
	// Err fails every call, unless nil.
	Err error
}

type place struct {
	tenant       identity.Tenant
	conversation identity.Conversation
}

var _ configuration.Shelf = (*Shelf)(nil)

// Kept reads a conversation's settings and the organisation's.
func (s *Shelf) Kept(_ context.Context, t identity.Tenant, c identity.Conversation) (here, tenant configuration.Kept, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[place{t, c}], s.kept[place{t, ""}], s.Err
}

// All reads all of a tenant, the organisation's first.
func (s *Shelf) All(_ context.Context, t identity.Tenant) ([]configuration.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []configuration.Kept
	for p, k := range s.kept {
		if p.tenant == t {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(x, y configuration.Kept) int { return cmp.Compare(x.Conversation, y.Conversation) })
	return all, s.Err
}

// Save writes settings whose version is the next.
func (s *Shelf) Save(_ context.Context, t identity.Tenant, k configuration.Kept, surface string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Err != nil {
		return s.Err
	}
	if k.Version != s.kept[place{t, k.Conversation}].Version+1 {
		return fault.New(fault.Stale, "configurationtest.Save", "")
	}
	k.Removed = s.kept[place{t, k.Conversation}].Removed
	s.put(t, k)
	s.Surfaces = append(s.Surfaces, surface)
	return nil
}

// Remove notes when the last app was removed.
func (s *Shelf) Remove(_ context.Context, t identity.Tenant, c identity.Conversation, _ identity.Person, at time.Time) error {
	return s.mark(t, c, at)
}

// Return notes that an app was added again.
func (s *Shelf) Return(_ context.Context, t identity.Tenant, c identity.Conversation, _ identity.Person) error {
	return s.mark(t, c, time.Time{})
}

// Erase takes away the settings of a conversation that the last app left before a time.
func (s *Shelf) Erase(_ context.Context, t identity.Tenant, c identity.Conversation, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kept[place{t, c}]
	if s.Err != nil {
		return s.Err
	}
	if k.Removed.IsZero() || !k.Removed.Before(before) {
		return fault.New(fault.Stale, "configurationtest.Erase", "")
	}
	delete(s.kept, place{t, c})
	return nil
}

func (s *Shelf) mark(t identity.Tenant, c identity.Conversation, removed time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, known := s.kept[place{t, c}]; known && s.Err == nil {
		k.Removed = removed
		s.put(t, k)
	}
	return s.Err
}

func (s *Shelf) put(t identity.Tenant, k configuration.Kept) {
	if s.kept == nil {
		s.kept = map[place]configuration.Kept{}
	}
	s.kept[place{t, k.Conversation}] = k
}
