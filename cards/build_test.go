package cards

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVerbs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		got, want string
		dialog    bool
	}{
		{ContactVerb("c7"), "contact/c7", false},
		{ContactVerb("../x?"), "contact/..%2Fx%3F", false},
		{RemoveVerb("c7", 3), "contact/c7/3/remove", false},
		{FindVerb(25, "a/b 50% #c"), "find/25/a%2Fb%2050%25%20%23c", false},
		{AddVerb(""), "contact/add", true},
		{AddVerb("Bo/Ek"), "contact/add/named/Bo%2FEk", true},
		{path("contact", "c7", "edit"), "contact/c7/edit", true},
		{path("contact", "c7", "history"), "contact/c7/history", false},
		{path("book", "new"), "book/new", true},
		{path("book", "b1", "settings"), "book/b1/settings", true},
		{path("book", "b1", "restore"), "book/b1/restore", false},
		{path("book", "b1", "unshare", "19:a/b@thread.v2;messageid=1"), "book/b1/unshare/19:a%2Fb@thread.v2%3Bmessageid=1", false},
		{"settings", "settings", false},
		{"", "", false},
	} {
		if test.got != test.want || opensDialog(test.got) != test.dialog {
			t.Errorf("%s, dialog %v; want %s, dialog %v", test.got, opensDialog(test.got), test.want, test.dialog)
		}
	}
}

func TestMarkedReachesEveryButton(t *testing.T) {
	t.Parallel()
	raw := string(Contact(english, shared()).JSON())
	// Edit; code, history, duplicates and delete, each with its fallback; undo, which is a tap and has none.
	if n := strings.Count(raw, `"posted":true`); n != 10 {
		t.Errorf("%d buttons say that they stand on a message: %s", n, raw)
	}
	if raw := string(Contact(english, marta()).JSON()); strings.Contains(raw, "posted") {
		t.Errorf("a view for one person says that it is a message: %s", raw)
	}
}

func TestWebAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in, address, reads string
		ok                 bool
	}{
		{"https://contoso.example/a_b/", "https://contoso.example/a_b/", "contoso.example/a_b", true},
		{" http://contoso.example?q=1 ", "http://contoso.example?q=1", "contoso.example?…", true},
		{"contoso.example", "", "", false},
		{"javascript:alert(1)", "", "", false},
		{"https://teams.microsoft.com@evil.example", "", "", false},
		{"https:///path", "", "", false},
		{"https://bad host", "", "", false},
		{"", "", "", false},
	} {
		address, reads, ok := webAddress(test.in)
		if address != test.address || reads != test.reads || ok != test.ok {
			t.Errorf("webAddress(%q) = %q, %q, %v", test.in, address, reads, ok)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ got, want string }{
		{callLink("+33612345678"), "https://teams.microsoft.com/l/call/0/0?users=4:%2B33612345678"},
		{callLink("0612345678"), ""},
		{callLink("+33&x=1"), ""},
		{callLink(""), ""},
		{chatLink("a&b@contoso.example"), "https://teams.microsoft.com/l/chat/0/0?users=a%26b%40contoso.example"},
		{mailLink("a+b@contoso.example"), "mailto:a+b@contoso.example"},
		{mailLink("a@contoso.example?bcc=x@evil.example"), "mailto:a@contoso.example%3Fbcc=x@evil.example"},
		{mailLink("a@contoso.example, b@contoso.example"), ""},
		{mailLink("nobody"), ""},
		{anchor("a](b", "https://contoso.example/x)y z"), `[a\](b](https://contoso.example/x%29y%20z)`},
		{anchor("a", ""), "a"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestRightsChoices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		member MemberRights
		want   []string
	}{
		{MemberRights{}, []string{"read", "add", "add,modify", "add,modify,delete"}},
		{MemberRights{Add: true, Modify: true, Delete: true}, []string{"read", "add", "add,modify", "add,modify,delete"}},
		{MemberRights{Modify: true, Delete: true}, []string{"read", "add", "add,modify", "add,modify,delete", "modify,delete"}},
	} {
		var got []string
		for _, c := range rightsChoices(english, test.member) {
			got = append(got, c.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", test.member, diff)
		}
	}
}

func TestTagColorIsSteady(t *testing.T) {
	t.Parallel()
	colors := map[string]bool{}
	for _, name := range []string{"supplier", "key account", "Paris", "VIP", "IT", "press", "Berlin", "legal"} {
		if tagColor(name) != tagColor(strings.ToUpper(name)) {
			t.Errorf("%s changes its colour with its writing", name)
		}
		colors[tagColor(name)] = true
	}
	if len(colors) < 3 {
		t.Errorf("eight tags share %v", colors)
	}
}

func TestDestructiveOnlyWhereItGoesToTheBot(t *testing.T) {
	t.Parallel()
	card := Confirm(english, ConfirmView{Question: "?", Yes: "contact/c7/3/remove", YesTitle: "Delete", No: "contact/c7"})
	if yes := actionOf(t, card, 0); yes["style"] != "destructive" || yes["data"] != nil {
		t.Errorf("yes is %+v", yes)
	}
	if no := actionOf(t, card, 1); no["style"] != nil || no["verb"] != "contact/c7" {
		t.Errorf("no is %+v", no)
	}
}

func TestTap(t *testing.T) {
	t.Parallel()
	preview := Preview(english, rows()[0])
	preview.Tap = Tap("contact/c7")
	want := `"tap":{"type":"invoke","value":{"verb":"contact/c7"}}`
	if got := string(indented(t, preview)); !strings.Contains(strings.Join(strings.Fields(got), ""), want) {
		t.Errorf("preview is %s", got)
	}
}
