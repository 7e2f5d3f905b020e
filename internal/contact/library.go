package contact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The limits of books.
const (
	MaxBookName = 50        // characters
	MaxBooks    = 50        // books bound to one conversation, of one person, or of one tenant
	MaxShares   = 20        // conversations that one book is shared with
	MaxRights   = 500       // persons with rights of their own in one book
	MaxContacts = 1_000_000 // contacts in one book
)

// maxID is the length, in bytes, beyond which an id that came from outside is none of Teams'.
const maxID = 300

// attempts is how often a change of a book starts anew when somebody else changed the book meanwhile.
const attempts = 3

// Ensure gives the book where contacts of this conversation go when nobody says otherwise: its first book, or in a
// personal chat the person's own. It is made when missing, owned by the caller. A guest makes none: fault.Denied.
func (b *Books) Ensure(ctx context.Context, who identity.Caller) (Book, error) {
	const op = "contact.Ensure"
	for range attempts {
		books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
		if err != nil {
			return Book{}, wrap(op, err)
		}
		if k, ok := natural(who, books); ok {
			return b.ready(ctx, who, op, k)
		}
		if err := b.mayMake(ctx, who, op, naturalKind(who)); err != nil {
			return Book{}, err
		}
		k, err := b.create(ctx, who, op, naturalKind(who), "", BookID(b.newID()))
		if !fault.Is(err, fault.Stale) { // stale: somebody made it at the same moment
			return k, err
		}
	}
	return Book{}, fault.New(fault.Stale, op, "book.stale")
}

func naturalKind(who identity.Caller) BookKind {
	if who.Place == identity.Personal {
		return PersonalBook
	}
	return ConversationBook
}

// natural finds the book of Ensure: the one without a name, else the oldest. One that waits comes last.
func natural(who identity.Caller, books []Book) (Book, bool) {
	var own []Book
	for _, k := range books {
		if naturalKind(who) == PersonalBook && k.Kind == PersonalBook && k.ownedBy(who.Person) ||
			naturalKind(who) == ConversationBook && k.livesIn(who.Conversation) {
			own = append(own, k)
		}
	}
	if len(own) == 0 {
		return Book{}, false
	}
	return slices.MinFunc(own, func(x, y Book) int { return nearer(who, x, y) }), true
}

// ready gives the book of Ensure to a caller who may read it. One that waits comes back when the roster confirms the
// caller: then the bot is in the conversation again, and only the news of it was lost. The search box alone proves
// nothing, since it works where the bot is not.
func (b *Books) ready(ctx context.Context, who identity.Caller, op string, k Book) (Book, error) {
	if k.Removed != nil {
		if role, said := b.role(ctx, who, who.Conversation, who.Team); role < identity.Member || !said {
			return Book{}, fault.New(fault.Denied, op, "book.waits")
		}
		if _, err := b.Returned(ctx, who); err != nil {
			return Book{}, err
		}
	}
	l, err := b.open(ctx, who, op, k.ID)
	return l.Book, err
}

// NewBook makes a book with a name. A personal one is the caller's alone; a conversation's needs a member of the
// conversation, which is a group chat or channel.
//
// A tenant's book is seen by everybody in the organisation, and who makes it decides who writes there. So it takes a
// caller who owns the conversation where it is made, as the roster itself says: the owners of a team are the only
// people whom the organisation has, as far as we can see, trusted with others. Group chats have no owners.
//
// A deed that was done before makes no second book; it gives the one that it made.
func (b *Books) NewBook(ctx context.Context, who identity.Caller, kind BookKind, name string, d identity.Deed) (Book, error) {
	const op = "contact.NewBook"
	name, err := bookName(op, name)
	if err != nil {
		return Book{}, err
	}
	id := b.newBookID(who, d)
	if made, err := b.library.Book(ctx, who.Tenant, id); err == nil && made.Created.By == who.Person {
		return made, nil
	}
	if err := b.mayMake(ctx, who, op, kind); err != nil {
		return Book{}, err
	}
	if err := b.room(ctx, who, op, kind, name); err != nil {
		return Book{}, err
	}
	return b.create(ctx, who, op, kind, name, id)
}

// newBookID is the id of a book that a deed makes: the same, however often it is done.
func (b *Books) newBookID(who identity.Caller, d identity.Deed) BookID {
	if d.Key == "" {
		return BookID(b.newID())
	}
	sum := sha256.Sum256([]byte(string(who.Person) + "|" + d.Key))
	return BookID(hex.EncodeToString(sum[:13]))
}

func bookName(op, name string) (string, error) {
	name = oneLine(name)
	switch {
	case name == "":
		return "", fault.New(fault.Invalid, op, "book.name_missing", "Max", MaxBookName)
	case utf8.RuneCountInString(name) > MaxBookName:
		return "", fault.New(fault.Invalid, op, "book.name_long", "Max", MaxBookName)
	default:
		return name, nil
	}
}

