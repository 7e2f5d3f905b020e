package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// large gives a folder whose database has some megabytes.
func large(t *testing.T) string {
	t.Helper()
	folder := stored(t)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	step := contact.Step{ID: "filler", At: time.Now()}
	for i := range contact.MaxPortion {
		step.Changes = append(step.Changes, contact.Change{ID: contact.StepChange(step.ID, i), Act: contact.Added, Contact: contact.ID(fmt.Sprint("f", i)), Book: "north", Version: 1,
			After: &contact.Record{Kind: contact.Person, Name: "Tova Quell", Notes: strings.Repeat("n", 1000), Hours: strings.Repeat("h", 2000)}})
	}
	if _, err := db.Contacts().ApplyAll(t.Context(), "t", step); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// opened reads a copy.
func opened(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.OpenCopy(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// names lists a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func sha(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// acts are what the audit log of a tenant says was done.
func acts(t *testing.T, db *store.DB, tenant identity.Tenant) (all []audit.Act) {
	t.Helper()
	entries, err := db.Audit().Entries(t.Context(), tenant, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Act)
	}
	return all
}

func TestBackupStopped(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	status, out, trouble := command(t, "backup", "--data", folder, "--out", file)
	if status != 0 || trouble != "" {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	for _, want := range []string{file, "3 contacts", "1 tenant", fmt.Sprint("schema ", store.Schema()), "SHA-256 " + sha(t, file), "links.key"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if got := acts(t, opened(t, file), "t"); len(got) != 1 || got[0] != audit.BackupMade {
		t.Errorf("the audit log in the copy: %v", got)
	}
	if left := names(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestBackupToOutput: what goes to standard output is the file and nothing else.
func TestBackupToOutput(t *testing.T) {
	t.Parallel()
	var out, trouble bytes.Buffer
	if status := run(t.Context(), []string{"backup", "--data", stored(t), "--out=-"}, &out, &trouble); status != 0 {
		t.Fatal(trouble.String())
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := opened(t, file).About(t.Context()); err != nil || a.Contacts != 3 || !strings.Contains(trouble.String(), sha(t, file)) {
		t.Errorf("%+v, %v, %s", a, err, trouble.String())
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	folder, elsewhere := stored(t), t.TempDir()
	link := filepath.Join(elsewhere, "link.db")
	if err := os.Symlink(filepath.Join(folder, "teamspro.db"), link); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ data, out, want string }{
		"no database":      {t.TempDir(), filepath.Join(elsewhere, "a.db"), "there is no database"},
		"no folder":        {folder, filepath.Join(elsewhere, "no", "a.db"), "no such file"},
		"a folder":         {folder, elsewhere, "not a regular file"},
		"the database":     {folder, filepath.Join(folder, "teamspro.db"), "is the database itself"},
		"a link to it":     {folder, link, "is the database itself"},
		"a rate below 0":   {folder, filepath.Join(elsewhere, "a.db"), "--rate"},
		"nowhere to write": {folder, "", "--out"},
	} {
		args := []string{"backup", "--data", row.data}
		if row.out != "" {
			args = append(args, "--out", row.out)
		}
		if name == "a rate below 0" {
			args = append(args, "--rate=-1")
		}
		if status, _, trouble := command(t, args...); status != 1 || !strings.Contains(trouble, row.want) {
			t.Errorf("%s: %d, %s", name, status, trouble)
		}
	}
	if left := names(t, elsewhere); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestBackupOldSchema: the file of an older program is copied as it is, and stays so.
func TestBackupOldSchema(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	path := filepath.Join(folder, "teamspro.db")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, fmt.Append(nil, "schema", store.Schema()), []byte("schema4"))
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	before, file := sha(t, path), filepath.Join(t.TempDir(), "copy.db")
	status, out, trouble := command(t, "backup", "--data", folder, "--out", file)
	if status != 0 || !strings.Contains(out, "schema 4") || sha(t, path) != before {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
}

// A full disk is said, and what was there under the name stays.
func TestBackupFullDisk(t *testing.T) {
	t.Parallel()
	folder, elsewhere := large(t), t.TempDir()
	file := filepath.Join(elsewhere, "copy.db")
	if err := os.WriteFile(file, []byte("the one before"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `ulimit -f 512 && exec "$@"`, "sh", os.Args[0], "backup", "--data", folder, "--out", file, "--rate=0")
	cmd.Env = []string{childRole + "=backup"}
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "nothing was written") || !strings.Contains(string(said), "file too large") {
		t.Errorf("%v: %s", err, said)
	}
	if before, err := os.ReadFile(file); err != nil || string(before) != "the one before" || len(names(t, elsewhere)) != 1 {
		t.Errorf("%q, %v, %v", before, err, names(t, elsewhere))
	}
}

// A backup that is killed leaves nothing under the name.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	folder, elsewhere := large(t), t.TempDir()
	file := filepath.Join(elsewhere, "copy.db")
	cmd := exec.Command(os.Args[0], "backup", "--data", folder, "--out", file, "--rate=1")
	cmd.Env = []string{childRole + "=backup"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "half a copy is written", func() bool {
		parts, _ := filepath.Glob(file + ".part-*")
		if len(parts) == 0 {
			return false
		}
		info, err := os.Stat(parts[0])
		return err == nil && info.Size() > 0
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if cmd.Wait() == nil {
		t.Fatal("it had ended before")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("half a copy has the name")
	}
	if status, out, trouble := command(t, "backup", "--data", folder, "--out", file); status != 0 {
		t.Errorf("again: %s%s", out, trouble)
	}
}

// TestBackupServiceKilled: a service that is killed in the middle of a copy leaves no file, and the command says so.
func TestBackupServiceKilled(t *testing.T) {
	t.Parallel()
	folder, elsewhere := large(t), t.TempDir()
	s := newWorld(t).spawn("TEAMSPRO_DATA", folder)
	file := filepath.Join(elsewhere, "copy.db")
	said := make(chan string, 1)
	go func() {
		var trouble strings.Builder
		run(t.Context(), []string{"backup", "--data", folder, "--out", file, "--rate=1"}, &trouble, &trouble)
		said <- trouble.String()
	}()
	eventually(t, 30*time.Second, "half a copy is written", func() bool {
		parts, _ := filepath.Glob(file + ".part-*")
		if len(parts) == 0 {
			return false
		}
		info, err := os.Stat(parts[0])
		return err == nil && info.Size() > 0
	})
	s.kill()
	if trouble := <-said; !strings.Contains(trouble, "broke off") || !strings.Contains(trouble, "nothing was written") {
		t.Errorf("the command said %q", trouble)
	}
	if left := names(t, elsewhere); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestBackupWhileServing: the running service gives the copy, with what was added before, and goes on meanwhile.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	s.say(ada, "add Ada Hotcopy, hotcopy@contoso.example")
	file := filepath.Join(t.TempDir(), "copy.db")
	status, out, trouble := command(t, "backup", "--data", w.data, "--out", file)
	if status != 0 || !strings.Contains(out, "1 contact\n") {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	if n := s.contacts(ada, "hotcopy@contoso.example"); n != 1 {
		t.Errorf("the service finds %d", n)
	}
	if got := acts(t, opened(t, file), north); len(got) != 1 || got[0] != audit.BackupMade {
		t.Errorf("the audit log in the copy: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := run(ctx, []string{"backup", "--data", w.data, "--out", file + "2"}, &strings.Builder{}, &strings.Builder{}); status != 1 || len(names(t, filepath.Dir(file))) != 1 {
		t.Errorf("a command that was stopped: %d, %v", status, names(t, filepath.Dir(file)))
	}
}
