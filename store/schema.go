package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"
)

// The buckets, as the package comment describes them.
const (
	bucketMeta          = "meta"
	bucketAnswered      = "answered"
	bucketAnsweredTimes = "answeredtimes"
	bucketOwed          = "owed"
	bucketTenants       = "tenants"

	bucketContacts      = "contacts"
	bucketChanges       = "changes"
	bucketJournal       = "journal"
	bucketHistory       = "history"
	bucketTrash         = "trash"
	bucketTrashTimes    = "trashtimes"
	bucketDeeds         = "deeds"
	bucketDeedTimes     = "deedtimes"
	bucketBooks         = "books"
	bucketBookIndex     = "bookindex"
	bucketMeetings      = "meetings"
	bucketMarks         = "marks"
	bucketConversations = "conversations"

	bucketTokens    = "tokens"
	bucketProfiles  = "profiles"
	bucketLibraries = "libraries"
	bucketImages    = "images"
	bucketSaves     = "saves"
	bucketSeen      = "seen"
	bucketPins      = "pins"
	bucketPresets   = "presets"
	bucketBatches   = "batches"

	bucketConfigurations = "configurations"
	bucketWanted         = "wanted"
	bucketEvents         = "events"
	bucketGatherings     = "gatherings"
	bucketNotices        = "notices"
	bucketNoticeKeys     = "noticekeys"
	bucketNoticeKeyTimes = "noticekeytimes"
	bucketAnnouncements  = "announcements"
	bucketCopies         = "copies"
	bucketAcknowledged   = "acknowledged"
	bucketWatches        = "watches"
	bucketAudit          = "audit"
	bucketDue            = "due"
	bucketSheets         = "sheets"
	bucketCourses        = "courses"

	bucketImports    = "imports"
	bucketImportRows = "importrows"
	bucketApart      = "apart"
	bucketPseudonyms = "pseudonyms"
)

// The keys of bucketMeta.
const (
	metaSchema = "schema"
	metaFile   = "file"
	metaProbe  = "probe"
)

// bucket declares a bucket: where it is, and what it holds in the words of the data map.
type bucket struct {
	name   string
	tenant bool // each tenant has one
	datum  Datum
}

