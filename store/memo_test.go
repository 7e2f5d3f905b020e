package store

import (
	"path/filepath"
	"strconv"
	"testing"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
)

// TestMemo: what is in the file counts, whatever was read before, and each tenant's for itself.
func TestMemo(t *testing.T) {
	t.Parallel()
	d := openAt(t, filepath.Join(t.TempDir(), "memo.db"))
	m := memo[stampRecord, stampRecord]{of: itself[stampRecord]}
	read := func(tenant identity.Tenant) (by string) {
		t.Helper()
		if err := d.read(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
			r, _, err := m.load(tenant, tb.Bucket([]byte(bucketMarks)), []byte("key"))
			by = r.By
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return by
	}
	write := func(tenant identity.Tenant, value any) {
		t.Helper()
		if err := d.write(t.Context(), "test", tenant, func(tb *bbolt.Bucket) error {
			return save(tb.Bucket([]byte(bucketMarks)), "test", []byte("key"), value)
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, tenant := range []identity.Tenant{"north", "south", "north", "south"} {
		write(tenant, stampRecord{By: strconv.Itoa(i)})
		if first, again := read(tenant), read(tenant); first != strconv.Itoa(i) || again != first {
			t.Errorf("%s: %q and %q, and not %d", tenant, first, again, i)
		}
	}
	if read("north") != "2" || read("south") != "3" || read("west") != "" {
		t.Error("the tenants were mixed up")
	}
	if err := d.write(t.Context(), "test", "north", func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketMarks)).Delete([]byte("key")) }); err != nil {
		t.Fatal(err)
	}
	if read("north") != "" {
		t.Error("what was deleted was read")
	}
	for i := range memoMost + 1 {
		m.keep(memoKey{"north", strconv.Itoa(i)}, remembered[stampRecord]{})
	}
	if len(m.kept) > memoMost {
		t.Errorf("%d are kept", len(m.kept))
	}
}
