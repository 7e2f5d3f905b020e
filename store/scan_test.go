package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"teamspro/internal/contact"
)

func readAlone(raw []byte) (contactRecord, bool) {
	r, ok := read(raw, map[string]string{}, (*scanner).contact)
	return r.contactRecord, ok
}

// Whatever json.Marshal writes, the fast reader reads as json.Unmarshal does.
func TestReadContactReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	text, stamp, detail := drawnText(), drawnStamp(), drawnDetail()
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(contactRecord{text.Draw(t, "book"), detail.Draw(t, "detail"), rapid.IntRange(1, 1e9).Draw(t, "version"),
			stamp.Draw(t, "created"), stamp.Draw(t, "changed")})
		if err != nil {
			t.Fatal(err)
		}
		var want contactRecord
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		got, ok := readAlone(raw)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Fatalf("%s\nok %v (-want +got):\n%s", raw, ok, diff)
		}
	})
}

// The same of what else has a reader of its own.
func TestReadersReadWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw, detail := func() string { return drawnText().Draw(t, "text") }, drawnDetail().Draw(t, "detail")
		c := changeRecord{Act: draw(), Contact: draw(), Book: draw(), Version: rapid.IntRange(1, 1e9).Draw(t, "version"), By: draw(),
			At: drawnStamp().Draw(t, "at").At, Surface: draw(), Undoes: draw()}
		if rapid.Bool().Draw(t, "has before") {
			c.Before = &detail
		}
		if rapid.Bool().Draw(t, "has after") {
			c.After = &detail
		}
		alike(t, c, (*scanner).change)
		alike(t, drawnMarks().Draw(t, "marks"), (*scanner).marks)
		alike(t, trashRecord{Contact: contactRecord{Book: draw(), Detail: detail, Version: 3}, Change: draw()}, func(s *scanner) trashRecord {
			stored := s.trash()
			if raw, err := json.Marshal(detail); err != nil || string(stored.Contact.detail) != string(raw) {
				t.Fatalf("the detail is %s, want %s", stored.Contact.detail, raw)
			}
			return trashRecord{Contact: stored.Contact.contactRecord}
		}, func(r *trashRecord) { r.Change = "" })
	})
}

// alike reads what json.Marshal wrote of a value in both ways; forget takes away what the reader has no use for.
func alike[T any](t *rapid.T, v T, reader func(*scanner) T, forget ...func(*T)) {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var want T
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for _, f := range forget {
		f(&want)
	}
	got, ok := read(raw, map[string]string{}, reader)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Fatalf("%s\nok %v (-want +got):\n%s", raw, ok, diff)
	}
}

func drawnMarks() *rapid.Generator[marksRecord] {
	return rapid.Custom(func(t *rapid.T) marksRecord {
		ids := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) contact.ID { return contact.ID(drawnText().Draw(t, "id")) }), 0, 3)
		return marksRecord{Favourites: ids.Draw(t, "favourites"), Recent: ids.Draw(t, "recent"),
			Filters: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) filterRecord {
				return filterRecord{drawnText().Draw(t, "name"), drawnText().Draw(t, "query")}
			}), 0, 3).Draw(t, "filters"),
			Done: each(ids.Draw(t, "done"), func(id contact.ID) contact.ChangeID { return contact.ChangeID(id) })}
	})
}

func drawnText() *rapid.Generator[string] { return rapid.String() }

func drawnStamp() *rapid.Generator[stampRecord] {
	return rapid.Custom(func(t *rapid.T) stampRecord {
		return stampRecord{time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC(), drawnText().Draw(t, "by")}
	})
}

func drawnDetail() *rapid.Generator[detailRecord] {
	text := rapid.String()
	texts := rapid.SliceOfN(text, 0, 3)
	place := rapid.Custom(func(t *rapid.T) *positionRecord {
		return &positionRecord{rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lng")}
	})
	return rapid.Custom(func(t *rapid.T) detailRecord {
		draw := func() string { return text.Draw(t, "text") }
		return detailRecord{Kind: draw(), Name: draw(), Job: draw(), Company: draw(), Department: draw(), Emails: texts.Draw(t, "emails"),
			Phones: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) phoneRecord {
				return phoneRecord{text.Draw(t, "label"), text.Draw(t, "number"), text.Draw(t, "e164")}
			}), 0, 3).Draw(t, "phones"),
			Website: draw(), LinkedIn: draw(), Facebook: draw(), X: draw(),
			Addresses: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) addressRecord {
				return addressRecord{text.Draw(t, "address"), rapid.OneOf(rapid.Just[*positionRecord](nil), place).Draw(t, "position")}
			}), 0, 3).Draw(t, "addresses"),
			Hours: draw(), Notes: draw(), Photo: draw(), Tags: texts.Draw(t, "tags"),
			Custom: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) customRecord {
				return customRecord{text.Draw(t, "name"), text.Draw(t, "value")}
			}), 0, 3).Draw(t, "custom")}
	})
}

func TestReadContactSkipsWhatALaterProgramAdded(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"new":[1,{"a":[]},"x\"y",null,true],"book":"b","detail":{"name":"Marta","pronoun":{"en":"she"},` +
		`"phones":[{"number":"1","carrier":null}],"addresses":[{"text":"t","position":{"lat":1,"lng":-2.5e1,"alt":3}}],` +
		`"custom":[{"name":"n","value":"v","x":0}]},"version":3,"created":{"at":"2026-03-01T09:00:00Z","via":"import"},"changed":{"at":"2026-03-01T09:00:00Z"},"z":-1}`)
	var want contactRecord
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got, ok := readAlone(raw)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("ok %v (-want +got):\n%s", ok, diff)
	}
}

func TestReadContactRefusesWhatIsNoContact(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, `{`, `[]`, `null`, `{}x`, `{"book":"b"`, `{"book":"b`, `{"book":"b\`, `{"book":1}`, `{"book" "b"}`, `{"version":}`, `{"version":"1"}`,
		`{"version":1`, `{"detail":[]}`, `{"detail":{"emails":["a"}}`, `{"detail":{"name":"\q"}}`, `{"created":{"at":"yesterday"}}`,
		`{"new":}`, `{"new":`, `{"book":"b",}`, `{"detail":{"addresses":[{"position":null}]}}`,
	} {
		if r, ok := readAlone([]byte(raw)); ok {
			t.Errorf("%s was read as %+v", raw, r)
		}
	}
}

func FuzzReadContact(f *testing.F) {
	raw, err := json.Marshal(contactRecord{Book: "b", Detail: newDetail(busy(1)), Version: 2})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"new":[[[{"a":"\u00e9"}]]],"version":1e3}`))
	f.Add([]byte(`{"detail":{"name":"\ud800"},"created":{"at":"x"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := readAlone(raw)
		var want contactRecord
		if json.Unmarshal(raw, &want) != nil {
			return
		}
		written, err := json.Marshal(want)
		if err != nil || string(written) != string(raw) {
			return // valid, but not as we write it
		}
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s\nok %v (-want +got):\n%s", raw, ok, diff)
		}
	})
}