// declared lists every bucket. Files are made from it and the data map is printed from it.
func declared() []bucket {
	return []bucket{
		{bucketContacts, true, Datum{Kind: "datamap.contact", Holds: "datamap.contacts", Personal: true, Kept: "datamap.kept.book"}},
		{bucketChanges, true, Datum{Kind: "datamap.contact", Holds: "datamap.changes", Personal: true, Kept: "datamap.kept.book"}},
		{bucketJournal, true, Datum{Kind: "datamap.contact", Holds: "datamap.journal", Kept: "datamap.kept.recent"}},
		{bucketHistory, true, Datum{Kind: "datamap.contact", Holds: "datamap.history", Kept: "datamap.kept.book"}},
		{bucketTrash, true, Datum{Kind: "datamap.contact", Holds: "datamap.trash", Personal: true, Kept: "datamap.kept.trash"}},
		{bucketTrashTimes, true, Datum{Kind: "datamap.contact", Holds: "datamap.trashtimes", Kept: "datamap.kept.trash"}},
		{bucketBooks, true, Datum{Kind: "datamap.configuration", Holds: "datamap.books", Personal: true, Kept: "datamap.kept.book"}},
		{bucketBookIndex, true, Datum{Kind: "datamap.configuration", Holds: "datamap.bookindex", Personal: true, Kept: "datamap.kept.book"}},
		{bucketConversations, true, Datum{Kind: "datamap.configuration", Holds: "datamap.conversations", Personal: true, Kept: "datamap.kept.installed"}},
		{bucketMeetings, true, Datum{Kind: "datamap.user", Holds: "datamap.meetings", Personal: true, Kept: "datamap.kept.meeting"}},
		{bucketMarks, true, Datum{Kind: "datamap.user", Holds: "datamap.marks", Personal: true, Kept: "datamap.kept.person"}},
		{bucketTokens, true, Datum{Kind: "datamap.user", Holds: "datamap.tokens", Personal: true, Kept: "datamap.kept.signedin"}},
		{bucketProfiles, true, Datum{Kind: "datamap.profile", Holds: "datamap.profiles", Personal: true, Kept: "datamap.kept.active"}},
		{bucketLibraries, true, Datum{Kind: "datamap.imageconfiguration", Holds: "datamap.libraries", Personal: true, Kept: "datamap.kept.grace"}},
		{bucketPresets, true, Datum{Kind: "datamap.imageconfiguration", Holds: "datamap.presets", Personal: true, Kept: "datamap.kept.preset"}},
		{bucketImages, true, Datum{Kind: "datamap.image", Holds: "datamap.images", Personal: true, Kept: "datamap.kept.active"}},
		{bucketPins, true, Datum{Kind: "datamap.image", Holds: "datamap.pins", Personal: true, Kept: "datamap.kept.grace"}},
		{bucketSeen, true, Datum{Kind: "datamap.user", Holds: "datamap.seen", Personal: true, Kept: "datamap.kept.person"}},
		{bucketSaves, true, Datum{Kind: "datamap.operation", Holds: "datamap.saves", Personal: true, Kept: "datamap.kept.days"}},
		{bucketBatches, true, Datum{Kind: "datamap.operation", Holds: "datamap.batches", Personal: true, Kept: "datamap.kept.days"}},
		{bucketConfigurations, true, Datum{Kind: "datamap.configuration", Holds: "datamap.configurations", Personal: true, Kept: "datamap.kept.grace"}},
		{bucketWanted, true, Datum{Kind: "datamap.configuration", Holds: "datamap.wanted", Kept: "datamap.kept.grace"}},
		{bucketWatches, true, Datum{Kind: "datamap.imageconfiguration", Holds: "datamap.watches", Personal: true, Kept: "datamap.kept.watch"}},
		{bucketEvents, true, Datum{Kind: "datamap.notice", Holds: "datamap.events", Personal: true, Kept: "datamap.kept.told"}},
		{bucketGatherings, true, Datum{Kind: "datamap.notice", Holds: "datamap.gatherings", Personal: true, Kept: "datamap.kept.told"}},
		{bucketNotices, true, Datum{Kind: "datamap.notice", Holds: "datamap.notices", Personal: true, Kept: "datamap.kept.days"}},
		{bucketSheets, true, Datum{Kind: "datamap.notice", Holds: "datamap.sheets", Personal: true, Kept: "datamap.kept.days"}},
		{bucketCourses, true, Datum{Kind: "datamap.notice", Holds: "datamap.courses", Kept: "datamap.kept.days"}},
		{bucketDue, true, Datum{Kind: "datamap.notice", Holds: "datamap.due", Kept: "datamap.kept.told"}},
		{bucketNoticeKeys, true, Datum{Kind: "datamap.notice", Holds: "datamap.noticekeys", Kept: "datamap.kept.days"}},
		{bucketNoticeKeyTimes, true, Datum{Kind: "datamap.notice", Holds: "datamap.noticekeytimes", Kept: "datamap.kept.days"}},
		{bucketAnnouncements, true, Datum{Kind: "datamap.notice", Holds: "datamap.announcements", Personal: true, Kept: "datamap.kept.days"}},
		{bucketCopies, true, Datum{Kind: "datamap.notice", Holds: "datamap.posted", Kept: "datamap.kept.days"}},
		{bucketAcknowledged, true, Datum{Kind: "datamap.notice", Holds: "datamap.acknowledged", Personal: true, Kept: "datamap.kept.days"}},
		{bucketImports, true, Datum{Kind: "datamap.operation", Holds: "datamap.imports", Personal: true, Kept: "datamap.kept.undoable"}},
		{bucketImportRows, true, Datum{Kind: "datamap.contact", Holds: "datamap.importrows", Personal: true, Kept: "datamap.kept.imported"}},
		{bucketApart, true, Datum{Kind: "datamap.contact", Holds: "datamap.apart", Kept: "datamap.kept.apart"}},
		{bucketAudit, true, Datum{Kind: "datamap.audit", Holds: "datamap.audited", Personal: true, Kept: "datamap.kept.active"}},
		{bucketPseudonyms, true, Datum{Kind: "datamap.audit", Holds: "datamap.pseudonyms", Personal: true, Kept: "datamap.kept.person"}},
		{bucketDeeds, true, Datum{Kind: "datamap.operation", Holds: "datamap.deeds", Kept: "datamap.kept.days"}},
		{bucketDeedTimes, true, Datum{Kind: "datamap.operation", Holds: "datamap.deedtimes", Kept: "datamap.kept.days"}},
		{bucketAnswered, false, Datum{Kind: "datamap.operation", Holds: "datamap.answered", Kept: "datamap.kept.day"}},
		{bucketAnsweredTimes, false, Datum{Kind: "datamap.operation", Holds: "datamap.answeredtimes", Kept: "datamap.kept.day"}},
		{bucketOwed, false, Datum{Kind: "datamap.operation", Holds: "datamap.owed", Personal: true, Kept: "datamap.kept.delivered"}},
		{bucketTenants, false, Datum{Kind: "datamap.operation", Holds: "datamap.tenants", Kept: "datamap.kept.active"}},
		{bucketMeta, false, Datum{Kind: "datamap.operation", Holds: "datamap.meta", Kept: "datamap.kept.file"}},
	}
}

