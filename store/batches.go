package store

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

const (
	// batchesKept is how long a batch can be looked at and taken up again.
	batchesKept = 7 * 24 * time.Hour
	// maxBatches is how many batches an organisation has at most; the oldest make room.
	maxBatches = 1000
)

// Batches keeps how far plans over many images have come.
type Batches struct{ db *DB }

var _ image.BatchShelf = (*Batches)(nil)

// Batches is the view of the batches.
func (d *DB) Batches() *Batches { return &Batches{d} }

// batchRecord is image.Batch without its id, which is the key, and its tenant. It holds no name and no picture.
type batchRecord struct {
	Person string            `json:"person"`
	Where  referenceRecord   `json:"where"`
	Thread string            `json:"thread"`
	Plan   json.RawMessage   `json:"plan"`
	Drive  string            `json:"drive"`
	Folder string            `json:"folder"`
	Files  []batchFileRecord `json:"files,omitempty"`
	State  string            `json:"state"`
	At     time.Time         `json:"at"`
}

// batchFileRecord is image.BatchFile. Drives are those of the batch, unless told.
type batchFileRecord struct {
	Item   string `json:"item"`
	Drive  string `json:"drive,omitempty"`
	State  string `json:"state,omitempty"`
	Result string `json:"result,omitempty"` // in the folder, so of its drive
	Size   int64  `json:"size,omitempty"`
	Why    string `json:"why,omitempty"`
}

func newBatch(b image.Batch) (batchRecord, error) {
	plan, err := json.Marshal(b.Plan)
	return batchRecord{Person: string(b.Person), Where: newReference(b.Where), Thread: b.Thread, Plan: plan,
		Drive: b.Folder.Drive, Folder: b.Folder.Item, State: string(b.State), At: b.At.UTC(),
		Files: each(b.Files, func(f image.BatchFile) batchFileRecord {
			r := batchFileRecord{Item: f.Ref.Item, State: string(f.State), Result: f.Result.Item, Size: f.Size, Why: f.Why}
			if f.Ref.Drive != b.Folder.Drive {
				r.Drive = f.Ref.Drive
			}
			return r
		})}, err
}

func (r batchRecord) batch(t identity.Tenant, id image.BatchID) (image.Batch, error) {
	b := image.Batch{ID: id, Tenant: t, Person: identity.Person(r.Person), Where: r.Where.reference(), Thread: r.Thread,
		Folder: image.ItemRef{Drive: r.Drive, Item: r.Folder}, State: image.BatchState(r.State), At: r.At,
		Files: each(r.Files, func(f batchFileRecord) image.BatchFile {
			file := image.BatchFile{Ref: image.ItemRef{Drive: r.Drive, Item: f.Item}, State: image.FileState(f.State), Size: f.Size, Why: f.Why}
			if f.Drive != "" {
				file.Ref.Drive = f.Drive
			}
			if f.Result != "" {
				file.Result = image.ItemRef{Drive: r.Drive, Item: f.Result}
			}
			return file
		})}
	return b, json.Unmarshal(r.Plan, &b.Plan)
}

// AddBatch keeps a new batch, and drops a few that are older than a week.
func (s *Batches) AddBatch(ctx context.Context, batch image.Batch) error {
	const op = "store.AddBatch"
	if err := checkIDs(op, string(batch.ID)); err != nil {
		return err
	}
	return s.db.write(ctx, op, batch.Tenant, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketBatches))
		if err := purgeBatches(b, s.db.now()); err != nil {
			return err
		}
		r, err := newBatch(batch)
		if err != nil {
			return err
		}
		return save(b, op, []byte(batch.ID), r)
	})
}

// purgeBatches drops those that are too old or too many. Their ids sort by age.
func purgeBatches(b *bbolt.Bucket, now time.Time) error {
	var old [][]byte
	all := countKeys(b)
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(old) < purgeBatch; k, _ = c.Next() {
		r, _, err := load[batchRecord](b, k)
		if err != nil {
			return err
		}
		if now.Sub(r.At) < batchesKept && all-len(old) < maxBatches {
			break
		}
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Batch reads a batch; fault.NotFound when there is none, or it is too old.
func (s *Batches) Batch(ctx context.Context, t identity.Tenant, id image.BatchID) (batch image.Batch, err error) {
	const op = "store.Batch"
	found := false
	err = s.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
		batch, found, err = s.find(tb.Bucket([]byte(bucketBatches)), t, id)
		return err
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, op, "batch.gone")
	}
	return batch, err
}

func (s *Batches) find(b *bbolt.Bucket, t identity.Tenant, id image.BatchID) (image.Batch, bool, error) {
	r, found, err := load[batchRecord](b, []byte(id))
	if err != nil || !found || s.db.now().Sub(r.At) >= batchesKept {
		return image.Batch{}, false, err
	}
	batch, err := r.batch(t, id)
	return batch, true, err
}

// ChangeBatch changes a batch in one transaction and gives it as it is then.
func (s *Batches) ChangeBatch(ctx context.Context, t identity.Tenant, id image.BatchID, change func(*image.Batch) error) (batch image.Batch, err error) {
	const op = "store.ChangeBatch"
	if err := checkIDs(op, string(id)); err != nil {
		return image.Batch{}, err
	}
	err = s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.tenant.Bucket([]byte(bucketBatches))
		now, found, err := s.find(b, t, id)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, op, "batch.gone")
		}
		before := now
		before.Files = slices.Clone(now.Files)
		if err := change(&now); err != nil {
			return err
		}
		batch = now
		if err := sh.batched(before, now, s.db.now()); err != nil {
			return err
		}
		r, err := newBatch(now)
		if err != nil {
			return err
		}
		return saveChanged(b, op, []byte(id), r)
	})
	return batch, err
}

// RunningBatches reads the batches of all tenants that run, or ran when the process ended. One that a later program wrote,
// with a plan that this one does not know, is left alone.
func (s *Batches) RunningBatches(ctx context.Context) ([]image.Batch, error) {
	var running []image.Batch
	err := s.db.view(ctx, "store.RunningBatches", func(tx *bbolt.Tx) error {
		tenants := tx.Bucket([]byte(bucketTenants))
		return tenants.ForEachBucket(func(t []byte) error {
			b := tenants.Bucket(t).Bucket([]byte(bucketBatches))
			return b.ForEach(func(k, _ []byte) error {
				batch, found, err := s.find(b, identity.Tenant(t), image.BatchID(k))
				if err == nil && found && batch.State == image.BatchRunning {
					running = append(running, batch)
				}
				return nil
			})
		})
	})
	return running, err
}
