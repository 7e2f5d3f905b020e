package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
)

// The functions of this file read what this package wrote as json.Unmarshal would, five times as fast: at the start all
// contacts may be read, and an edit reads the contact while others wait for their turn. They know only JSON that
// json.Marshal or the pen wrote.

// read reads one value whole. names holds strings that occur often, so that they are kept once.
func read[T any](raw []byte, names map[string]string, value func(*scanner) T) (v T, ok bool) {
	s := scanner{rest: raw, names: names}
	v = value(&s)
	return v, !s.bad && len(s.rest) == 0
}

// find reads the value of a key; found is false when there is none.
func find[T any](b *bbolt.Bucket, key []byte, names map[string]string, value func(*scanner) T) (v T, found bool, err error) {
	raw := b.Get(key)
	if raw == nil {
		return v, false, nil
	}
	v, ok := read(raw, names, value)
	if !ok {
		return v, false, fmt.Errorf("a value cannot be read: %T", v)
	}
	return v, true, nil
}

// storedContact is a contact as it was read. detail is the JSON of its Detail, in what was read.
type storedContact struct {
	contactRecord
	detail []byte
}

func (s *scanner) contact() (r storedContact) {
	s.object(func(key string) {
		switch key {
		case "book":
			r.Book = s.name()
		case "detail":
			from := s.rest
			r.Detail = s.detail()
			r.detail = from[:len(from)-len(s.rest)]
		case "version":
			r.Version = int(s.number())
		case "created":
			r.Created = s.stamp()
		case "changed":
			r.Changed = s.stamp()
		default:
			s.skip()
		}
	})
	return r
}

// storedTrash is a trashRecord as it was read.
type storedTrash struct{ Contact storedContact }

func (s *scanner) trash() (r storedTrash) {
	s.object(func(key string) {
		if key == "contact" {
			r.Contact = s.contact()
			return
		}
		s.skip()
	})
	return r
}

