package store

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"teamspro/internal/contact"
)

// The functions of this file write what json.Marshal would write, byte for byte, several times as fast. A writer
// encodes its record once, before it waits for anybody; the contact and the change are put together from those bytes in
// the transaction. What is saved there is saved for everybody who shares it.

// pen writes compact JSON from left to right. After the first fault it has an error, and what it wrote is worthless.
type pen struct {
	raw []byte
	err error
}

// next separates what follows from what stands before it on the same level.
func (p *pen) next() {
	switch p.raw[len(p.raw)-1] {
	case '{', '[':
	default:
		p.raw = append(p.raw, ',')
	}
}

func (p *pen) open()  { p.raw = append(p.raw, '{') }
func (p *pen) close() { p.raw = append(p.raw, '}') }

// key begins a member; its name needs no escapes.
func (p *pen) key(name string) {
	p.next()
	p.raw = append(append(append(p.raw, '"'), name...), '"', ':')
}

func (p *pen) text(name, value string) {
	p.key(name)
	p.quote(value)
}

// given writes a text unless it is empty.
func (p *pen) given(name, value string) {
	if value != "" {
		p.text(name, value)
	}
}

func (p *pen) number(name string, n int) {
	p.key(name)
	p.raw = strconv.AppendInt(p.raw, int64(n), 10)
}

// count writes a number unless it is 0.
func (p *pen) count(name string, n int) {
	if n != 0 {
		p.number(name, n)
	}
}

// encoded writes a value that is JSON already, unless there is none.
func (p *pen) encoded(name string, raw []byte) {
	if len(raw) > 0 {
		p.key(name)
		p.raw = append(p.raw, raw...)
	}
}

func (p *pen) time(name string, t time.Time) {
	p.key(name)
	raw, err := t.AppendText(append(p.raw, '"'))
	if err != nil {
		p.err = err
		return
	}
	p.raw = append(raw, '"')
}

// quote writes a string. One that needs no escapes is copied.
func (p *pen) quote(s string) {
	if plain(s) {
		p.raw = append(append(append(p.raw, '"'), s...), '"')
		return
	}
	raw, err := json.Marshal(s)
	if err != nil {
		p.err = err
	}
	p.raw = append(p.raw, raw...)
}

// plain tells whether JSON writes a string as it is. U+2028 and U+2029 are escaped for the sake of JavaScript; both
// begin with the same two bytes, which few others do.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s) && !strings.Contains(s, "\u2028") && !strings.Contains(s, "\u2029")
}

// list writes an array unless it is empty.
func list[T any](p *pen, name string, values []T, element func(*pen, T)) {
	if len(values) == 0 {
		return
	}
	p.key(name)
	p.raw = append(p.raw, '[')
	for _, v := range values {
		p.next()
		element(p, v)
	}
	p.raw = append(p.raw, ']')
}

// encode gives the JSON of a record.
func (r detailRecord) encode() ([]byte, error) {
	p := &pen{raw: make([]byte, 0, 512)}
	p.open()
	p.given("kind", r.Kind)
	p.text("name", r.Name)
	p.given("job", r.Job)
	p.given("company", r.Company)
	p.given("department", r.Department)
	list(p, "emails", r.Emails, (*pen).quote)
	list(p, "phones", r.Phones, (*pen).phone)
	p.given("website", r.Website)
	p.given("linkedin", r.LinkedIn)
	p.given("facebook", r.Facebook)
	p.given("x", r.X)
	list(p, "addresses", r.Addresses, (*pen).address)
	p.given("hours", r.Hours)
	p.given("notes", r.Notes)
	p.given("photo", r.Photo)
	list(p, "tags", r.Tags, (*pen).quote)
	list(p, "custom", r.Custom, (*pen).custom)
	p.close()
	return p.raw, p.err
}

func (p *pen) phone(r phoneRecord) {
	p.open()
	p.given("label", r.Label)
	p.text("number", r.Number)
	p.given("e164", r.E164)
	p.close()
}

func (p *pen) address(r addressRecord) {
	p.open()
	p.text("text", r.Text)
	if r.Position != nil {
		p.key("position")
		p.open()
		p.degrees("lat", r.Position.Lat)
		p.degrees("lng", r.Position.Lng)
		p.close()
	}
	p.close()
}

