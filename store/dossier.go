package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Dossier writes all that is known of a person as one JSON object, with a section for each kind of data, and enters in the
// audit log that this was done. It gives how many entries each section has, in the order in which they were written. Contacts
// about the person are found as an erasing with Whom.Contacts finds them. What is said is the state of one moment.
func (s *Leavers) Dossier(ctx context.Context, t identity.Tenant, w contact.Whom, out io.Writer) (counts []contact.Removal, err error) {
	const op = "store.Dossier"
	if err := checkIDs(op, string(t), string(w.Person)); err != nil {
		return nil, err
	}
	err = s.db.view(ctx, op, func(tx *bbolt.Tx) error {
		tb := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(t))
		if tb == nil {
			return fault.New(fault.NotFound, op, "")
		}
		counts, err = writeDossier(ctx, out, tb, t, w, s.db.now().UTC())
		return err
	})
	if err != nil {
		return counts, err
	}
	return counts, s.db.share(ctx, op, t, func(sh *shared) error {
		return sh.audited(audit.Entry{At: s.db.now(), Surface: "command", Act: audit.PersonExported, Subject: audit.TenantSubject})
	})
}

// dossier is the file that is being written.
type dossier struct {
	*leaverPortion
	ctx    context.Context
	out    io.Writer
	tenant *bbolt.Bucket
	items  int // of the section
	err    error
}

// section is a part of a dossier: what it is called, the bucket it comes from, and what of an entry is told. nil stands for
// nothing.
type section struct {
	name   string
	bucket string
	tell   func(d *dossier, k, v []byte) (any, error)
}

// sections are the parts of a dossier, in their order.
func sections() []section {
	return []section{
		{"profile", bucketProfiles, entire},
		{"sign_ins", bucketTokens, (*dossier).signIn},
		{"books", bucketBooks, (*dossier).ownedBook},
		{"places_where_you_use_books", bucketMeetings, entire},
		{"favourites_recent_and_filters", bucketMarks, entire},
		{"contacts_you_wrote", bucketContacts, (*dossier).written},
		{"contacts_about_you", bucketContacts, (*dossier).aboutYou},
		{"deleted_contacts_about_you", bucketTrash, (*dossier).deletedAboutYou},
		{"changes_you_made", bucketChanges, (*dossier).madeChange},
		{"imports_you_made", bucketImports, entire},
		{"conversations_where_you_added_the_app", bucketConversations, entire},
		{"settings_you_decided", bucketConfigurations, entire},
		{"libraries_you_chose", bucketLibraries, entire},
		{"libraries_watched_with_your_sign_in", bucketWatches, entire},
		{"images_you_looked_at", bucketSeen, entire},
		{"images_you_described", bucketImages, entire},
		{"images_you_pinned", bucketPins, (*dossier).ownPins},
		{"images_you_saved", bucketSaves, entire},
		{"batches_of_images_you_made", bucketBatches, entire},
		{"presets_you_made", bucketPresets, entire},
		{"announcements_you_made", bucketAnnouncements, entire},
		{"announcements_you_have_seen", bucketAcknowledged, (*dossier).acknowledged},
		{"notices_to_you", bucketNotices, entire},
		{"announcements_to_you", bucketSheets, (*dossier).copies},
		{"events_you_caused", bucketEvents, entire},
		{"audit_log", bucketAudit, (*dossier).audited},
	}
}

func writeDossier(ctx context.Context, out io.Writer, tb *bbolt.Bucket, t identity.Tenant, w contact.Whom, at time.Time) (counts []contact.Removal, err error) {
	r, err := leavingOf(tb, w)
	if err != nil {
		return nil, err
	}
	r.Contacts = true
	d := &dossier{leaverPortion: &leaverPortion{person: string(w.Person)}, ctx: ctx, out: out, tenant: tb}
	d.seek(tb, r)
	d.printf("{\n\"person\": %s,\n\"tenant\": %s,\n\"written\": %s", quoted(string(w.Person)), quoted(string(t)), quoted(at.Format(time.RFC3339)))
	for _, s := range sections() {
		d.section(s)
		counts = append(counts, contact.Removal{Kind: s.name, Erased: d.items})
	}
	d.printf("\n}\n")
	return counts, d.err
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(raw)
}

func (d *dossier) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.out, format, args...)
	}
}

func (d *dossier) section(s section) {
	d.items = 0
	d.printf(",\n%s: [", quoted(s.name))
	if d.err != nil {
		return
	}
	err := d.tenant.Bucket([]byte(s.bucket)).ForEach(func(k, v []byte) error {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		item, err := s.tell(d, k, v)
		if err == nil && item != nil {
			d.item(item)
		}
		if err != nil {
			return err
		}
		return d.err
	})
	if d.err == nil {
		d.err = err
	}
	d.printf("]")
}

func (d *dossier) item(item any) {
	raw, err := json.Marshal(item)
	if err != nil {
		d.err = err
		return
	}
	if d.items++; d.items > 1 {
		d.printf(",")
	}
	d.printf("\n  %s", raw)
}

// named is an entry of a bucket with its key, in which ids are separated by blanks.
type named struct {
	ID     string          `json:"id"`
	Record json.RawMessage `json:"record,omitempty"`
}

