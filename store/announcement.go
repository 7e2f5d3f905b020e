package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Announcements keeps announcements, which notices they made, and who has seen them.
type Announcements struct{ db *DB }

var _ notice.Announcements = (*Announcements)(nil)

// Announcements is the view of the announcements.
func (d *DB) Announcements() *Announcements { return &Announcements{d} }

// Announce keeps a new announcement, as notice.Announcements says.
func (s *Announcements) Announce(ctx context.Context, t identity.Tenant, a notice.Announcement, notices []notice.Notice) (kept notice.Announcement, err error) {
	const op = "store.Announce"
	if err := checkAnnouncement(op, t, a.ID, notices); err != nil {
		return notice.Announcement{}, err
	}
	err = s.db.share(ctx, op, t, func(sh *shared) error {
		old, found, err := loadAnnouncement(sh.tenant, a.ID)
		if err != nil {
			return err
		}
		if found {
			kept = old
			return errUnchanged
		}
		kept = a
		if err := sh.setAnnouncement(op, a, notices, s.db.now()); err != nil {
			return err
		}
		sh.work.apart++
		return sh.audited(audit.Entry{At: a.At, By: a.By, Surface: "card", Act: audit.AnnouncementSent, Subject: a.ID})
	})
	if err != nil {
		return notice.Announcement{}, err
	}
	return kept, nil
}

func checkAnnouncement(op string, t identity.Tenant, id string, notices []notice.Notice) error {
	if err := checkIDs(op, id); err != nil {
		return err
	}
	for i := range notices {
		notices[i].Tenant = t
	}
	return checkNotices(op, notices)
}

// setAnnouncement writes an announcement and adds the notices that tell it.
func (s *shared) setAnnouncement(op string, a notice.Announcement, notices []notice.Notice, now time.Time) error {
	raw, err := newAnnouncement(a).encode()
	if err != nil {
		return err
	}
	if err := keep(s.bucket(bucketAnnouncements), op, []byte(a.ID), raw); err != nil {
		return err
	}
	delete(s.announcements, a.ID)
	for len(notices) > 0 {
		n, err := s.addFirst(op, a.ID, notices, now)
		if err != nil {
			return err
		}
		notices = notices[n:]
	}
	return nil
}

// addFirst adds the first of new notices of an announcement, and those that share a sheet with it, and tells how many that are.
func (s *shared) addFirst(op, announcement string, notices []notice.Notice, now time.Time) (int, error) {
	key, n, err := s.sheetFor(notices)
	switch {
	case err != nil:
		return 0, err
	case n > 0:
		return n, s.addSheet(op, key, announcement, notices[:n], now)
	}
	first := notices[0]
	first.Content.Announcement = announcement
	return 1, s.addNotice(op, first, now)
}

// announcement reads the announcement of a copy, once in a transaction; nil when it is not there.
func (s *shared) announcement(id string, db *DB) (*notice.Announcement, error) {
	if a, known := s.announcements[id]; known {
		return a, nil
	}
	a, found, err := db.announcements.load(memoKey{s.id, id, ""}, s.bucket(bucketAnnouncements), 0, nil)
	if err != nil {
		return nil, err
	}
	if s.announcements == nil {
		s.announcements = map[string]*notice.Announcement{}
	}
	s.announcements[id] = nil
	if found {
		s.announcements[id] = &a
	}
	return s.announcements[id], nil
}

func loadAnnouncement(tb *bbolt.Bucket, id string) (a notice.Announcement, found bool, err error) {
	r, found, err := find(tb.Bucket([]byte(bucketAnnouncements)), []byte(id), map[string]string{}, (*scanner).announcement)
	if err != nil || !found {
		return a, false, err
	}
	a = r.announcement(id)
	a.Seen = seenBy(tb, id)
	return a, true, nil
}

// seenBy counts who has seen an announcement.
func seenBy(tb *bbolt.Bucket, id string) (n int) {
	prefix := under(id)
	c := tb.Bucket([]byte(bucketAcknowledged)).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		n++
	}
	return n
}

