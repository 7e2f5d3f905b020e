package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
)

const (
	// probeEvery is how often Ready tries a full disk, at most.
	probeEvery = time.Second
	// probeSize is how much it tries to write, in bytes. On a full disk a smaller write may find room in pages that
	// others gave up, and the next contact would not.
	probeSize = 64 << 10
)

// disk remembers whether the disk takes writes.
type disk struct {
	log     *slog.Logger
	mu      sync.Mutex
	trouble error
	tried   time.Time
}

// refused notes that the disk took no write (full, over quota, broken) and says it as a fault. bbolt hides
// some of the system's errors in text, so every failed commit counts.
func (d *disk) refused(op string, err error, now time.Time) error {
	f := &fault.Error{Kind: fault.Busy, Op: op, Text: "store.full", Err: err}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trouble == nil {
		d.log.Error("the disk takes no writes", "op", op, "error", err)
	}
	d.trouble, d.tried = f, now
	return f
}

// recovered notes that there is room again.
func (d *disk) recovered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trouble = nil
	d.log.Info("the disk takes writes again")
}

// due tells whether it is time to try again, and the trouble, if any.
func (d *disk) due(now time.Time) (due bool, trouble error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trouble == nil || now.Sub(d.tried) < probeEvery {
		return false, d.trouble
	}
	d.tried = now
	return true, d.trouble
}

// Ready tells whether the disk takes writes: nil, or the fault of the last one that it refused. In trouble it
// tries a write at most once a second, so that it becomes ready by itself when there is room again.
func (d *DB) Ready() error {
	due, trouble := d.disk.due(d.now())
	if !due {
		return trouble
	}
	err := d.probe(func(meta *bbolt.Bucket) error { return meta.Put([]byte(metaProbe), make([]byte, probeSize)) })
	if err == nil {
		err = d.probe(func(meta *bbolt.Bucket) error { return meta.Delete([]byte(metaProbe)) })
	}
	if err != nil {
		return err
	}
	d.disk.recovered()
	return nil
}

func (d *DB) probe(fn func(meta *bbolt.Bucket) error) error {
	return d.update(context.Background(), "store.Ready", func(tx *work) error { return fn(tx.Bucket([]byte(bucketMeta))) })
}
