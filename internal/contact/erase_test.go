package contact_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/store"
)

const month = 30 * 24 * time.Hour

// filed is a world whose store is the real one.
type filed struct {
	*world
	db     *store.DB
	drawer *drawer
	log    bytes.Buffer
}

func newFiled(t *testing.T) *filed {
	t.Helper()
	f := &filed{world: newWorld(t), drawer: &drawer{}}
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "teamspro.db"), Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f.db = db
	f.restart()
	return f
}

// restart is another process over the same file and the same snapshots.
func (f *filed) restart() {
	f.log.Reset()
	c := f.config(contact.NewIndex())
	c.Shelf, c.Chronicle, c.Journal, c.Library, c.Eraser, c.Marks = f.db.Contacts(), f.db.Contacts(), f.db.Contacts(), f.db.Books(), f.db.Books(), f.db.Marks()
	c.Apart = f.db.Apart()
	c.Snapshots, c.Log = f.drawer, slog.New(slog.NewTextHandler(&f.log, nil))
	f.Books = contact.New(c)
}

// erase erases what waits for a month, and wants so many books gone.
func (f *filed) erase(want int) {
	f.t.Helper()
	if n, err := f.EraseWaiting(f.t.Context(), contoso, f.now.Add(-month)); err != nil || n != want {
		f.t.Errorf("%d books are erased, %v; want %d", n, err, want)
	}
}

// A book waits for its time, no moment less, and then it is nowhere: not to be found, not to be counted, not in the
// snapshot. What was not in it stays.
func TestEraseWaiting(t *testing.T) {
	t.Parallel()
	f, ctx := newFiled(t), t.Context()
	marta := f.add(in(bob, sales), "", named("Marta Zebulon"))
	f.add(in(bob, sales), "", named("Nils Zebulon"))
	f.add(in(bob, press), "", named("Ida Zebulon"))
	must(f.SetFavourite(ctx, in(bob, sales), marta.Contact, true))(t)
	gone := f.add(in(ana, sales), "", named("Olga Zebulon"))
	must(f.Delete(ctx, in(ana, sales), gone.Contact, 1, f.deed()))(t)
	must(0, f.SaveIndexes(ctx, 0))(t)
	old := f.drawer.all[contoso]

	must(0, f.Removed(ctx, contoso, sales, ana))(t)
	f.now = f.now.Add(month)
	same(t, "not due yet", contact.Leftover{}, must(f.CountWaiting(ctx, contoso, f.now.Add(-month)))(t))
	f.erase(0)
	f.now = f.now.Add(time.Second)
	same(t, "due", contact.Leftover{Books: 1, Contacts: 2}, must(f.CountWaiting(ctx, contoso, f.now.Add(-month)))(t))
	same(t, "after counting it is still there", nil, func() error { _, err := f.db.Books().Book(ctx, contoso, marta.Book); return err }())
	f.erase(1)
	f.erase(0)
	same(t, "nothing is left to erase", contact.Leftover{}, must(f.CountWaiting(ctx, contoso, f.now))(t))

	same(t, "found", []string{"Ida Zebulon"}, f.found(in(bob, press), "zebulon"))
	if raw := f.drawer.all[contoso]; bytes.Contains(bytes.ToLower(raw), []byte("marta")) || !bytes.Contains(bytes.ToLower(raw), []byte("ida")) {
		t.Error("the snapshot holds what was erased, or not what stayed")
	}
	_, err := f.History(ctx, in(ana, sales), marta.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")
	m := must(f.db.Marks().Marked(ctx, contoso, bob))(t)
	same(t, "marks", contact.Marked{Done: m.Done}, m)
	fresh := must(f.Ensure(ctx, in(ana, sales)))(t)
	if fresh.ID == marta.Book || len(f.found(in(ana, sales), "")) != 0 {
		t.Errorf("the next book there is %s, with %v", fresh.ID, f.found(in(ana, sales), ""))
	}

	f.restart()
	same(t, "found after a restart", []string{"Ida Zebulon"}, f.found(in(bob, press), "zebulon"))
	if !strings.Contains(f.log.String(), "from=snapshot") {
		t.Errorf("the new snapshot is not used:\n%s", &f.log)
	}
	f.drawer.all[contoso] = old // somebody puts the old file back
	f.restart()
	same(t, "found with the old snapshot", []string{"Ida Zebulon"}, f.found(in(bob, press), "zebulon"))
	if !strings.Contains(f.log.String(), "of a state that the database does not know") {
		t.Errorf("the old snapshot is used:\n%s", &f.log)
	}
}

// A book that came back in time stays, with everything, and so does one that was removed again since.
func TestReturnedInTime(t *testing.T) {
	t.Parallel()
	f, ctx := newFiled(t), t.Context()
	f.add(in(bob, sales), "", named("Marta"))
	f.add(in(bob, sales), "", named("Nils"))
	for range 2 {
		must(0, f.Removed(ctx, contoso, sales, ana))(t)
		f.now = f.now.Add(month - time.Hour)
		f.erase(0)
		same(t, "what came back", contact.Leftover{Books: 1, Contacts: 2}, must(f.Returned(ctx, in(ana, sales)))(t))
		same(t, "what came back the second time", contact.Leftover{}, must(f.Returned(ctx, in(ana, sales)))(t))
		f.now = f.now.Add(2 * month)
		f.erase(0)
	}
	same(t, "all of it", []string{"Marta", "Nils"}, f.found(in(bob, sales), ""))
}

// Until the snapshot is written without them, what was erased is not done with: the next run ends it, and so does the
// next process.
func TestErasingGoesOn(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(*filed){"the same process": func(*filed) {}, "another process": (*filed).restart} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, ctx := newFiled(t), t.Context()
			k := f.add(in(bob, sales), "", named("Marta Zebulon")).Book
			must(0, f.SaveIndexes(ctx, 0))(t)
			must(0, f.Removed(ctx, contoso, sales, ana))(t)
			f.now = f.now.Add(month + time.Second)
			full := errors.New("no room")
			f.drawer.full = full
			if n, err := f.EraseWaiting(ctx, contoso, f.now.Add(-month)); n != 0 || !errors.Is(err, full) {
				t.Fatalf("%d are erased, %v", n, err)
			}
			same(t, "doomed", []contact.BookID{k}, must(f.db.Books().Doomed(ctx, contoso))(t))
			next(f)
			same(t, "counted", 1, must(f.CountWaiting(ctx, contoso, f.now.Add(-month)))(t).Books)
			f.erase(1)
			same(t, "doomed at last", 0, len(must(f.db.Books().Doomed(ctx, contoso))(t)))
			if bytes.Contains(bytes.ToLower(f.drawer.all[contoso]), []byte("zebulon")) {
				t.Error("the snapshot holds what was erased")
			}
		})
	}
}

