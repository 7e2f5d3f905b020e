package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Properties are what people say of a file, and how it was made.
type Properties struct {
	Title string
	Alt   string // what stands for the picture where it is not seen
	Tags  []string
	Plan  Plan // what was done to make it; the zero Plan when that is not known
	By    identity.Person
	At    time.Time
}

// SaveMode says what a result becomes.
type SaveMode string

// The modes.
const (
	NewVersion SaveMode = "version" // of the file that it was read from or saved as last
	NewFile    SaveMode = "file"
)

// Clash says what a save does when something is in its way. The zero Clash leaves everything as it is and asks.
type Clash string

// The answers to the question.
const (
	KeepBoth Clash = "both" // the name is taken: the drive finds another
	Over     Clash = "over" // a new version of the file that has the name, or over what somebody changed meanwhile
)

// Wish is what a person wants saved, and how.
type Wish struct {
	Mode   SaveMode
	Name   string  // of a new file; empty proposes nothing and is Invalid
	Folder ItemRef // of a new file; zero is where the picture came from, else the library of the conversation
	Clash  Clash
	// Knowing says that the person knows what the history of the file keeps of what they cover.
	Knowing bool

	Title string
	Alt   string // empty keeps what was said before, else takes AltElse
	Tags  []string
	// AltElse are words of ours for the picture.
	AltElse string
}

// Intent is a save that began. It holds no name.
type Intent struct {
	By      identity.Person
	At      time.Time
	Mode    SaveMode
	Into    ItemRef // the file of a new version, the folder of a new file
	ETag    string  // of that file as it was
	Name    string  // hash of the new file's name
	Size    int64
	Sum     string  // hash of the bytes
	Saved   ItemRef // what it became; zero as long as that is not known
	Exposed bool
	// Conversation is where it was done: it is told there.
	Conversation identity.Conversation
}

// Saved is what became of a save.
type Saved struct {
	Item Item
	Mode SaveMode
	// Exposed says that an older version of the file still shows what was covered.
	Exposed bool
	// Unkept says that title, alternative text and tags could not be kept; the file was saved.
	Unkept bool
}

// The limits of what people say of a file, in characters.
const (
	MaxTitle = 200
	MaxAlt   = 1000
	MaxTags  = 20
	MaxTag   = 50
)

// Save saves what became of a picture. One deed saves once: when it comes again, it is answered with what it saved, and
// when it was cut off, with what the drive has of it. Without a key there is no such protection. Its own faults, beside
// those of the drive: Stale image.save.exists and image.save.changed (see Clash), Denied image.save.exposes (see Knowing),
// Invalid image.save.*. After a fault that tells why, nothing has changed.
func (g *Gallery) Save(ctx context.Context, who identity.Caller, id ID, wish Wish, deed identity.Deed) (Saved, error) {
	if err := g.may("image.Save", who); err != nil {
		return Saved{}, err
	}
	if err := wish.check(); err != nil {
		return Saved{}, err
	}
	key := strings.Join([]string{string(who.Tenant), string(who.Person), deed.Key}, "\x00")
	if deed.Key == "" {
		return g.save(ctx, who, id, wish, deed.Key)
	}
	got, err, _ := g.saving.Do(key, func() (any, error) {
		if s, done, err := g.Repeated(ctx, who, deed); done || err != nil {
			return s, err
		}
		return g.save(ctx, who, id, wish, deed.Key)
	})
	return got.(Saved), err // the function gives nothing else
}

func (w Wish) check() error {
	const op = "image.Save"
	tooLong := func(s string, most int) bool { return utf8.RuneCountInString(s) > most }
	switch {
	case tooLong(w.Title, MaxTitle), tooLong(w.Alt, MaxAlt), len(w.Tags) > MaxTags,
		slices.ContainsFunc(w.Tags, func(t string) bool { return tooLong(t, MaxTag) }):
		return fault.New(fault.Invalid, op, "image.save.words", "Title", MaxTitle, "Alt", MaxAlt, "Tags", MaxTags, "Tag", MaxTag)
	case w.Mode != NewVersion && w.Mode != NewFile:
		return fault.New(fault.Invalid, op, "image.ref")
	}
	return nil
}

