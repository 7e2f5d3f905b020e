package graph_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// TestLinks: what may be a link of SharePoint or OneDrive is told to Graph, in Graph's own form; nothing is visited.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, link := range []string{
		"https://contoso.sharepoint.com/:i:/s/harbour/EaBc?e=x", "https://contoso-my.sharepoint.com/personal/ana/Documents/a.png", "https://contoso.sharepoint.us/a.png",
		"https://contoso.sharepoint-mil.us/a.png", "https://contoso.sharepoint.cn/a.png", "https://1drv.ms/i/s!x", "https://onedrive.live.com/?id=x",
		" https://CONTOSO.SharePoint.com/a.png\n", "https://contoso.sharepoint.com:443/a.png",
	} {
		_, err := w.c.Resolve(t.Context(), w.who, link)
		wantFault(t, err, fault.NotFound, "image.drive.link_gone")
		asked := w.Requests("share")
		last := asked[len(asked)-1]
		want := "/v1.0/shares/u%21" + base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSpace(link))) + "/driveItem?"
		if !strings.HasPrefix(last.Target, want) || last.Header.Get("Prefer") != "redeemSharingLinkIfNecessary" {
			t.Errorf("%q was asked as %s", link, last.Target)
		}
	}
	before := w.count("")
	for _, link := range []string{
		"", "a.png", "http://contoso.sharepoint.com/a.png", "https://sharepoint.com.evil.example/a", "https://contoso.sharepoint.com.evil/a/b", "https://evilsharepoint.com/a",
		"https://contoso.sharepoint.com:8443/a", "https://ana@contoso.sharepoint.com/a", "https://contoso.sharepoint.com\\@evil.example/", "https://127.0.0.1/a", "https://10.0.0.1/a",
		"http://127.0.0.1:1/a", "file:///etc/passwd", "javascript:alert(1)", "https://contoso.sharepoint.com/" + strings.Repeat("x", 5000), "https://[::1",
	} {
		_, err := w.c.Resolve(t.Context(), w.who, link)
		wantFault(t, err, fault.Invalid, "image.drive.link")
	}
	if w.count("") != before {
		t.Error("Graph was asked")
	}
}

