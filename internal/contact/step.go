package contact

import (
	"fmt"
	"strings"
	"time"

	"teamspro/internal/identity"
)

// MaxPortion is how many changes of a step the Shelf carries out in one transaction: enough to share a sync, few enough
// that nobody who writes waits for long.
const MaxPortion = 500

// Step is a portion of several changes that one wish made, an import or a merge. They are taken back as one.
type Step struct {
	// ID names the step; the ids of its changes begin with it (StepChange).
	ID   ChangeID
	By   identity.Person
	At   time.Time
	Deed identity.Deed // its Key is not used: the ids of the changes say what was done before
	// Undoes is the step that this one takes back, if any.
	Undoes ChangeID
	// Kind is what the step is to the audit log; there is an entry for the book of its first change. "" makes none.
	Kind StepKind
	// Told is the contact of the step whose change conversations hear of, as of one made alone; "" when they hear of none. When
	// the step is Merging, it is the one that stays: it inherits the marks that people made on the others (Marked.Inherit).
	Told ID
	// Changes are those of the portion, in their order, at most MaxPortion. By, At and Deed are the step's.
	Changes []Change
}

// Merged are the contacts that a step merges into the one that it tells of; none when it does not merge.
func (s Step) Merged() (ids []ID) {
	for _, c := range s.Changes {
		if s.Kind == Merging && c.Act == Deleted {
			ids = append(ids, c.Contact)
		}
	}
	return ids
}

// StepKind is what a step is to the audit log.
type StepKind string

// The kinds. An import is entered in the log when it ends, and not with its portions.
const (
	Merging   StepKind = "merging"
	Unmerging StepKind = "unmerging"
)

const (
	stepMark  = "."
	mergeMark = "merge-" // begins the id of a step that merges
)

// Kind tells from the id of a step what it is: one that takes another back has the opposite kind.
func (id ChangeID) Kind() StepKind {
	rest, undoes := strings.CutPrefix(string(id), undoMark)
	switch {
	case undoes:
		return ChangeID(rest).Kind().opposite()
	case strings.HasPrefix(rest, mergeMark):
		return Merging
	default:
		return ""
	}
}

// opposite is the kind of a step that takes one of this kind back.
func (k StepKind) opposite() StepKind {
	return map[StepKind]StepKind{Merging: Unmerging, Unmerging: Merging}[k]
}

// StepChange names the change of a step that has a number; the order of the numbers is that of the changes.
func StepChange(step ChangeID, number int) ChangeID {
	return ChangeID(fmt.Sprintf("%s%08d", StepPrefix(step), number))
}

// StepPrefix is what the ids of the changes of a step begin with.
func StepPrefix(step ChangeID) string { return string(step) + stepMark }

// Step gives the step that a change is part of; "" when it was made alone.
func (id ChangeID) Step() ChangeID {
	step, _, part := strings.Cut(string(id), stepMark)
	if !part {
		return ""
	}
	return ChangeID(step)
}
