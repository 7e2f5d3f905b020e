package imagetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Memory keeps what a Gallery keeps, for the tests of what needs no file. storetest holds it to the same contract as the
// store.
type Memory struct {
	mu        sync.Mutex
	libraries map[string]image.Choice
	aside     map[string]waiting
	seen      map[string][]image.ItemRef
	captions  map[string]image.Properties
	saves     map[string]image.Intent
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory {
	return &Memory{libraries: map[string]image.Choice{}, aside: map[string]waiting{}, seen: map[string][]image.ItemRef{}, captions: map[string]image.Properties{}, saves: map[string]image.Intent{}}
}

var (
	_ image.Libraries = (*Memory)(nil)
	_ image.Aside     = (*Memory)(nil)
	_ image.Seen      = (*Memory)(nil)
	_ image.Captions  = (*Memory)(nil)
	_ image.Saves     = (*Memory)(nil)
)

func under[T ~string](t identity.Tenant, key T) string { return string(t) + "\x00" + string(key) }

// Library implements image.Libraries.
func (m *Memory) Library(_ context.Context, t identity.Tenant, c identity.Conversation) (image.Choice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.libraries[under(t, c)], nil
}

// ChangeLibrary implements image.Libraries.
func (m *Memory) ChangeLibrary(_ context.Context, t identity.Tenant, c identity.Conversation, change func(*image.Choice) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	choice := m.libraries[under(t, c)]
	if err := change(&choice); err != nil {
		return err
	}
	if choice.Folder == (image.ItemRef{}) {
		choice = image.Choice{}
	}
	m.libraries[under(t, c)] = choice
	return nil
}

// waiting is a choice that was set aside. There are no pins here.
type waiting struct {
	choice image.Choice
	since  time.Time
}

// SetAside implements image.Aside.
func (m *Memory) SetAside(_ context.Context, t identity.Tenant, c identity.Conversation, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if choice := m.libraries[under(t, c)]; choice != (image.Choice{}) {
		m.aside[under(t, c)] = waiting{choice, at}
		delete(m.libraries, under(t, c))
	}
	return nil
}

// BringBack implements image.Aside.
func (m *Memory) BringBack(_ context.Context, t identity.Tenant, c identity.Conversation) (back image.Back, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, waits := m.aside[under(t, c)]
	if back.Library = waits && m.libraries[under(t, c)] == (image.Choice{}); back.Library {
		m.libraries[under(t, c)] = w.choice
	}
	delete(m.aside, under(t, c))
	return back, nil
}

// CountAside implements image.Aside.
func (m *Memory) CountAside(_ context.Context, t identity.Tenant, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.overdue(t, before)), nil
}

// EraseAside implements image.Aside.
func (m *Memory) EraseAside(_ context.Context, t identity.Tenant, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.overdue(t, before)
	for _, key := range all {
		delete(m.aside, key)
	}
	return len(all), nil
}

func (m *Memory) overdue(t identity.Tenant, before time.Time) (keys []string) {
	for key, w := range m.aside {
		if strings.HasPrefix(key, under(t, "")) && w.since.Before(before) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Seen implements image.Seen.
func (m *Memory) Seen(_ context.Context, t identity.Tenant, p identity.Person) ([]image.ItemRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen[under(t, p)]), nil
}

// See implements image.Seen.
func (m *Memory) See(_ context.Context, t identity.Tenant, p identity.Person, ref image.ItemRef) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(m.seen[under(t, p)]), func(o image.ItemRef) bool { return o == ref })
	all := append([]image.ItemRef{ref}, others...)
	m.seen[under(t, p)] = all[:min(len(all), image.MaxSeen)]
	return nil
}

// Properties implements image.Captions.
func (m *Memory) Properties(_ context.Context, t identity.Tenant, ref image.ItemRef) (image.Properties, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.captions[under(t, ref.String())], nil
}

// SetProperties implements image.Captions.
func (m *Memory) SetProperties(_ context.Context, t identity.Tenant, ref image.ItemRef, p image.Properties) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.captions[under(t, ref.String())] = p
	return nil
}

// Save implements image.Saves.
func (m *Memory) Save(_ context.Context, t identity.Tenant, deed string) (image.Intent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, ok := m.saves[under(t, deed)]; ok {
		return i, nil
	}
	return image.Intent{}, fault.New(fault.NotFound, "imagetest.Save", "")
}

// KeepSave implements image.Saves.
func (m *Memory) KeepSave(_ context.Context, t identity.Tenant, deed string, i image.Intent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves[under(t, deed)] = i
	return nil
}

// DropSave implements image.Saves.
func (m *Memory) DropSave(_ context.Context, t identity.Tenant, deed string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.saves, under(t, deed))
	return nil
}
