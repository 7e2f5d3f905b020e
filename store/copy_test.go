package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// filled makes a file with contacts and gives its path; it is closed.
func filled(t *testing.T, contacts int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	addSome(t, db, "c", contacts)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func addSome(t *testing.T, db *DB, prefix string, n int) {
	t.Helper()
	for i := range n {
		if _, err := db.Contacts().Apply(t.Context(), north, added(fmt.Sprint(prefix, i), busy(i))); err != nil {
			t.Fatal(err)
		}
	}
}

func contacts(t *testing.T, path string) int {
	t.Helper()
	db, err := OpenCopy(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a, err := db.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a.Contacts
}

// A copy is read and never written, not even to a newer schema.
func TestOpenCopy(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := OpenCopy(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.About(t.Context())
	if want := (About{Schema: Schema(), Bytes: got.Bytes, Free: got.Free, Tenants: 1, Contacts: 3}); err != nil || got != want || got.Bytes == 0 {
		t.Errorf("about: %+v, %v", got, err)
	}
	if _, err := db.Contacts().Apply(t.Context(), north, added("late", busy(1))); err == nil {
		t.Error("a copy was written")
	}
	if err := db.Audit().Enter(t.Context(), north, audit.Entry{Act: audit.BackupMade}); err == nil {
		t.Error("the audit log of a copy was written")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed: %v", err)
	}
}

// What is free is known without looking at every page.
func TestGlance(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	addSome(t, db, "c", 100)
	before := db.Glance()
	for i := range 100 {
		c := added(fmt.Sprint("c", i), busy(i))
		c.Act, c.Version, c.After = contact.Deleted, 2, nil
		if _, err := db.Contacts().Apply(t.Context(), north, c); err != nil {
			t.Fatal(err)
		}
	}
	after := db.Glance()
	if before.Contacts != -1 || before.Schema != Schema() || after.Free <= 0 || after.Free >= after.Bytes {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// otherSchema makes a file say that it is of another schema.
func otherSchema(t *testing.T, path, schema string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, options(false))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), []byte(schema)) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	backup, path := filled(t, 3), filled(t, 5)
	got, err := Restore(t.Context(), backup, path, time.Date(2026, 11, 22, 7, 5, 9, 0, time.UTC))
	if err != nil || got.Contacts != 3 || got.Aside != path+".before-20261122-070509" {
		t.Fatalf("%+v, %v", got, err)
	}
	if now, then := contacts(t, path), contacts(t, got.Aside); now != 3 || then != 5 {
		t.Errorf("%d contacts in place, %d aside", now, then)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	openAt(t, path) // and it can be worked with
}

// Where there is nothing yet, or something damaged, a backup is put all the same.
func TestRestoreOverNothing(t *testing.T) {
	t.Parallel()
	backup, folder := filled(t, 2), filepath.Join(t.TempDir(), "new")
	path := filepath.Join(folder, "teamspro.db")
	if got, err := Restore(t.Context(), backup, path, time.Now()); err != nil || got.Aside != "" || contacts(t, path) != 2 {
		t.Errorf("nothing there: %+v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Restore(t.Context(), backup, path, time.Now())
	if err != nil || contacts(t, path) != 2 {
		t.Fatalf("damage there: %+v, %v", got, err)
	}
	if kept, err := os.ReadFile(got.Aside); err != nil || string(kept) != "no database" {
		t.Errorf("kept %q, %v", kept, err)
	}
}

// What is refused leaves everything as it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := filled(t, 2)
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	copied := openAt(t, good)
	raw = raw[:copied.Size()] // the file itself is longer
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	newerFile, foreign := write("newer", raw), filepath.Join(folder, "foreign")
	otherSchema(t, newerFile, fmt.Sprint(Schema()+1))
	other, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	for name, row := range map[string]struct{ backup, want string }{
		"newer":      {newerFile, "use the newer program"},
		"half":       {write("half", raw[:len(raw)/2]), "is damaged"},
		"empty":      {write("empty", nil), "is damaged"},
		"foreign":    {foreign, "no database of this program"},
		"missing":    {filepath.Join(folder, "none"), "no such file"},
		"a folder":   {folder, "not a regular file"},
		"text":       {write("text", []byte(strings.Repeat("text ", 9000))), "is damaged"},
		"cut by one": {write("cut", raw[:len(raw)-1]), "is damaged"},
	} {
		path := filled(t, 1)
		if _, err := Restore(t.Context(), row.backup, path, time.Now()); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 || contacts(t, path) != 1 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
	if _, err := Restore(t.Context(), good, good, time.Now()); err == nil || !strings.Contains(err.Error(), "no backup of it") {
		t.Errorf("itself: %v", err)
	}
}

// A file that a process has open is not replaced under its feet.
func TestRestoreOverOpenFile(t *testing.T) {
	t.Parallel()
	path := filled(t, 1)
	_, lines := child(t, "hold", path)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("the service: %q", lines.Text())
	}
	_, err := Restore(t.Context(), filled(t, 2), path, time.Now())
	wantRefused(t, err, "store.locked", path)
	_, err = CompactFile(t.Context(), path)
	wantRefused(t, err, "store.locked", path)
}

// Who waits for a file while another one is put in its place does not work in the old one.
func TestOpenWhileReplaced(t *testing.T) {
	t.Parallel()
	path, backup := filled(t, 1), filled(t, 2)
	release, err := reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan error)
	go func() {
		db, err := openLocked(path)
		if err == nil {
			db.Close()
		}
		opened <- err
	}()
	for range 200 { // until it waits for the lock, or longer
		time.Sleep(time.Millisecond)
	}
	if _, err := swap(backup, path, path+".before"); err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err == nil || !strings.Contains(err.Error(), "start again") {
		t.Errorf("got %v", err)
	}
}

// Compacting keeps what is stored and gives room back.
func TestCompactFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	addSome(t, db, "kept", 20)
	err := db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketPresets)).Put([]byte("big"), make([]byte, 20<<20))
	})
	err = errors.Join(err, db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketPresets)).Delete([]byte("big")) }))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := CompactFile(t.Context(), path)
	if err != nil || got.Before < 20<<20 || got.After > 2<<20 || got.Contacts != 20 || contacts(t, path) != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A context that ends leaves nothing behind.
