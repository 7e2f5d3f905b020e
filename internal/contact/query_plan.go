package contact

import (
	"strings"
	"unicode/utf8"
)

// plan is a query ready to be carried out on one book after the other.
type plan struct {
	clauses []clause // all must be met
	tags    []string // keys of tags that a contact must have
	order   []string // the words of the query as inOrder takes them
}

// clause is something that a contact must have.
type clause struct {
	needles []needle // one of them is enough
	phrase  string   // words in a row, a blank before each; a phrase has no needles
	fields  fieldSet // where
	silent  bool     // a restriction: it adds nothing to the score
	instead []clause // what to look for when no contact at all has it
}

// needle is something to look for in one of the lexicons of a book.
type needle struct {
	among kind
	text  string
	reach reach
}

// kind names a lexicon.
type kind int

const (
	amongWords kind = iota
	amongChunks
	amongNumbers
)

// minTypo is the length of words that may have a slip in them.
const minTypo = 4

// restricting are the fields that Query.In is about.
var restricting = setOf(FieldDepartment, FieldCompany, FieldAddress, FieldTags, FieldJob)

// plan reads the query. One that did not come from ParseQuery has the same limits.
func (q Query) plan() *plan {
	items := firstWords(lex(tidy(q.Text)), MaxQueryWords)
	p := &plan{clauses: clausesOf(items)}
	for _, w := range wordsOf(fold(plainText(items))) {
		p.order = append(p.order, " "+w)
	}
	if in := rowOf(tidy(q.In)); in != "" {
		p.clauses = append(p.clauses, clause{phrase: in, fields: restricting, silent: true})
	}
	for _, t := range q.Tags[:min(len(q.Tags), MaxQueryWords)] {
		p.tags = append(p.tags, tagKey(cut(t, MaxQuery)))
	}
	return p
}

// rowOf gives the words of a text as a phrase.
func rowOf(s string) string {
	var b strings.Builder
	for _, w := range wordsOf(fold(s)) {
		b.WriteString(" " + w)
	}
	return b.String()
}

// relaxed is the plan with other clauses for those that nothing meets; false when there are none.
func (p *plan) relaxed(met []bool) (*plan, bool) {
	other := &plan{tags: p.tags, order: p.order}
	changed := false
	for i, c := range p.clauses {
		if met[i] || len(c.instead) == 0 {
			other.clauses = append(other.clauses, c)
			continue
		}
		other.clauses = append(other.clauses, c.instead...)
		changed = true
	}
	return other, changed
}

func clausesOf(items []item) []clause {
	var all []clause
	for len(items) > 0 {
		if n := numberRun(items); n > 0 {
			all = append(all, numberClause(items[:n])...)
			items = items[n:]
			continue
		}
		all = append(all, itemClauses(items[0])...)
		items = items[1:]
	}
	return all
}

// numberRun is how many items at the beginning can together be a phone number: "06 12 34". Quotes keep what is
// between them apart from the others.
func numberRun(items []item) int {
	n := 0
	for n < len(items) && dialPart(fold(items[n].text)) {
		if items[n].quoted {
			return max(n, 1)
		}
		n++
	}
	return n
}

// dialPart tells whether a text could be part of a phone number.
func dialPart(s string) bool {
	return strings.Trim(s, "0123456789 ()-/+.") == "" && dialled(s) != ""
}

// numberClause looks for a phone number in parts, and when there is none, for the parts.
func numberClause(items []item) []clause {
	text := fold(plainText(items))
	if len(items) == 1 && !strings.Contains(text, " ") {
		return []clause{digitClause(bare(text))}
	}
	var parts []clause
	if !items[0].quoted {
		for _, it := range items {
			parts = append(parts, digitClause(bare(fold(it.text))))
		}
	}
	if !likeNumber(text) && len(parts) > 0 {
		return parts
	}
	return []clause{{needles: digitNeedles(text), fields: everyField, instead: parts}}
}

// digitClause looks for digits typed without a blank: a number, or something like 24/7.
func digitClause(s string) clause {
	if numeral(s) {
		return clause{needles: append(digitNeedles(s), wordNeedle(s)), fields: everyField}
	}
	c := clause{needles: []needle{{amongChunks, s, anywhere}}, fields: everyField}
	if likeNumber(s) {
		c.needles = append(c.needles, digitNeedles(s)...)
	}
	for _, w := range wordsOf(s) {
		c.instead = append(c.instead, digitClause(w))
	}
	return c
}

// likeNumber tells whether digits with signs between them are more likely a phone number than anything else.
func likeNumber(s string) bool {
	return strings.HasPrefix(s, "+") || strings.HasPrefix(s, "(") || strings.HasPrefix(s, "0") || len(dialled(s)) >= 4
}

// digitNeedles gives the ways in which a typed number may stand in the index: digit by digit, and in international form.
func digitNeedles(s string) []needle {
	typed := dialled(s)
	needles := []needle{{amongNumbers, typed, reachOf(typed)}}
	full := dialled(strings.Replace(s, "(0)", "", 1))
	if abroad, ok := strings.CutPrefix(full, "00"); ok && abroad != "" && abroad[0] != '0' {
		return append(needles, needle{amongNumbers, abroad, atStart}) // a country's code, which nothing stands before
	}
	if full != "" && full != typed {
		needles = append(needles, needle{amongNumbers, full, reachOf(full)})
	}
	return needles
}

func wordNeedle(w string) needle { return needle{amongWords, w, reachOf(w)} }

// reachOf keeps single letters from matching nearly everything.
func reachOf(w string) reach {
	if utf8.RuneCountInString(w) < 2 {
		return atStart
	}
	return anywhere
}

// itemClauses looks for a typed word, or for words between quotes.
func itemClauses(it item) []clause {
	chunks := chunksOf(fold(it.text))
	if it.quoted && len(chunks) > 1 {
		return []clause{{phrase: rowOf(it.text), fields: everyField}}
	}
	var all []clause
	for _, c := range chunks {
		all = append(all, chunkClause(unschemed(c)))
	}
	return all
}

// chunkClause looks for what was typed between two blanks. Signs in it count ("weber@"), unless nothing has them.
func chunkClause(c string) clause {
	if !compound(c) {
		return wordClause(c)
	}
	made := clause{needles: []needle{{amongChunks, c, anywhere}}, fields: everyField}
	for _, w := range wordsOf(c) {
		made.instead = append(made.instead, wordClause(w))
	}
	return made
}

// wordClause looks for a word, and when there is none, for words that are nearly it. A number with a slip is another number.
func wordClause(w string) clause {
	c := clause{needles: []needle{wordNeedle(w)}, fields: everyField}
	if utf8.RuneCountInString(w) >= minTypo && !numeral(w) {
		c.instead = []clause{{needles: []needle{{amongWords, w, slipped}}, fields: everyField}}
	}
	return c
}
