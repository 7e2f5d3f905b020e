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
	// Changes are those of the portion, in their order, at most MaxPortion. By, At and Deed are the step's.
	Changes []Change
}

const stepMark = "."

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
