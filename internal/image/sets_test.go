package image_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/store/storetest"
)

var (
	quay  = identity.Conversation("19:quay@thread.example")
	cleo  = at(quay, "cleo")
	dario = at(quay, "dario")
	olga  = at(quay, "olga")
)

func at(c identity.Conversation, p identity.Person) identity.Caller {
	return identity.Caller{Tenant: "11111111-1111-4111-8111-111111111111", Person: p, Conversation: c, Place: identity.Channel, Team: "19:team@thread.example"}
}

// roles are what people are in each conversation.
type roles struct {
	mu  sync.Mutex
	all map[identity.Person]identity.Role
}

func (r *roles) Role(_ context.Context, _ identity.Tenant, p identity.Person, c identity.Conversation, _ string) (identity.Role, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c != quay {
		return identity.None, nil
	}
	return r.all[p], nil
}

func (r *roles) left(p identity.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, p)
}

func newRoles() *roles {
	return &roles{all: map[identity.Person]identity.Role{"cleo": identity.Member, "dario": identity.Member, "olga": identity.Owner}}
}

// sets is what the tests below work with: a drive, the real store, and a clock.
type sets struct {
	drives  *imagetest.Drives
	roles   *roles
	studio  *image.Studio
	pins    *image.Pins
	presets *image.PresetBook
	batches *image.Batches
	shelf   image.BatchShelf
}

func newSets(t *testing.T) *sets {
	t.Helper()
	db := storetest.Open(t)
	s := &sets{drives: imagetest.New(), roles: newRoles(), shelf: db.Batches()}
	s.studio = image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: s.drives})
	s.pins = image.NewPins(s.studio, db.Pins(), s.roles, nil)
	s.presets = image.NewPresetBook(db.Presets(), s.roles, nil)
	s.batches = image.NewBatches(s.studio, s.shelf, slog.New(slog.DiscardHandler), nil)
	return s
}

func (s *sets) pin(t *testing.T, who identity.Caller, name, caption string) image.Item {
	t.Helper()
	item := s.drives.Put(imagetest.Root, name, []byte("40x30"))
	if _, again, err := s.pins.Pin(t.Context(), who, item.Ref, caption); err != nil || again {
		t.Fatalf("pin %s: %v %v", name, again, err)
	}
	return item
}

// textOf is the key of a fault's sentence.
func textOf(err error) string {
	var f *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Text
	}
	return err.Error()
}

