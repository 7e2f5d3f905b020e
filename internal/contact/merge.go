package contact

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"unicode/utf8"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Conflict is a field in which contacts that are merged differ, so that one value must be chosen.
type Conflict struct {
	Field  Field
	Values []Offer
	Chosen ID // whose value it is
}

// Offer is a value for a field, and a contact that has it.
type Offer struct {
	From ID
	Text string
}

// MergePlan shows what merging contacts would make.
type MergePlan struct {
	Kept      Entry
	Others    []Entry
	Keepable  []ID // which of them could be the one that is kept, Kept included
	Record    Record
	Conflicts []Conflict
}

// keepable are the contacts that the caller may change while deleting all others.
func keepable(entries []Entry) []ID {
	var ids []ID
	for i, e := range entries {
		others := slices.Concat(entries[:i:i], entries[i+1:])
		if e.May.Modify && !slices.ContainsFunc(others, func(o Entry) bool { return !o.May.Delete }) {
			ids = append(ids, e.Contact.ID)
		}
	}
	return ids
}

// MergePlan compares contacts field by field. keep is the one that stays; empty is the oldest of those that may. choices say, for
// fields in which they differ, whose value is taken; where they say nothing it is the newest, and the longest name. It is fault.Denied when the
// caller may not merge them.
func (b *Books) MergePlan(ctx context.Context, who identity.Caller, ids []ID, keep ID, choices map[Field]ID) (MergePlan, error) {
	const op = "contact.MergePlan"
	if len(ids) < 2 || len(ids) > MaxTogether {
		return MergePlan{}, fault.New(fault.Invalid, op, "contact.merge_few", "Max", MaxTogether)
	}
	entries, err := b.each(ctx, who, op, ids)
	if err != nil {
		return MergePlan{}, err
	}
	slices.SortStableFunc(entries, func(x, y Entry) int { return x.Contact.Created.At.Compare(y.Contact.Created.At) })
	p := MergePlan{Keepable: keepable(entries)}
	if len(p.Keepable) == 0 {
		return MergePlan{}, fault.New(fault.Denied, op, "contact.denied_merge")
	}
	if keep == "" {
		keep = p.Keepable[0]
	}
	if !slices.Contains(p.Keepable, keep) {
		return MergePlan{}, fault.New(fault.Denied, op, "contact.denied_merge")
	}
	for _, e := range entries {
		if e.Contact.ID == keep {
			p.Kept = e
			continue
		}
		p.Others = append(p.Others, e)
	}
	return p.resolved(choices), nil
}

// resolved is the plan with its record and conflicts.
func (p MergePlan) resolved(choices map[Field]ID) MergePlan {
	all := []Contact{p.Kept.Contact}
	for _, e := range p.Others {
		all = append(all, e.Contact)
	}
	p.Record = mergedRecord(all)
	for _, f := range Fields {
		c, differ := conflict(f, all, p.Record)
		if !differ {
			continue
		}
		if from, said := choices[f]; said && slices.ContainsFunc(c.Values, func(o Offer) bool { return o.From == from }) {
			c.Chosen = from
		}
		i := slices.IndexFunc(all, func(o Contact) bool { return o.ID == c.Chosen })
		p.Record.copyField(f, &all[i].Record)
		p.Conflicts = append(p.Conflicts, c)
	}
	return p
}

// copyField takes over a field that is one value.
func (r *Record) copyField(f Field, from *Record) {
	if f == FieldKind {
		r.Kind = from.Kind
		return
	}
	*r.line(f) = *from.line(f)
}

