package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/store"
)

// Notices are an outbox and the announcements that lie in it.
type Notices struct {
	notice.Outbox
	notice.Announcements
	// Happen lets contacts be added, or changed, one after the other, of which everybody wants to hear: Key, Contact, Book, By
	// and At of the events are given.
	Happen func(t testing.TB, tenant identity.Tenant, events ...notice.Event)
}

// NoticesOf gives the outbox of a store for RunNotices.
func NoticesOf(db *store.DB) Notices {
	happen := func(t testing.TB, tenant identity.Tenant, events ...notice.Event) {
		t.Helper()
		ctx := context.Background()
		_, organisation, err := db.Configurations().Kept(ctx, tenant, "")
		if err == nil && organisation.Version == 0 {
			err = db.Configurations().Save(ctx, tenant, configuration.Kept{Version: 1, Settings: configuration.Settings{Wishes: &notice.Wishes{Kinds: notice.Kinds()}}}, "dialog")
		}
		for _, e := range events {
			c := contact.Change{ID: contact.ChangeID(e.Key), Act: contact.Added, Contact: contact.ID(e.Contact), Book: contact.BookID(e.Book), Version: 1,
				After: record("Marta Quell"), By: e.By, At: e.At}
			if e.Kind == notice.ContactChanged {
				before, known := db.Contacts().Contacts(ctx, tenant, []contact.ID{c.Contact})
				if err = errors.Join(err, known); len(before) == 1 {
					c.Act, c.Version, c.Before, c.After = contact.Edited, before[0].Version+1, &before[0].Record, record(e.Key)
				}
			}
			_, applied := db.Contacts().Apply(ctx, tenant, c)
			err = errors.Join(err, applied)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Notices{db.Outbox(), db.Announcements(), happen}
}

// RunNotices tests that an outbox and its announcements keep the contract. open gives an empty one for each test.
func RunNotices(t *testing.T, open func(t testing.TB) Notices) {
	for name, test := range map[string]func(*testing.T, Notices){
		"events come oldest first":                      testEvents,
		"an event is sorted once":                       testSorted,
		"a gathering keeps its number and earlier time": testGathering,
		"a gathering lists the newest and counts":       testGatheredMuch,
		"what happens again is one event":               testSameThing,
		"gatherings come when they are due":             testDueGatherings,
		"a gathering is postponed while it is the same": testPostpone,
		"a notice takes the place of its gathering":     testTell,
		"everything of a notice comes back":             testWholeNotice,
		"a key is known once":                           testKeys,
		"notices come oldest first, one a conversation": testDue,
		"what is left out is not given":                 testExcept,
		"a notice is begun and ends":                    testTurn,
		"a notice is tried again":                       testAgain,
		"one that is not being sent does not end":       testNotBegun,
		"a copy follows its announcement":               testFollow,
		"a message stands until it is sent":             testStanding,
		"what was interrupted waits again":              testInterrupted,
		"a place is dropped":                            testDropPlace,
		"what is old is forgotten":                      testPurge,
		"what is new is signalled":                      testChanged,
		"an announcement is made once":                  testAnnounce,
		"a person's latest announcements come first":    testLatest,
		"an announcement is corrected":                  testCorrect,
		"an announcement is recalled":                   testRecall,
		"a refused correction changes nothing":          testRefusedCorrection,
		"people acknowledge once":                       testAcknowledge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	runInRows(t, open)
}

// happening is the adding of a contact in a minute.
func happening(name string, minute int) notice.Event {
	return notice.Event{Key: "change-" + name, Kind: notice.ContactAdded, At: at(minute), By: ines, Book: "book", Contact: name}
}

func placeIn(c identity.Conversation) notice.Place {
	return notice.Place{Conversation: c, Product: "contact"}
}

// gather sorts everything that happened to some places.
func gather(t *testing.T, p Notices, to ...notice.Dated) {
	t.Helper()
	events, err := p.Events(t.Context(), nil, 1000)
	sorted := map[identity.Tenant][]notice.Sorted{}
	for _, e := range events {
		sorted[e.Tenant] = append(sorted[e.Tenant], notice.Sorted{Number: e.Number, To: to})
	}
	for tenant, some := range sorted {
		err = errors.Join(err, p.Sort(t.Context(), tenant, some))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// gathered gives what is due of gatherings at a time.
func gathered(t *testing.T, p Notices, now time.Time) []notice.Owned {
	t.Helper()
	due, _, err := p.Gatherings(t.Context(), now, 100)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func testEvents(t *testing.T, p Notices) {
	ctx := t.Context()
	p.Happen(t, north, happening("c1", 1))
	p.Happen(t, south, happening("c2", 2))
	p.Happen(t, north, happening("c3", 3), happening("c4", 4))
	events, err := p.Events(ctx, nil, 3)
	var keys []string
	for _, e := range events {
		keys = append(keys, string(e.Tenant[:1])+e.Event.Key)
	}
	want(t, "the first three", keys, err, []string{"1change-c1", "2change-c2", "1change-c3"})
	want(t, "the first", events[0].Event, nil, happening("c1", 1))
	later, err := p.Events(ctx, map[identity.Tenant]uint64{north: events[0].Number}, 3)
	want(t, "after the first", slices.ContainsFunc(later, func(e notice.Unsorted) bool { return e.Tenant == north && e.Number <= events[0].Number }), err, false)
	none, err := p.Events(ctx, nil, 0)
	want(t, "none", none, err, nil)
}

func testSorted(t *testing.T, p Notices) {
	ctx := t.Context()
	p.Happen(t, north, happening("c1", 1), happening("c2", 2))
	events, err := p.Events(ctx, nil, 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	to := []notice.Dated{{Place: placeIn(sales), Due: at(5)}, {Place: placeIn(lab), Due: at(6)}}
	first := []notice.Sorted{{Number: events[0].Number, To: to}}
	want(t, "twice", 0, errors.Join(p.Sort(ctx, north, first), p.Sort(ctx, north, first)), 0)
	want(t, "nowhere", 0, p.Sort(ctx, north, []notice.Sorted{{Number: events[1].Number}, {Number: 99, To: to}}), 0)
	left, err := p.Events(ctx, nil, 10)
	want(t, "events that are left", left, err, nil)
	var sizes []int
	for _, g := range gathered(t, p, at(9)) {
		sizes = append(sizes, len(g.Events))
	}
	want(t, "events of each gathering", sizes, nil, []int{1, 1})
}

func testGathering(t *testing.T, p Notices) {
	p.Happen(t, north, happening("c1", 1))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(20)})
	first := gathered(t, p, at(20))
	p.Happen(t, north, happening("c2", 2))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(30)})
	p.Happen(t, north, happening("c3", 3))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(10)})
	got := gathered(t, p, at(20))
	want(t, "the gathering", got, nil, []notice.Owned{{Tenant: north, Gathering: notice.Gathering{Place: placeIn(sales), Number: first[0].Number,
		Due: at(10), Since: at(1), Events: []notice.Event{happening("c1", 1), happening("c2", 2), happening("c3", 3)}, Heard: 3}}})

	want(t, "told", 0, p.Tell(t.Context(), north, got[0].Gathering, nil), 0)
	p.Happen(t, north, happening("c4", 4))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(20)})
	if next := gathered(t, p, at(20)); len(next) != 1 || next[0].Number == first[0].Number || len(next[0].Events) != 1 {
		t.Errorf("the gathering after it: %+v", next)
	}
}

