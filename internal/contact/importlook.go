package contact

import (
	"context"
	"errors"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Look takes in the rows of a file, which each gives one by one, checked, compares them with the book and keeps them. Nothing
// in the book is changed. When the book cannot hold what is new it fails with fault.Invalid, and with what each returns.
func (i *Imports) Look(ctx context.Context, who identity.Caller, w ImportWish, each func(func(Row) error) error) (Import, error) {
	const op = "contact.Look"
	l, err := i.into(ctx, who, op, w)
	if err != nil {
		return Import{}, err
	}
	leave, err := take(ctx, op, i.looks)
	if err != nil {
		return Import{}, err
	}
	defer leave()
	imp := Import{ID: ImportID(i.books.newID()), Tenant: who.Tenant, Book: l.Book.ID, By: who.Person, Where: w.Where, Thread: w.Thread,
		State: ImportReading, Format: w.Format, At: i.books.now().UTC()}
	if err := i.shelf.AddImport(ctx, who.Tenant, imp); err != nil {
		return Import{}, wrap(op, err)
	}
	imp, err = i.look(ctx, op, who, imp, l.May, each)
	if err != nil {
		// What was kept goes also when nobody waits for the answer any more.
		if failed := i.shelf.DropImport(context.WithoutCancel(ctx), who.Tenant, imp.ID); failed != nil {
			err = errors.Join(err, failed)
		}
		return Import{}, err
	}
	return imp, nil
}

func (i *Imports) look(ctx context.Context, op string, who identity.Caller, imp Import, may Rights, each func(func(Row) error) error) (Import, error) {
	s, err := i.books.newScale(ctx, who, imp)
	if err != nil {
		return imp, err
	}
	in := intake{ctx: ctx, imports: i, imp: &imp, plan: s.plan}
	if err := each(in.take); err != nil {
		return imp, err
	}
	if err := in.stage(); err != nil {
		return imp, err
	}
	if imp.Rows == 0 {
		return imp, fault.New(fault.Invalid, op, "contact.import_nothing")
	}
	s.plan.ready()
	for from := 0; from < in.good; from += importPortion {
		rows, err := i.shelf.StagedRows(ctx, who.Tenant, imp.ID, from, importPortion)
		if err != nil {
			return imp, wrap(op, err)
		}
		p, err := s.weigh(ctx, may, from, rows)
		if err != nil {
			return imp, err
		}
		p.done(nil)
		imp.Found = imp.Found.plus(p.tally)
	}
	if err := s.room(op, imp.Found.New); err != nil {
		return imp, err
	}
	imp.State = ImportReady
	kept, err := i.shelf.ChangeImport(ctx, who.Tenant, imp.ID, func(now *Import) error {
		*now = imp
		return nil
	})
	if err != nil {
		return imp, wrap(op, err)
	}
	return kept, nil
}

// intake takes in the rows of a file.
type intake struct {
	ctx     context.Context
	imports *Imports
	imp     *Import
	plan    *rowPlan
	good    int // rows that can be read
	waiting []Row
}

func (in *intake) take(r Row) error {
	in.imp.Rows++
	if len(r.Problems) > 0 {
		in.imp.Found.Bad++
		if len(in.imp.Bad) < MaxBadShown {
			in.imp.Bad = append(in.imp.Bad, BadRow{r.Number, r.Problems[0]})
		}
		return nil
	}
	r.Problems, r.Left = nil, nil
	in.plan.add(in.good, r)
	in.good++
	in.waiting = append(in.waiting, r)
	if len(in.waiting) < stagedAtOnce {
		return nil
	}
	return in.stage()
}

// stage keeps the rows that wait.
func (in *intake) stage() error {
	if len(in.waiting) == 0 {
		return nil
	}
	if err := in.imports.shelf.StageRows(in.ctx, in.imp.Tenant, in.imp.ID, in.waiting); err != nil {
		return wrap("contact.Look", err)
	}
	clear(in.waiting)
	in.waiting = in.waiting[:0]
	return nil
}
