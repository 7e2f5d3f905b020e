package image

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Watch is how far the changes of a conversation's library were read, and for whom. It holds no name.
type Watch struct {
	Folder ItemRef // zero before one was found
	// Home says that nobody chose the folder: it is the one that belongs to the conversation.
	Home  bool
	By    identity.Person // whose sign-in reads
	Token string          // empty before the drive gave one
	Since time.Time       // what came from then on is told
	// Floor is the time before which pictures were made that are not new, by the drive's own clock; Known are those made since
	// that were looked at.
	Floor time.Time
	Known []string
	At    time.Time // of the last look that was noted
	// Trouble is the key of the sentence that says why nothing is read; empty when nothing is wrong.
	Trouble string
}

// Subscriber is a conversation that wants to hear of new pictures, and the person who wished it so.
type Subscriber struct {
	Tenant       identity.Tenant
	Conversation identity.Conversation
	Team         string // of a channel
	By           identity.Person
}

// caller is the person in the conversation.
func (s Subscriber) caller() identity.Caller {
	who := identity.Caller{Tenant: s.Tenant, Person: s.By, Conversation: s.Conversation, Place: identity.GroupChat, Team: s.Team}
	if s.Team != "" {
		who.Place = identity.Channel
	}
	return who
}

func (s Subscriber) key() watchKey { return watchKey{s.Tenant, s.Conversation} }

// watchKey names a watch.
type watchKey struct {
	tenant       identity.Tenant
	conversation identity.Conversation
}

// Watches keeps how far libraries were read. Each call is one transaction.
type Watches interface {
	// Watch is that of a conversation; the zero Watch when there is none.
	Watch(ctx context.Context, t identity.Tenant, c identity.Conversation) (Watch, error)
	// Watched are the conversations of all tenants that have a watch; of each only tenant, conversation and person are told.
	Watched(ctx context.Context) ([]Subscriber, error)
	// Others leaves out of pictures those that were saved in the conversation itself, which has heard of them.
	Others(ctx context.Context, t identity.Tenant, c identity.Conversation, pictures []Arrival) ([]Arrival, error)
	// Advance puts a watch in the place of the one that has a token, and lets those hear of the pictures who want to, in one
	// transaction. Stale when the watch has another token, and nothing is written.
	Advance(ctx context.Context, t identity.Tenant, c identity.Conversation, token string, w Watch, pictures []Arrival) error
	// DropWatch forgets one, if there is one.
	DropWatch(ctx context.Context, t identity.Tenant, c identity.Conversation) error
}

// WatcherConfig is what a Watcher is made of. Everything is required but Now and Log.
type WatcherConfig struct {
	Gallery *Gallery
	Watches Watches
	// Subscribers are the conversations that want to hear of new pictures, of all tenants.
	Subscribers func(ctx context.Context) ([]Subscriber, error)
	// Now is the clock; nil is the real one.
	Now func() time.Time
	Log *slog.Logger
}

// Watcher finds new pictures in the folders that are the libraries of conversations, with the rights of whoever wished to
// hear of them. Each library is asked every few minutes what has changed.
type Watcher struct {
	WatcherConfig

	soon chan struct{} // wakes Run

	mu    sync.Mutex
	plans map[watchKey]plan             // nil before the first round
	rests map[identity.Tenant]time.Time // until when a tenant's drives want to be left alone
}

// plan is when a library is looked at next.
type plan struct {
	due   time.Time
	fails int
	by    identity.Person // with whose sign-in it was looked at last
}

// How often it looks.
const (
	watchEvery  = 5 * time.Minute
	watchFailed = time.Hour // at most, between looks that fail
	watchTick   = 15 * time.Second
	watchClock  = time.Second // how often it is seen whether the clock was set
	watchSlack  = 2 * time.Second
	watchOut    = time.Minute     // between looks for somebody who is not signed in; they cost nothing
	lookTime    = 2 * time.Minute // for one library
	watchAtOnce = 4
	// watchShare spreads the looks of a large organisation: 200 a minute are a sixth of what SharePoint grants the smallest one.
	watchShare = 300 * time.Millisecond
	// watchNoted is how old the noted time of the last look may grow when there is nothing else to write.
	watchNoted = 30 * time.Minute
	// watchLate is after how long without a look people are told that something is wrong.
	watchLate = 3 * time.Hour
)