// room checks that there may be one more book of a kind, and that its name tells it from the others.
func (b *Books) room(ctx context.Context, who identity.Caller, op string, kind BookKind, name string) error {
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
	if err != nil {
		return wrap(op, err)
	}
	beside := slices.DeleteFunc(books, func(k Book) bool { return !k.standsBeside(kind, who.Conversation, who.Person) })
	if len(beside) >= MaxBooks {
		return fault.New(fault.Invalid, op, "book.too_many", "Max", MaxBooks)
	}
	return nameFree(op, beside, "", name)
}

// standsBeside tells whether people see the book in one row with those of a kind: of a conversation, of a person, or of
// the tenant.
func (k Book) standsBeside(kind BookKind, c identity.Conversation, p identity.Person) bool {
	return k.Kind == kind && (kind == TenantBook || k.livesIn(c) || kind == PersonalBook && k.ownedBy(p))
}

// nameFree checks that no other of the books has the name.
func nameFree(op string, books []Book, except BookID, name string) error {
	for _, k := range books {
		if k.ID != except && name != "" && strings.EqualFold(k.Name, name) {
			return fault.New(fault.Invalid, op, "book.name_taken", "Name", k.Name)
		}
	}
	return nil
}

// create saves a new book of a caller who may make it.
func (b *Books) create(ctx context.Context, who identity.Caller, op string, kind BookKind, name string, id BookID) (Book, error) {
	mode, err := b.policy.NewMode(ctx, who.Tenant)
	if err != nil {
		return Book{}, wrap(op, err)
	}
	k := Book{
		ID: id, Kind: kind, Name: name, Home: who.Conversation, Team: who.Team,
		Owners: []identity.Person{who.Person}, Mode: mode, Created: b.stamp(who), Version: 1,
	}
	if err := b.library.SaveBook(ctx, who.Tenant, k); err != nil {
		return Book{}, told(op, err, map[fault.Kind]string{fault.Stale: "book.stale"})
	}
	if kind == ConversationBook {
		b.meet(ctx, who)
	}
	return k, nil
}

func (b *Books) mayMake(ctx context.Context, who identity.Caller, op string, kind BookKind) error {
	if who.Person == "" || who.Conversation == "" {
		return fault.New(fault.Denied, op, "book.denied_make")
	}
	switch kind {
	case PersonalBook:
		return nil
	case ConversationBook:
		if who.Place == identity.Personal {
			return fault.New(fault.Invalid, op, "book.no_conversation")
		}
		if role, _ := b.role(ctx, who, who.Conversation, who.Team); role < identity.Member {
			return fault.New(fault.Denied, op, "book.denied_make")
		}
		return nil
	case TenantBook:
		if role, _ := b.role(ctx, who, who.Conversation, who.Team); who.Place != identity.Channel || role != identity.Owner {
			return fault.New(fault.Denied, op, "book.tenant_owner")
		}
		return nil
	default:
		return fault.New(fault.Invalid, op, "book.kind")
	}
}

// Configure sets the name, mode and rights of a book. Version is the one the caller saw. A first book may stay without a
// name. Nil rights leave those that are; they count only in mode PerMember, and cannot raise a guest above reading.
func (b *Books) Configure(ctx context.Context, who identity.Caller, id BookID, version int, name string, mode Mode, rights map[identity.Person]Rights) (Book, error) {
	const op = "contact.Configure"
	return b.manage(ctx, who, op, id, func(k *Book) error {
		if k.Version != version {
			return fault.New(fault.Stale, op, "book.changed")
		}
		if mode != Everybody && mode != OwnersOnly && mode != PerMember {
			return fault.New(fault.Invalid, op, "book.mode")
		}
		if len(rights) > MaxRights {
			return fault.New(fault.Invalid, op, "book.rights_full", "Max", MaxRights)
		}
		if rights != nil {
			k.Rights = maps.Clone(rights)
		}
		k.Mode = mode
		return b.rename(ctx, who, op, k, name)
	})
}

// rename leaves a book without a name only when it had none.
func (b *Books) rename(ctx context.Context, who identity.Caller, op string, k *Book, name string) error {
	if k.Name == "" && oneLine(name) == "" {
		return nil
	}
	name, err := bookName(op, name)
	if err != nil {
		return err
	}
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, k.Home)
	if err != nil {
		return wrap(op, err)
	}
	beside := slices.DeleteFunc(books, func(o Book) bool { return !o.standsBeside(k.Kind, k.Home, who.Person) })
	k.Name = name
	return nameFree(op, beside, k.ID, name)
}

