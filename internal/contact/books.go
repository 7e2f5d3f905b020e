package contact

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Config is what the use cases stand on.
type Config struct {
	Shelf     Shelf
	Chronicle Chronicle
	Journal   Journal
	Library   Library
	Eraser    Eraser // nil where nothing is ever erased
	Leavers   Leavers
	Marks     Marks
	Ledger    Ledger // nil: what is taken out is not noted
	Apart     Apart  // nil: nothing is remembered to be no duplicate
	Roster    Roster
	Policy    Policy // nil: guests read, and every member may change a new book
	Index     *Index
	Snapshots Snapshots        // of the Index; nil: it is filled from the Shelf at each start
	Log       *slog.Logger     // hears where an index was filled from, and why not from a snapshot; nil: nothing is logged
	Region    string           // the ISO country whose national phone numbers are understood ("FR"); "" = none
	Now       func() time.Time // nil: time.Now
	NewID     func() string    // nil: NewID of the instant
}

// Books are the use cases of Contact Pro. Each takes the caller and checks, for every id it is given, that the
// caller may see and do what they ask: something they may not see is fault.NotFound, as if it were not there;
// something they see but may not do is fault.Denied. It is safe for concurrent use.
type Books struct {
	shelf     Shelf
	chronicle Chronicle
	journal   Journal
	library   Library
	eraser    Eraser
	leavers   Leavers
	marks     Marks
	ledger    Ledger
	apart     Apart
	roster    Roster
	policy    Policy
	index     *Index
	snapshots Snapshots
	log       *slog.Logger
	region    string
	now       func() time.Time
	newID     func() string

	loading singleflight.Group
	loaded  sync.Map // identity.Tenant → *filled: its contacts are in the index

	changing sync.RWMutex // held for reading from a change of the Shelf until the index shows it
	saving   sync.Mutex   // held while snapshots are written
	sights   *sights
}

