package store

import (
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// The copies of an announcement are made together, end one soon after the other, and differ in where they go. So they are kept
// together, as many as share a sheet: what they are is written once (bucketSheets), and how far they have come is one short
// value (bucketCourses), which a transaction writes once however many of them end and begin in it. The ids that notice.NewIDs
// makes say which notices belong together.

const (
	// sheetSize is how many notices a sheet holds: what a page of the file does of the longest ids of Teams.
	sheetSize = 25
	// sheetMark stands in the place of a notice where a sheet has an entry: in bucketDue and bucketCopies.
	sheetMark = "sheet"
)

// sheetKey names a sheet: a row of notices (notice.SplitID), and the place of its first one.
type sheetKey struct {
	row   string
	first int
}

// sheetOf gives the sheet on which a notice would be, and where; ok is false for one that is on none.
func sheetOf(id string) (key sheetKey, i int, ok bool) {
	row, place, ok := notice.SplitID(id)
	return sheetKey{row, place - place%sheetSize}, place % sheetSize, ok
}

// id is the id of the ith notice. That of the first is the key of the sheet in the file.
func (k sheetKey) id(i int) string { return notice.IDInRow(k.row, k.first+i) }

func (k sheetKey) raw() []byte { return []byte(k.id(0)) }

// sheetRecord is what the notices of a sheet are. Each posts the announcement in another place.
type sheetRecord struct {
	Announcement string         `json:"announcement"`
	Product      string         `json:"product"`
	Version      int            `json:"version"`
	Copies       []targetRecord `json:"copies"`
}

func newSheet(announcement string, notices []notice.Notice) *sheetRecord {
	first := &notices[0]
	return &sheetRecord{Announcement: announcement, Product: first.Product, Version: first.Content.Version,
		Copies: each(notices, func(n notice.Notice) targetRecord { return targetRecord{string(n.Conversation), n.Team} })}
}

// encode gives the JSON of a sheet.
func (r *sheetRecord) encode() ([]byte, error) {
	p := &pen{raw: make([]byte, 0, 128+160*len(r.Copies))}
	p.open()
	p.text("announcement", r.Announcement)
	p.text("product", r.Product)
	p.number("version", r.Version)
	list(p, "copies", r.Copies, (*pen).target)
	p.close()
	return p.raw, p.err
}

func (s *scanner) sheet() (r sheetRecord) {
	s.object(func(key string) {
		switch key {
		case "announcement":
			r.Announcement = s.name()
		case "product":
			r.Product = s.name()
		case "version":
			r.Version = int(s.number())
		case "copies":
			r.Copies = make([]targetRecord, 0, sheetSize)
			s.array(func() { r.Copies = append(r.Copies, s.target()) })
		default:
			s.skip()
		}
	})
	return r
}

// notice puts together what a sheet and its course say of a notice.
func (r *sheetRecord) notice(t identity.Tenant, key sheetKey, i int, l *leg) notice.Notice {
	return notice.Notice{Tenant: t, ID: key.id(i), Place: notice.Place{Conversation: identity.Conversation(r.Copies[i].Conversation), Product: r.Product},
		Team: r.Copies[i].Team, Op: notice.Post, Activity: l.activity, Content: notice.Content{Announcement: r.Announcement, Version: r.Version},
		Due: instant(l.due), State: l.state, Tries: l.tries, Again: l.again, Why: l.why, At: instant(l.at)}
}

// nanoseconds and instant are time.Time as the outbox keeps it. Instants before 1970 count as 1970.
func nanoseconds(t time.Time) int64 { return max(0, t.UnixNano()) }

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// outboxReader reads the notices of a tenant in one transaction, and each of their sheets once.
type outboxReader struct {
	id      identity.Tenant
	tenant  *bbolt.Bucket
	names   map[string]string
	sheets  map[sheetKey]*sheetRecord
	courses map[sheetKey]*course
	// last is the course that was asked for last, of the sheet lastKey: mostly it is asked for again.
	lastKey sheetKey
	last    *course
}

func newReader(t identity.Tenant, tb *bbolt.Bucket) *outboxReader {
	return &outboxReader{id: t, tenant: tb, names: map[string]string{}, sheets: map[sheetKey]*sheetRecord{}, courses: map[sheetKey]*course{}}
}

// forget lets the reader read sheets again: who reads all of them need not keep them.
func (r *outboxReader) forget() {
	clear(r.sheets)
	clear(r.courses)
	r.last = nil
}

// drop forgets one sheet.
func (r *outboxReader) drop(key sheetKey) {
	delete(r.sheets, key)
	delete(r.courses, key)
	r.last = nil
}

// hold lets the reader have a sheet that is new.
func (r *outboxReader) hold(key sheetKey, s *sheetRecord, c *course) {
	r.sheets[key], r.courses[key] = s, c
	r.last = nil
}

// course reads the course of a sheet; nil when there is no such sheet. Whoever writes changes it here.
func (r *outboxReader) course(key sheetKey) (*course, error) {
	if r.last != nil && r.lastKey == key {
		return r.last, nil
	}
	c, known := r.courses[key]
	if known {
		r.lastKey, r.last = key, c
		return c, nil
	}
	if raw := r.tenant.Bucket([]byte(bucketCourses)).Get(key.raw()); raw != nil {
		var err error
		if c, err = decodeCourse(raw); err != nil {
			return nil, err
		}
	}
	r.courses[key], r.lastKey, r.last = c, key, c
	return c, nil
}

// sheet reads a sheet that has a course of so many.
func (r *outboxReader) sheet(key sheetKey, legs int) (*sheetRecord, error) {
	if s, known := r.sheets[key]; known {
		return s, nil
	}
	s, _, err := find(r.tenant.Bucket([]byte(bucketSheets)), key.raw(), r.names, (*scanner).sheet)
	if err == nil && len(s.Copies) != legs {
		err = errCourse
	}
	if err != nil {
		return nil, err
	}
	r.sheets[key] = &s
	return &s, nil
}

// leg finds how far a notice has come that is on a sheet; both are nil for others.
func (r *outboxReader) leg(id string) (*course, *leg, error) {
	key, i, is := sheetOf(id)
	if !is {
		return nil, nil, nil
	}
	c, err := r.course(key)
	if err != nil || c == nil || i >= len(c.legs) {
		return nil, nil, err
	}
	return c, &c.legs[i], nil
}

// notice reads a notice with the state that it is in.
func (r *outboxReader) notice(id string) (n notice.Notice, found bool, err error) {
	c, l, err := r.leg(id)
	switch {
	case err != nil:
		return n, false, err
	case l == nil:
		return loadNotice(r.tenant, r.id, id, r.names)
	case l.state == "":
		return n, false, nil
	}
	key, i, _ := sheetOf(id)
	s, err := r.sheet(key, len(c.legs))
	if err != nil {
		return n, false, err
	}
	return s.notice(r.id, key, i, l), true, nil
}

// on calls fn for the notices of a sheet whose key is given; found is false when there is no such sheet.
func (r *outboxReader) on(raw []byte, fn func(n *notice.Notice)) (found bool, err error) {
	key, _, _ := sheetOf(string(raw))
	c, err := r.course(key)
	if err != nil || c == nil {
		return false, err
	}
	s, err := r.sheet(key, len(c.legs))
	if err != nil {
		return false, err
	}
	for i := range c.legs {
		if l := &c.legs[i]; l.state != "" {
			n := s.notice(r.id, key, i, l)
			fn(&n)
		}
	}
	return true, nil
}

// sending lists the notices of a sheet that are being sent. A sheet without any is not kept in memory.
func (r *outboxReader) sending(raw []byte) (ids []string, err error) {
	key, _, _ := sheetOf(string(raw))
	c, err := r.course(key)
	if err != nil || c == nil {
		return nil, err
	}
	for i := range c.legs {
		if c.legs[i].state == notice.Sending {
			ids = append(ids, key.id(i))
		}
	}
	if ids == nil && !c.unsaved {
		r.drop(key)
	}
	return ids, nil
}