// Erase takes any book away, also one that is in use.
func TestErase(t *testing.T) {
	t.Parallel()
	f, ctx := newFiled(t), t.Context()
	mine := f.add(in(bob, chat(bob)), "", named("Mine")).Book
	ours := f.add(in(bob, sales), "", named("Ours")).Book
	if err := f.Erase(ctx, contoso, "nobody's"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no book: %v", err)
	}
	if err := f.Erase(ctx, fabrikam, mine); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant's: %v", err)
	}
	must(0, f.Erase(ctx, contoso, mine))(t)
	same(t, "found", []string{"Ours"}, f.found(in(bob, chat(bob)), ""))
	if err := f.Erase(ctx, contoso, mine); !fault.Is(err, fault.NotFound) {
		t.Errorf("twice: %v", err)
	}
	_, err := f.Add(ctx, in(bob, sales), mine, named("Late"), f.deed())
	refused(t, err, fault.NotFound, "book.not_found")
	must(0, f.Erase(ctx, contoso, ours))(t)
	same(t, "nothing is found", 0, len(f.found(in(bob, chat(bob)), "")))
}

// Whatever was in the books, of those that are erased nothing is found again, and the others find the same as before, in
// this process and in the next.
func TestErasedIsNeverFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f, ctx := newFiled(t), t.Context()
		callers := []identity.Caller{in(ana, sales), in(bob, press), in(bob, chat(bob)), in(ana, chat(ana))}
		steps := rapid.SliceOfN(rapid.IntRange(0, len(callers)-1), 1, 25).Draw(rt, "whose contacts")
		var made []contact.Change
		for i, at := range steps {
			c := f.add(callers[at], "", contact.Record{Name: fmt.Sprintf("Person%d Weber", i), Tags: []string{fmt.Sprint("tag", i%3)}})
			made = append(made, c)
			switch rapid.IntRange(0, 3).Draw(rt, "then") {
			case 0:
				must(f.Delete(ctx, callers[at], c.Contact, 1, f.deed()))(t)
			case 1:
				must(f.Edit(ctx, callers[at], c.Contact, 1, named(fmt.Sprintf("Person%d Neu", i)), f.deed()))(t)
			case 2:
				must(0, f.SaveIndexes(ctx, 0))(t)
			}
		}
		doomed := map[contact.BookID]bool{}
		for i := range callers {
			if rapid.Bool().Draw(rt, fmt.Sprint("erase ", i)) {
				doomed[must(f.Ensure(ctx, callers[i]))(t).ID] = true
			}
		}
		look := func() (all []string) {
			for _, who := range callers {
				for _, e := range must(f.Find(ctx, who, contact.ParseQuery(""), 0, 100))(t).Entries {
					if !doomed[e.Contact.Book] {
						all = append(all, fmt.Sprint(who.Conversation, " ", e.Contact.ID, " ", e.Contact.Name))
					}
				}
				for _, tag := range must(tagsOf(f.Tags(ctx, who)))(t) {
					if len(doomed) == 0 {
						all = append(all, fmt.Sprint(who.Conversation, " ", tag))
					}
				}
			}
			return all
		}
		before := look()
		for id := range doomed {
			must(0, f.Erase(ctx, contoso, id))(t)
		}
		for _, when := range []string{"now", "in the next process"} {
			if now := look(); !slices.Equal(before, now) {
				rt.Fatalf("%s, the others find\n%v, and before\n%v", when, now, before)
			}
			for _, c := range made {
				history := must(f.db.Contacts().History(ctx, contoso, c.Contact, 9))(t)
				found := must(f.db.Contacts().Contacts(ctx, contoso, []contact.ID{c.Contact}))(t)
				if doomed[c.Book] && len(history)+len(found) > 0 || !doomed[c.Book] && len(history) == 0 {
					rt.Fatalf("%s, %s has %d changes and is on the shelf %d times", when, c.Contact, len(history), len(found))
				}
			}
			for id := range doomed {
				for i, who := range callers {
					if n := must(f.Find(ctx, who, contact.Query{Book: id}, 0, 9))(t).Total; n > 0 {
						rt.Fatalf("%s, caller %d finds %d contacts of an erased book", when, i, n)
					}
				}
			}
			f.restart()
		}
	})
}

