package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Imports keeps files on their way into books: what is known of each, and beside it its rows (importrows.go).
type Imports struct{ db *DB }

var _ contact.ImportShelf = (*Imports)(nil)

// Imports is the view of the imports.
func (d *DB) Imports() *Imports { return &Imports{d} }

// importRecord is contact.Import without its id, which is the key, and its tenant.
type importRecord struct {
	Book    string          `json:"book"`
	By      string          `json:"by,omitempty"`
	Where   referenceRecord `json:"where"`
	Thread  string          `json:"thread,omitempty"`
	Card    string          `json:"card,omitempty"`
	State   string          `json:"state"`
	Format  string          `json:"format"`
	Rows    int             `json:"rows"`
	Past    int             `json:"past,omitempty"`
	Found   tallyRecord     `json:"found"`
	Made    tallyRecord     `json:"made"`
	Changes int             `json:"changes,omitempty"`
	Bad     []badRowRecord  `json:"bad,omitempty"`
	Back    int             `json:"back,omitempty"`
	Stayed  int             `json:"stayed,omitempty"`
	At      time.Time       `json:"at"`
	Ended   time.Time       `json:"ended,omitzero"`
	// Staged is how many rows were kept so far.
	Staged int `json:"staged,omitempty"`
}

type tallyRecord struct {
	New     int `json:"new,omitempty"`
	Changed int `json:"changed,omitempty"`
	Same    int `json:"same,omitempty"`
	Bad     int `json:"bad,omitempty"`
	Kept    int `json:"kept,omitempty"`
}

type badRowRecord struct {
	Number int    `json:"number"`
	Field  string `json:"field,omitempty"`
	Text   string `json:"text,omitempty"`
	Args   []any  `json:"args,omitempty"`
}

func newImport(i contact.Import, staged int) importRecord {
	return importRecord{Book: string(i.Book), By: string(i.By), Where: newReference(i.Where), Thread: i.Thread, Card: i.Card, State: string(i.State), Format: i.Format,
		Rows: i.Rows, Past: i.Past, Found: tallyRecord(i.Found), Made: tallyRecord(i.Made), Changes: i.Changes,
		Bad: each(i.Bad, func(b contact.BadRow) badRowRecord {
			return badRowRecord{b.Number, string(b.Field), b.Text, b.Args}
		}),
		Back: i.Back, Stayed: i.Stayed, At: i.At.UTC(), Ended: i.Ended.UTC(), Staged: staged}
}

func (r importRecord) imported(t identity.Tenant, id contact.ImportID) contact.Import {
	return contact.Import{ID: id, Tenant: t, Book: contact.BookID(r.Book), By: identity.Person(r.By), Where: r.Where.reference(), Thread: r.Thread, Card: r.Card,
		State: contact.ImportState(r.State), Format: r.Format, Rows: r.Rows, Past: r.Past, Found: contact.Tally(r.Found), Made: contact.Tally(r.Made), Changes: r.Changes,
		Bad: each(r.Bad, func(b badRowRecord) contact.BadRow {
			return contact.BadRow{Number: b.Number, Problem: contact.Problem{Field: contact.Field(b.Field), Text: b.Text, Args: each(b.Args, whole)}}
		}),
		Back: r.Back, Stayed: r.Stayed, At: r.At, Ended: r.Ended}
}

// whole gives a number of JSON as the int that it was.
func whole(v any) any {
	if f, is := v.(float64); is && f == float64(int(f)) {
		return int(f)
	}
	return v
}

// AddImport keeps a new import, as contact.ImportShelf says.
func (s *Imports) AddImport(ctx context.Context, t identity.Tenant, i contact.Import) error {
	const op = "store.AddImport"
	ids := []string{string(i.ID), string(i.Book)}
	if i.By != "" {
		ids = append(ids, string(i.By))
	}
	if err := checkIDs(op, ids...); err != nil {
		return err
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		if _, err := s.purge(sh); err != nil {
			return err
		}
		b := sh.bucket(bucketImports)
		if b.Get([]byte(i.ID)) != nil {
			return fault.New(fault.Stale, op, "")
		}
		if err := s.makeRoom(b, i.By); err != nil {
			return err
		}
		return save(b, op, []byte(i.ID), newImport(i, 0))
	})
}

