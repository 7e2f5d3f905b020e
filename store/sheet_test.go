package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// A sheet is written as json.Marshal would, and read as json.Unmarshal would.
func TestSheetIsEncodedAsMarshalDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return drawnText().Draw(t, name) }
		r := sheetRecord{Announcement: draw("announcement"), Product: draw("product"), Version: rapid.IntRange(0, 3).Draw(t, "version")}
		for range rapid.IntRange(1, 4).Draw(t, "copies") {
			r.Copies = append(r.Copies, targetRecord{draw("conversation"), draw("team")})
		}
		raw, err := r.encode()
		asMarshals(t, r, raw, err, (*scanner).sheet)
	})
}

// announceRow announces to so many conversations, with copies that are made together.
func announceRow(t testing.TB, db *DB, id string, n int) []notice.Notice {
	t.Helper()
	var to []identity.Conversation
	for i := range n {
		to = append(to, identity.Conversation(fmt.Sprintf("19:%s-%03d@thread.example", id, i)))
	}
	copies := inRow(notice.NewID(db.now()), db.now(), to...)
	if _, err := db.Announcements().Announce(t.Context(), north, notice.Announcement{ID: id, Product: "contact", By: "ines", At: db.now(), Version: 1}, copies); err != nil {
		t.Fatal(err)
	}
	for i := range copies {
		copies[i].Content.Announcement = id
	}
	return copies
}

// outcomes are the ends of notices, all of a kind.
func outcomes(notices []notice.Notice, state notice.State) (done []notice.Outcome) {
	for _, n := range notices {
		done = append(done, notice.Outcome{Notice: n, State: state, Activity: "17", Why: "Why" + string(state)})
	}
	return done
}

// Copies that are made together have no records of their own; when all of a sheet are final, no start looks at it again.
func TestCopiesShareSheets(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	copies := announceRow(t, db, "a1", 2*sheetSize+10)
	entries := func(what string, want map[string]int) {
		t.Helper()
		for name, n := range want {
			if got := keys(t, db, name); got != n {
				t.Errorf("%s: %d entries in bucket %s, want %d", what, got, name, n)
			}
		}
	}
	entries("announced", map[string]int{bucketSheets: 3, bucketCourses: 3, bucketDue: 3, bucketCopies: 3, bucketNotices: 0, bucketNoticeKeys: 0})
	begun, err := db.Outbox().Turns(ctx, nil, copies)
	if err != nil || slices.Contains(begun, false) {
		t.Fatal(begun, err)
	}
	*clock = clock.Add(time.Second)
	if _, err := db.Outbox().Turns(ctx, outcomes(copies[1:], notice.Sent), nil); err != nil {
		t.Fatal(err)
	}
	entries("one is left", map[string]int{bucketSheets: 3, bucketDue: 1})
	if _, err := db.Outbox().Turns(ctx, outcomes(copies[:1], notice.Failed), nil); err != nil {
		t.Fatal(err)
	}
	entries("all are final", map[string]int{bucketSheets: 3, bucketCourses: 3, bucketDue: 0, bucketCopies: 3})
	got := known(db, copies[0])
	want := copies[0]
	want.State, want.Tries, want.Activity, want.Why, want.At, want.Due = notice.Failed, 1, "17", "Whyfailed", *clock, want.Due.UTC()
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("a copy (-want +got):\n%s", diff)
	}
	late := clock.Add(notice.KeysKept)
	if err := errors.Join(db.Outbox().Purge(ctx, late.Add(-time.Nanosecond))); err != nil {
		t.Fatal(err)
	}
	entries("a moment before they are too old", map[string]int{bucketSheets: 3, bucketCourses: 3})
	if err := db.Outbox().Purge(ctx, late); err != nil {
		t.Fatal(err)
	}
	entries("too old", map[string]int{bucketSheets: 0, bucketCourses: 0, bucketCopies: 0, bucketAnnouncements: 0})
	if found := holding(compactBytes(t, db), "19:a1-000@thread.example"); len(found) > 0 {
		t.Error("its bytes are still in the file")
	}
}

// What waits on a sheet stays, however old it is, and so does what is behind it.
func TestSheetStaysWhileSomethingWaits(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	copies := announceRow(t, db, "a1", sheetSize+1)
	_, err := db.Outbox().Turns(ctx, nil, copies)
	_, ended := db.Outbox().Turns(ctx, outcomes(copies[1:], notice.Sent), nil)
	if err := errors.Join(err, ended, db.Outbox().Purge(ctx, clock.AddDate(1, 0, 0))); err != nil {
		t.Fatal(err)
	}
	if n := keys(t, db, bucketSheets); n != 1 {
		t.Errorf("%d sheets, want that of which one is on its way", n)
	}
	if n, err := db.Outbox().Interrupted(ctx); n != 1 || err != nil {
		t.Errorf("%d were being sent, %v", n, err)
	}
}

