package graphtest

import (
	"bytes"
	"context"
	"errors"
	goimage "image"
	"image/png"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// World is a Graph that Contract is held against.
type World struct {
	// BaseURL is its address with the version.
	BaseURL string
	// Transport carries the requests; nil is the default one.
	Transport http.RoundTripper
	// Tokens gives tokens of Who; Token is enough for a fixed one.
	Tokens graph.Tokens
	// Local are further addresses ("127.0.0.1:9000") that its downloads and uploads lie at.
	Local []string
	// Who is a person with a drive of their own, in a personal chat.
	Who identity.Caller
	// Channel is the same person in a channel, and Group its team's group; zero leaves channels out.
	Channel identity.Caller
	Group   string
	// Words find at least one site whose libraries the person may see; empty leaves sites out.
	Words string
	// Seed makes a new folder with these files and gives it. A name may have one slash: "inner/a.png" is a file in a
	// folder of that folder. SeedThrough does it with Graph's own calls.
	Seed func(t *testing.T, files map[string][]byte) image.ItemRef
	// Lag is how long a new file may take until searches find it; 0 is at once. Negative leaves searches by name out.
	Lag time.Duration
}

// Token is a fixed token, for who has one in hand.
type Token string

// Token implements graph.Tokens.
func (t Token) Token(context.Context, identity.Caller) (string, error) { return string(t), nil }

// Refused implements graph.Tokens: there is no other.
func (t Token) Refused(context.Context, identity.Caller, string) error {
	return fault.Wrap(fault.SignIn, "graphtest.Token", errors.New("the token was refused"))
}

// Contract holds a Graph to all that image.Drives promises, through graph.Client. What runs against this package's own
// Server, the sandbox and, with FromEnvironment, a tenant of Microsoft 365 is the same.
func Contract(t *testing.T, w World) {
	c, err := graph.New(graph.Config{BaseURL: w.BaseURL, Transport: w.Transport, Tokens: w.Tokens, Local: w.Local, Patience: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := suite{World: w, c: c}
	for _, test := range []struct {
		name string
		run  func(suite, *testing.T)
	}{
		{"item", suite.item}, {"images", suite.images}, {"search", suite.search}, {"folders", suite.folders}, {"read", suite.read},
		{"thumbnail", suite.thumbnail}, {"replace", suite.replace}, {"replace large", suite.replaceLarge}, {"race", suite.race}, {"create", suite.create},
		{"create large", suite.createLarge}, {"names", suite.names}, {"links", suite.links}, {"home", suite.home}, {"sites", suite.sites}, {"me", suite.me},
		{"gone", suite.gone}, {"delta", suite.delta}, {"delta refused", suite.deltaRefused},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

// suite is a world and the client that it is looked at through.
type suite struct {
	World
	c *graph.Client
}

func (s suite) item(t *testing.T) {
	a := Picture(1, 40, 30)
	folder, items := s.seeded(t, map[string][]byte{"harbour.png": a, "notes.txt": []byte("no picture")})
	got := items["harbour.png"]
	if got.Ref.Drive != folder.Drive || got.Parent != folder || got.Size != int64(len(a)) || got.MIME != "image/png" || !got.IsPicture() || got.Folder {
		t.Errorf("the item is %+v, below %+v", got, folder)
	}
	if got.ETag == "" || got.Modified.IsZero() || !strings.HasPrefix(got.WebURL, "http") {
		t.Errorf("eTag %q, changed %v, address %q", got.ETag, got.Modified, got.WebURL)
	}
	again := s.look(t, got.Ref)
	if again != got {
		t.Errorf("read alone it is %+v, in the list %+v", again, got)
	}
	if f := s.look(t, folder); !f.Folder || f.IsPicture() || f.Ref != folder {
		t.Errorf("the folder is %+v", f)
	}
}

func (s suite) images(t *testing.T) {
	folder, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 8, 8), "b.png": Picture(2, 8, 8), "c.jpg": Picture(3, 8, 8), "d.txt": []byte("x"),
		"inner/e.png": Picture(4, 8, 8)})
	if len(items) != 3 {
		t.Errorf("the pictures of the folder are %v", keys(items))
	}
	s.mustReplace(t, items["a.png"], Picture(5, 8, 8))
	list, err := s.c.Images(t.Context(), s.Who, folder, 10)
	if err != nil || len(list) != 3 {
		t.Fatalf("%d pictures, %v", len(list), err)
	}
	if !slices.IsSortedFunc(list, func(a, b image.Item) int { return b.Modified.Compare(a.Modified) }) || list[0].Name != "a.png" {
		t.Errorf("what changed last is not first: %v", names(list))
	}
	if two, err := s.c.Images(t.Context(), s.Who, folder, 2); err != nil || len(two) != 2 {
		t.Errorf("at most two: %v, %v", names(two), err)
	}
}

func (s suite) search(t *testing.T) {
	if s.Lag < 0 {
		t.Log("searches by name are left out of this world")
		return
	}
	folder, _ := s.seeded(t, map[string][]byte{"lighthouse.png": Picture(1, 8, 8), "lighthouse.txt": []byte("x"), "quay.png": Picture(2, 8, 8),
		"inner/lighthouse two.png": Picture(3, 8, 8)})
	find := func(words string, limit int) []image.Item {
		list, err := s.c.Search(t.Context(), s.Who, folder, words, limit)
		if err != nil {
			t.Fatalf("searching for %q: %v", words, err)
		}
		return list
	}
	for until := time.Now().Add(s.Lag); len(find("lighthouse", 10)) < 2 && time.Now().Before(until); {
		time.Sleep(time.Second)
	}
	got := names(find("lighthouse", 10))
	slices.Sort(got)
	if want := []string{"lighthouse two.png", "lighthouse.png"}; !slices.Equal(got, want) {
		t.Errorf("found %v, not %v", got, want)
	}
	if got := find("lighthouse", 1); len(got) != 1 {
		t.Errorf("at most one: %v", names(got))
	}
	for _, words := range []string{"o'neill", "a/b?c#d&e=f%", "')/delta", "zzqxv"} {
		if got := find(words, 10); len(got) != 0 {
			t.Errorf("%q found %v", words, names(got))
		}
	}
}

func (s suite) folders(t *testing.T) {
	folder, _ := s.seeded(t, map[string][]byte{"a.png": Picture(1, 8, 8), "inner/b.png": Picture(2, 8, 8)})
	list, err := s.c.Folders(t.Context(), s.Who, folder)
	if err != nil || len(list) != 1 || list[0].Name != "inner" || !list[0].Folder || list[0].Parent != folder {
		t.Fatalf("folders %+v, %v", list, err)
	}
	below, err := s.c.Images(t.Context(), s.Who, list[0].Ref, 10)
	if err != nil || len(below) != 1 || below[0].Name != "b.png" {
		t.Errorf("in it are %v, %v", names(below), err)
	}
}

func (s suite) read(t *testing.T) {
	want := Picture(1, 60, 50)
	folder, items := s.seeded(t, map[string][]byte{"a.png": want})
	item, data, err := s.c.Read(t.Context(), s.Who, items["a.png"].Ref, 1<<20)
	if err != nil || !bytes.Equal(data, want) || item != items["a.png"] {
		t.Errorf("read %d bytes of %d, of %+v: %v", len(data), len(want), item, err)
	}
	_, data, err = s.c.Read(t.Context(), s.Who, items["a.png"].Ref, int64(len(want))-1)
	wantFault(t, err, fault.Invalid, image.FaultTooLargeBytes)
	if data != nil {
		t.Errorf("%d bytes came nevertheless", len(data))
	}
	_, _, err = s.c.Read(t.Context(), s.Who, folder, 1<<20)
	wantFault(t, err, fault.Invalid, "image.drive.folder")
}

func (s suite) thumbnail(t *testing.T) {
	folder, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 600, 400)})
	data, kind, err := s.c.Thumbnail(t.Context(), s.Who, items["a.png"].Ref, 200)
	switch {
	case fault.Is(err, fault.NotFound): // right for a file so new
	case err != nil || !strings.HasPrefix(kind, "image/") || len(data) == 0:
		t.Errorf("%d bytes of %q, %v", len(data), kind, err)
	}
	if _, _, err := s.c.Thumbnail(t.Context(), s.Who, folder, 200); err == nil {
		t.Error("a folder has a small picture")
	}
}

