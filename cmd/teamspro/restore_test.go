package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// backedUp gives a backup of a folder's database.
func backedUp(t *testing.T, folder string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup.db")
	if status, out, trouble := command(t, "backup", "--data", folder, "--out", file); status != 0 {
		t.Fatalf("backup: %s%s", out, trouble)
	}
	return file
}

// TestRestoreWhole: a backup takes the place of a database whose service is stopped; nothing is lost of either.
func TestRestoreWhole(t *testing.T) {
	t.Parallel()
	backup, folder := backedUp(t, stored(t)), large(t)
	for _, name := range []string{"index-t.idx", "index-u.idx"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("of another state"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out, trouble := command(t, "restore", backup, "--data", folder)
	if status != 0 {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	for _, want := range []string{"is in place", "3 contacts", "teamspro.db.before-", "2 files of the search index removed", "tokens.key", "Notices"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	for _, name := range names(t, folder) {
		if strings.HasPrefix(name, "index-") || strings.HasSuffix(name, ".restoring") {
			t.Errorf("left: %s", name)
		}
		db, expect := name, 3
		if strings.Contains(name, ".before-") {
			expect = 503
		} else if name != "teamspro.db" {
			continue
		}
		if a, err := opened(t, filepath.Join(folder, db)).About(t.Context()); err != nil || a.Contacts != expect {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// TestRestoreChecks: what is only looked at changes nothing.
func TestRestoreChecks(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	backup := backedUp(t, folder)
	before := sha(t, filepath.Join(folder, "teamspro.db"))
	if status, out, trouble := command(t, "restore", backup, "--data", folder, "--check"); status != 0 || !strings.Contains(out, "is whole: ") || strings.Contains(out, "older") {
		t.Errorf("--check: %d, %s%s", status, out, trouble)
	}
	status, out, trouble := command(t, "restore", backup, "--data", folder, "--books")
	if status != 0 || !regexp.MustCompile(`(?m)^t +north +conversation +2 +19:north`).MatchString(out) || !regexp.MustCompile(`(?m)^t +south +conversation +1`).MatchString(out) {
		t.Errorf("--books: %d, %s%s", status, out, trouble)
	}
	if sha(t, filepath.Join(folder, "teamspro.db")) != before || len(names(t, folder)) != 1 {
		t.Errorf("something changed: %v", names(t, folder))
	}
}

func TestRestoreRefusals(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	backup := backedUp(t, folder)
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	raw, err := os.ReadFile(backup)
	if err == nil {
		err = os.WriteFile(damaged, raw[:len(raw)-5000], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	before := sha(t, filepath.Join(folder, "teamspro.db"))
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"no backup":              {[]string{filepath.Join(folder, "none")}, "no such file"},
		"damaged":                {[]string{damaged}, "is damaged"},
		"damaged, looked at":     {[]string{damaged, "--check"}, "is damaged"},
		"itself":                 {[]string{filepath.Join(folder, "teamspro.db")}, "no backup of it"},
		"a wish without a book":  {[]string{backup, "--to=19:a"}, "--book is missing"},
		"an owner without book":  {[]string{backup, "--owner=" + ada.id}, "--book is missing"},
		"no conversation":        {[]string{backup, "--book=north"}, "--to is missing"},
		"a personal chat":        {[]string{backup, "--book=north", "--to=a:1"}, "no group chat or channel"},
		"no team":                {[]string{backup, "--book=north", "--to=19:a", "--team=x"}, "--team"},
		"no person":              {[]string{backup, "--book=north", "--to=19:a", "--owner=ana"}, "--owner"},
		"another book":           {[]string{backup, "--book=west", "--to=19:a"}, "--books lists them"},
		"another tenant":         {[]string{backup, "--book=north", "--to=19:a", "--tenant=x"}, "holds nothing of"},
		"to nobody":              {[]string{backup, "--book=north", "--to=19:a", "--to-tenant=x"}, "add the app to a conversation there first"},
		"a book and all of them": {[]string{backup, "--book=north", "--to=19:a", "--check"}, "--check"},
	} {
		status, out, trouble := command(t, append([]string{"restore", "--data", folder}, row.args...)...)
		if status != 1 || !strings.Contains(trouble, row.want) {
			t.Errorf("%s: %d, %s%s", name, status, out, trouble)
		}
	}
	if sha(t, filepath.Join(folder, "teamspro.db")) != before {
		t.Error("the database changed")
	}
}

// TestRestoreWhileServing: the database of a running service stays.
func TestRestoreWhileServing(t *testing.T) {
	t.Parallel()
	_, folder := desk(t, nil)
	backup := backedUp(t, folder)
	if status, _, trouble := command(t, "restore", backup, "--data", folder); status != 1 || !strings.Contains(trouble, "stop it first") {
		t.Errorf("restore: %d, %s", status, trouble)
	}
	if status, _, trouble := command(t, "compact", "--data", folder); status != 1 || !strings.Contains(trouble, "--out FILE") {
		t.Errorf("compact: %d, %s", status, trouble)
	}
	if err := os.Remove(filepath.Join(folder, socketName)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"restore", backup}, {"compact"}} { // also one that has no socket
		if status, _, trouble := command(t, append(args, "--data", folder)...); status != 1 || !strings.Contains(trouble, "another process has") {
			t.Errorf("%s: %d, %s", args[0], status, trouble)
		}
	}
}

// TestRestoreBook: a book of a backup comes to another conversation of a service, running or not, once.
func TestRestoreBook(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		var folder string
		if running {
			_, folder = desk(t, nil)
		} else {
			folder = stored(t)
		}
		backup := backedUp(t, folder)
		args := []string{"restore", backup, "--data", folder, "--book=north", "--to=19:west", "--team=19:team", "--owner=" + strings.ToUpper(ada.id)}
		status, out, trouble := command(t, args...)
		if status != 0 || !strings.Contains(out, "Restored as book ") || !strings.Contains(out, ": 2 contacts.") || !strings.Contains(out, "has not been used") {
			t.Fatalf("running %v: %d, %s%s", running, status, out, trouble)
		}
		if status, again, trouble := command(t, args...); status != 0 || !strings.Contains(again, "there already") || !strings.Contains(again, "nothing was changed") {
			t.Errorf("running %v, again: %d, %s%s", running, status, again, trouble)
		}
		db := opened(t, backedUp(t, folder))
		books, err := db.Books().BooksFor(t.Context(), "t", "", "19:west")
		if err != nil || len(books) != 1 {
			t.Fatalf("running %v: %v, %v", running, books, err)
		}
		if k := books[0]; k.Team != "19:team" || !slices.Equal(k.Owners, []identity.Person{identity.Person(ada.id)}) || k.Kind != contact.ConversationBook || k.Removed != nil {
			t.Errorf("running %v: %+v", running, k)
		}
		if got := held(t, db, "t", books[0].ID); !slices.Equal(got, []string{"Person 0", "Person 1"}) {
			t.Errorf("running %v: in the book %v", running, got)
		}
		if got := held(t, db, "t", "north"); len(got) != 2 {
			t.Errorf("running %v: in the first book %v", running, got)
		}
		if got := acts(t, db, "t"); !slices.Contains(got, audit.BookRestored) || len(got) != 3 { // two backups
			t.Errorf("running %v: the audit log %v", running, got)
		}
	}
}

// held are the names in a book.
func held(t *testing.T, db *store.DB, tenant identity.Tenant, book contact.BookID) (all []string) {
	t.Helper()
	err := db.Contacts().Each(t.Context(), tenant, func(k contact.Contact) error {
		if k.Book == book {
			all = append(all, k.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestRestoreBookIsFound: people of the conversation find what was restored while the service ran, and it can be taken to another tenant.
func TestRestoreBookIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	s.say(ada, "add Ada Moved, moved@contoso.example")
	s.say(sol, "add Sol Other, other@contoso.example")
	backup := backedUp(t, w.data)
	_, out, _ := command(t, "restore", backup, "--data", w.data, "--books")
	book := regexp.MustCompile(`(?m)^` + north + ` +(\S+) +personal`).FindStringSubmatch(out)
	if book == nil {
		t.Fatalf("no book in %s", out)
	}
	if status, out, trouble := command(t, "restore", backup, "--data", w.data, "--book", book[1], "--to=19:west"); status != 1 || !strings.Contains(trouble, "--tenant is missing: the backup holds 2") {
		t.Errorf("whose: %d, %s%s", status, out, trouble)
	}
	status, out, trouble := command(t, "restore", backup, "--data", w.data, "--tenant", north, "--book", book[1], "--to=19:west", "--to-tenant", south, "--owner", sol.id, "--name=Brought")
	if status != 0 || !strings.Contains(out, "1 contact.") {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	db := opened(t, backedUp(t, w.data))
	books, err := db.Books().BooksFor(t.Context(), south, "", "19:west")
	if err != nil || len(books) != 1 || books[0].Name != "Brought" {
		t.Fatalf("%+v, %v", books, err)
	}
	if got := held(t, db, south, books[0].ID); !slices.Equal(got, []string{"Ada Moved"}) {
		t.Errorf("in the book: %v", got)
	}
}

// TestRestoreFullDisk: a disk without room for another copy leaves the database as it is, restored or compacted.
func TestRestoreFullDisk(t *testing.T) {
	t.Parallel()
	backup := backedUp(t, large(t))
	for _, args := range [][]string{{"restore", backup}, {"compact"}} {
		folder := large(t)
		before := sha(t, filepath.Join(folder, "teamspro.db"))
		cmd := exec.Command("sh", append([]string{"-c", `ulimit -f 512 && exec "$@"`, "sh", os.Args[0]}, append(args, "--data", folder)...)...)
		cmd.Env = []string{childRole + "=operator"}
		said, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "cannot be used") || !strings.Contains(string(said), "file too large") {
			t.Errorf("%s: %v: %s", args[0], err, said)
		}
		if sha(t, filepath.Join(folder, "teamspro.db")) != before || len(names(t, folder)) != 1 {
			t.Errorf("%s left %v", args[0], names(t, folder))
		}
	}
}
