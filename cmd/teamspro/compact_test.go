package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"teamspro/internal/contact"
	"teamspro/store"
)

// emptied gives a folder whose database had some megabytes, which were erased.
func emptied(t *testing.T) string {
	t.Helper()
	folder := large(t)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Marks: db.Marks(), Index: contact.NewIndex()})
	if err := books.Erase(t.Context(), "t", "north"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestCompact: what was erased is gone from the file, what is kept is there, and copies that may hold it still are named.
func TestCompact(t *testing.T) {
	t.Parallel()
	folder := emptied(t)
	path := filepath.Join(folder, "teamspro.db")
	if err := os.WriteFile(path+".schema-4", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || !bytes.Contains(raw, []byte("Tova Quell")) {
		t.Fatalf("nothing is left to compact: %v", err)
	}
	status, out, trouble := command(t, "compact", "--data", folder)
	if status != 0 || !strings.Contains(out, "before") || !strings.Contains(out, "1 contact\n") || !strings.Contains(out, path+".schema-4") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	raw, err := os.ReadFile(path)
	if err != nil || bytes.Contains(raw, []byte("Tova Quell")) || len(raw) > 1<<20 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if left := names(t, folder); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
}

// TestCompactElsewhere: a compacted copy is written also while the service runs.
func TestCompactElsewhere(t *testing.T) {
	t.Parallel()
	folder := emptied(t)
	at, err := openPremises(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer at.db.Close()
	c, err := openCounter(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	go c.serve()
	defer c.close()
	file := filepath.Join(t.TempDir(), "small.db")
	status, out, trouble := command(t, "compact", "--data", folder, "--out", file)
	raw, err := os.ReadFile(file)
	if status != 0 || err != nil || bytes.Contains(raw, []byte("Tova Quell")) || !strings.Contains(out, "where the database has") {
		t.Errorf("%d, %s%s, %v", status, out, trouble, err)
	}
	if status, _, trouble := command(t, "compact", "--data", folder, "--out", file); status != 1 || !strings.Contains(trouble, "is there already") {
		t.Errorf("again: %d, %s", status, trouble)
	}
	if left := names(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if status, _, trouble := command(t, "compact", "--data", t.TempDir()); status != 1 || !strings.Contains(trouble, "no database") {
		t.Errorf("nothing there: %d, %s", status, trouble)
	}
}