// mergedRecord is the first contact with what the others have besides: what is missing, and the entries of lists.
func mergedRecord(all []Contact) Record {
	r := all[0].Record
	r.Emails, r.Phones, r.Addresses, r.Tags, r.Custom = nil, nil, nil, nil, nil
	for _, c := range all {
		for _, f := range Fields {
			if line := r.line(f); line != nil && *line == "" {
				*line = *c.line(f)
			}
		}
		r.Emails = with(r.Emails, c.Emails, strings.EqualFold)
		r.Phones = with(r.Phones, c.Phones, samePhone)
		r.Addresses = with(r.Addresses, c.Addresses, func(x, y Address) bool { return fold(x.Text) == fold(y.Text) })
		r.Tags = with(r.Tags, c.Tags, strings.EqualFold)
		r.Custom = with(r.Custom, c.Custom, func(x, y Custom) bool { return fold(x.Name) == fold(y.Name) && x.Value == y.Value })
	}
	if notes := joinedNotes(all); utf8.RuneCountInString(notes) <= MaxNotes {
		r.Notes = notes
	}
	return r
}

func samePhone(x, y Phone) bool { return x == y || x.sign() != "" && x.sign() == y.sign() }

// with adds what a list does not have.
func with[E any](list, more []E, same func(x, y E) bool) []E {
	list = slices.Clone(list)
	for _, e := range more {
		if !slices.ContainsFunc(list, func(o E) bool { return same(o, e) }) {
			list = append(list, e)
		}
	}
	return list
}

// joinedNotes are the notes of all, one after the other.
func joinedNotes(all []Contact) string {
	var notes []string
	for _, c := range all {
		if c.Notes != "" && !slices.Contains(notes, c.Notes) {
			notes = append(notes, c.Notes)
		}
	}
	return strings.Join(notes, "\n\n")
}

// conflict tells in what contacts differ in a field that is one value.
func conflict(f Field, all []Contact, made Record) (Conflict, bool) {
	if made.line(f) == nil && f != FieldKind || f == FieldNotes && made.Notes == joinedNotes(all) {
		return Conflict{}, false
	}
	c := Conflict{Field: f}
	var best Contact
	for _, o := range all {
		text := FieldText(o.Record, f)
		if text == "" {
			continue
		}
		if !slices.ContainsFunc(c.Values, func(v Offer) bool { return v.Text == text }) {
			c.Values = append(c.Values, Offer{o.ID, text})
		}
		if best.ID == "" || better(f, &o, &best) {
			best = o
		}
	}
	if len(c.Values) < 2 {
		return Conflict{}, false
	}
	chosen := slices.IndexFunc(c.Values, func(v Offer) bool { return v.Text == FieldText(best.Record, f) })
	c.Chosen = c.Values[chosen].From
	return c, true
}

// better tells whether one value is proposed rather than another: the newer one, and of names the longer one, as the other may
// be cut short to initials.
func better(f Field, x, y *Contact) bool {
	if n := utf8.RuneCountInString(x.Name) - utf8.RuneCountInString(y.Name); f == FieldName && n != 0 {
		return n > 0
	}
	return x.Changed.At.After(y.Changed.At)
}

// MergeWish says which contacts become one, each at the version that the caller saw.
type MergeWish struct {
	Keep     ID
	Versions map[ID]int   // of all, the kept one included
	Choices  map[Field]ID // whose value is taken, where they differ
}

// Merged is what a merge made.
type Merged struct {
	Step  ChangeID // UndoStep takes it back
	Kept  ID
	Names []string // of the contacts that went into it
}