func TestPinsAreListedInOrder(t *testing.T) {
	t.Parallel()
	s := newSets(t)
	first, second := s.pin(t, cleo, "quay.png", " The  quay "), s.pin(t, dario, "crane.png", "")
	page, all, err := s.pins.List(t.Context(), cleo, 0, 10)
	if err != nil || all != 2 {
		t.Fatalf("%d pins, %v", all, err)
	}
	type row struct {
		N       int
		Name    string
		Caption string
		May     bool
	}
	var got []row
	for _, p := range page {
		got = append(got, row{p.N, p.Item.Name, p.Caption, p.MayUnpin})
	}
	if diff := cmp.Diff([]row{{1, "quay.png", "The quay", true}, {2, "crane.png", "", false}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.drives.Remove(first.Ref)
	page, _, err = s.pins.List(t.Context(), olga, 0, 1)
	if err != nil || len(page) != 1 || page[0].Item != nil || !page[0].MayUnpin {
		t.Errorf("of a file that is gone an owner sees %+v, %v", page, err)
	}
	page, all, err = s.pins.List(t.Context(), at("19:else@thread.example", "cleo"), 0, 10)
	if err != nil || all != 0 || len(page) != 0 {
		t.Errorf("another conversation has %d pins, %v", all, err)
	}
	s.drives.Refuse("cleo", fault.New(fault.SignIn, "test", ""))
	if _, _, err = s.pins.List(t.Context(), cleo, 0, 10); !fault.Is(err, fault.SignIn) {
		t.Errorf("signed out: %v", err)
	}
	if n, err := s.pins.Numbered(t.Context(), cleo, 2); err != nil || n.Ref != second.Ref {
		t.Errorf("number 2 is %v, %v", n, err)
	}
	if _, err := s.pins.Numbered(t.Context(), cleo, 3); textOf(err) != "pins.no_number" {
		t.Errorf("number 3: %v", err)
	}
}

// A pin stays as it is when the same file is pinned again, and a full set stays as it is.
func TestPinReplacesNothing(t *testing.T) {
	t.Parallel()
	s := newSets(t)
	item := s.pin(t, cleo, "quay.png", "The quay")
	pin, again, err := s.pins.Pin(t.Context(), dario, item.Ref, "Mine")
	if err != nil || !again || pin.Caption != "The quay" || pin.By != "cleo" || pin.MayUnpin {
		t.Errorf("pinned again: %+v %v %v", pin, again, err)
	}
	for i := range image.MaxPins - 1 {
		s.pin(t, cleo, string(rune('a'+i))+".png", "")
	}
	more := s.drives.Put(imagetest.Root, "more.png", []byte("40x30"))
	_, _, err = s.pins.Pin(t.Context(), cleo, more.Ref, "")
	if !fault.Is(err, fault.Denied) || textOf(err) != "pins.full.caption" {
		t.Errorf("a full set: %v", err)
	}
	if _, all, _ := s.pins.List(t.Context(), cleo, 0, 1); all != image.MaxPins {
		t.Errorf("%d pins", all)
	}
	notes := s.drives.Put(imagetest.Root, "notes.txt", []byte("x"))
	if _, _, err := s.pins.Pin(t.Context(), cleo, notes.Ref, ""); textOf(err) != "pins.no_picture" {
		t.Errorf("no picture: %v", err)
	}
	if _, err := s.pins.Caption(t.Context(), cleo, item.Ref, strings.Repeat("x", 201)); textOf(err) != "pins.caption_long" {
		t.Errorf("a long caption: %v", err)
	}
}

func TestWhoMayUnpin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		who  identity.Caller
		gone bool // who pinned it has left
		want string
	}{
		{"who pinned it", cleo, false, ""},
		{"an owner", olga, false, ""},
		{"somebody else", dario, false, "pins.theirs"},
		{"somebody else, when who pinned it is gone", dario, true, ""},
		{"a stranger, when who pinned it is gone", at(quay, "wanda"), true, "pins.theirs"},
		{"from elsewhere", at("19:else@thread.example", "cleo"), false, "pins.gone"},
		{"nobody", at(quay, ""), false, "image.anonymous"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSets(t)
			item := s.pin(t, cleo, "quay.png", "The quay")
			if row.gone {
				s.roles.left("cleo")
			}
			if _, err := s.pins.Caption(t.Context(), row.who, item.Ref, "New words"); textOf(err) != row.want {
				t.Errorf("caption: %v", err)
			}
			gone, err := s.pins.Unpin(t.Context(), row.who, item.Ref)
			if textOf(err) != row.want || err == nil && (gone.Ref != item.Ref || gone.Caption != "New words") {
				t.Errorf("unpin: %+v %v", gone, err)
			}
			_, all, err := s.pins.List(t.Context(), cleo, 0, 5)
			if err != nil || (all == 0) != (row.want == "") {
				t.Errorf("afterwards %d, %v", all, err)
			}
		})
	}
}

func TestPinsWithoutDrives(t *testing.T) {
	t.Parallel()
	pins := image.NewPins(image.NewStudio(image.StudioConfig{Engine: &easel{}}), nil, nil, time.Now)
	if _, _, err := pins.List(t.Context(), cleo, 0, 5); textOf(err) != "image.no_drives" {
		t.Errorf("got %v", err)
	}
}

