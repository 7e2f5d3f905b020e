package contact

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// What a row makes of each sort of field, where it was found by its id and otherwise.
func TestRowOnto(t *testing.T) {
	t.Parallel()
	number := func(label PhoneLabel, n string) Phone {
		return Phone{Label: label, Number: n, E164: international(n, "FR")}
	}
	base := Record{Kind: Person, Name: "Ida Weber", Company: "Contoso", Emails: []string{"ida@contoso.example"},
		Phones:    []Phone{number(Business, "01 99 00 12 34"), number(Mobile, "06 39 98 00 01")},
		Addresses: []Address{{Text: "1 Quay"}}, Tags: []string{"vip"}, Custom: []Custom{{"Berth", "7"}}}
	row := Record{Kind: Company, Name: "Ida Adler", Emails: []string{"IDA@contoso.example", "new@contoso.example"},
		Phones:    []Phone{number(Mobile, "+33 1 99 00 12 34"), number(Mobile, "06 39 98 00 02"), number(Home, "01 99 00 12 35")},
		Addresses: []Address{{Text: "1 quay", Position: &Position{1, 2}}, {Text: "2 Quay"}}, Tags: []string{"VIP", "night"}, Custom: []Custom{{"berth", "8"}, {"Deck", "2"}}}
	all := []Field{FieldKind, FieldName, FieldCompany, FieldEmail, FieldMobile, FieldHome, FieldAddress, FieldTags, FieldCustom}
	filled := Record{Kind: Company, Name: "Ida Adler", Company: "Contoso", Emails: []string{"ida@contoso.example", "new@contoso.example"},
		Phones:    []Phone{base.Phones[0], base.Phones[1], row.Phones[1], row.Phones[2]},
		Addresses: []Address{{Text: "1 Quay"}, row.Addresses[0], row.Addresses[1]}, Tags: []string{"vip", "night"}, Custom: []Custom{{"Berth", "8"}, {"Deck", "2"}}}
	replaced := Record{Kind: Company, Name: "Ida Adler", Company: "Contoso", Emails: row.Emails, Phones: []Phone{base.Phones[0], row.Phones[0], row.Phones[1], row.Phones[2]},
		Addresses: row.Addresses, Tags: row.Tags, Custom: row.Custom}
	named := base
	named.Name = "Ida Adler"
	for _, at := range []struct {
		what    string
		fields  []Field
		replace bool
		want    Record
	}{
		{"filled and added to", all, false, filled},
		{"replaced", all, true, replaced},
		{"only what the file says", []Field{FieldName}, true, named},
		{"a file that does not tell", nil, false, filled},
	} {
		r := Row{Record: row, Fields: at.fields}
		before := base
		before.Emails, before.Phones, before.Tags, before.Custom = slices.Clone(base.Emails), slices.Clone(base.Phones), slices.Clone(base.Tags), slices.Clone(base.Custom)
		got := r.onto(base, at.replace)
		if diff := cmp.Diff(at.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at.what, diff)
		}
		if again := r.onto(got, at.replace); !again.equal(&got) {
			t.Errorf("%s: once more it changes: %s", at.what, cmp.Diff(got, again))
		}
		if diff := cmp.Diff(before, base); diff != "" {
			t.Errorf("%s: the record before (-want +got):\n%s", at.what, diff)
		}
	}
}

// Whatever a row and a record hold, the result is sound, and the row changes it no more.
func TestRowOntoIsSound(t *testing.T) {
	t.Parallel()
	check := Checker{Region: "FR"}
	rapid.Check(t, func(r *rapid.T) {
		base, _ := check.Check(someRecord(r, "base"))
		made := someRecord(r, "row")
		row := Row{Record: made, Fields: rapid.SliceOfDistinct(rapid.SampledFrom(Fields), rapid.ID[Field]).Draw(r, "fields")}
		row.Record, _ = check.Check(row.Record)
		replace := rapid.Bool().Draw(r, "replace")
		got := row.onto(base, replace)
		clean, problems := check.Check(got)
		if len(problems) > 0 || !clean.equal(&got) {
			r.Fatalf("not sound: %v %s", problems, cmp.Diff(got, clean))
		}
		if again := row.onto(got, replace); !again.equal(&got) {
			r.Fatalf("once more it changes: %s", cmp.Diff(got, again))
		}
	})
}

