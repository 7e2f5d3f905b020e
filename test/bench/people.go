package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"teamspro/internal/contact"
)

// seed makes every run measure the same people and the same questions. The tests have others.
const seed = 20_260_117

func random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

var (
	parts = []string{"bra", "cel", "dor", "fin", "gal", "hed", "ivo", "jun", "kes", "lom", "mir", "nad", "oli", "pav", "quin", "ros", "sel", "tor", "ulm", "vas", "wen", "yor",
		"zel", "né", "jö", "ça", "ñu", "bård", "grü", "łuk"}
	jobs  = []string{"Pilot", "Surveyor", "Head of Purchasing", "Midwife", "Notary", "Dispatcher", "Librarian", "Glazier", "Trainer", "Cook"}
	units = []string{"Harbour", "Workshop", "Accounts", "Night desk", "Field service"}
	marks = []string{"Partner", "Customer", "Newsletter", "On call", "Jury"}
)

// coined makes up the nth of endlessly many names, each other than the rest.
func coined(n uint64) string {
	base := uint64(len(parts))
	name := parts[n%base]
	for n /= base; ; n /= base {
		name += parts[n%base]
		if n < base {
			return upperFirst(name)
		}
	}
}

func upperFirst(s string) string {
	r := []rune(s)
	return string(unicode.ToUpper(r[0])) + string(r[1:])
}

// population makes up contacts: a few names are common, most are rare, as among people. Their numbers begin with a
// country code that no country has.
func population(n int) []contact.Contact {
	r := random(uint64(n))
	given, family := rand.NewZipf(r, 1.15, 30, uint64(1500+n/40)), rand.NewZipf(r, 1.1, 60, uint64(8000+n/2))
	firm := rand.NewZipf(r, 1.1, 4, uint64(200+n/30))
	all := make([]contact.Contact, n)
	for i := range all {
		all[i] = contact.Contact{ID: contact.ID(fmt.Sprintf("p%07d", i)), Book: book, Version: 1,
			Record: invented(r, i, coined(given.Uint64()), coined(family.Uint64()+30_000), coined(firm.Uint64()+5000))}
	}
	return all
}

func invented(r *rand.Rand, i int, given, family, company string) contact.Record {
	number := fmt.Sprintf("%08d", r.IntN(100_000_000))
	return contact.Record{Kind: contact.Person, Name: given + " " + family, Job: pick(r, jobs), Company: company + " Ltd", Department: pick(r, units),
		Emails: []string{folded(fmt.Sprintf("%s.%s%d@%s.example", given, family, i%90+10, company))},
		Phones: []contact.Phone{{Label: contact.Mobile, Number: "+999 " + number[:4] + " " + number[4:], E164: "+999" + number}},
		Notes:  "Spoke at the " + pick(r, units) + " day of " + company, Tags: []string{pick(r, marks)}}
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// folded writes a text in lower case without accents, as people type it.
func folded(s string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(s))
	if err != nil {
		panic(err) // only a transformer that is broken fails on valid text
	}
	return strings.NewReplacer("ł", "l", "ø", "o").Replace(plain)
}
