package contact_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ledger is a contact.Ledger that remembers.
type ledger []string

func (l *ledger) TookOut(_ context.Context, t identity.Tenant, book contact.BookID, by identity.Person, surface string, _ time.Time) error {
	*l = append(*l, string(t)+" "+string(book)+" "+string(by)+" "+surface)
	return nil
}

// What is taken out is what the caller may read, and nothing that they read as a guest only.
func TestExtract(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kept := &ledger{}
	config := w.config(w.index)
	config.Ledger = kept
	w.Books = contact.New(config)
	marta := w.add(in(ana, sales), "", contact.Record{Name: "Marta Ruiz", Tags: []string{"vip"}})
	w.add(in(ana, sales), "", named("Li Wei"))
	own := w.add(in(bob, chat(bob)), "", contact.Record{Name: "My dentist", Tags: []string{"vip"}})
	gone := w.add(in(ana, sales), "", named("Gone"))
	must(w.Delete(t.Context(), in(ana, sales), gone.Contact, 1, w.deed()))(t)

	for _, row := range []struct {
		name string
		who  identity.Caller
		what contact.What
		want []string
		kind fault.Kind
	}{
		{"a book, by a member", in(bob, sales), contact.What{Book: marta.Book}, []string{"Li Wei", "Marta Ruiz"}, ""},
		{"a book from elsewhere", in(bob, chat(bob)), contact.What{Book: marta.Book}, []string{"Li Wei", "Marta Ruiz"}, ""},
		{"a book, by a guest", in(gil, sales), contact.What{Book: marta.Book}, nil, fault.Denied},
		{"one contact, by a guest", in(gil, sales), contact.What{Contact: marta.Contact}, []string{"Marta Ruiz"}, ""},
		{"what a guest finds", in(gil, sales), contact.What{Query: "marta"}, nil, fault.Denied},
		{"a book of others", in(eve, chat(eve)), contact.What{Book: marta.Book}, nil, fault.NotFound},
		{"one contact of others", in(eve, chat(eve)), contact.What{Contact: marta.Contact}, nil, fault.NotFound},
		{"somebody's own book", in(ana, chat(ana)), contact.What{Book: own.Book}, nil, fault.NotFound},
		{"a search over books", in(bob, chat(bob)), contact.What{Query: "#vip"}, []string{"Marta Ruiz", "My dentist"}, ""},
		{"a search before everybody", aloud(in(bob, sales)), contact.What{Query: "#vip"}, []string{"Marta Ruiz"}, ""},
		{"nothing found", in(bob, sales), contact.What{Query: "nobody of that name"}, nil, ""},
		{"what was deleted", in(ana, sales), contact.What{Contact: gone.Contact}, nil, fault.NotFound},
	} {
		e, err := w.TakeOut(t.Context(), row.who, row.what, "test")
		if fault.KindOf(err) != row.kind && !(row.kind == "" && err == nil) {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if err != nil {
			continue
		}
		got := taken(t, e)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
		if e.Count != len(got) {
			t.Errorf("%s: counted %d", row.name, e.Count)
		}
	}
	if n := len(*kept); n != 6 || (*kept)[0] != "contoso "+string(marta.Book)+" bob test" {
		t.Errorf("noted %d: %q", n, *kept)
	}
}

// taken lists the names of what is taken out, in their order.
func taken(t *testing.T, e contact.Extract) []string {
	t.Helper()
	var names []string
	for c, err := range e.Contacts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// While nobody can say who is a guest, no book is taken out; what cannot be noted is not given; who stops reading is not told
// of an error.
func TestExtractInTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.add(in(ana, sales), "", named("Marta"))
	w.add(in(ana, sales), "", named("Li"))
	w.roster.Down(sales, true)
	if _, err := w.Extract(t.Context(), in(bob, sales), contact.What{Book: made.Book}); !fault.Is(err, fault.Busy) {
		t.Errorf("without a roster: %v", err)
	}
	w.roster.Down(sales, false)
	e := must(w.Extract(t.Context(), in(bob, sales), contact.What{Book: made.Book}))(t)
	seen := 0
	for _, err := range e.Contacts(t.Context()) {
		if seen++; err != nil {
			t.Error(err)
		}
		break
	}
	if seen != 1 {
		t.Errorf("read %d", seen)
	}
	config := w.config(w.index)
	config.Ledger = fullLedger{}
	if _, err := contact.New(config).TakeOut(t.Context(), in(bob, sales), contact.What{Book: made.Book}, "test"); !fault.Is(err, fault.Busy) {
		t.Errorf("taken out unnoted: %v", err)
	}
}

type fullLedger struct{}

func (fullLedger) TookOut(context.Context, identity.Tenant, contact.BookID, identity.Person, string, time.Time) error {
	return fault.New(fault.Busy, "store.TookOut", "")
}