// Those that differ in more than where they go, or are told again, are kept one by one, beside the others of their row.
func TestWhatDoesNotShareASheet(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(n *notice.Notice)
		sheets int
	}{
		"nothing":       {func(*notice.Notice) {}, 1},
		"a key":         {func(n *notice.Notice) { n.Key = "key" }, 1},
		"the product":   {func(n *notice.Notice) { n.Product = "image" }, 1},
		"the version":   {func(n *notice.Notice) { n.Content.Version = 2 }, 1},
		"a person":      {func(n *notice.Notice) { n.Conversation, n.Person = "", "ines" }, 1},
		"what it does":  {func(n *notice.Notice) { n.Op, n.Of, n.Activity = notice.Update, "n0", "1700" }, 1},
		"its id":        {func(n *notice.Notice) { n.ID = notice.NewID(n.Due) }, 1},
		"another place": {func(n *notice.Notice) { n.ID = notice.IDInRow(n.ID[:28], 7) }, 1},
		"what it tells": {func(n *notice.Notice) { n.Content.Gathering = &notice.Gathering{Place: n.Place, Number: 1} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, clock := openWith(t)
			notices := inRow(notice.NewID(*clock), *clock, sales, quay, "19:pier@thread.example")
			row.change(&notices[1])
			if _, err := db.Announcements().Announce(t.Context(), north, notice.Announcement{ID: "a1", Version: 1, At: *clock}, notices); err != nil {
				t.Fatal(err)
			}
			apart := 2 // from the one that differs on
			if name == "nothing" {
				apart = 0
			}
			if s, n := keys(t, db, bucketSheets), keys(t, db, bucketNotices); s != row.sheets || n != apart {
				t.Errorf("%d sheets and %d notices, want %d and %d", s, n, row.sheets, apart)
			}
			for i := range notices {
				want := notices[i]
				want.Content.Announcement, want.State, want.At = "a1", notice.Waiting, *clock
				if diff := cmp.Diff(&want, known(db, notices[i])); diff != "" {
					t.Errorf("the notice %d (-want +got):\n%s", i, diff)
				}
			}
			if waiting, err := db.Outbox().Waiting(t.Context()); waiting != len(notices) || err != nil {
				t.Errorf("%d wait, %v", waiting, err)
			}
		})
	}
}

// An id is known however it is kept: neither Add nor another announcement writes it again.
func TestKnownCopyIsNotAddedAgain(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	copies := announceRow(t, db, "a1", 3)
	again := slices.Clone(copies)
	again[1].Conversation = sales
	_, err := db.Announcements().Announce(t.Context(), north, notice.Announcement{ID: "a2", Version: 1, At: *clock}, again)
	if err := errors.Join(err, db.Outbox().Add(t.Context(), again)); err != nil {
		t.Fatal(err)
	}
	early := inRow(notice.NewID(*clock), *clock, sales, quay, sales)
	_, err = db.Announcements().Announce(t.Context(), north, notice.Announcement{ID: "a3", Version: 1, At: *clock}, early)
	if added := db.Outbox().Add(t.Context(), early[1:2]); added != nil || err != nil || keys(t, db, bucketNotices) != 0 {
		t.Errorf("added: %v, %v", err, added)
	}
	late := inRow(notice.NewID(*clock), *clock, sales, quay, sales)
	added := db.Outbox().Add(t.Context(), late[1:2])
	_, err = db.Announcements().Announce(t.Context(), north, notice.Announcement{ID: "a4", Version: 1, At: *clock}, late)
	if added != nil || err != nil || keys(t, db, bucketNotices) != 3 || keys(t, db, bucketSheets) != 2 {
		t.Errorf("added before: %v, %v", err, added)
	}
	if waiting, _ := db.Outbox().Waiting(t.Context()); waiting != 9 || known(db, copies[1]).Conversation != copies[1].Conversation || keys(t, db, bucketCopies) != 4 {
		t.Errorf("%d wait: %+v", waiting, known(db, copies[1]))
	}
}

