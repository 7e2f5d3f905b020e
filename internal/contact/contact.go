// Package contact is the heart of Contact Pro: contacts, the books that hold them, who may
// do what with them, and the search over them.
//
// It knows no Teams, no cards and no database: it declares the ports it needs (ports.go) and
// takes the caller as a parameter of every use case, so that none can forget who asks.
package contact

import (
	"time"

	"teamspro/internal/identity"
)

// ID names a contact within its tenant.
type ID string

// Kind is what an entry of a book stands for.
type Kind string

// The kinds. A function is a hot-line or an on-call desk: nobody in particular.
const (
	Person   Kind = "person"
	Company  Kind = "company"
	Function Kind = "function"
)

// Contact is one entry of a book.
type Contact struct {
	ID   ID
	Book BookID
	Record
	// Version grows by one with every change; a change names the version it was made on.
	Version int
	Created Stamp
	Changed Stamp
}

// Stamp says when something was done, and by whom.
type Stamp struct {
	At time.Time
	By identity.Person
}

// Record is what people write about a contact. Only Name is required; limits are in characters.
type Record struct {
	Kind       Kind
	Name       string // 1–100
	Job        string // ≤ 100
	Company    string // ≤ 100
	Department string // ≤ 100
	Emails     []string
	Phones     []Phone
	Website    string // ≤ 100, as are the next three
	LinkedIn   string
	Facebook   string
	X          string
	Addresses  []Address
	Hours      string // when a function is staffed, ≤ 100
	Notes      string // ≤ 1000
	Photo      string // an https address, ≤ 500; kept and linked, never loaded by us
	Tags       []string
	Custom     []Custom
}

// Phone is a number and what it is for.
type Phone struct {
	Label  PhoneLabel
	Number string // as a person wrote it, ≤ 50: digits, blanks, ( ) - / + .
	// E164 is the number in international form ("+33612345678"); empty when it could not be understood.
	E164 string
}

// PhoneLabel is what a number is for.
type PhoneLabel string

// The labels of phone numbers.
const (
	Business PhoneLabel = "business"
	Mobile   PhoneLabel = "mobile"
	Home     PhoneLabel = "home"
	Fax      PhoneLabel = "fax"
)

// PhoneLabels lists the labels in the order in which they are shown.
var PhoneLabels = []PhoneLabel{Business, Mobile, Home, Fax}

// Address is a place, with its position when it is known.
type Address struct {
	Text     string // ≤ 250
	Position *Position
}

// Position is a point on the earth: latitude ±90, longitude ±180, in degrees.
type Position struct{ Lat, Lng float64 }

// Custom is a field that an organisation added.
type Custom struct{ Name, Value string } // ≤ 50, ≤ 250

// Field names a part of a Record, in forms, histories and problems. A phone field holds every
// number of its label.
type Field string

// The fields, in the order in which they are shown.
const (
	FieldKind       Field = "kind"
	FieldName       Field = "name"
	FieldJob        Field = "job"
	FieldCompany    Field = "company"
	FieldDepartment Field = "department"
	FieldEmail      Field = "email"
	FieldBusiness   Field = "business"
	FieldMobile     Field = "mobile"
	FieldHome       Field = "home"
	FieldFax        Field = "fax"
	FieldWebsite    Field = "website"
	FieldLinkedIn   Field = "linkedin"
	FieldFacebook   Field = "facebook"
	FieldX          Field = "x"
	FieldAddress    Field = "address"
	FieldHours      Field = "hours"
	FieldNotes      Field = "notes"
	FieldPhoto      Field = "photo"
	FieldTags       Field = "tags"
	FieldCustom     Field = "custom"
)

// Fields lists every field in the order in which they are shown.
var Fields = []Field{
	FieldKind, FieldName, FieldJob, FieldCompany, FieldDepartment, FieldEmail, FieldBusiness, FieldMobile, FieldHome, FieldFax,
	FieldWebsite, FieldLinkedIn, FieldFacebook, FieldX, FieldAddress, FieldHours, FieldNotes, FieldPhoto, FieldTags, FieldCustom,
}