// Announcement reads one, as notice.Announcements says. Its Targets are those of everybody who reads it.
func (s *Announcements) Announcement(ctx context.Context, t identity.Tenant, id string) (a notice.Announcement, err error) {
	const op = "store.Announcement"
	key, edition := memoKey{t, id, ""}, s.db.commits.edition.Load()
	a, found, sure := s.db.announcements.known(key, edition)
	if !sure {
		err = s.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
			b := tb.Bucket([]byte(bucketAnnouncements))
			a, found, err = s.db.announcements.load(key, b, edition, func(a *notice.Announcement) { a.Seen = seenBy(tb, id) })
			return err
		})
	}
	if err == nil && !found {
		err = fault.New(fault.NotFound, op, "")
	}
	return a, err
}

// Latest reads a person's own, or everybody's, as notice.Announcements says.
func (s *Announcements) Latest(ctx context.Context, t identity.Tenant, by identity.Person, limit int) (own []notice.Announcement, err error) {
	err = s.db.read(ctx, "store.Latest", t, func(tb *bbolt.Bucket) error {
		b, names := tb.Bucket([]byte(bucketAnnouncements)), map[string]string{}
		err := b.ForEach(func(id, _ []byte) error {
			r, _, err := find(b, id, names, (*scanner).announcement)
			if err == nil && (by == "" || r.By == string(by)) {
				own = append(own, r.announcement(string(id)))
			}
			return err
		})
		slices.SortFunc(own, func(a, b notice.Announcement) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
		own = own[:min(len(own), max(0, limit))]
		for i := range own {
			own[i].Seen = seenBy(tb, own[i].ID)
		}
		return err
	})
	return own, err
}

// Change changes an announcement, as notice.Announcements says.
func (s *Announcements) Change(ctx context.Context, t identity.Tenant, id string, change func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error)) (kept notice.Announcement, err error) {
	const op = "store.ChangeAnnouncement"
	if err := checkIDs(op, id); err != nil {
		return notice.Announcement{}, err
	}
	err = s.db.share(ctx, op, t, func(sh *shared) (err error) {
		kept, err = sh.changeAnnouncement(op, id, change, s.db.now())
		return err
	})
	if err != nil {
		return notice.Announcement{}, err
	}
	return kept, nil
}

func (s *shared) changeAnnouncement(op, id string, change func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error), now time.Time) (notice.Announcement, error) {
	a, found, err := loadAnnouncement(s.tenant, id)
	if err != nil {
		return a, err
	}
	if !found {
		return a, fault.New(fault.NotFound, op, "")
	}
	copies, err := s.reader().copiesOf(id)
	if err != nil {
		return a, err
	}
	sent := slices.DeleteFunc(copies, func(n notice.Notice) bool {
		return n.State != notice.Sent && n.State != notice.Possibly
	})
	before := a
	made, err := change(&a, sent)
	if err != nil {
		return a, err
	}
	if err := checkAnnouncement(op, s.id, id, made); err != nil {
		return a, err
	}
	recalls := before.Recalled.IsZero() && !a.Recalled.IsZero()
	if recalls {
		if err := s.dropCopies(op, id, now); err != nil {
			return a, err
		}
	}
	a.ID, a.Seen = id, before.Seen
	if err := s.setAnnouncement(op, a, made, now); err != nil {
		return a, err
	}
	for _, n := range sent {
		if err := s.follow(op, a, n, now); err != nil {
			return a, err
		}
	}
	if a.Version == before.Version && !recalls {
		return a, nil
	}
	return a, s.auditChange(a, recalls)
}

func (s *shared) auditChange(a notice.Announcement, recalled bool) error {
	e := audit.Entry{At: a.Changed, By: cmp.Or(a.ChangedBy, a.By), Surface: "card", Act: audit.AnnouncementCorrected, Subject: a.ID}
	if recalled {
		e.At, e.Act = a.Recalled, audit.AnnouncementRecalled
	}
	return s.audited(e)
}