func (s suite) replace(t *testing.T) {
	first, second, third := Picture(1, 30, 30), Picture(2, 31, 31), Picture(3, 32, 32)
	_, items := s.seeded(t, map[string][]byte{"a.png": first})
	before := items["a.png"]
	after := s.mustReplace(t, before, second)
	if after.Ref != before.Ref || after.Name != before.Name || after.ETag == before.ETag || after.Size != int64(len(second)) {
		t.Errorf("%+v became %+v", before, after)
	}
	_, err := s.c.Replace(t.Context(), s.Who, before.Ref, before.ETag, third)
	wantFault(t, err, fault.Stale, "image.save.changed")
	s.mustHold(t, before.Ref, second)
	versions, err := s.c.Versions(t.Context(), s.Who, before.Ref)
	if err != nil || len(versions) != 1 || versions[0].ID == "" || versions[0].Size != int64(len(first)) || versions[0].Modified.IsZero() {
		t.Errorf("the earlier versions are %+v, %v", versions, err)
	}
	// The eTag that Replace gave is good for the next one, or the drive has changed the file once more by itself and says so.
	if _, err := s.c.Replace(t.Context(), s.Who, before.Ref, s.look(t, before.Ref).ETag, third); err != nil {
		t.Error(err)
	}
	s.mustHold(t, before.Ref, third)
}

