package image

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// What a Gallery keeps, and what it asks Teams. None of it holds a name of a file, folder, team or person.
type (
	// Libraries keeps the folders that conversations chose.
	Libraries interface {
		// Library is the choice of a conversation; the zero Choice when there is none.
		Library(ctx context.Context, t identity.Tenant, c identity.Conversation) (Choice, error)
		// ChangeLibrary changes a choice in one transaction: a Choice without a Folder is removed, and nothing is written when change fails.
		// change may not use the store.
		ChangeLibrary(ctx context.Context, t identity.Tenant, c identity.Conversation, change func(*Choice) error) error
	}
	// Aside lets what conversations chose and pinned wait while the app is not there.
	Aside interface {
		// SetAside lets the choice and the pins of a conversation wait since a time, unseen: from then on it has neither. What
		// waits already waits with them, since then.
		SetAside(ctx context.Context, t identity.Tenant, c identity.Conversation, at time.Time) error
		// BringBack ends that. A choice that was made meanwhile stays, and so do pins; at most MaxPins are kept.
		BringBack(ctx context.Context, t identity.Tenant, c identity.Conversation) (Back, error)
		// CountAside tells for how many conversations something waits since before a time.
		CountAside(ctx context.Context, t identity.Tenant, before time.Time) (int, error)
		// EraseAside takes away for good what waits since before a time, of some conversations in one transaction, and gives
		// how many these were; none when nothing is left. The audit log has an entry for each.
		EraseAside(ctx context.Context, t identity.Tenant, before time.Time) (int, error)
	}
	// Seen keeps which files a person opened or saved last.
	Seen interface {
		// Seen gives them, the last first.
		Seen(ctx context.Context, t identity.Tenant, p identity.Person) ([]ItemRef, error)
		// See puts one first; at most MaxSeen are kept.
		See(ctx context.Context, t identity.Tenant, p identity.Person, ref ItemRef) error
	}
	// Captions keeps what people say about files.
	Captions interface {
		// Properties are those of a file; the zero Properties when there are none.
		Properties(ctx context.Context, t identity.Tenant, ref ItemRef) (Properties, error)
		SetProperties(ctx context.Context, t identity.Tenant, ref ItemRef, p Properties) error
	}
	// Saves keeps for a week which saves began, by the keys of their deeds, and what became of them.
	Saves interface {
		// Save is the intent of a deed; NotFound when it has none.
		Save(ctx context.Context, t identity.Tenant, deed string) (Intent, error)
		KeepSave(ctx context.Context, t identity.Tenant, deed string, i Intent) error
		DropSave(ctx context.Context, t identity.Tenant, deed string) error
	}
	// Roster tells what Teams knows of a conversation.
	Roster interface {
		Roles
		// Group is the Entra id of the group behind the team of a channel; empty where there is no team.
		Group(ctx context.Context, who identity.Caller) (string, error)
	}
)