// Share lets another conversation, of which the caller is a member, use a book that the caller manages. Sharing it
// again sets edit anew. Team is the thread id of the team when the conversation is a channel.
func (b *Books) Share(ctx context.Context, who identity.Caller, id BookID, with identity.Conversation, team string, edit bool) (Book, error) {
	const op = "contact.Share"
	if with == who.Conversation {
		team = who.Team
	}
	return b.manage(ctx, who, op, id, func(k *Book) error {
		if err := b.mayShare(ctx, who, op, *k, with, team); err != nil {
			return err
		}
		k.Shares = append(without(k.Shares, with), Share{With: with, Team: team, Edit: edit})
		if len(k.Shares) > MaxShares {
			return fault.New(fault.Invalid, op, "book.share_full", "Max", MaxShares)
		}
		return nil
	})
}

func (b *Books) mayShare(ctx context.Context, who identity.Caller, op string, k Book, with identity.Conversation, team string) error {
	switch {
	case k.Kind != ConversationBook:
		return fault.New(fault.Invalid, op, "book.share_kind")
	case k.Home == with:
		return fault.New(fault.Invalid, op, "book.share_home")
	case with == "" || len(with) > maxID || len(team) > maxID:
		return fault.New(fault.Denied, op, "book.share_member")
	}
	if role, _ := b.role(ctx, who, with, team); role < identity.Member {
		return fault.New(fault.Denied, op, "book.share_member")
	}
	return nil
}

func without(shares []Share, c identity.Conversation) []Share {
	return slices.DeleteFunc(slices.Clone(shares), func(s Share) bool { return s.With == c })
}

// Unshare takes a book away from a conversation. It asks for the right to manage the book and nothing else: an owner
// who has left the conversation must still be able to close it.
func (b *Books) Unshare(ctx context.Context, who identity.Caller, id BookID, with identity.Conversation) (Book, error) {
	return b.manage(ctx, who, "contact.Unshare", id, func(k *Book) error {
		k.Shares = without(k.Shares, with)
		return nil
	})
}

// manage changes a book for a caller who manages it. The change may replace parts of the book, not reach into them;
// it is tried anew when somebody else saved the book meanwhile.
func (b *Books) manage(ctx context.Context, who identity.Caller, op string, id BookID, change func(*Book) error) (Book, error) {
	for range attempts {
		l, err := b.open(ctx, who, op, id)
		if err != nil {
			return Book{}, err
		}
		if !l.May.Manage {
			return Book{}, fault.New(fault.Denied, op, "book.denied_manage")
		}
		if err := change(&l.Book); err != nil {
			return Book{}, err
		}
		k, err := b.save(ctx, who, op, l.Book)
		if !fault.Is(err, fault.Stale) {
			return k, err
		}
	}
	return Book{}, fault.New(fault.Stale, op, "book.stale")
}

// save writes the next version of a book, which somebody changed.
func (b *Books) save(ctx context.Context, who identity.Caller, op string, k Book) (Book, error) {
	k.Version++
	k.Changed = b.stamp(who)
	if err := b.library.SaveBook(ctx, who.Tenant, k); err != nil {
		return Book{}, wrap(op, err)
	}
	return k, nil
}

// Removed lets the books of a conversation wait when the bot is removed from it. Nothing of them is lost.
func (b *Books) Removed(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error {
	mark := &Stamp{At: b.now().UTC(), By: by}
	_, err := b.wait(ctx, "contact.Removed", identity.Caller{Tenant: t, Person: by, Conversation: c}, mark)
	return err
}

// Returned brings the books of the conversation back when the bot is added to it again, and tells what came back.
func (b *Books) Returned(ctx context.Context, who identity.Caller) (Leftover, error) {
	back, err := b.wait(ctx, "contact.Returned", who, nil)
	if err != nil || len(back) == 0 {
		return Leftover{}, err
	}
	came := Leftover{Books: len(back)}
	if err := b.Load(ctx, who.Tenant); err != nil {
		return came, nil // they are back, though nobody can tell how many contacts that is
	}
	for _, k := range back {
		came.Contacts += b.index.Count(who.Tenant, k.ID)
	}
	return came, nil
}

// wait sets or clears Removed on the books bound to a conversation, and gives those that it changed. Personal books and
// the tenant's stay as they are: they do not belong to the conversation in which they were made.
func (b *Books) wait(ctx context.Context, op string, who identity.Caller, mark *Stamp) (marked []Book, err error) {
	for range attempts {
		books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
		if err != nil {
			return marked, wrap(op, err)
		}
		now, err := b.markAll(ctx, op, who, books, mark)
		if marked = append(marked, now...); !fault.Is(err, fault.Stale) {
			return marked, err
		}
	}
	return marked, fault.New(fault.Stale, op, "book.stale")
}

func (b *Books) markAll(ctx context.Context, op string, who identity.Caller, books []Book, mark *Stamp) (marked []Book, err error) {
	for _, k := range books {
		if !k.livesIn(who.Conversation) || (k.Removed == nil) == (mark == nil) {
			continue
		}
		k.Removed = mark
		if _, err := b.save(ctx, who, op, k); err != nil {
			return marked, err
		}
		marked = append(marked, k)
	}
	return marked, nil
}