// degrees writes a number that need not be whole. The very small and the very large ones have an exponent, and what is no
// number is refused.
func (p *pen) degrees(name string, f float64) {
	if size := math.Abs(f); f == 0 || size >= 1e-6 && size < 1e21 {
		p.key(name)
		p.raw = strconv.AppendFloat(p.raw, f, 'f', -1, 64)
		return
	}
	raw, err := json.Marshal(f)
	if err != nil {
		p.err = err
		return
	}
	p.encoded(name, raw)
}

func (p *pen) custom(r customRecord) {
	p.open()
	p.text("name", r.Name)
	p.text("value", r.Value)
	p.close()
}

func (p *pen) stamp(name string, r stampRecord) {
	p.key(name)
	p.open()
	p.time("at", r.At)
	p.given("by", r.By)
	p.close()
}

// encode gives the JSON of a contact whose detail is encoded already.
func (r contactRecord) encode(detail []byte) ([]byte, error) {
	p := &pen{raw: make([]byte, 0, len(detail)+320)}
	p.open()
	p.text("book", r.Book)
	p.encoded("detail", detail)
	p.number("version", r.Version)
	p.stamp("created", r.Created)
	p.stamp("changed", r.Changed)
	p.close()
	return p.raw, p.err
}

// encodeRecord gives the JSON of a record, nothing for none.
func encodeRecord(r *contact.Record) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	return newDetail(*r).encode()
}

// encodeChange gives the JSON of a changeRecord; the records around the change are encoded already.
func encodeChange(c contact.Change, before, after []byte) ([]byte, error) {
	p := &pen{raw: make([]byte, 0, len(before)+len(after)+320)}
	p.open()
	p.text("act", string(c.Act))
	p.text("contact", string(c.Contact))
	p.text("book", string(c.Book))
	p.number("version", c.Version)
	p.encoded("before", before)
	p.encoded("after", after)
	p.given("by", string(c.By))
	p.time("at", c.At.UTC())
	p.given("surface", c.Deed.Surface)
	p.given("undoes", string(c.Undoes))
	p.close()
	return p.raw, p.err
}

// encodeTrash gives the JSON of a trashRecord; the contact's detail is encoded already.
func encodeTrash(r contactRecord, detail []byte, deletion contact.ChangeID) ([]byte, error) {
	raw, err := r.encode(detail)
	p := &pen{raw: make([]byte, 0, len(raw)+64), err: err}
	p.open()
	p.encoded("contact", raw)
	p.text("change", string(deletion))
	p.close()
	return p.raw, p.err
}

// encode gives the JSON of a person's marks.
func (r marksRecord) encode() ([]byte, error) {
	p := &pen{raw: make([]byte, 0, 1024)}
	p.open()
	list(p, "favourites", r.Favourites, func(p *pen, id contact.ID) { p.quote(string(id)) })
	list(p, "recent", r.Recent, func(p *pen, id contact.ID) { p.quote(string(id)) })
	list(p, "filters", r.Filters, func(p *pen, f filterRecord) {
		p.open()
		p.text("name", f.Name)
		p.text("query", f.Query)
		p.close()
	})
	list(p, "done", r.Done, func(p *pen, id contact.ChangeID) { p.quote(string(id)) })
	p.close()
	return p.raw, p.err
}

// encode gives the JSON of a notice.
func (r *noticeRecord) encode() ([]byte, error) {
	p := &pen{raw: make([]byte, 0, 512)}
	p.open()
	p.given("key", r.Key)
	p.given("conversation", r.Conversation)
	p.given("product", r.Product)
	p.given("team", r.Team)
	p.given("person", r.Person)
	p.text("op", r.Op)
	p.given("of", r.Of)
	p.given("activity", r.Activity)
	if r.Gathering != nil {
		raw, err := json.Marshal(r.Gathering)
		if err != nil {
			return nil, err
		}
		p.encoded("gathering", raw)
	}
	p.given("announcement", r.Announcement)
	p.count("version", r.Version)
	p.given("lost", r.Lost)
	p.time("due", r.Due)
	p.given("state", r.State)
	p.count("tries", r.Tries)
	if r.Again {
		p.encoded("again", []byte("true"))
	}
	p.given("why", r.Why)
	p.time("at", r.At)
	p.close()
	return p.raw, p.err
}
