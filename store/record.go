package store

import (
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// The types of this file are what the file holds. Fields may be added, names must not change; a type of the
// domain may change freely as long as the two functions beside its record keep up.

type stampRecord struct {
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"`
}

func newStamp(s contact.Stamp) stampRecord { return stampRecord{s.At.UTC(), string(s.By)} }

func (r stampRecord) stamp() contact.Stamp { return contact.Stamp{At: r.At, By: identity.Person(r.By)} }

// detailRecord is contact.Record.
type detailRecord struct {
	Kind       string          `json:"kind,omitempty"`
	Name       string          `json:"name"`
	Job        string          `json:"job,omitempty"`
	Company    string          `json:"company,omitempty"`
	Department string          `json:"department,omitempty"`
	Emails     []string        `json:"emails,omitempty"`
	Phones     []phoneRecord   `json:"phones,omitempty"`
	Website    string          `json:"website,omitempty"`
	LinkedIn   string          `json:"linkedin,omitempty"`
	Facebook   string          `json:"facebook,omitempty"`
	X          string          `json:"x,omitempty"`
	Addresses  []addressRecord `json:"addresses,omitempty"`
	Hours      string          `json:"hours,omitempty"`
	Notes      string          `json:"notes,omitempty"`
	Photo      string          `json:"photo,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	Custom     []customRecord  `json:"custom,omitempty"`
}

type phoneRecord struct {
	Label  string `json:"label,omitempty"`
	Number string `json:"number"`
	E164   string `json:"e164,omitempty"`
}

type addressRecord struct {
	Text     string          `json:"text"`
	Position *positionRecord `json:"position,omitempty"`
}

type positionRecord struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

type customRecord struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func newDetail(r contact.Record) detailRecord {
	return detailRecord{
		Kind: string(r.Kind), Name: r.Name, Job: r.Job, Company: r.Company, Department: r.Department, Emails: r.Emails,
		Phones:  each(r.Phones, func(p contact.Phone) phoneRecord { return phoneRecord{string(p.Label), p.Number, p.E164} }),
		Website: r.Website, LinkedIn: r.LinkedIn, Facebook: r.Facebook, X: r.X,
		Addresses: each(r.Addresses, func(a contact.Address) addressRecord {
			return addressRecord{a.Text, (*positionRecord)(a.Position)}
		}),
		Hours: r.Hours, Notes: r.Notes, Photo: r.Photo, Tags: r.Tags,
		Custom: each(r.Custom, func(c contact.Custom) customRecord { return customRecord(c) }),
	}
}

func (r detailRecord) record() contact.Record {
	return contact.Record{
		Kind: contact.Kind(r.Kind), Name: r.Name, Job: r.Job, Company: r.Company, Department: r.Department, Emails: r.Emails,
		Phones: each(r.Phones, func(p phoneRecord) contact.Phone {
			return contact.Phone{Label: contact.PhoneLabel(p.Label), Number: p.Number, E164: p.E164}
		}),
		Website: r.Website, LinkedIn: r.LinkedIn, Facebook: r.Facebook, X: r.X,
		Addresses: each(r.Addresses, func(a addressRecord) contact.Address {
			return contact.Address{Text: a.Text, Position: (*contact.Position)(a.Position)}
		}),
		Hours: r.Hours, Notes: r.Notes, Photo: r.Photo, Tags: r.Tags,
		Custom: each(r.Custom, func(c customRecord) contact.Custom { return contact.Custom(c) }),
	}
}

// contactRecord is contact.Contact without its id, which is the key.
type contactRecord struct {
	Book    string       `json:"book"`
	Detail  detailRecord `json:"detail"`
	Version int          `json:"version"`
	Created stampRecord  `json:"created"`
	Changed stampRecord  `json:"changed"`
}

func (r contactRecord) contact(id contact.ID) contact.Contact {
	return contact.Contact{ID: id, Book: contact.BookID(r.Book), Record: r.Detail.record(), Version: r.Version,
		Created: r.Created.stamp(), Changed: r.Changed.stamp()}
}

// trashRecord is a contact that was deleted.
type trashRecord struct {
	Contact contactRecord `json:"contact"`
	Change  string        `json:"change"` // the deletion
}

// changeRecord is contact.Change without its id, which is the key, and without the key of its deed, which
// is kept as a fingerprint only.
type changeRecord struct {
	Act     string        `json:"act"`
	Contact string        `json:"contact"`
	Book    string        `json:"book"`
	Version int           `json:"version"`
	Before  *detailRecord `json:"before,omitempty"`
	After   *detailRecord `json:"after,omitempty"`
	By      string        `json:"by,omitempty"`
	At      time.Time     `json:"at"`
	Surface string        `json:"surface,omitempty"`
	Undoes  string        `json:"undoes,omitempty"`
}

func (r changeRecord) change(id contact.ChangeID) contact.Change {
	return contact.Change{ID: id, Act: contact.Act(r.Act), Contact: contact.ID(r.Contact), Book: contact.BookID(r.Book), Version: r.Version,
		Before: whenSet(r.Before, detailRecord.record), After: whenSet(r.After, detailRecord.record),
		By: identity.Person(r.By), At: r.At, Deed: identity.Deed{Surface: r.Surface}, Undoes: contact.ChangeID(r.Undoes)}
}

// bookRecord is contact.Book without its id, which is the key.
type bookRecord struct {
	Kind    string                  `json:"kind"`
	Name    string                  `json:"name,omitempty"`
	Home    string                  `json:"home,omitempty"`
	Team    string                  `json:"team,omitempty"`
	Owners  []identity.Person       `json:"owners,omitempty"`
	Mode    string                  `json:"mode,omitempty"`
	Rights  map[string]rightsRecord `json:"rights,omitempty"`
	Shares  []shareRecord           `json:"shares,omitempty"`
	Removed *stampRecord            `json:"removed,omitempty"`
	Created stampRecord             `json:"created"`
	Changed *stampRecord            `json:"changed,omitempty"`
	Version int                     `json:"version"`
}

type rightsRecord struct {
	Read   bool `json:"read,omitempty"`
	Add    bool `json:"add,omitempty"`
	Modify bool `json:"modify,omitempty"`
	Delete bool `json:"delete,omitempty"`
	Manage bool `json:"manage,omitempty"`
}

type shareRecord struct {
	With string `json:"with"`
	Team string `json:"team,omitempty"`
	Edit bool   `json:"edit,omitempty"`
}

func newBook(b contact.Book) bookRecord {
	r := bookRecord{Kind: string(b.Kind), Name: b.Name, Home: string(b.Home), Team: b.Team, Owners: b.Owners, Mode: string(b.Mode),
		Shares:  each(b.Shares, func(s contact.Share) shareRecord { return shareRecord{string(s.With), s.Team, s.Edit} }),
		Removed: whenSet(b.Removed, newStamp), Created: newStamp(b.Created), Version: b.Version}
	if b.Changed != (contact.Stamp{}) {
		r.Changed = whenSet(&b.Changed, newStamp)
	}
	for p, rights := range b.Rights {
		if r.Rights == nil {
			r.Rights = make(map[string]rightsRecord, len(b.Rights))
		}
		r.Rights[string(p)] = rightsRecord(rights)
	}
	return r
}

func (r bookRecord) book(id contact.BookID) contact.Book {
	b := contact.Book{ID: id, Kind: contact.BookKind(r.Kind), Name: r.Name, Home: identity.Conversation(r.Home), Team: r.Team,
		Owners: r.Owners, Mode: contact.Mode(r.Mode),
		Shares: each(r.Shares, func(s shareRecord) contact.Share {
			return contact.Share{With: identity.Conversation(s.With), Team: s.Team, Edit: s.Edit}
		}),
		Removed: whenSet(r.Removed, stampRecord.stamp), Created: r.Created.stamp(), Version: r.Version}
	if r.Changed != nil {
		b.Changed = r.Changed.stamp()
	}
	for p, rights := range r.Rights {
		if b.Rights == nil {
			b.Rights = make(map[identity.Person]contact.Rights, len(r.Rights))
		}
		b.Rights[identity.Person(p)] = contact.Rights(rights)
	}
	return b
}

// marksRecord is contact.Marked.
type marksRecord struct {
	Favourites []contact.ID       `json:"favourites,omitempty"`
	Recent     []contact.ID       `json:"recent,omitempty"`
	Filters    []filterRecord     `json:"filters,omitempty"`
	Done       []contact.ChangeID `json:"done,omitempty"`
}

type filterRecord struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

func newMarks(m contact.Marked) marksRecord {
	return marksRecord{m.Favourites, m.Recent, each(m.Filters, func(f contact.Filter) filterRecord { return filterRecord(f) }), m.Done}
}

func (r marksRecord) marked() contact.Marked {
	return contact.Marked{Favourites: r.Favourites, Recent: r.Recent,
		Filters: each(r.Filters, func(f filterRecord) contact.Filter { return contact.Filter(f) }), Done: r.Done}
}

// referenceRecord is identity.Reference.
type referenceRecord struct {
	Conversation string    `json:"conversation"`
	Place        string    `json:"place,omitempty"`
	Team         string    `json:"team,omitempty"`
	ServiceURL   string    `json:"service_url"`
	App          string    `json:"app"`
	BotID        string    `json:"bot_id,omitempty"`
	Locale       string    `json:"locale,omitempty"`
	Installer    string    `json:"installer,omitempty"`
	Used         time.Time `json:"used"`
}

func newReference(r identity.Reference) referenceRecord {
	return referenceRecord{string(r.Conversation), string(r.Place), r.Team, r.ServiceURL, r.App, r.BotID, r.Locale, string(r.Installer), r.Used.UTC()}
}

func (r referenceRecord) reference() identity.Reference {
	return identity.Reference{Conversation: identity.Conversation(r.Conversation), Place: identity.Place(r.Place), Team: r.Team,
		ServiceURL: r.ServiceURL, App: r.App, BotID: r.BotID, Locale: r.Locale, Installer: identity.Person(r.Installer), Used: r.Used}
}

// owedRecord is identity.Owed. It keeps its key: whoever settles the debt after a crash has no other.
type owedRecord struct {
	Key       string          `json:"key"`
	Tenant    string          `json:"tenant"`
	Reference referenceRecord `json:"reference"`
	Thread    string          `json:"thread"`
	ReplyTo   string          `json:"reply_to"`
	Locale    string          `json:"locale,omitempty"`
	At        time.Time       `json:"at"`
}

func newOwed(o identity.Owed) owedRecord {
	return owedRecord{o.Key, string(o.Tenant), newReference(o.Reference), o.Thread, o.ReplyTo, o.Locale, o.At.UTC()}
}

func (r owedRecord) owed() identity.Owed {
	return identity.Owed{Key: r.Key, Tenant: identity.Tenant(r.Tenant), Reference: r.Reference.reference(), Thread: r.Thread,
		ReplyTo: r.ReplyTo, Locale: r.Locale, At: r.At}
}

// each converts a slice; nothing stays nothing.
func each[A, B any](as []A, convert func(A) B) []B {
	if len(as) == 0 {
		return nil
	}
	bs := make([]B, len(as))
	for i, a := range as {
		bs[i] = convert(a)
	}
	return bs
}

// whenSet converts what a pointer points to.
func whenSet[A, B any](a *A, convert func(A) B) *B {
	if a == nil {
		return nil
	}
	b := convert(*a)
	return &b
}
