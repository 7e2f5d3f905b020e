package store

import (
	"errors"
	"path/filepath"
	"strconv"
	"testing"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// TestMemo: what is in the file counts, whatever was read before, and each tenant's for itself.
func TestMemo(t *testing.T) {
	t.Parallel()
	d := openAt(t, filepath.Join(t.TempDir(), "memo.db"))
	m := memo[stampRecord, stampRecord]{of: itself[stampRecord]}
	read := func(tenant identity.Tenant) (by string) {
		t.Helper()
		if err := d.read(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
			r, _, err := m.load(memoKey{tenant, "key", ""}, tb.Bucket([]byte(bucketMarks)), d.commits.edition.Load(), nil)
			by = r.By
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return by
	}
	write := func(tenant identity.Tenant, value any) {
		t.Helper()
		if err := d.write(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
			return save(tb.Bucket([]byte(bucketMarks)), "test", []byte("key"), value)
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, tenant := range []identity.Tenant{"north", "south", "north", "south"} {
		write(tenant, stampRecord{By: strconv.Itoa(i)})
		if first, again := read(tenant), read(tenant); first != strconv.Itoa(i) || again != first {
			t.Errorf("%s: %q and %q, and not %d", tenant, first, again, i)
		}
	}
	if r, found, sure := m.known(memoKey{"north", "key", ""}, d.commits.edition.Load()); !found || sure || r.By != "2" {
		t.Error("it is sure of what was read before something was written")
	}
	if read("north") != "2" || read("south") != "3" || read("west") != "" {
		t.Error("the tenants were mixed up")
	}
	if err := d.write(t.Context(), "test", "north", func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketMarks)).Delete([]byte("key")) }); err != nil {
		t.Fatal(err)
	}
	if read("north") != "" {
		t.Error("what was deleted was read")
	}
	for i := range memoMost + 1 {
		m.keep(memoKey{"north", strconv.Itoa(i), ""}, remembered[stampRecord]{})
	}
	if len(m.kept) > memoMost {
		t.Errorf("%d are kept", len(m.kept))
	}
}

// TestEditionsOfSharers: a commit counts as an edition when any of those who share it wrote something else than the outbox.
func TestEditionsOfSharers(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	mark := func(w *work) error {
		s, err := w.of(north)
		if err != nil {
			return err
		}
		return s.bucket(bucketMarks).Put([]byte("p"), []byte("{}"))
	}
	outbox := func(w *work) error { w.apart++; return mark(w) }
	nothing := func(*work) error { return errUnchanged }
	none := func(w *work) error { w.apart++; return errUnchanged }
	for name, row := range map[string]struct {
		shared []func(*work) error
		counts bool
	}{
		"the outbox":                       {[]func(*work) error{outbox, outbox}, false},
		"another":                          {[]func(*work) error{outbox, mark}, true},
		"who found nothing to write":       {[]func(*work) error{outbox, nothing, none}, false},
		"who found nothing, and who wrote": {[]func(*work) error{none, nothing, outbox, mark}, true},
	} {
		before := db.commits.edition.Load()
		var batch []*writing
		for _, fn := range row.shared {
			batch = append(batch, &writing{fn: fn, wake: make(chan struct{}, 1)})
		}
		if !db.commits.together(batch) {
			t.Errorf("%s: not committed", name)
		}
		if counted := db.commits.edition.Load() != before; counted != row.counts {
			t.Errorf("%s: counted %v", name, counted)
		}
	}
}

// TestMemoAndTurns: what notices read is read again after anything was written but the outbox, whoever shares the commit, and
// what a transaction read that came to nothing is never believed.
func TestMemoAndTurns(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	n := post("n1", sales, *clock)
	n.Content = notice.Content{Announcement: "a1", Version: 1}
	if _, err := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", Version: 1, At: *clock}, []notice.Notice{n}); err != nil {
		t.Fatal(err)
	}
	seen := func() int {
		t.Helper()
		a, err := db.Announcements().Announcement(ctx, north, "a1")
		if err != nil {
			t.Fatal(err)
		}
		return a.Seen
	}
	sure := func() bool {
		_, _, sure := db.announcements.known(memoKey{north, "a1", ""}, db.commits.edition.Load())
		return sure
	}
	if seen() != 0 || !sure() {
		t.Error("what was read is not known")
	}
	before := db.commits.edition.Load()
	if _, err := db.Announcements().Announcement(ctx, north, "a2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	_, err := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a2", Version: 1, At: *clock}, nil)
	if a, read := db.Announcements().Announcement(ctx, north, "a2"); err != nil || read != nil || a.Version != 1 || !sure() || db.commits.edition.Load() != before {
		t.Errorf("after another was made: %v, %v, %+v, known %v", err, read, a, sure())
	}
	if begun, err := turn(ctx, db, nil, known(db, n)); !begun || err != nil || !sure() {
		t.Errorf("after a turn: %v %v, known %v", begun, err, sure())
	}
	if _, err := db.Announcements().Acknowledge(ctx, north, "a1", "p", *clock); err != nil || sure() || seen() != 1 {
		t.Errorf("after somebody saw it: %v, known %v", err, sure())
	}
	failed := errors.New("on purpose")
	err = db.share(ctx, "test", north, func(s *shared) error {
		a, _, _ := loadAnnouncement(s.tenant, "a1")
		a.Version = 2
		if err := s.setAnnouncement("test", a, nil, *clock); err != nil {
			return err
		}
		if got, _, err := db.announcements.load(memoKey{north, "a1", ""}, s.bucket(bucketAnnouncements), 0, nil); got.Version != 2 {
			t.Errorf("version %d, %v", got.Version, err)
		}
		return failed
	})
	if a, _ := db.Announcements().Announcement(ctx, north, "a1"); !errors.Is(err, failed) || a.Version != 1 {
		t.Errorf("version %d after %v", a.Version, err)
	}
}
