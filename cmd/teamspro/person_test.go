package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// A person who is erased, and what is known of her.
const (
	leavingTenant = "0d7a1f9e-0000-4000-8000-0000000000aa"
	leavingPerson = "0d9a7c11-5e0f-4b1c-9a77-00000000a001"
	leavingMail   = "zoe.quarrel@north.example"
	leavingName   = "Zoë & <Quarrel>"
	leavingPhone  = "+12025550142"
)

// leavingData is a folder in which she has left traces, with a search index that was saved.
func leavingData(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	ctx := t.Context()
	at, err := openPremises(ctx, makeDatabase(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	tenant, person := identity.Tenant(leavingTenant), identity.Person(leavingPerson)
	who := identity.Caller{Tenant: tenant, Person: person, Conversation: "a:1the-chat-with-her", Place: identity.Personal}
	owner := identity.Person("0d9a7c11-5e0f-4b1c-9a77-00000000b002")
	errs := []error{
		at.db.Profiles().KeepProfile(ctx, tenant, identity.Profile{Person: person, Name: leavingName, Mail: leavingMail, Read: time.Now()}),
		at.db.Tokens().Keep(ctx, tenant, person, "app", []byte("sealed")),
		at.db.Conversations().Remember(ctx, tenant, identity.Reference{Conversation: who.Conversation, Place: identity.Personal, App: "app", Installer: person}),
		at.db.Books().SaveBook(ctx, tenant, contact.Book{ID: "shared", Kind: contact.ConversationBook, Home: "19:sales@thread.example", Owners: []identity.Person{person, owner}, Version: 1}),
	}
	_, err = at.books.Add(ctx, who, "", contact.Record{Name: "Odo Brandt"}, identity.Deed{Key: "1", Surface: "dialog"})
	errs = append(errs, err)
	for i, c := range []contact.Record{{Name: leavingName, Emails: []string{leavingMail}}, {Name: leavingName, Phones: []contact.Phone{{Number: leavingPhone, E164: leavingPhone}}}, {Name: "Ines Prata"}} {
		_, err := at.db.Contacts().Apply(ctx, tenant, contact.Change{Act: contact.Added, Contact: contact.ID(fmt.Sprint("k", i)), Book: "shared", Version: 1, By: person, After: &c})
		errs = append(errs, err)
	}
	at.books.DropIndex(tenant) // it was filled before these
	errs = append(errs, at.books.Load(ctx, tenant), at.books.SaveIndexes(ctx, 0), at.db.Close())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return folder
}

func makeDatabase(t *testing.T, folder string) string {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return folder
}

// traces lists where in a folder a text stands, once the database is compacted.
func traces(t *testing.T, folder string, texts ...string) (found []string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(t.TempDir(), "compact.db")
	if err := errors.Join(db.Compact(t.Context(), small), db.Close()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, small) {
		if filepath.Base(file) == "teamspro.db" || filepath.Base(file) == socketName {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, tracesIn(raw, filepath.Base(file), texts...)...)
	}
	return found
}

// tracesIn looks for texts as they are, as JSON writes them, and as the search index folds them.
func tracesIn(raw []byte, where string, texts ...string) (found []string) {
	for _, text := range texts {
		escaped, _ := json.Marshal(text)
		for _, form := range []string{text, strings.Trim(string(escaped), `"`), strings.ToLower(text)} {
			if bytes.Contains(raw, []byte(form)) {
				found = append(found, where+": "+form)
			}
		}
	}
	return found
}

// serviceAt lets tasks be handed to a service, whose log is given; stop ends it.
func serviceAt(t *testing.T, folder string) (log *bytes.Buffer, stop func()) {
	t.Helper()
	at, err := openPremises(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	log = new(bytes.Buffer)
	at.log, at.alone = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), false
	at.retention = at.ownRetention(store.Keep{Grace: time.Hour})
	desk, err := openCounter(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	go desk.serve()
	return log, func() {
		desk.close()
		if err := at.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A person is exported and erased with the commands, in a service that runs and in one that does not; then nothing of them is
// found in any file or in the log.
func TestPersonIsErased(t *testing.T) {
	t.Parallel()
	all := []string{leavingPerson, leavingMail, leavingName, "quarrel", leavingPhone, "12025550142", "a:1the-chat-with-her"}
	for _, runs := range []bool{false, true} {
		folder := leavingData(t)
		if found := traces(t, folder, all...); len(found) < len(all) || !strings.Contains(strings.Join(found, " "), ".idx: quarrel") {
			t.Fatalf("before: only %q", found)
		}
		log, stop := new(bytes.Buffer), func() {}
		if runs {
			log, stop = serviceAt(t, folder)
		}
		about := []string{leavingPerson, "--data", folder, "--tenant", leavingTenant, "--phone", leavingPhone}
		file := filepath.Join(t.TempDir(), "zoe.json")
		status, out, trouble := command(t, append([]string{"person", "export", "-o", file}, about...)...)
		if status != 0 || !strings.Contains(out, "2  contacts about you\n") || !strings.Contains(out, "1  profile\n") {
			t.Errorf("export: %d %s%s", status, out, trouble)
		}
		status, out, trouble = command(t, append([]string{"person", "erase", "--contacts", "--dry-run"}, about...)...)
		if status != 0 || !strings.Contains(out, "1  profiles: would be erased") || !strings.Contains(out, "contacts: would be erased") {
			t.Errorf("dry run: %d %s%s", status, out, trouble)
		}
		status, out, trouble = command(t, append([]string{"person", "erase", "--contacts"}, about...)...)
		if status != 0 || !strings.Contains(out, "1  profiles: erased") || !strings.Contains(out, "Backups keep what they hold") {
			t.Errorf("erase: %d %s%s", status, out, trouble)
		}
		status, out, trouble = command(t, append([]string{"person", "erase", "--contacts"}, about...)...)
		if status != 0 || !strings.Contains(out, "Nothing is known of this person.") {
			t.Errorf("again: %d %s%s", status, out, trouble)
		}
		stop()
		if found := append(traces(t, folder, all...), tracesIn(log.Bytes(), "log", all...)...); len(found) > 0 {
			t.Errorf("after, running %v: %q", runs, found)
		}
		if found := traces(t, folder, "Ines Prata"); len(found) == 0 {
			t.Error("others are gone, too")
		}
		if runs && !strings.Contains(log.String(), "person-erase") {
			t.Errorf("the service was not asked: %s", log)
		}
	}
}

func TestPersonCommandsRefuse(t *testing.T) {
	t.Parallel()
	folder := leavingData(t)
	for _, row := range []struct{ args, says string }{
		{"person erase x --tenant nobody", "nothing is stored of"},
		{"person export x --tenant nobody -o " + filepath.Join(t.TempDir(), "f"), "nothing is stored of"},
		{"tenant erase --tenant nobody --confirm nobody", "nothing is stored of"},
		{"tenant erase --tenant " + leavingTenant + " --confirm other", "--confirm is not the id"},
		{"tenant export --tenant nobody -o " + filepath.Join(t.TempDir(), "f"), "nothing is stored of"},
		{"retention --tenant nobody", "nothing is stored of"},
		{"retention --grace soon", "TEAMSPRO_GRACE is not a number"},
		{"retention --keep-audit 4000d", "TEAMSPRO_KEEP_AUDIT is more than ten years"},
	} {
		status, out, trouble := command(t, append(strings.Fields(row.args), "--data", folder)...)
		if status == 0 || !strings.Contains(trouble, row.says) {
			t.Errorf("%s: %d %s%s", row.args, status, out, trouble)
		}
	}
	if found := traces(t, folder, leavingName); len(found) == 0 {
		t.Error("something was erased")
	}
}

// An organisation is exported whole and erased, with its search index.
func TestTenantIsErased(t *testing.T) {
	t.Parallel()
	for _, runs := range []bool{false, true} {
		folder := leavingData(t)
		log, stop := new(bytes.Buffer), func() {}
		if runs {
			log, stop = serviceAt(t, folder)
		}
		file := filepath.Join(t.TempDir(), "north.zip")
		status, out, trouble := command(t, "tenant", "export", "--data", folder, "--tenant", leavingTenant, "-o", file)
		if status != 0 || !regexp.MustCompile(`^\d\d records written`).MatchString(out) {
			t.Errorf("export: %d %s%s", status, out, trouble)
		}
		archive, err := zip.OpenReader(file)
		if err != nil || len(archive.File) != 1 || archive.File[0].Name != "north.jsonl" {
			t.Errorf("archive: %v", err)
		}
		status, out, trouble = command(t, "tenant", "erase", "--data", folder, "--tenant", leavingTenant, "--confirm", leavingTenant)
		if status != 0 || !strings.Contains(out, "its audit log among them") {
			t.Errorf("erase: %d %s%s", status, out, trouble)
		}
		stop()
		if found := append(traces(t, folder, leavingName, leavingMail, "Ines Prata", "Odo Brandt", leavingPerson), tracesIn(log.Bytes(), "log", leavingMail, "Ines Prata")...); len(found) > 0 {
			t.Errorf("after, running %v: %q", runs, found)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "*.idx")); len(left) > 0 {
			t.Errorf("the search index is still there: %v", left)
		}
	}
}

// What a dry run counts, the run erases; also what left the trash, from the search index.
func TestRetentionCommand(t *testing.T) {
	t.Parallel()
	folder := leavingData(t)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Contacts().Apply(t.Context(), leavingTenant, contact.Change{Act: contact.Deleted, Contact: "k0", Book: "shared", Version: 2, By: leavingPerson,
		At: time.Now().AddDate(0, 0, -contact.TrashDays-1)})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(folder, "teamspro.db.schema-5")
	old := time.Now().Add(-copiesKept)
	if err := errors.Join(os.WriteFile(copied, []byte("old"), 0o600), os.Chtimes(copied, old, old)); err != nil {
		t.Fatal(err)
	}
	status, out, trouble := command(t, "retention", "--data", folder, "--dry-run")
	want := "1  trashtimes               older than 30 days\n"
	if status != 0 || !strings.Contains(out, want) || !strings.Contains(out, "Nothing was erased.") || !strings.Contains(out, "schema-5") {
		t.Errorf("dry run: %d %s%s", status, out, trouble)
	}
	if found := traces(t, folder, leavingMail); len(found) == 0 {
		t.Error("the dry run erased it")
	}
	status, out, trouble = command(t, "retention", "--data", folder, "--tenant", leavingTenant)
	if status != 0 || !strings.Contains(out, want) {
		t.Errorf("run: %d %s%s", status, out, trouble)
	}
	if _, err := os.Stat(copied); err == nil {
		t.Error("the old copy is still there")
	}
	status, out, trouble = command(t, "retention", "--data", folder, "--dry-run")
	if status != 0 || !strings.Contains(out, "nothing is due") {
		t.Errorf("again: %d %s%s", status, out, trouble)
	}
}

// Every file that lies beside the database is in the data map.
func TestFilesAreInTheDataMap(t *testing.T) {
	t.Parallel()
	folder := leavingData(t)
	_, stop := serviceAt(t, folder)
	defer stop()
	for _, made := range []func() error{
		func() error { _, err := linkKey(filepath.Join(folder, "links.key")); return err },
		func() error { return os.Mkdir(filepath.Join(folder, "previews"), 0o700) },
		func() error { return os.WriteFile(filepath.Join(folder, "teamspro.db.schema-5"), nil, 0o600) },
	} {
		if err := made(); err != nil {
			t.Fatal(err)
		}
	}
	var forms []string
	for _, d := range dataMap(store.Keep{}) {
		for name := range strings.SplitSeq(d.Bucket, ", ") {
			forms = append(forms, strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(name, "/")), "…", ".+"))
		}
	}
	known := regexp.MustCompile(`^(teamspro\.db|` + strings.Join(forms, "|") + `)$`)
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 6 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if !known.MatchString(f.Name()) {
			t.Errorf("%s is not in the data map", f.Name())
		}
	}
}
