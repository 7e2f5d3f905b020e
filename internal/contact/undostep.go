package contact

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// maxTries is how often a portion is compared anew because somebody changed one of its contacts meanwhile.
const maxTries = 5

// maxNumber is the highest number of a change in its step. The change that takes back number n has the number maxNumber-n
// in its own step: the order is turned round, and each can be found from the other.
const maxNumber = 99_999_999

// undoMark begins the id of a step that takes another back. There is one for each step, so that it is taken back once.
const undoMark = "undo-"

// undoOf names the step that takes a step back.
func undoOf(step ChangeID) ChangeID { return undoMark + step }

// number is the place of a change in its step.
func (id ChangeID) number() int {
	_, digits, _ := strings.Cut(string(id), stepMark)
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > maxNumber {
		return maxNumber
	}
	return n
}

// Undone is what became of taking back a step.
type Undone struct {
	Back   int // changes taken back
	Stayed int // changes that stay, because somebody changed the contact since
	Before int // changes that an earlier call took back
}

// UndoStep takes back a step whole, as far as each contact is still as the step left it. It needs the right for the
// opposite acts. Taken back twice, it is taken back once: then nothing is Back. It goes on where an earlier call ended.
func (b *Books) UndoStep(ctx context.Context, who identity.Caller, step ChangeID, d identity.Deed) (Undone, error) {
	const op = "contact.UndoStep"
	pages, err := b.stepPages(ctx, who, op, step)
	if err != nil {
		return Undone{}, err
	}
	u := &undoing{b: b, op: op, tenant: who.Tenant, step: step, stayed: map[ID]bool{}}
	u.by = Step{ID: undoOf(step), By: who.Person, Deed: d, Undoes: step, Kind: step.Kind().opposite()}
	for _, after := range slices.Backward(pages) {
		changes, err := b.chronicle.Step(ctx, who.Tenant, step, after, MaxPortion)
		if err != nil {
			return u.so, wrap(op, err)
		}
		if err := u.portion(ctx, changes); err != nil {
			return u.so, err
		}
	}
	return u.so, nil
}

// WholeStep tells which step is taken back with the change of an id, which may also be a step's own: a merge goes back whole.
// It is "" where UndoStep is not meant: for a change made alone, and for one of an import, which can be taken back alone.
func (b *Books) WholeStep(ctx context.Context, who identity.Caller, id ChangeID) (ChangeID, error) {
	step := id.Step()
	if step != "" && step.Kind() == "" {
		return "", nil
	}
	step = cmp.Or(step, id)
	changes, err := b.chronicle.Step(ctx, who.Tenant, step, "", 1)
	if err != nil {
		return "", wrap("contact.WholeStep", err)
	}
	if len(changes) == 0 {
		return "", nil
	}
	return step, nil
}

// changeOrStep reads a change, or the first one of a step, of a book that the caller may read.
func (b *Books) changeOrStep(ctx context.Context, who identity.Caller, op string, id ChangeID) (Change, error) {
	c, _, err := b.past(ctx, who, op, id)
	if !fault.Is(err, fault.NotFound) {
		return c, err
	}
	changes, failed := b.chronicle.Step(ctx, who.Tenant, id, "", 1)
	if failed != nil {
		return Change{}, wrap(op, failed)
	}
	if len(changes) == 0 {
		return Change{}, err
	}
	c, _, err = b.past(ctx, who, op, changes[0].ID)
	return c, err
}

// stepPages finds the portions of a step, each by the change before it, and makes sure that the caller may do the
// opposite of every change.
func (b *Books) stepPages(ctx context.Context, who identity.Caller, op string, step ChangeID) ([]ChangeID, error) {
	var pages []ChangeID
	acts := map[BookID]map[Act]bool{}
	for after := ChangeID(""); ; {
		changes, err := b.chronicle.Step(ctx, who.Tenant, step, after, MaxPortion)
		if err != nil {
			return nil, wrap(op, err)
		}
		if len(changes) == 0 {
			break
		}
		pages, after = append(pages, after), changes[len(changes)-1].ID
		for _, c := range changes {
			if acts[c.Book] == nil {
				acts[c.Book] = map[Act]bool{}
			}
			acts[c.Book][c.inverse(0).Act] = true
		}
	}
	if len(pages) == 0 {
		return nil, fault.New(fault.NotFound, op, "contact.no_change")
	}
	return pages, b.mayAll(ctx, who, op, acts)
}

// mayAll fails unless the caller may do all the acts in the books.
func (b *Books) mayAll(ctx context.Context, who identity.Caller, op string, acts map[BookID]map[Act]bool) error {
	for _, id := range slices.Sorted(maps.Keys(acts)) {
		l, err := b.open(ctx, who, op, id)
		if fault.Is(err, fault.NotFound) { // in the same words as a step that is not there
			return fault.New(fault.NotFound, op, "contact.no_change")
		}
		if err != nil {
			return err
		}
		for _, a := range slices.Sorted(maps.Keys(acts[id])) {
			if !l.May.may(a) {
				return denied(op, a)
			}
		}
	}
	return nil
}