// GalleryConfig is what a Gallery is made of. Everything is required but Drives and Now.
type GalleryConfig struct {
	Studio *Studio
	// Drives are where people keep their pictures; nil answers everything with a fault that says so.
	Drives    Drives
	Roster    Roster
	Libraries Libraries
	Aside     Aside
	Seen      Seen
	Captions  Captions
	Saves     Saves
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Gallery is what people do with files of SharePoint and OneDrive: find them in the library of a conversation, open them
// in the studio, save what came of it, share it. Everything is done with the person's own rights; what a button carries
// is a claim that the drive decides on.
type Gallery struct {
	studio    *Studio
	drives    Drives
	roster    Roster
	libraries Libraries
	aside     Aside
	seen      Seen
	captions  Captions
	saves     Saves
	now       func() time.Time

	places *otter.Cache[placeKey, Item]
	lists  *otter.Cache[listKey, []Item]
	saving singleflight.Group
}

// How long what a drive said is shown without asking again, and how much of it is held.
const (
	listLife  = time.Minute
	maxPlaces = 5_000
	maxListed = 20_000 // items, over all lists
)

// NewGallery makes a Gallery.
func NewGallery(c GalleryConfig) *Gallery {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Gallery{studio: c.Studio, drives: c.Drives, roster: c.Roster, libraries: c.Libraries, aside: c.Aside, seen: c.Seen, captions: c.Captions, saves: c.Saves, now: c.Now,
		places: otter.Must(&otter.Options[placeKey, Item]{MaximumSize: maxPlaces, ExpiryCalculator: otter.ExpiryWriting[placeKey, Item](listLife)}),
		lists: otter.Must(&otter.Options[listKey, []Item]{MaximumWeight: maxListed, Weigher: func(_ listKey, l []Item) uint32 { return uint32(len(l) + 1) },
			ExpiryCalculator: otter.ExpiryWriting[listKey, []Item](listLife)}),
	}
}

// may refuses who is nobody, and everybody where no drives are connected.
func (g *Gallery) may(op string, who identity.Caller) error { return mayUseDrives(op, g.drives, who) }

// Item reads a file or folder as it is now.
func (g *Gallery) Item(ctx context.Context, who identity.Caller, ref ItemRef) (Item, error) {
	if err := g.may("image.Item", who); err != nil {
		return Item{}, err
	}
	return g.drives.Item(ctx, who, ref)
}

// Connected tells whether there are drives at all.
func (g *Gallery) Connected() bool { return g.drives != nil }

// Ready refuses who is nobody, and everybody where no drives are connected; what it gives is the fault that says so.
func (g *Gallery) Ready(who identity.Caller) error { return g.may("image.Ready", who) }

// Look is Item for a person who chose the file: it is from then on among what they saw last.
func (g *Gallery) Look(ctx context.Context, who identity.Caller, ref ItemRef) (Item, error) {
	item, err := g.Item(ctx, who, ref)
	if err == nil && item.IsPicture() {
		g.see(ctx, who, ref)
	}
	return item, err
}

// Open lays a file on the person's desk, as Studio.Open does, and remembers it among what they saw last.
func (g *Gallery) Open(ctx context.Context, who identity.Caller, ref ItemRef) (Work, error) {
	if err := g.may("image.Open", who); err != nil {
		return Work{}, err
	}
	w, err := g.studio.Open(ctx, who, ref)
	if err == nil {
		g.see(ctx, who, ref)
	}
	return w, err
}

// see remembers a file for the person. Whoever looks gets to see, even when nothing can be written.
func (g *Gallery) see(ctx context.Context, who identity.Caller, ref ItemRef) {
	_ = g.seen.See(ctx, who.Tenant, who.Person, ref)
}

// About is what is known of a file beside its pixels.
type About struct {
	Item       Item
	Versions   []Version // kept earlier states, the newest first
	Properties Properties
}

// About reads what is known of a file.
func (g *Gallery) About(ctx context.Context, who identity.Caller, ref ItemRef) (About, error) {
	if err := g.may("image.About", who); err != nil {
		return About{}, err
	}
	item, err := g.drives.Item(ctx, who, ref)
	if err != nil {
		return About{}, err
	}
	versions, err := g.drives.Versions(ctx, who, ref)
	if err != nil {
		return About{}, err
	}
	p, err := g.captions.Properties(ctx, who.Tenant, ref)
	return About{item, versions, p}, err
}

// Properties are what people said of a file that the person may read.
func (g *Gallery) Properties(ctx context.Context, who identity.Caller, ref ItemRef) (Properties, error) {
	if _, err := g.Item(ctx, who, ref); err != nil {
		return Properties{}, err
	}
	return g.captions.Properties(ctx, who.Tenant, ref)
}

// Share gives a link with which the people of the organisation see a file, and what is known of it.
func (g *Gallery) Share(ctx context.Context, who identity.Caller, ref ItemRef) (Item, string, error) {
	item, err := g.Item(ctx, who, ref)
	if err != nil {
		return Item{}, "", err
	}
	if item.Folder {
		return Item{}, "", fault.New(fault.Invalid, "image.Share", "image.ref")
	}
	link, err := g.drives.Share(ctx, who, ref)
	return item, link, err
}
