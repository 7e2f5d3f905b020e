package configuration_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// drawer is a Shelf as far as erasing needs one.
type drawer struct {
	configuration.Shelf
	all  []configuration.Kept
	back identity.Conversation // an app comes back to it at the last moment
	full error
}

func (d *drawer) All(context.Context, identity.Tenant) ([]configuration.Kept, error) {
	return slices.Clone(d.all), d.full
}

func (d *drawer) Erase(_ context.Context, _ identity.Tenant, c identity.Conversation, before time.Time) error {
	if c == d.back {
		return fault.New(fault.Stale, "drawer.Erase", "")
	}
	d.all = slices.DeleteFunc(d.all, func(k configuration.Kept) bool { return k.Conversation == c && k.Removed.Before(before) })
	return nil
}

func conversations(all []configuration.Kept) (ids []string) {
	for _, k := range all {
		ids = append(ids, string(k.Conversation))
	}
	return ids
}

// Only what waits too long goes; what the organisation decided never does.
func TestEraseWaiting(t *testing.T) {
	t.Parallel()
	ctx, day := t.Context(), func(n int) time.Time { return time.Unix(int64(n)*86400, 0) }
	d := &drawer{back: "back", all: []configuration.Kept{{Conversation: ""}, {Conversation: "used"}, {Conversation: "old", Removed: day(1)},
		{Conversation: "back", Removed: day(1)}, {Conversation: "edge", Removed: day(2)}, {Conversation: "new", Removed: day(3)}}}
	if n, err := configuration.CountWaiting(ctx, d, "t", day(2)); n != 2 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	if n, err := configuration.EraseWaiting(ctx, d, "t", day(2)); n != 1 || err != nil {
		t.Errorf("%d are erased, %v", n, err)
	}
	if got, want := conversations(d.all), []string{"", "used", "back", "edge", "new"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
	d.full = errors.New("no room")
	if _, err := configuration.EraseWaiting(ctx, d, "t", day(9)); !errors.Is(err, d.full) {
		t.Errorf("a shelf that fails: %v", err)
	}
}
