package bot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// lister is a bot that can do no more than list contacts, with an empty memo.
func lister() *Bot {
	return &Bot{Config: Config{PublicURL: "https://bot.example", Avatar: func(name, kind string) string { return "/avatar/" + name[:1] + kind }}, memo: newMemo(memoSize)}
}

// listing is a contact in a book, as somebody in a chat finds it.
func listing(book contact.Book) (*Turn, contact.Entry) {
	day := time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)
	book.Owners, book.Mode, book.Version, book.Created = []identity.Person{"olga"}, contact.Everybody, 4, contact.Stamp{At: day, By: "olga"}
	record := contact.Record{Kind: contact.Person, Name: "Marta Weber", Job: "Notary", Company: "Contoso", Department: "Accounts", Emails: []string{"marta@contoso.example"},
		Phones: []contact.Phone{{Label: contact.Mobile, Number: "+999 1234 5678", E164: "+99912345678"}}, Website: "https://contoso.example", Notes: "Met in May",
		Addresses: []contact.Address{{Text: "1 Quay", Position: &contact.Position{Lat: 1, Lng: 2}}}, Hours: "9 to 5", Tags: []string{"vip"}, Custom: []contact.Custom{{Name: "Size", Value: "L"}}}
	c := contact.Contact{ID: "c7", Book: book.ID, Record: record, Version: 3, Created: contact.Stamp{At: day, By: "ana"}, Changed: contact.Stamp{At: day, By: "ben"}}
	turn := &Turn{Caller: identity.Caller{Tenant: deskTenant, Person: "ana", Conversation: "19:here", Place: identity.GroupChat, Team: "19:team"}, Lang: lang.For("en"),
		activity: &Activity{ID: "1", Locale: "en-GB", LocalTimezone: "Europe/Paris", Text: "marta"}, titles: map[identity.Conversation]string{"19:here": "Bo, Cy", "19:here+": "Di", "": ""}}
	return turn, contact.Entry{Contact: c, Book: book, May: contact.Rights{Read: true, Modify: true}, Reasons: []contact.Reason{{}}}
}

