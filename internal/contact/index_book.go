package contact

import (
	"slices"
	"strings"
	"sync"
)

// maxGone is how many removals a book remembers, to refuse what comes late.
const maxGone = 10_000

// sparse is how many empty slots a book may have before it is tidied.
const sparse = 1000

// shelfIndex is the index of one book. Contacts stand in slots; a changed contact takes a new slot and leaves its old
// one empty, until there are too many of these.
type shelfIndex struct {
	book BookID

	mu      sync.RWMutex
	at      map[ID]uint32
	slots   []slot
	live    []bool
	words   lexicon                   // words
	chunks  lexicon                   // what has signs in it: e-mails, web addresses, "o'neil"
	numbers lexicon                   // the digits of phone numbers
	tags    map[string]map[string]int // key of the tag → as written → in how many contacts
	removed map[ID]int                // version of the removal
	oldest  []ID                      // of removed, oldest first
}

// slot is what is kept of a contact besides the words.
type slot struct {
	id      ID
	version int
	// text is for each value a byte (place of the field in Fields, plus one) and its words, a blank before each.
	// The name comes first.
	text    string
	nameEnd int
	tags    []tag
}

func (s *slot) name() string { return s.text[min(1, s.nameEnd):s.nameEnd] }

func newShelfIndex(book BookID) *shelfIndex {
	return &shelfIndex{
		book: book, at: map[ID]uint32{}, words: newLexicon(), chunks: newLexicon(), numbers: newLexicon(),
		tags: map[string]map[string]int{}, removed: map[ID]int{},
	}
}

// put takes a contact in, unless what is known is as new.
func (s *shelfIndex) put(id ID, version int, d *draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.removed[id]; ok && v >= version {
		return
	}
	if n, ok := s.at[id]; ok {
		if s.slots[n].version >= version {
			return
		}
		s.empty(n)
	}
	s.fill(slot{id: id, version: version, text: string(d.text), nameEnd: d.nameEnd, tags: d.tags}, d)
}

func (s *shelfIndex) fill(c slot, d *draft) {
	n := uint32(len(s.slots))
	s.slots, s.live = append(s.slots, c), append(s.live, true)
	s.at[c.id] = n
	for _, t := range d.words {
		s.words.add(t.text, n, t.field)
	}
	for _, t := range d.chunks {
		s.chunks.add(t.text, n, t.field)
	}
	for _, t := range d.numbers {
		s.numbers.add(t.text, n, t.field)
	}
	for _, t := range c.tags {
		if s.tags[t.key] == nil {
			s.tags[t.key] = map[string]int{}
		}
		s.tags[t.key][t.written]++
	}
}

// empty frees a slot.
func (s *shelfIndex) empty(n uint32) {
	for _, t := range s.slots[n].tags {
		written := s.tags[t.key]
		if written[t.written]--; written[t.written] == 0 {
			delete(written, t.written)
		}
		if len(written) == 0 {
			delete(s.tags, t.key)
		}
	}
	delete(s.at, s.slots[n].id)
	s.slots[n], s.live[n] = slot{}, false
	if free := len(s.slots) - len(s.at); free > sparse+len(s.at) {
		s.tidy()
	}
}

// tidy closes the gaps.
func (s *shelfIndex) tidy() {
	moved := make([]uint32, len(s.slots))
	kept := make([]slot, 0, len(s.at))
	for n, c := range s.slots {
		moved[n] = gone
		if s.live[n] {
			moved[n] = uint32(len(kept))
			s.at[c.id] = moved[n]
			kept = append(kept, c)
		}
	}
	s.slots, s.live = kept, slices.Repeat([]bool{true}, len(kept))
	s.words, s.chunks, s.numbers = s.words.remade(moved), s.chunks.remade(moved), s.numbers.remade(moved)
}

// remove takes a contact out, unless a newer one is in.
func (s *shelfIndex) remove(id ID, version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.at[id]; ok {
		if s.slots[n].version > version {
			return
		}
		s.empty(n)
	}
	v, known := s.removed[id]
	if !known {
		s.oldest = append(s.oldest, id)
	}
	s.removed[id] = max(v, version)
	if len(s.oldest) > maxGone {
		delete(s.removed, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
}

func (s *shelfIndex) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.at)
}

// addTags adds the tags of the book to all.
func (s *shelfIndex) addTags(all map[string]map[string]int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, written := range s.tags {
		if all[key] == nil {
			all[key] = make(map[string]int, len(written))
		}
		for w, n := range written {
			all[key][w] += n
		}
	}
}

// phrase is the best reason why the words stand one after the other in one of the fields; the last may be a
// beginning. Each word has a blank before it.
func (s *slot) phrase(words string, fields fieldSet) reason {
	var best reason
	for from := 0; ; {
		i := strings.Index(s.text[from:], words)
		if i < 0 {
			return best
		}
		at := from + i
		from = at + len(words)
		field := s.text[strings.LastIndexFunc(s.text[:at], func(r rune) bool { return r < ' ' })] - 1
		how := byPrefix
		if from == len(s.text) || s.text[from] <= ' ' {
			how = byExact
		}
		if in := fieldSet(1) << field & fields; in != 0 {
			best = max(best, bestIn(in, how))
		}
	}
}
