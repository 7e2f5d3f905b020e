package image

import (
	"context"
	"crypto/rand"
	"maps"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ID names a picture that was handed over. It is not to be guessed, and yet no right: every use of it is checked.
type ID string

// StudioConfig is what a Studio is made of.
type StudioConfig struct {
	Engine Engine
	// Limits are what a result may be.
	Limits Limits
	// Memory is how many bytes of pictures are held at most; 0 means 128 MiB.
	Memory int64
	// Drives are where people keep their pictures; nil leaves those out.
	Drives Drives
	// Marks finds the pictures that watermarks name; nil leaves those out.
	Marks MarkFunc
	// MaxBytes is the largest file that is read from a drive; 0 means 32 MiB.
	MaxBytes int64
}

// How long and how many. The pictures themselves go first; what was done to them is remembered a little longer, so that
// links to previews that were made still work.
const (
	defaultMemory = 128 << 20
	defaultBytes  = 32 << 20
	pictureLife   = time.Hour      // since it was used last
	workLife      = 24 * time.Hour // since it was used last
	maxWorks      = 10_000
)

// Studio is what people do with the pictures that they handed over. It holds them in memory and nowhere else, for a
// while and up to a bound. Of a picture that changes, the original stays: every result is made from it in one go.
type Studio struct {
	engine Engine
	limits Limits
	drives Drives
	marks  MarkFunc
	most   int64
	data   *otter.Cache[ID, []byte]
	works  *otter.Cache[ID, *work]
	latest *otter.Cache[desk, ID]
	opened *otter.Cache[opening, ID]
}

// desk is where a person works: one conversation.
type desk struct {
	tenant       identity.Tenant
	person       identity.Person
	conversation identity.Conversation
}

func deskOf(who identity.Caller) desk { return desk{who.Tenant, who.Person, who.Conversation} }

// work is a picture and what was done to it.
type work struct {
	desk   desk
	id     ID
	name   string
	before Facts
	origin *Item           // where it was read; nil for one that was handed over
	reader identity.Caller // who read it

	doing sync.Mutex // one change at a time; it may take seconds

	mu    sync.Mutex // of what follows, for moments
	trail Trail
	moves int                // how often the trail moved
	moved time.Time          // when it did last, or was laid down
	saved *Item              // what it was saved as last
	kept  string             // the text of the plan that was saved
	made  map[string]outcome // by the text of the plan
}

// outcome is what a plan made of the picture.
type outcome struct {
	facts Facts
	notes []Note
}

// Work is a picture as its person sees it.
type Work struct {
	ID    ID
	Name  string
	Item  *Item // the file that it was read from; nil for one that was handed over
	Saved *Item // the file that it was saved as last; nil when it was not
	// Unsaved says that the file is not as the picture is now.
	Unsaved bool
	Moved   time.Time // when it changed last
	At      int       // how often it has changed: it tells a card of now from an older one
	Plan    Plan
	Before  Facts
	After   Facts
	Notes   []Note
	Undo    bool
	Redo    bool
}

// NewStudio makes a Studio.
func NewStudio(c StudioConfig) *Studio {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultBytes
	}
	return &Studio{
		engine: c.Engine, limits: c.Limits, drives: c.Drives, marks: c.Marks, most: c.MaxBytes,
		data: otter.Must(&otter.Options[ID, []byte]{MaximumWeight: uint64(c.Memory), Weigher: func(_ ID, d []byte) uint32 { return uint32(len(d)) },
			ExpiryCalculator: otter.ExpiryAccessing[ID, []byte](pictureLife)}),
		works:  otter.Must(&otter.Options[ID, *work]{MaximumSize: maxWorks, ExpiryCalculator: otter.ExpiryAccessing[ID, *work](workLife)}),
		latest: otter.Must(&otter.Options[desk, ID]{MaximumSize: maxWorks, ExpiryCalculator: otter.ExpiryAccessing[desk, ID](workLife)}),
		opened: otter.Must(&otter.Options[opening, ID]{MaximumSize: maxWorks, ExpiryCalculator: otter.ExpiryAccessing[opening, ID](workLife)}),
	}
}