func tagsOf(tags []contact.TagCount, _ []contact.Filter, err error) ([]contact.TagCount, error) {
	return tags, err
}

// People search and write while a book goes; nobody is kept from it, and nothing of theirs is lost.
func TestEraseWhilePeopleWork(t *testing.T) {
	t.Parallel()
	f, ctx := newFiled(t), t.Context()
	for i := range 700 {
		f.add(in(bob, press), "", named(fmt.Sprintf("Zebulon %d", i)))
	}
	f.add(in(bob, sales), "", named("Marta"))
	must(0, f.Removed(ctx, contoso, press, bob))(t)
	f.now = f.now.Add(month + time.Second)
	var group sync.WaitGroup
	erased := make(chan struct{})
	for w := range 2 {
		group.Go(func() {
			for i := 0; ; i++ {
				if _, err := f.Find(ctx, in(bob, sales), contact.ParseQuery("a"), 0, 25); err != nil {
					t.Error(err)
				}
				if err := f.SaveFilter(ctx, in([]identity.Person{ana, bob}[w], sales), "mine", fmt.Sprint("x", i)); err != nil {
					t.Error(err)
				}
				select {
				case <-erased:
					return
				default:
				}
			}
		})
	}
	f.erase(1)
	close(erased)
	group.Wait()
	same(t, "found", []string{"Marta"}, f.found(in(bob, sales), ""))
}
