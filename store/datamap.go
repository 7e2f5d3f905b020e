package store

// Datum is a row of the data map: a kind of data, and what becomes of it. Kind, Holds and Kept are keys of
// sentences in internal/lang.
type Datum struct {
	Kind     string // what the organisation calls it
	Holds    string // what exactly
	Personal bool   // it says something about a person
	Accessed bool
	Cached   bool // in memory, for a time
	Stored   bool // in the file
	Kept     string
	Bucket   string // the bucket of the file it lies in; empty when it is not stored
}

// DataMap lists what is stored, from the declarations that the file is made from, and then what is only
// accessed or cached: what this package knows of, and what other packages declare.
func DataMap(others ...Datum) []Datum {
	var rows []Datum
	for _, b := range declared() {
		row := b.datum
		row.Accessed, row.Stored, row.Bucket = true, true, b.name
		rows = append(rows, row)
	}
	return append(append(rows, notStored()...), others...)
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
