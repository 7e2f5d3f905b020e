package cards

import (
	"net/url"
	"regexp"
	"strings"
)

// text is a paragraph; its argument is escaped already.
func text(escaped string) TextBlock { return TextBlock{Text: escaped, Wrap: true} }

// heading is the title of a card.
func heading(s string) TextBlock {
	return TextBlock{Text: line(s), Style: "heading", Wrap: true}
}

// section is the title of a part of a card.
func section(s string) TextBlock {
	return TextBlock{Text: line(s), Weight: "bolder", Wrap: true, Spacing: "large"}
}

// strong is the first line of a row.
func strong(s string) TextBlock { return TextBlock{Text: line(s), Weight: "bolder", Wrap: true} }

// subtle is a line below another, stepping back.
func subtle(s string) TextBlock {
	return TextBlock{Text: line(s), IsSubtle: true, Wrap: true, Spacing: "none"}
}

// small is a remark.
func small(s string) TextBlock {
	return TextBlock{Text: line(s), Size: "small", IsSubtle: true, Wrap: true, Spacing: "small"}
}

// remark is a small line of its own, below what it does not belong to.
func remark(s string) TextBlock {
	line := small(s)
	line.Spacing = "medium"
	return line
}

// tight puts an element close to the one above.
func (b TextBlock) tight() TextBlock {
	b.Spacing = "none"
	return b
}

// beside puts columns next to some items that take the rest of the width.
func beside(items []Element, after ...Column) ColumnSet {
	return ColumnSet{Columns: append([]Column{{Width: "stretch", Items: items}}, after...)}
}

// link is a word at the end of a row that can be pressed; title says in full what it does.
func link(word, title, verb string) Column {
	return Column{
		Width: "auto", SelectAction: tap(title, verb),
		Items: []Element{TextBlock{Text: line(word), Color: "accent", Weight: "bolder", Wrap: true}},
	}
}

// banner is a sentence above a card, with a word to press at its end; several words stand below it, because beside it they
// would leave it no room on a phone.
func banner(sentence string, after ...Column) Container {
	c := Container{Style: "emphasis", Bleed: true}
	if len(after) > 1 {
		c.Items = []Element{text(Escape(sentence)), words(after)}
		return c
	}
	c.Items = []Element{beside([]Element{text(Escape(sentence))}, after...)}
	return c
}

// words are a line of their own to press.
func words(links []Column) ColumnSet { return ColumnSet{Columns: links, Spacing: "small"} }

// more says how many were left out.
func more(t Texts, all, shown int) []Element {
	if all == shown {
		return nil
	}
	return []Element{small(t.Text("card.more", "Count", all-shown, "Number", t.Number(all-shown)))}
}

// separate draws a line above every element but the first.
func separate(rows []ColumnSet) []Element {
	elements := make([]Element, len(rows))
	for i, r := range rows {
		r.Separator, r.Spacing = i > 0, "medium"
		elements[i] = r
	}
	return elements
}

// join puts the parts that are there side by side.
func join(separator string, parts ...string) string {
	there := make([]string, 0, len(parts))
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			there = append(there, p)
		}
	}
	return strings.Join(there, separator)
}

const dot = " · "

// portrait is the picture of initials before a name.
func portrait(t Texts, address, name, size string) []Column {
	if address == "" {
		return nil
	}
	return []Column{{Width: "auto", Items: []Element{
		Image{URL: address, AltText: plain(t.Text("card.picture", "Name", short(name, 100))), Size: size, Style: "person"},
	}}}
}

// anchor is a Markdown link that shows what people wrote; an empty address leaves the words alone.
func anchor(words, address string) string {
	if address == "" {
		return line(words)
	}
	return "[" + line(words) + "](" + destination.Replace(address) + ")"
}

// destination keeps an address from ending its Markdown link early.
var destination = strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\\", "%5C", " ", "%20",
	"*", "%2A", "_", "%5F", "`", "%60", "[", "%5B", "]", "%5D", "{", "%7B", "}", "%7D", "\n", "", "\r", "")

// webAddress gives an address that may be linked to, and how it reads; ok is false when it should stay mere text.
// User names in addresses are refused, since they pass for host names.
func webAddress(raw string) (address, reads string, ok bool) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return "", "", false
	}
	reads = strings.TrimSuffix(u.Host+u.EscapedPath(), "/")
	if u.RawQuery != "" {
		reads += "?…"
	}
	return u.String(), reads, true
}

// callLink is where Teams calls a number; empty when the number is not in international form.
func callLink(number string) string {
	if !international.MatchString(number) {
		return ""
	}
	return "https://teams.microsoft.com/l/call/0/0?users=4:" + url.QueryEscape(number)
}

var international = regexp.MustCompile(`^\+[0-9]{3,18}$`)

// chatLink opens a chat in Teams.
func chatLink(person string) string {
	return "https://teams.microsoft.com/l/chat/0/0?users=" + url.QueryEscape(person)
}

// mailLink opens the mail program; empty when there is no address to write to.
func mailLink(address string) string {
	if !strings.Contains(address, "@") || strings.ContainsAny(address, " ,;\n") {
		return ""
	}
	return "mailto:" + url.PathEscape(address)
}

// pageActions leaf through the pages of a list, of which so many entries are shown after so many; a page that was cut is
// followed by what it left out.
func pageActions(t Texts, skip, page, shown, all int, verb func(skip int) string) []Action {
	var actions []Action
	if skip > 0 {
		actions = append(actions, button(t.Text("button.previous"), verb(max(0, skip-page))))
	}
	if next := skip + shown; next < all {
		actions = append(actions, button(t.Text("button.next"), verb(next)))
	}
	return actions
}