// Merge makes one contact of several, as MergePlan shows it: one is changed and the others go to the trash, in one transaction
// and as one step. Who marked one of the others as a favourite has the kept one as well. It fails with fault.Stale when one
// of them was changed, deleted or merged meanwhile.
func (b *Books) Merge(ctx context.Context, who identity.Caller, w MergeWish, d identity.Deed) (Merged, error) {
	const op = "contact.Merge"
	step := b.mergeID(who, d)
	if done, err := b.mergedBefore(ctx, who, op, step); err != nil || done.Step != "" {
		return done, err
	}
	ids := make([]ID, 0, len(w.Versions))
	for id := range w.Versions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	p, err := b.MergePlan(ctx, who, ids, w.Keep, w.Choices)
	if fault.Is(err, fault.NotFound) {
		return Merged{}, &fault.Error{Kind: fault.Stale, Op: op, Text: "contact.merge_stale", Err: err}
	}
	if err != nil {
		return Merged{}, err
	}
	clean, err := b.sound(op, p.Record)
	if err != nil {
		return Merged{}, err
	}
	s := p.step(step, clean)
	if !p.isAt(w.Versions) {
		return Merged{}, fault.New(fault.Stale, op, "contact.merge_stale")
	}
	s.By, s.At, s.Deed = who.Person, b.now().UTC(), d
	err = b.carryOutAll(ctx, who.Tenant, s)
	if fault.Is(err, fault.Stale) || fault.Is(err, fault.NotFound) {
		return Merged{}, &fault.Error{Kind: fault.Stale, Op: op, Text: "contact.merge_stale", Err: err}
	}
	if err != nil {
		return Merged{}, wrap(op, err)
	}
	return mergedOf(step, s.Changes), nil
}

// mergeID names the step that a deed makes: the same deed makes it once.
func (b *Books) mergeID(who identity.Caller, d identity.Deed) ChangeID {
	if d.Key == "" {
		return ChangeID(mergeMark + b.newID())
	}
	sum := sha256.Sum256([]byte(string(who.Person) + "\x00" + d.Key))
	return ChangeID(mergeMark + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26]))
}

// mergedBefore gives what the same deed made before; nothing when it did not come before.
func (b *Books) mergedBefore(ctx context.Context, who identity.Caller, op string, step ChangeID) (Merged, error) {
	changes, err := b.chronicle.Step(ctx, who.Tenant, step, "", MaxTogether)
	if err != nil {
		return Merged{}, wrap(op, err)
	}
	if len(changes) == 0 {
		return Merged{}, nil
	}
	return mergedOf(step, changes), nil
}

func mergedOf(step ChangeID, changes []Change) Merged {
	m := Merged{Step: step}
	for _, c := range changes {
		if c.Act == Edited {
			m.Kept = c.Contact
		} else if c.Before != nil {
			m.Names = append(m.Names, c.Before.Name)
		}
	}
	return m
}

func (p MergePlan) isAt(versions map[ID]int) bool {
	return !slices.ContainsFunc(append([]Entry{p.Kept}, p.Others...), func(e Entry) bool { return versions[e.Contact.ID] != e.Contact.Version })
}

// step are the changes that make one of the contacts. The kept one is changed even when it has everything already, so that its
// history tells of the merge.
func (p MergePlan) step(id ChangeID, r Record) Step {
	kept := p.Kept.Contact
	s := Step{ID: id, Kind: Merging, Told: kept.ID}
	s.Changes = []Change{{Act: Edited, Contact: kept.ID, Book: kept.Book, Version: kept.Version + 1, Before: &kept.Record, After: &r}}
	for _, e := range p.Others {
		s.Changes = append(s.Changes, Change{Act: Deleted, Contact: e.Contact.ID, Book: e.Contact.Book, Version: e.Contact.Version + 1, Before: &e.Contact.Record})
	}
	for i := range s.Changes {
		s.Changes[i].ID = StepChange(id, i+1)
	}
	return s
}

// Companions are the other changes of a merge that a change is part of, as far as the caller may read their books; none for
// any other change.
func (b *Books) Companions(ctx context.Context, who identity.Caller, c Change) ([]Change, error) {
	const op = "contact.Companions"
	step := c.ID.Step()
	if step == "" || step.Kind() == "" {
		return nil, nil
	}
	changes, err := b.chronicle.Step(ctx, who.Tenant, step, "", MaxTogether)
	if err != nil {
		return nil, wrap(op, err)
	}
	var others []Change
	for _, o := range changes {
		if o.ID == c.ID {
			continue
		}
		_, err := b.open(ctx, who, op, o.Book)
		switch {
		case err == nil:
			others = append(others, o)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return others, nil
}
