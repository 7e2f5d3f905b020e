package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Keep is how long an operator has things kept. 0 is no end but that of what they belong to.
type Keep struct {
	Grace    time.Duration // after the app was removed from a conversation
	History  time.Duration // of contacts: what was changed
	Audit    time.Duration // entries of the audit log
	Profiles time.Duration // of people who did not sign in since
}

// How long is kept what nobody decides.
const (
	day           = 24 * time.Hour
	trashKept     = contact.TrashDays * day
	unreadWatches = 30 * day // libraries that nobody reads any more
)

// Expired is what is too old of one kind.
type Expired struct {
	Kind  string        // the bucket
	Age   time.Duration // after which it goes; 0 when it goes because what it belonged to is gone
	Count int
}

// rule is how long the entries of a bucket are kept.
type rule struct {
	bucket string
	age    func(Keep) time.Duration
	// look finds what is too old among the entries; nil where another part of the program does (purged).
	look func(e *expiry, k, v []byte) error
	// loose says that entries go whose belongings are gone, whatever their age.
	loose bool
}

// rules are all of them, in their order: what others leave behind comes after them. The data map takes its periods from
// here.
func rules() []rule {
	is := func(d time.Duration) func(Keep) time.Duration { return func(Keep) time.Duration { return d } }
	return []rule{
		{bucketTrashTimes, is(trashKept), (*expiry).deletion, false},
		{bucketTrash, is(trashKept), nil, false},
		{bucketChanges, func(k Keep) time.Duration { return k.History }, (*expiry).change, false},
		{bucketHistory, func(k Keep) time.Duration { return k.History }, nil, false},
		{bucketDeedTimes, is(deedsKept), (*expiry).deed, false},
		{bucketDeeds, is(deedsKept), nil, false},
		{bucketMarks, is(0), (*expiry).marks, true},
		{bucketApart, is(0), (*expiry).pair, true},
		{bucketMeetings, is(0), (*expiry).meeting, true},
		{bucketProfiles, func(k Keep) time.Duration { return k.Profiles }, aged(bucketProfiles, func(r profileRecord) time.Time { return r.Read }), false},
		{bucketTokens, is(unusedSignIn), aged(bucketTokens, func(r tokenRecord) time.Time { return r.At }), false},
		{bucketSaves, is(savesKept), aged(bucketSaves, func(r saveRecord) time.Time { return r.Made.At }), false},
		{bucketBatches, is(batchesKept), aged(bucketBatches, func(r batchRecord) time.Time { return r.At }), false},
		{bucketWatches, is(unreadWatches), aged(bucketWatches, func(r watchRecord) time.Time { return later(r.At, r.Since) }), false},
		{bucketImports, is(contact.ImportKept), (*expiry).imported, false},
		{bucketImportRows, is(0), (*expiry).rows, true},
		{bucketNotices, is(notice.KeysKept), (*expiry).notice, false},
		{bucketSheets, is(notice.KeysKept), (*expiry).sheet, false},
		{bucketCourses, is(notice.KeysKept), nil, false},
		{bucketNoticeKeyTimes, is(notice.KeysKept), (*expiry).noticeKey, false},
		{bucketNoticeKeys, is(notice.KeysKept), nil, false},
		{bucketAnnouncements, is(notice.TextKept), (*expiry).announcement, false},
		{bucketCopies, is(notice.TextKept), nil, false},
		{bucketAcknowledged, is(notice.TextKept), nil, false},
		{bucketAudit, func(k Keep) time.Duration { return k.Audit }, (*expiry).entry, false},
	}
}

// Retention takes away what was kept long enough.
type Retention struct{ db *DB }

// Retention is the view of what is too old.
func (d *DB) Retention() *Retention { return &Retention{d} }

// Expired counts what is too old in a tenant, by kind; kinds of which nothing is are left out.
func (s *Retention) Expired(ctx context.Context, t identity.Tenant, keep Keep) (all []Expired, err error) {
	err = s.db.read(ctx, "store.Expired", t, func(tb *bbolt.Bucket) error {
		for _, r := range rules() {
			e := &expiry{tb: tb, now: s.db.now(), age: r.age(keep), most: 1 << 62, taken: 1 << 62}
			if err := e.find(r, nil); err != nil {
				return err
			}
			all = add(all, r.bucket, e)
		}
		return nil
	})
	return all, err
}

func add(all []Expired, kind string, e *expiry) []Expired {
	if e.count == 0 {
		return all
	}
	if i := slices.IndexFunc(all, func(x Expired) bool { return x.Kind == kind }); i >= 0 {
		all[i].Count += e.count
		return all
	}
	return append(all, Expired{kind, e.age, e.count})
}