// NewWatcher makes a Watcher.
func NewWatcher(c WatcherConfig) *Watcher {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{WatcherConfig: c, soon: make(chan struct{}, 1), rests: map[identity.Tenant]time.Time{}}
}

// Run looks at the libraries until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("which libraries to watch could not be read; it is tried again", "error", err)
		}
		if !w.pause(ctx) {
			return nil
		}
	}
}

// pause waits for the next round: a while, or until somebody asks for one, or the clock was set. It is false when ctx ended.
func (w *Watcher) pause(ctx context.Context) bool {
	began, before := time.Now(), w.Now()
	tick := time.NewTicker(watchClock)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.soon:
			return true
		case <-ctx.Done():
			return false
		}
		passed := time.Since(began)
		if passed >= watchTick || (w.Now().Sub(before)-passed).Abs() > watchSlack {
			return true
		}
	}
}

// Soon has the library of a conversation looked at now, whatever was wrong before: somebody put it right, perhaps.
func (w *Watcher) Soon(t identity.Tenant, c identity.Conversation) {
	w.mu.Lock()
	delete(w.plans, watchKey{t, c})
	w.mu.Unlock()
	select {
	case w.soon <- struct{}{}:
	default:
	}
}

// Stop forgets the watch of a conversation. It begins anew when somebody there wants to hear of new pictures again.
func (w *Watcher) Stop(ctx context.Context, t identity.Tenant, c identity.Conversation) error {
	return w.Watches.DropWatch(ctx, t, c)
}

// round looks at the libraries that are due, and forgets those that nobody wants to hear of any more.
func (w *Watcher) round(ctx context.Context) error {
	all, err := w.Subscribers(ctx)
	if err != nil {
		return err
	}
	if err := w.recall(ctx); err != nil {
		return err
	}
	if err := w.forget(ctx, all); err != nil {
		return err
	}
	pace := map[identity.Tenant]time.Duration{}
	for _, s := range all {
		pace[s.Tenant] += watchShare
	}
	var looks errgroup.Group
	looks.SetLimit(watchAtOnce)
	for _, s := range w.due(all, pace) {
		looks.Go(func() error {
			looking, cancel := context.WithTimeout(ctx, lookTime)
			defer cancel()
			if err := w.Look(looking, s); ctx.Err() == nil {
				w.plan(s, max(watchEvery, pace[s.Tenant]), err)
			}
			return nil
		})
	}
	return looks.Wait()
}

// recall plans, at the start, those that were watched before: at different times, so that they do not all come at once.
func (w *Watcher) recall(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plans != nil {
		return nil
	}
	watched, err := w.Watches.Watched(ctx)
	if err != nil {
		return err
	}
	w.plans = make(map[watchKey]plan, len(watched))
	for _, s := range watched {
		w.plans[s.key()] = plan{due: w.Now().Add(time.Duration(spread(s) * float64(watchEvery)))}
	}
	return nil
}

// forget drops the watches of those who want to hear of nothing any more.
func (w *Watcher) forget(ctx context.Context, all []Subscriber) error {
	wanted := make(map[watchKey]bool, len(all))
	for _, s := range all {
		wanted[s.key()] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.plans {
		if wanted[key] {
			continue
		}
		if err := w.Watches.DropWatch(ctx, key.tenant, key.conversation); err != nil {
			return err
		}
		delete(w.plans, key)
	}
	return nil
}

// due are the subscribers to look at now; who is new is among them.
func (w *Watcher) due(all []Subscriber, pace map[identity.Tenant]time.Duration) []Subscriber {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	var due []Subscriber
	for _, s := range all {
		p := w.plans[s.key()]
		if p.due.After(now.Add(2*max(watchEvery, pace[s.Tenant]) + watchFailed)) {
			p.due = now // the clock was put back
		}
		if p.by != s.By && p.by != "" {
			p.due, p.fails = now, 0 // somebody else took it over
		}
		p.by = s.By
		w.plans[s.key()] = p
		if rest := w.rests[s.Tenant].Sub(now); !p.due.After(now) && (rest <= 0 || rest > watchFailed) {
			due = append(due, s)
		}
	}
	return due
}

// spread is a number from 0 to 1 for each subscriber, always the same.
func spread(s Subscriber) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(s.Tenant) + "\x00" + string(s.Conversation))) // never fails
	return float64(h.Sum32()) / (1 << 32)
}

