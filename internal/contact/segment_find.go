package contact

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// term is a word of a segment that meets a needle, and how.
type metTerm struct {
	term int
	how  way
	mask uint8 // of the classes that count
}

// everyClass is the mask of all classes.
const everyClass = 1<<classes - 1

// maskOf is the mask of the classes of some fields, which are everyField or restricting.
func maskOf(fields fieldSet) uint8 {
	mask := uint8(0)
	for c, in := range fieldsOf {
		if in&fields == in {
			mask |= 1 << c
		}
	}
	return mask
}

// finding is what the terms of a segment tell about a needle or a phrase: terms that are enough and, where it is not
// certain, groups of terms of which a contact must have one each, and then be looked at.
type finding struct {
	needle  needle // not of a phrase
	terms   []metTerm
	groups  [][]metTerm
	certain bool // there are no groups
}

// finding gives a finding to fill in.
func (h *hunt) finding() *finding {
	if len(h.finds) == cap(h.finds) {
		h.finds = append(h.finds, finding{})
	} else {
		h.finds = h.finds[:len(h.finds)+1]
	}
	f := &h.finds[len(h.finds)-1]
	f.needle, f.terms, f.groups = needle{}, f.terms[:0], f.groups[:0]
	return f
}

// findWords gives the words that meet a needle.
func (s *segment) findWords(n needle, mask uint8, h *hunt) {
	f := h.now
	add := func(term int, how way) { f.terms = append(f.terms, metTerm{term, how, mask}) }
	switch {
	case n.text == "":
	case n.reach == whole:
		if t, ok := s.term(n.text); ok {
			add(t, byExact)
		}
	case n.reach == slipped:
		s.slipped(n.text, h, func(t int) { add(t, bySlip) })
	case n.reach == atStart:
		s.beginningWith(n, add)
	default:
		s.beginningWith(n, add)
		s.inside(n, &h.met, add)
	}
}

func (s *segment) starting(text string, give func(term int, how way)) {
	from, to := s.beginning(text)
	for t := from; t < to; t++ {
		how := byPrefix
		if len(s.terms.at(t)) == len(text) {
			how = byExact
		}
		give(t, how)
	}
}

// containing gives the words that contain a text of two bytes or more, each once.
func (s *segment) containing(text string, seen *bitSet, give func(term int)) {
	if len(text) <= 4 {
		s.gramsOf(text, seen, give)
		return
	}
	s.rarest(text, func(t int) {
		if bytes.Contains(s.terms.at(t), []byte(text)) {
			give(t)
		}
	})
}

// rarest gives the words that contain those four bytes of a text which the fewest contain, or none when none contain some of it.
func (s *segment) rarest(text string, give func(term int)) {
	gram, least := 0, math.MaxInt
	for i := 0; i+4 <= len(text); i++ {
		from, to := s.gramRange(text[i : i+4])
		if from == to {
			return // nobody contains these
		}
		if n := len(s.grams.at(from)); n < least {
			gram, least = from, n
		}
	}
	s.gram(gram, give)
}

// gramsOf gives the words that contain a text of up to four bytes, each once.
func (s *segment) gramsOf(text string, seen *bitSet, give func(term int)) {
	from, to := s.gramRange(text)
	if to-from == 1 {
		s.gram(from, give)
		return
	}
	seen.reset(s.terms.len())
	for i := from; i < to; i++ {
		s.gram(i, func(t int) {
			if seen.add(t) {
				give(t)
			}
		})
	}
}

// slipped gives the words that are one slip from a word. A slip leaves one half of the word as it is, unless two
// letters changed places in the middle.
func (s *segment) slipped(word string, h *hunt, give func(term int)) {
	middle := len(word) / 2
	for !utf8.RuneStart(word[middle]) {
		middle++
		if middle == len(word) {
			return
		}
	}
	head, tail := word[:middle], word[middle:]
	h.near.reset(s.terms.len())
	try := func(t int) {
		if t >= s.words && slips(s.terms.at(t), []byte(word)) && h.near.add(t) {
			give(t)
		}
	}
	for t, to := s.beginning(head); t < to; t++ {
		try(t)
	}
	if len(tail) < 4 {
		s.gramsOf(endGram(tail), &h.met, try)
	} else {
		s.rarest(tail, try)
	}
	if t, ok := s.term(swapped(head, tail)); ok {
		try(t)
	}
}

// endGram is what stands in grams for words that end so.
func endGram(tail string) string {
	if len(tail) < 4 {
		return tail + "\x00"
	}
	return tail[len(tail)-4:]
}

