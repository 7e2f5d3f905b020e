package bot

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// duplicatesOnPage is how many sets one card shows.
const duplicatesOnPage = 5

// showDuplicates answers "duplicates": contacts that may be the same, in the books that can be read from here.
func (b *Bot) showDuplicates(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	return b.duplicatesCard(t, 0, "")
}

func (b *Bot) duplicatesPage(t *Turn) (cards.Card, error) {
	skip, err := strconv.Atoi(t.Param("skip"))
	if err != nil || skip < 0 {
		return cards.Card{}, fault.New(fault.Invalid, "bot.duplicatesPage", "trouble.old_card")
	}
	return b.duplicatesCard(t, skip, "")
}

// duplicatesCard is a page of suggestions below a notice. It begins anew when what was on it is dealt with.
func (b *Bot) duplicatesCard(t *Turn, skip int, notice string, next ...cards.Step) (cards.Card, error) {
	sets, more, err := b.Books.Duplicates(t.ctx, t.Caller, "", contact.MaxDuplicates)
	if err != nil {
		return cards.Card{}, err
	}
	if skip >= len(sets) {
		skip = 0
	}
	v := cards.DuplicatesView{Notice: notice, Title: t.Text("duplicates.title", "Count", len(sets)), Hint: t.Text("duplicates.hint"), Skip: skip, Page: duplicatesOnPage, All: len(sets),
		Next: next, Posted: asMessageOr(t) == asMessage}
	switch {
	case len(sets) == 0:
		v.Title, v.Hint = t.Text("duplicates.none"), t.Text("duplicates.none.hint")
		v.Next = append(v.Next, t.steps("help")...)
	case more:
		v.Title = t.Text("duplicates.title.more", "Count", len(sets))
	}
	for _, d := range sets[skip:min(skip+duplicatesOnPage, len(sets))] {
		v.Rows = append(v.Rows, b.duplicateRow(t, d))
	}
	return cards.Duplicates(t.Lang, v), nil
}

func (b *Bot) duplicateRow(t *Turn, d contact.Duplicate) cards.DuplicateRow {
	return cards.DuplicateRow{Why: capital(whyText(t, d.Why)), Contacts: b.rowViews(t, d.Entries), MayMerge: d.MayMerge}
}

// whyText names the reasons: "same e-mail address; same mobile number". Who shares an address or a company shares its domain.
func whyText(t *Turn, whys []contact.Why) string {
	var words []string
	for _, w := range whys {
		if w == contact.SameDomain && (slices.Contains(whys, contact.SameEmail) || slices.Contains(whys, contact.SameCompany)) {
			continue
		}
		words = append(words, t.Text("why."+string(w)))
	}
	return strings.Join(words, "; ")
}