func TestCopyCutShort(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path, backup := filled(t, 1), filled(t, 2)
	_, restored := Restore(ctx, backup, path, time.Now())
	_, compacted := CompactFile(ctx, path)
	left, err := os.ReadDir(filepath.Dir(path))
	if diff := cmp.Diff(1, len(left)); restored == nil || compacted == nil || err != nil || diff != "" {
		t.Errorf("%v, %v, %v", restored, compacted, left)
	}
}

// The team of a conversation is known from any app that is there; the books of a tenant are all found.
func TestTeamAndBooks(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	for _, r := range []identity.Reference{{Conversation: "19:a", App: "one", Used: time.Unix(1, 0)}, {Conversation: "19:a", App: "two", Team: "19:team", Used: time.Unix(1, 0)}, {Conversation: "19:ab", App: "one", Team: "19:other", Used: time.Unix(1, 0)}} {
		if err := db.Conversations().Remember(ctx, north, r); err != nil {
			t.Fatal(err)
		}
	}
	for conversation, want := range map[identity.Conversation]struct {
		team  string
		known bool
	}{"19:a": {"19:team", true}, "19:ab": {"19:other", true}, "19:b": {"", false}} {
		if team, known, err := db.Conversations().Team(ctx, north, conversation); team != want.team || known != want.known || err != nil {
			t.Errorf("%s: %q, %v, %v", conversation, team, known, err)
		}
	}
	for _, id := range []contact.BookID{"b2", "b1"} {
		if err := db.Books().SaveBook(ctx, north, contact.Book{ID: id, Kind: contact.TenantBook, Name: string(id), Home: "19:a", Mode: contact.Everybody, Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := db.Books().All(ctx, north)
	if err != nil || len(all) != 2 || all[0].ID != "b1" || all[1].Name != "b2" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := db.Books().All(ctx, south); err != nil || len(all) != 0 {
		t.Errorf("another tenant: %+v, %v", all, err)
	}
}
