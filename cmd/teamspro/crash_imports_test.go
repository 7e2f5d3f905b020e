package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/identity"
	"teamspro/store"
)

// The file of the crash test: in each round other contacts are new, and the same ones are there already.
const (
	crashThere = 800  // contacts of the book before; the file changes half of them and says nothing new of the others
	crashNew   = 1600 // rows with an address that nobody has
	crashBare  = 20   // rows with a name alone; each comes twice
	crashRows  = crashThere + crashNew + 2*crashBare
	crashBook  = "crashbook"
)

// importCrash is a service that is killed while files come into a book and are taken out again.
type importCrash struct {
	*killer
	w       *world
	service atomic.Pointer[running]
	round   int
	before  map[contact.ID]contact.Record // the book before the round
	now     map[contact.ID]contact.Record // the book when it was looked at last
	notes   map[string]contact.ID         // what was written by hand, where, and acknowledged
	broken  int                           // how often a command broke off
}

// TestCrashImports: a file of some thousand rows is imported and taken back while the process is killed and somebody changes
// the same contacts by hand. Each row is in the book once, the counts are what the store holds, the same file changes nothing
// a second time, and the undo gives back what was there but for what was changed by hand. File, audit log and index are whole.
func TestCrashImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := &importCrash{killer: newKiller(t), w: w, notes: map[string]contact.ID{}}
	w.withStore(c.fill)
	c.service.Store(w.spawn())
	for ; c.round == 0 || time.Now().Before(c.until); c.round++ {
		c.goesRound()
	}
	c.found("%d rounds of %d rows; %d changes by hand; %d commands broke off", c.round, crashRows, len(c.notes), c.broken)
}

// fill makes the book, and what is in it.
func (c *importCrash) fill(db *store.DB) {
	stamp := contact.Stamp{At: time.Now(), By: identity.Person(ada.id)}
	b := contact.Book{ID: crashBook, Kind: contact.PersonalBook, Owners: []identity.Person{stamp.By}, Mode: contact.Everybody, Version: 1, Created: stamp}
	if err := db.Books().SaveBook(c.t.Context(), north, b); err != nil {
		c.t.Fatal(err)
	}
	for from := 0; from < crashThere; from += contact.MaxPortion {
		step := contact.Step{ID: contact.ChangeID(fmt.Sprint("filler", from)), By: stamp.By, At: stamp.At}
		for n := from; n < min(from+contact.MaxPortion, crashThere); n++ {
			step.Changes = append(step.Changes, contact.Change{ID: contact.StepChange(step.ID, n), Act: contact.Added, Contact: contact.ID(fmt.Sprint("there", n)), Book: crashBook, Version: 1,
				After: &contact.Record{Kind: contact.Person, Name: "There " + coinedWord("there", n), Emails: []string{thereAddress(n)}, Job: "Clerk"}})
		}
		if _, err := db.Contacts().ApplyAll(c.t.Context(), north, step); err != nil {
			c.t.Fatal(err)
		}
	}
}

func thereAddress(n int) string { return fmt.Sprintf("there%dx@contoso.example", n) }

func (c *importCrash) newAddress(n int) string {
	return fmt.Sprintf("fresh%dr%dx@contoso.example", n, c.round)
}

func (c *importCrash) bareName(n int) string { return coinedWord(fmt.Sprint("bare", c.round), n) }