func (s suite) replaceLarge(t *testing.T) {
	large := Picture(7, 1500, 1500)
	_, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 30, 30)})
	before := items["a.png"]
	after, err := s.c.Replace(t.Context(), s.Who, before.Ref, before.ETag, large)
	if err != nil || after.Ref != before.Ref || after.Size != int64(len(large)) || after.ETag == before.ETag {
		t.Fatalf("%+v became %+v, %v", before, after, err)
	}
	s.mustHold(t, before.Ref, large)
	_, err = s.c.Replace(t.Context(), s.Who, before.Ref, before.ETag, Picture(8, 1500, 1500))
	wantFault(t, err, fault.Stale, "image.save.changed")
	s.mustHold(t, before.Ref, large)
}

// race lets several people save over the same state of a file: one may.
func (s suite) race(t *testing.T) {
	_, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 30, 30)})
	before := items["a.png"]
	const people = 4
	var wait sync.WaitGroup
	errs := make([]error, people)
	for i := range people {
		wait.Go(func() {
			_, errs[i] = s.c.Replace(t.Context(), s.Who, before.Ref, before.ETag, Picture(uint64(10+i), 30, 30))
		})
	}
	wait.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("both %d and %d have saved over the same state", won, i)
		case err == nil:
			won = i
		case !fault.Is(err, fault.Stale) && !fault.Is(err, fault.Busy):
			t.Errorf("%d: %v", i, err)
		}
	}
	if won < 0 {
		t.Fatalf("nobody has saved: %v", errs)
	}
	s.mustHold(t, before.Ref, Picture(uint64(10+won), 30, 30))
}

func (s suite) create(t *testing.T) {
	first, second := Picture(1, 30, 30), Picture(2, 31, 31)
	folder, _ := s.seeded(t, map[string][]byte{"z.png": Picture(9, 8, 8)})
	const name = "été 100% #1 & co.png"
	made, err := s.c.Create(t.Context(), s.Who, folder, name, first, false)
	if err != nil || made.Name != name || made.Parent != folder || made.MIME != "image/png" || made.ETag == "" {
		t.Fatalf("made %+v, %v", made, err)
	}
	s.mustHold(t, made.Ref, first)
	_, err = s.c.Create(t.Context(), s.Who, folder, name, second, false)
	wantFault(t, err, fault.Stale, "image.save.exists")
	s.mustHold(t, made.Ref, first)
	other, err := s.c.Create(t.Context(), s.Who, folder, name, second, true)
	if err != nil || other.Ref == made.Ref || other.Name == name || !strings.HasSuffix(other.Name, ".png") {
		t.Fatalf("under another name: %+v, %v", other, err)
	}
	s.mustHold(t, made.Ref, first)
	s.mustHold(t, other.Ref, second)
	s.mustCount(t, folder, 3)
}