// Enforce takes away what is too old in a tenant, in portions, and tells how much that was. It may be
// interrupted.
func (s *Retention) Enforce(ctx context.Context, t identity.Tenant, keep Keep) (all []Expired, err error) {
	const op = "store.Enforce"
	defer s.db.shelved(t)
	for _, r := range rules() {
		for from, more := []byte(nil), true; more; {
			e := &expiry{now: s.db.now(), age: r.age(keep), most: maxLooked, taken: maxTaken}
			err := s.db.share(ctx, op, t, func(sh *shared) error {
				e.begin(sh.tenant)
				if err := e.find(r, from); err != nil {
					return err
				}
				return e.take(op, sh)
			})
			if err != nil {
				return all, err
			}
			from, more, all = e.last, e.last != nil, add(all, r.bucket, e)
		}
	}
	return all, errors.Join(s.enter(ctx, t, all), s.db.purgeAnswers(ctx))
}

// enter enters in the audit log what people would miss; fingerprints and the like are not among it.
func (s *Retention) enter(ctx context.Context, t identity.Tenant, all []Expired) error {
	all = slices.DeleteFunc(slices.Clone(all), func(x Expired) bool {
		return !slices.Contains([]string{bucketTrashTimes, bucketChanges, bucketProfiles, bucketAnnouncements, bucketAudit}, x.Kind)
	})
	if len(all) == 0 {
		return nil
	}
	return s.db.share(ctx, "store.Enforce", t, func(sh *shared) error {
		for _, x := range all {
			if err := sh.audited(audit.Entry{At: s.db.now(), Surface: "service", Act: audit.RetentionEnforced, Subject: x.Kind}); err != nil {
				return err
			}
		}
		return nil
	})
}