// entire tells all of an entry that lies under the person's id or names the person.
func entire(d *dossier, k, v []byte) (any, error) {
	if !d.keyed(k) && !d.in(v) {
		return nil, nil
	}
	n := named{ID: readable(k)}
	if json.Valid(v) {
		n.Record = v
	}
	return n, nil
}

// readable is a key for people.
func readable(k []byte) string {
	for _, c := range k {
		if c != 0 && (c < ' ' || c > '~') {
			return fmt.Sprintf("%x", k)
		}
	}
	return strings.ReplaceAll(string(k), "\x00", " ")
}

func (d *dossier) signIn(k, v []byte) (any, error) {
	if !d.keyed(k) {
		return nil, nil
	}
	var r tokenRecord
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, err
	}
	_, app, _ := strings.Cut(string(k), "\x00")
	return map[string]any{"app": app, "renewed": r.At}, nil
}

func (d *dossier) ownedBook(k, v []byte) (any, error) {
	if !d.in(v) {
		return nil, nil
	}
	var r bookRecord
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, err
	}
	item := map[string]any{"id": string(k), "kind": r.Kind, "name": r.Name, "owner": false}
	for _, owner := range r.Owners {
		item["owner"] = item["owner"] == true || string(owner) == d.person
	}
	if rights, has := r.Rights[d.person]; has {
		item["rights"] = rights
	}
	if r.Created.By == d.person {
		item["made"] = r.Created.At
	}
	return item, nil
}

// copies tells of the announcements on a sheet that went to a chat of the person.
func (d *dossier) copies(k, v []byte) (any, error) {
	if !d.in(v) {
		return nil, nil
	}
	r, ok := read(v, d.words, (*scanner).sheet)
	if !ok {
		return nil, errUnreadable
	}
	key, _, _ := sheetOf(string(k))
	item := map[string]any{"announcement": r.Announcement}
	for i, c := range r.Copies {
		if slices.Contains(d.ids, c.Conversation) {
			item[key.id(i)] = c.Conversation
		}
	}
	return item, nil
}

func (d *dossier) written(k, v []byte) (any, error) {
	if !d.in(v) {
		return nil, nil
	}
	r, ok := read(v, d.words, (*scanner).contact)
	if !ok {
		return nil, errUnreadable
	}
	item := map[string]any{"id": string(k), "book": r.Book}
	if r.Created.By == d.person {
		item["created"] = r.Created.At
	}
	if r.Changed.By == d.person {
		item["changed"] = r.Changed.At
	}
	return item, nil
}

// about is a contact about the person.
type about struct {
	ID       string       `json:"id"`
	Book     string       `json:"book"`
	BookName string       `json:"book_name,omitempty"`
	Contact  detailRecord `json:"contact"`
}

func (d *dossier) tellAbout(id string, r *contactRecord) (any, error) {
	if !d.isAbout(&r.Detail) {
		return nil, nil
	}
	book, _, err := load[bookRecord](d.tenant.Bucket([]byte(bucketBooks)), []byte(r.Book))
	return about{id, r.Book, book.Name, r.Detail}, err
}

func (d *dossier) aboutYou(k, v []byte) (any, error) {
	r, ok := read(v, d.words, (*scanner).contact)
	if !ok {
		return nil, errUnreadable
	}
	return d.tellAbout(string(k), &r.contactRecord)
}

func (d *dossier) deletedAboutYou(k, v []byte) (any, error) {
	r, ok := read(v, d.words, (*scanner).trash)
	if !ok {
		return nil, errUnreadable
	}
	return d.tellAbout(string(k), &r.Contact.contactRecord)
}

// madeChange tells of a change by the person that it was made; what it says is about others.
func (d *dossier) madeChange(k, v []byte) (any, error) {
	if !d.in(v) {
		return nil, nil
	}
	r, ok := read(v, d.words, (*scanner).change)
	if !ok || r.By != d.person {
		return nil, nil
	}
	return map[string]any{"id": string(k), "act": r.Act, "contact": r.Contact, "book": r.Book, "at": r.At, "surface": r.Surface}, nil
}

func (d *dossier) ownPins(k, v []byte) (any, error) {
	if !d.in(v) && !d.keyed(k) {
		return nil, nil
	}
	var r pinsRecord
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, err
	}
	own := []pinRecord{}
	for _, p := range r.Pins {
		if p.By == d.person || d.keyed(k) {
			own = append(own, p)
		}
	}
	return map[string]any{"conversation": string(k), "pins": own}, nil
}

func (d *dossier) acknowledged(k, v []byte) (any, error) {
	if !d.keyed(k) || len(v) < 8 {
		return nil, nil
	}
	announcement, _, _ := strings.Cut(string(k), "\x00")
	return map[string]any{"announcement": announcement, "at": timeOf(v)}, nil
}

func (d *dossier) audited(k, v []byte) (any, error) {
	var r auditRecord
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, err
	}
	if whose(d.tenant, r.By) != d.person {
		return nil, nil
	}
	return map[string]any{"number": numberOf(k), "at": r.At, "act": r.Act, "surface": r.Surface, "subject": whose(d.tenant, r.Subject)}, nil
}