func testGatheredMuch(t *testing.T, p Notices) {
	for i := range notice.MaxGathered + 3 {
		p.Happen(t, north, happening(fmt.Sprint("c", i), i%60))
	}
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(1)})
	got := gathered(t, p, at(1))
	if len(got) != 1 || len(got[0].Events) != notice.MaxGathered || got[0].More != 3 || got[0].Events[notice.MaxGathered-1].Contact != "c62" {
		t.Errorf("got %+v", got)
	}
	want(t, "what is not listed", got[0].Left, nil, map[notice.Kind]notice.Left{notice.ContactAdded: {Things: 3, Count: 3}})
}

// testSameThing: what happens again to the same contact is one event; a gathering that was read before is stale all the same.
func testSameThing(t *testing.T, p Notices) {
	p.Happen(t, north, happening("c1", 1), happening("c2", 1))
	gather(t, p)
	p.Happen(t, north, happening("c3", 1), changing("c2", 2))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(10)})
	before := gathered(t, p, at(10))[0].Gathering
	p.Happen(t, north, changing("c2", 3))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(10)})
	wantKind(t, "it is not as it was read", p.Tell(t.Context(), north, before, nil), fault.Stale)
	twice := changing("c2", 3)
	twice.Times = 2
	got := gathered(t, p, at(10))[0].Gathering
	want(t, "the events", got.Events, nil, []notice.Event{happening("c3", 1), twice})
	want(t, "told", 0, p.Tell(t.Context(), north, got, nil), 0)
}

