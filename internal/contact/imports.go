package contact

import (
	"context"
	"sync"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ImportsConfig is what the use cases of imports stand on.
type ImportsConfig struct {
	Books *Books
	Shelf ImportShelf
}

// Imports are the use cases of bringing a file into a book. They check, as Books do, what the caller may: to add for what is
// new, to modify for what is changed. Who may not has those rows left as they are (Tally.Kept).
type Imports struct {
	books *Books
	shelf ImportShelf
	looks chan struct{} // one for each file that is looked at
	slots chan struct{} // one for each run that works

	mu   sync.Mutex
	runs map[importedBook]ImportID // what this process is at
}

type importedBook struct {
	tenant identity.Tenant
	book   BookID
}

const (
	looksAtOnce = 2 // files that are looked at; each needs the keys of a book in memory
	runsAtOnce  = 2 // imports at work
	// importPortion is how many rows are dealt with in a transaction: few enough that a search beside it does not notice.
	importPortion = 100
	// stagedAtOnce is how many rows are kept in a transaction while a file is read.
	stagedAtOnce = 4 * importPortion
)

// NewImports makes the use cases.
func NewImports(c ImportsConfig) *Imports {
	return &Imports{books: c.Books, shelf: c.Shelf, looks: make(chan struct{}, looksAtOnce), slots: make(chan struct{}, runsAtOnce), runs: map[importedBook]ImportID{}}
}

// ImportWish says what is imported where.
type ImportWish struct {
	Book   BookID // empty: the natural one, as for Books.Add
	Format string
	Where  identity.Reference
	Thread string
	// Operator is set by the command line alone: rights are not asked, and the changes are nobody's. The caller has a tenant and
	// nothing else then, here and later.
	Operator bool
}

// operator is the caller who is nobody: the operator of the service.
func operator(who identity.Caller) bool { return who == identity.Caller{Tenant: who.Tenant} }

// take waits for a place among those who work.
func take(ctx context.Context, op string, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Busy, op, ctx.Err())
	}
}

// into gives the book that a wish is about, with what the caller may do there.
func (i *Imports) into(ctx context.Context, who identity.Caller, op string, w ImportWish) (Listing, error) {
	if w.Book == "" && !w.Operator {
		return i.books.target(ctx, who, op, "")
	}
	if w.Operator != operator(who) {
		return Listing{}, denied(op, Added)
	}
	return i.may(ctx, who, op, w.Book)
}

// may gives a book that the caller may bring something into.
func (i *Imports) may(ctx context.Context, who identity.Caller, op string, id BookID) (Listing, error) {
	if operator(who) {
		k, err := i.books.library.Book(ctx, who.Tenant, id)
		if err != nil {
			return Listing{}, told(op, err, map[fault.Kind]string{fault.NotFound: "book.not_found"})
		}
		return Listing{Book: k, May: everything()}, nil
	}
	l, err := i.books.open(ctx, who, op, id)
	if err == nil && !l.May.Add && !l.May.Modify {
		err = denied(op, Added)
	}
	return l, err
}

// Import reads an import of the caller's.
func (i *Imports) Import(ctx context.Context, who identity.Caller, id ImportID) (Import, error) {
	return i.own(ctx, who, "contact.Import", id)
}

func (i *Imports) own(ctx context.Context, who identity.Caller, op string, id ImportID) (Import, error) {
	imp, err := i.shelf.Import(ctx, who.Tenant, id)
	switch {
	case err != nil:
		return Import{}, told(op, err, map[fault.Kind]string{fault.NotFound: "contact.import_gone"})
	case imp.State == ImportReading:
		return Import{}, fault.New(fault.NotFound, op, "contact.import_gone")
	case imp.By != who.Person, imp.By == "" && !operator(who):
		return Import{}, fault.New(fault.Denied, op, "contact.import_theirs")
	}
	return imp, nil
}

// Start begins an import that was looked at, or goes on with one that stopped; run is nil when there is nothing to do or
// this process is at it. card is the message that will count up. While another import goes into the book it is fault.Busy.
func (i *Imports) Start(ctx context.Context, who identity.Caller, id ImportID, card string) (Import, *ImportRun, error) {
	const op = "contact.Start"
	imp, err := i.own(ctx, who, op, id)
	if err != nil || imp.State != ImportReady && imp.State != ImportRunning {
		return imp, nil, err
	}
	l, err := i.may(ctx, who, op, imp.Book)
	if err != nil {
		return Import{}, nil, err
	}
	if err := i.fits(ctx, who, op, imp, l); err != nil {
		return Import{}, nil, err
	}
	return i.begin(ctx, who, op, imp, func(now *Import) bool {
		switch now.State {
		case ImportReady:
			now.State, now.Past, now.Made = ImportRunning, now.Found.Bad, Tally{Bad: now.Found.Bad}
		case ImportRunning:
		default:
			return false
		}
		now.Card = or(card, now.Card)
		return true
	})
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// fits fails when the book has no room for what an import would bring.
func (i *Imports) fits(ctx context.Context, who identity.Caller, op string, imp Import, l Listing) error {
	if err := i.books.Load(ctx, who.Tenant); err != nil {
		return err
	}
	has, brings := i.books.index.Count(who.Tenant, l.Book.ID), imp.Found.New-imp.Made.New
	if l.May.Add && has+brings > MaxContacts {
		return fault.New(fault.Invalid, op, "contact.import_full", "Max", MaxContacts, "Has", has, "New", brings)
	}
	return nil
}

// begin makes a run, unless there is nothing to do or this process is at it.
func (i *Imports) begin(ctx context.Context, who identity.Caller, op string, imp Import, change func(*Import) bool) (Import, *ImportRun, error) {
	free, err := i.enter(op, imp)
	if err != nil || !free {
		return imp, nil, err
	}
	begun := false
	imp, err = i.shelf.ChangeImport(ctx, who.Tenant, imp.ID, func(now *Import) error {
		begun = change(now)
		return nil
	})
	if err != nil || !begun {
		i.leave(imp)
		if err != nil {
			err = told(op, err, map[fault.Kind]string{fault.NotFound: "contact.import_gone"})
		}
		return imp, nil, err
	}
	return imp, &ImportRun{imports: i, who: who, now: imp}, nil
}

// enter notes that this process is at an import; free is false when it is already.
func (i *Imports) enter(op string, imp Import) (free bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch other, runs := i.runs[imp.place()]; {
	case runs && other == imp.ID:
		return false, nil
	case runs:
		return false, fault.New(fault.Busy, op, "contact.import_busy")
	}
	i.runs[imp.place()] = imp.ID
	return true, nil
}

func (i Import) place() importedBook { return importedBook{i.Tenant, i.Book} }

func (i *Imports) leave(imp Import) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.runs, imp.place())
}