// New makes the use cases.
func New(c Config) *Books {
	b := &Books{
		shelf: c.Shelf, chronicle: c.Chronicle, journal: c.Journal, library: c.Library, eraser: c.Eraser, leavers: c.Leavers, marks: c.Marks, ledger: c.Ledger, apart: c.Apart, roster: c.Roster, policy: c.Policy,
		index: c.Index, snapshots: c.Snapshots, log: c.Log, region: strings.ToUpper(c.Region), now: c.Now, newID: c.NewID,
		sights: newSights(),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.policy == nil {
		b.policy = usual{}
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.newID == nil {
		b.newID = func() string { return NewID(b.now()) }
	}
	return b
}

// NewID makes an id of 26 lower-case letters and digits. The first ten are the instant, in milliseconds, so that ids sort
// by the time at which they were made, and what is made together lies together on disk; the others are random, 80 bits.
// Ids are no secrets, but nobody guesses one.
func NewID(at time.Time) string {
	const digits, stamped = "234567abcdefghijklmnopqrstuvwxyz", 10 // those of rand.Text, in their order as bytes
	id := []byte(strings.ToLower(rand.Text()))
	for i, left := stamped-1, max(0, at.UnixMilli()); i >= 0; i-- {
		id[i] = digits[left%int64(len(digits))]
		left /= int64(len(digits))
	}
	return string(id)
}

// Load fills the index with the contacts of a tenant, once. Callers that come meanwhile wait; after a failure the
// next call tries again. Use cases that search call it themselves; calling it at the start saves the first of them
// the wait.
func (b *Books) Load(ctx context.Context, t identity.Tenant) error {
	if _, ok := b.loaded.Load(t); ok {
		return nil
	}
	// The first caller may go away while others wait: the work does not stop with one of them.
	working := context.WithoutCancel(ctx)
	done := b.loading.DoChan(string(t), func() (any, error) { return nil, b.fill(working, t) })
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return fault.Wrap(fault.Busy, "contact.Load", ctx.Err())
	}
}

func (b *Books) fill(ctx context.Context, t identity.Tenant) error {
	if _, ok := b.loaded.Load(t); ok {
		return nil
	}
	begun, from := time.Now(), "snapshot"
	f, err := b.restore(ctx, t)
	if err != nil {
		from = "database"
		b.refused(t, err)
		f, err = b.readAll(ctx, t)
	}
	if err != nil {
		return wrap("contact.Load", err)
	}
	b.loaded.Store(t, f)
	b.log.Info("the search index is filled", "tenant", t, "from", from, "read", f.behind.Load(), "ms", time.Since(begun).Milliseconds())
	return nil
}

// refused says why the index does not start from its snapshot.
func (b *Books) refused(t identity.Tenant, reason error) {
	if !fault.Is(reason, fault.NotFound) {
		b.log.Warn("the search index is read from the database", "tenant", t, "reason", reason)
	}
}

// readAll fills the index of a tenant from the Shelf.
func (b *Books) readAll(ctx context.Context, t identity.Tenant) (*filled, error) {
	done := b.index.tenant(t).load()
	defer done()
	f := new(filled)
	err := b.shelf.Each(ctx, t, func(c Contact) error {
		b.index.Put(t, c)
		f.behind.Add(1)
		return nil
	})
	return f, err
}

// wrap names the operation; the failure keeps its kind.
func wrap(op string, err error) error { return fmt.Errorf("%s: %w", op, err) }

// told gives the failure of a port the sentence of its kind, when there is one.
func told(op string, err error, sentences map[fault.Kind]string) error {
	kind := fault.KindOf(err)
	text, ok := sentences[kind]
	if !ok {
		return wrap(op, err)
	}
	return &fault.Error{Kind: kind, Op: op, Text: text, Err: err}
}

// stamp is now, by the caller.
func (b *Books) stamp(who identity.Caller) Stamp { return Stamp{At: b.now().UTC(), By: who.Person} }

// Listing is a book as a caller sees it.
type Listing struct {
	Book  Book
	May   Rights
	Count int // how many contacts it holds, trash excluded
}

// Lists gives the books that the caller sees from where they stand, the nearest first. A book whose conversation the
// bot was removed from (Book.Removed) is shown to its owners alone, with no right but Manage: its contacts wait
// unseen, until the bot is added there again.
func (b *Books) Lists(ctx context.Context, who identity.Caller) ([]Listing, error) {
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
	if err != nil {
		return nil, wrap("contact.Lists", err)
	}
	lists, err := b.admit(ctx, who, books)
	if err != nil {
		return nil, err
	}
	for _, k := range books {
		// The roster of a conversation without the bot cannot be read: only owners by name are known.
		if k.Removed != nil && k.ownedBy(who.Person) && !who.Public {
			lists = append(lists, Listing{Book: k, May: Rights{Manage: true}})
		}
	}
	return b.counted(ctx, who, lists)
}

// Offers gives the books that the caller manages elsewhere and could share with the conversation where they stand.
func (b *Books) Offers(ctx context.Context, who identity.Caller) ([]Listing, error) {
	return b.chosen(ctx, who, func(l Listing) bool {
		return l.May.Manage && l.Book.Kind == ConversationBook && !l.Book.usableIn(who.Conversation)
	})
}

// Writable gives the books that the caller may add contacts to, the natural one first: the conversation's own in a
// group chat or channel, the caller's own in a personal chat.
func (b *Books) Writable(ctx context.Context, who identity.Caller) ([]Listing, error) {
	return b.chosen(ctx, who, func(l Listing) bool { return l.May.Add })
}

func (b *Books) chosen(ctx context.Context, who identity.Caller, fits func(Listing) bool) ([]Listing, error) {
	lists, err := b.visible(ctx, who)
	if err != nil {
		return nil, err
	}
	return b.counted(ctx, who, slices.DeleteFunc(lists, func(l Listing) bool { return !fits(l) }))
}

// counted puts lists in order and adds how many contacts each holds.
func (b *Books) counted(ctx context.Context, who identity.Caller, lists []Listing) ([]Listing, error) {
	if err := b.Load(ctx, who.Tenant); err != nil {
		return nil, err
	}
	for i := range lists {
		lists[i].Count = b.index.Count(who.Tenant, lists[i].Book.ID)
	}
	slices.SortFunc(lists, func(x, y Listing) int { return nearer(who, x.Book, y.Book) })
	return lists, nil
}

// nearer orders books for a caller: by how near they are, the one without a name first, then by age.
func nearer(who identity.Caller, x, y Book) int {
	return cmp.Or(distance(who, x)-distance(who, y), min(len(x.Name), 1)-min(len(y.Name), 1), x.Created.At.Compare(y.Created.At), cmp.Compare(x.ID, y.ID))
}

func distance(who identity.Caller, k Book) int {
	switch {
	case k.Removed != nil:
		return 5
	case who.Place == identity.Personal && k.Kind == PersonalBook:
		return 0
	case k.livesIn(who.Conversation):
		return 1
	case k.usableIn(who.Conversation):
		return 2
	case k.Kind == PersonalBook:
		return 4
	default:
		return 3
	}
}
