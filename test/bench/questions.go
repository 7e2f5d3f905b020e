package main

import (
	"math/rand/v2"
	"strings"

	"teamspro/internal/contact"
)

// kind is one way in which people look for somebody.
type kind struct {
	name string
	goal float64 // share of questions that must be answered with the one sought among the first 25
	// ask is what somebody types who looks for c; empty when c cannot be looked for in this way.
	ask func(c *contact.Contact) string
	// in is where a piece may be found as well as in its own place; nil when the question is no piece.
	in   func(c *contact.Contact) string
	slip bool // one letter of it is typed wrongly
}

var kinds = []kind{
	{"first name", 0.99, func(c *contact.Contact) string { return folded(given(c)) }, nil, false},
	{"first name, beginning of last", 0.99, func(c *contact.Contact) string { return folded(given(c) + " " + begin(family(c), 4)) }, nil, false},
	{"swapped", 0.99, func(c *contact.Contact) string { return folded(family(c) + " " + begin(given(c), 3)) }, nil, false},
	{"piece of the e-mail", 0.99, func(c *contact.Contact) string { return c.Emails[0][3 : strings.IndexByte(c.Emails[0], '@')+3] }, address, false},
	{"piece of the number", 0.99, func(c *contact.Contact) string { return strings.TrimPrefix(number(c), "+999")[1:7] }, number, false},
	{"inside of the name", 0.99, func(c *contact.Contact) string { return inside(folded(family(c))) }, address, false},
	{"without accents", 0.99, accentless, nil, false},
	{"slip", 0.95, func(c *contact.Contact) string { return folded(c.Name) }, nil, true},
}

func address(c *contact.Contact) string { return c.Emails[0] } // the name is in it, in plain letters
func number(c *contact.Contact) string  { return c.Phones[0].E164 }
func given(c *contact.Contact) string   { first, _, _ := strings.Cut(c.Name, " "); return first }
func family(c *contact.Contact) string  { _, last, _ := strings.Cut(c.Name, " "); return last }

func begin(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func inside(s string) string {
	if len(s) < 7 {
		return ""
	}
	return s[1:7]
}

func accentless(c *contact.Contact) string {
	if typed := folded(c.Name); typed != strings.ToLower(c.Name) {
		return typed
	}
	return ""
}

// question is what is typed, and the place of the contact that is sought.
type question struct {
	text   string
	sought int
}

// questions picks contacts and asks for them. A question that more than 25 contacts answer equally well is left out:
// no order could bring the one sought among the first 25.
func (k kind) questions(all []contact.Contact, n int) []question {
	asked, answers := make([]string, len(all)), map[string]int{}
	for i := range all {
		asked[i] = k.ask(&all[i])
		answers[asked[i]]++
	}
	r := random(uint64(len(k.name)))
	var picked []question
	for try := 0; len(picked) < n && try < 100*n; try++ {
		i := r.IntN(len(all))
		if text := asked[i]; text != "" && max(answers[text], k.holders(all, text)) <= contact.MaxFound {
			picked = append(picked, question{k.typed(r, text), i})
		}
	}
	return picked
}

// holders counts the contacts that have a piece.
func (k kind) holders(all []contact.Contact, piece string) (n int) {
	if k.in == nil {
		return 0
	}
	for i := range all {
		if strings.Contains(k.in(&all[i]), piece) {
			n++
		}
	}
	return n
}

// typed is the text as it comes from the fingers: a slip is one letter left out, doubled, wrong, or swapped with the
// next, behind the third of the last word.
func (k kind) typed(r *rand.Rand, text string) string {
	word := strings.LastIndexByte(text, ' ') + 1
	if !k.slip || len(text)-word < 6 {
		return text
	}
	at := word + 2 + r.IntN(len(text)-word-4)
	switch r.IntN(4) {
	case 0:
		return text[:at] + text[at+1:]
	case 1:
		return text[:at] + text[at:at+1] + text[at:]
	case 2:
		return text[:at] + "x" + text[at+1:]
	}
	return text[:at] + text[at+1:at+2] + text[at:at+1] + text[at+2:]
}
