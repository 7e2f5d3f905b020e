package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/sandbox"
	"teamspro/store"
)

// sample fills the sandbox's books with invented people, through the same use cases that everybody uses: the
// organisation's book, one of the group chat, and one of a channel that only owners may change.
func sample(ctx context.Context, s *settings, box *sandbox.Sandbox) (err error) {
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(s.Data, "teamspro.db"), Now: s.clock.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored := onStore(db)
	stored.Roster, stored.Region = onlyOwners{}, s.Region
	books := contact.New(stored)
	maker := &inventor{rand.New(rand.NewPCG(1, 2))}
	for _, b := range sampleBooks {
		if err := b.fill(ctx, books, box, maker); err != nil {
			return fmt.Errorf("sample contacts: %w", err)
		}
	}
	return nil
}

// onlyOwners is the roster while the samples are written: Ana makes them, and she owns every place.
type onlyOwners struct{}

func (onlyOwners) Role(context.Context, identity.Tenant, identity.Person, identity.Conversation, string) (identity.Role, error) {
	return identity.Owner, nil
}

// sampleBook is a book of the sandbox.
type sampleBook struct {
	chat  string // its conversation, as the page API calls it
	place identity.Place
	kind  contact.BookKind
	name  string
	mode  contact.Mode
	size  int
}

var sampleBooks = []sampleBook{
	{"group", identity.GroupChat, contact.ConversationBook, "", contact.Everybody, 40},
	{"leads", identity.Channel, contact.ConversationBook, "", contact.OwnersOnly, 60},
	{"general", identity.Channel, contact.TenantBook, "Contoso directory", contact.OwnersOnly, 260},
}

func (b sampleBook) fill(ctx context.Context, books *contact.Books, box *sandbox.Sandbox, maker *inventor) error {
	id, team := box.Conversation(b.chat)
	who := identity.Caller{Tenant: identity.Tenant(box.Tenant()), Person: identity.Person(box.ObjectID("ana")), Conversation: identity.Conversation(id), Place: b.place, Team: team}
	book, made, err := b.book(ctx, books, who)
	if err != nil || !made {
		return err
	}
	for i := range b.size {
		deed := identity.Deed{Key: fmt.Sprintf("sample|%s|%d", b.chat, i), Surface: "sample"}
		record, problems := books.CheckRecord(maker.contact())
		if len(problems) > 0 {
			return fmt.Errorf("%q: %s", record.Name, problems[0].Text)
		}
		if _, err := books.Add(ctx, who, book.ID, record, deed); err != nil {
			return err
		}
	}
	return nil
}

// book makes the book; made is false when an earlier sandbox in the same folder did.
func (b sampleBook) book(ctx context.Context, books *contact.Books, who identity.Caller) (book contact.Book, made bool, err error) {
	lists, err := books.Lists(ctx, who)
	if err != nil {
		return book, false, err
	}
	for _, l := range lists {
		if l.Book.Kind == b.kind && l.Book.Name == b.name && l.Book.Home == who.Conversation {
			return l.Book, false, nil
		}
	}
	if b.name == "" {
		book, err = books.Ensure(ctx, who)
	} else {
		book, err = books.NewBook(ctx, who, b.kind, b.name, identity.Deed{})
	}
	if err != nil || book.Mode == b.mode {
		return book, true, err
	}
	book, err = books.Configure(ctx, who, book.ID, book.Version, book.Name, b.mode, nil)
	return book, true, err
}

// inventor invents people who do not exist, with numbers that are kept free for stories and addresses that lead nowhere.
type inventor struct{ *rand.Rand }

