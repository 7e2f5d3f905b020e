package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// A person who uses everything, and is written about.
const (
	zoe      = identity.Person("0d9a7c11-5e0f-4b1c-9a77-00000000a001")
	otto     = identity.Person("0d9a7c11-5e0f-4b1c-9a77-00000000b002")
	zoeChat  = identity.Conversation("a:1zoe-Quarrel-and-the-bot-alone")
	zoeMail  = "zoe.quarrel@north.example"
	zoeName  = "Zoë & <Quarrel>"
	zoePhone = "+1 (202) 555-0142"
)

// aboutZoe is a contact about her.
func aboutZoe(mail string) contact.Record {
	return contact.Record{Kind: contact.Person, Name: zoeName, Emails: []string{mail}, Phones: []contact.Phone{{Label: contact.Mobile, Number: zoePhone, E164: "+12025550142"}}}
}

// booksOf are the use cases over a store.
func booksOf(db *DB) *contact.Books {
	return contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Leavers: db.Leavers(),
		Marks: db.Marks(), Index: contact.NewIndex(), Now: db.now})
}

// live lets Zoë use everything, beside Otto.
func live(t testing.TB, db *DB) {
	t.Helper()
	ctx, at := context.Background(), db.now()
	wants := wishes(sales)
	wants.At, wants.By, wants.Settings.Wishes.Kinds = at, zoe, []notice.Kind{notice.ContactAdded, notice.ContactChanged, notice.ImageSaved, notice.ImagePinned}
	own := configuration.Kept{Conversation: zoeChat, By: zoe, At: at, Version: 1, Settings: configuration.Settings{Language: "fr"}}
	plan, err := image.Parse("resize 800 | webp")
	preset := image.OwnPreset{Preset: image.Preset{Name: "Hers", Plan: plan}, By: zoe, Home: sales}
	batch := testBatch("00000000000000aazoe", at, image.BatchDone)
	batch.Person, batch.Where = zoe, identity.Reference{Conversation: zoeChat, Place: identity.Personal, App: "app", Installer: zoe}
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(err,
		db.Configurations().Save(ctx, north, wants, "dialog"), db.Configurations().Save(ctx, north, own, "dialog"),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "hers", Kind: contact.PersonalBook, Owners: []identity.Person{zoe}, Version: 1, Created: contact.Stamp{At: at, By: zoe}}),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "both", Kind: contact.ConversationBook, Home: sales, Owners: []identity.Person{otto, zoe}, Version: 1,
			Rights: map[identity.Person]contact.Rights{zoe: {Read: true}, otto: {Read: true}}, Created: contact.Stamp{At: at, By: zoe}}),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "alone", Kind: contact.ConversationBook, Home: quay, Owners: []identity.Person{zoe}, Version: 1}),
		db.Books().SaveBook(ctx, north, contact.Book{ID: "alone", Kind: contact.ConversationBook, Name: "Quay", Home: quay, Owners: []identity.Person{zoe}, Version: 2,
			Changed: contact.Stamp{At: at, By: zoe}}),
		db.Books().Meet(ctx, north, zoe, sales), db.Books().Meet(ctx, north, otto, sales),
		db.Conversations().Remember(ctx, north, identity.Reference{Conversation: sales, App: "app", ServiceURL: "https://smba.example/", Installer: zoe}),
		db.Conversations().Remember(ctx, north, identity.Reference{Conversation: zoeChat, Place: identity.Personal, App: "app", ServiceURL: "https://smba.example/", Installer: zoe}),
		db.Turns().Owe(ctx, identity.Owed{Key: "app|" + string(zoeChat) + "|1", Tenant: north, Reference: identity.Reference{Conversation: zoeChat, App: "app", Installer: zoe}, Thread: string(zoeChat)}),
		db.Tokens().Keep(ctx, north, zoe, "app", []byte("sealed")),
		db.Profiles().KeepProfile(ctx, north, identity.Profile{Person: zoe, Name: zoeName, Mail: zoeMail, Read: at}),
		db.Libraries().ChangeLibrary(ctx, north, sales, func(c *image.Choice) error {
			c.Folder, c.By, c.At = image.ItemRef{Drive: "b!drive", Item: "01F"}, zoe, at
			return nil
		}),
		db.Seen().See(ctx, north, zoe, wharf),
		db.Captions().SetProperties(ctx, north, wharf, image.Properties{Title: "The wharf", By: zoe, At: at}),
		db.Saves().KeepSave(ctx, north, "deed", image.Intent{Into: wharf, Saved: wharf, Conversation: sales, By: zoe, At: at}),
		db.Pins().ChangePins(ctx, north, sales, func([]image.Pin) ([]image.Pin, error) {
			return []image.Pin{{Ref: wharf, By: zoe, At: at}, {Ref: image.ItemRef{Drive: "b!drive", Item: "02"}, By: otto, At: at}}, nil
		}),
		db.Presets().ChangePreset(ctx, north, preset.Key(), func(*image.OwnPreset, int) (*image.OwnPreset, error) { return &preset, nil }),
		db.Batches().AddBatch(ctx, batch),
		db.Watches().Advance(ctx, north, sales, "", image.Watch{By: zoe, Token: "1", At: at}, nil),
		db.Outbox().Add(ctx, []notice.Notice{{Tenant: north, ID: "to-her", Person: zoe, Place: notice.Place{Product: "contact"}, Op: notice.Post, Due: at}}))
	liveWithContacts(t, db)
	events, err := db.Outbox().Events(ctx, nil, 1)
	must(err, db.Outbox().Sort(ctx, north, []notice.Sorted{{Number: events[0].Number, To: []notice.Dated{{Place: notice.Place{Conversation: sales, Product: "contact"}, Due: at.Add(time.Hour)}}}}))
	_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", Product: "contact", By: zoe, At: at, Text: "The quay is closed", Version: 1}, []notice.Notice{post("n1", sales, at)})
	_, together := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a2", Product: "contact", By: zoe, At: at, Text: "The quay is open", Version: 1},
		inRow(notice.NewID(at), at, quay, zoeChat, sales))
	_, seen := db.Announcements().Acknowledge(ctx, north, "a1", zoe, at)
	_, others := db.Announcements().Acknowledge(ctx, north, "a1", otto, at)
	must(announced, together, seen, others)
}