// plan says when to look again, a tenth earlier or later so that libraries drift apart.
func (w *Watcher) plan(s Subscriber, wait time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.plans[s.key()]
	now := w.Now()
	p.fails++
	switch {
	case err == nil:
		p.fails = 0
	case fault.Is(err, fault.SignIn): // they may be at any moment
		p.fails, wait = 0, wait/(watchEvery/watchOut)
	default:
		wait = min(wait<<min(p.fails, 10), max(wait, watchFailed))
		w.Log.Info("a library could not be watched", "tenant", s.Tenant, "fails", p.fails, "error", err)
	}
	if rest := restOf(err); rest > 0 {
		w.rests[s.Tenant] = now.Add(rest)
	}
	p.due = now.Add(wait - wait/10 + time.Duration(spread(s)*float64(wait)/5))
	w.plans[s.key()] = p
}

// restOf is how long a busy drive wants to be left alone, at most an hour.
func restOf(err error) time.Duration {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Busy {
		return 0
	}
	for i := 0; i+1 < len(f.Args); i += 2 {
		if seconds, ok := f.Args[i+1].(int); ok && f.Args[i] == "Count" {
			return min(time.Duration(seconds)*time.Second, watchFailed)
		}
	}
	return 0
}

// Look reads what has changed in one library, and lets those hear of new pictures who want to.
func (w *Watcher) Look(ctx context.Context, s Subscriber) error {
	choice, err := w.Gallery.libraries.Library(ctx, s.Tenant, s.Conversation)
	if err != nil {
		return err
	}
	at, err := w.Watches.Watch(ctx, s.Tenant, s.Conversation)
	if err != nil {
		return err
	}
	if s.By != at.By {
		at.By, at.At = s.By, time.Time{} // to be written; the drive decides whether they may go on where the other was
	}
	if at.Token == "" || !at.follows(choice) {
		err = w.begin(ctx, s, at, choice)
	} else {
		err = w.follow(ctx, s, at, choice)
	}
	return w.noted(ctx, s, err)
}

// follows tells whether a watch is of the folder that was chosen, or of the one that is there when nobody chose.
func (a Watch) follows(c Choice) bool {
	if c == (Choice{}) {
		return a.Home
	}
	return !a.Home && a.Folder == c.Folder
}

// begin starts at what is there now: nothing of it is new.
func (w *Watcher) begin(ctx context.Context, s Subscriber, at Watch, choice Choice) error {
	who, folder := s.caller(), choice.Folder
	if err := w.Gallery.may("image.Watch", who); err != nil {
		return err
	}
	if choice == (Choice{}) {
		item, err := w.Gallery.folder(ctx, who, choice)
		if err != nil {
			return err
		}
		folder = item.Ref
	}
	now := w.Now().UTC()
	d, err := w.Gallery.drives.Delta(ctx, who, folder, "", now)
	if err != nil {
		return err
	}
	fresh := Watch{Folder: folder, Home: choice == (Choice{}), By: s.By, Token: d.Token, Since: now, Floor: now.Add(-beginSkew), At: now}
	return w.Watches.Advance(ctx, s.Tenant, s.Conversation, at.Token, fresh, nil)
}