// changing is a change of a contact in a minute.
func changing(name string, minute int) notice.Event {
	e := happening(name, minute)
	e.Key, e.Kind = fmt.Sprint("change-", name, minute), notice.ContactChanged
	return e
}

func testDueGatherings(t *testing.T, p Notices) {
	ctx := t.Context()
	_, next, err := p.Gatherings(ctx, at(50), 10)
	want(t, "nothing to come", next.IsZero(), err, true)
	p.Happen(t, north, happening("c1", 1))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(30)}, notice.Dated{Place: placeIn(lab), Due: at(10)}, notice.Dated{Place: placeIn(support), Due: at(20)})
	due, next, err := p.Gatherings(ctx, at(9), 10)
	want(t, "before", len(due), err, 0)
	want(t, "the first to come", next, nil, at(10))
	due, next, err = p.Gatherings(ctx, at(20), 10)
	var places []identity.Conversation
	for _, g := range due {
		places = append(places, g.Conversation)
	}
	want(t, "the places that are due", places, err, []identity.Conversation{lab, support})
	want(t, "the next to come", next, nil, at(30))
	due, _, err = p.Gatherings(ctx, at(20), 1)
	want(t, "one of them", len(due), err, 1)
}

func testPostpone(t *testing.T, p Notices) {
	ctx := t.Context()
	p.Happen(t, north, happening("c1", 1))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(10)})
	g := gathered(t, p, at(10))[0].Gathering
	other := g
	other.Number++
	want(t, "another", 0, errors.Join(p.Postpone(ctx, north, other, at(40)), p.Postpone(ctx, south, g, at(40))), 0)
	want(t, "still due", len(gathered(t, p, at(10))), nil, 1)
	want(t, "this", 0, p.Postpone(ctx, north, g, at(40)), 0)
	want(t, "not due any more", len(gathered(t, p, at(39))), nil, 0)
	want(t, "due later", len(gathered(t, p, at(40))), nil, 1)
}

func testTell(t *testing.T, p Notices) {
	ctx := t.Context()
	p.Happen(t, north, happening("c1", 1))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(10)})
	g := gathered(t, p, at(10))[0].Gathering
	n := noticeTo(sales, 1)
	n.Content = notice.Content{Gathering: &g}
	p.Happen(t, north, happening("c2", 2))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(20)})
	wantKind(t, "it grew", p.Tell(ctx, north, g, &n), fault.Stale)
	g = gathered(t, p, at(10))[0].Gathering
	other := g
	other.Number++
	wantKind(t, "another", p.Tell(ctx, north, other, &n), fault.Stale)
	want(t, "told", 0, p.Tell(ctx, north, g, &n), 0)
	wantKind(t, "twice", p.Tell(ctx, north, g, &n), fault.Stale)
	want(t, "the gathering is gone", len(gathered(t, p, at(10))), nil, 0)
	due := dueAt(t, p, at(59))
	want(t, "what is to be said", due[0].Content, nil, notice.Content{Gathering: &g})

	p.Happen(t, north, happening("c3", 3))
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(20)})
	again := noticeTo(sales, 2)
	again.Key = n.Key
	want(t, "with a key that is known", 0, p.Tell(ctx, north, gathered(t, p, at(20))[0].Gathering, &again), 0)
	want(t, "what waits", waiting(t, p), nil, 1)
	want(t, "gatherings that are left", len(gathered(t, p, at(59))), nil, 0)
}

// noticeTo is a notice of the announcement a1 to a conversation; its number says when it was made.
func noticeTo(c identity.Conversation, number int) notice.Notice {
	return notice.Notice{Tenant: north, ID: fmt.Sprintf("%012x", number), Key: fmt.Sprint("key ", number), Place: placeIn(c), Op: notice.Post,
		Content: notice.Content{Announcement: "a1", Version: 1}, Due: at(number), State: notice.Waiting, At: at(number)}
}

func add(t *testing.T, p Notices, notices ...notice.Notice) {
	t.Helper()
	if err := p.Add(t.Context(), notices); err != nil {
		t.Fatal(err)
	}
}