// Take lays a picture on a person's desk. It is from then on the latest there.
func (s *Studio) Take(ctx context.Context, who identity.Caller, name string, data []byte) (Work, error) {
	if err := known("image.Take", who); err != nil {
		return Work{}, err
	}
	w, err := s.lay(ctx, who, name, data, nil)
	if err != nil {
		return Work{}, err
	}
	return w.view(), nil
}

// lay begins a work. Nobody else knows it yet.
func (s *Studio) lay(ctx context.Context, who identity.Caller, name string, data []byte, origin *Item) (*work, error) {
	facts, err := s.engine.Probe(ctx, data)
	if err != nil {
		return nil, err
	}
	w := &work{desk: deskOf(who), id: ID(rand.Text()), name: name, before: facts, origin: origin, reader: who, moved: time.Now(),
		kept: Plan{}.String(), made: map[string]outcome{Plan{}.String(): {facts: facts}}}
	s.data.Set(w.id, data)
	s.works.Set(w.id, w)
	s.latest.Set(w.desk, w.id)
	return w, nil
}

// Latest is the picture that the person worked on last in this conversation.
func (s *Studio) Latest(who identity.Caller) (ID, error) {
	id, ok := s.latest.GetIfPresent(deskOf(who))
	if !ok {
		return "", fault.New(fault.NotFound, "image.Latest", "image.none")
	}
	return id, nil
}