// file writes the rows of a round, in an order of its own.
func (c *importCrash) file() string {
	var lines []string
	for n := range crashThere {
		job := "Clerk"
		if n%2 == 1 {
			job = fmt.Sprint("Pilot ", c.round)
		}
		lines = append(lines, fmt.Sprintf("There %s,%s,%s", coinedWord("there", n), thereAddress(n), job))
	}
	for n := range crashNew {
		lines = append(lines, fmt.Sprintf("Fresh %s,%s,Mate", coinedWord(fmt.Sprint("fresh", c.round), n), c.newAddress(n)))
	}
	for n := range 2 * crashBare {
		lines = append(lines, c.bareName(n%crashBare)+",,Bosun")
	}
	order := rand.New(rand.NewPCG(c.seed, uint64(c.round)))
	order.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	path := filepath.Join(c.t.TempDir(), "crash.csv")
	if err := os.WriteFile(path, []byte("name,e-mail,job title\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// goesRound imports a file and takes it back; the process dies meanwhile, and once more at the end of each.
func (c *importCrash) goesRound() {
	file := c.file()
	c.looks(func(*store.DB) { c.before = c.now })
	var imp contact.Import
	c.dying(func() bool {
		if imp.ID == "" {
			imp = c.look(file)
		}
		return imp.ID != "" && c.works(&imp, false)
	})
	if imp.State != contact.ImportDone || imp.Found.New != crashNew+crashBare {
		c.t.Fatalf("seed %d: the import ended as %+v", c.seed, imp)
	}
	c.looks(func(db *store.DB) { c.imported(db, imp) })
	c.answers()
	if again := c.look(file); again.Found != (contact.Tally{Same: crashRows - imp.Made.Kept, Changed: imp.Made.Kept}) {
		c.t.Errorf("seed %d: the same file again: %+v", c.seed, again)
	}
	c.dying(func() bool { return c.works(&imp, true) })
	if imp.State != contact.ImportUndone {
		c.t.Fatalf("seed %d: the undo ended as %+v", c.seed, imp)
	}
	c.looks(func(db *store.DB) { c.undone(db, imp) })
	c.answers()
}

// dying lets work be done, tried again as often as it breaks off, while the process dies and somebody changes contacts by hand.
func (c *importCrash) dying(work func() bool) {
	c.t.Helper()
	ended, end := make(chan struct{}), time.Now().Add(2*time.Minute)
	var busy sync.WaitGroup
	busy.Go(func() {
		defer close(ended)
		for !work() && time.Now().Before(end) {
			c.broken++
			time.Sleep(20 * time.Millisecond)
		}
	})
	hands := rand.New(rand.NewPCG(c.seed, uint64(c.kills)+1<<32))
	busy.Go(func() { c.writes(hands, ended) })
	for killed := 0; killed < usualKills && !isClosed(ended, time.Duration(10+c.moods.IntN(250))*time.Millisecond); killed++ {
		c.service.Load().kill()
		c.kills++
		c.service.Store(c.w.spawn())
	}
	busy.Wait()
}

// isClosed waits so long for the end of something.
func isClosed(ended <-chan struct{}, within time.Duration) bool {
	select {
	case <-ended:
		return true
	case <-time.After(within):
		return false
	}
}

// look hands the file over to be compared with the book; an import without an id says that it broke off.
func (c *importCrash) look(path string) (imp contact.Import) {
	file, done, err := importCmd{Lang: "en"}.opened(path)
	if err != nil {
		c.t.Error(err)
		return imp
	}
	defer func() { _ = done() }()
	rows, end := rowsOf(func(row func(any) error) error {
		return file.Each(c.t.Context(), file.Mapping, contact.Checker{}, func(r exchange.Row) error { return row(r) })
	})
	defer end()
	var answer bytes.Buffer
	ask := importAsk{Tenant: north, Book: crashBook, Format: string(file.Format)}
	handed, err := handOver(c.t.Context(), c.w.data, "import-look", []byte(encoded(ask)), rows, &answer)
	if !handed || err != nil || json.Unmarshal(answer.Bytes(), &imp) != nil {
		return contact.Import{}
	}
	return imp
}

// works has an import carried out or taken back, or gone on with; it tells whether that ended.
func (c *importCrash) works(imp *contact.Import, undo bool) (ended bool) {
	var answer bytes.Buffer
	handed, err := handOver(c.t.Context(), c.w.data, "import-work", []byte(encoded(importAsk{Tenant: north, Import: imp.ID, Undo: undo})), nil, &answer)
	if !handed || err != nil {
		return false
	}
	if err := eachRow(&answer, func(now contact.Import) error { *imp = now; return nil }); err != nil {
		c.t.Error(err)
	}
	return imp.State.Ended() && (imp.State == contact.ImportUndone || !undo)
}

var foundContact = regexp.MustCompile(`contact/([^/"\\]+)`)

// writes lets Ada write notes to contacts of the file, until it is ended.
func (c *importCrash) writes(hands *rand.Rand, ended <-chan struct{}) {
	for n := 0; !isClosed(ended, 30*time.Millisecond); n++ {
		address := thereAddress(hands.IntN(crashThere))
		if hands.IntN(3) > 0 {
			address = c.newAddress(hands.IntN(crashNew))
		}
		s := c.service.Load()
		_, answer, err := s.post(c.w.sound(), encoded(c.w.query(ada, address)))
		found := foundContact.FindStringSubmatch(answer)
		if err != nil || found == nil || !strings.Contains(answer, address) {
			continue
		}
		note := fmt.Sprintf("by hand %d/%d/%d", c.round, hands.Uint64(), n)
		for version := 1; version <= 4+c.round && c.notes[note] == ""; version++ { // the right one is not stale
			form := map[string]any{"verb": "contact/" + found[1] + "/edit", "version": fmt.Sprint(version), "notes": note}
			status, said, err := s.post(c.w.sound(), encoded(c.w.invoke(ada, "task/submit", map[string]any{"data": form})))
			if err == nil && status == http.StatusOK && !strings.Contains(said, `"task"`) {
				c.notes[note] = contact.ID(found[1])
			}
		}
	}
}

// looks ends the process in the middle of whatever it does, and looks at what it kept: at the whole file first.
func (c *importCrash) looks(at func(*store.DB)) {
	c.t.Helper()
	c.service.Load().kill()
	c.kills++
	if err := store.Check(c.t.Context(), filepath.Join(c.w.data, "teamspro.db")); err != nil {
		c.t.Errorf("seed %d: the database: %v", c.seed, err)
	}
	c.w.withStore(func(db *store.DB) {
		if err := db.Audit().Verify(c.t.Context(), north); err != nil {
			c.t.Errorf("seed %d: the audit log: %v", c.seed, err)
		}
		c.book(db)
		at(db)
	})
	c.service.Store(c.w.spawn())
}

// book reads what is in the book, and holds it to the changes that led there.
func (c *importCrash) book(db *store.DB) {
	c.now = map[contact.ID]contact.Record{}
	err := db.Contacts().Each(c.t.Context(), north, func(k contact.Contact) error {
		c.now[k.ID] = k.Record
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for id, record := range c.now {
		if last := c.history(db, id)[0]; last.After == nil || !sameRecord(*last.After, record) {
			c.t.Errorf("seed %d: %s is not as its last change says", c.seed, id)
		}
	}
	for note, id := range c.notes {
		written := 0
		for _, change := range c.history(db, id) {
			if change.By == identity.Person(ada.id) && change.After != nil && change.After.Notes == note {
				written++
			}
		}
		if written != 1 {
			c.t.Errorf("seed %d: what was written by hand and acknowledged is there %d times", c.seed, written)
		}
	}
}

func sameRecord(a, b contact.Record) bool { return cmp.Equal(a, b, cmpopts.EquateEmpty()) }

// history reads the changes of a contact, newest first, and holds each to the one before.
func (c *importCrash) history(db *store.DB, id contact.ID) []contact.Change {
	all, err := db.Contacts().History(c.t.Context(), north, id, 1000)
	if err != nil || len(all) == 0 {
		c.t.Fatalf("seed %d: the history of %s: %d, %v", c.seed, id, len(all), err)
	}
	for n := range len(all) - 1 {
		if all[n].Version != all[n+1].Version+1 || !cmp.Equal(all[n].Before, all[n+1].After, cmpopts.EquateEmpty()) {
			c.t.Errorf("seed %d: a change of %s does not follow the one before", c.seed, id)
		}
	}
	return all
}

// step reads the changes of a step by their contact; each has one at most.
func (c *importCrash) step(db *store.DB, id contact.ChangeID) (changes map[contact.ID]contact.Change, acts map[contact.Act]int) {
	changes, acts = map[contact.ID]contact.Change{}, map[contact.Act]int{}
	for after := contact.ChangeID(""); ; {
		some, err := db.Contacts().Step(c.t.Context(), north, id, after, contact.MaxPortion)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, change := range some {
			if _, twice := changes[change.Contact]; twice {
				c.t.Errorf("seed %d: %s was changed twice in a step", c.seed, change.Contact)
			}
			changes[change.Contact], after = change, change.ID
			acts[change.Act]++
		}
		if len(some) == 0 {
			return changes, acts
		}
	}
}

// audited holds the audit log to have one entry of an act for each round.
func (c *importCrash) audited(db *store.DB, act audit.Act) {
	n := 0
	for _, a := range acts(c.t, db, north) {
		if a == act {
			n++
		}
	}
	if n != c.round+1 {
		c.t.Errorf("seed %d: %d entries of %s after %d rounds", c.seed, n, act, c.round+1)
	}
}

// imported holds what an import says of itself to what is in the book.
func (c *importCrash) imported(db *store.DB, imp contact.Import) {
	kept, err := db.Imports().Import(c.t.Context(), north, imp.ID)
	if err != nil || kept.State != imp.State || kept.Made != imp.Made || kept.Past != imp.Past || kept.Changes != imp.Changes {
		c.t.Errorf("seed %d: told %+v, kept %+v, %v", c.seed, imp, kept, err)
	}
	changes, acts := c.step(db, contact.ChangeID(imp.ID))
	want := contact.Tally{New: crashNew + crashBare, Changed: crashThere/2 - kept.Made.Kept, Same: crashThere/2 + crashBare, Kept: kept.Made.Kept}
	if kept.Made != want || kept.Rows != crashRows || kept.Past != crashRows || kept.Changes != len(changes) || acts[contact.Added] != want.New || acts[contact.Edited] != want.Changed {
		c.t.Errorf("seed %d: the import says %+v, and made %v", c.seed, kept, acts)
	}
	left := 0 // because they were changed by hand since the file was looked at
	for n := range crashThere {
		id := contact.ID(fmt.Sprint("there", n))
		job := c.before[id].Job
		if _, changed := changes[id]; changed {
			job = fmt.Sprint("Pilot ", c.round)
		} else if n%2 == 1 {
			left++
			if !c.byHand(c.history(db, id)[0]) {
				c.t.Errorf("seed %d: %s was left as it is, and nobody changed it", c.seed, id)
			}
		}
		c.once(thereAddress(n), job)
	}
	if left != kept.Made.Kept {
		c.t.Errorf("seed %d: %d were left as they are, and the import says %d", c.seed, left, kept.Made.Kept)
	}
	for n := range crashNew {
		c.once(c.newAddress(n), "Mate")
	}
	for n := range crashBare {
		c.once(c.bareName(n), "Bosun")
	}
	c.untouched(db, changes)
	c.audited(db, audit.ContactsImported)
}

// once holds the book to have one contact of an address, or a name, with a job.
func (c *importCrash) once(of, job string) {
	c.t.Helper()
	if found := c.of(of); len(found) != 1 || found[0].Job != job {
		c.t.Errorf("seed %d: of %s there are %d in the book: %+v", c.seed, of, len(found), found)
	}
}

// of gives the contacts of the book that have an address or a name.
func (c *importCrash) of(what string) (found []contact.Record) {
	for _, r := range c.now {
		if r.Name == what || len(r.Emails) == 1 && r.Emails[0] == what {
			found = append(found, r)
		}
	}
	return found
}

// untouched holds what an import did not change to be as it was, but for what was changed by hand.
func (c *importCrash) untouched(db *store.DB, changes map[contact.ID]contact.Change) {
	for id, was := range c.before {
		now, is := c.now[id]
		if _, changed := changes[id]; !changed && (!is || !sameRecord(now, was) && !c.byHand(c.history(db, id)[0])) {
			c.t.Errorf("seed %d: %s was %+v, and is there %v: %+v", c.seed, id, was, is, now)
		}
	}
}

func (c *importCrash) byHand(change contact.Change) bool {
	return change.By == identity.Person(ada.id) && change.ID.Step() == ""
}

// undone holds every contact to be as it was before the import, but for those that were changed by hand after it.
func (c *importCrash) undone(db *store.DB, imp contact.Import) {
	changes, _ := c.step(db, contact.ChangeID(imp.ID))
	backs, _ := c.step(db, contact.ChangeID(imp.ID)+"-undo")
	if imp.Back != len(backs) || imp.Back+imp.Stayed != len(changes) || imp.Past != len(changes) {
		c.t.Errorf("seed %d: the undo says %+v; %d changes, %d taken back", c.seed, imp, len(changes), len(backs))
	}
	for id, change := range changes {
		back, taken := backs[id]
		hand := false // by hand after the import, and before it was taken back
		for _, later := range c.history(db, id) {
			if later.Version > change.Version && (!taken || later.Version < back.Version) {
				hand = hand || c.byHand(later)
			}
		}
		if taken == hand || taken && !cmp.Equal(back.After, change.Before, cmpopts.EquateEmpty()) {
			c.t.Errorf("seed %d: %s was changed by hand: %v, and taken back: %v", c.seed, id, hand, taken)
		}
	}
	for id, now := range c.now {
		if _, was := c.before[id]; !was && now.Notes == "" {
			c.t.Errorf("seed %d: %s was left behind: %+v", c.seed, id, now)
		}
	}
	c.untouched(db, changes)
	c.audited(db, audit.ImportUndone)
}

// answers holds the search of the process that lives now to what the store held, and lets its operator verify the audit log.
func (c *importCrash) answers() {
	for n := range 60 {
		address := thereAddress(c.moods.IntN(crashThere))
		if n%2 == 0 {
			address = c.newAddress(c.moods.IntN(crashNew))
		}
		if got, want := c.service.Load().contacts(ada, address), len(c.of(address)); got != want {
			c.t.Errorf("seed %d: the search finds %s %d times, and the store has it %d times", c.seed, address, got, want)
		}
	}
	if status, out, trouble := command(c.t, "audit", "verify", "--data", c.w.data, "--tenant", north); status != 0 {
		c.t.Errorf("seed %d: %s%s", c.seed, out, trouble)
	}
}
