package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// wish lets some conversation of a tenant want to hear of kinds.
func wish(t *testing.T, db *DB, tenant identity.Tenant, kinds ...notice.Kind) {
	t.Helper()
	err := db.write(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
		var all []error
		for _, k := range kinds {
			all = append(all, tb.Bucket([]byte(bucketWanted)).Put([]byte(k), nil))
		}
		return errors.Join(all...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// told are the events of a tenant, in their order.
func told(t *testing.T, db *DB, tenant identity.Tenant) []notice.Event {
	t.Helper()
	var all []notice.Event
	err := db.read(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketEvents))
		return b.ForEach(func(k, _ []byte) error {
			r, _, err := load[eventRecord](b, k)
			all = append(all, r.event())
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const pier = identity.Conversation("19:pier@thread.example")

func itemOf(n int) image.ItemRef {
	return image.ItemRef{Drive: "b!drive", Item: fmt.Sprint("01ITEM", n)}
}

// keysDiffer holds events to having keys, each its own.
func keysDiffer(t *testing.T, events []notice.Event) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range events {
		if e.Key == "" || seen[e.Key] {
			t.Errorf("the key %q is none of its own", e.Key)
		}
		seen[e.Key] = true
	}
}

// A save is told in its conversation when it is known what it became, once, however often its deed is noted.
func TestSavesAreTold(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	wish(t, db, north, notice.ImageSaved)
	keep := func(tenant identity.Tenant, deed string, c identity.Conversation, saved image.ItemRef) {
		i := image.Intent{By: "ines", At: clock.Add(-time.Second), Mode: image.NewFile, Into: itemOf(0), Saved: saved, Conversation: c}
		if err := db.Saves().KeepSave(t.Context(), tenant, deed, i); err != nil {
			t.Fatal(err)
		}
		got, err := db.Saves().Save(t.Context(), tenant, deed)
		if diff := cmp.Diff(i, got); diff != "" || err != nil {
			t.Errorf("kept: %s %v", diff, err)
		}
	}
	keep(north, "one", pier, image.ItemRef{})
	if got := told(t, db, north); len(got) > 0 {
		t.Errorf("told before it was saved: %v", got)
	}
	for range 3 {
		keep(north, "one", pier, itemOf(1))
	}
	keep(north, "two", "a:personal", itemOf(2))
	keep(north, "three", "", itemOf(3))
	keep(north, "four", pier, itemOf(1))
	keep(south, "one", pier, itemOf(1)) // nobody there wants to hear of it
	want := notice.Event{Kind: notice.ImageSaved, At: *clock, By: "ines", Conversation: pier, Drive: "b!drive", Item: "01ITEM1"}
	got := told(t, db, north)
	keysDiffer(t, got)
	for i := range got {
		if strings.Contains(got[i].Key, "one") {
			t.Errorf("the key names the deed: %q", got[i].Key)
		}
		got[i].Key = ""
	}
	if diff := cmp.Diff([]notice.Event{want, want}, got); diff != "" {
		t.Error(diff)
	}
	if got := told(t, db, south); len(got) > 0 {
		t.Errorf("told %v", got)
	}
}

// The files of a batch are told one by one, as they are made.
func TestBatchesAreTold(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	wish(t, db, north, notice.ImageSaved)
	for _, c := range []identity.Conversation{pier, "a:personal"} {
		b := image.Batch{ID: image.BatchID("b" + c), Tenant: north, Person: "ines", Where: identity.Reference{Conversation: c}, Folder: image.ItemRef{Drive: "b!drive", Item: "F"},
			Files: []image.BatchFile{{Ref: itemOf(1)}, {Ref: itemOf(2)}, {Ref: itemOf(3)}}, State: image.BatchRunning, At: *clock}
		if err := db.Batches().AddBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*image.Batch){
			func(b *image.Batch) { b.Files[0].State = image.FileBegun },
			func(b *image.Batch) { b.Files[0].State, b.Files[0].Result = image.FileDone, itemOf(11) },
			func(b *image.Batch) { b.Files[1].State = image.FileFailed },
			func(b *image.Batch) { b.Files[2].State, b.Files[2].Result = image.FileDone, itemOf(13) },
			func(b *image.Batch) { b.State = image.BatchDone },
		} {
			if _, err := db.Batches().ChangeBatch(t.Context(), north, b.ID, func(b *image.Batch) error { change(b); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := told(t, db, north)
	keysDiffer(t, got)
	if len(got) != 2 || got[0].Item != "01ITEM11" || got[1].Item != "01ITEM13" || got[0].Conversation != pier || got[0].By != "ines" || !got[0].At.Equal(*clock) {
		t.Errorf("told %+v", got)
	}
}

// A pin is told when it is added; a caption, and what was pinned before, is not.
func TestPinsAreTold(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	wish(t, db, north, notice.ImagePinned)
	pin := func(n, minute int) image.Pin {
		return image.Pin{Ref: itemOf(n), By: "ines", At: clock.Add(time.Duration(minute) * time.Minute)}
	}
	set := func(c identity.Conversation, pins ...image.Pin) {
		if err := db.Pins().ChangePins(t.Context(), north, c, func([]image.Pin) ([]image.Pin, error) { return pins, nil }); err != nil {
			t.Fatal(err)
		}
	}
	captioned := pin(1, 0)
	captioned.Caption = "A caption"
	set(pier, pin(1, 0))
	set(pier, pin(1, 0), pin(2, 1))
	set(pier, captioned, pin(2, 1))
	set(pier, pin(2, 1))
	set(pier, pin(2, 1), pin(1, 5))
	set(pier)
	set("a:personal", pin(3, 0))
	no := errors.New("no")
	if err := db.Pins().ChangePins(t.Context(), north, pier, func([]image.Pin) ([]image.Pin, error) { return []image.Pin{pin(4, 0)}, no }); !errors.Is(err, no) {
		t.Error(err)
	}
	got := told(t, db, north)
	keysDiffer(t, got)
	var items []string
	for _, e := range got {
		if items = append(items, e.Item); e.Conversation != pier || e.By != "ines" || e.Kind != notice.ImagePinned {
			t.Errorf("told %+v", e)
		}
	}
	if want := []string{"01ITEM1", "01ITEM2", "01ITEM1"}; !cmp.Equal(items, want) || !got[2].At.Equal(clock.Add(5*time.Minute)) {
		t.Errorf("told %v, not %v", items, want)
	}
}

// New pictures are told with the token behind them, or not at all.
func TestNewPicturesAreTold(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	wish(t, db, north, notice.ImageNew)
	w := image.Watch{By: "ines", Token: "1"}
	pictures := []image.Arrival{{Ref: itemOf(1), At: *clock, By: "timur"}, {Ref: itemOf(2), At: *clock}}
	if err := db.Watches().Advance(t.Context(), north, pier, "", w, pictures); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "2"} {
		if err := db.Watches().Advance(t.Context(), north, pier, token, w, pictures); !fault.Is(err, fault.Stale) {
			t.Errorf("from %q: %v", token, err)
		}
	}
	got := told(t, db, north)
	keysDiffer(t, got)
	want := []notice.Event{
		{Kind: notice.ImageNew, At: *clock, By: "timur", Conversation: pier, Drive: "b!drive", Item: "01ITEM1"},
		{Kind: notice.ImageNew, At: *clock, Conversation: pier, Drive: "b!drive", Item: "01ITEM2"},
	}
	for i := range got {
		got[i].Key = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []identity.Conversation{"", "19:a\x00b"} {
		if err := db.Watches().Advance(t.Context(), north, c, "", w, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// Tenants in which nobody wants to hear of new pictures are not looked at.
func TestWatching(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	wish(t, db, north, notice.ImageSaved, notice.ImageNew)
	wish(t, db, south, notice.ImageSaved)
	got, err := db.Watches().Watching(t.Context())
	if err != nil || !cmp.Equal(got, []identity.Tenant{north}) {
		t.Errorf("%v, %v", got, err)
	}
}