func dueAt(t *testing.T, p Notices, now time.Time) []notice.Notice {
	t.Helper()
	due, _, err := p.Due(t.Context(), now, 100, func(*notice.Notice) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func idsOf(notices []notice.Notice) (ids []string) {
	for _, n := range notices {
		ids = append(ids, n.ID[len(n.ID)-2:])
	}
	return ids
}

func waiting(t *testing.T, p Notices) int {
	t.Helper()
	n, err := p.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// turn begins one notice, and ends others.
func turn(t *testing.T, p Notices, next notice.Notice, done ...notice.Outcome) (bool, error) {
	t.Helper()
	begun, err := p.Turns(t.Context(), done, []notice.Notice{next})
	return len(begun) == 1 && begun[0], err
}

// begin begins a notice.
func begin(t *testing.T, p Notices, n notice.Notice) notice.Notice {
	t.Helper()
	if begun, err := turn(t, p, n); !begun || err != nil {
		t.Fatalf("begin %s: %v %v", n.ID, begun, err)
	}
	return n
}

func end(t *testing.T, p Notices, done notice.Outcome) {
	t.Helper()
	if _, err := p.Turns(t.Context(), []notice.Outcome{done}, nil); err != nil {
		t.Fatal(err)
	}
}

func copyOf(t *testing.T, p Notices, i int) notice.Notice {
	t.Helper()
	copies, err := p.Copies(t.Context(), north, "a1")
	if err != nil || len(copies) <= i {
		t.Fatalf("%d copies, %v", len(copies), err)
	}
	return copies[i]
}

func testWholeNotice(t *testing.T, p Notices) {
	whole := notice.Notice{Tenant: north, ID: "0001", Key: "conversation|contact|7", Place: notice.Place{Conversation: sales, Product: "contact"},
		Team: "19:team@thread.example", Person: timur, Op: notice.Update, Of: "0000", Activity: "1700", Due: at(1), State: notice.Waiting,
		Content: notice.Content{Gathering: &notice.Gathering{Place: placeIn(sales), Number: 7, Due: at(1), Since: at(2), More: 3,
			Events: []notice.Event{{Key: "k", Kind: notice.ImageSaved, At: at(3), By: ines, Conversation: lab, Book: "b", Contact: "c", Drive: "d", Item: "i", Count: 4}}}}}
	lost := notice.Notice{Tenant: south, ID: "0002", Key: "lost", Place: notice.Place{Product: "image"}, Person: ines, Op: notice.Post, Due: at(2),
		State: notice.Waiting, Content: notice.Content{Lost: lab}}
	announced := noticeTo(support, 3)
	add(t, p, whole, lost, announced)
	due := dueAt(t, p, at(9))
	for i := range due {
		due[i].At = time.Time{}
	}
	announced.At = time.Time{}
	want(t, "what comes back", due, nil, []notice.Notice{whole, lost, announced})
}

func testKeys(t *testing.T, p Notices) {
	first, again, elsewhere := noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(lab, 3)
	again.Key, elsewhere.Key, elsewhere.Tenant = first.Key, first.Key, south
	add(t, p, first, again, elsewhere)
	add(t, p, again)
	want(t, "what waits", idsOf(dueAt(t, p, at(9))), nil, []string{"01", "03"})
	end(t, p, notice.Outcome{Notice: begin(t, p, first), State: notice.Sent})
	add(t, p, again)
	want(t, "what waits when it was sent", idsOf(dueAt(t, p, at(9))), nil, []string{"03"})
}

func testDue(t *testing.T, p Notices) {
	ctx := t.Context()
	elsewhere, personal, other := noticeTo(sales, 6), noticeTo("", 4), noticeTo("", 5)
	elsewhere.Tenant, personal.Person, other.Person = south, ines, timur
	none, next, err := p.Due(ctx, at(9), 10, func(*notice.Notice) bool { return false })
	want(t, "nothing", len(none), err, 0)
	want(t, "nothing to come", next.IsZero(), nil, true)
	add(t, p, noticeTo(sales, 3), noticeTo(lab, 2), noticeTo(sales, 7), noticeTo(support, 30), personal, other, elsewhere)
	due, next, err := p.Due(ctx, at(9), 10, func(*notice.Notice) bool { return false })
	want(t, "one of each conversation", idsOf(due), err, []string{"02", "03", "04", "05", "06"})
	want(t, "the next", next, nil, at(30))
	some, _, err := p.Due(ctx, at(9), 2, func(*notice.Notice) bool { return false })
	want(t, "two", idsOf(some), err, []string{"02", "03"})
	want(t, "what waits", waiting(t, p), nil, 7)
}

func testExcept(t *testing.T, p Notices) {
	add(t, p, noticeTo(sales, 1), noticeTo(sales, 2), noticeTo(lab, 3), noticeTo(support, 4))
	due, _, err := p.Due(t.Context(), at(9), 1, func(n *notice.Notice) bool {
		return n.Tenant == north && n.Product == "contact" && n.ID != "" && (n.Conversation == sales || n.Conversation == lab)
	})
	want(t, "the one that is left", idsOf(due), err, []string{"04"})
}

func testTurn(t *testing.T, p Notices) {
	first, second := noticeTo(sales, 1), noticeTo(lab, 2)
	announced(t, p, first, second)
	first = begin(t, p, first)
	want(t, "while it is sent", idsOf(dueAt(t, p, at(9))), nil, []string{"02"})
	want(t, "its state", copyOf(t, p, 0).State, nil, notice.Sending)
	if begun, err := turn(t, p, first); begun || err != nil {
		t.Errorf("begun twice: %v %v", begun, err)
	}
	want(t, "what waits", waiting(t, p), nil, 2)
	begun, err := turn(t, p, second, notice.Outcome{Notice: first, State: notice.Sent, Activity: "1700"})
	want(t, "the next is begun", begun, err, true)
	sent := copyOf(t, p, 0)
	want(t, "the first", []any{sent.State, sent.Activity, sent.Tries, sent.Content.Announcement}, nil, []any{notice.Sent, "1700", 1, "a1"})
	end(t, p, notice.Outcome{Notice: second, State: notice.Failed, Why: "BadSyntax"})
	failed := copyOf(t, p, 1)
	want(t, "the second", []any{failed.State, failed.Why}, nil, []any{notice.Failed, "BadSyntax"})
	want(t, "what waits at last", waiting(t, p), nil, 0)
}

// announced makes the announcement a1 with its notices.
func announced(t *testing.T, p Notices, notices ...notice.Notice) {
	t.Helper()
	if _, err := p.Announce(t.Context(), north, announcement("a1", 1), notices); err != nil {
		t.Fatal(err)
	}
}

func testAgain(t *testing.T, p Notices) {
	n := noticeTo(sales, 1)
	add(t, p, n)
	n = begin(t, p, n)
	end(t, p, notice.Outcome{Notice: n, State: notice.Waiting, Why: "429", Due: at(20)})
	due, next, err := p.Due(t.Context(), at(19), 10, func(*notice.Notice) bool { return false })
	want(t, "not yet", len(due), err, 0)
	want(t, "when", next, nil, at(20))
	add(t, p, noticeTo(sales, 2))
	want(t, "nor what comes after it", idsOf(dueAt(t, p, at(19))), nil, nil)
	again := dueAt(t, p, at(20))
	want(t, "again", []any{len(again), again[0].Tries, again[0].Why, again[0].Again}, nil, []any{1, 1, "429", false})
	lost := begin(t, p, again[0])
	lost.Again = true
	end(t, p, notice.Outcome{Notice: lost, State: notice.Waiting, Why: notice.Lost, Due: at(30)})
	again = dueAt(t, p, at(30))
	want(t, "after a lost answer", []any{len(again), again[0].Tries, again[0].Why, again[0].Again}, nil, []any{1, 2, notice.Lost, true})
}

func testNotBegun(t *testing.T, p Notices) {
	n := noticeTo(sales, 1)
	announced(t, p, n)
	n = begin(t, p, n)
	end(t, p, notice.Outcome{Notice: n, State: notice.Sent, Activity: "1700"})
	end(t, p, notice.Outcome{Notice: n, State: notice.Failed, Why: "late"})
	want(t, "its state", copyOf(t, p, 0).State, nil, notice.Sent)
	never := noticeTo(sales, 9)
	if begun, err := turn(t, p, never); begun || err != nil {
		t.Errorf("one that never was: %v %v", begun, err)
	}
}

func testInterrupted(t *testing.T, p Notices) {
	ctx := t.Context()
	add(t, p, noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(support, 3))
	begin(t, p, noticeTo(sales, 1))
	end(t, p, notice.Outcome{Notice: begin(t, p, noticeTo(lab, 2)), State: notice.Sent})
	n, err := p.Interrupted(ctx)
	want(t, "were being sent", n, err, 1)
	due := dueAt(t, p, at(9))
	want(t, "what is to be sent", idsOf(due), nil, []string{"01", "03"})
	want(t, "again", []any{due[0].Again, due[1].Again}, nil, []any{true, false})
	n, err = p.Interrupted(ctx)
	want(t, "twice", n, err, 0)
}

func testDropPlace(t *testing.T, p Notices) {
	ctx := t.Context()
	image := noticeTo(sales, 3)
	image.Product = "image"
	going := noticeTo(sales, 5)
	announced(t, p, noticeTo(sales, 1), noticeTo(lab, 2), image, going)
	elsewhere := noticeTo(sales, 4)
	elsewhere.Tenant = south
	add(t, p, elsewhere)
	p.Happen(t, north, happening("c1", 1))
	pictures := notice.Place{Conversation: sales, Product: "image"}
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(1)}, notice.Dated{Place: pictures, Due: at(1)}, notice.Dated{Place: placeIn(lab), Due: at(1)})
	going = begin(t, p, going)

	want(t, "drop one product", 0, p.DropPlace(ctx, north, placeIn(sales)), 0)
	want(t, "gatherings", len(gathered(t, p, at(9))), nil, 2)
	states := func() (all []notice.State) {
		for i := range 4 {
			all = append(all, copyOf(t, p, i).State)
		}
		return all
	}
	want(t, "states", states(), nil, []notice.State{notice.Dropped, notice.Waiting, notice.Waiting, notice.Sending})
	dropped := noticeTo(sales, 1)
	if begun, err := turn(t, p, dropped); begun || err != nil {
		t.Errorf("one that was dropped: %v %v", begun, err)
	}
	want(t, "drop all", 0, errors.Join(p.DropPlace(ctx, north, notice.Place{Conversation: sales}), p.DropPlace(ctx, north, notice.Place{Conversation: sales})), 0)
	want(t, "gatherings at last", len(gathered(t, p, at(9))), nil, 1)
	end(t, p, notice.Outcome{Notice: going, State: notice.Sent, Activity: "1700"})
	want(t, "states at last", states(), nil, []notice.State{notice.Dropped, notice.Waiting, notice.Dropped, notice.Sent})
	want(t, "what is to be sent", idsOf(dueAt(t, p, at(9))), nil, []string{"02", "04"})
}

func testPurge(t *testing.T, p Notices) {
	ctx := t.Context()
	sent, waits := noticeTo(sales, 1), noticeTo(lab, 2)
	a := announcement("a1", 1)
	a.At = time.Now()
	_, err := p.Announce(ctx, north, a, []notice.Notice{sent, waits})
	if err != nil {
		t.Fatal(err)
	}
	end(t, p, notice.Outcome{Notice: begin(t, p, sent), State: notice.Sent})
	want(t, "soon", 0, p.Purge(ctx, time.Now().Add(notice.TextKept-time.Hour)), 0)
	add(t, p, sent)
	want(t, "copies", copyOf(t, p, 0).State, nil, notice.Sent)

	want(t, "late", 0, p.Purge(ctx, time.Now().Add(notice.KeysKept+time.Hour)), 0)
	_, err = p.Announcement(ctx, north, "a1")
	wantKind(t, "the announcement", err, fault.NotFound)
	want(t, "what waits", waiting(t, p), nil, 1)
	add(t, p, sent)
	want(t, "the key is forgotten", waiting(t, p), nil, 2)
}

func testChanged(t *testing.T, p Notices) {
	signalled := func(what string, expected bool) {
		t.Helper()
		select {
		case <-p.Changed():
			want(t, what, true, nil, expected)
		default:
			want(t, what, false, nil, expected)
		}
	}
	signalled("at first", false)
	add(t, p, noticeTo(sales, 1), noticeTo(lab, 2))
	add(t, p, noticeTo(support, 3))
	signalled("a notice", true)
	signalled("once", false)
	add(t, p, noticeTo(support, 3))
	signalled("a known key", false)
	p.Happen(t, north, happening("c1", 1))
	signalled("an event", true)
	gather(t, p, notice.Dated{Place: placeIn(sales), Due: at(1)})
	signalled("a gathering", true)
}

func announcement(id string, minute int) notice.Announcement {
	return notice.Announcement{ID: id, Product: "contact", By: ines, At: at(minute), Title: "The quay", Text: "is closed <today> & tomorrow", Version: 1, Asks: true,
		Targets: []notice.Target{{Conversation: sales, Team: "19:team@thread.example"}, {Conversation: lab}}, People: 12}
}

func testAnnounce(t *testing.T, p Notices) {
	ctx := t.Context()
	a := announcement("a1", 1)
	_, err := p.Announcement(ctx, north, "a1")
	wantKind(t, "before", err, fault.NotFound)
	got, err := p.Announce(ctx, north, a, []notice.Notice{noticeTo(sales, 1), noticeTo(lab, 2)})
	want(t, "made", got, err, a)
	other := a
	other.Text, other.By = "Something else", timur
	got, err = p.Announce(ctx, north, other, []notice.Notice{noticeTo(support, 3)})
	want(t, "with the same id", got, err, a)
	got, err = p.Announcement(ctx, north, "a1")
	want(t, "read", got, err, a)
	_, err = p.Announcement(ctx, south, "a1")
	wantKind(t, "in another tenant", err, fault.NotFound)
	want(t, "what is to be sent", idsOf(dueAt(t, p, at(9))), nil, []string{"01", "02"})
	copies, err := p.Copies(ctx, north, "a1")
	want(t, "copies", idsOf(copies), err, []string{"01", "02"})
}

func testLatest(t *testing.T, p Notices) {
	ctx := t.Context()
	for i, id := range []string{"a3", "a1", "a2"} {
		a := announcement(id, i)
		if id == "a2" {
			a.By = timur
		}
		if _, err := p.Announce(ctx, north, a, nil); err != nil {
			t.Fatal(err)
		}
	}
	own, err := p.Latest(ctx, north, ines, 10)
	want(t, "own", own, err, []notice.Announcement{announcement("a1", 1), announcement("a3", 0)})
	own, err = p.Latest(ctx, north, ines, 1)
	want(t, "the last", own, err, []notice.Announcement{announcement("a1", 1)})
}

func testCorrect(t *testing.T, p Notices) {
	ctx := t.Context()
	announced(t, p, noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(support, 3))
	end(t, p, notice.Outcome{Notice: begin(t, p, noticeTo(sales, 1)), State: notice.Sent, Activity: "1700"})
	end(t, p, notice.Outcome{Notice: begin(t, p, noticeTo(lab, 2)), State: notice.Possibly})
	corrected := announcement("a1", 1)
	corrected.Text, corrected.Version, corrected.Changed, corrected.ChangedBy = "is open", 2, at(5), timur
	correct := func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
		if a.Version == 2 {
			return nil, fault.New(fault.Stale, "test", "")
		}
		a.Text, a.Version, a.Changed, a.ChangedBy = corrected.Text, 2, corrected.Changed, timur
		want(t, "sent", idsOf(sent), nil, []string{"01", "02"})
		return nil, nil
	}
	got, err := p.Change(ctx, north, "a1", correct)
	want(t, "corrected", got, err, corrected)
	got, err = p.Announcement(ctx, north, "a1")
	want(t, "read", got, err, corrected)
	due := dueAt(t, p, ever)
	want(t, "how much is to be sent", len(due), nil, 2)
	want(t, "the update", []any{due[1].Op, due[1].Of, due[1].Activity, due[1].Content.Version}, nil, []any{notice.Update, noticeTo(sales, 1).ID, "1700", 2})
	copies, err := p.Copies(ctx, north, "a1")
	want(t, "copies", idsOf(copies), err, []string{"01", "02", "03"})
	_, err = p.Change(ctx, north, "a1", correct)
	wantKind(t, "by another at once", err, fault.Stale)
	_, err = p.Change(ctx, north, "never", correct)
	wantKind(t, "one that never was", err, fault.NotFound)
}

