package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/store"
)

func TestGraceSetting(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		value string
		want  time.Duration
		bad   string
	}{
		{"", 30 * 24 * time.Hour, ""}, // not set
		{"0", 0, ""}, {"0d", 0, ""}, {"30d", 720 * time.Hour, ""}, {"720h", 720 * time.Hour, ""}, {"1h", time.Hour, ""}, {"3650d", maxKept, ""},
		{"3651d", 0, "ten years"}, {"999999h", 0, "ten years"}, {"30", 0, "not a number"}, {"-1d", 0, "not a number"}, {"1.5d", 0, "not a number"},
		{"30 d", 0, "not a number"}, {"d", 0, "not a number"}, {"month", 0, "not a number"}, {"99999999d", 0, "not a number"},
	} {
		s, err := settingsFrom(map[string]string{"contact-app-id": "5b0f7d1e-0000-4000-8000-00000000000a", "contact-app-secret": "x",
			"tenant-id": "0d7a1f9e-0000-4000-8000-0000000000aa", "grace": row.value})
		switch {
		case row.bad == "" && (err != nil || s.keep.Grace != row.want):
			t.Errorf("%q is %s, %v; want %s", row.value, s.keep.Grace, err, row.want)
		case row.bad != "" && (err == nil || !strings.Contains(err.Error(), "TEAMSPRO_GRACE") || !strings.Contains(err.Error(), row.bad)):
			t.Errorf("%q: %v", row.value, err)
		}
	}
}

const (
	keptTenant = identity.Tenant("north")
	leftChat   = identity.Conversation("19:left@thread.v2")
	stayChat   = identity.Conversation("19:stay@thread.v2")
)

// oneShelf keeps the settings of one conversation.
type oneShelf struct {
	configuration.Shelf
	kept []configuration.Kept
}

func (s *oneShelf) All(_ context.Context, t identity.Tenant) ([]configuration.Kept, error) {
	if t != keptTenant {
		return nil, nil
	}
	return s.kept, nil
}

func (s *oneShelf) Erase(context.Context, identity.Tenant, identity.Conversation, time.Time) error {
	s.kept = nil
	return nil
}

// memberRoster has everybody everywhere.
type memberRoster struct{}

func (memberRoster) Role(context.Context, identity.Tenant, identity.Person, identity.Conversation, string) (identity.Role, error) {
	return identity.Owner, nil
}

// leftBehind is a store from one conversation of which the apps were removed, and the retention over it.
func leftBehind(t *testing.T, now *time.Time, log *bytes.Buffer) (*retention, *store.DB) {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(t.TempDir(), "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	clock := func() time.Time { return *now }
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Leavers: db.Leavers(), Marks: db.Marks(),
		Roster: memberRoster{}, Index: contact.NewIndex(), Now: clock})
	gallery := image.NewGallery(image.GalleryConfig{Studio: image.NewStudio(image.StudioConfig{}), Libraries: db.Libraries(), Aside: db.Aside(), Now: clock})
	for _, tenant := range []identity.Tenant{keptTenant, "south"} {
		for i, c := range []identity.Conversation{leftChat, stayChat} {
			who := identity.Caller{Tenant: tenant, Person: "ana", Conversation: c, Place: identity.GroupChat}
			_, err := books.Add(ctx, who, "", contact.Record{Name: "Zebulon Quarck"}, identity.Deed{Key: fmt.Sprint(tenant, i), Surface: "test"})
			err = errors.Join(err, db.Libraries().ChangeLibrary(ctx, tenant, c, func(l *image.Choice) error {
				*l = image.Choice{Folder: image.ItemRef{Drive: "d", Item: "i"}, By: "ana", At: clock()}
				return nil
			}))
			if c == leftChat {
				err = errors.Join(err, books.Removed(ctx, tenant, c, "ana"), gallery.Removed(ctx, tenant, c))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return &retention{keep: store.Keep{Grace: 48 * time.Hour}, now: clock, tenants: db.Tenants, books: books, gallery: gallery,
		shelf: &oneShelf{kept: []configuration.Kept{{Conversation: leftChat, Removed: *now}}}, log: slog.New(slog.NewTextHandler(log, nil))}, db
}

// What would be erased is counted first and erased then, of every tenant; the log has numbers and no names.
func TestRetention(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	r, db := leftBehind(t, &now, &log)
	ctx := t.Context()
	counted := func(want overdue) {
		t.Helper()
		if got, err := r.dryRun(ctx, keptTenant); err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(overdue{})) {
			t.Errorf("counted %+v %v, want %+v", got, err, want)
		}
	}
	counted(overdue{})
	r.eraseAll(ctx)
	if log.Len() > 0 {
		t.Errorf("nothing is due, and the log says\n%s", &log)
	}
	now = now.Add(48*time.Hour + 1)
	counted(overdue{books: 1, contacts: 1, libraries: 1, configurations: 1})
	counted(overdue{books: 1, contacts: 1, libraries: 1, configurations: 1}) // counting erases nothing
	r.eraseAll(ctx)
	counted(overdue{})
	var lines []string
	for line := range strings.Lines(log.String()) {
		_, said, _ := strings.Cut(strings.TrimSpace(line), "level=")
		lines = append(lines, said)
	}
	want := []string{
		`INFO msg="what waited for the app to come back was erased" tenant=north books=1 libraries=1 configurations=1`,
		`INFO msg="what waited for the app to come back was erased" tenant=south books=1 libraries=1 configurations=0`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	for _, c := range []identity.Conversation{leftChat, stayChat} {
		books, err := db.Books().BooksFor(ctx, keptTenant, "bob", c)
		if err != nil || len(books) != map[identity.Conversation]int{leftChat: 0, stayChat: 1}[c] {
			t.Errorf("%s has %d books, %v", c, len(books), err)
		}
	}
	r.tenants = func(context.Context) ([]identity.Tenant, error) { return nil, fault.New(fault.Busy, "test", "") }
	log.Reset()
	r.eraseAll(ctx)
	if !strings.Contains(log.String(), "ERROR") {
		t.Errorf("tenants that cannot be listed: %s", &log)
	}
}

// It runs soon after the start and once a day by the clock of the service, which somebody may set.
func TestRetentionIsDaily(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ahead, runs atomic.Int64
		r := &retention{now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, log: slog.New(slog.DiscardHandler),
			tenants: func(context.Context) ([]identity.Tenant, error) { runs.Add(1); return nil, nil }}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.run(ctx); close(ended) }()
		for _, step := range []struct {
			wait, ahead time.Duration
			runs        int64
		}{
			{time.Minute, 0, 0}, {2 * time.Minute, 0, 1}, {23 * time.Hour, 0, 1}, {2 * time.Hour, 0, 2}, {2 * time.Minute, 48 * time.Hour, 3}, {2 * time.Minute, -48 * time.Hour, 4},
		} {
			ahead.Store(int64(step.ahead))
			time.Sleep(step.wait)
			synctest.Wait()
			if n := runs.Load(); n != step.runs {
				t.Errorf("%d runs after %s more, by a clock that is %s ahead; want %d", n, step.wait, step.ahead, step.runs)
			}
		}
		stop()
		<-ended
	})
}