// swapped changes the places of the letters around a border.
func swapped(head, tail string) string {
	_, n := utf8.DecodeLastRuneInString(head)
	_, m := utf8.DecodeRuneInString(tail)
	return head[:len(head)-n] + tail[:m] + head[len(head)-n:] + tail[m:]
}

// findNumbers gives the terms of a number, or groups of them when they cannot be certain.
func (s *segment) findNumbers(n needle, mask uint8, h *hunt) bool {
	if n.text == "" {
		return true
	}
	if len(n.text) <= shortNumber {
		if t, ok := s.term(termNumber + n.text); ok {
			h.now.terms = append(h.now.terms, metTerm{t, byExact, mask})
		}
		switch n.reach {
		case anywhere:
			s.starting(termDigits+n.text, func(t int, _ way) { h.now.terms = append(h.now.terms, metTerm{t, byDigits, mask}) })
			return true
		case atStart:
			s.starting(termDigits+"^"+n.text, func(t int, _ way) { h.now.terms = append(h.now.terms, metTerm{t, byDigits, mask}) })
			return true
		case whole:
			return true
		}
	}
	for i := 0; i+shortNumber <= len(n.text); i++ {
		h.group(s, termDigits+n.text[i:i+shortNumber], mask)
	}
	return false
}

// findChunks gives groups of terms for what has signs in it, and terms where these tell enough.
func (s *segment) findChunks(text string, mask uint8, h *hunt) {
	if s.findEnds(text, mask, h) {
		return
	}
	for i, r := range text {
		if inWord(r) || len(h.now.groups) >= maxGroups {
			continue
		}
		n := utf8.RuneLen(r)
		after, before := text[i+n:], text[:i]
		if length := wordLength([]byte(after)); length == len(after) && length > 0 {
			h.groupStarting(s, termRight+text[i:], mask)
		} else if length > 0 {
			h.group(s, termRight+text[i:i+n+length], mask)
		}
		length := wordLengthBefore([]byte(before))
		left := string(appendReversed([]byte(termLeft+text[i:i+n]), before[len(before)-length:]))
		if length == len(before) && length > 0 {
			h.groupStarting(s, left, mask)
		} else if length > 0 {
			h.group(s, left, mask)
		}
	}
}

// findEnds is findChunks for the end of a word, a sign, and the beginning of a word, as at the end of an e-mail address.
// Where the same word always follows, it tells who has it. It is false for other texts.
func (s *segment) findEnds(text string, mask uint8, h *hunt) bool {
	at := wordLength([]byte(text))
	_, n := utf8.DecodeRuneInString(text[at:])
	if at == 0 || at+n >= len(text) || wordLength([]byte(text[at+n:])) < len(text)-at-n {
		return false
	}
	from, to := s.beginning(text[at+n:])
	left := string(appendReversed([]byte(termLeft+text[at:at+n]), text[:at]))
	var various []metTerm
	s.starting(left, func(t int, how way) {
		switch sole := int(s.soles.at(t - s.lefts)); {
		case sole == 0 || how == byExact: // a whole word may begin what has signs in it, or not
			various = append(various, metTerm{t, how, mask})
		case from <= sole && sole < to:
			h.now.terms = append(h.now.terms, metTerm{t, byInner, mask})
		}
	})
	h.now.groups = append(h.now.groups, various)
	h.groupStarting(s, termRight+text[at:], mask)
	return true
}

// maxGroups bounds what is compared for one needle.
const maxGroups = 12

// findPhrase gives the terms of words in a row: in the company's class there are such. For the others it gives groups,
// but the terms of a single word are certain.
func (s *segment) findPhrase(c *clause, h *hunt) bool {
	mask := maskOf(c.fields)
	words := wordsOf(c.phrase)
	last := words[len(words)-1]
	if row := c.phrase[1:]; len(words) > 1 && len(row) < maxRow {
		s.rows(row, func(t int, how way) { h.now.terms = append(h.now.terms, metTerm{t, how, mask & (1 << classCompany)}) })
		mask &^= 1 << classCompany
	}
	if len(words) == 1 {
		s.starting(last, func(t int, how way) { h.now.terms = append(h.now.terms, metTerm{t, how, mask}) })
		return true
	}
	for _, w := range words[:min(len(words)-1, maxGroups)] {
		h.group(s, w, mask)
	}
	h.groupStarting(s, last, mask)
	return false
}

// rows gives the terms of rows that begin with some words, the last of which may be a beginning.
func (s *segment) rows(words string, give func(term int, how way)) {
	from, to := s.beginning(termRow + words)
	for t := from; t < to; t++ {
		how := byPrefix
		if rest := s.terms.at(t)[len(termRow)+len(words):]; len(rest) == 0 || rest[0] == ' ' {
			how = byExact
		}
		give(t, how)
	}
}