// dropCopies drops the notices of an announcement that have not begun.
func (s *shared) dropCopies(op, id string, now time.Time) error {
	for _, tail := range tails(s.bucket(bucketCopies), under(id)) {
		ids := []string{tail}
		if string(s.bucket(bucketCopies).Get(join(id, tail))) == sheetMark {
			ids = nil
			if _, err := s.reader().on([]byte(tail), func(n *notice.Notice) { ids = append(ids, n.ID) }); err != nil {
				return err
			}
		}
		for _, n := range ids {
			if _, err := s.dropNotice(op, n, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Copies reads the notices that posted an announcement, as notice.Announcements says.
func (s *Announcements) Copies(ctx context.Context, t identity.Tenant, id string) (copies []notice.Notice, err error) {
	err = s.db.read(ctx, "store.Copies", t, func(tb *bbolt.Bucket) (err error) {
		copies, err = newReader(t, tb).copiesOf(id)
		return err
	})
	return copies, err
}

// copiesOf reads the notices that posted an announcement.
func (r *outboxReader) copiesOf(id string) (copies []notice.Notice, err error) {
	prefix := under(id)
	c := r.tenant.Bucket([]byte(bucketCopies)).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		switch name := k[len(prefix):]; string(v) {
		case sheetMark:
			if _, err := r.on(name, func(n *notice.Notice) { copies = append(copies, *n) }); err != nil {
				return nil, err
			}
		case string(notice.Post):
			n, found, err := r.notice(string(name))
			if err != nil {
				return nil, err
			}
			if found {
				copies = append(copies, n)
			}
		}
	}
	return copies, nil
}

// Acknowledge notes that a person has seen an announcement, as notice.Announcements says.
func (s *Announcements) Acknowledge(ctx context.Context, t identity.Tenant, id string, p identity.Person, at time.Time) (first bool, err error) {
	const op = "store.Acknowledge"
	if err := checkIDs(op, id, string(p)); err != nil {
		return false, err
	}
	err = s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		if tb.Bucket([]byte(bucketAnnouncements)).Get([]byte(id)) == nil {
			return fault.New(fault.NotFound, op, "")
		}
		b, key := tb.Bucket([]byte(bucketAcknowledged)), join(id, string(p))
		if first = b.Get(key) == nil; !first {
			return errUnchanged
		}
		return b.Put(key, timeKey(at))
	})
	return first && err == nil, err
}

// purgeAnnouncements removes announcements that are too old, with what belongs to them.
func (s *shared) purgeAnnouncements(now time.Time, most int) (n int, err error) {
	b := s.bucket(bucketAnnouncements)
	var old [][]byte
	err = b.ForEach(func(id, raw []byte) error {
		at, ok := announcedAt(raw)
		if !ok {
			return errUnreadable
		}
		if now.Sub(at) >= notice.TextKept {
			old = append(old, bytes.Clone(id))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range old {
		if n >= most {
			return n, nil
		}
		m, err := s.eraseAnnouncement(id, most-n)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// eraseAnnouncement removes what belongs to an announcement, and at last itself.
func (s *shared) eraseAnnouncement(id []byte, most int) (n int, err error) {
	delete(s.announcements, string(id))
	for _, name := range []string{bucketCopies, bucketAcknowledged} {
		for _, tail := range tails(s.bucket(name), under(string(id))) {
			if n >= most {
				return n, nil
			}
			if err := s.bucket(name).Delete(join(string(id), tail)); err != nil {
				return n, err
			}
			n++
		}
	}
	return n + 1, s.bucket(bucketAnnouncements).Delete(id)
}

// announcementRecord is notice.Announcement without its id, which is the key.
type announcementRecord struct {
	Product   string         `json:"product"`
	By        string         `json:"by"`
	At        time.Time      `json:"at"`
	Title     string         `json:"title,omitempty"`
	Text      string         `json:"text,omitempty"`
	Version   int            `json:"version"`
	Changed   *time.Time     `json:"changed,omitempty"`
	Recalled  *time.Time     `json:"recalled,omitempty"`
	ChangedBy string         `json:"changed_by,omitempty"`
	Asks      bool           `json:"asks,omitempty"`
	Targets   []targetRecord `json:"targets,omitempty"`
	People    int            `json:"people,omitempty"`
}

type targetRecord struct {
	Conversation string `json:"conversation"`
	Team         string `json:"team,omitempty"`
}

func newAnnouncement(a notice.Announcement) announcementRecord {
	return announcementRecord{a.Product, string(a.By), a.At.UTC(), a.Title, a.Text, a.Version, given(a.Changed), given(a.Recalled), string(a.ChangedBy), a.Asks,
		each(a.Targets, func(t notice.Target) targetRecord { return targetRecord{string(t.Conversation), t.Team} }), a.People}
}

// encode gives the JSON of an announcement.
func (r announcementRecord) encode() ([]byte, error) {
	p := &pen{raw: make([]byte, 0, 512+len(r.Text)+160*len(r.Targets))}
	p.open()
	p.text("product", r.Product)
	p.text("by", r.By)
	p.time("at", r.At)
	p.given("title", r.Title)
	p.given("text", r.Text)
	p.number("version", r.Version)
	if r.Changed != nil {
		p.time("changed", *r.Changed)
	}
	if r.Recalled != nil {
		p.time("recalled", *r.Recalled)
	}
	p.given("changed_by", r.ChangedBy)
	if r.Asks {
		p.encoded("asks", []byte("true"))
	}
	list(p, "targets", r.Targets, (*pen).target)
	p.count("people", r.People)
	p.close()
	return p.raw, p.err
}

func (p *pen) target(r targetRecord) {
	p.open()
	p.text("conversation", r.Conversation)
	p.given("team", r.Team)
	p.close()
}

func (s *scanner) announcement() (r announcementRecord) {
	s.object(func(key string) {
		switch key {
		case "product":
			r.Product = s.name()
		case "by":
			r.By = s.name()
		case "at":
			r.At = s.time()
		case "title":
			r.Title = s.text()
		case "text":
			r.Text = s.text()
		case "version":
			r.Version = int(s.number())
		case "changed":
			r.Changed = new(s.time())
		case "recalled":
			r.Recalled = new(s.time())
		case "changed_by":
			r.ChangedBy = s.name()
		case "asks":
			r.Asks = s.truth()
		case "targets":
			s.array(func() { r.Targets = append(r.Targets, s.target()) })
		case "people":
			r.People = int(s.number())
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) target() (r targetRecord) {
	s.object(func(key string) {
		switch key {
		case "conversation":
			r.Conversation = s.text()
		case "team":
			r.Team = s.name()
		default:
			s.skip()
		}
	})
	return r
}

// announcedAt reads when something was announced, and no further.
func announcedAt(raw []byte) (at time.Time, ok bool) {
	s := scanner{rest: raw, names: map[string]string{}}
	s.must('{')
	for s.name() != "at" {
		s.must(':')
		if s.skip(); !s.take(',') {
			return at, false
		}
	}
	s.must(':')
	at = s.time()
	return at, !s.bad
}

func announcementOf(id []byte, r announcementRecord) notice.Announcement {
	return r.announcement(string(id))
}

func (r announcementRecord) announcement(id string) notice.Announcement {
	return notice.Announcement{ID: id, Product: r.Product, By: identity.Person(r.By), At: r.At, Title: r.Title, Text: r.Text, Version: r.Version,
		Changed: timeOr(r.Changed), Recalled: timeOr(r.Recalled), ChangedBy: identity.Person(r.ChangedBy), Asks: r.Asks, People: r.People,
		Targets: each(r.Targets, func(t targetRecord) notice.Target {
			return notice.Target{Conversation: identity.Conversation(t.Conversation), Team: t.Team}
		})}
}

// given and timeOr leave a time away that is not set.
func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func timeOr(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// Acknowledged reads whether a person has seen an announcement, as notice.Announcements says.
func (s *Announcements) Acknowledged(ctx context.Context, t identity.Tenant, id string, p identity.Person) (seen bool, err error) {
	err = s.db.read(ctx, "store.Acknowledged", t, func(tb *bbolt.Bucket) error {
		seen = tb.Bucket([]byte(bucketAcknowledged)).Get(join(id, string(p))) != nil
		return nil
	})
	return seen, err
}
