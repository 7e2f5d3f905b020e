package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/lang"
)

// openWith opens a new store with a clock that the test moves.
func openWith(t *testing.T) (db *DB, clock *time.Time) {
	t.Helper()
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "teamspro.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		path := db.bolt.Path()
		if err := errors.Join(db.Close(), Check(context.Background(), path)); err != nil {
			t.Error(err)
		}
	})
	return db, &now
}

// use leaves something in every bucket.
func use(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	one := added("c1", busy(1))
	one.Deed = identity.Deed{Key: "app|19:secret-conversation|activity-1", Surface: "card"}
	two, gone := added("c2", busy(2)), contact.Change{Act: contact.Deleted, Contact: "c2", Book: "book", Version: 2, By: "ines"}
	for _, c := range []contact.Change{one, two, gone} {
		if _, err := db.Contacts().Apply(ctx, north, c); err != nil {
			t.Fatal(err)
		}
	}
	reference := identity.Reference{Conversation: "19:sales@thread.example", App: "app", ServiceURL: "https://smba.example/"}
	owed := identity.Owed{Key: "app|19:sales@thread.example|activity-3", Tenant: north, Reference: reference, Thread: "19:sales@thread.example;messageid=1"}
	err := errors.Join(
		db.Books().SaveBook(ctx, north, contact.Book{ID: "b1", Kind: contact.ConversationBook, Home: "19:sales@thread.example",
			Shares: []contact.Share{{With: "19:lab@thread.example"}}, Version: 1}),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "b2", Kind: contact.PersonalBook, Owners: []identity.Person{"ines"}, Version: 1}),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "b3", Kind: contact.TenantBook, Name: "Everybody", Home: "19:sales@thread.example", Version: 1}),
		db.Books().Meet(ctx, north, "ines", "19:sales@thread.example"),
		db.Marks().Mark(ctx, north, "ines", func(m *contact.Marked) error { m.Recent = []contact.ID{"c1"}; return nil }),
		db.Apart().SetApart(ctx, north, []contact.Pair{contact.NewPair("c2", "c1")}, true),
		db.Conversations().Remember(ctx, north, reference),
		usePictures(ctx, db),
		db.Turns().MarkAnswered(ctx, "app|19:secret-conversation|activity-2"),
		db.Turns().Owe(ctx, owed),
		db.Tokens().Keep(ctx, north, "ines", "app", []byte("sealed")),
		db.Profiles().KeepProfile(ctx, north, identity.Profile{Person: "ines", Name: "Inês Prata"}),
		useSets(ctx, db),
		useImports(ctx, db),
		useOutbox(ctx, db))
	if err != nil {
		t.Fatal(err)
	}
}

// useImports keeps a file on its way into a book.
func useImports(ctx context.Context, db *DB) error {
	return errors.Join(
		db.Imports().AddImport(ctx, north, contact.Import{ID: "import", Book: "book", By: "ines", State: contact.ImportReading, At: db.now()}),
		db.Imports().StageRows(ctx, north, "import", []contact.Row{{Number: 2, Record: busy(3)}}))
}

// usePictures writes what a gallery keeps.
func usePictures(ctx context.Context, db *DB) error {
	ref := image.ItemRef{Drive: "b!drive", Item: "01ITEM"}
	return errors.Join(
		db.Libraries().ChangeLibrary(ctx, north, "19:lab@thread.example", func(c *image.Choice) error { c.Folder = ref; return nil }),
		db.Seen().See(ctx, north, "ines", ref),
		db.Captions().SetProperties(ctx, north, ref, image.Properties{Title: "Knows the shoals"}),
		db.Saves().KeepSave(ctx, north, "app|19:secret-conversation|activity-1", image.Intent{Into: ref, At: time.Now()}))
}

func TestNewFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b", "teamspro.db")
	db := openAt(t, path)
	if db.Size() == 0 {
		t.Error("no size")
	}
	for name, want := range map[string]os.FileMode{filepath.Dir(filepath.Dir(path)): 0o700, filepath.Dir(path): 0o700, path: 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode().Perm(), err, want)
		}
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if err := db.Turns().MarkAnswered(t.Context(), "key"); !errors.Is(err, bolterrors.ErrDatabaseNotOpen) || db.Size() != 0 {
		t.Errorf("a write after the close: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	db, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	use(t, db)
	if err := errors.Join(db.Ready(), db.Close(), Check(t.Context(), filepath.Join("data", "teamspro.db"))); err != nil {
		t.Error(err)
	}
}

func TestUnusablePaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(file, "teamspro.db"), filepath.Join(dir, "nul\x00.db")} {
		_, err := Open(t.Context(), Config{Path: path})
		wantRefused(t, err, "store.unusable", path)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	nothing := func(*bbolt.Tx) error { return nil }
	db, err := open(t.Context(), Config{Path: path}.withDefaults(), append(steps(), nothing))
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(t.Context(), Config{Path: path})
	wantRefused(t, err, "store.newer", path)
}

func TestMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	use(t, db)
	db.Close()
	mark := func(name string) step {
		return func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put([]byte(name), []byte("done")) }
	}
	fails := errors.New("fails")
	broken := func(*bbolt.Tx) error { return fails }
	config := Config{Path: path}.withDefaults()

	if _, err := open(t.Context(), config, append(steps(), mark("second"), broken)); !errors.Is(err, fails) {
		t.Fatalf("a step that fails: %v", err)
	}
	db = openAt(t, path) // still of the schema before, and nothing of the steps stayed
	if got := metaOf(t, db, "second"); got != "" {
		t.Errorf("after a failed migration: second = %q", got)
	}
	db.Close()

	db, err := open(t.Context(), config, append(steps(), mark("second"), mark("third")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := map[string]string{"schema": fmt.Sprint(len(steps()) + 2), "second": "done", "third": "done"}
	for key, value := range want {
		if got := metaOf(t, db, key); got != value {
			t.Errorf("%s = %q, want %q", key, got, value)
		}
	}
	aside := openAt(t, fmt.Sprintf("%s.schema-%d", path, len(steps())))
	got, err := aside.Contacts().Contacts(t.Context(), north, []contact.ID{"c1"})
	if err != nil || len(got) != 1 {
		t.Errorf("the copy: %v %v", got, err)
	}
}

func metaOf(t *testing.T, db *DB, key string) (value string) {
	t.Helper()
	err := db.view(t.Context(), "test", func(tx *bbolt.Tx) error {
		value = string(tx.Bucket([]byte(bucketMeta)).Get([]byte(key)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestBackupOpens(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	use(t, db)
	var copied bytes.Buffer
	if err := db.Backup(t.Context(), &copied); err != nil {
		t.Fatal(err)
	}
	backup := openAt(t, writeFile(t, copied.Bytes()))
	got, err := backup.Contacts().Contacts(t.Context(), north, []contact.ID{"c1"})
	if err != nil || len(got) != 1 {
		t.Errorf("the backup: %v %v", got, err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := db.Backup(stopped, &copied); !errors.Is(err, context.Canceled) {
		t.Errorf("a backup that was stopped: %v", err)
	}
}

// keyForms says how the keys of each bucket look; see the package comment.
func keyForms() map[string]string {
	const id = `[^\x00]+`
	return map[string]string{
		bucketMeta:          `schema|file|probe`,
		bucketAnswered:      `.{16}`,
		bucketAnsweredTimes: `.{24}`,
		bucketOwed:          `.{16}`,
		bucketTenants:       `[0-9a-f-]{36}`,
		bucketContacts:      id,
		bucketChanges:       id,
		bucketJournal:       `.{8}`,
		bucketHistory:       id + `\x00.{8}`,
		bucketTrash:         id,
		bucketTrashTimes:    id + `\x00.{8}` + id,
		bucketDeeds:         `.{16}`,
		bucketDeedTimes:     `.{24}`,
		bucketBooks:         id,
		bucketBookIndex:     `(home|share|person|first\x00[a-z]+)\x00` + id + `(\x00` + id + `)?|tenant\x00` + id,
		bucketMeetings:      id + `\x00` + id,
		bucketMarks:         id,
		bucketConversations: id + `\x00` + id,
		bucketTokens:        id + `\x00` + id,
		bucketProfiles:      id,
		bucketLibraries:     id,
		bucketSeen:          id,
		bucketImages:        id + `\x00` + id,
		bucketSaves:         `.{16}`,
		bucketPins:          id,
		bucketPresets:       `[\pL\pN ]+`,
		bucketBatches:       `[0-9a-f]{16}[a-z0-9]+`,

		bucketConfigurations: `\*|` + id,
		bucketWanted:         `(contact|image)-[a-z]+`,
		bucketWatches:        id,
		bucketEvents:         `.{8}`,
		bucketGatherings:     id + `\x00(contact|image)`,
		bucketNotices:        id,
		bucketDue:            id,
		bucketSheets:         `[0-9a-f]{12}[0-9a-z]{16}\.[0-9]{3}`,
		bucketCourses:        `[0-9a-f]{12}[0-9a-z]{16}\.[0-9]{3}`,
		bucketNoticeKeys:     `.{16}`,
		bucketNoticeKeyTimes: `.{24}`,
		bucketAnnouncements:  id,
		bucketCopies:         id + `\x00` + id,
		bucketAcknowledged:   id + `\x00` + id,
		bucketPseudonyms:     `(of|is|erasing)\x00` + id,
		bucketAudit:          `.{8}`,
		bucketImports:        id,
		bucketImportRows:     id + `\x00.{8}`,
		bucketApart:          id + `\x00` + id,
	}
}

func TestNothingIsUndeclared(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	use(t, db)
	seen := map[string]int{}
	err := db.view(t.Context(), "test", func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			checkBucket(t, seen, false, string(name), b)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range declared() {
		if seen[b.name] == 0 {
			t.Errorf("nothing is in bucket %s: the test does not use it", b.name)
		}
	}
}

func checkBucket(t *testing.T, seen map[string]int, tenant bool, name string, b *bbolt.Bucket) {
	if !slices.ContainsFunc(declared(), func(d bucket) bool { return d.name == name && d.tenant == tenant }) {
		t.Errorf("bucket %s is not declared", name)
	}
	form := regexp.MustCompile(`(?s)^(?:` + keyForms()[name] + `)$`)
	err := b.ForEach(func(k, v []byte) error {
		seen[name]++
		if !form.MatchString(latin(k)) {
			t.Errorf("bucket %s: key %q is not declared", name, k)
		}
		if name != bucketTenants {
			if v == nil {
				t.Errorf("bucket %s: undeclared bucket %q", name, k)
			}
			return nil
		}
		return b.Bucket(k).ForEach(func(name, _ []byte) error {
			checkBucket(t, seen, true, string(name), b.Bucket(k).Bucket(name))
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// latin makes each byte a character, so that expressions count bytes.
func latin(k []byte) string {
	r := make([]rune, len(k))
	for i, b := range k {
		r[i] = rune(b)
	}
	return string(r)
}

func TestPackageCommentIsTheSchema(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("# Schema %d\n", len(steps())); !strings.Contains(string(doc), want) {
		t.Errorf("the package comment is not about schema %d", len(steps()))
	}
	for _, b := range declared() {
		indent := map[bool]string{false: "//\t", true: "//\t        "}[b.tenant]
		if !regexp.MustCompile(`(?m)^` + indent + b.name + `( |$)`).Match(doc) {
			t.Errorf("the package comment does not describe bucket %s", b.name)
		}
	}
}

func TestDataMap(t *testing.T) {
	t.Parallel()
	other := Datum{Kind: "datamap.profile", Holds: "datamap.roster", Kept: "datamap.kept.day", Accessed: true}
	rows := DataMap(Keep{Grace: 30 * day}, other)
	buckets := map[string]bool{}
	for _, r := range rows {
		if r.Stored != (r.Bucket != "") || !r.Accessed || buckets[r.Bucket] && r.Stored {
			t.Errorf("row makes no sense: %+v", r)
		}
		buckets[r.Bucket] = true
		for _, l := range lang.Languages {
			for _, key := range []string{r.Kind, r.Holds, r.Kept} {
				if lang.For(l).Text(key) == key {
					t.Errorf("%s: no sentence %q", l, key)
				}
			}
		}
	}
	for _, b := range declared() {
		if !buckets[b.name] {
			t.Errorf("bucket %s is not in the data map", b.name)
		}
	}
	if diff := cmp.Diff(other, rows[len(rows)-1]); diff != "" {
		t.Errorf("what others declare (-want +got):\n%s", diff)
	}
}

func TestFileHoldsWhatTheMapSays(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	use(t, db)
	raw, err := os.ReadFile(db.bolt.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{"Knows the shoals", "19:lab@thread.example", "activity-3"} {
		if !bytes.Contains(raw, []byte(there)) {
			t.Errorf("%q is not in the file", there)
		}
	}
	for _, never := range []string{"secret-conversation", "activity-1", "activity-2"} {
		if bytes.Contains(raw, []byte(never)) {
			t.Errorf("%q is in the file", never)
		}
	}
	err = db.read(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		for bucket, want := range map[string]bool{bucketContacts: true, bucketChanges: true, bucketTrash: true, bucketHistory: false,
			bucketTrashTimes: false, bucketDeeds: false, bucketBooks: false, bucketBookIndex: false, bucketMarks: false} {
			holds := false
			err := tb.Bucket([]byte(bucket)).ForEach(func(_, v []byte) error {
				holds = holds || bytes.Contains(v, []byte("Knows the shoals"))
				return nil
			})
			if err != nil || holds != want {
				t.Errorf("bucket %s holds what contacts say: %v, want %v (%v)", bucket, holds, want, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A tenant is one bucket: when it is gone and the file is copied without free pages, nothing of it is left.
func TestTenantIsOneBucket(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	use(t, db)
	if _, err := db.Contacts().Apply(t.Context(), south, added("c1", contact.Record{Name: "Odo Brandt"})); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		db.Turns().Settle(t.Context(), "app|19:sales@thread.example|activity-3"),
		db.update(t.Context(), "test", func(tx *work) error { return tx.Bucket([]byte(bucketTenants)).DeleteBucket([]byte(north)) }))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "compact.db")
	small, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bbolt.Compact(small, db.bolt, 0), small.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{string(north), "Person 1", "ferry.example", "sales@thread.example", "ines\x00"} {
		if bytes.Contains(raw, []byte(gone)) {
			t.Errorf("%q is still in the file", gone)
		}
	}
	if !bytes.Contains(raw, []byte("Odo Brandt")) {
		t.Error("the other tenant is gone too")
	}
}

func TestAnswersAreKeptForADay(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	start := *clock
	mark := func(key string) {
		t.Helper()
		if err := db.Turns().MarkAnswered(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		mark(fmt.Sprint("old", i))
	}
	for _, row := range []struct {
		after time.Duration
		want  bool
	}{{23 * time.Hour, true}, {24*time.Hour - 1, true}, {24 * time.Hour, false}} {
		*clock = start.Add(row.after)
		if got, err := db.Turns().Answered(t.Context(), "old7"); got != row.want || err != nil {
			t.Errorf("after %s: %v %v, want %v", row.after, got, err, row.want)
		}
	}
	mark("old99") // again, when it was forgotten
	for i := range 5 {
		mark(fmt.Sprint("new", i))
	}
	if entries, ages := count(t, db, bucketAnswered), count(t, db, bucketAnsweredTimes); entries != 6 || ages != 6 {
		t.Errorf("%d entries and %d ages are left, want 6", entries, ages)
	}
	if got, err := db.Turns().Answered(t.Context(), "old99"); !got || err != nil {
		t.Errorf("the one answered again: %v %v", got, err)
	}
}

func count(t *testing.T, db *DB, bucket string) (n int) {
	t.Helper()
	err := db.view(t.Context(), "test", func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDeedsAreKeptForAWeek(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	c := added("c1", contact.Record{Name: "Marta Quell"})
	c.Deed.Key = "deed"
	first, err := db.Contacts().Apply(t.Context(), north, c)
	if err != nil || first.ID == "" || !first.At.Equal(*clock) {
		t.Fatalf("id and time were not filled in: %+v %v", first, err)
	}
	*clock = clock.Add(7*24*time.Hour - 1)
	if again, err := db.Contacts().Apply(t.Context(), north, c); err != nil || again.ID != first.ID {
		t.Errorf("within the week: %v %v", again.ID, err)
	}
	*clock = clock.Add(1)
	if _, err := db.Contacts().Apply(t.Context(), north, c); !fault.Is(err, fault.Stale) {
		t.Errorf("after the week the deed is a new one, on a contact that is there: %v", err)
	}
}

func TestRepetitionWritesNothing(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	use(t, db)
	ctx, before := t.Context(), txID(t, db)
	c := added("c1", busy(1))
	c.Deed.Key = "app|19:secret-conversation|activity-1"
	_, err := db.Contacts().Apply(ctx, north, c)
	err = errors.Join(err,
		db.Turns().MarkAnswered(ctx, "app|19:secret-conversation|activity-2"),
		db.Books().Meet(ctx, north, "ines", "19:sales@thread.example"),
		db.Marks().Mark(ctx, north, "ines", func(m *contact.Marked) error { m.Recent[0] = "c1"; return nil }),
		db.Conversations().Remember(ctx, north, identity.Reference{Conversation: "19:sales@thread.example", App: "app", ServiceURL: "https://smba.example/"}),
		db.Conversations().Forget(ctx, north, "19:never@thread.example", "app"))
	if err != nil || txID(t, db) != before {
		t.Errorf("%d transactions were written, %v", txID(t, db)-before, err)
	}
}

func txID(t *testing.T, db *DB) (id int) {
	t.Helper()
	if err := db.view(t.Context(), "test", func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	for i := range 30 {
		err := db.Marks().Mark(t.Context(), north, "ines", func(m *contact.Marked) error {
			m.Recent = append(m.Recent, contact.ID(fmt.Sprint("c", i)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Marks().Marked(t.Context(), north, "ines")
	if err != nil || len(got.Recent) != 20 || got.Recent[0] != "c10" || got.Recent[19] != "c29" {
		t.Errorf("got %v %v", got.Recent, err)
	}
}

func TestHostileIDsAreRefused(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	book := contact.Book{ID: "b", Kind: contact.ConversationBook, Name: "n", Home: "home", Version: 1}
	for _, bad := range []string{"", "a\x00b", strings.Repeat("x", maxID+1)} {
		byID, shared, owned, homed := book, book, book, book
		byID.ID = contact.BookID(bad)
		shared.Shares = []contact.Share{{With: identity.Conversation(bad)}}
		owned.Owners = []identity.Person{identity.Person(bad)}
		homed.Home = identity.Conversation(bad)
		c := added(bad, contact.Record{Name: "Marta Quell"})
		_, applied := db.Contacts().Apply(ctx, north, c)
		_, elsewhere := db.Contacts().Apply(ctx, identity.Tenant(bad), added("c1", contact.Record{Name: "Marta Quell"}))
		for what, err := range map[string]error{
			"contact":          applied,
			"tenant":           elsewhere,
			"book":             db.Books().SaveBook(ctx, north, byID),
			"share":            db.Books().SaveBook(ctx, north, shared),
			"owner":            db.Books().SaveBook(ctx, north, owned),
			"home":             db.Books().SaveBook(ctx, north, homed),
			"person met":       db.Books().Meet(ctx, north, identity.Person(bad), "19:x"),
			"place met":        db.Books().Meet(ctx, north, "ines", identity.Conversation(bad)),
			"person of marks":  db.Marks().Mark(ctx, north, identity.Person(bad), func(*contact.Marked) error { return nil }),
			"conversation":     db.Conversations().Remember(ctx, north, identity.Reference{Conversation: identity.Conversation(bad), App: "app"}),
			"app":              db.Conversations().Remember(ctx, north, identity.Reference{Conversation: "19:x", App: bad}),
			"nothing to owe":   db.Turns().Owe(ctx, identity.Owed{}),
			"too much to owe":  db.Turns().Owe(ctx, identity.Owed{Key: strings.Repeat("k", maxTurnKey+1)}),
			"unknown act":      onlyErr(db.Contacts().Apply(ctx, north, contact.Change{Act: "burnt", Contact: "c", Book: "b", Version: 1})),
			"added nothing":    onlyErr(db.Contacts().Apply(ctx, north, contact.Change{Act: contact.Added, Contact: "c", Book: "b", Version: 1})),
			"a too long value": onlyErr(db.Contacts().Apply(ctx, north, added("long", contact.Record{Notes: strings.Repeat("n", maxValue)}))),
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

func onlyErr(_ contact.Change, err error) error { return err }

func TestEndedContextDoesNothing(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := db.Contacts().Contacts(ctx, north, []contact.ID{"c1"})
	for what, err := range map[string]error{
		"read":  err,
		"write": db.Turns().MarkAnswered(ctx, "key"),
		"each":  db.Contacts().Each(ctx, north, func(contact.Contact) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "store.") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	var won sync.Map
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				c := added(fmt.Sprint("c", i), busy(g))
				if _, err := db.Contacts().Apply(ctx, north, c); err == nil {
					if _, twice := won.LoadOrStore(i, g); twice {
						t.Errorf("c%d was added twice", i)
					}
				} else if !fault.Is(err, fault.Stale) {
					t.Error(err)
				}
				if err := db.Contacts().Each(ctx, north, func(contact.Contact) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	if err := db.Contacts().Each(ctx, north, func(contact.Contact) error { n++; return nil }); err != nil || n != 20 {
		t.Errorf("%d contacts, %v", n, err)
	}
}

func TestEachReadsPageAfterPage(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	const n = 2*pageLength + 1
	err := db.share(t.Context(), "fill", north, func(s *shared) error {
		for i := range n {
			w := writer{op: "fill", shared: s, change: added(fmt.Sprint("c", i), contact.Record{Name: "Marta Quell"})}
			w.change.ID = contact.ChangeID(fmt.Sprint(i))
			if _, err := w.apply(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[contact.ID]bool{}
	err = db.Contacts().Each(t.Context(), north, func(c contact.Contact) error {
		seen[c.ID] = true
		return db.Turns().MarkAnswered(t.Context(), string(c.ID[:2])) // writing meanwhile waits for nothing
	})
	if err != nil || len(seen) != n {
		t.Errorf("%d of %d contacts, %v", len(seen), n, err)
	}

	err = db.update(t.Context(), "test", func(tx *work) error {
		b := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(north)).Bucket([]byte(bucketContacts))
		return b.Put([]byte("c7"), []byte(`{"book":`))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Contacts().Each(t.Context(), north, func(contact.Contact) error { return nil })
	_, one := db.Contacts().Contacts(t.Context(), north, []contact.ID{"c7"})
	if fault.KindOf(err) != fault.Internal || fault.KindOf(one) != fault.Internal {
		t.Errorf("a value that cannot be read: %v, %v", err, one)
	}
}
