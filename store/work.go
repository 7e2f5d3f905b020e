package store

import (
	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// work is one transaction, which several writers may share (committer). What they would each write to the same place is
// gathered, and written once at the end.
type work struct {
	*bbolt.Tx
	tenants map[identity.Tenant]*shared
	after   []move
	apart   int // how many of its writers wrote nothing that is remembered (memo): only to the outbox, or a new announcement
}

// then has something done to the queue of the outbox when the transaction is on disk, before its writers hear of it.
func (w *work) then(fn func(*queue)) { w.after = append(w.after, move{fn: fn}) }

// moved lets the queue know how far a notice has come.
func (w *work) moved(n *notice.Notice) {
	w.after = append(w.after, move{line: lineOf(n), item: inLine(n), gone: n.State.Final()})
}

// shared is what the writers of one transaction do to one tenant.
type shared struct {
	work   *work
	id     identity.Tenant
	tenant *bbolt.Bucket
	made   []contact.Change // in their order
	marks  map[identity.Person]*marks
	// notices are read through this, which holds what became of sheets until the end.
	notices *outboxReader
	// announcements are those whose copies ended; nil for one that is not there.
	announcements map[string]*notice.Announcement
	buckets       map[string]*bbolt.Bucket
}

// marks are those of one person as they are at this point of the transaction.
type marks struct {
	contact.Marked
	unsaved bool
}

// of gives what belongs to a tenant; one that comes for the first time gets its buckets.
func (w *work) of(t identity.Tenant) (*shared, error) {
	if s := w.tenants[t]; s != nil {
		return s, nil
	}
	b, err := tenantBucket(w.Tx, t)
	if err != nil {
		return nil, err
	}
	if w.tenants == nil {
		w.tenants = make(map[identity.Tenant]*shared, 1)
	}
	w.tenants[t] = &shared{work: w, id: t, tenant: b}
	return w.tenants[t], nil
}

// finish writes what was gathered.
func (w *work) finish() error {
	for _, s := range w.tenants {
		if err := s.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (s *shared) finish() error {
	if err := s.saveCourses(); err != nil {
		return err
	}
	if len(s.made) == 0 {
		return nil
	}
	if err := s.enterJournal(); err != nil {
		return err
	}
	for p, m := range s.marks {
		if !m.unsaved {
			continue
		}
		if err := saveMarks(s.tenant, "store.Apply", p, m.Marked); err != nil {
			return err
		}
	}
	return nil
}

// marked gives the marks of a person, to read and to change.
func (s *shared) marked(p identity.Person) (*marks, error) {
	if m := s.marks[p]; m != nil {
		return m, nil
	}
	kept, err := loadMarks(s.tenant, p)
	if err != nil {
		return nil, err
	}
	if s.marks == nil {
		s.marks = make(map[identity.Person]*marks, 1)
	}
	s.marks[p] = &marks{Marked: kept}
	return s.marks[p], nil
}

func (s *shared) bucket(name string) *bbolt.Bucket {
	b := s.buckets[name]
	if b == nil {
		if s.buckets == nil {
			s.buckets = make(map[string]*bbolt.Bucket, 8)
		}
		b = s.tenant.Bucket([]byte(name))
		s.buckets[name] = b
	}
	return b
}

// atEnd says that what this transaction puts into some buckets comes at their ends, as ids do that begin with the time
// (contact.NewID). bbolt would leave half of each page empty for keys in between, and write twice the pages.
func (s *shared) atEnd(names ...string) {
	for _, name := range names {
		s.bucket(name).FillPercent = fullPages
	}
}

// did notes what a person made; what nobody did is noted with nobody.
func (s *shared) did(c contact.Change) error {
	if c.By == "" {
		return nil
	}
	m, err := s.marked(c.By)
	if err != nil {
		return err
	}
	m.Did(c)
	m.unsaved = true
	return nil
}
