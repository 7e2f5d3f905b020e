package image_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/internal/lang"
	"teamspro/store"
	"teamspro/store/storetest"
)

// tower watches the library of a channel: Graph's stand-in on one side, the real file on the other.
type tower struct {
	*graphtest.Server
	t       *testing.T
	w       *image.Watcher
	g       *image.Gallery
	db      *store.DB
	sub     image.Subscriber
	library image.ItemRef
	crew    *crew

	signedOut atomic.Bool // everybody is but who was signed in
	signedIn  identity.Person
	mu        sync.Mutex
	told      []image.Arrival
	dies      string // "before" or "after" the next Advance
}

// Token implements graph.Tokens: nobody has one who is signed out.
func (o *tower) Token(ctx context.Context, who identity.Caller) (string, error) {
	if o.signedOut.Load() && who.Person != o.signedIn {
		return "", fault.New(fault.SignIn, "tower.Token", "signin.needed")
	}
	return o.Server.Token(ctx, who)
}

// Advance notes what was told, when it was.
func (o *tower) Advance(ctx context.Context, t identity.Tenant, c identity.Conversation, token string, w image.Watch, pictures []image.Arrival) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	dies := o.dies
	if o.dies = ""; dies == "before" {
		return errDied
	}
	err := o.db.Watches().Advance(ctx, t, c, token, w, pictures)
	if err == nil {
		o.told = append(o.told, pictures...)
	}
	if dies == "after" {
		return errDied
	}
	return err
}

var errDied = errors.New("the process died")

// Watch, Watched, Others and DropWatch are the store's.
func (o *tower) Watch(ctx context.Context, t identity.Tenant, c identity.Conversation) (image.Watch, error) {
	return o.db.Watches().Watch(ctx, t, c)
}

func (o *tower) Watched(ctx context.Context) ([]image.Subscriber, error) {
	return o.db.Watches().Watched(ctx)
}

func (o *tower) Others(ctx context.Context, t identity.Tenant, c identity.Conversation, p []image.Arrival) ([]image.Arrival, error) {
	return o.db.Watches().Others(ctx, t, c, p)
}

func (o *tower) DropWatch(ctx context.Context, t identity.Tenant, c identity.Conversation) error {
	return o.db.Watches().DropWatch(ctx, t, c)
}