// Look is a picture as it is now.
func (s *Studio) Look(who identity.Caller, id ID) (Work, error) {
	w, err := s.work("image.Look", who, id)
	if err != nil {
		return Work{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view(), nil
}

// TakeUp is Look at a picture that the person goes on with: it is from then on the latest on their desk.
func (s *Studio) TakeUp(who identity.Caller, id ID) (Work, error) {
	w, err := s.Look(who, id)
	if err == nil {
		s.latest.Set(deskOf(who), id)
	}
	return w, err
}

// Do adds a plan to what was done to a picture.
func (s *Studio) Do(ctx context.Context, who identity.Caller, id ID, p Plan) (Work, error) {
	return s.move(ctx, "image.Do", who, id, func(w *work) (Trail, error) { return w.trail.Do(p) })
}

// DoAt adds a plan to a picture that is as the person saw it; one that has changed since stays as it is. So a button that
// is pressed twice works once.
func (s *Studio) DoAt(ctx context.Context, who identity.Caller, id ID, at int, p Plan) (Work, error) {
	return s.move(ctx, "image.Do", who, id, asSeen(at, func(t Trail) (Trail, error) { return t.Do(p) }))
}

// Undo takes back the last plan, Redo brings it again. At is what the person saw: a button that is pressed twice moves one
// step, and one of an older card none; both are answered with the picture as it is.
func (s *Studio) Undo(ctx context.Context, who identity.Caller, id ID, at int) (Work, error) {
	return s.move(ctx, "image.Undo", who, id, asSeen(at, along(Trail.Undo)))
}

// Redo is the way forward again, see Undo.
func (s *Studio) Redo(ctx context.Context, who identity.Caller, id ID, at int) (Work, error) {
	return s.move(ctx, "image.Redo", who, id, asSeen(at, along(Trail.Redo)))
}

// asSeen takes a step only if the work is as the person saw it.
func asSeen(at int, step func(Trail) (Trail, error)) func(*work) (Trail, error) {
	return func(w *work) (Trail, error) {
		if w.moves != at {
			return w.trail, nil
		}
		return step(w.trail)
	}
}

// along goes a step along a trail; where it ends, it stays.
func along(move func(Trail) (Trail, bool)) func(Trail) (Trail, error) {
	return func(t Trail) (Trail, error) {
		t, _ = move(t)
		return t, nil
	}
}

// move goes along the trail and makes what has not been made yet. When that fails, nothing has moved.
func (s *Studio) move(ctx context.Context, op string, who identity.Caller, id ID, step func(*work) (Trail, error)) (Work, error) {
	w, err := s.work(op, who, id)
	if err != nil {
		return Work{}, err
	}
	w.doing.Lock() // from here on only this call changes the work; links to it go on being answered
	defer w.doing.Unlock()
	trail, err := step(w)
	if err != nil {
		return Work{}, err
	}
	made, err := s.make(ctx, w, trail.Plan())
	if err != nil {
		return Work{}, err
	}
	s.latest.Set(w.desk, w.id)
	return w.went(trail, made), nil
}

// went notes where the trail is now and what was made there, and forgets what was made of plans that are not on it.
func (w *work) went(trail Trail, now outcome) Work {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := trail.Plan().String()
	if trail.At != w.trail.At || text != w.trail.Plan().String() {
		w.trail, w.moves, w.moved = trail, w.moves+1, time.Now()
	}
	w.made[text] = now
	known := map[string]bool{Plan{}.String(): true}
	for _, p := range trail.Plans {
		known[p.String()] = true
	}
	maps.DeleteFunc(w.made, func(text string, _ outcome) bool { return !known[text] })
	return w.view()
}

// make runs a plan on the original, unless it is known what becomes of it.
func (s *Studio) make(ctx context.Context, w *work, p Plan) (outcome, error) {
	if known, ok := w.made[p.String()]; ok {
		return known, nil
	}
	data, err := s.original(ctx, "image.Make", w)
	if err != nil {
		return outcome{}, err
	}
	r, err := s.run(ctx, w.reader, data, w.before, p)
	return outcome{facts: r.Facts, notes: r.Notes}, err
}

// Colours are the dominant colours of a picture as it was handed over, the strongest first.
func (s *Studio) Colours(ctx context.Context, who identity.Caller, id ID) ([]Color, error) {
	w, err := s.work("image.Colours", who, id)
	if err != nil {
		return nil, err
	}
	data, err := s.original(ctx, "image.Colours", w)
	if err != nil {
		return nil, err
	}
	return s.engine.Palette(ctx, data, paletteSize)
}

const paletteSize = 5

// Result makes the picture as it is now, whole, to be saved or sent.
func (s *Studio) Result(ctx context.Context, who identity.Caller, id ID) (Result, error) {
	w, err := s.work("image.Result", who, id)
	if err != nil {
		return Result{}, err
	}
	data, err := s.original(ctx, "image.Result", w)
	if err != nil {
		return Result{}, err
	}
	w.mu.Lock()
	p := w.trail.Plan()
	w.mu.Unlock()
	return s.run(ctx, w.reader, data, w.before, p)
}

// Try tells what a plan would come to on a picture as it is, without doing it: the whole plan, for a link to its preview,
// and the size of the result. Nothing of it is remembered. Its errors are those of Do, but for what only pixels tell.
func (s *Studio) Try(who identity.Caller, id ID, p Plan) (Work, error) {
	w, err := s.work("image.Try", who, id)
	if err != nil {
		return Work{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	whole, err := w.trail.Plan().Then(p)
	if err != nil {
		return Work{}, err
	}
	layout, err := s.limits.Layout(whole, w.before)
	if err != nil {
		return Work{}, err
	}
	tried := w.view()
	size := layout.After(w.before)
	tried.Plan, tried.After, tried.Notes = whole, Facts{W: size.W, H: size.H}, layout.Notes
	return tried, nil
}

// ResultAt is Result of a picture that is as the person saw it; of one that has changed since, the fault is Stale.
func (s *Studio) ResultAt(ctx context.Context, who identity.Caller, id ID, at int) (Work, Result, error) {
	w, err := s.Look(who, id)
	if err != nil {
		return Work{}, Result{}, err
	}
	if w.At != at {
		return Work{}, Result{}, fault.New(fault.Stale, "image.Result", "image.moved_on")
	}
	r, err := s.Result(ctx, who, id)
	return w, r, err
}

// May tells whether a picture may be shown after a plan to whoever holds a link to it: it is still remembered, and the
// plan covers all that its person has covered by now.
func (s *Studio) May(ctx context.Context, t identity.Tenant, id, plan string) error {
	if v, ok := parseView(id); ok {
		return s.mayView(ctx, t, v)
	}
	_, _, err := s.linked(t, id, plan)
	return err
}

// Preview makes a picture after a plan, for a card: at most side pixels on the longer side, with everything covered that
// the plan covers before a pixel is scaled.
func (s *Studio) Preview(ctx context.Context, t identity.Tenant, id, plan string, side int) (data []byte, contentType string, err error) {
	if v, ok := parseView(id); ok {
		return s.previewView(ctx, t, v, plan, side)
	}
	w, p, err := s.linked(t, id, plan)
	if err != nil {
		return nil, "", err
	}
	original, err := s.original(ctx, "image.Preview", w)
	if err != nil {
		return nil, "", err
	}
	r, err := s.run(ctx, w.reader, original, w.before, p.Preview(side, w.before))
	return r.Data, "image/" + r.Facts.Format, err
}

func (s *Studio) linked(t identity.Tenant, id, text string) (*work, Plan, error) {
	const op = "image.Preview"
	w, ok := s.works.GetIfPresent(ID(id))
	if !ok || w.desk.tenant != t {
		return nil, Plan{}, gone(op)
	}
	p, err := Parse(text)
	if err != nil {
		return nil, Plan{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !p.covers(w.trail.Plan()) {
		return nil, Plan{}, gone(op)
	}
	return w, p, nil
}

// covers tells whether everything that another plan redacts is redacted by this one as well: it begins like the other,
// up to its last redaction.
func (p Plan) covers(other Plan) bool {
	last := 0
	for i, s := range other.Steps {
		if _, ok := s.(Redact); ok {
			last = i + 1
		}
	}
	return len(p.Steps) >= last && Plan{Steps: p.Steps[:last]}.String() == Plan{Steps: other.Steps[:last]}.String()
}

// work finds a picture that lies on the person's own desk.
func (s *Studio) work(op string, who identity.Caller, id ID) (*work, error) {
	w, ok := s.works.GetIfPresent(id)
	if !ok || w.desk != deskOf(who) || who.Person == "" {
		return nil, gone(op)
	}
	return w, nil
}

// original gives the bytes that every result is made from. Those of a file are read again when they were put away.
func (s *Studio) original(ctx context.Context, op string, w *work) ([]byte, error) {
	if data, ok := s.data.GetIfPresent(w.id); ok {
		return data, nil
	}
	if w.origin == nil {
		return nil, gone(op)
	}
	now, data, err := s.drives.Read(ctx, w.reader, w.origin.Ref, s.most)
	if err != nil {
		return nil, err
	}
	if now.ETag != w.origin.ETag {
		return nil, fault.New(fault.Stale, op, "image.changed_since")
	}
	s.data.Set(w.id, data)
	return data, nil
}

func gone(op string) error { return fault.New(fault.NotFound, op, "image.gone") }

// view is a copy for the person. The caller holds the lock, or is alone.
func (w *work) view() Work {
	p := w.trail.Plan()
	made := w.made[p.String()]
	return Work{ID: w.id, Name: w.name, Item: w.origin, Saved: w.saved, Moved: w.moved, At: w.moves, Plan: p, Before: w.before, After: made.facts, Notes: made.notes,
		Unsaved: p.String() != w.kept, Undo: w.trail.At > 0, Redo: w.trail.At < len(w.trail.Plans)}
}
