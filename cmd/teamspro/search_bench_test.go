package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/ops"
	"teamspro/store"
)

// BenchmarkSearchInvoke is a search of the message extension over 10,000 contacts, from the request to the written answer,
// with the token checked, rights, metrics and a line of log: all that a request costs but the connection.
func BenchmarkSearchInvoke(b *testing.B) {
	w := newWorld(b)
	shelve(b, w, 10_000)
	s, err := settingsFrom(w.flags())
	if err != nil {
		b.Fatal(err)
	}
	log, err := ops.Logger(io.Discard, "json", "debug")
	if err != nil {
		b.Fatal(err)
	}
	svc, err := wire(context.Background(), s, log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(svc.close)
	var asked []string
	for _, words := range []string{"marta", "weber 12", "jonas", "freya", "kell"} {
		asked = append(asked, w.asked(words, 3))
	}
	var answer recorded
	for i := 0; b.Loop(); i++ {
		r := httptest.NewRequest(http.MethodPost, "/api/messages", strings.NewReader(asked[i%len(asked)]))
		r.Header.Set("Authorization", "Bearer "+w.sound())
		answer.size = 0
		svc.handler.ServeHTTP(&answer, r)
		if answer.status != http.StatusOK || answer.size < 4000 {
			b.Fatalf("status %d, %d bytes", answer.status, answer.size)
		}
	}
	b.ReportMetric(float64(answer.size), "B/answer")
}

// flags are the settings of the world as flags without dashes.
func (w *world) flags() map[string]string {
	named := map[string]string{}
	for name, value := range w.settings() {
		named[strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "TEAMSPRO_")), "_", "-")] = value
	}
	return named
}

// asked is what Teams sends for a search by Ada.
func (w *world) asked(words string, count int) string {
	query := w.query(ada, words)
	query["value"].(map[string]any)["queryOptions"] = map[string]any{"skip": 0, "count": count}
	return encoded(query)
}

// recorded is an answer of which only the size matters.
type recorded struct {
	header http.Header
	status int
	size   int
}

func (r *recorded) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

func (r *recorded) WriteHeader(status int) { r.status = status }

func (r *recorded) Write(p []byte) (int, error) {
	r.size += len(p)
	return len(p), nil
}

// shelve writes contacts into a book of Ada's own, past the use cases.
func shelve(b testing.TB, w *world, n int) {
	b.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(w.data, "teamspro.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	own := contact.Book{ID: "own", Kind: contact.PersonalBook, Owners: []identity.Person{identity.Person(ada.id)}, Home: identity.Conversation(ada.chat()), Mode: contact.Everybody, Version: 1}
	if err := db.Books().SaveBook(ctx, north, own); err != nil {
		b.Fatal(err)
	}
	first := []string{"Marta", "Jonas", "Amélie", "Tomasz", "Priya", "Luca", "Freya", "Mateo", "Ingrid", "Yusuf"}
	last := []string{"Weber", "Lindqvist", "Kowalska", "Moreau", "Bianchi", "Silva", "Novák", "Haddad", "Keller", "Costa"}
	var group sync.WaitGroup
	for part := range 64 { // writers share a commit
		group.Go(func() {
			for i := part; i < n; i += 64 {
				record := contact.Record{Kind: contact.Person, Name: fmt.Sprintf("%s %s %d", first[i%10], last[i/10%10], i), Job: "Head of Sales", Company: "Contoso Ltd", Department: "Field service",
					Emails: []string{fmt.Sprintf("p%d@contoso.example", i)}, Phones: []contact.Phone{{Label: contact.Mobile, Number: fmt.Sprintf("+999 1234 %04d", i), E164: fmt.Sprintf("+9991234%04d", i)}},
					Notes: "Spoke at the Harbour day", Tags: []string{"Partner"}}
				change := contact.Change{Act: contact.Added, Contact: contact.ID(fmt.Sprintf("c%06d", i)), Book: own.ID, Version: 1, After: &record, By: identity.Person(ada.id)}
				if _, err := db.Contacts().Apply(ctx, north, change); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
