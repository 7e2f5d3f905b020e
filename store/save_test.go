package store

import (
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// A save is known for a week. What is older goes, a little with each write.
func TestOldSavesGo(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	for n := range 2 * purgeBatch {
		if err := db.Saves().KeepSave(ctx, north, fmt.Sprint("old ", n), image.Intent{At: *clock}); err != nil {
			t.Fatal(err)
		}
	}
	*clock = clock.Add(savesKept - time.Minute)
	if _, err := db.Saves().Save(ctx, north, "old 1"); err != nil {
		t.Errorf("within a week: %v", err)
	}
	*clock = clock.Add(time.Minute)
	if _, err := db.Saves().Save(ctx, north, "old 1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after a week: %v", err)
	}
	for n := range 12 {
		if err := db.Saves().KeepSave(ctx, north, fmt.Sprint("new ", n), image.Intent{At: *clock}); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	err := db.read(ctx, "test", north, func(tb *bbolt.Bucket) error {
		left = tb.Bucket([]byte(bucketSaves)).Stats().KeyN
		return nil
	})
	if err != nil || left > 12+purgeBatch/2 {
		t.Errorf("%d saves are left, %v", left, err)
	}
}