// create makes the declared buckets of one level, those of a tenant in the tenant's bucket.
func create(in interface {
	CreateBucketIfNotExists(name []byte) (*bbolt.Bucket, error)
}, tenant bool) error {
	for _, b := range declared() {
		if b.tenant != tenant {
			continue
		}
		if _, err := in.CreateBucketIfNotExists([]byte(b.name)); err != nil {
			return fmt.Errorf("bucket %s: %w", b.name, err)
		}
	}
	return nil
}

// step brings a file from the schema before it to its own.
type step func(*bbolt.Tx) error

// steps are the migrations: step i makes schema i+1. Append only; a step that was released never changes.
// A step that adds a bucket of tenants makes it in every bucket of bucketTenants.
func steps() []step {
	return []step{firstSchema, journalSchema, imageSchema, noticeSchema, importSchema, pseudonymSchema, sheetSchema}
}

func firstSchema(tx *bbolt.Tx) error {
	if err := create(tx, false); err != nil {
		return err
	}
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(metaFile), []byte(rand.Text()))
}

// imageSchema adds what Image Pro and sign-in keep.
func imageSchema(tx *bbolt.Tx) error {
	return addToTenants(tx, bucketTokens, bucketProfiles, bucketLibraries, bucketImages, bucketSaves, bucketSeen, bucketPins, bucketPresets, bucketBatches)
}

// noticeSchema adds configurations, notices and the audit log.
func noticeSchema(tx *bbolt.Tx) error {
	return addToTenants(tx, bucketConfigurations, bucketWanted, bucketEvents, bucketGatherings, bucketNotices, bucketDue, bucketNoticeKeys,
		bucketNoticeKeyTimes, bucketAnnouncements, bucketCopies, bucketAcknowledged, bucketWatches, bucketAudit)
}

// importSchema adds imports and what was said about duplicates.
func importSchema(tx *bbolt.Tx) error {
	return addToTenants(tx, bucketImports, bucketImportRows, bucketApart)
}

// sheetSchema adds what notices are kept in that were made together. Those that are there stay as they are.
func sheetSchema(tx *bbolt.Tx) error {
	return addToTenants(tx, bucketSheets, bucketCourses)
}

// addToTenants makes buckets for every tenant that is there.
func addToTenants(tx *bbolt.Tx, names ...string) error {
	tenants := tx.Bucket([]byte(bucketTenants))
	return tenants.ForEachBucket(func(t []byte) error {
		for _, name := range names {
			if _, err := tenants.Bucket(t).CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// complete fails when a declared bucket is missing: bbolt cannot tell one whose name was damaged.
func complete(tx *bbolt.Tx) error {
	for _, b := range declared() {
		if !b.tenant && tx.Bucket([]byte(b.name)) == nil {
			return fmt.Errorf("bucket %s is missing", b.name)
		}
	}
	tenants := tx.Bucket([]byte(bucketTenants))
	return tenants.ForEach(func(t, _ []byte) error {
		tenant := tenants.Bucket(t)
		for _, b := range declared() {
			if b.tenant && (tenant == nil || tenant.Bucket([]byte(b.name)) == nil) {
				return fmt.Errorf("bucket %s of a tenant is missing", b.name)
			}
		}
		return nil
	})
}

// schemaOf reads the number of the file's schema; 0 for a file that was just made and holds nothing.
func schemaOf(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket([]byte(bucketMeta))
	if first, _ := tx.Cursor().First(); first == nil {
		return 0, nil
	}
	if meta == nil {
		return 0, errors.New("the schema number is missing")
	}
	n, err := strconv.Atoi(string(meta.Get([]byte(metaSchema))))
	if err != nil || n < 1 {
		return 0, errors.New("the schema number cannot be read")
	}
	return n, nil
}

// migrate carries out the steps that the file misses, all in the given transaction.
func migrate(tx *bbolt.Tx, all []step) error {
	have, err := schemaOf(tx)
	if err != nil {
		return err
	}
	for i := have; i < len(all); i++ {
		if err := all[i](tx); err != nil {
			return fmt.Errorf("step to schema %d: %w", i+1, err)
		}
	}
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), strconv.AppendInt(nil, int64(len(all)), 10))
}