// purgeAnswers forgets which activities were answered, when that is long ago: nobody else does while nobody asks anything.
func (d *DB) purgeAnswers(ctx context.Context) error {
	for n := purgeBatch; n >= purgeBatch; {
		err := d.update(ctx, "store.purgeAnswers", func(w *work) (err error) {
			if n, err = answers(w.Tx).purge(d.now()); err == nil && n == 0 {
				return errUnchanged
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expiry is what one transaction finds to be too old.
type expiry struct {
	tb          *bbolt.Bucket
	now         time.Time
	age         time.Duration
	most, taken int
	keys        []erasedKey
	people      []identity.Person
	count       int    // of entries that a person would count
	last        []byte // the last key that was looked at; nil when there are no more
	stop        bool   // what follows is younger
	first       uint64 // of the audit log, which stays
	words       map[string]string
}

func (e *expiry) begin(tb *bbolt.Bucket) {
	e.tb, e.keys, e.people, e.count, e.last, e.stop, e.first = tb, nil, nil, 0, nil, false, 0
}

// find looks at the entries that a rule is about, from a key on.
func (e *expiry) find(r rule, from []byte) error {
	if r.look == nil || e.age == 0 && !r.loose {
		return nil
	}
	e.words = map[string]string{}
	c := e.tb.Bucket([]byte(r.bucket)).Cursor()
	k, v := c.Seek(from)
	if from != nil && bytes.Equal(k, from) {
		k, v = c.Next()
	}
	for looked := 1; k != nil && !e.stop; k, v = c.Next() {
		if err := r.look(e, k, v); err != nil {
			return err
		}
		if looked++; looked > e.most || len(e.keys)+len(e.people) >= e.taken {
			e.last = bytes.Clone(k)
			return nil
		}
	}
	return nil
}

// take takes away what was found.
func (e *expiry) take(op string, s *shared) error {
	if len(e.keys)+len(e.people) == 0 {
		return errUnchanged
	}
	for _, x := range e.keys {
		if err := s.dropEntry(op, x); err != nil {
			return err
		}
	}
	for _, p := range e.people {
		if err := s.tidyMarks(op, p); err != nil {
			return err
		}
	}
	if e.first == 0 {
		return nil
	}
	return s.shortenLog(e.first, e.now)
}

func (e *expiry) old(at time.Time) bool { return e.age > 0 && e.now.Sub(at) >= e.age }

// drop counts an entry that goes; along takes away what goes with one.
func (e *expiry) drop(bucket string, k []byte) {
	e.count++
	e.along(bucket, bytes.Clone(k))
}

func (e *expiry) along(bucket string, k []byte) { e.keys = append(e.keys, erasedKey{bucket, k}) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// aged is the rule of entries that say when they were written.
func aged[T any](bucket string, at func(T) time.Time) func(*expiry, []byte, []byte) error {
	return func(e *expiry, k, _ []byte) error {
		r, _, err := load[T](e.tb.Bucket([]byte(bucket)), k)
		if err == nil && e.old(at(r)) {
			e.drop(bucket, k)
		}
		return err
	}
}

// deletion takes a contact out of the trash, with its history.
func (e *expiry) deletion(k, _ []byte) error {
	_, rest, _ := bytes.Cut(k, []byte{0})
	if len(rest) <= 8 || !e.old(timeOf(rest)) {
		return nil
	}
	e.drop(bucketTrashTimes, k)
	id := bytes.Clone(rest[8:])
	e.along(bucketTrash, id)
	prefix := under(string(id))
	c := e.tb.Bucket([]byte(bucketHistory)).Cursor()
	for h, change := c.Seek(prefix); bytes.HasPrefix(h, prefix); h, change = c.Next() {
		e.along(bucketHistory, bytes.Clone(h))
		e.along(bucketChanges, bytes.Clone(change))
	}
	return nil
}

// change takes one out of the history of a contact. That of what is in the trash goes with it.
func (e *expiry) change(k, v []byte) error {
	r, ok := read(v, e.words, (*scanner).change)
	if !ok {
		return errUnreadable
	}
	if !e.old(r.At) || e.tb.Bucket([]byte(bucketTrash)).Get([]byte(r.Contact)) != nil {
		return nil
	}
	e.drop(bucketChanges, k)
	e.along(bucketHistory, binary.BigEndian.AppendUint64(under(r.Contact), uint64(r.Version)))
	return nil
}

func (e *expiry) deed(k, _ []byte) error { return e.fingerprint(bucketDeedTimes, bucketDeeds, k) }

func (e *expiry) noticeKey(k, _ []byte) error {
	return e.fingerprint(bucketNoticeKeyTimes, bucketNoticeKeys, k)
}

// fingerprint takes one away with its age. They are in the order of their ages.
func (e *expiry) fingerprint(times, prints string, k []byte) error {
	if e.stop = len(k) < 8 || !e.old(timeOf(k)); !e.stop {
		e.drop(times, k)
		e.along(prints, bytes.Clone(k[8:]))
	}
	return nil
}

func (e *expiry) marks(k, _ []byte) error {
	m, err := loadMarks(e.tb, identity.Person(k))
	if err == nil && tidy(e.tb, &m) {
		e.count++
		e.people = append(e.people, identity.Person(k))
	}
	return err
}

func (e *expiry) pair(k, _ []byte) error {
	if a, b, _ := strings.Cut(string(k), "\x00"); lost(e.tb, a) || lost(e.tb, b) {
		e.drop(bucketApart, k)
	}
	return nil
}

// meeting takes away that a person was met where there is no book any more.
func (e *expiry) meeting(k, _ []byte) error {
	_, place, _ := strings.Cut(string(k), "\x00")
	index := e.tb.Bucket([]byte(bucketBookIndex))
	if !anyUnder(index, under(byHome, place)) && !anyUnder(index, under(byShare, place)) {
		e.drop(bucketMeetings, k)
	}
	return nil
}

// imported takes away an import that nobody can go on with; one that nobody agreed to is so sooner than one to undo.
func (e *expiry) imported(k, _ []byte) error {
	r, _, err := load[importRecord](e.tb.Bucket([]byte(bucketImports)), k)
	if err == nil && r.imported("", contact.ImportID(k)).Expired(e.now) {
		e.drop(bucketImports, k)
	}
	return err
}

// rows takes away those of imports that are gone, go now, or have ended. Those that run drop theirs on the way.
func (e *expiry) rows(k, _ []byte) error {
	id, _, _ := bytes.Cut(k, []byte{0})
	r, found, err := load[importRecord](e.tb.Bucket([]byte(bucketImports)), id)
	if err != nil {
		return err
	}
	i := r.imported("", contact.ImportID(id))
	if !found || i.Expired(e.now) || needless(i) == everyRow {
		e.drop(bucketImportRows, k)
	}
	return nil
}

func (e *expiry) notice(k, v []byte) error {
	r, ok := read(v, e.words, (*scanner).notice)
	if !ok {
		return errUnreadable
	}
	if e.old(r.At) && e.tb.Bucket([]byte(bucketDue)).Get(k) == nil {
		e.drop(bucketNotices, k)
	}
	return nil
}

func (e *expiry) sheet(k, _ []byte) error {
	final, at, err := spent(e.tb, k)
	if err == nil && final && e.old(instant(at)) {
		e.drop(bucketSheets, k)
	}
	return err
}

func (e *expiry) announcement(k, v []byte) error {
	at, ok := announcedAt(v)
	switch {
	case !ok:
		return errUnreadable
	case !e.old(at):
		return nil
	}
	e.drop(bucketAnnouncements, k)
	for _, name := range []string{bucketCopies, bucketAcknowledged} {
		for _, tail := range tails(e.tb.Bucket([]byte(name)), under(string(k))) {
			e.along(name, join(string(k), tail))
		}
	}
	return nil
}

// entry takes the oldest entries of the audit log away. The last one stays: the next is chained to it.
func (e *expiry) entry(k, v []byte) error {
	b := e.tb.Bucket([]byte(bucketAudit))
	r, _, err := load[auditRecord](b, k)
	if err != nil {
		return err
	}
	if e.stop = !e.old(r.At) || numberOf(k) >= b.Sequence(); !e.stop {
		e.drop(bucketAudit, k)
		e.first = numberOf(k) + 1
	}
	return nil
}

// shortenLog enters in the log that its entries before a number are gone, so that it is whole without them.
func (s *shared) shortenLog(first uint64, now time.Time) error {
	r, _, err := load[auditRecord](s.bucket(bucketAudit), numberKey(first))
	if err != nil {
		return err
	}
	return s.audited(audit.Entry{At: now, Surface: "service", Act: audit.LogShortened, Subject: shortened(first, r.Prev)})
}
