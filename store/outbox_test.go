package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

const (
	sales = identity.Conversation("19:sales@thread.example")
	quay  = identity.Conversation("19:quay@thread.example")
)

// wishes are the settings of a conversation that wants to hear of contacts and images.
func wishes(c identity.Conversation) configuration.Kept {
	return configuration.Kept{Conversation: c, By: "ines", Version: 1,
		Settings: configuration.Settings{Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ContactAdded, notice.ImageSaved}}}}
}

func post(id string, c identity.Conversation, due time.Time) notice.Notice {
	return notice.Notice{Tenant: north, ID: id, Key: "key of " + id, Place: notice.Place{Conversation: c, Product: "contact"}, Op: notice.Post, Due: due}
}

// inRow are notices that were made together, one to each conversation.
func inRow(row string, due time.Time, to ...identity.Conversation) (notices []notice.Notice) {
	for i, c := range to {
		notices = append(notices, notice.Notice{Tenant: north, ID: notice.IDInRow(row, i), Place: notice.Place{Conversation: c, Product: "contact"}, Team: "19:team@thread.example",
			Op: notice.Post, Content: notice.Content{Version: 1}, Due: due})
	}
	return notices
}

// useOutbox leaves something in the buckets of settings, notices and the audit log.
func useOutbox(ctx context.Context, db *DB) error {
	if err := db.Configurations().Save(ctx, north, wishes(quay), "dialog"); err != nil {
		return err
	}
	for _, id := range []string{"told1", "told2"} {
		if _, err := db.Contacts().Apply(ctx, north, added(id, contact.Record{Name: "Odo Brandt"})); err != nil {
			return err
		}
	}
	events, err := db.Outbox().Events(ctx, nil, 1)
	if err != nil || len(events) != 1 {
		return errors.Join(err, errors.New("no event"))
	}
	due := db.now()
	_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", Product: "contact", By: "ines", At: due, Text: "The quay is closed", Version: 1},
		[]notice.Notice{{ID: "n2", Place: notice.Place{Conversation: sales, Product: "contact"}, Op: notice.Post, Due: due}})
	_, together := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a2", Product: "contact", By: "ines", At: due, Text: "The quay is open", Version: 1},
		inRow(notice.NewID(due), due, sales, quay))
	_, acknowledged := db.Announcements().Acknowledge(ctx, north, "a1", "ines", due)
	return errors.Join(announced, together, acknowledged,
		db.Outbox().Sort(ctx, north, []notice.Sorted{{Number: events[0].Number, To: []notice.Dated{{Place: notice.Place{Conversation: quay, Product: "contact"}, Due: due}}}}),
		db.Outbox().Add(ctx, []notice.Notice{post("n1", quay, due)}),
		db.write(ctx, "test", north, func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketWatches)).Put([]byte(quay), []byte("{}")) }))
}

func eventsOf(t *testing.T, db *DB) (keys []string) {
	t.Helper()
	events, err := db.Outbox().Events(t.Context(), nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		keys = append(keys, fmt.Sprintf("%s %s %s %s", e.Event.Kind, e.Event.Contact, e.Event.Book, e.Event.By))
	}
	return keys
}