// makeRoom drops the oldest previews of a person that are too many. Their rows are left to be purged.
func (s *Imports) makeRoom(b *bbolt.Bucket, by identity.Person) error {
	type preview struct {
		id []byte
		at time.Time
	}
	var waiting []preview
	err := eachImport(b, func(k []byte, r importRecord) error {
		if r.By == string(by) && r.State == string(contact.ImportReady) {
			waiting = append(waiting, preview{bytes.Clone(k), r.At})
		}
		return nil
	})
	slices.SortFunc(waiting, func(x, y preview) int { return cmp.Or(x.at.Compare(y.at), bytes.Compare(x.id, y.id)) })
	for _, old := range waiting[:max(0, len(waiting)-contact.MaxPreviews+1)] {
		err = errors.Join(err, b.Delete(old.id))
	}
	return err
}

func eachImport(b *bbolt.Bucket, fn func(k []byte, r importRecord) error) error {
	return b.ForEach(func(k, _ []byte) error {
		r, _, err := load[importRecord](b, k)
		if err != nil {
			return err
		}
		return fn(k, r)
	})
}

// Import reads one, as contact.ImportShelf says.
func (s *Imports) Import(ctx context.Context, t identity.Tenant, id contact.ImportID) (i contact.Import, err error) {
	const op = "store.Import"
	found := false
	err = s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		r, is, err := s.find(tb.Bucket([]byte(bucketImports)), t, id)
		i, found = r.imported(t, id), is
		return err
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, op, "contact.import_gone")
	}
	if err != nil {
		return contact.Import{}, err
	}
	return i, nil
}

// find reads one that is not too old.
func (s *Imports) find(b *bbolt.Bucket, t identity.Tenant, id contact.ImportID) (importRecord, bool, error) {
	r, found, err := load[importRecord](b, []byte(id))
	if err != nil || !found || r.imported(t, id).Expired(s.db.now()) {
		return importRecord{}, false, err
	}
	return r, true, nil
}

// ChangeImport changes one, as contact.ImportShelf says.
func (s *Imports) ChangeImport(ctx context.Context, t identity.Tenant, id contact.ImportID, change func(*contact.Import) error) (now contact.Import, err error) {
	const op = "store.ChangeImport"
	err = s.db.share(ctx, op, t, func(sh *shared) (err error) {
		now, err = s.change(sh, op, id, change, nil)
		return err
	})
	return now, err
}

// ImportSome carries out a portion, as contact.ImportShelf says.
func (s *Imports) ImportSome(ctx context.Context, t identity.Tenant, id contact.ImportID, step contact.Step, change func(*contact.Import) error) (now contact.Import, made []contact.Change, err error) {
	const op = "store.ImportSome"
	p, err := s.db.Contacts().portion(op, step)
	if err != nil {
		return contact.Import{}, nil, err
	}
	err = s.db.share(ctx, op, t, func(sh *shared) (err error) {
		now, err = s.change(sh, op, id, change, func() (err error) {
			if made, err = p.apply(sh); errors.Is(err, errUnchanged) {
				return nil // the import changes
			}
			return err
		})
		return err
	})
	if err != nil {
		return contact.Import{}, nil, err
	}
	return now, made, nil
}

// change changes an import, and does what goes with it. Along is done with it, if given.
func (s *Imports) change(sh *shared, op string, id contact.ImportID, change func(*contact.Import) error, along func() error) (contact.Import, error) {
	b := sh.bucket(bucketImports)
	r, found, err := s.find(b, sh.id, id)
	switch {
	case err != nil:
		return contact.Import{}, err
	case !found:
		return contact.Import{}, fault.New(fault.NotFound, op, "contact.import_gone")
	}
	before, now := r.imported(sh.id, id), r.imported(sh.id, id)
	if err := change(&now); err != nil {
		return contact.Import{}, err
	}
	put := saveChanged
	if along != nil {
		if err := along(); err != nil {
			return contact.Import{}, err
		}
		put = save
	}
	if err := sh.importEnded(before, now, s.db.now()); err != nil {
		return contact.Import{}, err
	}
	if _, err := dropRows(sh.bucket(bucketImportRows), id, needless(now), maxRowsDropped); err != nil {
		return contact.Import{}, err
	}
	r = newImport(now, r.Staged)
	return r.imported(sh.id, id), put(b, op, []byte(id), r)
}

