package contacttest

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

var _ contact.ImportShelf = (*Memory)(nil)

// imported is an import and its rows. Memory keeps the rows until the import is dropped, but gives none that are not needed.
type imported struct {
	contact.Import
	rows []contact.Row
}

func (k *tenant) imported(m *Memory, id contact.ImportID) (*imported, error) {
	i := k.imports[id]
	if i == nil || i.Expired(m.now()) {
		return nil, fault.New(fault.NotFound, "contacttest.Import", "contact.import_gone")
	}
	return i, nil
}

// AddImport implements contact.ImportShelf.
func (m *Memory) AddImport(ctx context.Context, t identity.Tenant, i contact.Import) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return err
	}
	imports := m.at(t).imports
	if imports[i.ID] != nil {
		return fault.New(fault.Stale, "contacttest.AddImport", "")
	}
	var waiting []*imported
	for _, o := range imports {
		if o.By == i.By && o.State == contact.ImportReady {
			waiting = append(waiting, o)
		}
	}
	slices.SortFunc(waiting, func(x, y *imported) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID)) })
	for _, o := range waiting[:max(0, len(waiting)-contact.MaxPreviews+1)] {
		delete(imports, o.ID)
	}
	imports[i.ID] = &imported{Import: copyImport(i)}
	return nil
}

// StageRows implements contact.ImportShelf.
func (m *Memory) StageRows(ctx context.Context, t identity.Tenant, id contact.ImportID, rows []contact.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.at(t).imported(m, id)
	if err := errors.Join(ctx.Err(), m.full, err); err != nil {
		return err
	}
	if i.State != contact.ImportReading {
		return fault.New(fault.NotFound, "contacttest.StageRows", "contact.import_gone")
	}
	for _, r := range rows {
		i.rows = append(i.rows, contact.Row{Number: r.Number, ID: r.ID, Record: copyRecord(r.Record), Fields: slices.Clone(r.Fields)})
	}
	return nil
}

// StagedRows implements contact.ImportShelf.
func (m *Memory) StagedRows(ctx context.Context, t identity.Tenant, id contact.ImportID, from, limit int) ([]contact.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.at(t).imports[id]
	if i == nil || i.State != contact.ImportReading && from < i.Taken() || from >= len(i.rows) {
		return nil, ctx.Err()
	}
	return each(i.rows[from:min(from+limit, len(i.rows))], func(r contact.Row) contact.Row {
		r.Record, r.Fields = copyRecord(r.Record), slices.Clone(r.Fields)
		return r
	}), ctx.Err()
}

// Import implements contact.ImportShelf.
func (m *Memory) Import(ctx context.Context, t identity.Tenant, id contact.ImportID) (contact.Import, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.at(t).imported(m, id)
	if err != nil {
		return contact.Import{}, err
	}
	return copyImport(i.Import), ctx.Err()
}

// ChangeImport implements contact.ImportShelf.
func (m *Memory) ChangeImport(ctx context.Context, t identity.Tenant, id contact.ImportID, change func(*contact.Import) error) (contact.Import, error) {
	now, _, err := m.ImportSome(ctx, t, id, contact.Step{}, change)
	return now, err
}

// ImportSome implements contact.ImportShelf.
func (m *Memory) ImportSome(ctx context.Context, t identity.Tenant, id contact.ImportID, s contact.Step, change func(*contact.Import) error) (contact.Import, []contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.at(t).imported(m, id)
	if err := errors.Join(ctx.Err(), m.full, err); err != nil {
		return contact.Import{}, nil, err
	}
	now := copyImport(i.Import)
	if err := change(&now); err != nil {
		return contact.Import{}, nil, err
	}
	made, err := m.applyAll(t, s)
	if err != nil {
		return contact.Import{}, nil, err
	}
	i.Import = copyImport(now)
	return now, made, nil
}

// DropImport implements contact.ImportShelf.
func (m *Memory) DropImport(_ context.Context, t identity.Tenant, id contact.ImportID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.at(t).imports, id)
	return nil
}

// PurgeImports implements contact.ImportShelf.
func (m *Memory) PurgeImports(ctx context.Context, t identity.Tenant) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, i := range m.at(t).imports {
		if i.Expired(m.now()) {
			delete(m.at(t).imports, id)
		}
	}
	return false, ctx.Err()
}

// OpenImports implements contact.ImportShelf.
func (m *Memory) OpenImports(ctx context.Context) ([]contact.Import, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var open []contact.Import
	for _, k := range m.tenants {
		for id, i := range k.imports {
			switch i.State {
			case contact.ImportReading:
				delete(k.imports, id)
			case contact.ImportRunning, contact.ImportUndoing:
				open = append(open, copyImport(i.Import))
			}
		}
	}
	slices.SortFunc(open, func(x, y contact.Import) int { return cmp.Compare(x.ID, y.ID) })
	return open, ctx.Err()
}

func copyImport(i contact.Import) contact.Import {
	i.Bad = slices.Clone(i.Bad)
	return i
}