// liveWithContacts lets both write contacts, some of them about Zoë.
func liveWithContacts(t testing.TB, db *DB) {
	t.Helper()
	ctx := context.Background()
	record := func(r contact.Record) *contact.Record { return &r }
	for i, c := range []contact.Change{
		{Act: contact.Added, Contact: "own", Book: "hers", Version: 1, By: zoe, After: record(busy(1))},
		{Act: contact.Added, Contact: "c1", Book: "both", Version: 1, By: zoe, After: record(busy(2))},
		{Act: contact.Edited, Contact: "c1", Book: "both", Version: 2, By: otto, After: record(busy(3))},
		{Act: contact.Added, Contact: "c2", Book: "both", Version: 1, By: otto, After: record(busy(4))},
		{Act: contact.Deleted, Contact: "c2", Book: "both", Version: 2, By: zoe},
		{Act: contact.Added, Contact: "about1", Book: "both", Version: 1, By: otto, After: record(aboutZoe("ZOE.quarrel@north.example"))},
		{Act: contact.Edited, Contact: "about1", Book: "both", Version: 2, By: otto, After: record(aboutZoe(zoeMail))},
		{Act: contact.Added, Contact: "about2", Book: "both", Version: 1, By: otto, After: record(aboutZoe("private@elsewhere.example"))},
		{Act: contact.Deleted, Contact: "about2", Book: "both", Version: 2, By: otto},
		{Act: contact.Added, Contact: "was", Book: "both", Version: 1, By: otto, After: record(aboutZoe(zoeMail))},
		{Act: contact.Edited, Contact: "was", Book: "both", Version: 2, By: otto, After: record(busy(5))},
		{Act: contact.Edited, Contact: "was", Book: "both", Version: 3, By: otto, After: record(busy(6))},
	} {
		c.Deed = identity.Deed{Key: fmt.Sprint("deed ", i), Surface: "dialog"}
		if _, err := db.Contacts().Apply(ctx, north, c); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(
		db.Marks().Mark(ctx, north, zoe, func(m *contact.Marked) error { m.Favourites = []contact.ID{"c1"}; return nil }),
		db.Marks().Mark(ctx, north, otto, func(m *contact.Marked) error {
			m.Favourites, m.Recent = []contact.ID{"about1", "c1"}, []contact.ID{"about2"}
			m.Filters = []contact.Filter{{Name: "Her", Query: "mail:" + zoeMail}, {Name: "Ferry", Query: "ferry"}}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
}

// forms are the ways in which a text may stand in a file.
func forms(text string) []string {
	raw, _ := json.Marshal(text)
	all := []string{text, strings.Trim(string(raw), `"`), strings.Trim(strconv.QuoteToASCII(text), `"`), html.EscapeString(text), strings.ToLower(text)}
	slices.Sort(all)
	return slices.Compact(all)
}

// holding lists the texts that stand in bytes.
func holding(raw []byte, texts ...string) (found []string) {
	for _, text := range texts {
		for _, form := range forms(text) {
			if bytes.Contains(raw, []byte(form)) {
				found = append(found, form)
			}
		}
	}
	return found
}

// compactBytes gives the bytes of a file without its free room.
func compactBytes(t testing.TB, db *DB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "compact.db")
	if err := db.Compact(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

var hers = []string{string(zoe), string(zoeChat), zoeMail, zoeName, zoePhone, "12025550142", "private@elsewhere.example"}

func TestErasedPersonLeavesNoByte(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	live(t, db)
	ctx, books := t.Context(), booksOf(db)
	if found := holding(compactBytes(t, db), hers...); len(found) < len(hers) {
		t.Fatalf("before: only %q are in the file", found)
	}
	whom := contact.Whom{Person: zoe, Phones: []string{zoePhone}, Contacts: true}
	would, err := books.CountPerson(ctx, north, whom)
	if err != nil {
		t.Fatal(err)
	}
	did, err := books.ErasePerson(ctx, north, whom)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range hers {
		for _, form := range forms(text) {
			if found := holders(t, db, form); len(found) > 0 {
				t.Errorf("%q is still in %v", form, found)
			}
		}
	}
	if found := holding(compactBytes(t, db), hers...); len(found) > 0 {
		t.Errorf("after: %q are in the file", found)
	}
	if err := db.Audit().Verify(ctx, north); err != nil {
		t.Error(err)
	}
	if !slices.Equal(did.Ownerless, []contact.BookID{"alone"}) || !slices.Equal(did.Books, []contact.BookID{"hers"}) {
		t.Errorf("books: %+v", did)
	}
	checkStays(t, db)
	t.Logf("would: %+v\ndid: %+v", would.Removals, did.Removals)
	again, err := books.ErasePerson(ctx, north, whom)
	if err != nil || len(again.Removals) > 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// checkStays looks for what is not Zoë's.
func checkStays(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	found, err := db.Contacts().Contacts(ctx, north, []contact.ID{"own", "c1", "about1", "about2", "was"})
	if err != nil || len(found) != 2 || found[0].ID != "c1" || found[1].ID != "was" || found[0].Created.By == "" || found[0].Changed.By != otto {
		t.Errorf("contacts: %+v, %v", found, err)
	}
	history, err := db.Contacts().History(ctx, north, "was", 10)
	if err != nil || len(history) != 1 || history[0].Version != 3 {
		t.Errorf("of a contact that was about her once: %+v, %v", history, err)
	}
	marked, err := db.Marks().Marked(ctx, north, otto)
	if err != nil || !slices.Equal(marked.Favourites, []contact.ID{"c1"}) || len(marked.Recent) != 0 || len(marked.Filters) != 1 {
		t.Errorf("marks of another: %+v, %v", marked, err)
	}
	both, err := db.Books().Book(ctx, north, "both")
	if err != nil || !slices.Equal(both.Owners, []identity.Person{otto}) || len(both.Rights) != 1 || !strings.HasPrefix(string(both.Created.By), pseudonymMark) {
		t.Errorf("a book of both: %+v, %v", both, err)
	}
	pins, err := db.Pins().Pins(ctx, north, sales)
	if err != nil || len(pins) != 2 || !strings.HasPrefix(string(pins[0].By), pseudonymMark) || pins[1].By != otto {
		t.Errorf("pins: %+v, %v", pins, err)
	}
	if n, _ := db.Outbox().Waiting(ctx); n != 3 {
		t.Errorf("%d notices wait, want those of the announcements to others", n)
	}
	a, err := db.Announcements().Announcement(ctx, north, "a1")
	if err != nil || a.Seen != 1 || a.Text == "" {
		t.Errorf("announcement: %+v, %v", a, err)
	}
	owing, err := db.Turns().Owing(ctx)
	if err != nil || len(owing) != 0 {
		t.Errorf("owed: %+v, %v", owing, err)
	}
}

// Whatever portion an erasing is cut off at, the next one goes on.
func TestErasingOfAPersonGoesOn(t *testing.T) {
	t.Parallel()
	for cut := range 30 {
		db, _ := openWith(t)
		live(t, db)
		ctx, whom := t.Context(), contact.Whom{Person: zoe, Phones: []string{zoePhone}, Contacts: true}
		if _, _, err := db.Leavers().Leave(ctx, north, whom); err != nil {
			t.Fatal(err)
		}
		from := ""
		for range cut {
			p, err := db.Leavers().EraseOf(ctx, north, zoe, from)
			if err != nil {
				t.Fatal(err)
			}
			if from = p.Next; from == "" {
				break
			}
		}
		n, err := booksOf(db).ResumeErasing(ctx, north)
		if err != nil || n != 1 {
			t.Fatalf("after %d portions: %d, %v", cut, n, err)
		}
		if found := holding(compactBytes(t, db), hers...); len(found) > 0 {
			t.Errorf("after %d portions: %q are in the file", cut, found)
		}
	}
}

// Without --contacts, what others wrote about a person is theirs.
func TestContactsAboutAPersonStay(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	live(t, db)
	if _, err := booksOf(db).ErasePerson(t.Context(), north, contact.Whom{Person: zoe}); err != nil {
		t.Fatal(err)
	}
	found, err := db.Contacts().Contacts(t.Context(), north, []contact.ID{"about1", "was", "c1"})
	if err != nil || len(found) != 3 {
		t.Errorf("contacts: %+v, %v", found, err)
	}
	raw := compactBytes(t, db)
	if left := holding(raw, string(zoe), string(zoeChat)); len(left) > 0 {
		t.Errorf("%q are in the file", left)
	}
	if left := holding(raw, zoeMail); len(left) == 0 {
		t.Error("the contacts about her are gone")
	}
}

// Every bucket of a tenant is looked through when a person is erased, or it is said why it need not be.
func TestEveryBucketIsErasedFrom(t *testing.T) {
	t.Parallel()
	why := map[string]string{bucketJournal: "ids of changes", bucketHistory: "goes with changes", bucketTrashTimes: "goes with the trash", bucketBookIndex: "goes with books",
		bucketWanted: "kinds", bucketDue: "goes with notices", bucketNoticeKeys: "fingerprints", bucketNoticeKeyTimes: "fingerprints", bucketCopies: "goes with notices",
		bucketCourses: "goes with sheets", bucketDeedTimes: "goes with deeds", bucketPseudonyms: "goes at the end"}
	looked := map[string]bool{}
	for _, s := range leaverSteps() {
		looked[s.bucket] = true
	}
	for _, b := range declared() {
		if b.tenant && !looked[b.name] && why[b.name] == "" {
			t.Errorf("bucket %s is not looked through", b.name)
		}
	}
}

// Files about a person that wait to be imported go, and so does what was said of a row that could not be read.
func TestImportsAboutAPerson(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	pack := func(name, mail string) []byte {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, `{"number":2,"fields":["name"],"record":{"name":"Odo Brandt"}}`+"\n"+`{"number":3,"record":{"name":%q,"emails":[%q]}}`+"\n", name, mail)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return packed.Bytes()
	}
	err := db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		imports, rows := tb.Bucket([]byte(bucketImports)), tb.Bucket([]byte(bucketImportRows))
		return errors.Join(
			imports.Put([]byte("about"), []byte(`{"by":"x","state":"ready"}`)), rows.Put(append(under("about"), numberKey(0)...), pack(zoeName, zoeMail)),
			imports.Put([]byte("bad"), []byte(`{"by":"x","bad":[{"number":2,"args":["Mail","Zoe.Quarrel@north.example;"]}]}`)),
			imports.Put([]byte("hers"), []byte(`{"by":"`+string(zoe)+`","where":{"installer":"`+string(zoe)+`"}}`)), rows.Put(append(under("hers"), numberKey(0)...), pack("Ines Prata", "ines@north.example")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := booksOf(db).ErasePerson(t.Context(), north, contact.Whom{Person: zoe, Mails: []string{zoeMail}, Contacts: true}); err != nil {
		t.Fatal(err)
	}
	if keys(t, db, bucketImports) != 1 || keys(t, db, bucketImportRows) != 1 || len(holders(t, db, string(zoe))) > 0 {
		t.Errorf("%d imports, %d rows", keys(t, db, bucketImports), keys(t, db, bucketImportRows))
	}
}

func TestDossier(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	live(t, db)
	var out bytes.Buffer
	counts, err := db.Leavers().Dossier(t.Context(), north, contact.Whom{Person: zoe, Phones: []string{zoePhone}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &file); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	empty := []string{"imports_you_made"}
	for _, c := range counts {
		if (c.Erased == 0) != slices.Contains(empty, c.Kind) || file[c.Kind] == nil {
			t.Errorf("section %s has %d entries", c.Kind, c.Erased)
		}
	}
	for _, text := range []string{zoeMail, "12025550142", "configuration-changed", `"app":"app"`} {
		if !bytes.Contains(out.Bytes(), []byte(text)) {
			t.Errorf("%q is not in the file", text)
		}
	}
	for _, text := range []string{"sealed", string(otto), "ferry.example", pseudonymMark} {
		if bytes.Contains(out.Bytes(), []byte(text)) {
			t.Errorf("%q is in the file", text)
		}
	}
	if entries := auditedOf(t, db, 0, 100); entries[len(entries)-1].Act != "person-exported" {
		t.Errorf("the log ends with %+v", entries[len(entries)-1])
	}
}

// Logs of the schema before named people; they get pseudonyms and stay whole. One that somebody touched stays as it is.
func TestAuditLogIsRenewed(t *testing.T) {
	t.Parallel()
	for _, touched := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "teamspro.db")
		db := openAt(t, path)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		old, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = old.Update(func(tx *bbolt.Tx) error {
			tb, err := tenantBucket(tx, north)
			if err != nil {
				return err
			}
			b, prev := tb.Bucket([]byte(bucketAudit)), ""
			for n := uint64(1); n <= 4; n++ {
				r := auditRecord{At: time.Unix(int64(n), 0).UTC(), By: string(zoe), Act: "book-configured", Subject: "b", Prev: prev}
				r.Hash, _ = r.sum(n)
				if prev = r.Hash; touched && n == 2 {
					r.By = string(otto)
				}
				if err := save(b, "test", numberKey(n), r); err != nil {
					return err
				}
			}
			return errors.Join(b.SetSequence(4), tb.DeleteBucket([]byte(bucketPseudonyms)), tx.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), []byte("5")))
		})
		if err := errors.Join(err, old.Close()); err != nil {
			t.Fatal(err)
		}
		db = openAt(t, path)
		entries := auditedOf(t, db, 0, 10)
		err = db.Audit().Verify(t.Context(), north)
		var broken *BrokenError
		if touched && (!errors.As(err, &broken) || broken.Number != 2 || len(entries) != 4) {
			t.Errorf("a log that was touched: %v, %+v", err, entries)
		}
		if !touched && (err != nil || len(entries) != 5 || entries[0].By != zoe || entries[4].Act != "log-renewed") {
			t.Errorf("a whole log: %v, %+v", err, entries)
		}
		if _, err := booksOf(db).ErasePerson(t.Context(), north, contact.Whom{Person: zoe}); err != nil {
			t.Fatal(err)
		}
		if found := holding(compactBytes(t, db), string(zoe)); len(found) > 0 {
			t.Errorf("%q are in the file", found)
		}
	}
}
