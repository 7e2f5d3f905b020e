package store

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// leaverStep tells by each entry of a bucket what becomes of it when a person is erased.
type leaverStep struct {
	bucket string
	look   func(p *leaverPortion, tb *bbolt.Bucket, k, v []byte) error
}

// leaverSteps are the steps, in their order: contacts go before their changes, so that what is changed meanwhile is found. A
// bucket that is not among them says nothing of people; a test knows why of each.
func leaverSteps() []leaverStep {
	return []leaverStep{
		{bucketContacts, (*leaverPortion).contact},
		{bucketTrash, (*leaverPortion).trash},
		{bucketChanges, (*leaverPortion).change},
		{bucketDeeds, (*leaverPortion).deed},
		{bucketApart, (*leaverPortion).pair},
		{bucketMarks, (*leaverPortion).marks},
		{bucketBooks, (*leaverPortion).book},
		{bucketNotices, (*leaverPortion).notice},
		{bucketSheets, (*leaverPortion).sheet},
		{bucketMeetings, plainly(bucketMeetings)},
		{bucketTokens, plainly(bucketTokens)},
		{bucketProfiles, plainly(bucketProfiles)},
		{bucketSeen, plainly(bucketSeen)},
		{bucketAcknowledged, plainly(bucketAcknowledged)},
		{bucketConversations, plainly(bucketConversations)},
		{bucketLibraries, plainly(bucketLibraries)},
		{bucketImages, plainly(bucketImages)},
		{bucketSaves, plainly(bucketSaves)},
		{bucketPins, plainly(bucketPins)},
		{bucketPresets, plainly(bucketPresets)},
		{bucketBatches, plainly(bucketBatches)},
		{bucketConfigurations, plainly(bucketConfigurations)},
		{bucketWatches, plainly(bucketWatches)},
		{bucketEvents, plainly(bucketEvents)},
		{bucketGatherings, plainly(bucketGatherings)},
		{bucketAnnouncements, plainly(bucketAnnouncements)},
		{bucketImportRows, (*leaverPortion).rows},
		{bucketImports, (*leaverPortion).imported},
		{bucketAudit, plainly(bucketAudit)},
	}
}

// plainly is the step of most buckets: what lies under the person's id goes, and in what others have it is a pseudonym.
func plainly(bucket string) func(*leaverPortion, *bbolt.Bucket, []byte, []byte) error {
	return func(p *leaverPortion, _ *bbolt.Bucket, k, v []byte) error {
		if bucket != bucketAudit && p.keyed(k) {
			p.drop(bucket, k)
			return nil
		}
		p.rename(bucket, k, v)
		return nil
	}
}

// look looks at the entries that follow a place, and says in next where to go on.
func (p *leaverPortion) look(tb *bbolt.Bucket, from string) error {
	number, last, _ := strings.Cut(from, ":")
	n, _ := strconv.Atoi(number)
	all := leaverSteps()
	step := all[min(n, len(all)-1)]
	c := tb.Bucket([]byte(step.bucket)).Cursor()
	k, v := c.Seek([]byte(last))
	if last != "" && string(k) == last {
		k, v = c.Next()
	}
	for looked := 1; k != nil; k, v = c.Next() {
		if err := step.look(p, tb, k, v); err != nil {
			return err
		}
		if looked++; looked > p.most || len(p.keys)+len(p.renames)+len(p.books)+len(p.people) >= p.taken {
			p.next = strconv.Itoa(n) + ":" + string(k)
			return nil
		}
	}
	if p.next = ""; n+1 < len(all) {
		p.next = strconv.Itoa(n+1) + ":"
	}
	p.last = p.next == ""
	return nil
}

// isAbout tells whether a record is about the person, when that is asked.
func (p *leaverPortion) isAbout(r *detailRecord) bool {
	if !p.whom.Contacts || r == nil {
		return false
	}
	record := r.record()
	return p.whom.Is(&record)
}

func (p *leaverPortion) contact(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.words, (*scanner).contact)
	if !ok {
		return errUnreadable
	}
	if !p.isAbout(&r.Detail) {
		p.rename(bucketContacts, k, v)
		return nil
	}
	p.about[string(k)] = true
	p.contacts = append(p.contacts, contact.Contact{ID: contact.ID(k), Book: contact.BookID(r.Book)})
	p.drop(bucketContacts, k)
	return nil
}

func (p *leaverPortion) trash(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.words, (*scanner).trash)
	if !ok {
		return errUnreadable
	}
	if !p.isAbout(&r.Contact.Detail) {
		p.rename(bucketTrash, k, v)
		return nil
	}
	p.about[string(k)] = true
	p.drop(bucketTrash, k)
	p.keys = append(p.keys, erasedKey{bucketTrashTimes, trashKey(r.Contact.Book, r.Contact.Changed, string(k))})
	return nil
}