// Repeated gives what a deed has saved already; false when nothing is known of it. Of a save that was cut off it asks the
// drive.
func (g *Gallery) Repeated(ctx context.Context, who identity.Caller, deed identity.Deed) (Saved, bool, error) {
	if err := g.may("image.Repeated", who); err != nil || deed.Key == "" {
		return Saved{}, false, err
	}
	in, err := g.saves.Save(ctx, who.Tenant, deed.Key)
	switch {
	case fault.Is(err, fault.NotFound):
		return Saved{}, false, nil
	case err != nil:
		return Saved{}, false, err
	case in.By != who.Person:
		return Saved{}, false, nil
	}
	if in.Saved != (ItemRef{}) {
		item, err := g.drives.Item(ctx, who, in.Saved)
		return Saved{Item: item, Mode: in.Mode, Exposed: in.Exposed}, err == nil, err
	}
	item, there, err := g.landed(ctx, who, in)
	if err != nil || !there {
		return Saved{}, false, err
	}
	in.Saved = item.Ref
	return Saved{Item: item, Mode: in.Mode, Exposed: in.Exposed}, true, g.saves.KeepSave(ctx, who.Tenant, deed.Key, in)
}

// landed looks whether the drive has what a save that was cut off was writing.
func (g *Gallery) landed(ctx context.Context, who identity.Caller, in Intent) (Item, bool, error) {
	if in.Mode == NewVersion {
		item, err := g.drives.Item(ctx, who, in.Into)
		if err != nil || item.ETag == in.ETag {
			return Item{}, false, ignoreMissing(err)
		}
		same, err := g.holds(ctx, who, item, in)
		return item, same, err
	}
	items, err := g.drives.Images(ctx, who, in.Into, MaxFound)
	if err != nil {
		return Item{}, false, ignoreMissing(err)
	}
	for _, item := range items {
		if in.Name != "" && fingerprint([]byte(strings.ToLower(item.Name))) != in.Name {
			continue
		}
		if same, err := g.holds(ctx, who, item, in); same || err != nil {
			return item, same, err
		}
	}
	return Item{}, false, nil
}

// holds tells whether a file has the bytes that were to be saved.
func (g *Gallery) holds(ctx context.Context, who identity.Caller, item Item, in Intent) (bool, error) {
	if item.Size != in.Size {
		return false, nil
	}
	_, data, err := g.drives.Read(ctx, who, item.Ref, in.Size)
	if err != nil {
		return false, ignoreMissing(err)
	}
	return fingerprint(data) == in.Sum, nil
}

// ignoreMissing is the error of a question whose answer may be that nothing is there.
func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil
	}
	return err
}

