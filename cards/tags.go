package cards

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// maxTags is how many tags or filters are listed; the rest is counted.
const maxTags = 40

// Tags lists tags and saved filters; touching one searches for it.
func Tags(t Texts, v TagsView) Card {
	return fit(max(len(v.Tags), len(v.Filters), 1), func(shown int) layout {
		shown = min(shown, maxTags)
		var body []Element
		if v.Notice != "" {
			body = append(body, banner(v.Notice))
		}
		body = append(body, heading(t.Text("card.tags.title")))
		if len(v.Tags) == 0 {
			body = append(body, text(t.Text("card.tags.none")))
		}
		tags := v.Tags[:min(shown, len(v.Tags))]
		for _, tag := range tags {
			body = append(body, tagRow(t, tag))
		}
		body = append(body, more(t, len(v.Tags), len(tags))...)
		body = append(body, filterRows(t, v.Filters, shown)...)
		return newLayout(tagsSummary(t, v), body, button(t.Text("button.help"), "help"))
	})
}

func tagsSummary(t Texts, v TagsView) string {
	var names []string
	for _, tag := range v.Tags {
		names = append(names, tag.Name)
	}
	return plain(short(join(": ", t.Text("card.tags.title"), join(", ", names...)), 400))
}

func tagRow(t Texts, v TagView) ColumnSet {
	name := short(v.Name, 60)
	words := RichTextBlock{Inlines: []TextRun{{Text: "●\u00a0\u00a0", Color: tagColor(v.Name)}, {Text: plain(name), Color: "accent"}}}
	row := beside([]Element{words})
	row.Spacing, row.SelectAction = "small", tap(t.Text("card.tags.show", "Name", name), FindVerb(0, v.find()))
	if v.Count > 0 {
		row.Columns = append(row.Columns, Column{Width: "auto", Items: []Element{subtle(strconv.Itoa(v.Count))}})
	}
	return row
}

// find is the query that gives the contacts of a tag.
func (v TagView) find() string {
	if v.Query != "" {
		return v.Query
	}
	return v.Name
}

func filterRows(t Texts, filters []FilterView, shown int) []Element {
	if len(filters) == 0 {
		return nil
	}
	rows := []Element{section(t.Text("card.tags.filters"))}
	filters, all := filters[:min(shown, len(filters))], len(filters)
	for _, f := range filters {
		rows = append(rows, filterRow(t, f))
	}
	return append(rows, more(t, all, len(filters))...)
}

func filterRow(t Texts, f FilterView) ColumnSet {
	name := short(f.Name, 60)
	words := Column{Width: "stretch", Items: []Element{pressed(name)}, SelectAction: tap(t.Text("card.tags.show", "Name", name), FindVerb(0, f.Query))}
	if f.Query != f.Name {
		words.Items = append(words.Items, small(short(f.Query, 100)).tight())
	}
	drop := link(t.Text("card.tags.drop"), t.Text("card.tags.drop.filter", "Name", name), path("filter", "drop", f.Name))
	return ColumnSet{Spacing: "small", Columns: []Column{words, drop}}
}

// pressed looks as if it could be.
func pressed(s string) TextBlock {
	block := text(line(s))
	block.Color = "accent"
	return block
}

// chips are the tags of a contact: a coloured dot and the name each, wrapping between tags.
func chips(tags []TagView) []Element {
	if len(tags) == 0 {
		return nil
	}
	block := RichTextBlock{Spacing: "medium"}
	for _, tag := range tags {
		name := strings.ReplaceAll(plain(short(tag.Name, 60)), " ", "\u00a0")
		block.Inlines = append(block.Inlines,
			TextRun{Text: "●\u00a0", Color: tagColor(tag.Name)}, TextRun{Text: name + "\u00a0\u00a0 "})
	}
	return []Element{block}
}

// tagColor is the same for the same name, everywhere and always.
func tagColor(name string) string {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(name)))
	return []string{"accent", "good", "warning", "attention"}[h.Sum32()%4]
}
