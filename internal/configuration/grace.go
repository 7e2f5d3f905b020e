package configuration

import (
	"context"
	"fmt"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// waiting are the conversations whose last app was removed before a time.
func waiting(ctx context.Context, s Shelf, t identity.Tenant, before time.Time) ([]Kept, error) {
	all, err := s.All(ctx, t)
	if err != nil {
		return nil, err
	}
	var due []Kept
	for _, k := range all {
		if k.Conversation != "" && !k.Removed.IsZero() && k.Removed.Before(before) {
			due = append(due, k)
		}
	}
	return due, nil
}

// CountWaiting tells how many settings EraseWaiting would erase, and erases nothing.
func CountWaiting(ctx context.Context, s Shelf, t identity.Tenant, before time.Time) (int, error) {
	due, err := waiting(ctx, s, t, before)
	return len(due), err
}

// EraseWaiting erases the settings of the conversations whose last app was removed before a time, and gives how many are
// gone, also when it fails before all are. What came back meanwhile stays.
func EraseWaiting(ctx context.Context, s Shelf, t identity.Tenant, before time.Time) (erased int, err error) {
	const op = "configuration.EraseWaiting"
	due, err := waiting(ctx, s, t, before)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	for _, k := range due {
		switch err := s.Erase(ctx, t, k.Conversation, before); {
		case err == nil:
			erased++
		case !fault.Is(err, fault.Stale):
			return erased, fmt.Errorf("%s: %w", op, err)
		}
	}
	return erased, nil
}
