package contact

import (
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// scale compares the rows of an import with its book, portion by portion. It is used by one goroutine.
type scale struct {
	books *Books
	imp   Import
	who   identity.Caller
	ring  *keyring
	plan  *rowPlan
	stamp string // of the state that the ring shows
	// made holds the contacts that this run made or changed, with their versions: what it did itself is nobody else's.
	made map[ID]int
	// fates are those of rows that were dealt with before their turn.
	fates map[int]fate
}

// fate is what becomes of a row.
type fate int

const (
	isSame fate = iota
	isNew
	isChanged
	isKept
)

func (t *Tally) count(v fate) {
	switch v {
	case isNew:
		t.New++
	case isChanged:
		t.Changed++
	case isKept:
		t.Kept++
	default:
		t.Same++
	}
}

func (t Tally) plus(o Tally) Tally {
	return Tally{New: t.New + o.New, Changed: t.Changed + o.Changed, Same: t.Same + o.Same, Bad: t.Bad + o.Bad, Kept: t.Kept + o.Kept}
}

// newScale reads the book; rows are to be planned.
func (b *Books) newScale(ctx context.Context, who identity.Caller, imp Import) (*scale, error) {
	s := &scale{books: b, imp: imp, who: who, made: map[ID]int{}, fates: map[int]fate{}}
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	s.plan = newRowPlan(s.ring)
	return s, nil
}

// read reads the book anew.
func (s *scale) read(ctx context.Context) (err error) {
	t := s.who.Tenant
	if s.stamp, err = s.books.journal.Stamp(ctx, t); err != nil {
		return wrap("contact.import", err)
	}
	s.ring = newKeyring(s.imp.Book)
	err = s.books.shelf.Each(ctx, t, func(c Contact) error {
		if c.Book == s.imp.Book {
			s.ring.put(c.ID, &c.Record)
		}
		return nil
	})
	if err != nil {
		return wrap("contact.import", err)
	}
	return nil
}

// follow learns what anybody changed since. When that is too much, or a book was erased meanwhile, the book is read anew.
func (s *scale) follow(ctx context.Context) error {
	t := s.who.Tenant
	stamp, err := s.books.journal.Stamp(ctx, t)
	if err != nil {
		return wrap("contact.import", err)
	}
	if stamp == s.stamp {
		return nil
	}
	changes, err := s.books.journal.Since(ctx, t, s.stamp)
	switch {
	case fault.Is(err, fault.NotFound):
		return s.read(ctx)
	case err != nil:
		return wrap("contact.import", err)
	}
	for _, c := range changes {
		s.ring.follow(c)
	}
	s.stamp = stamp
	return nil
}

// portion is what becomes of some rows that follow each other.
type portion struct {
	*scale
	may      Rights
	from     int
	tally    Tally
	changes  []Change
	of       map[ID]int // contact → place of its change in changes
	contacts map[ID]Contact
	fates    map[int]fate // of rows behind the portion
}

// weigh compares rows with the book. from is the place of the first.
func (s *scale) weigh(ctx context.Context, may Rights, from int, rows []Row) (*portion, error) {
	p := &portion{scale: s, may: may, from: from, of: map[ID]int{}, fates: map[int]fate{}}
	keys := make([]rowKeys, len(rows))
	for i := range rows {
		keys[i] = s.ring.rowKeys(&rows[i])
	}
	if err := p.fetch(ctx, keys); err != nil {
		return nil, err
	}
	for i := range rows {
		if first, led := s.plan.first[from+i]; led {
			p.tally.count(p.early(from+i, first))
			continue
		}
		group := append([]Row{rows[i]}, s.plan.later[from+i].rows...)
		p.settle(from+i, group, keys[i])
	}
	return p, nil
}

// early is the fate of a row that was dealt with together with an earlier one.
func (p *portion) early(number, first int) fate {
	if v, here := p.fates[number]; here {
		return v
	}
	return p.scale.fates[number]
}

// fetch reads the contacts that rows are about.
func (p *portion) fetch(ctx context.Context, keys []rowKeys) error {
	var ids []ID
	asked := map[uint32]bool{}
	for _, k := range keys {
		for _, n := range p.candidates(k) {
			if !asked[n] {
				asked[n] = true
				ids = append(ids, p.ring.all[n].id)
			}
		}
	}
	p.contacts = make(map[ID]Contact, len(ids))
	if len(ids) == 0 {
		return nil
	}
	found, err := p.books.shelf.Contacts(ctx, p.who.Tenant, ids)
	if err != nil {
		return wrap("contact.import", err)
	}
	for _, c := range found {
		if c.Book == p.imp.Book {
			p.contacts[c.ID] = c
		}
	}
	return nil
}

// candidates are the contacts that a row may be about.
func (p *portion) candidates(k rowKeys) []uint32 {
	if n, found := p.ring.contact(k); found {
		return []uint32{n}
	}
	if k.bare() {
		return p.ring.holders(k.name)
	}
	return nil
}

// settle decides about rows that are about one contact; number is the place of the first.
func (p *portion) settle(number int, group []Row, keys rowKeys) {
	n, found := p.ring.contact(keys)
	switch {
	case found:
		if c, there := p.contacts[p.ring.all[n].id]; there {
			p.judge(number, group, c)
			return
		} // else somebody deletes it at this moment
	case keys.bare() && p.contained(&group[0], keys):
		p.decide(number, make([]fate, len(group)))
		return
	}
	p.bring(number, group)
}

// contained tells whether a contact of the book says all that a row says by which no contact can be known. One that this
// import brought does not count: its row was another.
func (p *portion) contained(r *Row, keys rowKeys) bool {
	for _, n := range p.ring.holders(keys.name) {
		c, there := p.contacts[p.ring.all[n].id]
		if _, ours := p.made[c.ID]; !there || ours {
			continue
		}
		if merged := r.onto(c.Record, false); merged.equal(&c.Record) {
			return true
		}
	}
	return false
}

// bring decides about rows of a contact that the book has not.
func (p *portion) bring(number int, group []Row) {
	if !p.may.Add {
		p.decide(number, allKept(make([]fate, len(group)), false))
		return
	}
	record, fates := apply(group[0].Record, group[1:], func(*Row) bool { return false })
	fates = append([]fate{isNew}, fates...)
	p.decide(number, fates)
	p.changes = append(p.changes, Change{ID: StepChange(ChangeID(p.imp.ID), number+1), Act: Added, Contact: ID(p.books.newID()), Book: p.imp.Book, Version: 1, After: &record})
}

// judge decides about rows of a contact that the book has.
func (p *portion) judge(number int, group []Row, c Contact) {
	base := c.Record
	at, again := p.of[c.ID]
	if again { // an earlier row of the portion turned out to be about it as well
		base = *p.changes[at].After
	}
	record, fates := apply(base, group, func(r *Row) bool { return r.ID == c.ID })
	switch {
	case record.equal(&base):
		clear(fates) // also when they change it forth and back
	case !p.may.Modify || p.others(c):
		fates = allKept(fates, true)
	case again:
		p.changes[at].After = &record
	default:
		p.of[c.ID] = len(p.changes)
		p.changes = append(p.changes, Change{ID: StepChange(ChangeID(p.imp.ID), number+1), Act: Edited, Contact: c.ID, Book: c.Book, Version: c.Version + 1, Before: &c.Record, After: &record})
	}
	p.decide(number, fates)
}

// others tells whether somebody changed a contact after the import was looked at: who agreed to it has not seen that.
func (p *portion) others(c Contact) bool {
	version, ours := p.made[c.ID]
	return c.Changed.At.After(p.imp.At) && !(ours && version == c.Version)
}

// apply applies rows to a record, each to the result of the one before.
func apply(record Record, group []Row, replaces func(*Row) bool) (Record, []fate) {
	fates := make([]fate, len(group))
	for i := range group {
		next := group[i].onto(record, replaces(&group[i]))
		if !next.equal(&record) {
			fates[i] = isChanged
		}
		record = next
	}
	return record, fates
}

// allKept are the fates when nothing is changed; those that differ in nothing stay, if there is something to differ from.
func allKept(fates []fate, differs bool) []fate {
	for i, v := range fates {
		if v != isSame || !differs {
			fates[i] = isKept
		}
	}
	return fates
}

// decide notes the fates of a row and of those that belong to it. Each row is counted where it stands in the file.
func (p *portion) decide(number int, fates []fate) {
	p.tally.count(fates[0])
	for i, at := range p.plan.later[number].places {
		p.fates[at] = fates[i+1]
	}
}

// done keeps what later portions need of one that was carried out.
func (p *portion) done(made []Change) {
	for number, v := range p.fates {
		p.scale.fates[number] = v
	}
	for _, c := range made {
		p.made[c.Contact] = c.Version
	}
}

// room fails when the book would have more contacts than it may.
func (s *scale) room(op string, brings int) error {
	if s.ring.live+brings > MaxContacts {
		return fault.New(fault.Invalid, op, "contact.import_full", "Max", MaxContacts, "Has", s.ring.live, "New", brings)
	}
	return nil
}

// step is the portion as a step of the shelf.
func (p *portion) step(at time.Time) Step {
	return Step{ID: ChangeID(p.imp.ID), By: p.imp.By, At: at, Deed: identity.Deed{Surface: importSurface}, Changes: p.changes}
}

// importSurface is where the changes of an import come from.
const importSurface = "import"