func testRecall(t *testing.T, p Notices) {
	ctx := t.Context()
	announced(t, p, noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(support, 3))
	other := noticeTo(support, 4)
	other.Content.Announcement = "a2"
	add(t, p, other)
	end(t, p, notice.Outcome{Notice: begin(t, p, noticeTo(sales, 1)), State: notice.Sent, Activity: "1700"})
	begin(t, p, noticeTo(lab, 2))
	_, err := p.Change(ctx, north, "a1", func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
		a.Recalled = at(5)
		return nil, nil
	})
	want(t, "recalled", 0, err, 0)
	want(t, "what is to be done", opsOf(dueAt(t, p, ever)), nil, []notice.Op{notice.Post, notice.Remove})
	var states []notice.State
	for i := range 3 {
		states = append(states, copyOf(t, p, i).State)
	}
	want(t, "states", states, nil, []notice.State{notice.Sent, notice.Sending, notice.Dropped})
}

// ever is later than whatever the store dates by its own clock.
var ever = at(9).AddDate(100, 0, 0)

func opsOf(all []notice.Notice) (ops []notice.Op) {
	for _, n := range all {
		ops = append(ops, n.Op)
	}
	slices.Sort(ops)
	return ops
}

// testStanding: a message stands until it is sent, whatever else waits for its place.
func testStanding(t *testing.T, p Notices) {
	standing := func(what string, expected bool) {
		t.Helper()
		got, err := p.Standing(t.Context(), north, placeIn(sales))
		want(t, what, got, err, expected)
	}
	standing("nothing", false)
	update, image, elsewhere := noticeTo(sales, 1), noticeTo(sales, 2), noticeTo(lab, 3)
	update.Op, image.Product = notice.Update, "image"
	add(t, p, update, image, elsewhere)
	standing("a change, another product and another place", false)
	n := noticeTo(sales, 4)
	add(t, p, n)
	standing("one that waits", true)
	end(t, p, notice.Outcome{Notice: begin(t, p, update), State: notice.Sent})
	end(t, p, notice.Outcome{Notice: begin(t, p, image), State: notice.Sent})
	n = begin(t, p, n)
	standing("one that is being sent", true)
	end(t, p, notice.Outcome{Notice: n, State: notice.Waiting, Due: at(90)})
	standing("one that is tried again", true)
	end(t, p, notice.Outcome{Notice: begin(t, p, n), State: notice.Sent})
	standing("one that was sent", false)
}

