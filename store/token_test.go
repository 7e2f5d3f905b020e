package store

import (
	"testing"
	"time"

	"teamspro/internal/identity"
)

// TestSweep: what nobody used for 90 days goes, what somebody used stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx, tokens := t.Context(), db.Tokens()
	keep := func(p string) {
		t.Helper()
		if err := tokens.Keep(ctx, north, identity.Person(p), "app", []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	keep("old")
	keep("used")
	*clock = clock.Add(89 * 24 * time.Hour)
	keep("used")
	if n, err := tokens.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("after 89 days %d went, %v", n, err)
	}
	*clock = clock.Add(24 * time.Hour)
	if n, err := tokens.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("after 90 days %d went, %v", n, err)
	}
	for p, want := range map[string]string{"old": "", "used": "used"} {
		if got, err := tokens.Load(ctx, north, identity.Person(p), "app"); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", p, got, err)
		}
	}
}