func (s suite) createLarge(t *testing.T) {
	large, other := Picture(7, 1500, 1500), Picture(8, 1400, 1400)
	folder, _ := s.seeded(t, map[string][]byte{"z.png": Picture(9, 8, 8)})
	made, err := s.c.Create(t.Context(), s.Who, folder, "large.png", large, false)
	if err != nil || made.Name != "large.png" || made.Size != int64(len(large)) {
		t.Fatalf("made %+v, %v", made, err)
	}
	s.mustHold(t, made.Ref, large)
	_, err = s.c.Create(t.Context(), s.Who, folder, "large.png", other, false)
	wantFault(t, err, fault.Stale, "image.save.exists")
	s.mustHold(t, made.Ref, large)
	renamed, err := s.c.Create(t.Context(), s.Who, folder, "large.png", other, true)
	if err != nil || renamed.Ref == made.Ref || renamed.Name == "large.png" {
		t.Fatalf("under another name: %+v, %v", renamed, err)
	}
	s.mustHold(t, renamed.Ref, other)
	s.mustCount(t, folder, 3)
}

func (s suite) names(t *testing.T) {
	folder, _ := s.seeded(t, map[string][]byte{"z.png": Picture(9, 8, 8)})
	for _, name := range []string{"", " ", "a/b.png", "../b.png", "a:b.png", "con.png", ".lock", "~$a.png", "a.png.", strings.Repeat("n", 300) + ".png"} {
		if _, err := s.c.Create(t.Context(), s.Who, folder, name, Picture(1, 8, 8), false); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	s.mustCount(t, folder, 1)
}

func (s suite) links(t *testing.T) {
	_, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 30, 30)})
	item := items["a.png"]
	if got, err := s.c.Resolve(t.Context(), s.Who, item.WebURL); err != nil || got.Ref != item.Ref {
		t.Errorf("its address leads to %+v, %v", got, err)
	}
	link, err := s.c.Share(t.Context(), s.Who, item.Ref)
	if err != nil || !strings.HasPrefix(link, "http") {
		t.Fatalf("shared as %q, %v", link, err)
	}
	if got, err := s.c.Resolve(t.Context(), s.Who, link); err != nil || got.Ref != item.Ref {
		t.Errorf("the link leads to %+v, %v", got, err)
	}
	if _, err := s.c.Resolve(t.Context(), s.Who, item.WebURL+"-that-is-not-there.png"); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
		t.Errorf("an address that leads nowhere: %v", err)
	}
	_, err = s.c.Resolve(t.Context(), s.Who, "https://www.example.com/a.png")
	wantFault(t, err, fault.Invalid, "image.drive.link")
}

func (s suite) home(t *testing.T) {
	home, err := s.c.Home(t.Context(), s.Who, "")
	if err != nil || !home.Folder || home.Ref.Drive == "" || home.Ref.Item == "" {
		t.Errorf("the person's own drive is %+v, %v", home, err)
	}
	group := s.Who
	group.Place = identity.GroupChat
	_, err = s.c.Home(t.Context(), group, "")
	wantFault(t, err, fault.NotFound, "image.drive.no_home")
	if s.Group == "" {
		t.Log("channels are left out of this world")
		return
	}
	files, err := s.c.Home(t.Context(), s.Channel, s.Group)
	if err != nil || !files.Folder || files.Name == "" {
		t.Fatalf("the channel's folder is %+v, %v", files, err)
	}
	if _, err := s.c.Images(t.Context(), s.Channel, files.Ref, 5); err != nil {
		t.Errorf("its pictures: %v", err)
	}
}

func (s suite) sites(t *testing.T) {
	if s.Words == "" {
		t.Log("sites are left out of this world")
		return
	}
	sites, err := s.c.Sites(t.Context(), s.Who, s.Words)
	if err != nil || len(sites) == 0 || sites[0].ID == "" || sites[0].Name == "" || sites[0].WebURL == "" {
		t.Fatalf("sites %+v, %v", sites, err)
	}
	drives, err := s.c.Drives(t.Context(), s.Who, sites[0].ID)
	if err != nil || len(drives) == 0 {
		t.Fatalf("its libraries are %+v, %v", drives, err)
	}
	for _, d := range drives {
		if !d.Folder || d.Name == "" || s.look(t, d.Ref).Ref != d.Ref {
			t.Errorf("the library %+v is no folder", d)
		}
	}
	_, err = s.c.Drives(t.Context(), s.Who, "no-site.example,00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000002")
	wantFault(t, err, fault.NotFound, "image.drive.gone")
}

