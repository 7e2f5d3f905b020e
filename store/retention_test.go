package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// keys gives how many entries a bucket of a tenant has.
func keys(t *testing.T, db *DB, name string) (n int) {
	t.Helper()
	err := db.read(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		n = countKeys(tb.Bucket([]byte(name)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is older than its kind is kept goes, and nothing before. A dry run says the same and changes nothing.
func TestWhatIsTooOldGoes(t *testing.T) {
	t.Parallel()
	forever := Keep{}
	for _, row := range []struct {
		kind  string
		keep  Keep
		after time.Duration
	}{
		{bucketTrashTimes, forever, trashKept}, {bucketDeedTimes, forever, deedsKept}, {bucketTokens, forever, unusedSignIn}, {bucketSaves, forever, savesKept},
		{bucketBatches, forever, batchesKept}, {bucketWatches, forever, unreadWatches}, {bucketNotices, forever, 31 * day}, {bucketSheets, forever, 31 * day}, {bucketAnnouncements, forever, 30 * day},
		{bucketChanges, Keep{History: 100 * day}, 100 * day}, {bucketProfiles, Keep{Profiles: 5 * day}, 5 * day}, {bucketAudit, Keep{Audit: 50 * day}, 50 * day},
	} {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			db, clock := openWith(t)
			live(t, db)
			ctx, old := t.Context(), db.now()
			for _, c := range []identity.Conversation{sales, quay, zoeChat} {
				if err := db.Outbox().DropPlace(ctx, north, post("", c, old).Place); err != nil {
					t.Fatal(err)
				}
			}
			find := func(all []Expired) Expired {
				i := slices.IndexFunc(all, func(x Expired) bool { return x.Kind == row.kind })
				if i < 0 {
					return Expired{}
				}
				return all[i]
			}
			before := keys(t, db, row.kind)
			*clock = old.Add(row.after - time.Second)
			if found, err := db.Retention().Expired(ctx, north, row.keep); err != nil || find(found) != (Expired{}) {
				t.Errorf("too early: %+v, %v", found, err)
			}
			*clock = old.Add(row.after)
			all, err := db.Retention().Expired(ctx, north, row.keep)
			found := find(all)
			if err != nil || found.Count == 0 || found.Age != row.after || keys(t, db, row.kind) != before {
				t.Fatalf("dry run: %+v, %v", all, err)
			}
			done, err := db.Retention().Enforce(ctx, north, row.keep)
			if err != nil || find(done) != found {
				t.Errorf("done: %+v, %v; want %+v", done, err, found)
			}
			if left, err := db.Retention().Expired(ctx, north, row.keep); err != nil || len(left) > 0 && find(left).Count > 1 { // the last entry of the log stayed
				t.Errorf("left: %+v, %v", left, err)
			}
			if err := db.Audit().Verify(ctx, north); err != nil {
				t.Error(err)
			}
		})
	}
}

// A contact that left the trash is nowhere: neither its history nor what people marked of it.
func TestTrashIsEmptied(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	many := 450 // more than a portion
	for i := range many {
		id := fmt.Sprint("c", i)
		_, err := db.Contacts().Apply(ctx, north, added(id, contact.Record{Name: "Zebulon Quarck " + id}))
		_, gone := db.Contacts().Apply(ctx, north, contact.Change{Act: contact.Deleted, Contact: contact.ID(id), Book: "book", Version: 2, By: "ines"})
		if err := errors.Join(err, gone); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Contacts().Apply(ctx, north, added("stays", contact.Record{Name: "Odo Brandt"})); err != nil {
		t.Fatal(err)
	}
	err := db.Marks().Mark(ctx, north, "ines", func(m *contact.Marked) error { m.Favourites = []contact.ID{"c1", "stays"}; return nil })
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(trashKept)
	done, err := db.Retention().Enforce(ctx, north, Keep{})
	if err != nil || len(done) == 0 || done[0].Count != many {
		t.Fatalf("%+v, %v", done, err)
	}
	if found := holders(t, db, "Quarck"); len(found) > 0 {
		t.Errorf("it is still in %v", found)
	}
	if found := holding(compactBytes(t, db), "Quarck"); len(found) > 0 {
		t.Error("its bytes are still in the file")
	}
	marked, err := db.Marks().Marked(ctx, north, "ines")
	if err != nil || !slices.Equal(marked.Favourites, []contact.ID{"stays"}) {
		t.Errorf("marks: %+v, %v", marked, err)
	}
	if n := keys(t, db, bucketHistory); n != 1 {
		t.Errorf("%d entries of history, want one", n)
	}
}

// The history of a contact ends, and what is in the trash can still be taken back.
func TestHistoryEnds(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	live(t, db)
	*clock = clock.Add(10 * day)
	if _, err := db.Retention().Enforce(t.Context(), north, Keep{History: day}); err != nil {
		t.Fatal(err)
	}
	trash, err := db.Contacts().Trash(t.Context(), north, []contact.BookID{"both"}, 10)
	if err != nil || len(trash) != 2 || keys(t, db, bucketChanges) != 4 || keys(t, db, bucketHistory) != 4 {
		t.Errorf("trash: %d, changes %d, %v", len(trash), keys(t, db, bucketChanges), err)
	}
	if found, err := db.Contacts().Contacts(t.Context(), north, []contact.ID{"c1"}); err != nil || len(found) != 1 {
		t.Errorf("contacts: %v, %v", found, err)
	}
}

// A log whose oldest entries were taken out by the service is whole; one from which somebody took some is not.
func TestShortenedLog(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	logSome(t, db)
	*clock = clock.Add(50*day + 2*time.Minute)
	if _, err := db.Retention().Enforce(t.Context(), north, Keep{Audit: 50 * day}); err != nil {
		t.Fatal(err)
	}
	entries := auditedOf(t, db, 0, 10)
	if err := db.Audit().Verify(t.Context(), north); err != nil || entries[0].Number != 4 || entries[2].Act != audit.LogShortened {
		t.Errorf("%v, %+v", err, entries)
	}
	*clock = clock.Add(100 * day)
	if _, err := db.Retention().Enforce(t.Context(), north, Keep{Audit: 50 * day}); err != nil {
		t.Fatal(err)
	}
	entries = auditedOf(t, db, 0, 10)
	if err := db.Audit().Verify(t.Context(), north); err != nil {
		t.Errorf("%v, %+v", err, entries)
	}
	err := db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketAudit)).Delete(numberKey(entries[0].Number))
	})
	var broken *BrokenError
	if verified := db.Audit().Verify(t.Context(), north); err != nil || !errors.As(verified, &broken) {
		t.Errorf("one more taken out: %v, %v", verified, err)
	}
}
