package contact

import (
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// importUndoOf is the step that takes an import back.
func importUndoOf(id ImportID) ChangeID { return ChangeID(id) + "-undo" }

// back takes the changes of the import back, portion by portion.
func (r *ImportRun) back(ctx context.Context, tell func(Import)) error {
	after, err := r.skip(ctx)
	if err != nil {
		return err
	}
	for r.now.State == ImportUndoing {
		begun := time.Now()
		if after, err = r.backSome(ctx, after); err != nil {
			return err
		}
		tell(r.now)
		rest(ctx, time.Since(begun))
	}
	return nil
}

// skip finds the change that was dealt with last.
func (r *ImportRun) skip(ctx context.Context) (after ChangeID, err error) {
	for left := r.now.Past; left > 0; {
		changes, err := r.changes(ctx, after, min(left, MaxPortion))
		if err != nil || len(changes) == 0 {
			return after, err
		}
		after, left = changes[len(changes)-1].ID, left-len(changes)
	}
	return after, nil
}

func (r *ImportRun) changes(ctx context.Context, after ChangeID, limit int) ([]Change, error) {
	changes, err := r.imports.books.chronicle.Step(ctx, r.who.Tenant, ChangeID(r.now.ID), after, limit)
	if err != nil {
		return nil, wrap("contact.Run", err)
	}
	return changes, nil
}

// backSome takes the next changes back and gives the last of them.
func (r *ImportRun) backSome(ctx context.Context, after ChangeID) (last ChangeID, err error) {
	const op = "contact.Run"
	changes, err := r.changes(ctx, after, importPortion)
	if err != nil {
		return after, err
	}
	for range importTries {
		if _, err := r.imports.mayUndo(ctx, r.who, op, r.now); err != nil {
			return after, err
		}
		u := importUndoing{books: r.imports.books, tenant: r.who.Tenant, step: ChangeID(r.now.ID), by: importUndoOf(r.now.ID)}
		if err := u.weigh(ctx, changes); err != nil {
			return after, err
		}
		err = r.takeBack(ctx, &u, len(changes))
		if err == nil && len(changes) > 0 {
			return changes[len(changes)-1].ID, nil
		}
		if !fault.Is(err, fault.Stale) && !fault.Is(err, fault.NotFound) {
			return after, err
		}
	}
	return after, fault.New(fault.Busy, op, "book.stale")
}

// takeBack writes a portion. The last one has less than fits.
func (r *ImportRun) takeBack(ctx context.Context, u *importUndoing, changes int) error {
	past, now := r.now.Past, r.imports.books.now().UTC()
	step := Step{ID: u.by, By: r.now.By, At: now, Deed: identity.Deed{Surface: importSurface}, Undoes: u.step, Changes: u.made}
	_, err := r.write(ctx, step, func(imp *Import) error {
		if imp.State != ImportUndoing || imp.Past != past {
			return errEnded
		}
		imp.Past += changes
		imp.Back += u.back
		imp.Stayed += u.stayed
		if changes < importPortion {
			imp.end(ImportUndone, now)
		}
		return nil
	})
	return err
}

// importUndoing finds what takes some changes of an import back. A contact is taken back as a whole when it is as the import left
// it. It is another rule than that of UndoStep, which goes change by change from the newest: an import notes how far it is
// back in the transaction of each portion, so that its card counts on after a crash, and goes through its changes in their order.
type importUndoing struct {
	books        *Books
	tenant       identity.Tenant
	step, by     ChangeID // the step, and the one that takes it back
	done         map[ID]bool
	made         []Change
	back, stayed int
}

func (u *importUndoing) weigh(ctx context.Context, changes []Change) error {
	ids := make([]ID, len(changes))
	for i, c := range changes {
		ids[i] = c.Contact
	}
	found, err := u.books.shelf.Contacts(ctx, u.tenant, ids)
	if err != nil {
		return wrap("contact.undo", err)
	}
	there := make(map[ID]Contact, len(found))
	for _, c := range found {
		there[c.ID] = c
	}
	u.done = map[ID]bool{}
	for _, c := range changes {
		now, is := there[c.Contact]
		back, err := u.decide(ctx, c, now, is)
		if err != nil {
			return err
		}
		if !back {
			u.stayed++
			continue
		}
		u.back++
		if !u.done[c.Contact] {
			u.done[c.Contact] = true
			u.made = append(u.made, u.inverse(c, now))
		}
	}
	return nil
}

// maxOfStep is how many changes of a contact are looked at to tell that all are of the step.
const maxOfStep = 20

// decide tells whether a change is taken back; is tells whether its contact is there. Of several changes of a contact the
// first takes all back.
func (u *importUndoing) decide(ctx context.Context, c Change, now Contact, is bool) (back bool, err error) {
	if u.done[c.Contact] || is && c.After != nil && now.Book == c.Book && now.Record.equal(c.After) {
		return true, nil
	}
	history, err := u.books.chronicle.History(ctx, u.tenant, c.Contact, maxOfStep)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, wrap("contact.undo", err)
	}
	for _, later := range history {
		switch {
		case later.ID.Step() == u.by:
			u.done[c.Contact] = true // in an earlier portion
			return true, nil
		case later.ID == c.ID:
			return is, nil
		case later.ID.Step() != u.step:
			return false, nil
		}
	}
	return false, nil
}

// inverse is the change that takes c back from the contact as it is now.
func (u *importUndoing) inverse(c Change, now Contact) Change {
	back := c.inverse(now.Version)
	back.ID = u.by + c.ID[len(u.step):]
	if back.Before != nil {
		back.Before = &now.Record
	}
	return back
}
