package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"teamspro/internal/audit"
	"teamspro/store"
)

// audited gives a folder whose tenants have entries in their logs: t three of different ages, u one.
func audited(t *testing.T) string {
	t.Helper()
	folder := stored(t)
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, subject := range []string{"book-a", "book-b", "book-c"} {
		e := audit.Entry{At: day.Add(time.Duration(i) * 24 * time.Hour), By: "ana", Surface: "dialog", Act: audit.BookConfigured, Subject: subject}
		if err := db.Audit().Enter(t.Context(), "t", e); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Audit().Enter(t.Context(), "u", audit.Entry{At: day, Surface: "service", Act: audit.BookErased, Subject: "book-d"}); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestAuditVerify(t *testing.T) {
	t.Parallel()
	folder := audited(t)
	status, out, trouble := command(t, "audit", "verify", "--data", folder)
	if status != 0 || !strings.Contains(out, "t: whole, 3 entries") || !strings.Contains(out, "u: whole, 1 entry") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	if status, out, _ := command(t, "audit", "verify", "--data", folder, "--tenant=u"); status != 0 || strings.Contains(out, "t: ") {
		t.Errorf("one tenant: %d, %s", status, out)
	}
	if status, _, trouble := command(t, "audit", "verify", "--data", folder, "--tenant=x"); status != 1 || !strings.Contains(trouble, "nothing is stored") {
		t.Errorf("another tenant: %d, %s", status, trouble)
	}
	path := filepath.Join(folder, "teamspro.db") // somebody changes an entry in the file
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.ReplaceAll(raw, []byte(`"book-b"`), []byte(`"book-x"`)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	status, out, trouble = command(t, "audit", "verify", "--data", folder)
	if status != 1 || !strings.Contains(out, "t: entry 2 of the audit log was changed") || !strings.Contains(out, "u: whole") || !strings.Contains(trouble, "1 audit log") {
		t.Errorf("changed: %d, %s%s", status, out, trouble)
	}
}

func TestAuditExport(t *testing.T) {
	t.Parallel()
	folder := audited(t)
	status, out, trouble := command(t, "audit", "export", "--data", folder, "--tenant=t", "--since=2026-11-21T00:00:00Z")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last auditLine
	if status != 0 || len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &last) != nil {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	want := auditLine{Tenant: "t", Number: 3, At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), By: "ana", Surface: "dialog", Act: audit.BookConfigured, Subject: "book-c", Hash: last.Hash}
	if last != want || len(last.Hash) != 64 {
		t.Errorf("got %+v", last)
	}
	file := filepath.Join(t.TempDir(), "audit.csv")
	if status, out, trouble := command(t, "audit", "export", "--data", folder, "--format=csv", "-o", file); status != 0 || out != "" {
		t.Fatalf("%d, %s%s", status, out, trouble)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) != 5 || rows[0][6] != "subject" || rows[4][0] != "u" || rows[4][6] != "book-d" {
		t.Errorf("%v, %v", rows, err)
	}
	if status, _, trouble := command(t, "audit", "export", "--data", folder, "--since=yesterday"); status != 1 || !strings.Contains(trouble, "--since") {
		t.Errorf("%d, %s", status, trouble)
	}
}

// TestAuditWhileServing: the running service is asked.
func TestAuditWhileServing(t *testing.T) {
	t.Parallel()
	_, folder := desk(t, nil)
	backedUp(t, folder)
	if status, out, trouble := command(t, "audit", "verify", "--data", folder); status != 0 || !strings.Contains(out, "1 entry") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	if status, out, trouble := command(t, "audit", "export", "--data", folder); status != 0 || !strings.Contains(out, `"act":"backup-made"`) {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
}

func TestSinceWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                     {},
		"72h":                  now.Add(-72 * time.Hour),
		"0s":                   now,
		"2026-11-20":           time.Date(2026, 11, 20, 0, 0, 0, 0, time.Local),
		"2026-11-20T08:00:00Z": time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
	} {
		if got, err := sinceWhen(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"-1h", "20.11.2026", "2026-13-01", "soon"} {
		if got, err := sinceWhen(s, now); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}
