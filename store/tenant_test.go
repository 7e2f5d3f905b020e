package store

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// An organisation that is erased leaves no byte, however much it had; the other one is whole.
func TestErasedTenantLeavesNoByte(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	live(t, db)
	ctx := t.Context()
	for i := range 600 {
		if _, err := db.Contacts().Apply(ctx, north, added(fmt.Sprint("m", i), contact.Record{Name: "Zebulon Quarck"})); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Contacts().Apply(ctx, south, added("c1", contact.Record{Name: "Odo Brandt"})); err != nil {
		t.Fatal(err)
	}
	n, err := db.EraseTenant(ctx, north)
	if err != nil || n < 2000 {
		t.Fatalf("%d, %v", n, err)
	}
	raw := compactBytes(t, db)
	if found := holding(raw, append(hers, string(north), string(otto), "Quarck", string(sales), string(quay))...); len(found) > 0 {
		t.Errorf("%q are in the file", found)
	}
	if found := holding(raw, "Odo Brandt"); len(found) == 0 {
		t.Error("the other one is gone, too")
	}
	if waiting, _ := db.Outbox().Waiting(ctx); waiting != 0 {
		t.Errorf("%d notices wait", waiting)
	}
	if due, _, err := db.Outbox().Due(ctx, db.now().AddDate(1, 0, 0), 10, nil); err != nil || len(due) > 0 {
		t.Errorf("due: %+v, %v", due, err)
	}
	tenants, err := db.Tenants(ctx)
	if err != nil || len(tenants) != 1 || tenants[0] != south {
		t.Errorf("tenants: %v, %v", tenants, err)
	}
	if n, err := db.EraseTenant(ctx, north); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	if _, err := db.Contacts().Apply(ctx, north, added("c1", contact.Record{Name: "Odo Brandt"})); err != nil {
		t.Errorf("it cannot begin again: %v", err)
	}
}

// Everything of an organisation is written, whole, and nothing of another or of a sign-in.
func TestTenantIsExported(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	live(t, db)
	ctx := t.Context()
	if _, err := db.Contacts().Apply(ctx, south, added("c1", contact.Record{Name: "Odo Brandt"})); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := db.ExportTenant(ctx, north, &out)
	if err != nil {
		t.Fatal(err)
	}
	buckets, lines := map[string]int{}, 0
	for s := bufio.NewScanner(&out); s.Scan(); lines++ {
		var l Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		buckets[l.Bucket]++
		if bytes.Contains(s.Bytes(), []byte("Odo Brandt")) || bytes.Contains(s.Bytes(), []byte("c2VhbGVk")) {
			t.Errorf("in the file: %s", s.Bytes())
		}
	}
	for _, name := range tenantBuckets() {
		want := keys(t, db, name)
		switch name {
		case bucketAudit:
			want-- // that it was exported
		}
		if buckets[name] != want {
			t.Errorf("bucket %s: %d lines, want %d", name, buckets[name], want)
		}
	}
	if lines != n {
		t.Errorf("%d lines, said %d", lines, n)
	}
	if _, err := db.ExportTenant(ctx, identity.Tenant("nobody"), &out); !fault.Is(err, fault.NotFound) && !errors.Is(err, fault.New(fault.NotFound, "", "")) {
		t.Errorf("of a tenant that is not there: %v", err)
	}
}
