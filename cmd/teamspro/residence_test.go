package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/configuration"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// heardShelf and heardOutbox note what they are told.
type heardShelf struct {
	configuration.Shelf
	all *[]string
}

func (h heardShelf) Remove(_ context.Context, t identity.Tenant, c identity.Conversation, by identity.Person, at time.Time) error {
	*h.all = append(*h.all, fmt.Sprint("remove ", t, " ", c, " ", by, " ", at.Format(time.DateOnly)))
	return nil
}

func (h heardShelf) Return(_ context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error {
	*h.all = append(*h.all, fmt.Sprint("return ", t, " ", c, " ", by))
	return nil
}

type heardOutbox struct {
	notice.Outbox
	all  *[]string
	full error
}

func (h heardOutbox) DropPlace(_ context.Context, t identity.Tenant, p notice.Place) error {
	*h.all = append(*h.all, fmt.Sprintf("drop %s %s %q", t, p.Conversation, p.Product))
	return h.full
}

// Settings wait when the last app leaves, whatever becomes of the outbox; what was to be told goes with each.
func TestResidence(t *testing.T) {
	t.Parallel()
	ctx, full := t.Context(), errors.New("no room")
	var heard []string
	r := &residence{shelf: heardShelf{all: &heard}, outbox: heardOutbox{all: &heard, full: full}, now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }}
	for _, err := range []error{
		r.Left(ctx, "t", notice.Place{Conversation: "chat", Product: "contact"}, false, "ana"),
		r.Left(ctx, "t", notice.Place{Conversation: "chat", Product: "image"}, true, "ana"),
	} {
		if !errors.Is(err, full) {
			t.Errorf("an outbox that takes nothing: %v", err)
		}
	}
	if err := r.Came(ctx, "t", "chat", "ben"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{`drop t chat "contact"`, `drop t chat ""`, "remove t chat ana 2026-11-22", "return t chat ben"}, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	none := &residence{}
	if err := errors.Join(none.Came(ctx, "t", "chat", "ana"), none.Left(ctx, "t", notice.Place{Conversation: "chat"}, true, "ana")); err != nil {
		t.Errorf("where nobody needs to hear: %v", err)
	}
}