// How far clocks may be apart, and how long after it was made a picture may still be told of as changed.
const (
	beginSkew  = time.Minute
	knownFor   = time.Hour
	mostKnown  = 2000  // pictures, when all is read
	mostAtWork = 20000 // while there is more
	// watchParts is how many parts of a long delta are read in one look.
	watchParts = 4
)

// follow reads on from the token. Each part is entered with the token behind it, so that nothing is told twice and nothing
// is left out, whenever the service ends.
func (w *Watcher) follow(ctx context.Context, s Subscriber, at Watch, choice Choice) error {
	if err := w.Gallery.may("image.Watch", s.caller()); err != nil {
		return err
	}
	for range watchParts {
		d, err := w.Gallery.drives.Delta(ctx, s.caller(), at.Folder, at.Token, at.Floor)
		if fault.Is(err, fault.Stale) || fault.Is(err, fault.NotFound) && at.Home {
			return w.begin(ctx, s, at, choice) // in another drive, when the conversation has got one
		}
		if err != nil {
			return err
		}
		next, pictures := at.after(d)
		if next, err = w.enter(ctx, s, at, next, pictures); err != nil {
			return err
		}
		if at = next; !d.More {
			return nil
		}
	}
	return nil
}

// after is a watch behind a delta, and the pictures that it did not know.
func (a Watch) after(d Delta) (Watch, []Arrival) {
	next := a
	next.Token, next.Trouble, next.Known = d.Token, "", slices.Clone(a.Known)
	known := make(map[string]bool, len(a.Known))
	for _, mark := range a.Known {
		known[mark] = true
	}
	var fresh []Arrival
	for _, p := range d.Arrivals {
		if mark := markOf(p); !known[mark] && !p.At.Before(a.Floor) {
			next.Known, fresh = append(next.Known, mark), append(fresh, p)
		}
	}
	if d.More {
		next.Known = next.Known[max(0, len(next.Known)-mostAtWork):]
		return next, fresh
	}
	if floor := d.Newest.Add(-knownFor); floor.After(next.Floor) {
		next.Floor = floor.UTC()
	}
	next.Known = slices.DeleteFunc(next.Known, func(mark string) bool { return madeAt(mark).Before(next.Floor.Truncate(time.Second)) })
	if over := len(next.Known) - mostKnown; over > 0 {
		slices.SortStableFunc(next.Known, func(a, b string) int { return madeAt(a).Compare(madeAt(b)) })
		next.Floor = madeAt(next.Known[over-1]).Add(time.Second)
		next.Known = next.Known[over:]
	}
	return next, fresh
}

// markOf is a picture in few characters: when it was made, and a fingerprint of which it is.
func markOf(p Arrival) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.Ref.String())) // never fails
	return strconv.FormatInt(p.At.Unix(), 36) + "." + strconv.FormatUint(h.Sum64(), 36)
}

// madeAt is the time in a mark.
func madeAt(mark string) time.Time {
	for i := range mark {
		if mark[i] == '.' {
			seconds, _ := strconv.ParseInt(mark[:i], 36, 64) // 1970 for one that is none
			return time.Unix(seconds, 0)
		}
	}
	return time.Time{}
}

// enter writes a watch and what is new, unless nothing has changed but the time.
func (w *Watcher) enter(ctx context.Context, s Subscriber, before, next Watch, pictures []Arrival) (Watch, error) {
	if len(pictures) > 0 {
		var err error
		if pictures, err = w.Watches.Others(ctx, s.Tenant, s.Conversation, pictures); err != nil {
			return Watch{}, err
		}
	}
	now := w.Now().UTC()
	same := next.Token == before.Token && before.Trouble == "" && len(pictures) == 0
	if same && now.Sub(before.At).Abs() < watchNoted {
		return next, nil
	}
	next.At = now
	return next, w.Watches.Advance(ctx, s.Tenant, s.Conversation, before.Token, next, pictures)
}

