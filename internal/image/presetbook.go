package image

import (
	"context"
	"slices"
	"strings"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// MaxPresets is how many presets an organisation may have.
const MaxPresets = 100

// OwnPreset is a preset of an organisation: what it is called and does, who made it when, and in which conversation, whose
// owners may change it, too.
type OwnPreset struct {
	Preset
	By   identity.Person
	At   time.Time
	Home identity.Conversation
	Team string
}

// Key is what the name is kept under: names that people type for the same are the same.
func (p OwnPreset) Key() string { return presetName(p.Name) }

// PresetShelf keeps the presets of organisations.
type PresetShelf interface {
	// Presets are those of an organisation, in the order of their keys. One that this program cannot read is left out.
	Presets(ctx context.Context, t identity.Tenant) ([]OwnPreset, error)
	// ChangePreset puts what change makes of the preset of a key in its place, in one transaction; nil stands for none. count
	// is how many presets the organisation has. When change fails, nothing is written. It may be called more than once and
	// may not use the shelf.
	ChangePreset(ctx context.Context, t identity.Tenant, key string, change func(now *OwnPreset, count int) (*OwnPreset, error)) error
}

// PresetBook holds the presets of organisations. Everybody of an organisation uses them and may add to them; whoever made
// one may change it, and so may the owners of the conversation where it was made.
type PresetBook struct {
	shelf PresetShelf
	roles Roles
	now   func() time.Time
}

// NewPresetBook makes a PresetBook. Now is the clock; nil is the real one.
func NewPresetBook(shelf PresetShelf, roles Roles, now func() time.Time) *PresetBook {
	if now == nil {
		now = time.Now
	}
	return &PresetBook{shelf, roles, now}
}

// Own are the presets of the person's organisation, as Parse takes them.
func (b *PresetBook) Own(ctx context.Context, t identity.Tenant) ([]Preset, error) {
	kept, err := b.shelf.Presets(ctx, t)
	own := make([]Preset, 0, len(kept))
	for _, p := range kept {
		own = append(own, p.Preset)
	}
	return own, err
}

// ListedPreset is a preset as somebody sees it.
type ListedPreset struct {
	OwnPreset
	MayDelete bool
}

// List gives the organisation's presets by name. Who may delete one is asked of Teams for this conversation only; elsewhere
// it shows when they try.
func (b *PresetBook) List(ctx context.Context, who identity.Caller) ([]ListedPreset, error) {
	if err := member("image.PresetBook.List", who); err != nil {
		return nil, err
	}
	kept, err := b.shelf.Presets(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	owns := false
	if slices.ContainsFunc(kept, func(p OwnPreset) bool { return p.By != who.Person && p.Home == who.Conversation }) {
		if owns, err = b.owns(ctx, who, who.Conversation, who.Team); err != nil {
			return nil, err
		}
	}
	list := make([]ListedPreset, len(kept))
	for i, p := range kept {
		list[i] = ListedPreset{p, p.By == who.Person || owns && p.Home == who.Conversation}
	}
	return list, nil
}

// Save gives a plan a name. Before is the plan that had the name, where the person may replace it; nil for a new name. What
// a name may be, Preset.Validate says.
func (b *PresetBook) Save(ctx context.Context, who identity.Caller, name string, p Plan) (saved OwnPreset, before *Plan, err error) {
	const op = "image.SavePreset"
	if err := member(op, who); err != nil {
		return OwnPreset{}, nil, err
	}
	saved = OwnPreset{Preset: Preset{Name: strings.Join(strings.Fields(name), " "), Plan: p}, By: who.Person, At: b.now(), Home: who.Conversation, Team: who.Team}
	if len(p.Steps) == 0 && p.Output == (Output{}) {
		return OwnPreset{}, nil, fault.New(fault.Invalid, op, "preset.nothing")
	}
	if err := saved.Validate(); err != nil {
		return OwnPreset{}, nil, err
	}
	err = b.change(ctx, op, who, saved.Key(), func(now *OwnPreset, count int) (*OwnPreset, error) {
		if now == nil && count >= MaxPresets {
			return nil, fault.New(fault.Denied, op, "preset.full", "Limit", MaxPresets)
		}
		next := saved
		if before = nil; now != nil { // it stays whose it was
			before = &now.Plan
			next.By, next.Home, next.Team = now.By, now.Home, now.Team
		}
		return &next, nil
	})
	return saved, before, err
}

// Delete takes a preset away and gives it back as it was, so that it can be saved again.
func (b *PresetBook) Delete(ctx context.Context, who identity.Caller, name string) (gone OwnPreset, err error) {
	const op = "image.DeletePreset"
	if err := member(op, who); err != nil {
		return OwnPreset{}, err
	}
	if presetName(name) == "" || len(name) > 4*maxPresetName {
		return OwnPreset{}, noPreset(op, name)
	}
	err = b.change(ctx, op, who, presetName(name), func(now *OwnPreset, _ int) (*OwnPreset, error) {
		if now == nil {
			return nil, noPreset(op, name)
		}
		gone = *now
		return nil, nil
	})
	return gone, err
}

// change changes the preset of a key, which the person may. That is asked before, and holds for the preset as it was then.
func (b *PresetBook) change(ctx context.Context, op string, who identity.Caller, key string, make func(now *OwnPreset, count int) (*OwnPreset, error)) error {
	kept, err := b.shelf.Presets(ctx, who.Tenant)
	if err != nil {
		return err
	}
	var seen OwnPreset
	if i := slices.IndexFunc(kept, func(p OwnPreset) bool { return p.Key() == key }); i >= 0 {
		seen = kept[i]
		if may, err := b.may(ctx, who, seen); err != nil || !may {
			return cmpErr(err, fault.New(fault.Denied, op, "preset.theirs", "Name", seen.Name))
		}
	}
	return b.shelf.ChangePreset(ctx, who.Tenant, key, func(now *OwnPreset, count int) (*OwnPreset, error) {
		if now != nil && now.By != seen.By {
			return nil, fault.New(fault.Denied, op, "preset.theirs", "Name", now.Name)
		}
		return make(now, count)
	})
}

func (b *PresetBook) may(ctx context.Context, who identity.Caller, p OwnPreset) (bool, error) {
	if p.By == who.Person {
		return true, nil
	}
	return b.owns(ctx, who, p.Home, p.Team)
}

func (b *PresetBook) owns(ctx context.Context, who identity.Caller, c identity.Conversation, team string) (bool, error) {
	role, err := b.roles.Role(ctx, who.Tenant, who.Person, c, team)
	return role == identity.Owner, err
}

func noPreset(op, name string) error {
	if name == "" || len(name) > 4*maxPresetName {
		name = "…"
	}
	return fault.New(fault.NotFound, op, "preset.none", "Name", name)
}

// member refuses who has no account of the organisation, or is in no conversation.
func member(op string, who identity.Caller) error {
	if who.Conversation == "" {
		return fault.New(fault.Denied, op, "image.anonymous")
	}
	return known(op, who)
}
