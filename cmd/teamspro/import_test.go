package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// sheet writes a file of contacts.
func sheet(t *testing.T, lines ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "contacts.csv")
	if err := os.WriteFile(file, []byte("name,e-mail\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var undoCommand = regexp.MustCompile(`teamspro import (--undo \S+ --tenant t)`)

// TestImport: a file comes into a book of a service, running or not; the same file again changes nothing; it is taken back whole.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		folder := ""
		if running {
			_, folder = desk(t, nil)
		} else {
			folder = stored(t)
		}
		file := sheet(t, "Tova Quell,tova@a.example", "Person 0,p0@a.example", "Odo Marsh,odo@a.example")
		args := []string{"import", file, "--data", folder, "--tenant=t", "--book=north", "--yes"}
		status, out, trouble := command(t, args...)
		undo := undoCommand.FindStringSubmatch(out)
		if status != 0 || !strings.Contains(out, "New: 2, changed: 0, the same: 1") || !strings.Contains(out, "Done. New: 2") || undo == nil {
			t.Fatalf("running %v: %d, %s%s", running, status, out, trouble)
		}
		if status, out, trouble := command(t, args...); status != 0 || !strings.Contains(out, "nothing is to be done") {
			t.Errorf("running %v, again: %d, %s%s", running, status, out, trouble)
		}
		back := append([]string{"import", "--data", folder}, strings.Fields(undo[1])...)
		if status, out, trouble := command(t, back...); status != 0 || !strings.Contains(out, "Taken back: 2.") {
			t.Errorf("running %v, undone: %d, %s%s", running, status, out, trouble)
		}
		db := opened(t, backedUp(t, folder))
		if got := held(t, db, "t", "north"); !slices.Equal(got, []string{"Person 0", "Person 1"}) {
			t.Errorf("running %v: in the book %v", running, got)
		}
		if got := acts(t, db, "t"); !slices.Contains(got, audit.ContactsImported) || !slices.Contains(got, audit.ImportUndone) {
			t.Errorf("running %v: the audit log %v", running, got)
		}
	}
}

// TestImportBadRows: nothing is imported, or the others are.
func TestImportBadRows(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	file := sheet(t, "Tova Quell,tova@a.example", "Bad Row,not-an-address")
	args := []string{"import", file, "--data", folder, "--tenant=t", "--book=north", "--yes"}
	status, out, trouble := command(t, args...)
	if status != 1 || !strings.Contains(out, "Row 3: ") || !strings.Contains(out, "not readable: 1") || !strings.Contains(trouble, "--skip-bad") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	if got := held(t, opened(t, backedUp(t, folder)), "t", "north"); len(got) != 2 {
		t.Errorf("in the book %v", got)
	}
	if status, out, trouble := command(t, append(args, "--skip-bad")...); status != 0 || !strings.Contains(out, "Done. New: 1") {
		t.Errorf("the others: %d, %s%s", status, out, trouble)
	}
	if status, out, trouble := command(t, "import", file, "--data", folder, "--tenant=t", "--book=north", "--yes", "--skip-bad", "--lang=fr"); status != 0 || !strings.Contains(out, "identiques") {
		t.Errorf("in French: %d, %s%s", status, out, trouble)
	}
}