func TestLinkTrouble(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		f    graphtest.Fault
		kind fault.Kind
		text string
	}{
		{graphtest.Answer(400), fault.NotFound, "image.drive.link_gone"},
		{graphtest.Answer(403), fault.Denied, "image.drive.link_denied"},
		{graphtest.Answer(404), fault.NotFound, "image.drive.link_gone"},
		{graphtest.Answer(410), fault.NotFound, "image.drive.link_gone"},
		{graphtest.Say(200, "application/json", `{"id":"01A","name":"a.png"}`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", `{"id":"01A","name":"a.png","parentReference":{"driveId":"../me"}}`), fault.Internal, "image.drive.odd"},
	} {
		w := newWorld(t)
		w.Fail("share", 1, row.f)
		_, err := w.c.Resolve(t.Context(), w.who, "https://contoso.sharepoint.com/:i:/s/harbour/x")
		wantFault(t, err, row.kind, row.text)
	}
	w := newWorld(t)
	w.Fail("link", 1, graphtest.Answer(403))
	_, err := w.c.Share(t.Context(), w.who, w.file)
	wantFault(t, err, fault.Denied, "image.drive.no_share")
	for _, link := range []string{"javascript:alert(1)", "http://evil.example/", "", "https://evil.example/a"} {
		w.Fail("link", 1, graphtest.Say(200, "application/json", fmt.Sprintf(`{"id":"1","link":{"webUrl":%q}}`, link)))
		_, err := w.c.Share(t.Context(), w.who, w.file)
		wantFault(t, err, fault.Internal, "image.drive.odd")
	}
	first, err := w.c.Share(t.Context(), w.who, w.file)
	again, err2 := w.c.Share(t.Context(), w.who, w.file)
	if err != nil || err2 != nil || first != again {
		t.Errorf("%s, %v; then %s, %v", first, err, again, err2)
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	who := func(p identity.Place, c identity.Conversation) identity.Caller {
		return identity.Caller{Person: graphtest.Person, Place: p, Conversation: c}
	}
	for _, row := range []struct {
		name     string
		who      identity.Caller
		group    string
		selected bool
		text     string // of the fault; empty when there is one
		asked    string
	}{
		{"channel", who(identity.Channel, graphtest.Channel), graphtest.Group, false, "", "/v1.0/teams/" + graphtest.Group + "/channels/19%3Aharbour%40thread.tacv2/filesFolder"},
		{"thread of a channel", who(identity.Channel, graphtest.Channel+";messageid=17"), strings.ToUpper(graphtest.Group), true, "", "/v1.0/teams/" + graphtest.Group + "/channels/19%3Aharbour%40thread.tacv2/filesFolder"},
		{"another channel", who(identity.Channel, "19:other"), graphtest.Group, false, "image.drive.no_home", "/v1.0/teams/" + graphtest.Group + "/channels/19%3Aother/filesFolder"},
		{"a channel's id that is none", who(identity.Channel, "../../me"), graphtest.Group, false, "image.drive.odd", ""},
		{"no group", who(identity.Channel, graphtest.Channel), "", false, "image.drive.no_home", ""},
		{"a group that is none", who(identity.Channel, graphtest.Channel), "../me", false, "image.drive.no_home", ""},
		{"no channel", who(identity.Channel, ""), graphtest.Group, false, "image.drive.no_home", ""},
		{"group chat", who(identity.GroupChat, "19:chat"), "", false, "image.drive.no_home", ""},
		{"personal", who(identity.Personal, "a:1"), "", false, "", "/v1.0/me/drive/root?$select="},
		{"personal, sites selected", who(identity.Personal, "a:1"), "", true, "image.drive.no_personal", ""},
		{"nowhere", identity.Caller{}, "", false, "image.drive.no_home", ""},
	} {
		w := newWorld(t, func(c *graph.Config) { c.SitesSelected = row.selected })
		home, err := w.c.Home(t.Context(), row.who, row.group)
		if row.text != "" {
			wantText(t, err, row.text)
		} else if err != nil || !home.Folder {
			t.Errorf("%s: %+v, %v", row.name, home, err)
		}
		asked := ""
		if all := w.Requests(""); len(all) > 0 {
			asked = all[len(all)-1].Target
		}
		if !strings.HasPrefix(asked, row.asked) || row.asked == "" && asked != "" {
			t.Errorf("%s: asked %q", row.name, asked)
		}
	}
	w := newWorld(t)
	w.Fail("item", 1, graphtest.Answer(404))
	_, err := w.c.Home(t.Context(), w.who, "")
	wantFault(t, err, fault.NotFound, "image.drive.no_onedrive")
}

func TestSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct {
		words, asked string
		found        int
	}{{"harbour", "harbour", 1}, {" ", "*", 1}, {"zz & y=1#2", "zz%20%26%20y%3D1%232", 0}} {
		sites, err := w.c.Sites(t.Context(), w.who, row.words)
		if err != nil || len(sites) != row.found {
			t.Errorf("%q: %v, %v", row.words, sites, err)
		}
		if all := w.Requests("sites"); !strings.HasSuffix(strings.ReplaceAll(all[len(all)-1].Target, "%2A", "*"), "/sites?search="+row.asked) {
			t.Errorf("%q was asked as %s", row.words, all[len(all)-1].Target)
		}
	}
	drives, err := w.c.Drives(t.Context(), w.who, graphtest.Site)
	if err != nil || len(drives) != 2 || drives[0].Name != "Documents" || drives[0].Ref != w.Library || drives[1].Name != "Pictures & more" {
		t.Errorf("libraries %+v, %v", drives, err)
	}
	before := w.count("")
	for _, site := range []string{"", "../me", "a/b", "é", strings.Repeat("a", 400)} {
		_, err := w.c.Drives(t.Context(), w.who, site)
		wantFault(t, err, fault.Invalid, "image.ref")
	}
	if w.count("") != before {
		t.Error("Graph was asked")
	}
	w.Fail("sites", 1, graphtest.Say(200, "application/json", `{"value":[{"id":"../x"},{"id":"a,b,c","name":"only this"}]}`))
	if sites, err := w.c.Sites(t.Context(), w.who, "x"); err != nil || len(sites) != 1 || sites[0].Name != "only this" {
		t.Errorf("%v, %v", sites, err)
	}
	w.Fail("item", 1, graphtest.Answer(403))
	_, err = w.c.Drives(t.Context(), w.who, graphtest.Site)
	wantFault(t, err, fault.Denied, "image.drive.denied")
}

func TestMe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me, err := w.c.Me(t.Context(), w.who)
	want := identity.Profile{Person: graphtest.Person, Name: "Ana Lindqvist", Mail: "ana@contoso.example", UPN: "ana@contoso.example", JobTitle: "Harbour master",
		Department: "Works", Office: "Quay 3", Phone: "+44 20 7946 0321", Read: me.Read}
	if err != nil || me != want || me.Read.IsZero() {
		t.Errorf("%+v, %v", me, err)
	}
	for _, body := range []string{`{}`, `{"id":null}`, `{"id":7}`} {
		w.Fail("me", 1, graphtest.Say(200, "application/json", body))
		if _, err := w.c.Me(t.Context(), w.who); err == nil {
			t.Errorf("%s is a person", body)
		}
	}
}

func TestPhoto(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct {
		side int
		size string
	}{{1, "48x48"}, {48, "48x48"}, {50, "64x64"}, {648, "648x648"}, {5000, "648x648"}} {
		data, kind, err := w.c.Photo(t.Context(), w.who, row.side)
		all := w.Requests("photo")
		if err != nil || kind != "image/jpeg" || len(data) == 0 || !strings.HasSuffix(all[len(all)-1].Target, "/me/photos/"+row.size+"/$value") {
			t.Errorf("%d: %d bytes of %s, %v, asked as %s", row.side, len(data), kind, err, all[len(all)-1].Target)
		}
	}
	for _, f := range []graphtest.Fault{graphtest.Answer(404), graphtest.Say(200, "image/jpeg", "<html>"), graphtest.Say(200, "image/jpeg", "")} {
		w.Fail("photo", 1, f)
		_, _, err := w.c.Photo(t.Context(), w.who, 48)
		wantFault(t, err, fault.NotFound, "image.drive.no_photo")
	}
	w.Fail("photo", 9, func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", "image/jpeg")
		for part := bytes.Repeat([]byte("x"), 1<<20); r.Context().Err() == nil; {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})
	if _, _, err := w.c.Photo(t.Context(), w.who, 48); err == nil {
		t.Error("a photo without end was taken")
	}
}