// testFollow changes an announcement while copies of it are on their way: what began before follows, what began after does not.
func testFollow(t *testing.T, p Notices) {
	ctx := t.Context()
	before, after, lost := noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(support, 3)
	announced(t, p, before, after, lost)
	before, lost = begin(t, p, before), begin(t, p, lost)
	_, err := p.Change(ctx, north, "a1", func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		a.Text, a.Version, a.Changed = "is open", 2, at(5)
		return nil, nil
	})
	want(t, "corrected", 0, err, 0)
	after = begin(t, p, after)
	end(t, p, notice.Outcome{Notice: before, State: notice.Sent, Activity: "1700", Began: at(4)})
	end(t, p, notice.Outcome{Notice: after, State: notice.Sent, Activity: "1701", Began: at(6)})
	end(t, p, notice.Outcome{Notice: lost, State: notice.Possibly, Began: at(4)})
	due := dueAt(t, p, ever)
	want(t, "what follows", opsOf(due), nil, []notice.Op{notice.Update})
	want(t, "the update", []any{due[0].Of, due[0].Activity, due[0].Content.Version}, nil, []any{before.ID, "1700", 2})
	update := begin(t, p, due[0])
	_, err = p.Change(ctx, north, "a1", func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		a.Recalled = at(7)
		return nil, nil
	})
	want(t, "recalled", 0, err, 0)
	end(t, p, notice.Outcome{Notice: update, State: notice.Sent, Activity: "1700", Began: at(6)})
	want(t, "what is to be done at last", opsOf(dueAt(t, p, ever)), nil, []notice.Op{notice.Remove, notice.Remove})
}

