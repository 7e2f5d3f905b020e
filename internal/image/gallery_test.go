package image_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/internal/lang"
)

// crew is a roster by hand; the zero role is nobody's.
type crew struct {
	roles map[identity.Person]identity.Role
	group string
}

func (c *crew) Role(_ context.Context, _ identity.Tenant, p identity.Person, _ identity.Conversation, _ string) (identity.Role, error) {
	return c.roles[p], nil
}

func (c *crew) Group(_ context.Context, who identity.Caller) (string, error) {
	if who.Place == identity.Channel {
		return c.group, nil
	}
	return "", nil
}

// hall is a gallery with all that it needs in memory.
type hall struct {
	*image.Gallery
	studio *image.Studio
	drives *imagetest.Drives
	memory *imagetest.Memory
	crew   *crew
}

func newHall() *hall {
	h := &hall{drives: imagetest.New(), memory: imagetest.NewMemory(), crew: &crew{group: "g1",
		roles: map[identity.Person]identity.Role{"ana": identity.Owner, "ben": identity.Member, "gil": identity.Guest}}}
	h.restart()
	return h
}

// restart is another process over the same drive and file.
func (h *hall) restart() {
	h.studio = image.NewStudio(image.StudioConfig{Engine: &painter{}, Drives: h.drives})
	h.Gallery = image.NewGallery(image.GalleryConfig{Studio: h.studio, Drives: h.drives, Roster: h.crew, Libraries: h.memory, Aside: h.memory, Seen: h.memory, Captions: h.memory, Saves: h.memory,
		Now: func() time.Time { return time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC) }})
}

// painter is an easel whose results are in the format that the plan asks for.
type painter struct{ easel }

func (e *painter) Render(ctx context.Context, data []byte, p image.Plan, marks map[string][]byte) (image.Result, error) {
	r, err := e.easel.Render(ctx, data, p, marks)
	r.Facts.Format = "png"
	if p.Output.Format != "" {
		r.Facts.Format = string(p.Output.Format)
	}
	return r, err
}

func in(place identity.Place, p identity.Person) identity.Caller {
	c := identity.Caller{Tenant: "t1", Person: p, Conversation: identity.Conversation("19:" + string(place)), Place: place}
	if place == identity.Channel {
		c.Team = "19:team"
	}
	return c
}

// The library is the natural one of a place until somebody who may chooses another; that of one place is no other's.
func TestLibrary(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	folder := h.drives.Folder(imagetest.Root, "Harbour")
	for _, row := range []struct {
		place identity.Place
		may   []identity.Person
		not   []identity.Person
		home  bool
	}{
		{identity.Channel, []identity.Person{"ana"}, []identity.Person{"ben", "gil", "eve"}, true},
		{identity.GroupChat, []identity.Person{"ana", "ben"}, []identity.Person{"gil", "eve"}, false},
		{identity.Personal, []identity.Person{"ben"}, nil, true},
	} {
		l, err := h.Library(ctx, in(row.place, row.may[0]))
		if err != nil || (l.Folder.Ref == imagetest.Root) != row.home || !l.May || l.Choice != (image.Choice{}) {
			t.Errorf("%s at first: %+v %v", row.place, l, err)
		}
		for _, p := range row.not {
			who := in(row.place, p)
			_, err := h.Choose(ctx, who, folder.Ref, "")
			_, browsing := h.Sites(ctx, who, "x")
			back := h.Default(ctx, who)
			if l, _ := h.Library(ctx, who); l.May || !fault.Is(err, fault.Denied) || !fault.Is(browsing, fault.Denied) || !fault.Is(back, fault.Denied) {
				t.Errorf("%s: %s may: %+v %v %v %v", row.place, p, l, err, browsing, back)
			}
		}
		for _, p := range row.may {
			who := in(row.place, p)
			if _, err := h.Choose(ctx, who, folder.Ref, ""); err != nil {
				t.Errorf("%s: %s may not choose: %v", row.place, p, err)
			}
			l, err := h.Library(ctx, who)
			if err != nil || l.Folder.Ref != folder.Ref || l.Choice.At.IsZero() {
				t.Errorf("%s, chosen: %+v %v", row.place, l, err)
			}
		}
		if err := h.Default(ctx, in(row.place, row.may[0])); err != nil {
			t.Errorf("%s back: %v", row.place, err)
		}
		if l, _ := h.Library(ctx, in(row.place, row.may[0])); l.Choice != (image.Choice{}) {
			t.Errorf("%s after the way back: %+v", row.place, l)
		}
	}
}

