package store

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"teamspro/internal/contact"
)

// What the pen writes is what json.Marshal writes: the reader knows only that, and files of both are one.
func TestEncodeIsWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		detail := drawnDetail().Draw(t, "detail")
		raw, err := detail.encode()
		same(t, raw, err, detail)

		c := contactRecord{drawnText().Draw(t, "book"), detail, rapid.Int().Draw(t, "version"), drawnStamp().Draw(t, "created"), drawnStamp().Draw(t, "changed")}
		got, err := c.encode(raw)
		same(t, got, err, c)

		r := changeRecord{Act: drawnText().Draw(t, "act"), Contact: drawnText().Draw(t, "contact"), Book: drawnText().Draw(t, "book"), Version: 2,
			By: drawnText().Draw(t, "by"), At: drawnStamp().Draw(t, "at").At, Surface: drawnText().Draw(t, "surface"), Undoes: drawnText().Draw(t, "undoes")}
		var before, after []byte
		if rapid.Bool().Draw(t, "has before") {
			r.Before, before = &detail, raw
		}
		if rapid.Bool().Draw(t, "has after") {
			r.After, after = &detail, raw
		}
		got, err = encodeChange(r.change("c"), before, after)
		same(t, got, err, r)
		gone := trashRecord{c, drawnText().Draw(t, "deletion")}
		got, err = encodeTrash(c, raw, contact.ChangeID(gone.Change))
		same(t, got, err, gone)
		marks := drawnMarks().Draw(t, "marks")
		got, err = marks.encode()
		same(t, got, err, marks)
	})
}

func same(t *rapid.T, got []byte, err error, v any) {
	t.Helper()
	want, wrong := json.Marshal(v)
	if err != nil || wrong != nil || string(got) != string(want) {
		t.Fatalf("got  %s (%v)\nwant %s (%v)", got, err, want, wrong)
	}
}

// asMarshals holds a record that was encoded by hand to encoding/json, there and back.
func asMarshals[R any](t *rapid.T, r R, raw []byte, err error, scan func(*scanner) R) {
	t.Helper()
	same(t, raw, err, r)
	var want R
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got, ok := read(raw, map[string]string{}, scan)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Fatalf("ok %v (-want +got):\n%s", ok, diff)
	}
}

// Texts that look harmless and are not, each in a place where texts usually are.
func TestQuoteIsWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Marta", "Zoë Ångström", "日本", "👩\u200d🚀", `a"b`, `a\b`, "a<b>&c", "tab\there", "\x00", "\x1f", "\x7f", "line\u2028and\u2029more", "\u2027\u2030",
		"\xff", "half \xe2\x80", "\xed\xa0\x80", "\ufffd",
	} {
		p := &pen{}
		p.quote(s)
		want, err := json.Marshal(s)
		if p.err != nil || err != nil || string(p.raw) != string(want) {
			t.Errorf("%q: got %s (%v), want %s (%v)", s, p.raw, p.err, want, err)
		}
	}
}

func TestEncodeRefusesWhatMarshalRefuses(t *testing.T) {
	t.Parallel()
	late := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, encode := range map[string]func() ([]byte, error){
		"not a number": func() ([]byte, error) {
			return encodeRecord(&contact.Record{Addresses: []contact.Address{{Position: &contact.Position{Lat: math.NaN()}}}})
		},
		"no end": func() ([]byte, error) {
			return encodeRecord(&contact.Record{Addresses: []contact.Address{{Position: &contact.Position{Lng: math.Inf(1)}}}})
		},
		"a year of five digits, contact": func() ([]byte, error) { return contactRecord{Created: stampRecord{At: late}}.encode(nil) },
		"a year of five digits, change":  func() ([]byte, error) { return encodeChange(contact.Change{At: late}, nil, nil) },
	} {
		if raw, err := encode(); err == nil {
			t.Errorf("%s was written: %s", name, raw)
		}
	}
}

// A number of degrees that is not whole is written in as many ways as json.Marshal has.
func TestDegreesAreWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	for _, f := range []float64{0, math.Copysign(0, -1), 54.5, -10.25, 1e-6, 9.99e-7, -1e-7, 5e-324, 1e20, 1e21, -1.5e300, 179.99999999999997} {
		p := &pen{raw: []byte("{")}
		p.degrees("lat", f)
		p.close()
		if want, err := json.Marshal(map[string]float64{"lat": f}); p.err != nil || err != nil || string(p.raw) != string(want) {
			t.Errorf("got %s (%v), want %s (%v)", p.raw, p.err, want, err)
		}
	}
}

func BenchmarkEncodeRecord(b *testing.B) {
	r := busy(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeRecord(&r); err != nil {
			b.Fatal(err)
		}
	}
}