// needless is how many of its rows an import does not need any more.
func needless(i contact.Import) int {
	switch i.State {
	case contact.ImportReading, contact.ImportReady, contact.ImportRunning:
		return i.Taken()
	}
	return everyRow
}

// importEnded tells of the end of a run: conversations of what was brought, the audit log of who did it.
func (s *shared) importEnded(before, now contact.Import, at time.Time) error {
	entry := audit.Entry{At: at.UTC(), By: now.By, Surface: "import", Subject: string(now.Book)}
	switch brought := now.Made.New + now.Made.Changed; {
	case before.State == contact.ImportUndoing && now.State == contact.ImportUndone:
		entry.Act = audit.ImportUndone
	case before.State == contact.ImportRunning && now.State.Ended() && brought > 0:
		entry.Act = audit.ContactsImported
		err := s.happened(notice.Event{Key: string(now.ID), Kind: notice.ImportDone, At: at.UTC(), By: now.By, Book: string(now.Book), Count: brought})
		if err != nil {
			return err
		}
	default:
		return nil
	}
	return s.audited(entry)
}

// DropImport takes one away, as contact.ImportShelf says.
func (s *Imports) DropImport(ctx context.Context, t identity.Tenant, id contact.ImportID) error {
	return s.db.share(ctx, "store.DropImport", t, func(sh *shared) error {
		b := sh.bucket(bucketImports)
		if b.Get([]byte(id)) == nil {
			return errUnchanged
		}
		if err := b.Delete([]byte(id)); err != nil {
			return err
		}
		_, err := s.purge(sh)
		return err
	})
}

// OpenImports reads those at work of all tenants, as contact.ImportShelf says.
func (s *Imports) OpenImports(ctx context.Context) (open []contact.Import, err error) {
	const op = "store.OpenImports"
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		var unread [][]byte
		err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
			return eachImport(tb.Bucket([]byte(bucketImports)), func(k []byte, r importRecord) error {
				i := r.imported(t, contact.ImportID(k))
				switch {
				case i.State == contact.ImportReading:
					unread = append(unread, bytes.Clone(k))
				case !i.Expired(s.db.now()) && (i.State == contact.ImportRunning || i.State == contact.ImportUndoing):
					open = append(open, i)
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		for _, id := range unread {
			if err := s.DropImport(ctx, t, contact.ImportID(id)); err != nil {
				return nil, err
			}
		}
	}
	return open, nil
}

// PurgeImports takes away what is too old, as contact.ImportShelf says.
func (s *Imports) PurgeImports(ctx context.Context, t identity.Tenant) (more bool, err error) {
	err = s.db.share(ctx, "store.PurgeImports", t, func(sh *shared) (err error) {
		gone, err := s.purge(sh)
		if more = gone >= maxRowsDropped; err == nil && gone == 0 {
			return errUnchanged
		}
		return err
	})
	return more, err
}

// purge takes away imports that are too old, and a portion of the rows that no import needs; it tells how many there were.
func (s *Imports) purge(sh *shared) (gone int, err error) {
	b, rows := sh.bucket(bucketImports), sh.bucket(bucketImportRows)
	var old [][]byte
	err = eachImport(b, func(k []byte, r importRecord) error {
		if len(old) < purgeBatch && r.imported(sh.id, contact.ImportID(k)).Expired(s.db.now()) {
			old = append(old, bytes.Clone(k))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, k := range old {
		if err := b.Delete(k); err != nil {
			return 0, err
		}
	}
	gone = len(old)
	for _, id := range staged(rows) {
		r, found, err := load[importRecord](b, []byte(id))
		if err != nil {
			return gone, err
		}
		before := everyRow
		if found {
			before = needless(r.imported(sh.id, id))
		}
		n, err := dropRows(rows, id, before, maxRowsDropped-gone)
		if gone += n; err != nil || gone >= maxRowsDropped {
			return gone, err
		}
	}
	return gone, nil
}

// MarshalJSON leaves arguments out that JSON cannot say, so that no file can keep an import from being kept.
func (r badRowRecord) MarshalJSON() ([]byte, error) {
	type plain badRowRecord
	for n, a := range r.Args {
		switch a.(type) {
		case string, int, bool:
		default:
			r.Args = slices.Clone(r.Args)
			r.Args[n] = ""
		}
	}
	return json.Marshal(plain(r))
}
