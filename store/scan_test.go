package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func readAlone(raw []byte) (contactRecord, bool) { return readContact(raw, map[string]string{}) }

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
