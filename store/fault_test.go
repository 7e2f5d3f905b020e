package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

func textOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text
	}
	return ""
}

// wantRefused checks that opening failed with a sentence that names the file, in the log and in each language.
func wantRefused(t *testing.T, err error, text, path string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Text != text {
		t.Fatalf("got %v, want %s", err, text)
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
	for _, l := range lang.Languages {
		if s := lang.For(l).Text(f.Text, f.Args...); !strings.Contains(s, path) || strings.Contains(s, "no value") {
			t.Errorf("%s: the sentence does not name the file: %q", l, s)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	_, lines := child(t, "hold", path)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("the first process: %q %v", lines.Text(), lines.Err())
	}
	start := time.Now()
	_, err := Open(t.Context(), Config{Path: path})
	wantRefused(t, err, "store.locked", path)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	acknowledged := map[contact.ID]int{}
	for round := range 5 {
		cmd, lines := child(t, "write", path)
		wait := time.Duration(20+rand.IntN(200)) * time.Millisecond
		before := len(acknowledged)
		for lines.Scan() {
			var id contact.ID
			var version int
			if _, err := fmt.Sscan(lines.Text(), &id, &version); err != nil {
				t.Fatalf("round %d: %q", round, lines.Text())
			}
			if len(acknowledged) == before { // it has begun
				time.AfterFunc(wait, func() { cmd.Process.Kill() })
			}
			acknowledged[id] = version
		}
		if len(acknowledged) == before {
			t.Fatalf("round %d: nothing was acknowledged", round)
		}
		cmd.Wait()
		checkKept(t, path, acknowledged)
	}
}

// checkKept opens the file and finds every contact at its version or the next, with its history and its deeds.
func checkKept(t *testing.T, path string, acknowledged map[contact.ID]int) {
	t.Helper()
	db := openAt(t, path)
	defer db.Close()
	for id, version := range acknowledged {
		got, err := db.Contacts().Contacts(t.Context(), north, []contact.ID{id})
		if err != nil || len(got) != 1 || got[0].Version < version {
			t.Fatalf("%s: got %v %v, want version %d", id, got, err, version)
		}
		history, err := db.Contacts().History(t.Context(), north, id, 10)
		if err != nil || len(history) != got[0].Version {
			t.Fatalf("%s: %d changes of %d, %v", id, len(history), got[0].Version, err)
		}
		again := added(string(id), contact.Record{Name: "Marta Quell"})
		again.Deed.Key = fmt.Sprintf("deed %s %d", id, 1)
		if done, err := db.Contacts().Apply(t.Context(), north, again); err != nil || done.ID != history[len(history)-1].ID {
			t.Fatalf("%s: the deed again: %v %v", id, done.ID, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	_, lines := child(t, "fill", path)
	var got []string
	for lines.Scan() {
		got = append(got, strings.TrimSpace(lines.Text()))
	}
	want := []string{
		"write with room:",
		"write without room: busy store.full",
		"ready without room: busy store.full",
		"ready without room, later: busy store.full",
		"read without room:",
		"notice without room: busy store.full",
		"1 are due",
		"ready within the second: busy store.full",
		"ready with room:",
		"write with room again:",
		"notice with room again:",
		"2 are due",
		"close:",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := Check(t.Context(), path); err != nil {
		t.Errorf("the file after it: %v", err)
	}
}

// sound writes a file with pages of every kind and gives its bytes.
func sound(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	for _, tenant := range []identity.Tenant{north, south} {
		err := db.share(t.Context(), "fill", tenant, func(s *shared) error {
			for i := range 60 {
				w := writer{op: "fill", shared: s, now: db.now(), change: added(fmt.Sprint("c", i), busy(i))}
				if i%30 == 0 {
					w.change.After.Notes = strings.Repeat("long ", 3000)
				}
				w.change.ID = contact.ChangeID(fmt.Sprint("change", i))
				if _, err := w.apply(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Turns().MarkAnswered(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	size := db.Size()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw[:size]
}

func writeFile(t testing.TB, raw []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "teamspro.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	raw := sound(t)
	page := os.Getpagesize()
	leaf, branch := inUse(t, raw, flagLeaf), inUse(t, raw, flagBranch)
	damage := func(at int, mask byte) func() []byte {
		return func() []byte {
			b := append([]byte(nil), raw...)
			b[at] ^= mask
			return b
		}
	}
	cut := func(n int) func() []byte { return func() []byte { return raw[:n] } }
	for name, make := range map[string]func() []byte{
		"empty":                       cut(0),
		"half a page":                 cut(page / 2),
		"one page":                    cut(page),
		"two pages":                   cut(2 * page),
		"four pages":                  cut(4 * page),
		"half":                        cut(len(raw) / 2),
		"the last page cut off":       cut(len(raw) - page),
		"one byte cut off":            cut(len(raw) - 1),
		"meta page 0":                 damage(pageHeader+40, 1),
		"meta page 1":                 damage(page+pageHeader+48, 0x80),
		"the id of a page":            damage(leaf, 1),
		"the kind of a page":          damage(leaf+8, 0xFF),
		"the elements of a page":      damage(leaf+11, 0x40),
		"the overflow of a page":      damage(leaf+13, 0x10),
		"the position of an element":  damage(leaf+pageHeader+6, 0xFF),
		"all bytes of one page":       func() []byte { b := append([]byte(nil), raw...); clear(b[leaf : leaf+page]); return b },
		"a text of another program":   func() []byte { return []byte(strings.Repeat("not a database\n", 4000)) },
		"the bytes in another order":  func() []byte { b := append([]byte(nil), raw...); copy(b[4*page:], raw[5*page:7*page]); return b },
		"a page number far out of it": damage(branch+pageHeader+8+5, 0x7F),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, make())
			_, err := Open(t.Context(), Config{Path: path})
			wantRefused(t, err, "store.damaged", path)
			if !strings.Contains(err.Error(), "to restore it, put a backup") {
				t.Errorf("no way out: %v", err)
			}
		})
	}
}

// inUse finds a page of a kind that is in use.
func inUse(t *testing.T, raw []byte, kind uint16) (at int) {
	t.Helper()
	f, page := bytes.NewReader(raw), os.Getpagesize()
	m, err := newest(f, uint64(page))
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{size: m.pageSize, known: make([]byte, m.high)}
	if err := errors.Join(w.freelist(f, m.freelist), w.refer(m.root), w.all(t.Context(), bufio.NewReader(f))); err != nil {
		t.Fatal(err)
	}
	for id, known := range w.known {
		if known&pageHead != 0 && u16(raw[id*page+8:]) == kind {
			return id * page
		}
	}
	t.Fatalf("no page of kind %d", kind)
	return 0
}

// A file with one damaged byte is refused or, where the byte lies in a value or in free space, works: it is
// never the end of the process. bbolt's own check alone dies of some of these.
func TestNoDamagedByteEndsTheProcess(t *testing.T) {
	t.Parallel()
	raw, page := sound(t), os.Getpagesize()
	r := rand.New(rand.NewPCG(1, 2))
	refused, n := 0, 0
	dir := t.TempDir()
	try := func(at int) {
		n++
		b := append([]byte(nil), raw...)
		b[at] ^= byte(1 + r.IntN(255))
		path := filepath.Join(dir, "teamspro.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if !survives(t, path) {
			refused++
		}
	}
	for at := 0; at < len(raw); at += page {
		try(at + r.IntN(pageHeader))
		try(at + pageHeader + r.IntN(8*elementSize))
		try(at + r.IntN(page))
	}
	if refused < n/4 {
		t.Errorf("%d of %d were refused", refused, n)
	}
}

// survives opens the file and reads all of it; false when it was refused.
func survives(t *testing.T, path string) bool {
	t.Helper()
	db, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		if textOf(err) == "" {
			t.Fatalf("refused without a sentence: %v", err)
		}
		return false
	}
	defer db.Close()
	for _, tenant := range []identity.Tenant{north, south} {
		_ = db.Contacts().Each(t.Context(), tenant, func(contact.Contact) error { return nil })
		_, _ = db.Contacts().History(t.Context(), tenant, "c1", 10)
	}
	_, _ = db.Turns().Owing(t.Context())
	_ = db.Turns().MarkAnswered(t.Context(), "another")
	return true
}

func TestExaminationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := writeFile(t, sound(t))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := Open(ctx, Config{Path: path})
	wantRefused(t, err, "store.unusable", path)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzCheck(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.db")
	db := openAt(f, path)
	if err := db.Close(); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	page := os.Getpagesize()
	f.Add(raw[:8*page], 5*page+3, byte(1))
	f.Add(raw[:8*page], 4*page+pageHeader, byte(0xFF))
	f.Add(raw[:3*page], 8, byte(2))
	f.Add([]byte("not a database"), 0, byte(0))
	f.Fuzz(func(t *testing.T, raw []byte, at int, mask byte) {
		if raw = bytes.Clone(raw); at >= 0 && at < len(raw) {
			raw[at] ^= mask
		}
		path := writeFile(t, raw)
		if err := Check(context.Background(), path); err != nil && textOf(err) == "" {
			t.Errorf("refused without a sentence: %v", err)
		}
	})
}