func newTower(t *testing.T) *tower {
	t.Helper()
	o := &tower{Server: graphtest.Serve(t), t: t, db: storetest.Open(t), crew: &crew{group: graphtest.Group}}
	c, err := graph.New(graph.Config{BaseURL: o.URL, Tokens: o, Local: []string{o.Files}, Patience: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	studio := image.NewStudio(image.StudioConfig{Engine: &painter{}, Drives: c})
	o.g = image.NewGallery(image.GalleryConfig{Studio: studio, Drives: c, Roster: o.crew, Libraries: o.db.Libraries(), Seen: o.db.Seen(), Captions: o.db.Captions(), Saves: o.db.Saves()})
	o.sub = image.Subscriber{Tenant: o.Who().Tenant, Conversation: graphtest.Channel, Team: "19:team@thread.tacv2", By: graphtest.Person}
	item, err := o.g.Where(t.Context(), o.caller())
	if err != nil {
		t.Fatal(err)
	}
	o.library = item.Ref
	o.restart()
	return o
}

func (o *tower) caller() identity.Caller {
	return identity.Caller{Tenant: o.sub.Tenant, Person: o.sub.By, Conversation: o.sub.Conversation, Place: identity.Channel, Team: o.sub.Team}
}

// restart is another process over the same file. The clock is the drive's.
func (o *tower) restart() {
	o.w = image.NewWatcher(image.WatcherConfig{Gallery: o.g, Watches: o, Now: o.Now, Subscribers: func(context.Context) ([]image.Subscriber, error) { return []image.Subscriber{o.sub}, nil }})
}

// look looks once, after a while.
func (o *tower) look() {
	o.t.Helper()
	o.Wait(5 * time.Minute)
	if err := o.w.Look(o.t.Context(), o.sub); err != nil {
		o.t.Fatal(err)
	}
}

// wants holds what was told since the last time to what should have been.
func (o *tower) wants(what string, want ...image.ItemRef) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var got []image.ItemRef
	for _, a := range o.told {
		got = append(got, a.Ref)
	}
	if o.told = nil; !slices.Equal(got, want) {
		o.t.Errorf("%s: told %v, not %v", what, got, want)
	}
}

func (o *tower) state() image.WatchState {
	o.t.Helper()
	s, err := o.w.State(o.t.Context(), o.sub.Tenant, o.sub.Conversation)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, l := range lang.Languages {
		if s.Why != "" && lang.For(l).Text(s.Why) == s.Why {
			o.t.Errorf("%s has no sentence for %s", l, s.Why)
		}
	}
	return s
}

func TestWatchesInMemory(t *testing.T) {
	t.Parallel()
	storetest.RunWatches(t, func(testing.TB) image.Watches { return imagetest.NewWatches() })
}

// What was there is not new; what comes is, once, wherever below the library it lies; what only changes or comes elsewhere is not.
func TestWatch(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	old := o.Put(o.library, "old.png", []byte("old"))
	outside := o.Put(o.Library, "outside.png", []byte("x"))
	inner := o.Folder(o.library, "inner")
	o.look()
	o.wants("at first")
	o.look()
	o.wants("when nothing happens")

	first, deep := o.Put(o.library, "first.png", []byte("1")), o.Put(inner, "deep.JPG", []byte("2"))
	o.Put(o.library, "notes.txt", []byte("x"))
	o.Put(o.Library, "beside.png", []byte("x"))
	o.Put(o.library, "old.png", []byte("changed"))
	o.Touch(old)
	o.Move(outside, o.library)
	o.look()
	o.wants("new pictures", first, deep)

	o.Touch(first)
	o.Put(inner, "deep.JPG", []byte("again"))
	o.look()
	o.wants("changed soon after")
	o.Wait(3 * time.Hour)
	o.Touch(deep)
	o.Touch(old)
	o.look()
	o.Touch(first)
	third := o.Put(o.library, "third.png", []byte("3"))
	o.look()
	o.wants("changed hours later", third)
	if s := o.state(); s.Why != "" || s.Folder != o.library || s.By != graphtest.Person || s.At.IsZero() {
		t.Errorf("the state is %+v", s)
	}
	if n := len(o.Requests("delta")); n != 6 {
		t.Errorf("%d questions for 6 looks", n)
	}
}

// A service that ends at any moment tells once.
func TestWatchSurvives(t *testing.T) {
	t.Parallel()
	for _, dies := range []string{"before", "after"} {
		o := newTower(t)
		o.look()
		first := o.Put(o.library, "first.png", []byte("1"))
		o.dies = dies
		o.Wait(5 * time.Minute)
		if err := o.w.Look(t.Context(), o.sub); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		o.restart()
		second := o.Put(o.library, "second.png", []byte("2"))
		o.look()
		o.look()
		o.wants("killed "+dies+" it was entered", first, second)
	}
}

// Two processes that read the same changes enter them once.
func TestWatchTwice(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.look()
	before, err := o.Watch(t.Context(), o.sub.Tenant, o.sub.Conversation)
	if err != nil {
		t.Fatal(err)
	}
	first := o.Put(o.library, "first.png", []byte("1"))
	o.look()
	err = o.Advance(t.Context(), o.sub.Tenant, o.sub.Conversation, before.Token, before, []image.Arrival{{Ref: first}})
	if !fault.Is(err, fault.Stale) {
		t.Errorf("entered from an old token: %v", err)
	}
	o.wants("twice", first)
}

// A token that is too old is replaced by one of now: nothing is told wrongly, and what comes then is told.
func TestWatchExpired(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.Put(o.library, "old.png", []byte("0"))
	o.look()
	for range 3 {
		o.Put(o.library, "missed.png", []byte("1"))
		o.ExpireDeltas()
		o.look()
		o.wants("after the token ended")
	}
	o.Wait(time.Hour)
	o.Put(o.library, "missed.png", []byte("2"))
	first := o.Put(o.library, "first.png", []byte("2"))
	o.look()
	o.wants("then", first)

	o.Fail("delta", 2, graphtest.Answer(410))
	if err := o.w.Look(t.Context(), o.sub); !fault.Is(err, fault.NotFound) {
		t.Errorf("a drive that knows no token at all: %v", err)
	}
	if n := len(o.Requests("delta")); n > 20 {
		t.Errorf("%d questions", n)
	}
	second := o.Put(o.library, "second.png", []byte("2"))
	o.look()
	o.wants("when it does again", second)
}

// Whoever is signed out, or may not read any more, pauses the watch; when they may again, nothing was lost.
func TestWatchPauses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name       string
		stop, goOn func(*tower)
		why        string
	}{
		{"signed out", func(o *tower) { o.signedOut.Store(true) }, func(o *tower) { o.signedOut.Store(false) }, "watch.paused.sign_in"},
		{"no right", func(o *tower) { o.Deny(o.Library, 403) }, func(o *tower) { o.Deny(o.Library, 0) }, "watch.paused.denied"},
		{"no drive", func(o *tower) { o.Deny(o.Library, 404) }, func(o *tower) { o.Deny(o.Library, 0) }, "watch.paused.gone"},
	} {
		o := newTower(t)
		o.look()
		row.stop(o)
		first := o.Put(o.library, "first.png", []byte("1"))
		for range 2 {
			o.Wait(26 * time.Hour)
			if err := o.w.Look(t.Context(), o.sub); err == nil {
				t.Errorf("%s: no error", row.name)
			}
			o.restart()
		}
		if s := o.state(); s.Why != row.why {
			t.Errorf("%s: the state is %+v", row.name, s)
		}
		o.wants(row.name)
		row.goOn(o)
		second := o.Put(o.library, "second.png", []byte("2"))
		o.look()
		o.wants(row.name+", then not", first, second)
		if s := o.state(); s.Why != "" {
			t.Errorf("%s, then not: %+v", row.name, s)
		}
	}
}

