package notice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/notice"
)

// What happens again and again to one thing is told once, and what was undone is not told.
func TestGatheringAdds(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ events, want string }{
		"several":                      {"+a *b -c", "+a *b -c"},
		"changed three times":          {"*a *b *a *a", "*b *a3"},
		"changed and deleted":          {"*a *a -a", "-a2"},
		"added and mended":             {"+a *a *a", "+a"},
		"added and deleted":            {"+a -a", ""},
		"added, deleted, brought back": {"+a -a +a", "+a"},
		"deleted and brought back":     {"-a +a", ""},
		"changed, deleted, back":       {"*a *a -a +a", "*a2"},
		"deleted, back, changed":       {"-a +a *a", "*a"},
		"saved again":                  {"sp sp sq", "sp2 sq"},
		"saved and pinned":             {"sp pp", "sp pp"},
		"two imports":                  {"i i", "i i"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var g notice.Gathering
			for word := range strings.FieldsSeq(row.events) {
				g.Add(happened(word))
			}
			var got []string
			for _, e := range g.Events {
				got = append(got, inWords(e))
			}
			if diff := cmp.Diff(row.want, strings.Join(got, " ")); diff != "" || g.Heard != len(strings.Fields(row.events)) || g.More != 0 {
				t.Errorf("heard %d, more %d (-want +got):\n%s", g.Heard, g.More, diff)
			}
		})
	}
}

var kindsByLetter = map[byte]notice.Kind{'+': notice.ContactAdded, '*': notice.ContactChanged, '-': notice.ContactDeleted, 's': notice.ImageSaved, 'p': notice.ImagePinned, 'i': notice.ImportDone}

func happened(word string) notice.Event {
	e := notice.Event{Kind: kindsByLetter[word[0]]}
	switch e.Kind.Product() {
	case "image":
		e.Drive, e.Item = "d", word[1:]
	default:
		e.Contact = word[1:]
	}
	return e
}

func inWords(e notice.Event) string {
	for letter, kind := range kindsByLetter {
		if kind == e.Kind && e.Times > 0 {
			return fmt.Sprintf("%c%s%s%d", letter, e.Contact, e.Item, e.Times)
		} else if kind == e.Kind {
			return fmt.Sprintf("%c%s%s", letter, e.Contact, e.Item)
		}
	}
	return "?"
}

// A title is exact, however much happened: what is not listed is counted by kind.
func TestGatheringCountsAll(t *testing.T) {
	t.Parallel()
	var g notice.Gathering
	for i := range 243 {
		kind := notice.ContactChanged
		switch {
		case i < 12:
			kind = notice.ContactAdded
		case i == 12:
			kind = notice.ContactDeleted
		}
		g.Add(notice.Event{Kind: kind, Contact: fmt.Sprint("c", i)})
	}
	g.Add(notice.Event{Kind: notice.ContactChanged, Contact: "c242"}) // is listed: the same once more
	want := map[notice.Kind]notice.Left{notice.ContactAdded: {Things: 12, Count: 12}, notice.ContactDeleted: {Things: 1, Count: 1}, notice.ContactChanged: {Things: 170, Count: 170}}
	if diff := cmp.Diff(want, g.Left); diff != "" || g.More != 183 || len(g.Events) != notice.MaxGathered || g.Heard != 244 {
		t.Errorf("%d listed, %d more of %d (-want +got):\n%s", len(g.Events), g.More, g.Heard, diff)
	}

	var imports notice.Gathering
	for i := range notice.MaxGathered + 2 {
		imports.Add(notice.Event{Kind: notice.ImportDone, Count: 100 * i, At: time.Unix(int64(i), 0)})
	}
	if diff := cmp.Diff(map[notice.Kind]notice.Left{notice.ImportDone: {Things: 2, Count: 101}}, imports.Left); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}