// change looks for changes of contacts about the person, which are gone, and for those that say what such a contact was.
func (p *leaverPortion) change(tb *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.words, (*scanner).change)
	if !ok {
		return errUnreadable
	}
	if p.about[r.Contact] || p.whom.Contacts && lost(tb, r.Contact) || p.isAbout(r.Before) || p.isAbout(r.After) {
		p.drop(bucketChanges, k)
		p.keys = append(p.keys, erasedKey{bucketHistory, binary.BigEndian.AppendUint64(under(r.Contact), uint64(r.Version))})
		return nil
	}
	p.rename(bucketChanges, k, v)
	return nil
}

// lost tells whether a contact is neither in its book nor in the trash.
func lost(tb *bbolt.Bucket, id string) bool {
	return tb.Bucket([]byte(bucketContacts)).Get([]byte(id)) == nil && tb.Bucket([]byte(bucketTrash)).Get([]byte(id)) == nil
}

func (p *leaverPortion) deed(tb *bbolt.Bucket, k, v []byte) error {
	if len(v) >= 8 && tb.Bucket([]byte(bucketChanges)).Get(v[8:]) == nil && p.whom.Contacts {
		p.keys = append(p.keys, erasedKey{bucketDeeds, bytes.Clone(k)}, erasedKey{bucketDeedTimes, slices.Concat(v[:8], k)})
	}
	return nil
}

func (p *leaverPortion) pair(tb *bbolt.Bucket, k, _ []byte) error {
	a, b, _ := strings.Cut(string(k), "\x00")
	if p.about[a] || p.about[b] || p.whom.Contacts && (lost(tb, a) || lost(tb, b)) {
		p.drop(bucketApart, k)
	}
	return nil
}

func (p *leaverPortion) marks(tb *bbolt.Bucket, k, _ []byte) error {
	if string(k) == p.person {
		p.drop(bucketMarks, k)
		return nil
	}
	m, err := loadMarks(tb, identity.Person(k))
	if err == nil && (tidy(tb, &m) || slices.ContainsFunc(m.Filters, p.asks)) {
		p.people = append(p.people, identity.Person(k))
	}
	return err
}

func (p *leaverPortion) book(_ *bbolt.Bucket, k, v []byte) error {
	if p.in(v) {
		p.count(bucketBooks, 0, 1)
		p.books = append(p.books, string(k))
	}
	return nil
}

func (p *leaverPortion) notice(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.words, (*scanner).notice)
	if !ok {
		return errUnreadable
	}
	if slices.Contains(p.ids, r.Person) || slices.Contains(p.ids, r.Conversation) {
		p.drop(bucketNotices, k)
		return nil
	}
	p.rename(bucketNotices, k, v)
	return nil
}

// sheet takes the notices to the person's chats off a sheet.
func (p *leaverPortion) sheet(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.words, (*scanner).sheet)
	if !ok {
		return errUnreadable
	}
	key, _, _ := sheetOf(string(k))
	theirs := false
	for i, c := range r.Copies {
		if slices.Contains(p.ids, c.Conversation) {
			theirs = true
			p.drop(bucketNotices, []byte(key.id(i)))
		}
	}
	if !theirs {
		p.rename(bucketSheets, k, v)
	}
	return nil
}

// maxStaged bounds what is unpacked of one value of bucketImportRows; they are written with half a megabyte at most.
const maxStaged = 8 << 20

// rows looks for rows of a file about the person that wait to be imported. The import goes with them: its other rows are left
// for retention.
func (p *leaverPortion) rows(_ *bbolt.Bucket, k, v []byte) error {
	if !p.whom.Contacts {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(v)), maxStaged))
	if err != nil {
		return errors.New("the rows of an import cannot be read")
	}
	for line := range bytes.Lines(raw) {
		var row struct {
			Record detailRecord `json:"record"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return errors.New("a row of an import cannot be read")
		}
		if p.isAbout(&row.Record) {
			id, _, _ := bytes.Cut(k, []byte{0})
			p.drop(bucketImportRows, k)
			p.keys = append(p.keys, erasedKey{bucketImports, bytes.Clone(id)})
			return nil
		}
	}
	return nil
}

// imported looks for imports that the person made, and for those that quote what could not be read about them.
func (p *leaverPortion) imported(_ *bbolt.Bucket, k, v []byte) error {
	said := strings.ToLower(string(v))
	quotes := slices.ContainsFunc(slices.Concat(p.whom.Mails, p.whom.Phones), func(own string) bool { return own != "" && strings.Contains(said, strings.ToLower(own)) })
	if p.whom.Contacts && quotes {
		p.drop(bucketImports, k)
		return nil
	}
	p.rename(bucketImports, k, v)
	return nil
}
