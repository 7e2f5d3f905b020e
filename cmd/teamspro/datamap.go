package main

import (
	"teamspro/cards"
	"teamspro/internal/lang"
	"teamspro/internal/web"
	"teamspro/store"
)

// dataMap is what is stored, in the database and beside it, where the operator has things kept for so long.
func dataMap(keep store.Keep) []store.Datum {
	beside := []store.Datum{
		{Kind: "datamap.contact", Holds: "datamap.index", Personal: true, Cached: true, Kept: "datamap.kept.rewritten", Bucket: indexFile},
		{Kind: "datamap.image", Holds: "datamap.previewfiles", Personal: true, Cached: true, Kept: "datamap.kept.previewfiles", Bucket: "previews/"},
		{Kind: "datamap.operation", Holds: "datamap.keyfile", Kept: "datamap.kept.file", Bucket: "tokens.key, links.key"},
		{Kind: "datamap.operation", Holds: "datamap.copies", Personal: true, Kept: "datamap.kept.copies", Period: copiesKept, Bucket: "teamspro.db.schema-…"},
		{Kind: "datamap.operation", Holds: "datamap.socket", Kept: "datamap.kept.running", Bucket: socketName},
	}
	for i := range beside {
		beside[i].Accessed, beside[i].Stored = true, true
	}
	return store.DataMap(keep, beside...)
}

// kept says how long something is kept.
func kept(t cards.Texts, d store.Datum) string { return t.Text(d.Kept, "Count", d.Days()) }

// privacyRows is the data map for the privacy page.
func (s *settings) privacyRows(language string) []web.Row {
	t := lang.For(language)
	var rows []web.Row
	for _, d := range dataMap(s.keep) {
		rows = append(rows, web.Row{Data: t.Text(d.Kind), Accessed: d.Accessed, Cached: d.Cached, Stored: d.Stored, Where: d.Bucket, Kept: kept(t, d), Note: t.Text(d.Holds)})
	}
	return rows
}

// keptRows is the part of the data map about people, for the privacy card.
func (s *settings) keptRows(t cards.Texts) []cards.FactView {
	var rows []cards.FactView
	for _, d := range dataMap(s.keep) {
		if d.Personal {
			rows = append(rows, cards.FactView{Label: t.Text(d.Holds), Value: kept(t, d)})
		}
	}
	return rows
}