func (s *scanner) change() (r changeRecord) {
	s.object(func(key string) {
		switch key {
		case "act":
			r.Act = s.name()
		case "contact":
			r.Contact = s.text()
		case "book":
			r.Book = s.name()
		case "version":
			r.Version = int(s.number())
		case "before":
			r.Before = new(s.detail())
		case "after":
			r.After = new(s.detail())
		case "by":
			r.By = s.name()
		case "at":
			r.At = s.time()
		case "surface":
			r.Surface = s.name()
		case "undoes":
			r.Undoes = s.text()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) marks() (r marksRecord) {
	s.object(func(key string) {
		switch key {
		case "favourites":
			s.array(func() { r.Favourites = append(r.Favourites, contact.ID(s.text())) })
		case "recent":
			s.array(func() { r.Recent = append(r.Recent, contact.ID(s.text())) })
		case "filters":
			s.array(func() { r.Filters = append(r.Filters, s.filter()) })
		case "done":
			s.array(func() { r.Done = append(r.Done, contact.ChangeID(s.text())) })
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) filter() (r filterRecord) {
	s.object(func(key string) {
		switch key {
		case "name":
			r.Name = s.text()
		case "query":
			r.Query = s.text()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) stamp() (r stampRecord) {
	s.object(func(key string) {
		switch key {
		case "at":
			r.At = s.time()
		case "by":
			r.By = s.name()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) detail() (r detailRecord) {
	s.object(func(key string) {
		if text := r.text(key); text != nil {
			*text = s.text()
			return
		}
		switch key {
		case "kind":
			r.Kind = s.name()
		case "emails":
			s.array(func() { r.Emails = append(r.Emails, s.text()) })
		case "phones":
			s.array(func() { r.Phones = append(r.Phones, s.phone()) })
		case "addresses":
			s.array(func() { r.Addresses = append(r.Addresses, s.address()) })
		case "tags":
			s.array(func() { r.Tags = append(r.Tags, s.name()) })
		case "custom":
			s.array(func() { r.Custom = append(r.Custom, s.custom()) })
		default:
			s.skip()
		}
	})
	return r
}

// text gives the plain text field of a name, if there is one.
func (r *detailRecord) text(name string) *string {
	switch name {
	case "name":
		return &r.Name
	case "job":
		return &r.Job
	case "company":
		return &r.Company
	case "department":
		return &r.Department
	case "website":
		return &r.Website
	case "linkedin":
		return &r.LinkedIn
	case "facebook":
		return &r.Facebook
	case "x":
		return &r.X
	case "hours":
		return &r.Hours
	case "notes":
		return &r.Notes
	case "photo":
		return &r.Photo
	}
	return nil
}

func (s *scanner) phone() (r phoneRecord) {
	s.object(func(key string) {
		switch key {
		case "label":
			r.Label = s.name()
		case "number":
			r.Number = s.text()
		case "e164":
			r.E164 = s.text()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) address() (r addressRecord) {
	s.object(func(key string) {
		switch key {
		case "text":
			r.Text = s.text()
		case "position":
			r.Position = s.position()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) position() *positionRecord {
	var r positionRecord
	s.object(func(key string) {
		switch key {
		case "lat":
			r.Lat = s.number()
		case "lng":
			r.Lng = s.number()
		default:
			s.skip()
		}
	})
	return &r
}

func (s *scanner) custom() (r customRecord) {
	s.object(func(key string) {
		switch key {
		case "name":
			r.Name = s.name()
		case "value":
			r.Value = s.text()
		default:
			s.skip()
		}
	})
	return r
}

func (s *scanner) notice() (r noticeRecord) {
	s.object(func(key string) {
		switch key {
		case "key":
			r.Key = s.text()
		case "conversation":
			r.Conversation = s.text()
		case "product":
			r.Product = s.name()
		case "team":
			r.Team = s.name()
		case "person":
			r.Person = s.text()
		case "gathering":
			r.Gathering = s.gathering()
		case "announcement":
			r.Announcement = s.name()
		case "version":
			r.Version = int(s.number())
		case "lost":
			r.Lost = s.text()
		default:
			s.course(&r, key)
		}
	})
	return r
}

// course reads what a notice says of its sending.
func (s *scanner) course(r *noticeRecord, key string) {
	switch key {
	case "op":
		r.Op = s.name()
	case "of":
		r.Of = s.text()
	case "activity":
		r.Activity = s.text()
	case "due":
		r.Due = s.time()
	case "state":
		r.State = s.name()
	case "tries":
		r.Tries = int(s.number())
	case "again":
		r.Again = s.truth()
	case "why":
		r.Why = s.name()
	case "at":
		r.At = s.time()
	default:
		s.skip()
	}
}

// gathering reads what had been gathered, of which there is little.
func (s *scanner) gathering() *gatheringRecord {
	from := s.rest
	s.skip()
	var r gatheringRecord
	if s.bad || json.Unmarshal(from[:len(from)-len(s.rest)], &r) != nil {
		s.bad = true
	}
	return &r
}

// scanner reads compact JSON from left to right. After the first fault it is bad and gives nothing more.
type scanner struct {
	rest  []byte
	names map[string]string
	bad   bool
}

// take consumes a byte if it comes next.
func (s *scanner) take(c byte) bool {
	if s.bad || len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) must(c byte) {
	if !s.take(c) {
		s.bad = true
	}
}

// object calls member for each key; member consumes the value.
func (s *scanner) object(member func(key string)) {
	s.must('{')
	for more := !s.take('}'); more && !s.bad; {
		key := s.name()
		s.must(':')
		member(key)
		if more = s.take(','); !more {
			s.must('}')
		}
	}
}

// array calls element for each element, which it consumes.
func (s *scanner) array(element func()) {
	s.must('[')
	for more := !s.take(']'); more && !s.bad; {
		element()
		if more = s.take(','); !more {
			s.must(']')
		}
	}
}

// quoted consumes a string and gives it with its quotes.
func (s *scanner) quoted() (q []byte, plain bool) {
	if s.bad || len(s.rest) == 0 || s.rest[0] != '"' {
		s.bad = true
		return nil, false
	}
	if end := bytes.IndexByte(s.rest[1:], '"'); end >= 0 && bytes.IndexByte(s.rest[1:end+1], '\\') < 0 {
		q, s.rest = s.rest[:end+2], s.rest[end+2:]
		return q, true
	}
	return s.escaped(), false
}

// escaped consumes a string that has escapes.
func (s *scanner) escaped() []byte {
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '"':
			q := s.rest[:i+1]
			s.rest = s.rest[i+1:]
			return q
		}
	}
	s.bad = true
	return nil
}

func (s *scanner) text() string {
	q, plain := s.quoted()
	if plain {
		return string(q[1 : len(q)-1])
	}
	return s.unescape(q)
}

// name reads a string that occurs often.
func (s *scanner) name() string {
	q, plain := s.quoted()
	if !plain {
		return s.unescape(q)
	}
	q = q[1 : len(q)-1]
	if known, ok := s.names[string(q)]; ok {
		return known
	}
	name := string(q)
	s.names[name] = name
	return name
}

func (s *scanner) unescape(q []byte) (text string) {
	if json.Unmarshal(q, &text) != nil {
		s.bad = true
	}
	return text
}

func (s *scanner) time() (t time.Time) {
	q, _ := s.quoted()
	if s.bad || t.UnmarshalJSON(q) != nil {
		s.bad = true
	}
	return t
}

func (s *scanner) number() float64 {
	n := bytes.IndexAny(s.rest, ",}]")
	if s.bad || n < 0 {
		s.bad = true
		return 0
	}
	f, err := strconv.ParseFloat(string(s.rest[:n]), 64)
	s.rest, s.bad = s.rest[n:], err != nil
	return f
}

// truth reads what is true or false.
func (s *scanner) truth() bool {
	is := bytes.HasPrefix(s.rest, []byte("true"))
	s.skip()
	return is
}

// skip consumes any value: that of a field which a later program added.
func (s *scanner) skip() {
	switch {
	case s.bad || len(s.rest) == 0:
		s.bad = true
	case s.rest[0] == '"':
		s.quoted()
	case s.rest[0] == '{':
		s.object(func(string) { s.skip() })
	case s.rest[0] == '[':
		s.array(s.skip)
	default:
		n := bytes.IndexAny(s.rest, ",}]")
		s.bad = n <= 0
		s.rest = s.rest[max(0, n):]
	}
}
