package cards

import (
	"cmp"
	"html"
	"strconv"
	"strings"
)

// ItemView is a picture that lies in SharePoint or OneDrive.
type ItemView struct {
	Name string
	// Preview is a signed https address; empty shows no picture. Alt is what the picture shows, in words.
	Preview, Alt string
	// Lines are what is known of it, a line each.
	Lines []string
	// Notice is a sentence above the picture; Warnings must not be missed; Remark is small.
	Notice   string
	Warnings []string
	Remark   string
	// Next are the ways on; see Step.
	Next []Step
	// Link is the https address at which people see it in a browser, Shared one that shows it to the organisation.
	Link, Shared string
}

// Item is the card of a picture that lies in SharePoint or OneDrive.
func Item(t Texts, v ItemView) Card {
	body := append(pictureHead(v.Notice, v.Preview, v.Alt), strong(short(v.Name, 120)))
	for _, s := range v.Lines {
		if s != "" {
			body = append(body, subtle(short(s, 300)))
		}
	}
	for _, w := range v.Warnings {
		body = append(body, warning(w))
	}
	if v.Remark != "" {
		body = append(body, remark(v.Remark))
	}
	var links []Action
	if address, _, ok := webAddress(v.Shared); ok {
		links = append(links, OpenURL{Title: t.Text("button.item.shared"), URL: secure(address), Tooltip: t.Text("button.browser.tooltip")})
	}
	if address, _, ok := webAddress(v.Link); ok {
		links = append(links, OpenURL{Title: t.Text("button.item.link"), URL: secure(address), Tooltip: t.Text("button.browser.tooltip")})
	}
	next := steps(v.Next)
	actions := append(next[:min(len(next), maxActions-len(links))], links...)
	return newCard(plain(short(join(" ", v.Notice, cmp.Or(v.Alt, v.Name)), 400)), body, orHelp(t, actions)...)
}

// secure is an address by https: SharePoint has no other.
func secure(address string) string {
	if rest, ok := strings.CutPrefix(address, "http://"); ok {
		return "https://" + rest
	}
	return address
}

// ImagesView is a page of pictures that were found.
type ImagesView struct {
	// Title is a finished sentence: "12 pictures for “harbour”".
	Title string
	Rows  []ImageRow
	// Where is the folder that was looked in, and its https address.
	Where, WhereURL string
	// Query is what was asked, for the pages beside this one; empty lists the newest.
	Query string
	// Next is where the next page begins; 0 when there is none. Prev likewise, -1 when there is none.
	Next, Prev int
	// Steps are more ways on.
	Steps []Step
}

// ImageRow is a picture in a list, or among search results.
type ImageRow struct {
	Ref     string
	Name    string
	Line    string // "800 × 600 pixels · 84 KB"
	Preview string // a signed https address; empty shows none
}

// Images is the card of a page of pictures; a press on one shows it.
func Images(t Texts, v ImagesView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		body := []Element{heading(short(v.Title, 200))}
		rows := make([]ColumnSet, shown)
		for i, r := range v.Rows[:shown] {
			rows[i] = imageRow(t, r)
		}
		body = append(body, separate(rows)...)
		if v.Where != "" {
			where := remark("")
			where.Text = t.Text("card.images.where", "Folder", anchor(short(v.Where, 100), webOnly(v.WhereURL)))
			body = append(body, where)
		}
		return newLayout(imagesSummary(v), body, orHelp(t, imagesActions(t, v, shown))...)
	})
}

// webOnly is an address that may be linked to, else nothing.
func webOnly(raw string) string {
	address, _, _ := webAddress(raw)
	return address
}

func imagesSummary(v ImagesView) string {
	names := make([]string, len(v.Rows))
	for i, r := range v.Rows {
		names[i] = r.Name
	}
	return plain(short(join(" ", v.Title, strings.Join(names, ", ")), 400))
}

func imageRow(t Texts, r ImageRow) ColumnSet {
	var columns []Column
	if r.Preview != "" {
		columns = append(columns, Column{Width: "auto", Items: []Element{
			Image{URL: r.Preview, AltText: plain(t.Text("card.picture", "Name", short(r.Name, 100))), Size: "medium"},
		}})
	}
	words := []Element{strong(short(r.Name, 100))}
	if r.Line != "" {
		words = append(words, subtle(short(r.Line, 120)))
	}
	columns = append(columns, Column{Width: "stretch", Align: "center", Items: words})
	return ColumnSet{Columns: columns, SelectAction: tap(short(r.Name, 100), ItemVerb(r.Ref))}
}

// imagesActions lead to the pages beside this one. What was cut from this page begins the next one.
func imagesActions(t Texts, v ImagesView, shown int) []Action {
	var actions []Action
	if v.Prev >= 0 {
		actions = append(actions, button(t.Text("button.previous"), ImagesVerb(v.Prev, v.Query)))
	}
	next := v.Next
	if cut := len(v.Rows) - shown; next > 0 {
		next -= cut
	} else if cut > 0 {
		next = max(v.Prev, 0) + shown
	}
	if next > 0 {
		actions = append(actions, button(t.Text("button.next"), ImagesVerb(next, v.Query)))
	}
	return append(actions, steps(v.Steps)...)
}

// ImagePreview is a picture as a search result is shown before it is chosen.
func ImagePreview(t Texts, r ImageRow) Thumbnail {
	preview := Thumbnail{Title: plain(short(r.Name, 100)), Text: html.EscapeString(plain(short(r.Line, 120))), Tap: Tap(ItemVerb(r.Ref))}
	if r.Preview != "" {
		preview.Images = []ThumbnailImage{{URL: r.Preview, Alt: plain(t.Text("card.picture", "Name", short(r.Name, 100)))}}
	}
	return preview
}

// ItemVerb shows a picture of a drive, or does something with it.
func ItemVerb(ref string, what ...string) string {
	return path(append([]string{"item", ref}, what...)...)
}

// ImagesVerb shows the pictures of a search, skipping some; without words those changed last.
func ImagesVerb(skip int, query string) string {
	if query == "" {
		return path("images", strconv.Itoa(skip))
	}
	return path("images", strconv.Itoa(skip), query)
}