// Two owners who choose at once do not overwrite each other unseen, a file is no library, and a folder that is gone is
// told from none.
func TestChoose(t *testing.T) {
	t.Parallel()
	h, ctx, who := newHall(), t.Context(), in(identity.Channel, "ana")
	one, two := h.drives.Folder(imagetest.Root, "One"), h.drives.Folder(imagetest.Root, "Two")
	file := h.drives.Put(one.Ref, "harbour.png", []byte("40x30"))
	for _, row := range []struct {
		name, seen string
		folder     image.ItemRef
		want       string
	}{
		{"the first choice", "", one.Ref, ""},
		{"by somebody who saw none", "", two.Ref, "image.library.changed"},
		{"the same, pressed twice", "", one.Ref, ""},
		{"by somebody who saw it", one.Ref.String(), two.Ref, ""},
		{"a file", two.Ref.String(), file.Ref, "image.library.no_folder"},
		{"nothing", two.Ref.String(), image.ItemRef{Drive: "b!drive", Item: "01NONE"}, "image.drive.gone"},
	} {
		if _, err := h.Choose(ctx, who, row.folder, row.seen); err != nil && textOf(err) != row.want || (err == nil) != (row.want == "") {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
	if found, err := h.Resolve(ctx, who, file.WebURL); err != nil || found.Ref != one.Ref {
		t.Errorf("the address of a file leads to %v, %v", found, err)
	}
	h.drives.Remove(two.Ref)
	if l, err := h.Library(ctx, who); err != nil || !l.Hidden || !l.May {
		t.Errorf("a folder that is gone: %+v %v", l, err)
	}
	if _, err := h.Find(ctx, in(identity.Channel, "ben"), "x", 0, 5); textOf(err) != "image.library.gone" {
		t.Errorf("a search there: %v", err)
	}
	if err := errors.Join(h.Removed(ctx, "t1", who.Conversation), h.Removed(ctx, "t1", who.Conversation)); err != nil {
		t.Error(err)
	}
	if l, _ := h.Library(ctx, who); l.Hidden || l.Folder.Ref != imagetest.Root {
		t.Errorf("after the app was removed: %+v", l)
	}
}

func names(items []image.Item) string {
	var all []string
	for _, i := range items {
		all = append(all, i.Name)
	}
	return strings.Join(all, " ")
}

// A search has pages that fit together, of what its person may read, in the library of the place.
func TestFind(t *testing.T) {
	t.Parallel()
	h, ctx, who := newHall(), t.Context(), in(identity.Channel, "ana")
	for n := range 7 {
		h.drives.Put(imagetest.Root, fmt.Sprintf("harbour%d.png", n), []byte("40x30"))
	}
	h.drives.Put(imagetest.Root, "plan.pdf", []byte("x"))
	first, err := h.Find(ctx, who, " harbour ", 0, 3)
	if err != nil || first.Total != 7 || first.Where.Name != "Pictures" || names(first.Items) != "harbour6.png harbour5.png harbour4.png" {
		t.Fatalf("%+v %v", first, err)
	}
	h.drives.Put(imagetest.Root, "harbour9.png", []byte("40x30")) // pages go on as they began
	for _, row := range []struct {
		skip, count int
		want        string
	}{{3, 3, "harbour3.png harbour2.png harbour1.png"}, {6, 3, "harbour0.png"}, {9, 3, ""}, {-1, 1, "harbour6.png"}, {0, -1, ""}} {
		if page, err := h.Find(ctx, who, "harbour", row.skip, row.count); err != nil || names(page.Items) != row.want {
			t.Errorf("from %d: %q %v", row.skip, names(page.Items), err)
		}
	}
	if newest, err := h.Find(ctx, who, "", 0, 1); err != nil || names(newest.Items) != "harbour9.png" {
		t.Errorf("the newest: %q %v", names(newest.Items), err)
	}
	h.drives.Refuse("ben", fault.New(fault.SignIn, "test", ""))
	if _, err := h.Find(ctx, in(identity.Channel, "ben"), "harbour", 0, 3); !fault.Is(err, fault.SignIn) {
		t.Errorf("what one person found is shown to another who has to sign in: %v", err)
	}
	if _, err := h.Find(ctx, in(identity.GroupChat, "ana"), "harbour", 0, 3); textOf(err) != "image.library.none" {
		t.Errorf("in a chat without a library: %v", err)
	}
	if own, err := h.FindOwn(ctx, in(identity.GroupChat, "ana"), "harbour9", 0, 3); err != nil || names(own.Items) != "harbour9.png" {
		t.Errorf("among the person's own: %q %v", names(own.Items), err)
	}
}

// Before anything is typed, what was opened last comes first, each file once, and nothing that is gone.
func TestStart(t *testing.T) {
	t.Parallel()
	h, ctx, who := newHall(), t.Context(), in(identity.Personal, "ana")
	var items []image.Item
	for _, name := range []string{"a.png", "b.png", "c.png", "d.png"} {
		items = append(items, h.drives.Put(imagetest.Root, name, []byte("40x30")))
	}
	for _, i := range []int{2, 0, 1} {
		if _, err := h.Open(ctx, who, items[i].Ref); err != nil {
			t.Fatal(err)
		}
	}
	h.drives.Remove(items[0].Ref)
	found, err := h.Start(ctx, who, 0, 10)
	if err != nil || names(found.Items) != "b.png c.png d.png" {
		t.Errorf("%q %v", names(found.Items), err)
	}
	if next, err := h.Start(ctx, who, 2, 10); err != nil || names(next.Items) != "d.png" {
		t.Errorf("the next page: %q %v", names(next.Items), err)
	}
	if _, err := h.Choose(ctx, in(identity.GroupChat, "ana"), h.drives.Folder(imagetest.Root, "x").Ref, ""); err != nil {
		t.Fatal(err)
	}
	if elsewhere, err := h.Start(ctx, in(identity.GroupChat, "ana"), 0, 10); err != nil || names(elsewhere.Items) != "b.png c.png" {
		t.Errorf("in a library without pictures: %q %v", names(elsewhere.Items), err)
	}
	if other, err := h.Start(ctx, in(identity.Personal, "ben"), 0, 10); err != nil || names(other.Items) != "d.png c.png b.png" {
		t.Errorf("somebody else: %q %v", names(other.Items), err)
	}
}

// edited is harbour.png (400 by 300) on ana's desk, after a plan.
func (h *hall) edited(t *testing.T, plan string) image.Work {
	t.Helper()
	i := h.drives.Put(imagetest.Root, "harbour.png", []byte("400x300"))
	w, err := h.Open(t.Context(), ana, i.Ref)
	if err == nil && plan != "" {
		p, bad := image.Parse(plan)
		if bad != nil {
			t.Fatal(bad)
		}
		w, err = h.studio.Do(t.Context(), ana, w.ID, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func deed(key string) identity.Deed { return identity.Deed{Key: key, Surface: "card"} }

// A new version replaces the file that was read and nothing else; the next one replaces that, and what others changed
// meanwhile is not overwritten unasked.
func TestSaveNewVersion(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	w := h.edited(t, "resize 200")
	wish := image.Wish{Mode: image.NewVersion, AltElse: "ours", Tags: []string{"sea"}}
	s, err := h.Save(ctx, ana, w.ID, wish, deed("1"))
	if err != nil || s.Item.Ref != w.Item.Ref || !strings.Contains(string(h.drives.Data(s.Item.Ref)), "resize 200") {
		t.Fatalf("%+v %v", s, err)
	}
	about, err := h.About(ctx, ana, s.Item.Ref)
	if err != nil || len(about.Versions) != 1 || about.Properties.Alt != "ours" || about.Properties.By != "ana" || about.Properties.Plan.String() != "resize 200" {
		t.Errorf("%+v %v", about, err)
	}
	p, _ := image.Parse("grey")
	if w, err = h.studio.Do(ctx, ana, w.ID, p); err != nil {
		t.Fatal(err)
	}
	if s, err = h.Save(ctx, ana, w.ID, image.Wish{Mode: image.NewVersion, Alt: "theirs"}, deed("2")); err != nil {
		t.Errorf("the second version: %v", err)
	}
	if said, _ := h.Properties(ctx, ana, s.Item.Ref); said.Alt != "theirs" || !slices.Equal(said.Tags, []string{"sea"}) {
		t.Errorf("said of it: %+v", said)
	}
	h.drives.Put(imagetest.Root, "harbour.png", []byte("1x1"))
	if _, err := h.Save(ctx, ana, w.ID, wish, deed("3")); textOf(err) != "image.save.changed" || string(h.drives.Data(s.Item.Ref)) != "1x1" {
		t.Errorf("over a change: %v", err)
	}
	wish.Clash = image.Over
	if _, err := h.Save(ctx, ana, w.ID, wish, deed("3")); err != nil || string(h.drives.Data(s.Item.Ref)) == "1x1" {
		t.Errorf("over a change, asked: %v", err)
	}
}

// meddling is a drive in which something happens just before a file is looked at.
type meddling struct {
	*drive
	meddle func()
}

func (d *meddling) Item(ctx context.Context, who identity.Caller, ref image.ItemRef) (image.Item, error) {
	d.meddle()
	return d.drive.Item(ctx, who, ref)
}

// What is done to a picture while it is being saved is not in the file, and still unsaved.
func TestSaveWhatWasSeen(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	w := h.edited(t, "resize 200")
	d := &meddling{drive: h.drives, meddle: sync.OnceFunc(func() {
		p, _ := image.Parse("grey")
		if _, err := h.studio.Do(ctx, ana, w.ID, p); err != nil {
			t.Error(err)
		}
	})}
	g := image.NewGallery(image.GalleryConfig{Studio: h.studio, Drives: d, Roster: h.crew, Libraries: h.memory, Aside: h.memory, Seen: h.memory, Captions: h.memory, Saves: h.memory})
	s, err := g.Save(ctx, ana, w.ID, image.Wish{Mode: image.NewVersion, Clash: image.Over}, deed("1"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(h.drives.Data(s.Item.Ref)); !strings.Contains(got, "resize 200") || strings.Contains(got, "grey") {
		t.Errorf("saved %q", got)
	}
	if now, err := h.studio.Look(ana, w.ID); err != nil || !now.Unsaved || now.Plan.String() != "resize 200 | grey" {
		t.Errorf("the picture now: %+v %v", now, err)
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, plan string
		wish       image.Wish
		want       string
		kind       fault.Kind
	}{
		{"nothing done", "", image.Wish{Mode: image.NewVersion}, "image.save.nothing", fault.Invalid},
		{"another format", "webp", image.Wish{Mode: image.NewVersion}, "image.save.format", fault.Invalid},
		{"no name", "grey", image.Wish{Mode: image.NewFile, Name: "  "}, "image.save.no_name", fault.Invalid},
		{"an ending only", "grey", image.Wish{Mode: image.NewFile, Name: ".png"}, "image.save.no_name", fault.Invalid},
		{"a path", "grey", image.Wish{Mode: image.NewFile, Name: "../x.png"}, "image.save.bad_name", fault.Invalid},
		{"a device", "grey", image.Wish{Mode: image.NewFile, Name: "Com1.png"}, "image.save.bad_name", fault.Invalid},
		{"a long name", "grey", image.Wish{Mode: image.NewFile, Name: strings.Repeat("x", 130)}, "image.save.long_name", fault.Invalid},
		{"a long title", "grey", image.Wish{Mode: image.NewFile, Name: "x", Title: strings.Repeat("x", 201)}, "image.save.words", fault.Invalid},
		{"no mode", "grey", image.Wish{}, "image.ref", fault.Invalid},
		{"a name that is taken", "grey", image.Wish{Mode: image.NewFile, Name: "HARBOUR.png"}, "image.save.exists", fault.Stale},
		{"a folder that is none", "grey", image.Wish{Mode: image.NewFile, Name: "x", Folder: image.ItemRef{Drive: "b!drive", Item: "01NONE"}}, "image.drive.gone", fault.NotFound},
		{"covered, with a history", "redact 0,0 10x10", image.Wish{Mode: image.NewVersion}, "image.save.exposes", fault.Denied},
		{"covered, over a name", "redact 0,0 10x10", image.Wish{Mode: image.NewFile, Name: "harbour.png", Clash: image.Over}, "image.save.exposes", fault.Denied},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHall()
			w := h.edited(t, row.plan)
			_, err := h.Save(t.Context(), ana, w.ID, row.wish, deed("1"))
			all, _ := h.drives.Images(t.Context(), ana, imagetest.Root, 10)
			if textOf(err) != row.want || !fault.Is(err, row.kind) || len(all) != 1 || string(h.drives.Data(w.Item.Ref)) != "400x300" {
				t.Errorf("%v; %d files, %q", err, len(all), h.drives.Data(w.Item.Ref))
			}
			if _, done, err := h.Repeated(t.Context(), ana, deed("1")); done || err != nil {
				t.Errorf("it is taken for saved: %v %v", done, err)
			}
		})
	}
}

// A new file lies beside the one that was read, under a name that ends as its format does, and the original stays.
func TestSaveNewFile(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, plan string
		wish       image.Wish
		want       string // names, the newest first
	}{
		{"an ending is added", "resize 200 | webp", image.Wish{Name: "small"}, "small.webp harbour.png"},
		{"an ending asks for a format", "resize 200", image.Wish{Name: "small.WEBP"}, "small.WEBP harbour.png"},
		{"dots are no ending", "resize 200", image.Wish{Name: "v1.2 of the harbour"}, "v1.2 of the harbour.png harbour.png"},
		{"an ending of the same", "jpeg", image.Wish{Name: "small.jpeg"}, "small.jpeg harbour.png"},
		{"both are kept", "grey", image.Wish{Name: "harbour.png", Clash: image.KeepBoth}, "harbour 1.png harbour.png"},
		{"over the one of the name", "grey", image.Wish{Name: "harbour", Clash: image.Over}, "harbour.png"},
		{"over none of the name", "grey", image.Wish{Name: "pier", Clash: image.Over}, "pier.png harbour.png"},
		{"covered", "redact 0,0 10x10", image.Wish{Name: "covered"}, "covered.png harbour.png"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHall()
			w := h.edited(t, row.plan)
			row.wish.Mode = image.NewFile
			s, err := h.Save(t.Context(), ana, w.ID, row.wish, deed("1"))
			all, _ := h.drives.Images(t.Context(), ana, imagetest.Root, 10)
			if err != nil || names(all) != row.want || s.Item.Parent != imagetest.Root || s.Exposed {
				t.Errorf("%+v %v, %q", s, err, names(all))
			}
			if row.wish.Clash != image.Over && string(h.drives.Data(w.Item.Ref)) != "400x300" {
				t.Error("the original was touched")
			}
		})
	}
}

// A picture that was handed over goes into the library of the place, and from then on it has a file.
func TestSaveHanded(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	w, err := h.studio.Take(ctx, ana, "screenshot", []byte("400x300"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Save(ctx, ana, w.ID, image.Wish{Mode: image.NewVersion}, deed("1")); textOf(err) != "image.save.no_file" {
		t.Errorf("a version of nothing: %v", err)
	}
	s, err := h.Save(ctx, ana, w.ID, image.Wish{Mode: image.NewFile, Name: "screenshot"}, deed("2"))
	if err != nil || s.Item.Parent != imagetest.Root || s.Item.Name != "screenshot.png" {
		t.Fatalf("%+v %v", s, err)
	}
	if recent, err := h.Recent(ctx, ana); err != nil || names(recent) != "screenshot.png" {
		t.Errorf("recently: %q %v", names(recent), err)
	}
	p, _ := image.Parse("redact 0,0 10x10")
	if w, err = h.studio.Do(ctx, ana, w.ID, p); err != nil || w.Saved == nil {
		t.Fatalf("%+v %v", w, err)
	}
	s, err = h.Save(ctx, ana, w.ID, image.Wish{Mode: image.NewVersion, Knowing: true}, deed("3"))
	if err != nil || !s.Exposed || s.Item.Name != "screenshot.png" {
		t.Errorf("%+v %v", s, err)
	}
}

// One deed saves once: pressed twice at once, delivered again, after a fault in the middle, and after the process died.
func TestSaveOnce(t *testing.T) {
	t.Parallel()
	for _, wish := range []image.Wish{{Mode: image.NewFile, Name: "small"}, {Mode: image.NewFile, Name: "harbour", Clash: image.KeepBoth}, {Mode: image.NewVersion}} {
		for _, row := range []struct {
			name   string
			before func(h *hall)
			after  func(h *hall)
		}{
			{"delivered again", func(*hall) {}, func(*hall) {}},
			{"again after a restart", func(*hall) {}, func(h *hall) { h.restart() }},
			{"the answer was lost", func(h *hall) { h.drives.Cut(true) }, func(*hall) {}},
			{"killed after the upload", func(h *hall) { h.drives.Cut(true) }, func(h *hall) { h.restart() }},
			{"nothing was written", func(h *hall) { h.drives.Cut(false) }, func(*hall) {}},
		} {
			t.Run(string(wish.Mode)+" "+string(wish.Clash)+" "+row.name, func(t *testing.T) {
				t.Parallel()
				h, ctx := newHall(), t.Context()
				w := h.edited(t, "resize 200")
				row.before(h)
				var done sync.WaitGroup
				for range 3 {
					done.Go(func() { _, _ = h.Save(ctx, ana, w.ID, wish, deed("1")) })
				}
				done.Wait()
				row.after(h)
				s, err := h.Save(ctx, ana, w.ID, wish, deed("1"))
				if err != nil || !strings.Contains(string(h.drives.Data(s.Item.Ref)), "resize 200") {
					t.Fatalf("%+v %v", s, err)
				}
				all, _ := h.drives.Images(ctx, ana, imagetest.Root, 10)
				versions, _ := h.drives.Versions(ctx, ana, w.Item.Ref)
				if len(all)+len(versions) != 2 {
					t.Errorf("%q and %d versions", names(all), len(versions))
				}
				if _, known, _ := h.Repeated(ctx, ben, deed("1")); known {
					t.Error("somebody else is told what it saved")
				}
			})
		}
	}
}

// A save that was cut off is not taken for somebody else's change of the same size.
func TestSaveCutOffBesideAnother(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	w := h.edited(t, "resize 200")
	h.drives.Cut(false)
	wish := image.Wish{Mode: image.NewVersion}
	if _, err := h.Save(ctx, ana, w.ID, wish, deed("1")); !fault.Is(err, fault.Busy) {
		t.Fatalf("cut off: %v", err)
	}
	theirs := []byte(strings.Repeat("x", len("resize 200")))
	h.drives.Put(imagetest.Root, "harbour.png", theirs)
	if _, err := h.Save(ctx, ana, w.ID, wish, deed("1")); textOf(err) != "image.save.changed" {
		t.Errorf("over theirs: %v", err)
	}
}

// Who has to sign in is told so by whatever they do, and who is nobody does nothing.
func TestGalleryWithoutRights(t *testing.T) {
	t.Parallel()
	h, ctx := newHall(), t.Context()
	w := h.edited(t, "grey")
	h.drives.Refuse("ana", fault.New(fault.SignIn, "test", ""))
	each := func(who identity.Caller, want fault.Kind) {
		_, library := h.Library(ctx, who)
		_, choose := h.Choose(ctx, who, imagetest.Root, "")
		_, find := h.Find(ctx, who, "x", 0, 1)
		_, start := h.Start(ctx, who, 0, 1)
		_, about := h.About(ctx, who, w.Item.Ref)
		_, said := h.Properties(ctx, who, w.Item.Ref)
		_, open := h.Open(ctx, who, w.Item.Ref)
		_, _, share := h.Share(ctx, who, w.Item.Ref)
		_, save := h.Save(ctx, who, w.ID, image.Wish{Mode: image.NewFile, Name: "x"}, deed("1"))
		for i, err := range []error{library, choose, find, start, about, said, open, share, save} {
			if !fault.Is(err, want) {
				t.Errorf("%s, call %d: %v, want %s", who.Person, i, err, want)
			}
		}
	}
	each(ana, fault.SignIn)
	each(identity.Caller{Tenant: "t1", Place: identity.Personal}, fault.Denied)
	h.Gallery = image.NewGallery(image.GalleryConfig{Studio: image.NewStudio(image.StudioConfig{}), Roster: h.crew, Libraries: h.memory, Aside: h.memory, Seen: h.memory, Captions: h.memory, Saves: h.memory})
	each(ana, fault.Denied)
}

func TestProposeName(t *testing.T) {
	t.Parallel()
	say := lang.For("en").Text
	for _, row := range []struct{ name, plan, want string }{
		{"harbour.png", "resize 200 | webp", "harbour-200.webp"},
		{"harbour.png", "grey", "harbour-edited.png"},
		{"harbour.png", "resize 200 | redact 0,0 10x10", "harbour-redacted.png"},
		{"harbour.png", "", "harbour.png"},
		{"a/b:c?.heic", "", "a b c.png"},
		{"", "", "Picture.png"},
		{"~$x.png", "", "$x.png"},
		{strings.Repeat("é", 300), "grey", strings.Repeat("é", 109) + "-edited.png"},
	} {
		p, err := image.Parse(row.plan)
		if row.plan == "" {
			p, err = image.Plan{}, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		w := image.Work{Name: row.name, Plan: p, Before: image.Facts{W: 400, H: 300, Format: "png"}, After: image.Facts{W: 400, H: 300, Format: "png"}}
		if strings.Contains(row.plan, "resize") {
			w.After.W = 200
		}
		if p.Output.Format != "" {
			w.After.Format = string(p.Output.Format)
		}
		if diff := cmp.Diff(row.want, image.ProposeName(w, say)); diff != "" {
			t.Error(diff)
		}
	}
}