// Works tells whether this process is at an import.
func (i *Imports) Works(t identity.Tenant, id ImportID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at, runs := range i.runs {
		if at.tenant == t && runs == id {
			return true
		}
	}
	return false
}

// Cancel drops an import that was looked at, or stops one that runs; what was done stays. One that has ended, or is being
// undone, stays as it is.
func (i *Imports) Cancel(ctx context.Context, who identity.Caller, id ImportID) (Import, error) {
	const op = "contact.Cancel"
	imp, err := i.own(ctx, who, op, id)
	if err != nil {
		return Import{}, err
	}
	if imp.State != ImportReady && imp.State != ImportRunning {
		return imp, nil
	}
	imp, err = i.cancel(ctx, imp)
	if err != nil {
		return Import{}, told(op, err, map[fault.Kind]string{fault.NotFound: "contact.import_gone"})
	}
	_ = i.purge(ctx, who.Tenant) // of its rows; what is left, the service takes away in time
	return imp, nil
}

func (i *Imports) cancel(ctx context.Context, imp Import) (Import, error) {
	now := i.books.now().UTC()
	return i.shelf.ChangeImport(ctx, imp.Tenant, imp.ID, func(imp *Import) error {
		if imp.State == ImportReady || imp.State == ImportRunning {
			imp.end(ImportCancelled, now)
		}
		return nil
	})
}

// Undo takes an import back as one step: run does it, and is nil when there is nothing to do or this process is at it.
// What somebody changed since stays. It needs the rights for the opposite of what was done.
func (i *Imports) Undo(ctx context.Context, who identity.Caller, id ImportID, card string) (Import, *ImportRun, error) {
	const op = "contact.Undo"
	imp, err := i.own(ctx, who, op, id)
	switch {
	case err != nil:
		return Import{}, nil, err
	case imp.State == ImportUndone:
		return imp, nil, nil
	case imp.State == ImportRunning:
		return Import{}, nil, fault.New(fault.Invalid, op, "contact.import_running")
	case imp.Changes == 0:
		return Import{}, nil, fault.New(fault.Invalid, op, "contact.import_idle")
	}
	if _, err := i.mayUndo(ctx, who, op, imp); err != nil {
		return Import{}, nil, err
	}
	imp, run, err := i.begin(ctx, who, op, imp, func(now *Import) bool {
		switch now.State {
		case ImportDone, ImportCancelled:
			now.State, now.Past, now.Back, now.Stayed = ImportUndoing, 0, 0, 0
		case ImportUndoing:
		default:
			return false
		}
		now.Card = or(card, now.Card)
		return true
	})
	if err == nil && run == nil && (imp.State == ImportDone || imp.State == ImportCancelled) { // its run is about to end
		err = fault.New(fault.Busy, op, "contact.import_running")
	}
	return imp, run, err
}

// mayUndo gives the book of an import that the caller may take back.
func (i *Imports) mayUndo(ctx context.Context, who identity.Caller, op string, imp Import) (Listing, error) {
	if operator(who) {
		return i.may(ctx, who, op, imp.Book)
	}
	l, err := i.books.open(ctx, who, op, imp.Book)
	switch {
	case err != nil:
		return Listing{}, err
	case imp.Made.New > 0 && !l.May.Delete:
		return Listing{}, denied(op, Deleted)
	case imp.Made.New < imp.Changes && !l.May.Modify:
		return Listing{}, denied(op, Edited)
	}
	return l, nil
}

// Resume gives the runs of imports that were at work when the process ended, for whoever can show them. It is called before
// anything else is done with imports.
func (i *Imports) Resume(ctx context.Context) ([]*ImportRun, error) {
	open, err := i.shelf.OpenImports(ctx)
	if err != nil {
		return nil, wrap("contact.Resume", err)
	}
	var runs []*ImportRun
	for _, imp := range open {
		if free, err := i.enter("contact.Resume", imp); err != nil || !free {
			continue // a second one for the same book waits for somebody to start it
		}
		who := identity.Caller{Tenant: imp.Tenant}
		if imp.By != "" {
			who.Person, who.Conversation, who.Place, who.Team = imp.By, imp.Where.Conversation, imp.Where.Place, imp.Where.Team
		}
		runs = append(runs, &ImportRun{imports: i, who: who, now: imp})
	}
	return runs, nil
}

// purge takes away what no import of a tenant needs any more.
func (i *Imports) purge(ctx context.Context, t identity.Tenant) error {
	for {
		more, err := i.shelf.PurgeImports(ctx, t)
		if err != nil || !more {
			return err
		}
	}
}
