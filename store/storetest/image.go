package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/store"
)

// Images are the parts of a store that keep what a Gallery keeps.
type Images struct {
	Libraries image.Libraries
	Seen      image.Seen
	Captions  image.Captions
	Saves     image.Saves
}

// RunImages tests that a store keeps the contract of what a Gallery keeps. open gives an empty store for each test.
func RunImages(t *testing.T, open func(t testing.TB) Images) {
	for name, test := range map[string]func(*testing.T, Images){
		"a conversation chooses a folder":   testChoice,
		"what was seen last is first":       testSeen,
		"what is said of a file comes back": testCaptions,
		"a save is known by its deed":       testSaves,
		"pictures of tenants never meet":    testImagesApart,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func file(n int) image.ItemRef {
	return image.ItemRef{Drive: "b!drive", Item: fmt.Sprintf("01ITEM%d", n)}
}

func testChoice(t *testing.T, p Images) {
	ctx := t.Context()
	none, err := p.Libraries.Library(ctx, north, sales)
	want(t, "before anybody chose", none, err, image.Choice{})
	chosen := image.Choice{Folder: file(1), By: ines, At: at(1)}
	set := func(c *image.Choice) error { *c = chosen; return nil }
	if err := p.Libraries.ChangeLibrary(ctx, north, sales, set); err != nil {
		t.Fatal(err)
	}
	got, err := p.Libraries.Library(ctx, north, sales)
	want(t, "chosen", got, err, chosen)
	other, err := p.Libraries.Library(ctx, north, lab)
	want(t, "of another conversation", other, err, image.Choice{})

	refuse := errors.New("refused")
	err = p.Libraries.ChangeLibrary(ctx, north, sales, func(c *image.Choice) error {
		if *c != chosen {
			t.Errorf("the change sees %v", *c)
		}
		c.Folder = file(2)
		return refuse
	})
	if !errors.Is(err, refuse) {
		t.Errorf("a change that fails: %v", err)
	}
	got, err = p.Libraries.Library(ctx, north, sales)
	want(t, "after a change that failed", got, err, chosen)

	for range 2 {
		if err := p.Libraries.ChangeLibrary(ctx, north, sales, func(c *image.Choice) error { *c = image.Choice{}; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	got, err = p.Libraries.Library(ctx, north, sales)
	want(t, "given up", got, err, image.Choice{})
}

func testSeen(t *testing.T, p Images) {
	ctx := t.Context()
	none, err := p.Seen.Seen(ctx, north, ines)
	want(t, "before anything", none, err, nil)
	for n := range image.MaxSeen + 5 {
		if err := p.Seen.See(ctx, north, ines, file(n)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := p.Seen.See(ctx, north, ines, file(image.MaxSeen)); err != nil {
			t.Fatal(err)
		}
	}
	expected := []image.ItemRef{file(image.MaxSeen)}
	for n := image.MaxSeen + 4; len(expected) < image.MaxSeen; n-- {
		if n != image.MaxSeen {
			expected = append(expected, file(n))
		}
	}
	got, err := p.Seen.Seen(ctx, north, ines)
	want(t, "seen", got, err, expected)
	theirs, err := p.Seen.Seen(ctx, north, timur)
	want(t, "seen by somebody else", theirs, err, nil)
}

func testCaptions(t *testing.T, p Images) {
	ctx := t.Context()
	none, err := p.Captions.Properties(ctx, north, file(1))
	want(t, "before anybody said anything", none, err, image.Properties{})
	plan, err := image.Parse("crop 16:9 | redact 10%,40% 50%x8% | webp q80")
	if err != nil {
		t.Fatal(err)
	}
	said := image.Properties{Title: "Harbour <&>", Alt: "Two cranes\nat night", Tags: []string{"harbour", "Überseehafen"}, Plan: plan, By: ines, At: at(1)}
	for _, props := range []image.Properties{{Title: "before", By: timur, At: at(0)}, said} {
		if err := p.Captions.SetProperties(ctx, north, file(1), props); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.Captions.Properties(ctx, north, file(1))
	want(t, "said", got, err, said)
	other, err := p.Captions.Properties(ctx, north, file(2))
	want(t, "of another file", other, err, image.Properties{})
}

func testSaves(t *testing.T, p Images) {
	ctx := t.Context()
	_, err := p.Saves.Save(ctx, north, "deed")
	wantKind(t, "an unknown deed", err, fault.NotFound)
	began := image.Intent{By: ines, At: time.Now().UTC(), Mode: image.NewFile, Into: file(1), ETag: `"{1},2"`, Name: "0a", Size: 84_000, Sum: "0b", Exposed: true}
	done := began
	done.Saved = file(2)
	for _, i := range []image.Intent{began, done} {
		if err := p.Saves.KeepSave(ctx, north, "deed", i); err != nil {
			t.Fatal(err)
		}
		got, err := p.Saves.Save(ctx, north, "deed")
		want(t, "kept", got, err, i)
	}
	for range 2 {
		if err := p.Saves.DropSave(ctx, north, "deed"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Saves.Save(ctx, north, "deed")
	wantKind(t, "a dropped deed", err, fault.NotFound)
}

func testImagesApart(t *testing.T, p Images) {
	ctx := t.Context()
	err := errors.Join(
		p.Libraries.ChangeLibrary(ctx, north, sales, func(c *image.Choice) error { c.Folder = file(1); return nil }),
		p.Seen.See(ctx, north, ines, file(1)),
		p.Captions.SetProperties(ctx, north, file(1), image.Properties{Title: "north"}),
		p.Saves.KeepSave(ctx, north, "deed", image.Intent{At: time.Now()}))
	if err != nil {
		t.Fatal(err)
	}
	choice, err := p.Libraries.Library(ctx, south, sales)
	want(t, "the library", choice, err, image.Choice{})
	seen, err := p.Seen.Seen(ctx, south, ines)
	want(t, "what was seen", seen, err, nil)
	said, err := p.Captions.Properties(ctx, south, file(1))
	want(t, "what was said", said, err, image.Properties{})
	_, err = p.Saves.Save(ctx, south, "deed")
	wantKind(t, "the save", err, fault.NotFound)
}

// ImagesOf are the parts of a store.
func ImagesOf(db *store.DB) Images {
	return Images{Libraries: db.Libraries(), Seen: db.Seen(), Captions: db.Captions(), Saves: db.Saves()}
}
