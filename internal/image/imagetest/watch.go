package imagetest

import (
	"context"
	"slices"
	"sync"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Watches keeps watches in memory, and the pictures that were told of. storetest holds it to the same contract as the store;
// it knows of no saves.
type Watches struct {
	mu    sync.Mutex
	all   map[string]image.Watch
	order []image.Subscriber
	told  []image.Arrival
}

var _ image.Watches = (*Watches)(nil)

// NewWatches makes an empty Watches.
func NewWatches() *Watches { return &Watches{all: map[string]image.Watch{}} }

// Told are the pictures that were told of, the first first.
func (m *Watches) Told() []image.Arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

// Watch implements image.Watches.
func (m *Watches) Watch(_ context.Context, t identity.Tenant, c identity.Conversation) (image.Watch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[under(t, c)], nil
}

// Watched implements image.Watches.
func (m *Watches) Watched(context.Context) ([]image.Subscriber, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []image.Subscriber
	for _, s := range m.order {
		s.By = m.all[under(s.Tenant, s.Conversation)].By
		all = append(all, s)
	}
	return all, nil
}

// Others implements image.Watches: all are others'.
func (m *Watches) Others(_ context.Context, _ identity.Tenant, _ identity.Conversation, pictures []image.Arrival) ([]image.Arrival, error) {
	return pictures, nil
}

// Advance implements image.Watches.
func (m *Watches) Advance(_ context.Context, t identity.Tenant, c identity.Conversation, token string, w image.Watch, pictures []image.Arrival) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.all[under(t, c)]
	if before.Token != token {
		return fault.New(fault.Stale, "imagetest.Advance", "watch.expired")
	}
	if !known {
		m.order = append(m.order, image.Subscriber{Tenant: t, Conversation: c})
	}
	m.all[under(t, c)] = w
	m.told = append(m.told, pictures...)
	return nil
}

// DropWatch implements image.Watches.
func (m *Watches) DropWatch(_ context.Context, t identity.Tenant, c identity.Conversation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, under(t, c))
	m.order = slices.DeleteFunc(m.order, func(s image.Subscriber) bool { return s.Tenant == t && s.Conversation == c })
	return nil
}
