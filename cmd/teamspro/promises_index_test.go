package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/store"
)

// filledFrom is what the log says of where an index was filled from.
func (s *running) filledFrom(tenant string) string {
	s.w.t.Helper()
	var from string
	eventually(s.w.t, 10*time.Second, "the index is filled", func() bool {
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "the search index is filled") && strings.Contains(line, tenant) {
				_, rest, _ := strings.Cut(line, `"from":"`)
				from, _, _ = strings.Cut(rest, `"`)
			}
		}
		return from != ""
	})
	return from
}

// finds types into the search box and wants each of the texts among the results, or none of those that begin with "!".
func (s *running) finds(name string, p person, words string, want ...string) {
	s.w.t.Helper()
	status, answer := s.send(s.w.query(p, words))
	for _, text := range want {
		absent := strings.HasPrefix(text, "!")
		if status != http.StatusOK || strings.Contains(answer, strings.TrimPrefix(text, "!")) == absent {
			s.w.t.Errorf("%s: %q gives %d without %q: %s", name, words, status, text, clipped(answer))
		}
	}
}

// TestIndexFile: the search index outlives a stop in a file of its own, which is private. Whatever becomes of that file,
// the service starts and answers rightly, and says why it reads the contacts anew.
func TestIndexFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := filepath.Join(w.data, "index-"+north+".idx")
	s := w.start()
	s.say(ada, "add Marta Weber, marta@contoso.example")
	s.say(sol, "add Sol Weber, sol@fabrikam.example")
	s.close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: %v %v", info, err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	souths, err := os.ReadFile(filepath.Join(w.data, "index-"+south+".idx"))
	if err != nil {
		t.Fatal(err)
	}
	strange := elsewhere(t)
	with := func(change func(b []byte) []byte) []byte { return change(append([]byte(nil), good...)) }
	for _, tt := range []struct {
		name, from, reason string
		data               []byte
	}{
		{"whole", "snapshot", "", good},
		{"missing", "database", "", nil},
		{"empty", "database", "too short", []byte{}},
		{"truncated", "database", "lengths", good[:len(good)/2]},
		{"another version", "database", "another format", with(func(b []byte) []byte { b[7]++; return b })},
		{"a bit flipped", "database", "damaged", with(func(b []byte) []byte { b[len(b)-9] ^= 4; return b })},
		{"another tenant's", "database", "of another tenant", souths},
		{"another database's", "database", "that the database does not know", strange},
		{"no snapshot at all", "database", "another format", []byte(strings.Repeat("nonsense", 1000))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, name := range []string{"teamspro.db", "index-" + south + ".idx"} {
				copyFile(t, filepath.Join(s.w.data, name), filepath.Join(w.data, name))
			}
			path := filepath.Join(w.data, "index-"+north+".idx")
			if tt.data != nil {
				if err := os.WriteFile(path, tt.data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := w.launch()
			if from := s.filledFrom(north); from != tt.from {
				t.Errorf("filled from %s:\n%s", from, s.log)
			}
			if log := s.log.String(); tt.reason == "" && strings.Contains(log, "WARN") || !strings.Contains(log, tt.reason) {
				t.Errorf("the log does not say %q:\n%s", tt.reason, log)
			}
			s.ready()
			s.finds("at first", ada, "web", "Marta Weber", "!Sol Weber", "!Stranger")
			s.finds("the other tenant", sol, "web", "Sol Weber", "!Marta")
			s.say(ada, "add Jonas Weber, jonas@contoso.example")
			s.finds("after a change", ada, "web", "Marta Weber", "Jonas Weber")
			s.close()
			if status := <-s.done; status != 0 {
				t.Errorf("exit status %d", status)
			} else {
				s.done <- status
			}
			next := w.launch()
			if from := next.filledFrom(north); from != "snapshot" {
				t.Errorf("the next start is filled from %s", from)
			}
			next.ready()
			next.finds("at the next start", ada, "web", "Marta Weber", "Jonas Weber")
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// elsewhere is the index file of the same tenant in another database, after as many changes.
func elsewhere(t *testing.T) []byte {
	t.Helper()
	w := newWorld(t)
	s := w.start()
	s.say(ada, "add Stranger Weber, stranger@contoso.example")
	s.close()
	data, err := os.ReadFile(filepath.Join(w.data, "index-"+north+".idx"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestKilledWithAnIndexFile: after kill -9 the file is of a state long ago. A start makes up for what came since, from
// the journal, and finds what is there and nothing else.
func TestKilledWithAnIndexFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spawn()
	s.say(ada, "add Marta Weber, marta@contoso.example")
	s.say(ada, "add Jonas Weber, jonas@contoso.example")
	s.stop()
	s.done <- <-s.done

	for round := range 3 {
		s = w.spawn()
		if from := s.filledFrom(north); from != "snapshot" {
			t.Errorf("round %d is filled from %s:\n%s", round, from, s.log)
		}
		name := []string{"Ida", "Ute", "Pia"}[round]
		s.say(ada, "add "+name+" Weber, "+strings.ToLower(name)+"@contoso.example")
		s.say(ada, "undo")
		s.say(ada, "add "+name+" Moreau, "+strings.ToLower(name)+"@contoso.example")
		s.kill()
	}
	s = w.spawn()
	s.filledFrom(north)
	s.finds("Weber", ada, "weber", "Marta Weber", "Jonas Weber", "!Ida", "!Ute", "!Pia")
	s.finds("Moreau", ada, "moreau", "Ida Moreau", "Ute Moreau", "Pia Moreau", "!Weber")
	if log := s.log.String(); !strings.Contains(log, `"read":9`) || strings.Contains(log, "WARN") {
		t.Errorf("the log: %s", log)
	}
}

// BenchmarkStart reports how long the service takes from its start to its first answer with 100,000 contacts, with the
// index file and without: from the examination of the database file on.
func BenchmarkStart(b *testing.B) {
	w := newWorld(b)
	many := 100_000
	shelve(b, w, many)
	keepIndex(b, w)
	file := filepath.Join(w.data, "index-"+north+".idx")
	kept, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	for _, with := range []bool{true, false} {
		b.Run(fmt.Sprintf("%d/snapshot=%t", many, with), func(b *testing.B) {
			var ready time.Duration
			for b.Loop() {
				b.StopTimer()
				if err := os.WriteFile(file, kept, 0o600); err != nil {
					b.Fatal(err)
				}
				if !with {
					_ = os.Remove(file)
				}
				b.StartTimer()
				begun := time.Now()
				s := w.spawn("TEAMSPRO_LOG_LEVEL", "info")
				ready += time.Since(begun)
				eventually(b, 30*time.Second, "the first answer", func() bool {
					_, answer := s.send(w.query(ada, "p77777@"))
					return strings.Contains(answer, "p77777@")
				})
				b.StopTimer()
				if from := s.filledFrom(north); (from == "snapshot") != with {
					b.Errorf("filled from %s", from)
				}
				b.ReportMetric(memory(b, s), "MB")
				s.kill()
				b.StartTimer()
			}
			b.ReportMetric(float64(ready.Milliseconds())/float64(b.N), "ready-ms")
		})
	}
}

// keepIndex writes the index file of what is on the shelf.
func keepIndex(b *testing.B, w *world) {
	b.Helper()
	db, err := store.Open(b.Context(), store.Config{Path: filepath.Join(w.data, "teamspro.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	books := contact.New(contact.Config{Shelf: db.Contacts(), Journal: db.Contacts(), Index: contact.NewIndex(), Snapshots: indexFiles{w.data}})
	if err := errors.Join(books.Load(b.Context(), north), books.SaveIndexes(b.Context(), 0)); err != nil {
		b.Fatal(err)
	}
}
