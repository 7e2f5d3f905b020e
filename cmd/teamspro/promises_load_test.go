package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// BenchmarkMixedLoad reports what a person would feel with 10,000 contacts and a hundred things a second that people do: a third
// searches, a third buttons, a third messages (promise 6). It asserts nothing about time.
func BenchmarkMixedLoad(b *testing.B) {
	for _, rate := range []int{100, 200, 400} {
		b.Run(fmt.Sprint(rate, "/s"), func(b *testing.B) { mixedLoad(b, rate, 10*time.Second) })
	}
}

func mixedLoad(b *testing.B, rate int, span time.Duration) {
	w := newWorld(b)
	people := crowd(w, 300)
	fill(b, w, 10_000, people)
	s := w.spawn("TEAMSPRO_LOG_LEVEL", "info")
	s.http.Transport = &http.Transport{MaxIdleConnsPerHost: 200}
	for _, p := range people { // everybody was here before, so that the roster is known, as on any day but the first
		s.send(w.query(p, "marta"))
	}
	time.Sleep(2 * time.Second)
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	var all sync.WaitGroup
	for range b.N {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		for i := range rate * int(span/time.Second) {
			<-tick.C
			all.Go(func() {
				p := people[i/3%len(people)]
				kind, a := "query", w.query(p, []string{"marta", "weber 12", "sales", "contoso.example", "+44 7700"}[i/3%5])
				switch i % 3 {
				case 1:
					kind, a = "button", w.press(p, "find/8/marta")
				case 2:
					kind, a = "message", w.message(p, "find marta weber")
				}
				start := time.Now()
				status, answer, err := s.post(w.sound(), encoded(a))
				if err != nil || status != http.StatusOK {
					b.Errorf("%s: %d %s %v", kind, status, answer, err)
				}
				mu.Lock()
				took[kind] = append(took[kind], time.Since(start))
				mu.Unlock()
			})
		}
		tick.Stop()
		all.Wait()
	}
	b.StopTimer()
	for kind, times := range took {
		slices.Sort(times)
		for _, q := range []struct {
			name string
			at   float64
		}{{"p50", .5}, {"p99", .99}, {"p99.9", .999}} {
			b.ReportMetric(float64(times[int(q.at*float64(len(times)-1))].Microseconds())/1000, "ms-"+kind+"-"+q.name)
		}
	}
	b.ReportMetric(memory(b, s), "MB")
	b.ReportMetric(0, "ns/op")
}

// crowd is people of one tenant.
func crowd(w *world, n int) []person {
	people := make([]person, n)
	for i := range people {
		p := person{[]string{north, south}[i%2], fmt.Sprintf("dddddddd-0000-4000-8000-%012d", i), fmt.Sprint("Person ", i)}
		people[i], w.connector.members[p.id] = p, p
	}
	return people
}

// fill writes contacts into tenant-wide books, through the use cases.
func fill(b *testing.B, w *world, n int, people []person) {
	b.Helper()
	db, err := store.Open(context.Background(), store.Config{Path: filepath.Join(w.data, "teamspro.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Library: db.Books(), Marks: db.Marks(), Roster: onlyOwners{}, Index: contact.NewIndex(), Region: "GB"})
	first := []string{"Marta", "Jonas", "Amélie", "Tomasz", "Priya", "Luca", "Freya", "Mateo", "Ingrid", "Yusuf"}
	last := []string{"Weber", "Lindqvist", "Kowalska", "Moreau", "Bianchi", "Silva", "Novák", "Haddad", "Keller", "Costa"}
	for t, p := range people[:2] {
		who := identity.Caller{Tenant: identity.Tenant(p.tenant), Person: identity.Person(p.id), Conversation: "19:home@thread.tacv2", Place: identity.Channel, Team: "19:home@thread.tacv2"}
		book, err := books.NewBook(context.Background(), who, contact.TenantBook, "Directory", identity.Deed{})
		if err != nil {
			b.Fatal(err)
		}
		var group sync.WaitGroup
		for part := range 50 { // writers share a commit
			group.Go(func() {
				for i := part; i < n/2; i += 50 {
					r := contact.Record{Kind: contact.Person, Name: fmt.Sprintf("%s %s %d", first[i%10], last[i/10%10], i), Job: "Head of Sales", Company: "Contoso", Department: "Sales",
						Emails: []string{fmt.Sprintf("p%d@contoso.example", i)}, Phones: []contact.Phone{{Label: contact.Business, Number: fmt.Sprintf("+44 7700 90%04d", i%10000)}}}
					if _, err := books.Add(context.Background(), who, book.ID, r, identity.Deed{Key: fmt.Sprint(t, "|", i)}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
	}
}

// memory is what the process holds now, in MB.
func memory(b *testing.B, s *running) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	var kilobytes float64
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1024
}