var (
	firstNames = strings.Fields(`Marta Jonas Amélie Tomasz Priya Luca Freya Mateo Ingrid Yusuf Chiara Søren Leïla Viktor Hanna Pedro Anaïs Björn Zoë Karim Elif Oskar
		Noémie Dmitri Sofía Łukasz Aoife Rafael Mei Giulia Anders Fatou Niklas Camille Ravi Eszter Hugo Saskia Omar Clara`)
	lastNames = strings.Fields(`Gonzáles Weber Lindqvist Kowalska Moreau Bianchi O’Connor Østergaard Ndiaye Novák Silva Müller Haddad Fischer Dubois Yıldız Romano
		Jansen Petrov Nakamura Castillo Keller Lefèvre Svensson Rossi Bauer Horváth Almeida Weiß Laurent Schäfer Costa Nguyen Meyer Fontaine Larsen`)
	companies   = []string{"Fabrikam", "Northwind Traders", "Adventure Works", "Litware", "Proseware", "Tailspin Toys", "Wingtip Toys", "Alpine Ski House", "Fourth Coffee", "Contoso"}
	departments = []string{"Sales", "Purchasing", "Logistics", "Legal", "Marketing", "Engineering", "Support", "Finance"}
	jobs        = []string{"Head of %s", "%s Manager", "%s Assistant", "%s Consultant", "Director %s"}
	towns       = []string{"Lisbon", "Lyon", "Hamburg", "Kraków", "London", "Malmö", "Milano", "Dublin", "Wien", "Gent"}
	tags        = []string{"supplier", "customer", "partner", "press", "vip", "harbour"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (v *inventor) contact() contact.Record {
	switch n := v.IntN(20); {
	case n == 0:
		return v.company()
	case n == 1:
		return v.function()
	}
	first, last := pick(v.Rand, firstNames), pick(v.Rand, lastNames)
	company, department, town := pick(v.Rand, companies), pick(v.Rand, departments), pick(v.Rand, towns)
	r := contact.Record{Kind: contact.Person, Name: first + " " + last, Company: company, Department: department, Job: fmt.Sprintf(pick(v.Rand, jobs), department),
		Emails:    []string{plain(first) + "." + plain(last) + "@" + plain(company) + ".example"},
		Phones:    []contact.Phone{{Label: contact.Mobile, Number: v.number()}},
		Addresses: []contact.Address{{Text: fmt.Sprintf("%d Harbour Road, %s", 1+v.IntN(120), town)}}}
	if v.IntN(3) == 0 {
		r.Phones = append(r.Phones, contact.Phone{Label: contact.Business, Number: v.number()})
	}
	if v.IntN(2) == 0 {
		r.Tags = []string{pick(v.Rand, tags)}
	}
	return r
}

func (v *inventor) company() contact.Record {
	name := pick(v.Rand, companies) + " " + pick(v.Rand, towns)
	return contact.Record{Kind: contact.Company, Name: name, Website: "https://" + plain(name) + ".example", Tags: []string{"supplier"},
		Phones: []contact.Phone{{Label: contact.Business, Number: v.number()}}}
}

func (v *inventor) function() contact.Record {
	return contact.Record{Kind: contact.Function, Name: pick(v.Rand, departments) + " hotline " + pick(v.Rand, towns), Hours: "Mon–Fri 8–18",
		Phones: []contact.Phone{{Label: contact.Business, Number: v.number()}}}
}

// number is one of the ranges that regulators keep free for drama: Ofcom's, Arcep's and the North American 555-01xx.
func (v *inventor) number() string {
	switch v.IntN(3) {
	case 0:
		return fmt.Sprintf("+44 7700 900%03d", v.IntN(1000))
	case 1:
		return fmt.Sprintf("+33 6 39 98 %02d %02d", v.IntN(100), v.IntN(100))
	}
	return fmt.Sprintf("+1 212 555 01%02d", v.IntN(100))
}

// plain is a name as it stands in an address.
func plain(name string) string {
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(name))
	if err != nil {
		folded = strings.ToLower(name)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r == 'ø':
			return 'o'
		case r == 'ł':
			return 'l'
		case r == 'ı':
			return 'i'
		case r == 'ß':
			return 's'
		}
		return -1
	}, folded)
}