// A change of a contact is an event in the same transaction, if anybody wants to hear of it and it is not part of a step.
func TestChangesAreEvents(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	apply := func(act contact.Act, version int, surface string) {
		t.Helper()
		c := added("c1", contact.Record{Name: "Odo Brandt"})
		c.Act, c.Version, c.Deed.Surface = act, version, surface
		if _, err := db.Contacts().Apply(ctx, north, c); err != nil {
			t.Fatal(err)
		}
	}
	apply(contact.Added, 1, "dialog")
	if got := eventsOf(t, db); len(got) > 0 {
		t.Errorf("nobody wants to hear of it: %v", got)
	}
	all := wishes(quay)
	all.Settings.Wishes.Kinds = notice.Kinds()
	if err := db.Configurations().Save(ctx, north, all, "dialog"); err != nil {
		t.Fatal(err)
	}
	apply(contact.Edited, 2, "dialog")
	part := added("c1", contact.Record{Name: "Odo Brandt"})
	part.ID, part.Act, part.Version = contact.StepChange("step", 1), contact.Edited, 3
	if _, err := db.Contacts().ApplyAll(ctx, north, contact.Step{ID: "step", By: "ines", At: db.now(), Changes: []contact.Change{part}}); err != nil {
		t.Fatal(err)
	}
	apply(contact.Deleted, 4, "card")
	apply(contact.Restored, 5, "card")
	stale := added("c1", contact.Record{Name: "Odo Brandt"})
	if _, err := db.Contacts().Apply(ctx, north, stale); !fault.Is(err, fault.Stale) {
		t.Errorf("added twice: %v", err)
	}
	want := []string{"contact-changed c1 book ines", "contact-deleted c1 book ines", "contact-added c1 book ines"}
	if diff := cmp.Diff(want, eventsOf(t, db)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is wanted follows the settings of all that have an app, and the organisation's.
func TestWanted(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	wanted := func() (kinds string) {
		err := db.read(ctx, "test", north, func(tb *bbolt.Bucket) error {
			return tb.Bucket([]byte(bucketWanted)).ForEach(func(k, _ []byte) error { kinds += string(k) + " "; return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		return kinds
	}
	organisation, second := wishes(""), wishes(quay)
	organisation.Settings.Wishes.Kinds = []notice.Kind{notice.ImportDone, notice.ImageSaved}
	second.Version, second.Settings.Wishes = 2, nil
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { return db.Configurations().Save(ctx, north, wishes(quay), "dialog") }, "contact-added image-saved "},
		{func() error { return db.Configurations().Save(ctx, north, organisation, "dialog") }, "contact-added contact-imported image-saved "},
		{func() error { return db.Configurations().Remove(ctx, north, quay, "ines", *clock) }, "contact-imported image-saved "},
		{func() error { return db.Configurations().Return(ctx, north, quay, "ines") }, "contact-added contact-imported image-saved "},
		{func() error { return db.Configurations().Save(ctx, north, second, "dialog") }, "contact-imported image-saved "},
	} {
		if err := step.do(); err != nil || wanted() != step.want {
			t.Errorf("%v: %q, want %q", err, wanted(), step.want)
		}
	}
}

// An event that is told again with the key of one that was sorted is sorted nowhere.
func TestEventToldTwice(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	if err := db.Configurations().Save(ctx, north, wishes(quay), "dialog"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := db.share(ctx, "test", north, func(s *shared) error {
			return s.happened(notice.Event{Key: "save 7", Kind: notice.ImageSaved, At: *clock, Conversation: quay})
		})
		events, read := db.Outbox().Events(ctx, nil, 10)
		if err != nil || read != nil || len(events) != 1 {
			t.Fatal(events, err, read)
		}
		to := []notice.Dated{{Place: notice.Place{Conversation: quay, Product: "image"}, Due: *clock}}
		if err := db.Outbox().Sort(ctx, north, []notice.Sorted{{Number: events[0].Number, To: to}}); err != nil {
			t.Fatal(err)
		}
	}
	due, _, err := db.Outbox().Gatherings(ctx, *clock, 10)
	if err != nil || len(due) != 1 || len(due[0].Events) != 1 {
		t.Errorf("got %+v %v", due, err)
	}
}

// The queue in memory is what the file says, whatever was done: a new process finds the same.
func TestQueueIsReadFromTheFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		path := filepath.Join(t.TempDir(), "teamspro.db")
		db, err := Open(context.Background(), Config{Path: path})
		if err != nil {
			r.Fatal(err)
		}
		for i := range rapid.IntRange(1, 30).Draw(r, "steps") {
			if err := disturb(r, db, i); err != nil {
				r.Fatal(err)
			}
		}
		before := pictureOf(db)
		if err := db.Close(); err != nil {
			r.Fatal(err)
		}
		db, err = Open(context.Background(), Config{Path: path})
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(before, pictureOf(db)); diff != "" {
			r.Errorf("(-before +after):\n%s", diff)
		}
		if err := db.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// turn notes the end of one notice and the beginning of another; nil is none.
func turn(ctx context.Context, db *DB, done *notice.Outcome, begin *notice.Notice) (bool, error) {
	var ends []notice.Outcome
	var next []notice.Notice
	if done != nil {
		ends = append(ends, *done)
	}
	if begin != nil {
		next = append(next, *begin)
	}
	begun, err := db.Outbox().Turns(ctx, ends, next)
	return len(begun) == 1 && begun[0], err
}

// disturb does anything to the outbox.
func disturb(r *rapid.T, db *DB, i int) error {
	ctx := context.Background()
	c := rapid.SampledFrom([]identity.Conversation{sales, quay}).Draw(r, "conversation")
	id := fmt.Sprintf("n%02d", rapid.IntRange(0, i).Draw(r, "which"))
	n := post(id, c, time.Unix(int64(rapid.IntRange(0, 50).Draw(r, "due")), 0).UTC())
	place := notice.Place{Conversation: c, Product: "contact"}
	row := rapid.IntRange(0, 3).Draw(r, "row")
	if rapid.Bool().Draw(r, "of a row") {
		n.ID = notice.IDInRow(rowName(row), rapid.IntRange(0, 60).Draw(r, "place"))
	}
	switch rapid.IntRange(0, 8).Draw(r, "what") {
	case 0:
		return db.Outbox().Add(ctx, []notice.Notice{n})
	case 1:
		_, err := turn(ctx, db, nil, known(db, n))
		return err
	case 2:
		state := rapid.SampledFrom([]notice.State{notice.Waiting, notice.Sent, notice.Failed}).Draw(r, "state")
		_, err := turn(ctx, db, &notice.Outcome{Notice: *known(db, n), State: state, Due: time.Unix(60, 0)}, nil)
		return err
	case 3:
		return db.Outbox().DropPlace(ctx, north, place)
	case 4:
		_, err := db.Outbox().Interrupted(ctx)
		return err
	case 5:
		return disturbRow(r, db, row, n.Due)
	case 6:
		_, err := db.Announcements().Change(ctx, north, rowName(row), func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
			a.Recalled, a.Version = rapid.SampledFrom([]time.Time{{}, n.Due}).Draw(r, "recalled"), a.Version+1
			return nil, nil
		})
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	case 7:
		return db.share(ctx, "test", north, func(s *shared) error { return s.eraseNotice("test", n.ID) })
	}
	return db.share(ctx, "test", north, func(s *shared) error {
		return s.gather("test", notice.Dated{Place: place, Due: n.Due}, eventRecord{Key: "k"})
	})
}

func rowName(row int) string { return fmt.Sprintf("%012x%016d", row, row) }

// disturbRow announces something with copies that are made together, or begins or ends many of them.
func disturbRow(r *rapid.T, db *DB, row int, due time.Time) error {
	ctx := context.Background()
	var to []identity.Conversation
	for i := range rapid.IntRange(1, 60).Draw(r, "copies") {
		to = append(to, identity.Conversation(fmt.Sprint("19:", i%50)))
	}
	copies := inRow(rowName(row), due, to...)
	begun, err := db.Announcements().Copies(ctx, north, rowName(row))
	if err != nil || len(begun) == 0 {
		_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: rowName(row), Version: 1, At: due}, copies)
		return errors.Join(err, announced)
	}
	from := rapid.IntRange(0, len(begun)-1).Draw(r, "from")
	if rapid.Bool().Draw(r, "ends") {
		_, err = db.Outbox().Turns(ctx, outcomes(begun[from:], rapid.SampledFrom([]notice.State{notice.Waiting, notice.Sent, notice.Possibly}).Draw(r, "end")), nil)
		return err
	}
	_, err = db.Outbox().Turns(ctx, nil, begun[from:])
	return err
}

// known gives a notice as it is in the file.
func known(db *DB, n notice.Notice) *notice.Notice {
	_ = db.read(context.Background(), "test", north, func(tb *bbolt.Bucket) error {
		if kept, found, err := newReader(north, tb).notice(n.ID); err == nil && found {
			n = kept
		}
		return nil
	})
	return &n
}

// pictureOf writes down what the queue of a store holds.
func pictureOf(db *DB) (lines []string) {
	q := db.commits.outbox
	for key, l := range q.lines {
		for _, x := range l.items {
			lines = append(lines, fmt.Sprintf("%s %s %s %d %v of %d, can go: %v", key.conversation, x.id, x.product, x.due, x.sending, q.waiting, l.sending == 0 && q.heads[l.at] == headOf(l)))
		}
	}
	for key, due := range q.gatherings {
		lines = append(lines, fmt.Sprintf("%s %s %s", key.Conversation, key.Product, due.UTC()))
	}
	slices.Sort(lines)
	return lines
}

// What changes a message comes after what posted it, however often that had to be tried, and finds its id.
func TestOrderInAConversation(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	first, update := post("n1", sales, *clock), post("n2", sales, *clock)
	update.Op, update.Of = notice.Update, "n1"
	due := func() (got []string) {
		t.Helper()
		notices, _, err := db.Outbox().Due(ctx, *clock, 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notices {
			got = append(got, n.ID+" "+n.Activity)
		}
		return got
	}
	said := func(state notice.State) {
		t.Helper()
		if begun, err := turn(ctx, db, nil, &first); !begun || err != nil {
			t.Fatal(begun, err)
		}
		if got := due(); got != nil {
			t.Errorf("while it is sent: %v", got)
		}
		if _, err := turn(ctx, db, &notice.Outcome{Notice: first, State: state, Activity: "1700", Due: clock.Add(time.Minute)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Outbox().Add(ctx, []notice.Notice{update, first}); err != nil {
		t.Fatal(err)
	}
	said(notice.Waiting)
	if got := due(); got != nil {
		t.Errorf("before it is tried again: %v", got)
	}
	*clock = clock.Add(time.Minute)
	said(notice.Sent)
	if diff := cmp.Diff([]string{"n2 1700"}, due()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A notice that is final says no more what had been gathered.
func TestFinalNoticeForgets(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	n := post("n1", sales, *clock)
	n.Content.Gathering = &notice.Gathering{Place: n.Place, Number: 1, Events: []notice.Event{{Key: "k", Contact: "of-the-past"}}}
	_, ended := turn(t.Context(), db, &notice.Outcome{Notice: n, State: notice.Sent}, nil)
	if err := errors.Join(ended, db.Outbox().Add(t.Context(), []notice.Notice{n})); err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		done  *notice.Outcome
		begin *notice.Notice
		holds bool
	}{{nil, &n, true}, {&notice.Outcome{Notice: n, State: notice.Sent}, nil, false}} {
		if _, err := turn(t.Context(), db, o.done, o.begin); err != nil {
			t.Fatal(err)
		}
		if got := known(db, n).Content.Gathering != nil; got != o.holds {
			t.Errorf("holds what was gathered: %v, want %v", got, o.holds)
		}
	}
}

// Nothing of what is too old stays, however much it is, and nobody waits for all of it at once.
func TestPurgeRemovesAll(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx, end := t.Context(), clock.Add(notice.KeysKept+time.Hour)
	_, err := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "17", By: "ines", At: *clock, Version: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	addMany(t, db, 3*purgeMost+7)
	err = db.share(ctx, "test", north, func(s *shared) error {
		for i := range 3*purgeMost + 7 {
			if _, err := s.dropNotice("test", fmt.Sprintf("%016x%08x", 1, i), *clock); err != nil {
				return err
			}
			if err := s.bucket(bucketAcknowledged).Put(join("17", fmt.Sprint("p", i)), timeKey(*clock)); err != nil {
				return err
			}
		}
		return nil
	})
	before := txID(t, db)
	if err = errors.Join(err, db.Outbox().Purge(ctx, end), db.Outbox().Purge(ctx, end)); err != nil {
		t.Fatal(err)
	}
	if n := txID(t, db) - before; n < 8 || n > 20 {
		t.Errorf("%d transactions", n)
	}
	err = db.read(ctx, "test", north, func(tb *bbolt.Bucket) error {
		for _, name := range []string{bucketNotices, bucketDue, bucketNoticeKeys, bucketNoticeKeyTimes, bucketAnnouncements, bucketCopies, bucketAcknowledged} {
			if k, _ := tb.Bucket([]byte(name)).Cursor().First(); k != nil {
				t.Errorf("%q is left in bucket %s", k, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestHostileNoticesAreRefused(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx := t.Context()
	for _, bad := range []string{"", "a\x00b", strings.Repeat("x", maxID+1)} {
		id, product, place, tenant := post("n1", sales, *clock), post("n1", sales, *clock), post("n1", sales, *clock), post("n1", sales, *clock)
		id.ID, product.Product, place.Conversation, tenant.Tenant = bad, bad, identity.Conversation(bad), identity.Tenant(bad)
		_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: bad}, nil)
		_, acknowledged := db.Announcements().Acknowledge(ctx, north, "a", identity.Person(bad), *clock)
		kept := wishes(identity.Conversation(bad))
		if bad == "" {
			kept = wishes(organisation)
		}
		for what, err := range map[string]error{
			"id":            db.Outbox().Add(ctx, []notice.Notice{id}),
			"product":       db.Outbox().Add(ctx, []notice.Notice{product}),
			"place":         db.Outbox().Add(ctx, []notice.Notice{place}),
			"tenant":        db.Outbox().Add(ctx, []notice.Notice{tenant}),
			"sorted to":     db.Outbox().Sort(ctx, north, []notice.Sorted{{To: []notice.Dated{{Place: notice.Place{Conversation: identity.Conversation(bad), Product: "p"}}}}}),
			"told":          db.Outbox().Tell(ctx, north, notice.Gathering{}, &id),
			"dropped":       db.Outbox().DropPlace(ctx, north, notice.Place{Conversation: identity.Conversation(bad)}),
			"announcement":  announced,
			"who saw it":    acknowledged,
			"settings":      db.Configurations().Save(ctx, north, kept, "dialog"),
			"settings gone": db.Configurations().Remove(ctx, north, kept.Conversation, "ines", *clock),
		} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s %.10q: got %v", what, bad, err)
			}
		}
	}
	if n := count(t, db, bucketTenants); n != 0 {
		t.Errorf("%d tenants were made", n)
	}
}

// send sends notices without end, each once, and says what it did after each Turn. What is sent is written down before it
// is noted, as a connector would.
func send(path string) {
	db := mustOpen(path)
	ctx := context.Background()
	interrupted, err := db.Outbox().Interrupted(ctx)
	fmt.Println("interrupted", interrupted, err)
	for i := 0; ; i++ {
		var some []notice.Notice
		for j := range 8 {
			some = append(some, post(fmt.Sprintf("%d-%06d-%d", os.Getpid(), i, j), identity.Conversation(fmt.Sprint("19:", j)), time.Unix(1, 0)))
		}
		if err := tell(ctx, db, i, some); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		for _, n := range some {
			fmt.Println("added", n.ID)
		}
		due, _, err := db.Outbox().Due(ctx, time.Now(), 8, nil)
		var last *notice.Outcome
		for j := 0; j <= len(due) && err == nil; j++ {
			var next *notice.Notice
			if j < len(due) {
				next = &due[j]
			}
			var begun bool
			begun, err = turn(ctx, db, last, next)
			if last != nil {
				fmt.Println("noted", last.Notice.ID)
			}
			if last = nil; begun {
				fmt.Println("sent", next.ID, next.Again)
				last = &notice.Outcome{Notice: *next, State: notice.Sent, Activity: "1700"}
			}
		}
		if err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
	}
}

// tell adds notices, or announces them, each second time, with ids that were made together.
func tell(ctx context.Context, db *DB, i int, some []notice.Notice) error {
	if i%2 == 0 {
		return db.Outbox().Add(ctx, some)
	}
	for j, id := range notice.NewIDs(time.Now(), len(some)) {
		some[j].ID, some[j].Key = id, ""
	}
	_, err := db.Announcements().Announce(ctx, north, notice.Announcement{ID: some[0].ID, Version: 1, At: time.Now()}, some)
	return err
}

// A process that is killed between turns loses no notice, forgets no key, and sends at most one twice, which says so.
func TestKilledSenderLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	known, sent, noted := map[string]bool{}, map[string]int{}, map[string]bool{}
	for round := range 6 {
		cmd, lines := child(t, "send", path)
		first := true
		for lines.Scan() {
			var what, id string
			fmt.Sscan(lines.Text(), &what, &id)
			switch what {
			case "interrupted":
				if id != "0" && id != "1" {
					t.Errorf("round %d: %s were being sent", round, id)
				}
			case "added":
				known[id] = true
			case "sent":
				if sent[id]++; sent[id] > 1 && !strings.HasSuffix(lines.Text(), "true") || noted[id] {
					t.Errorf("round %d: %s was sent twice, and does not say so", round, id)
				}
			case "noted":
				noted[id] = true
			default:
				t.Fatalf("round %d: %q", round, lines.Text())
			}
			if first {
				first = false
				time.AfterFunc(time.Duration(30+rand.IntN(200))*time.Millisecond, func() { cmd.Process.Kill() })
			}
		}
		cmd.Wait()
		checkSent(t, path, known, noted)
	}
	twice := 0
	for _, n := range sent {
		twice += n - 1
	}
	if twice > 6 || len(noted) < 10 {
		t.Errorf("%d of %d were sent twice, in 6 kills", twice, len(noted))
	}
}

// checkSent opens the file: what was noted is final, what was added is there, and no key is taken for a new one.
func checkSent(t *testing.T, path string, added, noted map[string]bool) {
	t.Helper()
	db := openAt(t, path)
	defer db.Close()
	before, err := db.Outbox().Waiting(t.Context())
	for id := range added {
		n := known(db, notice.Notice{ID: id})
		if n.Op == "" || noted[id] && n.State != notice.Sent {
			t.Errorf("%s: %+v", id, n)
		}
		if n.Content.Announcement != "" {
			continue // it has no key
		}
		again := post("other-"+id, sales, time.Unix(1, 0))
		again.Key = "key of " + id
		err = errors.Join(err, db.Outbox().Add(t.Context(), []notice.Notice{again}))
	}
	if after, counted := db.Outbox().Waiting(t.Context()); err != nil || counted != nil || after != before {
		t.Errorf("%d wait after known keys came again, %d before: %v %v", after, before, err, counted)
	}
}

// A notice is written as json.Marshal would, and read as json.Unmarshal would.
func TestNoticeIsEncodedAsMarshalDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return drawnText().Draw(t, name) }
		r := noticeRecord{Key: draw("key"), Conversation: draw("conversation"), Product: draw("product"), Team: draw("team"), Person: draw("person"), Op: draw("op"),
			Of: draw("of"), Activity: draw("activity"), Announcement: draw("announcement"), Version: rapid.IntRange(0, 3).Draw(t, "version"), Lost: draw("lost"),
			Due: drawnStamp().Draw(t, "due").At, State: draw("state"), Tries: rapid.IntRange(0, 3).Draw(t, "tries"), Again: rapid.Bool().Draw(t, "again"),
			Why: draw("why"), At: drawnStamp().Draw(t, "at").At}
		if rapid.Bool().Draw(t, "gathered") {
			r.Gathering = &gatheringRecord{Number: 7, Due: r.Due, Since: r.At, More: 1, Events: []eventRecord{{Key: draw("event"), Kind: "contact-added", At: r.At, Count: 2}}}
		}
		raw, err := r.encode()
		asMarshals(t, r, raw, err, (*scanner).notice)
	})
}