func testRefusedCorrection(t *testing.T, p Notices) {
	ctx := t.Context()
	announced(t, p, noticeTo(sales, 1))
	_, err := p.Change(ctx, north, "a1", func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		a.Text, a.Recalled = "gone", at(5)
		return []notice.Notice{noticeTo(sales, 16)}, fault.New(fault.Denied, "test", "")
	})
	wantKind(t, "refused", err, fault.Denied)
	got, err := p.Announcement(ctx, north, "a1")
	want(t, "as before", got, err, announcement("a1", 1))
	want(t, "what is to be sent", idsOf(dueAt(t, p, at(9))), nil, []string{"01"})
}

func testAcknowledge(t *testing.T, p Notices) {
	ctx := t.Context()
	announced(t, p)
	for _, row := range []struct {
		who   identity.Person
		first bool
	}{{ines, true}, {timur, true}, {ines, false}} {
		first, err := p.Acknowledge(ctx, north, "a1", row.who, at(9))
		want(t, string(row.who), first, err, row.first)
	}
	got, err := p.Announcement(ctx, north, "a1")
	want(t, "seen", got.Seen, err, 2)
	own, err := p.Latest(ctx, north, ines, 1)
	want(t, "seen by one's own", own[0].Seen, err, 2)
	_, err = p.Acknowledge(ctx, north, "never", ines, at(9))
	wantKind(t, "one that never was", err, fault.NotFound)
}
