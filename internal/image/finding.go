package image

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Limits of what is found.
const (
	MaxFound = 200 // of one search, over all its pages
	MaxSeen  = 20  // files that a person saw last

	maxQuery   = 200 // characters of a search
	maxRecents = 8   // shown before the newest
	recentsAt  = 4   // read at a time
)

// Found is a page of the pictures that were found.
type Found struct {
	Items []Item
	Total int  // over all pages, MaxFound at most
	Where Item // the folder that was looked in; the zero Item when only what was seen last is shown
}

// placeKey and listKey are what was found, by who found it: no two people share an answer of a drive.
type placeKey struct {
	tenant identity.Tenant
	person identity.Person
	at     identity.Conversation
	chosen ItemRef
}

type listKey struct {
	tenant identity.Tenant
	person identity.Person
	in     ItemRef
	words  string
	start  bool // with what was seen last before the others
}

// Find finds pictures in the library of the caller's conversation: by words, or without any the ones changed last. What
// the drive said is shown for a minute, so that pages fit together.
func (g *Gallery) Find(ctx context.Context, who identity.Caller, words string, skip, count int) (Found, error) {
	in, err := g.where(ctx, "image.Find", who)
	if err != nil {
		return Found{}, err
	}
	list, err := g.list(ctx, who, in, words)
	return page(list, in, skip, count), err
}

// FindOwn is Find for what only the person sees: where a group chat has no library, it looks among their own files.
func (g *Gallery) FindOwn(ctx context.Context, who identity.Caller, words string, skip, count int) (Found, error) {
	found, err := g.Find(ctx, who, words, skip, count)
	if fault.Is(err, fault.NotFound) && who.Place == identity.GroupChat {
		return g.Find(ctx, alone(who), words, skip, count)
	}
	return found, err
}

// alone is the person by themselves, in no conversation.
func alone(who identity.Caller) identity.Caller {
	who.Place, who.Conversation, who.Team, who.Public = identity.Personal, "", "", false
	return who
}

// Start is what a search shows before anything is typed: what the person saw last, then the newest of the library, if there
// is one. It is for the person only.
func (g *Gallery) Start(ctx context.Context, who identity.Caller, skip, count int) (Found, error) {
	const op = "image.Start"
	in, nowhere := g.where(ctx, op, who)
	if fault.Is(nowhere, fault.NotFound) && who.Place == identity.GroupChat {
		in, nowhere = g.where(ctx, op, alone(who))
	}
	if nowhere != nil && !fault.Is(nowhere, fault.NotFound) {
		return Found{}, nowhere
	}
	key := listKey{who.Tenant, who.Person, in.Ref, "", true}
	if list, ok := g.lists.GetIfPresent(key); ok {
		return page(list, in, skip, count), nil
	}
	list, err := g.Recent(ctx, who)
	switch {
	case err != nil:
		return Found{}, err
	case nowhere != nil && len(list) == 0:
		return Found{}, nowhere
	case nowhere == nil:
		newest, err := g.list(ctx, who, in, "")
		if err != nil {
			return Found{}, err
		}
		list = append(list, besides(newest, list)...)
	}
	g.keep(key, list)
	return page(list, in, skip, count), nil
}

// besides are the items that are not among others.
func besides(items, others []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool {
		return slices.ContainsFunc(others, func(o Item) bool { return o.Ref == i.Ref })
	})
}

// keep holds a list for its pages. Nothing found has none: whoever then adds a picture looks for it at once.
func (g *Gallery) keep(key listKey, list []Item) {
	if len(list) > 0 {
		g.lists.Set(key, slices.Clip(list))
	}
}

func page(list []Item, in Item, skip, count int) Found {
	from := min(max(skip, 0), len(list))
	return Found{Items: list[from:min(from+max(count, 0), len(list))], Total: len(list), Where: in}
}

// Where is the folder of the caller's conversation in which its pictures are; a fault says so when none was chosen.
func (g *Gallery) Where(ctx context.Context, who identity.Caller) (Item, error) {
	return g.where(ctx, "image.Where", who)
}

// where is the library of the caller's conversation, as Library says, for whoever may read it.
func (g *Gallery) where(ctx context.Context, op string, who identity.Caller) (Item, error) {
	if err := g.may(op, who); err != nil {
		return Item{}, err
	}
	var choice Choice
	if who.Conversation != "" {
		var err error
		if choice, err = g.libraries.Library(ctx, who.Tenant, who.Conversation); err != nil {
			return Item{}, err
		}
	}
	key := placeKey{who.Tenant, who.Person, who.Conversation, choice.Folder}
	if item, ok := g.places.GetIfPresent(key); ok {
		return item, nil
	}
	item, err := g.folder(ctx, who, choice)
	if err == nil {
		g.places.Set(key, item)
	}
	return item, err
}

// list is what a drive finds in a folder, asked once a minute.
func (g *Gallery) list(ctx context.Context, who identity.Caller, in Item, words string) ([]Item, error) {
	words = strings.Join(strings.Fields(words), " ")
	if runes := []rune(words); len(runes) > maxQuery {
		words = string(runes[:maxQuery])
	}
	key := listKey{who.Tenant, who.Person, in.Ref, words, false}
	if list, ok := g.lists.GetIfPresent(key); ok {
		return list, nil
	}
	var list []Item
	var err error
	if words == "" {
		list, err = newest(ctx, g.drives, who, in.Ref, MaxFound)
	} else {
		list, err = g.drives.Search(ctx, who, in.Ref, words, MaxFound)
	}
	if err != nil {
		return nil, err
	}
	g.keep(key, list)
	return slices.Clip(list), nil
}

// newest are the pictures of a folder, changed last first. Where only folders lie in it, as in most OneDrives, those in
// the folders stand for them, as far as a search by the two commonest endings finds them.
func newest(ctx context.Context, drives Finder, who identity.Caller, in ItemRef, limit int) ([]Item, error) {
	list, err := drives.Images(ctx, who, in, limit)
	if err != nil || len(list) > 0 {
		return list, err
	}
	for _, ending := range []string{".jpg", ".png"} {
		found, err := drives.Search(ctx, who, in, ending, limit)
		if err != nil {
			return nil, err
		}
		list = append(list, besides(found, list)...)
	}
	slices.SortStableFunc(list, func(a, b Item) int { return b.Modified.Compare(a.Modified) })
	return list[:min(len(list), limit)], nil
}

// forget makes the next search of a person ask the drive again: what they just saved should be found.
func (g *Gallery) forget(who identity.Caller) {
	for key := range g.lists.Keys() {
		if key.tenant == who.Tenant && key.person == who.Person {
			g.lists.Invalidate(key)
		}
	}
}

// Recent are the files that the person opened or saved last and still may read, the last first.
func (g *Gallery) Recent(ctx context.Context, who identity.Caller) ([]Item, error) {
	if err := g.may("image.Recent", who); err != nil {
		return nil, err
	}
	refs, err := g.seen.Seen(ctx, who.Tenant, who.Person)
	if err != nil {
		return nil, err
	}
	refs = refs[:min(len(refs), maxRecents)]
	items := make([]Item, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(recentsAt)
	for i, ref := range refs {
		group.Go(func() (err error) {
			items[i], err = g.drives.Item(ctx, who, ref)
			if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
				return nil
			}
			return err
		})
	}
	err = group.Wait()
	return slices.DeleteFunc(items, func(i Item) bool { return !i.IsPicture() }), err
}
