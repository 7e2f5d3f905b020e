package contact

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of a query: what is beyond is not read.
const (
	MaxQuery      = 500 // characters
	MaxQueryWords = 20
)

// Query is what somebody searches for. The zero Query finds everything.
type Query struct {
	// Text holds the words, of which all must be found. Quotes keep words together: `"jean pierre"`.
	Text string
	// In restricts to contacts with this in department, company, job, address or tags.
	In string
	// Tags restricts to contacts that have all of them.
	Tags []string
	// Book restricts to one book. It is not part of the written query.
	Book BookID
}

// within are the words that lead to Query.In. Which language somebody writes is not known, so each counts always; a
// restriction that finds nothing is read as plain words instead.
var within = []string{"in", "dans", "chez"}

// item is one thing in a written query: a word, words between quotes, or a tag.
type item struct {
	text   string
	quoted bool
	tag    bool
}

// ParseQuery reads what a person typed: `marta in sales #vip`. It never fails: what makes no sense is a word.
// At most MaxQuery characters and MaxQueryWords words are read.
func ParseQuery(text string) Query {
	items := firstWords(lex(tidy(text)), MaxQueryWords)
	for {
		q := queryOf(items)
		if len(items) == 0 || utf8.RuneCountInString(q.String()) <= MaxQuery {
			return q
		}
		items = items[:len(items)-1] // the quotes that String adds count as well
	}
}

// tidy cuts before and after cleaning: the first bounds the work, the second the result.
func tidy(s string) string {
	return oneLine(cut(oneLine(cut(s, 2*MaxQuery)), MaxQuery))
}

// cut gives at most n characters of s.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

func isQuote(r rune) bool { return strings.ContainsRune("\"“”„‟«»＂", r) }

// lex takes a written query apart.
func lex(s string) []item {
	var items []item
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var it item
		it, s = lexOne(s)
		if it.text != "" {
			items = append(items, it)
		}
	}
	return items
}

// lexOne reads the first item of s, which does not begin with a blank, and gives the rest.
func lexOne(s string) (item, string) {
	word := strings.TrimLeft(s, "#")
	it := item{tag: len(word) < len(s)}
	if r, n := utf8.DecodeRuneInString(word); isQuote(r) {
		it.quoted = true
		body, rest := splitAt(word[n:], isQuote)
		_, n = utf8.DecodeRuneInString(rest) // the closing quote
		it.text = oneLine(body)
		return it.trimmed(), rest[n:]
	}
	body, rest := splitAt(word, func(r rune) bool { return r == ' ' || isQuote(r) })
	it.text = body
	return it.trimmed(), rest
}

func splitAt(s string, end func(rune) bool) (before, after string) {
	if i := strings.IndexFunc(s, end); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// trimmed takes off what separates tags, as no tag holds it.
func (it item) trimmed() item {
	if it.tag {
		it.text = strings.TrimSpace(strings.Trim(it.text, "#,; "))
	}
	return it
}

// firstWords keeps n words of the items.
func firstWords(items []item, n int) []item {
	for i := range items {
		words := strings.Fields(items[i].text)
		if len(words) > n {
			items[i].text = strings.Join(words[:n], " ")
			return items[:i+min(n, 1)]
		}
		n -= len(words)
	}
	return items
}

// queryOf sorts the items: tags, the words after "in", the other words.
func queryOf(items []item) Query {
	var q Query
	var words []item
	for _, it := range items {
		switch {
		case !it.tag:
			words = append(words, it)
		case !slices.Contains(q.Tags, it.text):
			q.Tags = append(q.Tags, it.text)
		}
	}
	if i := slices.IndexFunc(words, item.leads); i >= 0 && i < len(words)-1 {
		q.In = plainText(words[i+1:])
		words = words[:i]
	}
	q.Text = written(words)
	return q
}

// leads tells whether the item is one of within.
func (it item) leads() bool { return !it.quoted && !it.tag && slices.Contains(within, fold(it.text)) }

func plainText(items []item) string {
	all := make([]string, len(items))
	for i, it := range items {
		all[i] = it.text
	}
	return strings.Join(all, " ")
}

// written is how items are typed.
func written(items []item) string {
	all := make([]string, len(items))
	for i, it := range items {
		all[i] = it.text
		if it.quoted && mustQuote(it.text) {
			all[i] = `"` + it.text + `"`
		}
	}
	return strings.Join(all, " ")
}

// mustQuote tells whether s would be read differently without quotes.
func mustQuote(s string) bool {
	return strings.Contains(s, " ") || strings.HasPrefix(s, "#") || item{text: s}.leads()
}

// String writes the query so that ParseQuery reads the same one, Book excepted.
func (q Query) String() string {
	var all []string
	if q.Text != "" {
		all = append(all, q.Text)
	}
	if q.In != "" {
		all = append(all, within[0], quotedIn(q.In))
	}
	for _, tag := range q.Tags {
		if strings.Contains(tag, " ") {
			tag = `"` + tag + `"`
		}
		all = append(all, "#"+tag)
	}
	return strings.Join(all, " ")
}

// quotedIn quotes what would not be read as part of the restriction.
func quotedIn(in string) string {
	if strings.HasPrefix(in, "#") || strings.Contains(in, " #") {
		return `"` + in + `"`
	}
	return in
}
