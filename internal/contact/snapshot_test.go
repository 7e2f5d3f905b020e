package contact

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/identity"
)

func saved(t testing.TB, x *Index, stamp string) []byte {
	var b bytes.Buffer
	if err := x.Save(&b, acme, stamp); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What was saved answers as what it was saved from, and goes on changing.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	for shape, x := range shapes(people()...) {
		y := NewIndex()
		if err := y.Restore(saved(t, x, "17"), acme, "17"); err != nil {
			t.Fatal(shape, err)
		}
		for _, query := range []string{"", "marta", "weber@", "06 12 34", "wbeer", "#vip", "marta in sales", `"head of"`} {
			want, n := x.Search(context.Background(), acme, []BookID{"b"}, ParseQuery(query), 9)
			got, m := y.Search(context.Background(), acme, []BookID{"b"}, ParseQuery(query), 9)
			if diff := cmp.Diff(want, got); diff != "" || n != m {
				t.Errorf("%s, %q: %d and %d: %s", shape, query, n, m, diff)
			}
		}
		if diff := cmp.Diff(x.Tags(acme, []BookID{"b"}), y.Tags(acme, []BookID{"b"})); diff != "" || y.Count(acme, "b") != 5 {
			t.Errorf("%s: %d contacts, tags %s", shape, y.Count(acme, "b"), diff)
		}
		y.Put(acme, Contact{ID: "marta", Book: "b", Version: 2, Record: Record{Name: "Berta Weber"}})
		y.Put(acme, Contact{ID: "jp", Book: "b", Version: 1, Record: Record{Name: "Late"}})
		y.Remove(acme, "b", "ana", 1)
		if got := y.ask("berta"); got != "marta" || y.ask("logistics") != "" || y.ask("late") != "" || y.Count(acme, "b") != 4 || len(y.Tags(acme, []BookID{"b"})) != 1 {
			t.Errorf("%s: after changes %q, %d contacts, %v", shape, got, y.Count(acme, "b"), y.Tags(acme, []BookID{"b"}))
		}
	}
}

func TestSnapshotOfNobody(t *testing.T) {
	t.Parallel()
	x, y := NewIndex(), NewIndex()
	if err := y.Restore(saved(t, x, ""), acme, ""); err != nil {
		t.Fatal(err)
	}
	y.Put(acme, Contact{ID: "a", Book: "b", Version: 1, Record: Record{Name: "Anna"}})
	if got := y.ask("anna"); got != "a" {
		t.Errorf("found %q", got)
	}
}

func TestSnapshotRefused(t *testing.T) {
	t.Parallel()
	good := saved(t, stocked(people()...), "17")
	older := append([]byte(nil), good...)
	older[len(snapshotMagic)-1]--
	for _, tt := range []struct {
		name   string
		data   []byte
		tenant identity.Tenant
		stamp  string
	}{
		{"nothing", nil, acme, "17"},
		{"another tenant", good, "11111111-1111-4111-8111-111111111111", "17"},
		{"an older state", good, acme, "18"},
		{"another version", resealed(older), acme, "17"},
		{"something behind it", append(append([]byte(nil), good...), 0), acme, "17"},
	} {
		x := NewIndex()
		if err := x.Restore(tt.data, tt.tenant, tt.stamp); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	x := stocked(people()...)
	if err := x.Restore(good, acme, "17"); !errors.Is(err, ErrSnapshot) || x.Count(acme, "b") != 5 {
		t.Errorf("onto contacts: %v, %d contacts", err, x.Count(acme, "b"))
	}
}

// A byte that is not as it was, or is not there, is noticed wherever it is.
func TestSnapshotDamage(t *testing.T) {
	t.Parallel()
	good := saved(t, stocked(people()...), "17")
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1 << (i % 8)
		if err := NewIndex().Restore(bad, acme, "17"); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("byte %d of %d: %v", i, len(good), err)
		}
		if err := NewIndex().Restore(good[:i], acme, "17"); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("cut off at %d of %d: %v", i, len(good), err)
		}
	}
}

func TestSaveFails(t *testing.T) {
	t.Parallel()
	x := stocked(people()...)
	size := len(saved(t, x, "17"))
	for room := range size {
		if err := x.Save(&narrow{room}, acme, "17"); !errors.Is(err, errNoRoom) {
			t.Fatalf("%d of %d bytes have room: %v", room, size, err)
		}
	}
	if err := x.Save(&narrow{size}, acme, string(make([]byte, maxStamp+1))); err == nil {
		t.Error("a stamp that is too long is written")
	}
}

var errNoRoom = errors.New("no room")

// narrow is a disk with room for some bytes.
type narrow struct{ room int }

func (n *narrow) Write(p []byte) (int, error) {
	if n.room -= len(p); n.room < 0 {
		return 0, errNoRoom
	}
	return len(p), nil
}

func resealed(data []byte) []byte {
	body := data[:len(data)-snapshotFoot]
	return binary.LittleEndian.AppendUint32(append([]byte(nil), body...), crc32.Checksum(body, castagnoli))
}

// Whatever the bytes are, they are refused unless they are what was saved. With a sum that fits, the lengths and names
// before the segment are what is looked at.
func FuzzRestore(f *testing.F) {
	good := saved(f, stocked(people()...), "17")
	f.Add(good, false)
	f.Add(good[:40], true)
	f.Add([]byte(snapshotMagic), true)
	f.Add(saved(f, NewIndex(), "17"), true)
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		if seal && len(data) >= snapshotFoot {
			data = resealed(data)
		}
		raw, err := openSnapshot(data, acme, "17")
		if err != nil && !errors.Is(err, ErrSnapshot) {
			t.Fatal(err)
		}
		if len(raw) > len(data) {
			t.Fatal("more than there is")
		}
		if !seal && NewIndex().Restore(data, acme, "17") == nil && !bytes.Equal(data, good) && len(raw) > 0 {
			t.Fatal("other bytes are taken")
		}
	})
}
