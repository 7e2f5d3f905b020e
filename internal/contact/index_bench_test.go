package contact

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"teamspro/internal/identity"
)

const benchTenant = identity.Tenant("11111111-1111-4111-8111-111111111111")

var (
	syllables = []string{"an", "be", "ca", "do", "el", "fa", "gu", "hi", "ja", "ko", "li", "ma", "no", "or", "pe", "ri", "sa", "te", "ul", "vi"}
	trades    = []string{"Engineer", "Buyer", "Head of Sales", "Nurse", "Lawyer", "Planner", "Clerk", "Architect", "Support", "Driver"}
	groups    = []string{"VIP", "Supplier", "Press", "Night shift", "Board", "Key account"}
)

// coined makes up the nth name of a list that has no end.
func coined(n uint64) string {
	var b strings.Builder
	for i := 0; i < 3 || n > 0; i++ {
		b.WriteString(syllables[(n+uint64(i)*7)%20])
		n /= 20
	}
	name := b.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// crowd makes up contacts: few names are common, most are rare.
func crowd(n int) []Contact {
	r := rand.New(rand.NewPCG(1, 2))
	first, last, firm := rand.NewZipf(r, 1.2, 8, 3000), rand.NewZipf(r, 1.1, 20, 60000), rand.NewZipf(r, 1.1, 5, uint64(n/20))
	all := make([]Contact, n)
	for i := range all {
		given, family, company := coined(first.Uint64()), coined(last.Uint64()+400), coined(firm.Uint64()+9000)
		number := fmt.Sprintf("+336%08d", r.IntN(100_000_000))
		all[i] = Contact{ID: ID(fmt.Sprintf("c%07d", i)), Book: "book", Version: 1, Record: Record{
			Kind: Person, Name: given + " " + family, Job: trades[r.IntN(len(trades))], Company: company + " AG", Department: trades[r.IntN(len(trades))],
			Emails:    []string{strings.ToLower(fmt.Sprintf("%s.%s%d@%s.example", given, family, i%100, company))},
			Phones:    []Phone{{Label: Mobile, Number: number[:3] + " " + number[3:4] + " " + number[4:8] + " " + number[8:], E164: number}},
			Addresses: []Address{{Text: fmt.Sprintf("%d rue %s\n%05d %s", r.IntN(200), family, r.IntN(95000), company)}},
			Notes:     "Met at the fair in " + company, Tags: []string{groups[r.IntN(len(groups))]},
		}}
	}
	return all
}

func BenchmarkPut(b *testing.B) {
	all := crowd(100_000)
	b.ReportAllocs()
	for b.Loop() {
		x := NewIndex()
		for _, c := range all {
			x.Put(benchTenant, c)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(all)), "µs/contact")
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		x := NewIndex()
		all := crowd(n)
		for _, c := range all {
			x.Put(benchTenant, c)
		}
		given, family, _ := strings.Cut(all[n/2].Name, " ")
		mail := all[n/2].Emails[0]
		number := all[n/2].Phones[0].Number
		typo := family[:2] + "x" + family[2:]
		for _, q := range []struct{ name, text string }{
			{"first-name", given},
			{"two-prefixes", given[:3] + " " + family[:3]},
			{"e-mail", mail[3 : strings.Index(mail, "@")+3]},
			{"phone", number[4:]},
			{"inner", family[2:5]},
			{"typo", typo},
			{"restricted", given[:2] + " in " + all[n/2].Company},
			{"two-letters", "an"},
			{"empty", ""},
		} {
			b.Run(fmt.Sprintf("%d/%s", n, q.name), func(b *testing.B) {
				parsed := ParseQuery(q.text)
				total := 0
				b.ReportAllocs()
				for b.Loop() {
					_, total = x.Search(context.Background(), benchTenant, []BookID{"book"}, parsed, 25)
				}
				b.ReportMetric(float64(total), "matches")
			})
		}
	}
}

func BenchmarkManyBooks(b *testing.B) {
	x := NewIndex()
	books := make([]BookID, 1000)
	for i, c := range crowd(100_000) {
		c.Book = BookID(fmt.Sprintf("book%04d", i%1000))
		books[i%1000] = c.Book
		x.Put(benchTenant, c)
	}
	b.ReportAllocs()
	for b.Loop() {
		x.Search(context.Background(), benchTenant, books, Query{Text: "mar sales"}, 25)
	}
}
