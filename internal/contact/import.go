package contact

import (
	"context"
	"time"

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
	// Fields are those of which the file says something in this row; an import touches no others.
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
	// Changes is how many changes it made: what there is to take back.
	Changes int
	// Bad are the first rows that cannot be read, and why; at most MaxBadShown. Why may quote the file, so that it is forgotten
	// when the import has ended: then a row has its number and field only.
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

// Taken is how many of the rows that are kept are dealt with: those that cannot be read are not kept.
func (i Import) Taken() int {
	switch i.State {
	case ImportReading, ImportReady:
		return 0
	case ImportRunning:
		return i.Past - i.Found.Bad
	}
	return i.good()
}

// Ended tells whether nothing happens to an import by itself any more.
func (s ImportState) Ended() bool {
	return s == ImportDone || s == ImportUndone || s == ImportCancelled
}

// How long imports are kept.
const (
	ImportWaits = 24 * time.Hour      // one that nobody agreed to, with its rows
	ImportKept  = 30 * 24 * time.Hour // one that was carried out: so long it can be undone
)

// Expired tells whether an import is too old to be gone on with.
func (i Import) Expired(now time.Time) bool {
	age := now.Sub(i.At)
	return age >= ImportKept || age >= ImportWaits && (i.State == ImportReading || i.State == ImportReady)
}

// MaxPreviews is how many imports of one person wait for an answer at most; the oldest make room.
const MaxPreviews = 5

// ImportShelf keeps imports: their rows until they are dealt with, themselves as long as they can be undone. Every call is one
// transaction. A change may run more than once and may not use the shelf; when it fails, nothing is written.
type ImportShelf interface {
	// AddImport keeps a new import. It drops what is too old, and previews of the same person that are too many.
	AddImport(ctx context.Context, t identity.Tenant, i Import) error
	// StageRows keeps rows of an import after those that it has. Problems and what was left out of a row are not kept.
	StageRows(ctx context.Context, t identity.Tenant, id ImportID, rows []Row) error
	// StagedRows reads rows of an import that are kept, from a place on (0 is the first), at most limit. Rows that are dealt
	// with (Import.Taken) may be gone.
	StagedRows(ctx context.Context, t identity.Tenant, id ImportID, from, limit int) ([]Row, error)
	// Import reads one; fault.NotFound when there is none, or it is too old (Import.Expired).
	Import(ctx context.Context, t identity.Tenant, id ImportID) (Import, error)
	// ChangeImport changes one and gives it as it is then. In a state that needs no rows any more, they go; of many, some go
	// later. What ends a run is told as ImportSome says, if it brought anything.
	ChangeImport(ctx context.Context, t identity.Tenant, id ImportID, change func(*Import) error) (Import, error)
	// ImportSome carries out a portion of its step (Shelf.ApplyAll), which may be empty, and changes the import in the same
	// transaction: after a crash it is known how far it came. The change that ends a run lets conversations hear of it, once, and
	// is entered in the audit log.
	ImportSome(ctx context.Context, t identity.Tenant, id ImportID, s Step, change func(*Import) error) (Import, []Change, error)
	// DropImport takes one away with its rows (of many, some later), as if it had never been.
	DropImport(ctx context.Context, t identity.Tenant, id ImportID) error
	// PurgeImports takes away a portion of what is too old, or left over, and tells whether there is more.
	PurgeImports(ctx context.Context, t identity.Tenant) (more bool, err error)
	// OpenImports reads the imports of all tenants that run or are being undone, or did when the process ended. Those that were
	// being read then are nobody's any more, and go.
	OpenImports(ctx context.Context) ([]Import, error)
}