// TestImportAsks: who is asked and says no, or cannot be asked, has nothing imported.
func TestImportAsks(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	file := sheet(t, "Tova Quell,tova@a.example")
	for _, row := range []struct {
		answer string
		want   string
		names  int
	}{
		{"n\n", "Nothing was imported.", 2}, {"\n", "Nothing was imported.", 2}, {"", "Nothing was imported.", 2}, {"maybe\n", "Nothing was imported.", 2}, {"Y\n", "Done. New: 1", 3},
	} {
		var out strings.Builder
		c := importCmd{File: file, Tenant: "t", Book: "north", Data: folder, Lang: "en", asks: bufio.NewReader(strings.NewReader(row.answer))}
		if err := c.Run(t.Context(), output{&out, &out}); err != nil || !strings.Contains(out.String(), "Import this? [y/N]") || !strings.Contains(out.String(), row.want) {
			t.Errorf("%q: %v, %s", row.answer, err, out.String())
		}
		if got := held(t, opened(t, backedUp(t, folder)), "t", "north"); len(got) != row.names {
			t.Errorf("%q: in the book %v", row.answer, got)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	folder, file := stored(t), sheet(t, "Tova Quell,tova@a.example")
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"nothing":        {nil, "one of FILE"},
		"two things":     {[]string{file, "--undo=x", "--tenant=t"}, "one of FILE"},
		"no tenant":      {[]string{file, "--book=north"}, "--tenant is missing"},
		"no book":        {[]string{file, "--tenant=t"}, "--book is missing"},
		"another tenant": {[]string{file, "--tenant=x", "--book=north", "--yes"}, "nothing is stored"},
		"another book":   {[]string{file, "--tenant=t", "--book=west", "--yes"}, "there is no book"},
		"no such import": {[]string{"--undo=none", "--tenant=t"}, "import"},
		"no file":        {[]string{filepath.Join(folder, "none.csv"), "--tenant=t", "--book=north"}, "no such file"},
	} {
		if status, out, trouble := command(t, append([]string{"import", "--data", folder}, row.args...)...); status != 1 || !strings.Contains(trouble, row.want) {
			t.Errorf("%s: %d, %s%s", name, status, out, trouble)
		}
	}
}

// TestImportGoesOn: an import whose command was stopped in the middle is gone on with; nothing is there twice.
func TestImportGoesOn(t *testing.T) {
	t.Parallel()
	c, folder := desk(t, nil)
	var lines []string
	for i := range 2000 {
		lines = append(lines, fmt.Sprintf("Row Number%04d,row%d@b.example", i, i))
	}
	file := sheet(t, lines...)
	cmd := importCmd{File: file, Tenant: "t", Book: "north", Data: folder, Lang: "en"}
	imp, err := cmd.look(t.Context(), output{&strings.Builder{}, &strings.Builder{}})
	if err != nil || imp.Found.New != 2000 {
		t.Fatalf("%+v, %v", imp, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := handOver(ctx, folder, "import-work", []byte(encoded(importAsk{Tenant: "t", Import: imp.ID})), nil, first(cancel)); err == nil {
		t.Error("the command was not stopped")
	}
	for c.at.imports.Works("t", imp.ID) { // until the service has seen that nobody is there
		if t.Context().Err() != nil {
			t.Fatal("it goes on for ever")
		}
	}
	now, err := c.at.imports.Import(t.Context(), identity.Caller{Tenant: "t"}, imp.ID)
	if err != nil || now.State != contact.ImportRunning || now.Past == 0 || now.Past >= 2000 {
		t.Fatalf("%+v, %v", now, err)
	}
	status, out, trouble := command(t, "import", "--resume", string(imp.ID), "--tenant=t", "--data", folder)
	if status != 0 || !strings.Contains(out, "Done. New: 2000") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	if n := len(held(t, c.at.db, "t", "north")); n != 2002 {
		t.Errorf("%d in the book", n)
	}
}

// TestImportBrokenOff: of a service that goes away before it said anything the import may be at work; the command says how to go on.
func TestImportBrokenOff(t *testing.T) {
	t.Parallel()
	_, folder := desk(t, map[string]task{"import-work": func(context.Context, *premises, json.RawMessage, io.Reader, io.Writer) error { panic("no") }})
	for _, how := range []string{"--resume", "--undo"} {
		_, _, trouble := command(t, "import", how, "abc", "--tenant=t", "--data", folder)
		if !strings.Contains(trouble, "broke off") || !strings.Contains(trouble, "teamspro import "+how+" abc --tenant t --data "+folder) {
			t.Errorf("%s: %s", how, trouble)
		}
	}
}
