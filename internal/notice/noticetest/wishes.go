package noticetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Town is conversations with their wishes, and who may see what: Subscriptions and Audience.
type Town struct {
	mu       sync.Mutex
	wishes   map[chat]notice.Subscription
	reads    int
	concerns func(notice.Event, identity.Conversation) (bool, error)
}

var (
	_ notice.Subscriptions = (*Town)(nil)
	_ notice.Audience      = (*Town)(nil)
)

// NewTown makes a town in which nobody wishes anything, and everything concerns everybody.
func NewTown() *Town {
	return &Town{wishes: map[chat]notice.Subscription{}, concerns: func(notice.Event, identity.Conversation) (bool, error) { return true, nil }}
}

// Wish sets what a conversation wants.
func (w *Town) Wish(t identity.Tenant, s notice.Subscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wishes[chat{tenant: t, conversation: s.Conversation}] = s
}

// Let decides what concerns whom.
func (w *Town) Let(concerns func(notice.Event, identity.Conversation) (bool, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.concerns = concerns
}

// Reads is how often all subscriptions of a tenant were read.
func (w *Town) Reads() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reads
}

// Subscriptions implements notice.Subscriptions.
func (w *Town) Subscriptions(ctx context.Context, t identity.Tenant) ([]notice.Subscription, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	var list []notice.Subscription
	for key, s := range maps.All(w.wishes) {
		if key.tenant == t && len(s.Wishes.Kinds) > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b notice.Subscription) int { return cmp.Compare(a.Conversation, b.Conversation) })
	return list, ctx.Err()
}

// Subscription implements notice.Subscriptions.
func (w *Town) Subscription(ctx context.Context, t identity.Tenant, c identity.Conversation) (notice.Subscription, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.wishes[chat{tenant: t, conversation: c}]
	s.Conversation = c
	return s, ctx.Err()
}

// Concerns implements notice.Audience.
func (w *Town) Concerns(_ context.Context, _ identity.Tenant, e notice.Event, c identity.Conversation) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.concerns(e, c)
}