// someRecord has lists as long as they may be.
func someRecord(r *rapid.T, label string) Record {
	number := rapid.IntRange(0, 40)
	list := func(name string, most int, of func(n int)) {
		for _, n := range rapid.SliceOfN(number, 0, most).Draw(r, label+" "+name) {
			of(n)
		}
	}
	made := Record{Name: rapid.SampledFrom([]string{"Ida", "Jo"}).Draw(r, label), Company: rapid.SampledFrom([]string{"", "Contoso"}).Draw(r, label)}
	list("emails", MaxEmails, func(n int) { made.Emails = append(made.Emails, fmt.Sprintf("p%d@contoso.example", n)) })
	list("phones", MaxPhones, func(n int) {
		made.Phones = append(made.Phones, Phone{Label: PhoneLabels[n%4], Number: fmt.Sprintf("06 39 98 00 %02d", n/2)})
	})
	list("addresses", MaxAddresses, func(n int) { made.Addresses = append(made.Addresses, Address{Text: fmt.Sprint(n, " Quay")}) })
	list("tags", MaxTags, func(n int) { made.Tags = append(made.Tags, fmt.Sprint("t", n)) })
	list("custom", MaxCustoms, func(n int) {
		made.Custom = append(made.Custom, Custom{fmt.Sprint("f", n/3), fmt.Sprint(n)})
	})
	return made
}

// A keyring that follows changes, each once or more, knows what one knows that is made of the contacts as they are.
func TestKeyringFollows(t *testing.T) {
	t.Parallel()
	check := Checker{Region: "FR"}
	rapid.Check(t, func(r *rapid.T) {
		ring, now := newKeyring("book"), map[ID]Record{}
		var history []Change
		for range rapid.IntRange(0, 20).Draw(r, "changes") {
			c := Change{Contact: ID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "contact")), Book: rapid.SampledFrom([]BookID{"book", "book", "book", "other"}).Draw(r, "book")}
			if before, there := now[c.Contact]; there {
				c.Before = &before
			}
			if c.Before == nil || rapid.Bool().Draw(r, "edited") {
				after, _ := check.Check(Record{Name: rapid.SampledFrom([]string{"Ida", "Jo"}).Draw(r, "name"), Emails: rapid.SliceOf(rapid.SampledFrom([]string{"x@a.example", "y@a.example"})).Draw(r, "emails")})
				c.After = &after
			}
			if ring.follow(c); c.Book != "book" {
				continue
			}
			delete(now, c.Contact)
			if c.After != nil {
				now[c.Contact] = *c.After
			}
			history = append(history, c)
		}
		for _, c := range history[rapid.IntRange(0, len(history)).Draw(r, "again from"):] {
			ring.follow(c)
		}
		fresh := newKeyring("book")
		fresh.seed = ring.seed
		for id, record := range now {
			fresh.put(id, &record)
		}
		if ring.live != len(now) {
			r.Errorf("%d live, want %d", ring.live, len(now))
		}
		for _, key := range []uint64{ring.key(keyName, "ida"), ring.key(keyName, "jo"), ring.key(keyEmail, "x@a.example"), ring.key(keyEmail, "y@a.example")} {
			if diff := cmp.Diff(fresh.ids(key), ring.ids(key), cmpopts.EquateEmpty()); diff != "" {
				r.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func (k *keyring) ids(key uint64) (ids []ID) {
	for _, n := range k.holders(key) {
		ids = append(ids, k.all[n].id)
	}
	slices.Sort(ids)
	return ids
}

func TestRoomInABook(t *testing.T) {
	t.Parallel()
	s := &scale{ring: newKeyring("book"), who: identity.Caller{}}
	s.ring.live = MaxContacts - 2
	if err := s.room("op", 2); err != nil {
		t.Error(err)
	}
	if err := s.room("op", 3); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
