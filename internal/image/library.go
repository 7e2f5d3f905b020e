package image

import (
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Choice is the folder that a conversation chose for its pictures, by whom and when.
type Choice struct {
	Folder ItemRef
	By     identity.Person
	At     time.Time
}

// Seen names a choice in a form that somebody fills in, so that two of them do not overwrite each other.
func (c Choice) Seen() string {
	if c.Folder == (ItemRef{}) {
		return ""
	}
	return c.Folder.String()
}

// Library is where the pictures of a conversation are.
type Library struct {
	Folder Item   // the zero Item when there is none, or the person does not see it
	Choice Choice // the zero Choice where nobody chose
	May    bool   // the person may choose another
	Hidden bool   // a folder was chosen, and it is gone or not the person's to see
}

// Library tells where the pictures of the caller's conversation are: in the folder that was chosen, else with the files
// of the channel, or in a personal chat with the person's own. A group chat has none until somebody chooses.
func (g *Gallery) Library(ctx context.Context, who identity.Caller) (Library, error) {
	const op = "image.Library"
	if err := g.may(op, who); err != nil {
		return Library{}, err
	}
	choice, err := g.libraries.Library(ctx, who.Tenant, who.Conversation)
	if err != nil {
		return Library{}, err
	}
	l := Library{Choice: choice}
	l.Folder, err = g.folder(ctx, who, choice)
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Denied):
		l.Folder, l.Hidden = Item{}, choice != Choice{}
	case err != nil:
		return Library{}, err
	}
	err = g.mayChoose(ctx, op, who)
	l.May = err == nil
	if fault.Is(err, fault.Denied) {
		err = nil
	}
	return l, err
}

// folder reads the folder of a choice, or of the place where nobody chose.
func (g *Gallery) folder(ctx context.Context, who identity.Caller, c Choice) (Item, error) {
	const op = "image.Library"
	if c != (Choice{}) {
		item, err := g.drives.Item(ctx, who, c.Folder)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
			return Item{}, fault.New(fault.NotFound, op, "image.library.gone")
		}
		return item, err
	}
	if who.Place == identity.GroupChat {
		return Item{}, fault.New(fault.NotFound, op, "image.library.none")
	}
	group, err := g.roster.Group(ctx, who)
	if err != nil {
		return Item{}, err
	}
	return g.drives.Home(ctx, who, group)
}

// mayChoose admits the owners of a channel's team, the members of a group chat, and in a personal chat its person.
func (g *Gallery) mayChoose(ctx context.Context, op string, who identity.Caller) error {
	if who.Place == identity.Personal {
		return nil
	}
	least, text := identity.Owner, "image.library.owners"
	if who.Place == identity.GroupChat {
		least, text = identity.Member, "image.library.members"
	}
	role, err := g.roster.Role(ctx, who.Tenant, who.Person, who.Conversation, who.Team)
	if err == nil && role < least {
		return fault.New(fault.Denied, op, text)
	}
	return err
}

// mayBrowse admits who may choose a folder.
func (g *Gallery) mayBrowse(ctx context.Context, op string, who identity.Caller) error {
	if err := g.may(op, who); err != nil {
		return err
	}
	return g.mayChoose(ctx, op, who)
}

// MayChoose fails for who may not choose the folder of this conversation; the fault says who may.
func (g *Gallery) MayChoose(ctx context.Context, who identity.Caller) error {
	return g.mayBrowse(ctx, "image.MayChoose", who)
}

// Resolve finds the folder behind an address that somebody pasted; of a file it is the one that the file lies in.
func (g *Gallery) Resolve(ctx context.Context, who identity.Caller, link string) (Item, error) {
	if err := g.mayBrowse(ctx, "image.Resolve", who); err != nil {
		return Item{}, err
	}
	item, err := g.drives.Resolve(ctx, who, link)
	if err != nil || item.Folder {
		return item, err
	}
	return g.drives.Item(ctx, who, item.Parent)
}

// Sites finds sites by words, Shelves are the libraries of one, and Folders the folders in a folder.
func (g *Gallery) Sites(ctx context.Context, who identity.Caller, words string) ([]Site, error) {
	if err := g.mayBrowse(ctx, "image.Sites", who); err != nil {
		return nil, err
	}
	return g.drives.Sites(ctx, who, clip(words))
}

// Shelves are the libraries of a site, see Sites.
func (g *Gallery) Shelves(ctx context.Context, who identity.Caller, site string) ([]Item, error) {
	if err := g.mayBrowse(ctx, "image.Shelves", who); err != nil {
		return nil, err
	}
	return g.drives.Drives(ctx, who, site)
}

// Folders are the folders in a folder, see Sites.
func (g *Gallery) Folders(ctx context.Context, who identity.Caller, in ItemRef) ([]Item, error) {
	if err := g.mayBrowse(ctx, "image.Folders", who); err != nil {
		return nil, err
	}
	return g.drives.Folders(ctx, who, in)
}

// Choose makes a folder the library of the caller's conversation. seen is Choice.Seen of what they saw: when somebody
// else has chosen since, the fault is Stale and nothing changes. Files stay where they are.
func (g *Gallery) Choose(ctx context.Context, who identity.Caller, folder ItemRef, seen string) (Item, error) {
	const op = "image.Choose"
	if err := g.mayBrowse(ctx, op, who); err != nil {
		return Item{}, err
	}
	item, err := g.drives.Item(ctx, who, folder)
	if err != nil {
		return Item{}, err
	}
	if !item.Folder {
		return Item{}, fault.New(fault.Invalid, op, "image.library.no_folder")
	}
	return item, g.libraries.ChangeLibrary(ctx, who.Tenant, who.Conversation, func(c *Choice) error {
		if c.Seen() != seen && c.Folder != folder { // the same choice twice is one
			return fault.New(fault.Stale, op, "image.library.changed")
		}
		*c = Choice{Folder: folder, By: who.Person, At: g.now().UTC()}
		return nil
	})
}

// Default gives the caller's conversation the library back that it has when nobody chooses.
func (g *Gallery) Default(ctx context.Context, who identity.Caller) error {
	if err := g.mayBrowse(ctx, "image.Default", who); err != nil {
		return err
	}
	return g.libraries.ChangeLibrary(ctx, who.Tenant, who.Conversation, func(c *Choice) error {
		*c = Choice{By: who.Person, At: g.now().UTC()}
		return nil
	})
}