// undoing is a step on its way back, newest change first.
type undoing struct {
	b      *Books
	op     string
	tenant identity.Tenant
	step   ChangeID
	by     Step // the step that takes it back, without changes
	so     Undone
	stayed map[ID]bool // contacts that somebody changed since: their older changes stay too
}

// portion takes back the given changes of the step, which are in their order.
func (u *undoing) portion(ctx context.Context, changes []Change) error {
	for try := 1; ; try++ {
		p, err := u.plan(ctx, changes)
		if err != nil {
			return err
		}
		if len(p.step.Changes) > 0 {
			err = u.b.carryOutAll(ctx, u.tenant, p.step)
		}
		switch {
		case err == nil:
			u.so = Undone{Back: u.so.Back + len(p.step.Changes), Stayed: u.so.Stayed + p.stayed, Before: u.so.Before + p.before}
			return nil
		case !fault.Is(err, fault.Stale) && !fault.Is(err, fault.NotFound):
			return wrap(u.op, err)
		case try == maxTries:
			return &fault.Error{Kind: fault.Stale, Op: u.op, Text: "contact.undo_stale", Err: err}
		} // changed meanwhile: it is compared anew
	}
}

// undoPlan is what is to be done about a portion.
type undoPlan struct {
	step           Step
	stayed, before int
}

// plan compares the contacts of a portion with what the step left.
func (u *undoing) plan(ctx context.Context, changes []Change) (undoPlan, error) {
	p := undoPlan{step: u.by}
	p.step.At = u.b.now().UTC()
	before, err := u.before(ctx, changes)
	if err != nil {
		return p, err
	}
	now, err := u.now(ctx, changes)
	if err != nil {
		return p, err
	}
	for _, c := range slices.Backward(changes) {
		id, s := StepChange(p.step.ID, maxNumber-c.ID.number()), now[c.Contact]
		switch {
		case before[id]:
			p.before++
		case u.stayed[c.Contact] || !s.isAsLeft(c):
			u.stayed[c.Contact] = true
			p.stayed++
		default:
			back := c.inverse(s.Version)
			back.ID = id
			p.step.Changes = append(p.step.Changes, back)
			if p.step.Kind != "" && back.Act == Edited {
				p.step.Told = c.Contact
			}
			s.follow(back)
		}
	}
	return p, nil
}

// before tells which changes of a portion were taken back by an earlier call, by the ids of what did it.
func (u *undoing) before(ctx context.Context, changes []Change) (map[ChangeID]bool, error) {
	made, err := u.b.chronicle.Step(ctx, u.tenant, u.by.ID, StepChange(u.by.ID, maxNumber-changes[len(changes)-1].ID.number()-1), len(changes))
	if err != nil {
		return nil, wrap(u.op, err)
	}
	ids := make(map[ChangeID]bool, len(made))
	for _, c := range made {
		ids[c.ID] = true
	}
	return ids, nil
}

// now reads the contacts of a portion; those that are gone for good are left out.
func (u *undoing) now(ctx context.Context, changes []Change) (map[ID]*subject, error) {
	subjects := make(map[ID]*subject, len(changes))
	var ids []ID
	for _, c := range changes {
		if _, known := subjects[c.Contact]; !known {
			subjects[c.Contact] = nil
			ids = append(ids, c.Contact)
		}
	}
	found, err := u.b.shelf.Contacts(ctx, u.tenant, ids)
	if err != nil {
		return nil, wrap(u.op, err)
	}
	for _, c := range found {
		subjects[c.ID] = &subject{Contact: c}
	}
	for _, id := range ids {
		if subjects[id] != nil {
			continue
		}
		s, err := u.b.known(ctx, u.tenant, u.op, id)
		switch {
		case err == nil:
			subjects[id] = &s
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return subjects, nil
}

// isAsLeft tells whether a contact is as a change left it.
func (s *subject) isAsLeft(c Change) bool {
	left := c.After
	if c.Act == Deleted {
		left = c.Before
	}
	return s != nil && s.Version >= c.Version && s.Book == c.Book && s.deleted == (c.Act == Deleted) && len(Diff(left, &s.Record)) == 0
}

// follow brings what is known of a contact to where a change brings it.
func (s *subject) follow(c Change) {
	s.Version, s.deleted = c.Version, c.Act == Deleted
	if c.After != nil {
		s.Record = *c.After
	}
}

// carryOutAll changes the shelf and then the index, as carryOut does for one change.
func (b *Books) carryOutAll(ctx context.Context, t identity.Tenant, s Step) error {
	b.changing.RLock()
	defer b.changing.RUnlock()
	made, err := b.shelf.ApplyAll(ctx, t, s)
	if err != nil {
		return fmt.Errorf("contact.carryOutAll: %w", err)
	}
	for _, c := range made {
		b.show(t, c)
	}
	if f, ok := b.loaded.Load(t); ok {
		f.(*filled).behind.Add(int64(len(made)))
	}
	return nil
}
