package store

import (
	"strings"
	"time"
)

// Datum is a row of the data map: a kind of data, and what becomes of it. Kind, Holds and Kept are keys of
// sentences in internal/lang.
type Datum struct {
	Kind     string // what the organisation calls it
	Holds    string // what exactly
	Personal bool   // it says something about a person
	Accessed bool
	Cached   bool   // in memory, for a time
	Stored   bool   // in the file
	Kept     string // with the argument Count, which is the period in days
	Period   time.Duration
	Bucket   string // the bucket of the file it lies in; empty when it is not stored
}

// Days is the period in whole days, of which a part counts as one.
func (d Datum) Days() int { return int((d.Period + day - 1) / day) }

// DataMap lists what is stored, from the declarations that the file is made from and the rules by which it is taken away,
// and then what is only accessed or cached: what this package knows of, and what other packages declare.
func DataMap(keep Keep, others ...Datum) []Datum {
	var rows []Datum
	for _, b := range declared() {
		row := b.datum
		row.Accessed, row.Stored, row.Bucket = true, true, b.name
		row.Kept, row.Period = keptFor(b, keep)
		rows = append(rows, row)
	}
	return append(append(rows, notStored()...), others...)
}

// keptFor tells how long a bucket is kept. Where the operator chose a period, another sentence says so.
func keptFor(b bucket, keep Keep) (sentence string, period time.Duration) {
	if strings.HasPrefix(b.datum.Kept, "datamap.kept.book") || b.datum.Kept == "datamap.kept.grace" {
		period = keep.Grace
	}
	for _, r := range rules() {
		if r.bucket == b.name && r.age(keep) > 0 {
			sentence, period = b.datum.Kept, r.age(keep)
		}
	}
	chosen := map[string]string{bucketChanges: "datamap.kept.history", bucketHistory: "datamap.kept.history", bucketAudit: "datamap.kept.days", bucketProfiles: "datamap.kept.unused"}
	if sentence != "" && chosen[b.name] != "" {
		return chosen[b.name], period
	}
	return b.datum.Kept, period
}

func notStored() []Datum {
	return []Datum{
		{Kind: "datamap.profile", Holds: "datamap.roster", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.minutes"},
		{Kind: "datamap.team", Holds: "datamap.names", Accessed: true, Kept: "datamap.kept.request"},
		{Kind: "datamap.talk", Holds: "datamap.messages", Personal: true, Accessed: true, Kept: "datamap.kept.request"},
		{Kind: "datamap.talk", Holds: "datamap.waiting", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.tenminutes"},
		{Kind: "datamap.user", Holds: "datamap.vouched", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.process"},
		{Kind: "datamap.files", Holds: "datamap.handed", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.picture"},
		{Kind: "datamap.files", Holds: "datamap.tables", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.quarter"},
		{Kind: "datamap.image", Holds: "datamap.found", Personal: true, Accessed: true, Cached: true, Kept: "datamap.kept.minute"},
	}
}