func fingerprint(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// aim is where a save goes: over a file, or into a folder under a name.
type aim struct {
	mode   SaveMode
	over   Item // of a new version
	folder ItemRef
	name   string
	format Format // what the name asks for; empty takes what comes
	rename bool
}

// save makes the result, notes what it is about to do, and does it.
func (g *Gallery) save(ctx context.Context, who identity.Caller, id ID, wish Wish, key string) (Saved, error) {
	w, err := g.studio.Look(who, id)
	if err != nil {
		return Saved{}, err
	}
	a, err := g.aim(ctx, who, w, wish)
	if err != nil {
		return Saved{}, err
	}
	r, plan, err := g.studio.resultIn(ctx, who, w, a.format)
	if err != nil {
		return Saved{}, err
	}
	if a, err = g.settle(ctx, who, a, wish, Format(r.Facts.Format)); err != nil {
		return Saved{}, err
	}
	exposed := a.mode == NewVersion && plan.redacts()
	if exposed && !wish.Knowing {
		return Saved{}, fault.New(fault.Denied, "image.Save", "image.save.exposes", "Name", a.over.Name)
	}
	in := a.intent(who, g.now(), r.Data)
	in.Exposed = exposed
	item, err := g.write(ctx, who, a, in, key, r.Data)
	if err != nil {
		return Saved{}, err
	}
	g.studio.savedAs(who, id, item, w.Plan)
	g.see(ctx, who, item.Ref)
	g.forget(who)
	s := Saved{Item: item, Mode: a.mode, Exposed: exposed}
	s.Unkept = g.describe(ctx, who, item.Ref, wish, plan) != nil
	return s, nil
}

// aim reads the wish.
func (g *Gallery) aim(ctx context.Context, who identity.Caller, w Work, wish Wish) (aim, error) {
	const op = "image.Save"
	file := w.file()
	if wish.Mode == NewVersion {
		switch {
		case file == nil:
			return aim{}, fault.New(fault.Invalid, op, "image.save.no_file")
		case w.Saved == nil && w.Plan.String() == (Plan{}).String():
			return aim{}, fault.New(fault.Invalid, op, "image.save.nothing")
		case wish.Clash != Over:
			return aim{mode: NewVersion, over: *file}, nil
		}
		now, err := g.drives.Item(ctx, who, file.Ref)
		return aim{mode: NewVersion, over: now}, err
	}
	name, err := checkName(wish.Name)
	if err != nil {
		return aim{}, err
	}
	format, _ := FormatOf(name)
	a := aim{mode: NewFile, folder: wish.Folder, name: name, format: format, rename: wish.Clash == KeepBoth}
	if a.folder == (ItemRef{}) && file != nil {
		a.folder = file.Parent
	}
	if a.folder == (ItemRef{}) {
		in, err := g.where(ctx, op, who)
		if err != nil {
			return aim{}, err
		}
		a.folder = in.Ref
	}
	return a, nil
}

// settle brings name and format together, now that the result is there, and finds the file that is to be replaced.
func (g *Gallery) settle(ctx context.Context, who identity.Caller, a aim, wish Wish, made Format) (aim, error) {
	const op = "image.Save"
	if a.mode == NewVersion {
		if promised, ok := FormatOf(a.over.Name); !ok || promised != made {
			return aim{}, fault.New(fault.Invalid, op, "image.save.format", "Name", a.over.Name, "Format", FormatName(made))
		}
		return a, nil
	}
	a.name = named(a.name, made)
	if wish.Clash != Over {
		return a, nil
	}
	there, err := g.drives.Images(ctx, who, a.folder, MaxFound)
	if err != nil {
		return aim{}, err
	}
	i := slices.IndexFunc(there, func(i Item) bool { return strings.EqualFold(i.Name, a.name) })
	if i >= 0 {
		a.mode, a.over = NewVersion, there[i]
	}
	return a, nil // without such a file, it is a new one
}

func (a aim) intent(who identity.Caller, now time.Time, data []byte) Intent {
	in := Intent{By: who.Person, At: now.UTC(), Mode: a.mode, Into: a.over.Ref, ETag: a.over.ETag, Size: int64(len(data)), Sum: fingerprint(data),
		Conversation: who.Conversation}
	if a.mode == NewFile {
		in.Into = a.folder
		if !a.rename {
			in.Name = fingerprint([]byte(strings.ToLower(a.name)))
		}
	}
	return in
}

// write uploads between two notes: that it began, and what it became.
func (g *Gallery) write(ctx context.Context, who identity.Caller, a aim, in Intent, key string, data []byte) (Item, error) {
	if key != "" {
		if err := g.saves.KeepSave(ctx, who.Tenant, key, in); err != nil {
			return Item{}, err
		}
	}
	item, err := g.upload(ctx, who, a, data)
	after := context.WithoutCancel(ctx)
	switch {
	case key == "":
	case err == nil:
		in.Saved = item.Ref
		_ = g.saves.KeepSave(after, who.Tenant, key, in) // the file is there, and would be found without the note
	case settled(err):
		_ = g.saves.DropSave(after, who.Tenant, key) // a note that stays costs a question
	}
	return item, err
}

func (g *Gallery) upload(ctx context.Context, who identity.Caller, a aim, data []byte) (Item, error) {
	if a.mode == NewVersion {
		return g.drives.Replace(ctx, who, a.over.Ref, a.over.ETag, data)
	}
	return g.drives.Create(ctx, who, a.folder, a.name, data, a.rename)
}

// settled tells whether a fault says for sure that nothing was saved.
func settled(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind != fault.Busy && f.Kind != fault.Internal
}

// describe keeps what was said of a file. What was said before and is not said again stays.
func (g *Gallery) describe(ctx context.Context, who identity.Caller, ref ItemRef, wish Wish, p Plan) error {
	ctx = context.WithoutCancel(ctx)
	before, err := g.captions.Properties(ctx, who.Tenant, ref)
	if err != nil {
		return err
	}
	now := Properties{Title: wish.Title, Alt: wish.Alt, Tags: wish.Tags, Plan: p, By: who.Person, At: g.now().UTC()}
	if now.Title == "" {
		now.Title = before.Title
	}
	for _, alt := range []string{before.Alt, wish.AltElse} {
		if now.Alt == "" {
			now.Alt = alt
		}
	}
	if len(now.Tags) == 0 {
		now.Tags = before.Tags
	}
	return g.captions.SetProperties(ctx, who.Tenant, ref, now)
}

// file is what a new version would replace: what the picture was saved as last, else what it was read from.
func (w Work) file() *Item {
	if w.Saved != nil {
		return w.Saved
	}
	return w.Item
}

// maxFolders is how many folders inside another are offered to save into.
const maxFolders = 20

// SaveFolders are where the person may want a picture saved: beside the file it is of, in the library of the conversation, and
// in the folders inside the first of them. There may be none.
func (g *Gallery) SaveFolders(ctx context.Context, who identity.Caller, w Work) ([]Item, error) {
	const op = "image.SaveFolders"
	if err := g.may(op, who); err != nil {
		return nil, err
	}
	var all []Item
	if f, ok := w.File(); ok && f.Parent != (ItemRef{}) {
		beside, err := g.drives.Item(ctx, who, f.Parent)
		if fault.Is(err, fault.SignIn) {
			return nil, err
		}
		if err == nil {
			all = append(all, beside)
		}
	}
	in, err := g.where(ctx, op, who)
	if fault.Is(err, fault.SignIn) {
		return nil, err
	}
	if err == nil && !slices.ContainsFunc(all, func(i Item) bool { return i.Ref == in.Ref }) {
		all = append(all, in)
	}
	if len(all) == 0 {
		return nil, nil
	}
	inside, _ := g.drives.Folders(ctx, who, all[0].Ref) // whoever may not list them does without
	return append(all, inside[:min(len(inside), maxFolders)]...), nil
}

// File is the file that a new version would be one of; false for a picture that is no file yet.
func (w Work) File() (Item, bool) {
	if f := w.file(); f != nil {
		return *f, true
	}
	return Item{}, false
}

// resultIn makes a picture as it was seen, whole, in a format unless that is empty, and tells the plan that did it. What is
// done to it meanwhile is not in it.
func (s *Studio) resultIn(ctx context.Context, who identity.Caller, seen Work, f Format) (Result, Plan, error) {
	const op = "image.Result"
	w, err := s.work(op, who, seen.ID)
	if err != nil {
		return Result{}, Plan{}, err
	}
	data, err := s.original(ctx, op, w)
	if err != nil {
		return Result{}, Plan{}, err
	}
	p := seen.Plan
	if f != "" && f != p.Output.Format && (p.Output.Format != "" || string(f) != w.before.Format) {
		if p, err = p.Then(Plan{Output: Output{Format: f}}); err != nil {
			return Result{}, Plan{}, err
		}
	}
	r, err := s.run(ctx, w.reader, data, w.before, p)
	return r, p, err
}

// savedAs notes the file that a picture was saved as, and the plan that stood.
func (s *Studio) savedAs(who identity.Caller, id ID, item Item, plan Plan) {
	w, err := s.work("image.savedAs", who, id)
	if err != nil {
		return // it was put away meanwhile
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.saved, w.kept = &item, plan.String()
}
