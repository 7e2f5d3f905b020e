package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

var wharf = image.ItemRef{Drive: "b!drive", Item: "01WHARF"}

// useSets leaves something in the buckets of pins, presets and batches.
func useSets(ctx context.Context, db *DB) error {
	plan, err := image.Parse("resize 800 | webp")
	own := image.OwnPreset{Preset: image.Preset{Name: "Our banner", Plan: plan}, By: "ines", Home: "19:sales@thread.example"}
	return errors.Join(err,
		db.Pins().ChangePins(ctx, north, "19:sales@thread.example", func([]image.Pin) ([]image.Pin, error) {
			return []image.Pin{{Ref: wharf, Caption: "The wharf", By: "ines"}}, nil
		}),
		db.Presets().ChangePreset(ctx, north, own.Key(), func(*image.OwnPreset, int) (*image.OwnPreset, error) { return &own, nil }),
		db.Batches().AddBatch(ctx, testBatch("00000000000000aaxyz", db.now(), image.BatchRunning)))
}

func testBatch(id string, at time.Time, state image.BatchState) image.Batch {
	return image.Batch{ID: image.BatchID(id), Tenant: north, Person: "ines", Where: identity.Reference{Conversation: "19:sales@thread.example", App: "app"},
		Folder: wharf, Files: []image.BatchFile{{Ref: wharf}}, State: state, At: at}
}

// Batches are kept for a week: then nobody finds them, and the next ones make room.
func TestBatchesAreKeptForAWeek(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx, begin := t.Context(), *clock
	for i := range 40 {
		id := fmt.Sprintf("%016xa", begin.UnixNano()+int64(i))
		if err := db.Batches().AddBatch(ctx, testBatch(id, begin, image.BatchRunning)); err != nil {
			t.Fatal(err)
		}
	}
	first := image.BatchID(fmt.Sprintf("%016xa", begin.UnixNano()))
	for _, row := range []struct {
		after time.Duration
		kind  fault.Kind
		runs  int
	}{{batchesKept - 1, "", 40}, {batchesKept, fault.NotFound, 0}} {
		*clock = begin.Add(row.after)
		_, err := db.Batches().Batch(ctx, north, first)
		running, failed := db.Batches().RunningBatches(ctx)
		if fault.KindOf(err) != row.kind || failed != nil || len(running) != row.runs {
			t.Errorf("after %s: %v, %d running, %v", row.after, err, len(running), failed)
		}
	}
	for i, want := range []int{40 - purgeBatch + 1, 2} {
		if err := db.Batches().AddBatch(ctx, testBatch(fmt.Sprintf("%016xb%d", clock.UnixNano(), i), *clock, image.BatchAsked)); err != nil {
			t.Fatal(err)
		}
		if n := countOf(t, db, bucketBatches); n != want {
			t.Errorf("%d batches are kept, want %d", n, want)
		}
	}
}

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	err := db.update(t.Context(), "test", func(w *work) error {
		s, err := w.of(north)
		for i := range maxBatches {
			r, _ := newBatch(testBatch("", *clock, image.BatchAsked))
			err = errors.Join(err, save(s.tenant.Bucket([]byte(bucketBatches)), "test", fmt.Appendf(nil, "%016xa", i), r))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Batches().AddBatch(t.Context(), testBatch(fmt.Sprintf("%016xa", maxBatches), *clock, image.BatchAsked)); err != nil {
		t.Fatal(err)
	}
	if n := countOf(t, db, bucketBatches); n != maxBatches {
		t.Errorf("%d batches are kept", n)
	}
	if _, err := db.Batches().Batch(t.Context(), north, "0000000000000000a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the oldest: %v", err)
	}
}

// A preset whose plan a later program wrote is left out, and is neither lost nor in the way of the others.
func TestUnknownPlansAreLeftAlone(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	if err := useSets(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	err := db.update(t.Context(), "test", func(w *work) error {
		s, err := w.of(north)
		if err != nil {
			return err
		}
		later := []byte(`{"v":1,"steps":[{"dream":{}}]}`)
		return errors.Join(save(s.tenant.Bucket([]byte(bucketPresets)), "test", []byte("a later one"), presetRecord{Name: "A later one", Plan: later}),
			save(s.tenant.Bucket([]byte(bucketBatches)), "test", []byte("00000000000000abxyz"), batchRecord{Plan: later, State: "running", At: db.now()}))
	})
	if err != nil {
		t.Fatal(err)
	}
	presets, err := db.Presets().Presets(t.Context(), north)
	if err != nil || len(presets) != 1 || presets[0].Name != "Our banner" {
		t.Errorf("presets: %v %v", presets, err)
	}
	running, err := db.Batches().RunningBatches(t.Context())
	if err != nil || len(running) != 1 {
		t.Errorf("running: %v %v", running, err)
	}
	if n := countOf(t, db, bucketPresets); n != 2 {
		t.Errorf("%d presets are kept", n)
	}
}

func TestHostileIDsOfSetsAreRefused(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	for _, bad := range []string{"", "a\x00b", strings.Repeat("x", maxID+1)} {
		_, changed := db.Batches().ChangeBatch(ctx, north, image.BatchID(bad), func(*image.Batch) error { return nil })
		for what, err := range map[string]error{
			"conversation": db.Pins().ChangePins(ctx, north, identity.Conversation(bad), func(p []image.Pin) ([]image.Pin, error) { return p, nil }),
			"preset":       db.Presets().ChangePreset(ctx, north, bad, func(p *image.OwnPreset, _ int) (*image.OwnPreset, error) { return p, nil }),
			"new batch":    db.Batches().AddBatch(ctx, testBatch(bad, db.now(), image.BatchAsked)),
			"batch":        changed,
		} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s %.10q: got %v", what, bad, err)
			}
		}
	}
}

// countOf tells how many keys a bucket of a tenant has.
func countOf(t *testing.T, db *DB, name string) (n int) {
	t.Helper()
	if err := db.update(t.Context(), "test", func(w *work) error {
		s, err := w.of(north)
		if err == nil {
			n = countKeys(s.tenant.Bucket([]byte(name)))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