// variations calls visit with v changed in one place after the other, each time with the name of the place.
func variations(v reflect.Value, name string, visit func(name string)) {
	change := func(to reflect.Value) {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		v.Set(to)
		visit(name)
		v.Set(before)
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		change(reflect.ValueOf(v.Interface().(time.Time).AddDate(0, 0, 1)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				variations(v.Field(i), name+"."+v.Type().Field(i).Name, visit)
			}
		}
	case v.Kind() == reflect.Slice:
		change(reflect.Zero(v.Type()))
		if v.Len() > 0 && v.Type().Elem().Kind() != reflect.Uint8 {
			variations(v.Index(0), name+"[0]", visit)
		}
	case v.Kind() == reflect.String:
		change(reflect.ValueOf(v.String() + "+").Convert(v.Type()))
	case v.Kind() == reflect.Bool:
		change(reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	case v.CanInt():
		change(reflect.ValueOf(v.Int() + 1).Convert(v.Type()))
	default: // maps and pointers
		change(reflect.Zero(v.Type()))
	}
}

// A result that is kept is the one that would be made: whatever is changed in what it could depend on, the memo gives what
// a bot without memory gives. A record changes only together with the version.
func TestMemoGivesWhatWouldBeMade(t *testing.T) {
	t.Parallel()
	for kind, book := range map[string]contact.Book{
		"named": {ID: "b1", Kind: contact.TenantBook, Name: "Sales"}, "unnamed": {ID: "b1", Kind: contact.TenantBook}, "own": {ID: "b1", Kind: contact.PersonalBook},
		"here": {ID: "b1", Kind: contact.ConversationBook, Home: "19:here"},
	} {
		turn, entry := listing(book)
		b := lister()
		before := b.listedResult(turn, entry)
		differ := map[string]bool{}
		compare := func(name string) {
			if strings.Contains(name, ".Record.") {
				entry.Contact.Version += 100 + len(differ)
				defer func() { entry.Contact.Version = 3 }()
			}
			got, want := b.listedResult(turn, entry), lister().listedResult(turn, entry)
			if diff := cmp.Diff(string(want.attachment), string(got.attachment)); diff != "" {
				t.Errorf("%s: after a change of %s (-made +kept):\n%s", kind, name, diff)
			}
			differ[name] = string(got.attachment) != string(before.attachment)
		}
		variations(reflect.ValueOf(&entry).Elem(), "entry", compare)
		variations(reflect.ValueOf(&turn.Caller).Elem(), "caller", compare)
		variations(reflect.ValueOf(turn.activity).Elem(), "activity", compare)
		turn.Lang = lang.For("fr")
		compare("lang")
		for _, name := range []string{"entry.Contact.Record.Name", "entry.Contact.Record.Phones[0].Number", "entry.Contact.Changed.At", "entry.Contact.ID", "lang"} {
			if !differ[name] {
				t.Errorf("%s: a change of %s changes nothing, so nothing is shown", kind, name)
			}
		}
		if len(differ) < 60 || differ["entry.Favourite"] || differ["entry.May.Modify"] || differ["caller.Person"] {
			t.Errorf("%s: of %d places, these are in the result: %v", kind, len(differ), differ)
		}
	}
}

// Ids are random, but nothing of one organisation may ever depend on that to stay there.
func TestMemoIsOfOneTenant(t *testing.T) {
	t.Parallel()
	turn, entry := listing(contact.Book{ID: "b1", Kind: contact.TenantBook})
	b := lister()
	b.listedResult(turn, entry)
	turn.Caller.Tenant, entry.Contact.Name = "0d7a1f9e-0000-4000-8000-0000000000bb", "Jonas Keller"
	if got := string(b.listedResult(turn, entry).attachment); strings.Contains(got, "Marta") || !strings.Contains(got, "Jonas") {
		t.Errorf("somebody of another tenant: %s", got)
	}
}

// Names that only Teams knows are shown as they are now, and not kept.
func TestMemoKeepsNoNamesOfTeams(t *testing.T) {
	t.Parallel()
	turn, entry := listing(contact.Book{ID: "b1", Kind: contact.ConversationBook, Home: "19:there"})
	b := lister()
	for _, names := range []string{"Ana, Bo", "Ana, Cy"} {
		turn.titles = map[identity.Conversation]string{"19:there": names}
		if got := string(b.listedResult(turn, entry).attachment); !strings.Contains(got, names) {
			t.Errorf("without %s: %s", names, got)
		}
	}
	if n := b.memo.results.EstimatedSize(); n != 0 {
		t.Errorf("%d results are kept", n)
	}
}

func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	m, made := newMemo(100<<10), 0
	build := func() Result { made++; return Result{make([]byte, 1000)} }
	for i := range 1000 {
		m.result(resultKey{version: i}, build)
	}
	m.results.CleanUp()
	if size := m.results.WeightedSize(); size > 100<<10 || made != 1000 {
		t.Errorf("%d bytes are kept of %d results", size, made)
	}
}

// An answer that is put together is the JSON that the schema of the wire says.
func TestWrittenResults(t *testing.T) {
	t.Parallel()
	card := cards.Note(lang.For("en"), cards.NoteView{Title: "A <b> & \"c\" é", Text: "x"})
	preview := cards.Thumbnail{Title: "A <b>", Text: "y"}
	for _, n := range []int{0, 1, 3} {
		items, want := make([]Result, n), make([]any, n)
		for i := range n {
			items[i] = newResult(card, preview)
			want[i] = map[string]any{"contentType": cards.ContentType, "content": card, "preview": map[string]any{"contentType": cards.ThumbnailType, "content": preview}}
		}
		result := map[string]any{"type": "result", "attachmentLayout": "list"}
		if n > 0 {
			result["attachments"] = want
		}
		w := httptest.NewRecorder()
		encode(ok(extensionResults(Results{Items: items}))).write(w)
		raw, err := json.Marshal(map[string]any{"composeExtension": result})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, raw), decoded(t, w.Body.Bytes())); diff != "" {
			t.Errorf("%d results (-want +got):\n%s", n, diff)
		}
		if got := w.Header().Get("Content-Length"); w.Code != http.StatusOK || got != fmt.Sprint(w.Body.Len()) {
			t.Errorf("%d results: status %d, length %s of %d", n, w.Code, got, w.Body.Len())
		}
	}
}

func decoded(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

func BenchmarkListedResult(b *testing.B) {
	bot := lister()
	turn, entry := listing(contact.Book{ID: "b1", Kind: contact.TenantBook, Name: "Sales"})
	for name, list := range map[string]func(*Turn, contact.Entry) Result{"kept": bot.listedResult, "made": func(t *Turn, e contact.Entry) Result { return bot.result(t, e, asResult) }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list(turn, entry)
			}
		})
	}
}
