package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// stored makes a database of a tenant with two books, and gives its folder.
func stored(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, book := range []contact.BookID{"north", "north", "south"} {
		b := contact.Book{ID: book, Kind: contact.ConversationBook, Home: identity.Conversation("19:" + string(book)), Mode: contact.Everybody, Version: 1, Created: contact.Stamp{At: time.Unix(1, 0), By: "ana"}}
		if i != 1 {
			if err := db.Books().SaveBook(t.Context(), "t", b); err != nil {
				t.Fatal(err)
			}
		}
		record := contact.Record{Kind: contact.Person, Name: fmt.Sprintf("Person %d", i), Notes: "=1+1", Emails: []string{fmt.Sprintf("p%d@a.example", i)}}
		_, err := db.Contacts().Apply(t.Context(), "t", contact.Change{ID: contact.ChangeID(fmt.Sprint("c", i)), Act: contact.Added, Contact: contact.ID(fmt.Sprint("k", i)), Book: book, Version: 1, After: &record, By: "ana", At: time.Unix(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// command runs the program and gives what it said.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, trouble strings.Builder
	status = run(t.Context(), args, &out, &trouble)
	return status, out.String(), trouble.String()
}

// TestExportImport: what export writes, import --check reads whole, in every format.
func TestExportImport(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	for _, row := range []struct{ what, format, count string }{
		{"--book=north", "xlsx", "2 contacts written"}, {"--book=south", "csv", "1 contacts written"}, {"--all", "vcard", "3 contacts written"}, {"--all", "json", "3 contacts written"},
	} {
		file := filepath.Join(t.TempDir(), "out")
		status, out, trouble := command(t, "export", "--data", folder, "--tenant", "t", row.what, "--format", row.format, "-o", file)
		if status != 0 || !strings.HasPrefix(out, row.count) {
			t.Errorf("%s: %d, %s%s", row.format, status, out, trouble)
			continue
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", row.format, info.Mode(), err)
		}
		status, out, trouble = command(t, "import", "--check", file)
		if status != 0 || !strings.Contains(out, row.count[:1]+" row") || strings.Contains(out, "cannot") || strings.Contains(out, "unknown") {
			t.Errorf("%s: %d, %s%s", row.format, status, out, trouble)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	folder, file := stored(t), filepath.Join(t.TempDir(), "out")
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"nothing said":   {[]string{"--data", folder, "--tenant", "t", "-o", file}, "--book"},
		"both":           {[]string{"--data", folder, "--tenant", "t", "-o", file, "--all", "--book=north"}, "--book"},
		"another tenant": {[]string{"--data", folder, "--tenant", "x", "-o", file, "--all"}, "nothing is stored"},
		"another book":   {[]string{"--data", folder, "--tenant", "t", "-o", file, "--book=west"}, "there is no book"},
		"no database":    {[]string{"--data", t.TempDir(), "--tenant", "t", "-o", file, "--all"}, "no database"},
		"no folder":      {[]string{"--data", folder, "--tenant", "t", "-o", filepath.Join(folder, "no", "out"), "--all"}, "no such file"},
	} {
		status, _, trouble := command(t, append([]string{"export"}, row.args...)...)
		if status == 0 || !strings.Contains(trouble, row.want) {
			t.Errorf("%s: %d, %s", name, status, trouble)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a refused export left a file")
	}
}

// TestExportWhileServing: the running service gives the contacts, and says in its audit log that it did.
func TestExportWhileServing(t *testing.T) {
	t.Parallel()
	c, folder := desk(t, nil)
	file := filepath.Join(t.TempDir(), "out.csv")
	status, out, trouble := command(t, "export", "--data", folder, "--tenant", "t", "--book=north", "--format=csv", "-o", file)
	raw, err := os.ReadFile(file)
	if status != 0 || err != nil || !strings.Contains(out, "2 contacts") || strings.Count(string(raw), "a.example") != 2 {
		t.Errorf("%d, %s%s, %v, %s", status, out, trouble, err, raw)
	}
	if got := acts(t, c.at.db, "t"); !slices.Equal(got, []audit.Act{audit.ContactsExported}) {
		t.Errorf("the audit log: %v", got)
	}
	if status, _, trouble := command(t, "export", "--data", folder, "--tenant", "t", "--book=west", "-o", file+"2"); status != 1 || !strings.Contains(trouble, "there is no book") || len(names(t, filepath.Dir(file))) != 1 {
		t.Errorf("another book: %d, %s", status, trouble)
	}
}

// TestExportOfLocked: a database that another process has is refused with a sentence.
func TestExportOfLocked(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	status, _, trouble := command(t, "export", "--data", folder, "--tenant", "t", "--all", "-o", filepath.Join(folder, "out"))
	if status != 1 || !strings.Contains(trouble, "Another process") && !strings.Contains(trouble, "another process") {
		t.Errorf("%d, %s", status, trouble)
	}
}

func TestImportCheck(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString("name,e-mail\n")
	for range 25 {
		many.WriteString("A,none\n")
	}
	for name, row := range map[string]struct {
		text, lang string
		status     int
		want       []string
	}{
		"some":    {"Nom client;Prénom;e-mail;Anniv\nLefèvre;Amélie;a@a.example;x\nB;;not;\nC;;;\n", "en", 0, []string{"3 rows: 2 can be read, 1 cannot (rows 3)\n", "Row 3: E-mail: “not” is not", "left out: Anniv", "“Nom client” is taken for part of a name"}},
		"French":  {"Nom\nLefèvre\n", "fr", 0, []string{"1 ligne : elle est lisible"}},
		"many":    {many.String(), "en", 1, []string{"(rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, …)", "nothing in this file can be read"}},
		"header":  {"name\n", "en", 1, []string{"nothing in this file"}},
		"left":    {"BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=b:AAAA\nEND:VCARD\n", "en", 0, []string{"Left out: PHOTO. (1 row)"}},
		"a PDF":   {"%PDF-1.7", "en", 1, []string{"This is no file of contacts"}},
		"nothing": {"", "fr", 1, []string{"Ce fichier est vide."}},
	} {
		file := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(file, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, trouble := command(t, "import", "--check", file, "--lang", row.lang)
		for _, want := range row.want {
			if !strings.Contains(strings.ReplaceAll(out+trouble, "\u00a0", " "), want) {
				t.Errorf("%s: no %q in\n%s%s", name, want, out, trouble)
			}
		}
		if status != row.status {
			t.Errorf("%s: status %d\n%s%s", name, status, out, trouble)
		}
	}
}
