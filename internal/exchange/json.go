package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"teamspro/internal/contact"
)

// list is a file of JSON: an array of contacts, or an object with such an array named "contacts".
type list struct{ text *text }

func (l *list) Close() error { return nil }

// entry is a contact in JSON. Fields may be added; names must not change.
type entry struct {
	ID         string         `json:"id,omitempty"`
	Kind       string         `json:"kind,omitempty"`
	Name       string         `json:"name"`
	Job        string         `json:"job,omitempty"`
	Company    string         `json:"company,omitempty"`
	Department string         `json:"department,omitempty"`
	Emails     []string       `json:"emails,omitempty"`
	Phones     []phoneEntry   `json:"phones,omitempty"`
	Website    string         `json:"website,omitempty"`
	LinkedIn   string         `json:"linkedin,omitempty"`
	Facebook   string         `json:"facebook,omitempty"`
	X          string         `json:"x,omitempty"`
	Addresses  []addressEntry `json:"addresses,omitempty"`
	Hours      string         `json:"hours,omitempty"`
	Notes      string         `json:"notes,omitempty"`
	Photo      string         `json:"photo,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Custom     []customEntry  `json:"custom,omitempty"`
}

type phoneEntry struct {
	Label  string `json:"label"`
	Number string `json:"number"`
}

type addressEntry struct {
	Text string   `json:"text,omitempty"`
	Lat  *float64 `json:"lat,omitempty"`
	Lng  *float64 `json:"lng,omitempty"`
}

type customEntry struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// each gives the contacts one by one. One that has another shape is a row with a problem; where the text is no JSON the
// rest cannot be read.
func (l *list) each(ctx context.Context, _ Mapping, fn func(Row) error) error {
	m := &meter{r: l.text.reader()}
	d := json.NewDecoder(m)
	if err := toArray(d); err != nil {
		return err
	}
	for number := 1; d.More(); number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		row := Row{Number: number}
		m.since = 0
		var e entry
		var shape *json.UnmarshalTypeError
		switch err := d.Decode(&e); {
		case errors.As(err, &shape):
			row.Problems = []contact.Problem{{Text: "exchange.shape", Args: []any{"Field", shape.Field}}}
		case errors.Is(err, errOverlong):
			return refuse("exchange.entry", "Max", megabytes(maxEntry))
		case err != nil:
			return refuse("exchange.broken")
		default:
			row.ID, row.Record = contact.ID(e.ID), e.record()
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the end of the array, without which the file was cut off
		return refuse("exchange.broken")
	}
	return nil
}

// toArray goes to the beginning of the array of contacts.
func toArray(d *json.Decoder) error {
	first, err := d.Token()
	if err != nil {
		return refuse("exchange.broken")
	}
	if first == json.Delim('[') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return refuse("exchange.broken")
		}
		if name == "contacts" {
			if start, err := d.Token(); err != nil || start != json.Delim('[') {
				return refuse("exchange.broken")
			}
			return nil
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return refuse("exchange.broken")
		}
	}
	return refuse("exchange.no_contacts")
}

func (e entry) record() contact.Record {
	r := contact.Record{Kind: contact.Kind(e.Kind), Name: e.Name, Job: e.Job, Company: e.Company, Department: e.Department, Emails: e.Emails,
		Website: e.Website, LinkedIn: e.LinkedIn, Facebook: e.Facebook, X: e.X, Hours: e.Hours, Notes: e.Notes, Photo: e.Photo, Tags: e.Tags}
	for _, p := range e.Phones {
		r.Phones = append(r.Phones, contact.Phone{Label: contact.PhoneLabel(p.Label), Number: p.Number})
	}
	for _, a := range e.Addresses {
		address := contact.Address{Text: a.Text}
		if a.Lat != nil && a.Lng != nil {
			address.Position = &contact.Position{Lat: *a.Lat, Lng: *a.Lng}
		}
		r.Addresses = append(r.Addresses, address)
	}
	for _, c := range e.Custom {
		r.Custom = append(r.Custom, contact.Custom(c))
	}
	return r
}

func newEntry(c contact.Contact) entry {
	e := entry{ID: string(c.ID), Kind: string(c.Kind), Name: c.Name, Job: c.Job, Company: c.Company, Department: c.Department, Emails: c.Emails,
		Website: c.Website, LinkedIn: c.LinkedIn, Facebook: c.Facebook, X: c.X, Hours: c.Hours, Notes: c.Notes, Photo: c.Photo, Tags: c.Tags}
	for _, p := range c.Phones {
		e.Phones = append(e.Phones, phoneEntry{string(p.Label), p.Number})
	}
	for _, a := range c.Addresses {
		address := addressEntry{Text: a.Text}
		if a.Position != nil {
			address.Lat, address.Lng = &a.Position.Lat, &a.Position.Lng
		}
		e.Addresses = append(e.Addresses, address)
	}
	for _, f := range c.Custom {
		e.Custom = append(e.Custom, customEntry(f))
	}
	return e
}

// jsonWriter writes {"contacts": […]}, a contact a line.
type jsonWriter struct {
	w     io.Writer
	begun bool
}

func (j *jsonWriter) write(c contact.Contact) error {
	before := ",\n"
	if !j.begun {
		before, j.begun = "{\"contacts\": [\n", true
	}
	raw, err := json.Marshal(newEntry(c))
	if err != nil {
		return err
	}
	_, err = j.w.Write(append([]byte(before), raw...))
	return err
}

func (j *jsonWriter) finish() error {
	after := "\n]}\n"
	if !j.begun {
		after = "{\"contacts\": []}\n"
	}
	_, err := io.WriteString(j.w, after)
	return err
}