// group gives a group of the term of a text, when it is in a class that counts.
func (h *hunt) group(s *segment, text string, mask uint8) {
	var g []metTerm
	if t, ok := s.term(text); ok && s.lists(t).mask&mask != 0 {
		g = append(g, metTerm{t, byExact, mask})
	}
	h.now.groups = append(h.now.groups, g)
}

// groupStarting gives a group of the terms that begin with a text and are in a class that counts.
func (h *hunt) groupStarting(s *segment, text string, mask uint8) {
	var g []metTerm
	s.starting(text, func(t int, how way) {
		if s.lists(t).mask&mask != 0 {
			g = append(g, metTerm{t, how, mask})
		}
	})
	h.now.groups = append(h.now.groups, g)
}

// cost is about how many entries the lists of the terms have: each takes a byte or two, and the lists lie in the order
// of their terms, so the lists themselves need not be read.
func (s *segment) cost(terms []metTerm) int {
	cost := 0
	for _, m := range terms {
		cost += s.size(m.term)
	}
	return cost
}

// entries is how many documents the lists of the terms have. A run of many takes little room in a list, but not among
// what is to be looked at.
func (s *segment) entries(terms []metTerm) int {
	n := 0
	var l list
	for _, m := range terms {
		for r := s.lists(m.term); r.next(&l); {
			if m.mask>>l.class&1 != 0 {
				n += l.n
			}
		}
	}
	return n
}

// size is about how many bytes the lists of a term take.
func (s *segment) size(term int) int {
	const far = 32 // so many terms without a list in a row are rare
	at := s.posts.at(term)
	if at&alone != 0 {
		return 1
	}
	for t := term + 1; t < min(term+far, s.posts.len()); t++ {
		if next := s.posts.at(t); next&alone == 0 {
			return int(next - at)
		}
	}
	size := 0
	var l list
	for r := s.lists(term); r.next(&l); {
		size += len(l.data)
	}
	return size
}

// together gives the documents that are in every group, as far as it pays to see to it: few are left, or a group is
// so much larger than what is left that looking at these is less work.
func (h *hunt) together(s *segment, groups [][]metTerm) []uint32 {
	if len(groups) == 0 {
		return nil
	}
	costs, order := make([]int, len(groups)), make([]int, len(groups))
	for i, g := range groups {
		costs[i], order[i] = s.entries(g), i
	}
	slices.SortFunc(order, func(a, b int) int { return costs[a] - costs[b] })
	h.flagged = h.flagged[:0]
	h.eachOf(s, groups[order[0]], func(doc uint32) {
		if h.flags[doc] == 0 {
			h.flags[doc] = 1
			h.flagged = append(h.flagged, doc)
		}
	})
	for round, i := range order[1:] {
		if costs[i] > h.lookCost*len(h.flagged) || round+2 > math.MaxUint8 {
			break
		}
		h.intersect(s, groups[i], uint8(round+1))
	}
	for _, doc := range h.flagged {
		h.flags[doc] = 0
	}
	return h.flagged
}

// intersect keeps what is flagged and in the group as well.
func (h *hunt) intersect(s *segment, group []metTerm, round uint8) {
	if l, ok := s.only(group); ok && l.dense {
		h.flagged = slices.DeleteFunc(h.flagged, func(doc uint32) bool {
			gone := !l.has(doc)
			h.flags[doc] = round + 1
			if gone {
				h.flags[doc] = 0
			}
			return gone
		})
		return
	}
	h.eachOf(s, group, func(doc uint32) {
		if h.flags[doc] == round {
			h.flags[doc] = round + 1
		}
	})
	kept := h.flagged[:0]
	for _, doc := range h.flagged {
		if h.flags[doc] == round+1 {
			kept = append(kept, doc)
		} else {
			h.flags[doc] = 0
		}
	}
	h.flagged = kept
}

// only gives the list of terms that have no more than one.
func (s *segment) only(terms []metTerm) (l list, ok bool) {
	if len(terms) != 1 {
		return l, false
	}
	r := s.lists(terms[0].term)
	ok = bits.OnesCount8(r.mask) == 1 && r.next(&l) && terms[0].mask>>l.class&1 != 0
	return l, ok
}

func (h *hunt) eachOf(s *segment, terms []metTerm, give func(doc uint32)) {
	var l list
	for _, m := range terms {
		for r := s.lists(m.term); r.next(&l); {
			if m.mask>>l.class&1 == 0 {
				continue
			}
			for doc := range l.all() {
				give(doc)
			}
		}
	}
}