func TestPresetsOfTheTenant(t *testing.T) {
	t.Parallel()
	s := newSets(t)
	ctx := t.Context()
	saved, before, err := s.presets.Save(ctx, cleo, " Our   Bannière ", plan(t, "resize 800x200 fill | webp"))
	if err != nil || before != nil || saved.Name != "Our Bannière" || saved.By != "cleo" {
		t.Fatalf("saved %+v %v %v", saved, before, err)
	}
	own, err := s.presets.Own(ctx, cleo.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"our banniere", "OUR-BANNIÈRE | grey", "rotate 90 | our bannière"} {
		if p, err := image.Parse(text, own...); err != nil || !strings.Contains(p.String(), "resize 800x200 fill") {
			t.Errorf("%q: %v %v", text, p, err)
		}
	}
	_, before, err = s.presets.Save(ctx, olga, "our banniere", plan(t, "grey"))
	if err != nil || before == nil || before.String() != "resize 800x200 fill centre | webp" && !strings.HasPrefix(before.String(), "resize 800x200 fill") {
		t.Errorf("saved again by an owner: %v %v", before, err)
	}
	list, err := s.presets.List(ctx, cleo)
	if err != nil || len(list) != 1 || list[0].By != "cleo" || list[0].Plan.String() != "grey" || !list[0].MayDelete {
		t.Errorf("it stays cleo's: %+v %v", list, err)
	}
	if list, err = s.presets.List(ctx, dario); err != nil || list[0].MayDelete {
		t.Errorf("dario sees %+v %v", list, err)
	}
	if own, err = s.presets.Own(ctx, "22222222-2222-4222-8222-222222222222"); err != nil || len(own) != 0 {
		t.Errorf("another tenant has %v %v", own, err)
	}
}

func TestPresetsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSets(t)
	ctx := t.Context()
	if _, _, err := s.presets.Save(ctx, cleo, "Ours", plan(t, "grey")); err != nil {
		t.Fatal(err)
	}
	save := func(who identity.Caller, name, text string) error {
		_, _, err := s.presets.Save(ctx, who, name, plan(t, text))
		return err
	}
	remove := func(who identity.Caller, name string) error {
		_, err := s.presets.Delete(ctx, who, name)
		return err
	}
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"a built-in's name", save(cleo, "E-Mail", "grey"), "image.preset.taken"},
		{"a verb", save(cleo, "resize", "grey"), "image.preset.taken"},
		{"no name", save(cleo, "", "grey"), "image.preset.name"},
		{"signs", save(cleo, "a | b", "grey"), "image.preset.name"},
		{"nothing to do", save(cleo, "nothing", "strip"), "preset.nothing"},
		{"somebody else's", save(dario, "OURS", "blur 3"), "preset.theirs"},
		{"nobody", save(at(quay, ""), "x", "grey"), "image.anonymous"},
		{"to delete somebody else's", remove(dario, "ours"), "preset.theirs"},
		{"to delete as an owner of no place", remove(at("19:else@thread.example", "wanda"), "ours"), "preset.theirs"},
		{"to delete what is not there", remove(cleo, "mine"), "preset.none"},
		{"to delete nothing", remove(cleo, " "), "preset.none"},
		{"to delete without end", remove(cleo, strings.Repeat("x", 4000)), "preset.none"},
	} {
		if got := textOf(row.err); got != row.want {
			t.Errorf("%s: %v, want %s", row.name, row.err, row.want)
		}
	}
	if err := remove(olga, "ours"); err != nil {
		t.Errorf("an owner of the place: %v", err)
	}
}

func TestPresetsAreBounded(t *testing.T) {
	t.Parallel()
	shelf := &fullPresets{}
	book := image.NewPresetBook(shelf, newRoles(), nil)
	shelf.count = image.MaxPresets - 1
	if _, _, err := book.Save(t.Context(), cleo, "One more", plan(t, "grey")); err != nil {
		t.Errorf("the last: %v", err)
	}
	shelf.count = image.MaxPresets
	if _, _, err := book.Save(t.Context(), cleo, "One more", plan(t, "grey")); textOf(err) != "preset.full" {
		t.Errorf("one too many: %v", err)
	}
}

// fullPresets is a shelf that has so many presets, and keeps none.
type fullPresets struct{ count int }

func (f *fullPresets) Presets(context.Context, identity.Tenant) ([]image.OwnPreset, error) {
	return nil, nil
}

func (f *fullPresets) ChangePreset(_ context.Context, _ identity.Tenant, _ string, change func(*image.OwnPreset, int) (*image.OwnPreset, error)) error {
	_, err := change(nil, f.count)
	return err
}
