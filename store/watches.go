package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// Watches keeps how far the changes of libraries were read.
type Watches struct{ db *DB }

var _ image.Watches = (*Watches)(nil)

// Watches is the view of the watches.
func (d *DB) Watches() *Watches { return &Watches{d} }

// watchRecord is image.Watch.
type watchRecord struct {
	Drive   string    `json:"drive,omitempty"`
	Folder  string    `json:"folder,omitempty"`
	Home    bool      `json:"home,omitempty"`
	By      string    `json:"by,omitempty"`
	Token   string    `json:"token,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Floor   time.Time `json:"floor,omitzero"`
	Known   []string  `json:"known,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Trouble string    `json:"trouble,omitempty"`
}

func newWatch(w image.Watch) watchRecord {
	return watchRecord{w.Folder.Drive, w.Folder.Item, w.Home, string(w.By), w.Token, w.Since.UTC(), w.Floor.UTC(), w.Known, w.At.UTC(), w.Trouble}
}

func (r watchRecord) watch() image.Watch {
	return image.Watch{Folder: image.ItemRef{Drive: r.Drive, Item: r.Folder}, Home: r.Home, By: identity.Person(r.By), Token: r.Token, Since: r.Since, Floor: r.Floor,
		Known: r.Known, At: r.At, Trouble: r.Trouble}
}

// Watch reads the watch of a conversation, as image.Watches says.
func (s *Watches) Watch(ctx context.Context, t identity.Tenant, c identity.Conversation) (image.Watch, error) {
	var r watchRecord
	err := s.db.read(ctx, "store.Watch", t, func(tb *bbolt.Bucket) (err error) {
		r, _, err = load[watchRecord](tb.Bucket([]byte(bucketWatches)), []byte(c))
		return err
	})
	return r.watch(), err
}

// Watched reads which conversations have a watch, of all tenants.
func (s *Watches) Watched(ctx context.Context) ([]image.Subscriber, error) {
	var all []image.Subscriber
	err := s.db.view(ctx, "store.Watched", func(tx *bbolt.Tx) error {
		tenants := tx.Bucket([]byte(bucketTenants))
		return tenants.ForEachBucket(func(t []byte) error {
			b := tenants.Bucket(t).Bucket([]byte(bucketWatches))
			return b.ForEach(func(c, _ []byte) error {
				r, _, err := load[watchRecord](b, c)
				all = append(all, image.Subscriber{Tenant: identity.Tenant(t), Conversation: identity.Conversation(c), By: identity.Person(r.By)})
				return err
			})
		})
	})
	return all, err
}

// Watching are the tenants in which somebody wants to hear of new pictures.
func (s *Watches) Watching(ctx context.Context) ([]identity.Tenant, error) {
	var all []identity.Tenant
	err := s.db.view(ctx, "store.Watching", func(tx *bbolt.Tx) error {
		tenants := tx.Bucket([]byte(bucketTenants))
		return tenants.ForEachBucket(func(t []byte) error {
			if tenants.Bucket(t).Bucket([]byte(bucketWanted)).Get([]byte(notice.ImageNew)) != nil {
				all = append(all, identity.Tenant(t))
			}
			return nil
		})
	})
	return all, err
}

// Advance writes a watch and the events of what it found, as image.Watches says.
func (s *Watches) Advance(ctx context.Context, t identity.Tenant, c identity.Conversation, token string, w image.Watch, pictures []image.Arrival) error {
	const op = "store.Advance"
	if err := checkIDs(op, string(c)); err != nil {
		return err
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.tenant.Bucket([]byte(bucketWatches))
		before, _, err := load[watchRecord](b, []byte(c))
		if err != nil {
			return err
		}
		if before.Token != token {
			return fault.New(fault.Stale, op, "watch.expired")
		}
		for _, p := range pictures {
			key := string(c) + "|" + p.Ref.String()
			if err := sh.happenedTo(notice.ImageNew, c, key, p.Ref, p.By, p.At); err != nil {
				return err
			}
		}
		return save(b, op, []byte(c), newWatch(w))
	})
}

// DropWatch removes a watch.
func (s *Watches) DropWatch(ctx context.Context, t identity.Tenant, c identity.Conversation) error {
	return s.db.write(ctx, "store.DropWatch", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketWatches))
		if b.Get([]byte(c)) == nil {
			return errUnchanged
		}
		return b.Delete([]byte(c))
	})
}

// Others leaves out what was saved in the conversation, as image.Watches says. It reads the saves and batches of a week.
func (s *Watches) Others(ctx context.Context, t identity.Tenant, c identity.Conversation, pictures []image.Arrival) ([]image.Arrival, error) {
	const op = "store.Others"
	made := makings{conversation: c, now: s.db.now(), files: map[image.ItemRef]bool{}}
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		saves, batches := tb.Bucket([]byte(bucketSaves)), tb.Bucket([]byte(bucketBatches))
		err := saves.ForEach(func(k, _ []byte) error {
			r, _, err := load[saveRecord](saves, k)
			made.save(r.intent())
			return err
		})
		if err != nil {
			return err
		}
		return batches.ForEach(func(k, _ []byte) error {
			r, _, err := load[batchRecord](batches, k)
			made.batch(r)
			return err
		})
	})
	var others []image.Arrival
	for _, p := range pictures {
		if !made.has(p) {
			others = append(others, p)
		}
	}
	return others, err
}

// makings are the files that were made in a conversation, and those that are being made now: of these only folder and size
// are known, until the drive has answered.
type makings struct {
	conversation identity.Conversation
	now          time.Time
	files        map[image.ItemRef]bool
	under        []image.Arrival
}

// underWay is how long a file may be on its way to a drive. What began earlier was cut off.
const underWay = 10 * time.Minute

func (m *makings) save(i image.Intent) {
	switch {
	case i.Conversation != m.conversation:
	case i.Saved != image.ItemRef{}:
		m.files[i.Saved] = true
	case i.Mode == image.NewFile && m.now.Sub(i.At) < underWay:
		m.under = append(m.under, image.Arrival{Parent: i.Into, Size: i.Size})
	}
}

func (m *makings) batch(r batchRecord) {
	if r.Where.reference().Conversation != m.conversation {
		return
	}
	folder := image.ItemRef{Drive: r.Drive, Item: r.Folder}
	for _, f := range r.Files {
		switch {
		case f.Result != "":
			m.files[image.ItemRef{Drive: r.Drive, Item: f.Result}] = true
		case f.State == string(image.FileBegun) && image.BatchState(r.State) == image.BatchRunning:
			m.under = append(m.under, image.Arrival{Parent: folder, Size: f.Size})
		}
	}
}

func (m *makings) has(p image.Arrival) bool {
	if m.files[p.Ref] {
		return true
	}
	for _, u := range m.under {
		if u.Parent == p.Parent && u.Size == p.Size {
			return true
		}
	}
	return false
}