func (s suite) me(t *testing.T) {
	me, err := s.c.Me(t.Context(), s.Who)
	if err != nil || me.Person != s.Who.Person || me.Name == "" || me.Read.IsZero() {
		t.Errorf("the person is %+v, %v", me, err)
	}
	data, kind, err := s.c.Photo(t.Context(), s.Who, 96)
	if !fault.Is(err, fault.NotFound) && (err != nil || len(data) == 0 || !strings.HasPrefix(kind, "image/")) {
		t.Errorf("the photo is %d bytes of %q, %v", len(data), kind, err)
	}
}

// gone asks for what is not there, and for what only looks like an id.
func (s suite) gone(t *testing.T) {
	folder, items := s.seeded(t, map[string][]byte{"a.png": Picture(1, 8, 8)})
	for _, ref := range []image.ItemRef{{Drive: folder.Drive, Item: items["a.png"].Ref.Item + "X"}, {Drive: "b!nobodysdrive", Item: "01NOTHING"}} {
		_, err := s.c.Item(t.Context(), s.Who, ref)
		wantFault(t, err, fault.NotFound, "image.drive.gone")
		if _, err := s.c.Replace(t.Context(), s.Who, ref, `"x"`, []byte("x")); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Stale) {
			t.Errorf("saved over nothing: %v", err)
		}
	}
	for _, ref := range []image.ItemRef{{}, {Drive: "a/../b", Item: "c"}, {Drive: "a", Item: "b/children?x"}, {Drive: "..", Item: "a"}} {
		_, err := s.c.Item(t.Context(), s.Who, ref)
		wantFault(t, err, fault.Invalid, "image.ref")
	}
}

// delta follows a folder: what comes into it and below it is told, and nothing else of the drive.
func (s suite) delta(t *testing.T) {
	folder, items := s.seeded(t, map[string][]byte{"old.png": Picture(1, 8, 8), "inner/old too.png": Picture(2, 8, 8)})
	inner, err := s.c.Folders(t.Context(), s.Who, folder)
	if err != nil || len(inner) != 1 {
		t.Fatalf("folders %+v, %v", inner, err)
	}
	start, err := s.c.Delta(t.Context(), s.Who, folder, "", time.Time{})
	if err != nil || start.Token == "" || start.More || len(start.Arrivals) != 0 {
		t.Fatalf("the beginning is %+v, %v", start, err)
	}
	since := items["old.png"].Modified.Add(time.Second)
	time.Sleep(2 * time.Second) // drives tell whole seconds
	s.mustReplace(t, items["old.png"], Picture(3, 9, 9))
	elsewhere := s.Seed(t, map[string][]byte{"elsewhere.png": Picture(4, 8, 8)})
	first := s.mustCreate(t, folder, "first.png")
	s.mustCreate(t, folder, "notes.txt")
	second := s.mustCreate(t, inner[0].Ref, "second.png")
	next := s.mustFollow(t, folder, start.Token, since, first, second)
	s.mustFollow(t, folder, next, since)
	s.mustFollow(t, elsewhere, start.Token, since, s.only(t, elsewhere))
	third := s.mustCreate(t, folder, "third.png")
	s.mustFollow(t, folder, next, since, third)
	s.mustFollow(t, folder, start.Token, time.Now().Add(24*time.Hour))
}

// mustFollow reads a delta to its end and gives the token there.
func (s suite) mustFollow(t *testing.T, in image.ItemRef, token string, since time.Time, want ...image.Item) string {
	t.Helper()
	wanted, got := map[image.ItemRef]image.ItemRef{}, map[image.ItemRef]image.ItemRef{}
	for _, i := range want {
		wanted[i.Ref] = i.Parent
	}
	for until := time.Now().Add(max(s.Lag, 0)); ; time.Sleep(time.Second) {
		d, err := s.c.Delta(t.Context(), s.Who, in, token, since)
		if err != nil || d.Token == "" {
			t.Fatalf("the delta is %+v, %v", d, err)
		}
		for _, a := range d.Arrivals {
			if got[a.Ref] = a.Parent; a.At.Before(since) || a.By != s.Who.Person && s.Who.Person != "" {
				t.Errorf("%+v arrived, since %v, by %q", a, since, s.Who.Person)
			}
		}
		if token = d.Token; !d.More && (len(got) >= len(want) || !time.Now().Before(until)) {
			break
		}
	}
	if !maps.Equal(got, wanted) {
		t.Errorf("arrived are %v, not %v", got, wanted)
	}
	return token
}

