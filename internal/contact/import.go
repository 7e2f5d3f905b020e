package contact

import (
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Row is one contact of a file that is imported.
type Row struct {
	// Number is where people find it: the row as a spreadsheet numbers it (the header is 1), else the place in the file
	// from 1. No two rows of a file have the same.
	Number int
	// ID is the contact's id when the file names one; it may be anybody's, or of another program.
	ID     ID
	Record Record
	// Fields are those of which the file says something in this row, in the order of Fields: columns that hold something. An
	// import touches no others. None are none, never all.
	Fields []Field
	// Problems are why the row cannot be taken. A Field of "" means the row as a whole.
	Problems []Problem
	// Left is what was left out of a row that can be taken otherwise: a photo within the file, say.
	Left []Problem
}

// ImportID names an import within its tenant. It is also the id of the step that its changes make.
type ImportID string

// ImportState is how far an import has come.
type ImportState string

// The states, in the order in which an import goes through them.
const (
	ImportReading   ImportState = "reading" // its rows are being kept; nobody finds it yet
	ImportReady     ImportState = "ready"   // looked at, and waiting for somebody to agree
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done"
	ImportUndoing   ImportState = "undoing"
	ImportUndone    ImportState = "undone"
	ImportCancelled ImportState = "cancelled" // also: stopped in the middle; what was done stays and can be undone
)

// Tally counts rows of an import by what becomes of them.
type Tally struct {
	New     int // added
	Changed int
	Same    int // as they are already
	Bad     int // cannot be read
	Kept    int // differ, and stay as they are: the caller may not change what is there, or somebody changed it meanwhile
}

// Import is one file on its way into a book. It holds counts and ids; its rows are kept beside it until they are dealt with.
type Import struct {
	ID     ImportID
	Tenant identity.Tenant
	Book   BookID
	By     identity.Person // empty for the operator of the service
	// Where the person asked, and the message that shows how far it has come, for the service to go on after a restart.
	Where  identity.Reference
	Thread string
	Card   string
	State  ImportState
	Format string // xlsx, csv, vcard, json
	// Rows is how many rows the file has, and Past how many of them are dealt with in the present state (undoing: changes).
	Rows, Past int
	// Found is what looking at it told, and Made what was done.
	Found, Made Tally
	// Bad are the first rows that cannot be read, and why; at most MaxBadShown.
	Bad []BadRow
	// Back and Stayed count what was taken back, and what was not because somebody changed it since.
	Back, Stayed int
	At           time.Time // when it was looked at
	Ended        time.Time // when it was done, undone or cancelled; zero before
}

// MaxBadShown is how many rows that cannot be read are named.
const MaxBadShown = 20

// BadRow is a row that cannot be read, and the first reason.
type BadRow struct {
	Number int
	Problem
}

// ImportShelf keeps imports: their rows until they are dealt with, themselves as long as they can be undone. Every call is one
// transaction.
type ImportShelf interface {
	// AddImport keeps a new import.
	AddImport(ctx context.Context, t identity.Tenant, i Import) error
	// StageRows keeps rows of an import after those that it has.
	StageRows(ctx context.Context, t identity.Tenant, id ImportID, rows []Row) error
	// StagedRows reads rows of an import that are kept, from a place on (0 is the first), at most limit.
	StagedRows(ctx context.Context, t identity.Tenant, id ImportID, from, limit int) ([]Row, error)
	// Import reads one; fault.NotFound when there is none, or it is too old.
	Import(ctx context.Context, t identity.Tenant, id ImportID) (Import, error)
	// ChangeImport changes one and gives it as it is then. In a state that needs no rows any more, they go.
	ChangeImport(ctx context.Context, t identity.Tenant, id ImportID, change func(*Import) error) (Import, error)
	// ImportSome carries out a portion of its step (Shelf.ApplyAll) and changes the import in the same transaction: after a
	// crash it is known how far it came. The change that ends a run lets conversations hear of it, once, and is entered in the audit log.
	ImportSome(ctx context.Context, t identity.Tenant, id ImportID, s Step, change func(*Import) error) (Import, []Change, error)
	// OpenImports reads the imports of all tenants that run or are being undone, or did when the process ended.
	OpenImports(ctx context.Context) ([]Import, error)
}

// ImportsConfig is what the use cases of imports stand on.
type ImportsConfig struct {
	Books *Books
	Shelf ImportShelf
}

// Imports are the use cases of bringing a file into a book. They check, as Books do, what the caller may.
type Imports struct {
	books *Books
	shelf ImportShelf
}

// NewImports makes the use cases.
func NewImports(c ImportsConfig) *Imports { return &Imports{books: c.Books, shelf: c.Shelf} }

// ImportWish says what is imported where.
type ImportWish struct {
	Book   BookID // empty: the natural one, as for Books.Add
	Format string
	Where  identity.Reference
	Thread string
	// Operator is set by the command line alone: rights are not asked, and the changes are nobody's.
	Operator bool
}

// Look takes in the rows of a file, which each gives one by one, compares them with the book and keeps them. Nothing in the
// book is changed.
func (i *Imports) Look(ctx context.Context, who identity.Caller, w ImportWish, each func(func(Row) error) error) (Import, error) {
	return Import{}, fault.New(fault.Internal, "contact.Look", "")
}

// Import reads an import of the caller's.
func (i *Imports) Import(ctx context.Context, who identity.Caller, id ImportID) (Import, error) {
	return Import{}, fault.New(fault.Internal, "contact.Import", "")
}

// Start begins an import that was looked at, or goes on with one that stopped; run is nil when there is nothing to do or
// this process is at it. card is the message that will count up.
func (i *Imports) Start(ctx context.Context, who identity.Caller, id ImportID, card string) (Import, *ImportRun, error) {
	return Import{}, nil, fault.New(fault.Internal, "contact.Start", "")
}

// Cancel drops an import that was looked at, or stops one that runs; what was done stays.
func (i *Imports) Cancel(ctx context.Context, who identity.Caller, id ImportID) (Import, error) {
	return Import{}, fault.New(fault.Internal, "contact.Cancel", "")
}

// Undo takes an import back as one step: run does it, and is nil when there is nothing to do or this process is at it.
// What somebody changed since stays.
func (i *Imports) Undo(ctx context.Context, who identity.Caller, id ImportID, card string) (Import, *ImportRun, error) {
	return Import{}, nil, fault.New(fault.Internal, "contact.Undo", "")
}

// Resume gives the runs of imports that were at work when the process ended, for whoever can show them.
func (i *Imports) Resume(ctx context.Context) ([]*ImportRun, error) { return nil, nil }

// ImportRun is an import at work, forth or back. Run is called once.
type ImportRun struct{ now Import }

// Import is how far it has come.
func (r *ImportRun) Import() Import { return r.now }

// Run works until nothing is left, the import is cancelled or ctx ends, and tells how far it has come after each portion;
// tell must come back soon. It fails with fault.Busy when nothing can be written now, and can be started again then.
func (r *ImportRun) Run(ctx context.Context, tell func(Import)) error {
	return fault.New(fault.Internal, "contact.Run", "")
}
