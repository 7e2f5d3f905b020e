package store

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
)

var updateFields = flag.Bool("update", false, "write testdata/fields.txt instead of comparing it")

// recordTypes are the records of the buckets whose values are JSON.
func recordTypes() map[string]any {
	return map[string]any{
		bucketOwed: owedRecord{}, bucketContacts: contactRecord{}, bucketChanges: changeRecord{}, bucketTrash: trashRecord{}, bucketBooks: bookRecord{},
		bucketMarks: marksRecord{}, bucketConversations: referenceRecord{}, bucketTokens: tokenRecord{}, bucketProfiles: profileRecord{},
		bucketLibraries: libraryRecord{}, bucketImages: imageRecord{}, bucketSaves: saveRecord{}, bucketSeen: seenRecord{}, bucketPins: pinsRecord{},
		bucketPresets: presetRecord{}, bucketBatches: batchRecord{}, bucketConfigurations: configurationRecord{}, bucketWatches: watchRecord{},
		bucketEvents: eventRecord{}, bucketGatherings: gatheringRecord{}, bucketNotices: noticeRecord{}, bucketSheets: sheetRecord{}, bucketAnnouncements: announcementRecord{},
		bucketAudit: auditRecord{}, bucketImports: importRecord{},
	}
}

// valueForms are what the values of the other buckets look like, as keyForms says it of keys.
func valueForms() map[string]string {
	const id = `[^\x00]+`
	return map[string]string{
		bucketMeta: `.*`, bucketAnswered: `.{8}`, bucketAnsweredTimes: ``, bucketJournal: `.{8}(` + id + `(\x00` + id + `)*)?`, bucketHistory: id, bucketTrashTimes: id,
		bucketDeeds: `.{8}` + id, bucketDeedTimes: ``, bucketBookIndex: `(` + id + `)?`, bucketMeetings: ``, bucketWanted: ``, bucketDue: `.{8}s?|sheet`, bucketCourses: `\x01.{8}.+`,
		bucketNoticeKeys: `.{8}(` + id + `)?`, bucketNoticeKeyTimes: ``, bucketCopies: `post|update|remove|sheet`, bucketAcknowledged: `.{8}`, bucketApart: ``,
		bucketPseudonyms: id, bucketImportRows: `.+`,
	}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	byteType = reflect.TypeFor[[]byte]()
)

// fieldsOf lists the paths of the fields of a record.
func fieldsOf(t reflect.Type, path string, add func(string)) {
	switch {
	case t == timeType, t == rawType, t == byteType:
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
		fieldsOf(t.Elem(), path, add)
	case t.Kind() == reflect.Map:
		fieldsOf(t.Elem(), path+".*", add)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				fieldsOf(f.Type, path, add)
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			add(path + "." + name)
			fieldsOf(f.Type, path+"."+name, add)
		}
	}
}

// undeclared lists the paths in a value that its record does not have.
func undeclared(v any, path string, declared map[string]bool) (found []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			found = append(found, undeclared(e, path, declared)...)
		}
	case map[string]any:
		for key, e := range v {
			at := path + "." + key
			switch {
			case declared[at]:
			case declared[path+".*"]:
				at = path + ".*"
			default:
				found = append(found, at)
			}
			if !strings.HasSuffix(at, ".plan") { // internal/image says what is in a plan
				found = append(found, undeclared(e, at, declared)...)
			}
		}
	}
	return found
}

// declaredFields gives the fields of every bucket.
func declaredFields() map[string]bool {
	all := map[string]bool{}
	for bucket, record := range recordTypes() {
		fieldsOf(reflect.TypeOf(record), bucket, func(path string) {
			all[path] = true
			if strings.HasSuffix(path, ".rights") || strings.HasSuffix(path, ".left") {
				all[path+".*"] = true
			}
		})
	}
	return all
}

// checkValue fails at a value that its bucket does not declare.
func checkValue(t *testing.T, bucket string, k, v []byte, fields map[string]bool) {
	t.Helper()
	if form, plain := valueForms()[bucket]; plain {
		if !regexp.MustCompile(`(?s)^(?:` + form + `)$`).MatchString(latin(v)) {
			t.Errorf("bucket %s: value %q is not declared", bucket, v)
		}
		return
	}
	if recordTypes()[bucket] == nil {
		t.Errorf("bucket %s: it is not declared what its values are", bucket)
		return
	}
	var value any
	if err := json.Unmarshal(v, &value); err != nil {
		t.Errorf("bucket %s, key %q: %v", bucket, k, err)
	}
	for _, path := range undeclared(value, bucket, fields) {
		t.Errorf("field %s is not declared", path)
	}
}

// A file in which everything was used holds no bucket, key or field that is not declared.
func TestUsedFileHoldsWhatIsDeclared(t *testing.T) {
	t.Parallel()
	for _, used := range []func(*testing.T, *DB){use, func(t *testing.T, db *DB) { live(t, db) }} {
		db, _ := openWith(t)
		used(t, db)
		checkUsed(t, db)
	}
}

func checkUsed(t *testing.T, db *DB) {
	t.Helper()
	fields, forms := declaredFields(), keyForms()
	err := db.view(t.Context(), "test", func(tx *bbolt.Tx) error {
		check := func(tenant bool) func(name []byte, b *bbolt.Bucket) error {
			return func(name []byte, b *bbolt.Bucket) error {
				if !slices.ContainsFunc(declared(), func(d bucket) bool { return d.name == string(name) && d.tenant == tenant }) {
					t.Errorf("bucket %s is not declared", name)
				}
				if string(name) == bucketTenants {
					return nil
				}
				form := regexp.MustCompile(`(?s)^(?:` + forms[string(name)] + `)$`)
				return b.ForEach(func(k, v []byte) error {
					if !form.MatchString(latin(k)) {
						t.Errorf("bucket %s: key %q is not declared", name, k)
					}
					checkValue(t, string(name), k, v, fields)
					return nil
				})
			}
		}
		if err := tx.ForEach(check(false)); err != nil {
			return err
		}
		return eachTenant(tx, func(_ identity.Tenant, tb *bbolt.Bucket) error {
			return tb.ForEach(func(name, _ []byte) error { return check(true)(name, tb.Bucket(name)) })
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// TestFields holds the fields of all records to a list, so that nobody adds one without thinking of what it says of whom, how
// long it is kept, and how it is erased. -update writes the list.
func TestFields(t *testing.T) {
	t.Parallel()
	var list []string
	for path := range declaredFields() {
		list = append(list, path)
	}
	slices.Sort(list)
	file := filepath.Join("testdata", "fields.txt")
	got := []byte(strings.Join(list, "\n") + "\n")
	if *updateFields {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("the fields of the records are not those of %s (-want +got):\n%s", file, cmp.Diff(strings.Fields(string(want)), list))
	}
}

// The check itself finds what is not declared.
func TestUndeclaredIsFound(t *testing.T) {
	t.Parallel()
	fields := declaredFields()
	for value, want := range map[string]string{
		`{"book":"b","detail":{"name":"x","phones":[{"number":"1"}]}}`: "[]",
		`{"book":"b","owner":"x"}`:                                     "[contacts.owner]",
		`{"detail":{"phones":[{"number":"1","carrier":"x"}]}}`:         "[contacts.detail.phones.carrier]",
	} {
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(undeclared(v, bucketContacts, fields)); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}