// deltaRefused asks with what is no token any more, and where the person may follow nothing.
func (s suite) deltaRefused(t *testing.T) {
	folder, _ := s.seeded(t, map[string][]byte{"a.png": Picture(1, 8, 8)})
	start, err := s.c.Delta(t.Context(), s.Who, folder, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(start.Token)
	if err != nil {
		t.Fatal(err)
	}
	q := address.Query()
	q.Set("token", "garbage")
	address.RawQuery = q.Encode()
	for _, token := range []string{address.String(), "https://graph.example/v1.0/drives/x/root/delta?token=x", "garbage", "::", strings.Repeat("x", 100<<10)} {
		_, err := s.c.Delta(t.Context(), s.Who, folder, token, time.Time{})
		wantFault(t, err, fault.Stale, "watch.expired")
	}
	if _, err := s.c.Delta(t.Context(), s.Who, image.ItemRef{Drive: "b!nobodysdrive", Item: folder.Item}, "", time.Time{}); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
		t.Errorf("nobody's drive: %v", err)
	}
	_, err = s.c.Delta(t.Context(), s.Who, image.ItemRef{Drive: "a/../b", Item: "c"}, "", time.Time{})
	wantFault(t, err, fault.Invalid, "image.ref")
}

func (s suite) mustCreate(t *testing.T, in image.ItemRef, name string) image.Item {
	t.Helper()
	made, err := s.c.Create(t.Context(), s.Who, in, name, Picture(uint64(len(name)), 10, 10), false)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// only is the one picture of a folder.
func (s suite) only(t *testing.T, in image.ItemRef) image.Item {
	t.Helper()
	list, err := s.c.Images(t.Context(), s.Who, in, 5)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", names(list), err)
	}
	return list[0]
}

// seeded makes a folder and gives the pictures that lie directly in it, by name.
func (s suite) seeded(t *testing.T, files map[string][]byte) (image.ItemRef, map[string]image.Item) {
	t.Helper()
	folder := s.Seed(t, files)
	list, err := s.c.Images(t.Context(), s.Who, folder, 100)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]image.Item{}
	for _, i := range list {
		items[i.Name] = i
	}
	return folder, items
}

func (s suite) look(t *testing.T, ref image.ItemRef) image.Item {
	t.Helper()
	item, err := s.c.Item(t.Context(), s.Who, ref)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func (s suite) mustReplace(t *testing.T, item image.Item, data []byte) image.Item {
	t.Helper()
	after, err := s.c.Replace(t.Context(), s.Who, item.Ref, item.ETag, data)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

func (s suite) mustHold(t *testing.T, ref image.ItemRef, want []byte) {
	t.Helper()
	_, got, err := s.c.Read(t.Context(), s.Who, ref, 64<<20)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file holds %d bytes that are not the %d expected: %v", len(got), len(want), err)
	}
}

func (s suite) mustCount(t *testing.T, folder image.ItemRef, want int) {
	t.Helper()
	if list, err := s.c.Images(t.Context(), s.Who, folder, 100); err != nil || len(list) != want {
		t.Errorf("%d pictures lie in the folder, not %d: %v, %v", len(list), want, names(list), err)
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Text != text {
		t.Errorf("the fault is %v, not %s %s", err, kind, text)
	}
}

func names(items []image.Item) []string {
	var all []string
	for _, i := range items {
		all = append(all, i.Name)
	}
	return all
}

func keys(items map[string]image.Item) []string {
	var all []string
	for name := range items {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Picture is a PNG of noise: nothing compresses it, and the same number gives the same picture. 1500 × 1500 are 6.8 MB.
func Picture(number uint64, w, h int) []byte {
	r := rand.New(rand.NewPCG(number, 2026))
	p := goimage.NewRGBA(goimage.Rect(0, 0, w, h))
	for i := range p.Pix {
		p.Pix[i] = byte(r.Uint32())
		if i%4 == 3 {
			p.Pix[i] = 255
		}
	}
	var out bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&out, p) // a buffer takes everything
	return out.Bytes()
}