// What passes by itself is no pause; when it lasts, people are told.
func TestWatchBusy(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.look()
	first := o.Put(o.library, "first.png", []byte("1"))
	for _, f := range []graphtest.Fault{graphtest.Answer(429, "Retry-After", "60"), graphtest.Answer(500), graphtest.Drop, graphtest.Endless, graphtest.Say(200, "text/html", "x")} {
		o.Fail("delta", 4, f)
		if err := o.w.Look(t.Context(), o.sub); err == nil {
			t.Error("no error")
		}
		o.Forgive()
		if s := o.state(); s.Why != "" {
			t.Errorf("paused: %+v", s)
		}
	}
	o.Wait(4 * time.Hour)
	if s := o.state(); s.Why != "watch.late" {
		t.Errorf("after hours: %+v", s)
	}
	o.look()
	o.wants("then", first)
	if s := o.state(); s.Why != "" {
		t.Errorf("then: %+v", s)
	}
}

// Another library is watched from its choice on, and another person's sign-in goes on where the first was.
func TestWatchAnother(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	other := o.Folder(o.Library, "Other")
	o.Put(other, "old.png", []byte("x"))
	o.look()
	choose := func(ref image.ItemRef) {
		err := o.db.Libraries().ChangeLibrary(t.Context(), o.sub.Tenant, o.sub.Conversation, func(c *image.Choice) error {
			*c = image.Choice{}
			if ref != (image.ItemRef{}) {
				*c = image.Choice{Folder: ref, By: "ben", At: o.Now()}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	choose(other)
	o.Put(o.library, "not any more.png", []byte("x"))
	o.look()
	o.Put(o.library, "nor now.png", []byte("x"))
	first := o.Put(other, "first.png", []byte("1"))
	o.look()
	o.wants("in the folder that was chosen", first)
	o.sub.By = "0a1b2c3d-0000-4000-8000-00000000000b"
	second := o.Put(other, "second.png", []byte("2"))
	o.look()
	o.wants("for another person", second)
	if s := o.state(); s.By != o.sub.By || s.Folder != other {
		t.Errorf("the state is %+v", s)
	}
	choose(image.ItemRef{})
	o.look()
	o.wants("back again")
	third := o.Put(o.library, "third.png", []byte("3"))
	o.look()
	o.wants("in the first folder", third)
}

// A group chat without a library has nothing to watch until somebody chooses one.
func TestWatchWithoutLibrary(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.sub.Conversation, o.sub.Team = "19:group@thread.v2", ""
	if err := o.w.Look(t.Context(), o.sub); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if s := o.state(); s.Why != "watch.paused.no_library" {
		t.Errorf("the state is %+v", s)
	}
	o.sub.By = ""
	if err := o.w.Look(t.Context(), o.sub); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if n := len(o.Requests("delta")); n > 0 {
		t.Errorf("%d questions", n)
	}
}

// What was saved in the conversation is known there; what was saved elsewhere is new.
func TestWatchLeavesOutItsOwn(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.look()
	mine, theirs, made := o.Put(o.library, "mine.png", []byte("1")), o.Put(o.library, "theirs.png", []byte("2")), o.Put(o.library, "made.png", []byte("3"))
	o.Put(o.library, "under way.png", []byte("four"))
	cutOff := o.Put(o.library, "cut off.png", []byte("fives"))
	now := time.Now()
	save := func(deed string, i image.Intent) {
		i.Mode, i.Into, i.By = image.NewFile, o.library, graphtest.Person
		if err := o.db.Saves().KeepSave(t.Context(), o.sub.Tenant, deed, i); err != nil {
			t.Fatal(err)
		}
	}
	save("1", image.Intent{At: now, Conversation: o.sub.Conversation, Saved: mine})
	save("2", image.Intent{At: now, Conversation: "a:personal", Saved: theirs})
	save("4", image.Intent{At: now, Conversation: o.sub.Conversation, Size: 4})
	save("5", image.Intent{At: now.Add(-time.Hour), Conversation: o.sub.Conversation, Size: 5})
	plan, err := image.Parse("grey")
	if err != nil {
		t.Fatal(err)
	}
	err = o.db.Batches().AddBatch(t.Context(), image.Batch{ID: "b1", Tenant: o.sub.Tenant, Person: graphtest.Person, Where: identity.Reference{Conversation: o.sub.Conversation}, Plan: plan,
		Folder: o.library, Files: []image.BatchFile{{Ref: mine, State: image.FileDone, Result: made}}, State: image.BatchDone, At: now})
	if err != nil {
		t.Fatal(err)
	}
	o.look()
	o.wants("not its own", theirs, cutOff)
}

// A save says where it was done, so that it is told there.
func TestSaveSaysWhere(t *testing.T) {
	t.Parallel()
	h := newHall()
	who := in(identity.Channel, "ben")
	item := h.drives.Put(imagetest.Root, "quay.png", []byte("640x480"))
	w, err := h.Open(t.Context(), who, item.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Save(t.Context(), who, w.ID, image.Wish{Mode: image.NewFile, Name: "copy.png"}, identity.Deed{Key: "deed"}); err != nil {
		t.Fatal(err)
	}
	kept, err := h.memory.Save(t.Context(), who.Tenant, "deed")
	if err != nil || kept.Conversation != who.Conversation || kept.Saved == (image.ItemRef{}) {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A flood is told whole, in parts, and none of it twice.
func TestWatchFlood(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.look()
	all := o.Flood(o.library, 5300)
	o.look()
	o.wants("a flood", all...)
	for _, ref := range all {
		o.Touch(ref)
	}
	one := o.Put(o.library, "one.png", nil)
	o.look()
	o.wants("touched again", one)
	w, err := o.Watch(t.Context(), o.sub.Tenant, o.sub.Conversation)
	if err != nil || len(w.Known) > 2000 {
		t.Errorf("%d pictures are known, %v", len(w.Known), err)
	}
}

// Names are told where all members see them: among the files of their own team.
func TestWatchName(t *testing.T) {
	t.Parallel()
	o := newTower(t)
	o.look()
	inTeam, own := o.Put(o.library, "quay.png", []byte("1")), o.Put(o.Personal, "private.png", []byte("2"))
	for _, by := range []identity.Person{"", graphtest.Person} {
		s := o.sub
		s.By = by
		if item, err := o.w.Name(t.Context(), s, inTeam); err != nil || item.Name != "quay.png" {
			t.Errorf("%q, %v", item.Name, err)
		}
		if item, err := o.w.Name(t.Context(), s, own); !fault.Is(err, fault.Denied) || item.Name != "" {
			t.Errorf("%q, %v", item.Name, err)
		}
		s.Team, s.Conversation = "", "19:group@thread.v2"
		if item, err := o.w.Name(t.Context(), s, inTeam); !fault.Is(err, fault.Denied) || item.Name != "" {
			t.Errorf("in a group chat: %q, %v", item.Name, err)
		}
	}
	s := o.sub
	s.By = "0a1b2c3d-0000-4000-8000-00000000000b"
	o.signedIn = graphtest.Person
	o.signedOut.Store(true)
	if item, err := o.w.Name(t.Context(), s, inTeam); err != nil || item.Name != "quay.png" {
		t.Errorf("made by somebody who is not signed in: %q, %v", item.Name, err)
	}
	if err := o.DropWatch(t.Context(), s.Tenant, s.Conversation); err != nil {
		t.Fatal(err)
	}
	if _, err := o.w.Name(t.Context(), s, inTeam); !fault.Is(err, fault.SignIn) {
		t.Errorf("nobody is signed in: %v", err)
	}
	o.Drop(inTeam)
	if _, err := o.w.Name(t.Context(), o.sub, inTeam); !fault.Is(err, fault.NotFound) {
		t.Errorf("gone: %v", err)
	}
}

// inMemory has a name of its own because Drives is a method, too.
type inMemory = imagetest.Drives

// counted is a drive in memory that counts its questions.
type counted struct {
	*inMemory
	mu    sync.Mutex
	asked []time.Time
	err   error
}

func (c *counted) Delta(ctx context.Context, who identity.Caller, in image.ItemRef, token string, since time.Time) (image.Delta, error) {
	c.mu.Lock()
	c.asked = append(c.asked, time.Now())
	err := c.err
	c.mu.Unlock()
	if err != nil {
		return image.Delta{}, err
	}
	return c.inMemory.Delta(ctx, who, in, token, since)
}

func (c *counted) questions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// since is when the last questions were asked.
func (c *counted) since(last int) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked[len(c.asked)-last:])
}

// fail lets every question fail; none with nil.
func (c *counted) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// patrol runs a Watcher by a clock that the test moves, over a drive and a file in memory.
type patrol struct {
	gallery *image.Gallery
	drives  *counted
	watches *imagetest.Watches
	mu      sync.Mutex // of the next two
	wanted  []image.Subscriber
	shift   time.Duration
	w       *image.Watcher
	stop    func()
}

// newPatrol belongs outside of the bubble of a test: the caches of a gallery never end.
func newPatrol() *patrol {
	p := &patrol{drives: &counted{inMemory: imagetest.New()}, watches: imagetest.NewWatches(),
		wanted: []image.Subscriber{{Tenant: "t1", Conversation: "19:quay@thread.example", Team: "19:team@thread.example", By: "ana"}}}
	studio, memory := image.NewStudio(image.StudioConfig{Engine: &painter{}, Drives: p.drives}), imagetest.NewMemory()
	p.gallery = image.NewGallery(image.GalleryConfig{Studio: studio, Drives: p.drives, Roster: &crew{}, Libraries: memory, Seen: memory, Captions: memory, Saves: memory})
	return p
}

// want says which libraries are watched from now on, and move how far the clock is ahead.
func (p *patrol) want(now []image.Subscriber) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = now
}

func (p *patrol) move(ahead time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shift = ahead
}

func (p *patrol) start(t *testing.T) {
	p.drives.SetNow(time.Now())
	w := image.NewWatcher(image.WatcherConfig{Gallery: p.gallery, Watches: p.watches, Now: func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return time.Now().Add(p.shift)
	}, Subscribers: func(context.Context) ([]image.Subscriber, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Clone(p.wanted), nil
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p.w = w
	go func() { ended <- w.Run(ctx) }()
	p.stop = func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// asks is how often the drive was asked while time went by.
func (p *patrol) asks(d time.Duration) int {
	synctest.Wait()
	before := p.drives.questions()
	time.Sleep(d)
	synctest.Wait()
	return p.drives.questions() - before
}

// A library is looked at every five minutes, a new one at once, and one that nobody wants any more is forgotten.
func TestWatcherRuns(t *testing.T) {
	t.Parallel()
	p := newPatrol()
	synctest.Test(t, func(t *testing.T) {
		p.start(t)
		if n := p.asks(time.Second); p.drives.questions() != 1 {
			t.Errorf("%d+%d questions at first", p.drives.questions(), n)
		}
		p.drives.SetNow(time.Now())
		p.drives.Put(imagetest.Root, "a.png", []byte("1"))
		if n := p.asks(time.Hour); n < 10 || n > 13 {
			t.Errorf("%d questions in an hour", n)
		}
		if told := p.watches.Told(); len(told) != 1 {
			t.Errorf("told %v", told)
		}
		p.stop()
		before := p.drives.questions()
		p.start(t) // as after a start
		if n := p.asks(6 * time.Minute); n < 1 || n > 2 {
			t.Errorf("%d questions after a start, %d before", n, before)
		}
		p.want(nil)
		if n := p.asks(time.Hour); n > 0 {
			t.Errorf("%d questions that nobody wants", n)
		}
		if left, err := p.watches.Watched(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		p.stop()
	})
}

// A drive that fails is asked less and less often, one that names a time not before; who is signed out may be back at any moment.
func TestWatcherWaits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		err         error
		least, most int // questions in six hours
	}{
		{"odd", fault.New(fault.Internal, "x", "image.drive.odd"), 6, 10},
		{"denied", fault.New(fault.Denied, "x", "image.drive.denied"), 6, 10},
		{"half an hour", fault.New(fault.Busy, "x", "image.drive.busy", "Count", 1800), 5, 10},
		{"for ever", fault.New(fault.Busy, "x", "image.drive.busy", "Count", 1<<40), 4, 8},
		{"signed out", fault.New(fault.SignIn, "x", "signin.needed"), 200, 400},
	} {
		p := newPatrol()
		synctest.Test(t, func(t *testing.T) {
			p.start(t)
			p.asks(time.Second)
			p.drives.fail(row.err)
			if n := p.asks(6 * time.Hour); n < row.least || n > row.most {
				t.Errorf("%s: %d questions in six hours", row.name, n)
			}
			p.drives.fail(nil)
			if n := p.asks(90 * time.Minute); n < 2 {
				t.Errorf("%s, then not: %d questions", row.name, n)
			}
			p.stop()
		})
	}
}

// A clock that is put back or forward does not let a library be forgotten.
func TestWatcherClock(t *testing.T) {
	t.Parallel()
	p := newPatrol()
	synctest.Test(t, func(t *testing.T) {
		p.start(t)
		p.asks(time.Minute)
		p.drives.fail(fault.New(fault.Busy, "x", "image.drive.busy", "Count", 3600))
		p.asks(10 * time.Minute)
		p.drives.fail(nil)
		for _, shift := range []time.Duration{-48 * time.Hour, 0, 48 * time.Hour, 0} {
			p.move(shift)
			if n := p.asks(time.Hour); n < 10 || n > 14 {
				t.Errorf("%v: %d questions in an hour", shift, n)
			}
		}
		p.stop()
	})
}

// What was wrong is not waited for once somebody has put it right, or taken the wish over; nor is a clock that was set.
func TestWatcherIsAsked(t *testing.T) {
	t.Parallel()
	p := newPatrol()
	synctest.Test(t, func(t *testing.T) {
		p.start(t)
		p.asks(time.Minute)
		p.drives.fail(fault.New(fault.Denied, "x", "image.drive.denied"))
		p.asks(6 * time.Hour)
		for p.asks(time.Minute) == 0 { // until it has just been looked at
		}
		key, before := p.wanted[0], p.drives.questions()
		p.w.Soon(key.Tenant, key.Conversation)
		if p.asks(time.Second); p.drives.questions() != before+1 {
			t.Errorf("%d questions when somebody asks", p.drives.questions()-before)
		}
		p.want([]image.Subscriber{{Tenant: key.Tenant, Conversation: key.Conversation, Team: key.Team, By: "ben"}})
		if n := p.asks(20 * time.Second); n != 1 {
			t.Errorf("%d questions when somebody takes it over", n)
		}
		p.drives.fail(nil)
		p.w.Soon(key.Tenant, key.Conversation)
		p.asks(time.Second)
		p.move(10 * time.Minute)
		if n := p.asks(2 * time.Second); n != 1 {
			t.Errorf("%d questions when the clock was set", n)
		}
		state, err := p.w.State(t.Context(), key.Tenant, key.Conversation)
		if err != nil || state.Why != "" || state.By != "ben" || state.Since.IsZero() {
			t.Errorf("state %+v, %v", state, err)
		}
		if err := p.w.Stop(t.Context(), key.Tenant, key.Conversation); err != nil {
			t.Error(err)
		}
		if left, err := p.watches.Watched(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		p.stop()
	})
}

// Many libraries are spread, so that an organisation's drives have rest.
func TestWatcherSpreads(t *testing.T) {
	t.Parallel()
	p := newPatrol()
	synctest.Test(t, func(t *testing.T) {
		p.start(t)
		p.asks(time.Second)
		for n := range 1500 {
			p.want(append(slices.Clone(p.wanted), image.Subscriber{Tenant: "t1", Conversation: identity.Conversation(fmt.Sprint("19:", n, "@thread.example")), Team: "19:team", By: "ana"}))
		}
		p.asks(20 * time.Minute) // all have begun
		if n := p.asks(time.Hour); n < 9000 || n > 13500 {
			t.Errorf("%d questions in an hour", n)
		}
		most := 0
		minutes := map[int64]int{}
		for _, at := range p.drives.since(9000) {
			minutes[at.Unix()/60]++
			most = max(most, minutes[at.Unix()/60])
		}
		if most > 600 {
			t.Errorf("%d questions in one minute", most)
		}
		p.stop()
	})
}