// capital begins a sentence.
func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// duplicatesOf shows what one contact may be the same as.
func (b *Bot) duplicatesOf(t *Turn) (cards.Card, error) {
	d, err := b.Books.LooksLike(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.DuplicatesView{Title: t.Text("duplicates.of.none"), Hint: t.Text("duplicates.none.hint"), Next: []cards.Step{{Title: t.Text("step.contact"), Verb: cards.ContactVerb(string(t.contactID()))}}}
	if len(d.Entries) > 0 {
		v.Title, v.Hint = t.Text("duplicates.of", "Name", d.Entries[0].Contact.Name), t.Text("duplicates.hint")
		v.Rows = []cards.DuplicateRow{b.duplicateRow(t, d)}
		v.All, v.Page = 1, duplicatesOnPage
	}
	return cards.Duplicates(t.Lang, v), nil
}

// contactIDs are the contacts that a path names.
func (t *Turn) contactIDs() []contact.ID {
	var ids []contact.ID
	for id := range strings.FieldsSeq(t.Param("ids")) {
		ids = append(ids, contact.ID(id))
	}
	return ids[:min(len(ids), contact.MaxTogether+1)] // one too many is refused
}

// setApart remembers that contacts are not the same, and goes on with the others.
func (b *Bot) setApart(t *Turn) (cards.Card, error) {
	if err := b.Books.SetApart(t.ctx, t.Caller, t.contactIDs(), true); err != nil {
		return cards.Card{}, err
	}
	back := cards.Step{Title: t.Text("button.undo"), Verb: cards.TogetherVerb(strings.Fields(t.Param("ids")))}
	return b.duplicatesCard(t, 0, t.Text("duplicates.apart.done"), back)
}

// unsetApart takes that back.
func (b *Bot) unsetApart(t *Turn) (cards.Card, error) {
	if err := b.Books.SetApart(t.ctx, t.Caller, t.contactIDs(), false); err != nil {
		return cards.Card{}, err
	}
	return b.duplicatesCard(t, 0, t.Text("duplicates.apart.undone"))
}

// addAlike says on a new contact's card which contacts it may be the same as. It was added all the same, and is shown when
// that cannot be told.
func (b *Bot) addAlike(t *Turn, v cards.ContactView) cards.ContactView {
	d, err := b.Books.LooksLike(t.ctx, t.Caller, contact.ID(v.ID))
	if err != nil || len(d.Entries) == 0 {
		return v
	}
	var names, ids []string
	for _, e := range d.Entries {
		ids = append(ids, string(e.Contact.ID))
		names = append(names, e.Contact.Name)
	}
	v.Alike, v.AlikeID = t.Text("duplicates.alike", "Names", strings.Join(names[1:], ", "), "Why", whyText(t, d.Why)), ids[1]
	if d.MayMerge {
		v.AlikeIDs = ids
	}
	return v
}

// openMerge opens the comparison of contacts field by field.
func (b *Bot) openMerge(t *Turn) (Dialog, error) {
	p, err := b.Books.MergePlan(t.ctx, t.Caller, t.contactIDs(), "", nil)
	if err != nil {
		return Dialog{}, err
	}
	return b.mergeDialog(t, p, rand.Text(), ""), nil
}

func (b *Bot) mergeDialog(t *Turn, p contact.MergePlan, form, note string) Dialog {
	entries := append([]contact.Entry{p.Kept}, p.Others...)
	b.readTitles(t, entries)
	v := cards.MergeView{Form: form, Note: note, Posted: t.posted(), Keep: string(p.Kept.Contact.ID),
		Explain: t.Text("duplicates.explain"),
		Promise: t.Text("duplicates.promise", "Count", contact.TrashDays)}
	versions := map[contact.ID]string{}
	for _, e := range entries {
		id := string(e.Contact.ID)
		v.IDs, versions[e.Contact.ID] = append(v.IDs, id), strconv.Itoa(e.Contact.Version)
		if slices.Contains(p.Keepable, e.Contact.ID) && differentBooks(entries) {
			v.Keeps = append(v.Keeps, cards.ChoiceView{Title: e.Contact.Name + " · " + b.bookName(t, e.Book), Value: id})
		}
	}
	slices.Sort(v.IDs)
	var all []string
	for _, id := range v.IDs {
		all = append(all, versions[contact.ID(id)])
	}
	v.Versions = strings.Join(all, ",")
	for _, c := range p.Conflicts {
		v.Conflicts = append(v.Conflicts, conflictView(t, c))
	}
	for _, f := range contact.Fields {
		if text := contact.FieldText(p.Record, f); text != "" {
			v.Result = append(v.Result, cards.FactView{Label: string(f), Value: fieldValue(t, f, text)})
		}
	}
	return Dialog{Title: t.Text("duplicates.merge.title"), Card: cards.Merge(t.Lang, v), Size: "medium"}
}

// differentBooks tells whether it matters which of the contacts stays.
func differentBooks(entries []contact.Entry) bool {
	return slices.ContainsFunc(entries, func(e contact.Entry) bool { return e.Book.ID != entries[0].Book.ID })
}

func conflictView(t *Turn, c contact.Conflict) cards.ConflictView {
	v := cards.ConflictView{Field: string(c.Field), Chosen: string(c.Chosen)}
	for _, o := range c.Values {
		v.Choices = append(v.Choices, cards.ChoiceView{Title: fieldValue(t, c.Field, o.Text), Value: string(o.From)})
	}
	return v
}

// mergeWish reads what somebody chose. A form that does not say who stays leaves that to the plan.
func mergeWish(t *Turn, f Form) (contact.MergeWish, error) {
	ids, versions := t.contactIDs(), strings.Split(f.Values["version"], ",")
	w := contact.MergeWish{Keep: contact.ID(f.Values[cards.InputKeep]), Versions: map[contact.ID]int{}, Choices: map[contact.Field]contact.ID{}}
	if len(versions) != len(ids) {
		return w, fault.New(fault.Invalid, "bot.mergeWish", "trouble.old_card")
	}
	for i, id := range ids {
		n, err := strconv.Atoi(versions[i])
		if err != nil {
			return w, fault.New(fault.Invalid, "bot.mergeWish", "trouble.old_card")
		}
		w.Versions[id] = n
	}
	for _, field := range contact.Fields {
		if from := f.Values[string(field)]; from != "" {
			w.Choices[field] = contact.ID(from)
		}
	}
	return w, nil
}

// lookAtMerge shows what the choices would make.
func (b *Bot) lookAtMerge(t *Turn, f Form) (Outcome, error) { return b.mergeAgain(t, f, "") }

// mergeAgain shows the comparison as it is now, with what was chosen.
func (b *Bot) mergeAgain(t *Turn, f Form, note string) (Outcome, error) {
	w, err := mergeWish(t, f)
	if err != nil {
		return Outcome{}, err
	}
	p, err := b.Books.MergePlan(t.ctx, t.Caller, t.contactIDs(), w.Keep, w.Choices)
	if fault.Is(err, fault.NotFound) {
		return Outcome{Message: t.Text("contact.merge_stale")}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	return asked(b.mergeDialog(t, p, cmp.Or(f.Values["form"], rand.Text()), note))
}

// submitMerge merges. When somebody changed one of the contacts meanwhile, the comparison comes back as it is now.
func (b *Bot) submitMerge(t *Turn, f Form) (Outcome, error) {
	w, err := mergeWish(t, f)
	if err != nil {
		return Outcome{}, err
	}
	m, err := b.Books.Merge(t.ctx, t.Caller, w, t.formDeed(f))
	if fault.Is(err, fault.Stale) || fault.Is(err, fault.Invalid) {
		return b.mergeAgain(t, f, b.sentence(t, err))
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.merged(t, m)
}

// merged says what was merged and how to take it back, where edited would say what was changed.
func (b *Bot) merged(t *Turn, m contact.Merged) (Outcome, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, m.Kept)
	if err != nil {
		return Outcome{}, err
	}
	v := cards.DoneView{Sentence: mergedText(t, e.Contact.Name, m.Names), Undo: string(m.Step), Show: string(m.Kept), Next: t.steps("duplicates"), Posted: true}
	switch {
	case t.posted():
		all := b.beforeAll(t)
		public := v
		public.Sentence = mergedText(all, e.Contact.Name, m.Names)
		if b.openToAll(all, m.Kept) && b.update(t, cards.Done(all.Lang, public)) == nil {
			return Outcome{}, nil
		}
	case t.Caller.Place == identity.Personal:
		b.say(t, cards.Done(t.Lang, v))
		return Outcome{}, nil
	}
	return Outcome{Message: v.Sentence + " " + t.Text("duplicates.merged_how", "Mention", t.mention())}, nil
}

// mergedText says what went into what; a name is said once.
func mergedText(t *Turn, name string, gone []string) string {
	var others []string
	for _, n := range gone {
		if n != name && !slices.Contains(others, n) {
			others = append(others, n)
		}
	}
	if len(others) == 0 {
		return t.Text("duplicates.merged.same", "Name", name, "Count", len(gone)+1)
	}
	return t.Text("duplicates.merged", "Name", name, "Others", strings.Join(others, ", "))
}

// openToAll tells whether everybody in the conversation may see a contact.
func (b *Bot) openToAll(all *Turn, id contact.ID) bool {
	_, err := b.Books.Get(all.ctx, all.Caller, id)
	return err == nil
}

// mergeTitle tells in a history with whom a contact was merged; "" for what was no merge.
func (b *Bot) mergeTitle(t *Turn, c contact.Change) string {
	switch c.ID.Step().Kind() {
	case contact.Unmerging:
		return t.Text("merged.undone")
	case contact.Merging:
	default:
		return ""
	}
	others, err := b.Books.Companions(t.ctx, t.Caller, c)
	if err != nil {
		return ""
	}
	var names []string
	for _, o := range others {
		if c.Act == contact.Edited || o.Act == contact.Edited { // of several that went into one, each tells of the one
			names = append(names, nameIn(o))
		}
	}
	if c.Act == contact.Edited {
		return t.Text("merged.with", "Names", strings.Join(names, ", "))
	}
	return t.Text("merged.into", "Names", strings.Join(names, ", "))
}