// noted keeps why a library cannot be watched, for whoever looks at the settings.
func (w *Watcher) noted(ctx context.Context, s Subscriber, err error) error {
	trouble := troubleOf(err)
	if trouble == "" {
		return err
	}
	at, problem := w.Watches.Watch(ctx, s.Tenant, s.Conversation)
	if problem != nil || at.Trouble == trouble && at.By == s.By {
		return errors.Join(err, problem)
	}
	at.Trouble, at.By = trouble, s.By
	return errors.Join(err, w.Watches.Advance(ctx, s.Tenant, s.Conversation, at.Token, at, nil))
}

// troubleOf is the key of the sentence that tells a reason to pause; empty for what passes by itself.
func troubleOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	switch {
	case f.Text == "image.library.none":
		return "watch.paused.no_library"
	case f.Text == "image.no_drives":
		return "watch.paused.no_drives"
	case f.Kind == fault.SignIn:
		return "watch.paused.sign_in"
	case f.Kind == fault.Denied:
		return "watch.paused.denied"
	case f.Kind == fault.NotFound:
		return "watch.paused.gone"
	}
	return ""
}

// WatchState is what people are told of the watch of a conversation.
type WatchState struct {
	Folder ItemRef         // zero when none is watched
	By     identity.Person // with whose sign-in
	Since  time.Time       // what came from then on is told; zero before it began
	At     time.Time       // of the last look, within half an hour
	// Why is the key of the sentence that tells why nothing is read now; it takes no arguments. Empty when all is well.
	Why string
}

// State tells how the watch of a conversation does.
func (w *Watcher) State(ctx context.Context, t identity.Tenant, c identity.Conversation) (WatchState, error) {
	at, err := w.Watches.Watch(ctx, t, c)
	s := WatchState{Folder: at.Folder, By: at.By, Since: at.Since, At: at.At, Why: at.Trouble}
	if s.Why == "" && !at.At.IsZero() && w.Now().Sub(at.At) > watchLate {
		s.Why = "watch.late"
	}
	return s, err
}

// Name reads a picture that a conversation is told of, as all of its members may see it: it lies with the files of their own
// team. Elsewhere the drive may show it to some of them only; then the fault is Denied "watch.unnamed", and the picture is
// counted and not named. It is read with the sign-in of a person, whoever saved, pinned or made it, or when they have none,
// of whoever wished to hear of new pictures; SignIn when both have none.
func (w *Watcher) Name(ctx context.Context, s Subscriber, ref ItemRef) (Item, error) {
	if s.Team == "" {
		return Item{}, unnamed()
	}
	if s.By != "" {
		if item, err := w.inTeam(ctx, s, ref); !fault.Is(err, fault.SignIn) {
			return item, err
		}
	}
	at, err := w.Watches.Watch(ctx, s.Tenant, s.Conversation)
	switch {
	case err != nil:
		return Item{}, err
	case at.By == "":
		return Item{}, fault.New(fault.SignIn, "image.Name", "watch.paused.sign_in")
	}
	s.By = at.By
	return w.inTeam(ctx, s, ref)
}

func unnamed() error { return fault.New(fault.Denied, "image.Name", "watch.unnamed") }

// inTeam reads a picture among the files of the team, as somebody sees it.
func (w *Watcher) inTeam(ctx context.Context, s Subscriber, ref ItemRef) (Item, error) {
	home, err := w.Gallery.home(ctx, "image.Name", s.caller())
	if err != nil {
		return Item{}, err
	}
	if home.Ref.Drive != ref.Drive {
		return Item{}, unnamed()
	}
	return w.Gallery.drives.Item(ctx, s.caller(), ref)
}

// home is the folder of the caller's conversation when nobody chooses another.
func (g *Gallery) home(ctx context.Context, op string, who identity.Caller) (Item, error) {
	if err := g.may(op, who); err != nil {
		return Item{}, err
	}
	key := placeKey{who.Tenant, who.Person, who.Conversation, ItemRef{}}
	if item, ok := g.places.GetIfPresent(key); ok {
		return item, nil
	}
	item, err := g.folder(ctx, who, Choice{})
	if err == nil {
		g.places.Set(key, item)
	}
	return item, err
}