// Writers that share a transaction see what the others did to a sheet, though it is written at the end only.
func TestSheetInASharedTransaction(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	copies := announceRow(t, db, "a1", 4)
	if _, err := db.Outbox().Turns(t.Context(), nil, copies[:2]); err != nil {
		t.Fatal(err)
	}
	err := db.share(t.Context(), "test", north, func(s *shared) error {
		done := outcomes(copies[:1], notice.Sent)
		ended, err := s.end("test", &done[0], db)
		begun, second := s.begin(&copies[2])
		if !ended || !begun {
			t.Errorf("ended %v, begun %v", ended, begun)
		}
		_, third := s.changeAnnouncement("test", "a1", func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
			if len(sent) != 1 || sent[0].Activity != "17" {
				t.Errorf("sent: %+v", sent)
			}
			a.Recalled = *clock
			return nil, nil
		}, *clock)
		again, fourth := s.begin(&copies[3])
		if again {
			t.Error("one that was recalled was begun")
		}
		return errors.Join(err, second, third, fourth)
	})
	if err != nil {
		t.Fatal(err)
	}
	var states []notice.State
	for _, n := range copies {
		states = append(states, known(db, n).State)
	}
	if diff := cmp.Diff([]notice.State{notice.Sent, notice.Sending, notice.Sending, notice.Dropped}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A transaction that comes to nothing leaves a sheet as it was.
func TestSheetAfterAFailure(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	copies := announceRow(t, db, "a1", 2)
	failed := errors.New("on purpose")
	err := db.share(t.Context(), "test", north, func(s *shared) error {
		_, err := s.begin(&copies[0])
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) || known(db, copies[0]).State != notice.Waiting {
		t.Errorf("%v, %+v", err, known(db, copies[0]))
	}
	_, err = db.Outbox().Turns(t.Context(), nil, copies)
	_, long := db.Outbox().Turns(t.Context(), []notice.Outcome{{Notice: copies[0], State: notice.Failed, Why: string(make([]byte, maxSaid+1))}}, nil)
	if err != nil || !fault.Is(long, fault.Invalid) || known(db, copies[0]).State != notice.Sending {
		t.Errorf("%v, %v, %+v", err, long, known(db, copies[0]))
	}
}

// A sheet that cannot be read is an error, wherever it is met, and never a panic.
func TestDamagedSheetIsAnError(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(tb *bbolt.Bucket, key []byte) error{
		"the course": func(tb *bbolt.Bucket, key []byte) error {
			return tb.Bucket([]byte(bucketCourses)).Put(key, []byte("x"))
		},
		"the sheet":         func(tb *bbolt.Bucket, key []byte) error { return tb.Bucket([]byte(bucketSheets)).Put(key, []byte("{")) },
		"the sheet is gone": func(tb *bbolt.Bucket, key []byte) error { return tb.Bucket([]byte(bucketSheets)).Delete(key) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "teamspro.db")
			db, ctx := openAt(t, path), t.Context()
			copies := announceRow(t, db, "a1", 2)
			if _, err := db.Outbox().Turns(ctx, nil, copies[:1]); err != nil {
				t.Fatal(err)
			}
			if err := db.write(ctx, "test", north, func(tb *bbolt.Bucket) error { return damage(tb, []byte(copies[0].ID)) }); err != nil {
				t.Fatal(err)
			}
			_, _, due := db.Outbox().Due(ctx, time.Now().Add(time.Hour), 10, nil)
			_, read := db.Announcements().Copies(ctx, north, "a1")
			_, interrupted := db.Outbox().Interrupted(ctx)
			place := db.Outbox().DropPlace(ctx, north, copies[1].Place)
			for what, err := range map[string]error{"due": due, "copies": read, "interrupted": interrupted, "a place": place} {
				if err == nil {
					t.Errorf("%s: no error", what)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if opened, err := Open(context.Background(), Config{Path: path}); err == nil {
				t.Errorf("it was opened: %v", opened.Close())
			}
		})
	}
}

// Copies of a file of the schema before, each with its record, go on as they were.
func TestCopiesOfAnOlderFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db, ctx := openAt(t, path), t.Context()
	a := notice.Announcement{ID: "a1", Product: "contact", By: "ines", At: time.Now(), Version: 1}
	if _, err := db.Announcements().Announce(ctx, north, a, []notice.Notice{post("n1", sales, time.Unix(1, 0)), post("n2", quay, time.Unix(1, 0))}); err != nil {
		t.Fatal(err)
	}
	err := db.update(ctx, "age", func(w *work) error {
		tb, err := tenantBucket(w.Tx, north)
		return errors.Join(err, tb.DeleteBucket([]byte(bucketSheets)), tb.DeleteBucket([]byte(bucketCourses)), w.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), []byte("6")))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	db = openAt(t, path)
	due, _, err := db.Outbox().Due(ctx, time.Now(), 10, nil)
	if err != nil || len(due) != 2 {
		t.Fatal(due, err)
	}
	_, begun := db.Outbox().Turns(ctx, nil, due[:1])
	_, ended := db.Outbox().Turns(ctx, outcomes(due[:1], notice.Sent), nil)
	together := announceRow(t, db, "a2", 3)
	copies, read := db.Announcements().Copies(ctx, north, "a1")
	if err := errors.Join(begun, ended, read); err != nil || len(copies) != 2 || copies[0].State != notice.Sent || known(db, together[2]).State != notice.Waiting {
		t.Errorf("%+v, %v", copies, err)
	}
}
