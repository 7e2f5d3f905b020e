package contact

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// builder makes a segment. It goes through the contacts twice: first for the terms, then, when it is known which are
// the most frequent, for the texts.
type builder struct {
	job     *job
	origins []origin // by document
	leaf    leaf
	key     []byte
	row     []int // of the value at hand, when it is short: where its words begin in spaced
	spaced  []byte

	numbers map[string]uint32 // terms → places in texts
	texts   []string
	heads   []uint32 // for each term, its first list
	lists   []gathering
	uses    []uint32 // for each term, how often it stands in pieces
	soles   []uint32 // for each termLeft, as segment.soles, but by number

	tagAt map[string]uint32
	tags  []string
	books map[BookID]uint32
}

// build makes the segment of a job, and says for each of its documents where it comes from; no segment when nothing is
// left.
func (j *job) build() (*segment, []origin) {
	b := &builder{job: j, numbers: map[string]uint32{}, tagAt: map[string]uint32{}, books: map[BookID]uint32{}}
	b.collect()
	if len(b.origins) == 0 {
		return nil, nil
	}
	for doc := range b.origins {
		b.takeIn(uint32(doc))
	}
	s := &segment{n: len(b.origins)}
	codes := b.seal(s)
	b.write(s, codes)
	return s.sealed(b.shelve(s)), b.origins
}

// collect lists the contacts in order.
func (b *builder) collect() {
	for _, p := range b.job.segments {
		for n := range uint32(p.n) {
			if !p.hidden.has(n) {
				b.origins = append(b.origins, origin{p.segment, n, p.name(n, &b.leaf), ID(p.ids.at(int(n))), p.bookAt(int(n))})
			}
		}
	}
	for _, n := range b.job.slots {
		c := &b.job.overlay.slots[n]
		b.origins = append(b.origins, origin{nil, n, c.name(), c.id, b.job.books[c.book]})
	}
	sortOrigins(b.origins)
	for _, o := range b.origins {
		if _, ok := b.books[o.book]; !ok {
			b.books[o.book] = uint32(len(b.books))
		}
	}
}

// load reads a contact into the leaf.
func (b *builder) load(o *origin) {
	l := &b.leaf
	if o.segment != nil {
		o.segment.read(o.n, l)
		l.withSigns()
		l.numbers()
		for i, t := range l.tags {
			l.tags[i] = b.tag(o.segment.tags[t].written)
		}
		return
	}
	c := &b.job.overlay.slots[o.n]
	l.version, l.lines, l.pieces, l.tags = c.version, append(l.lines[:0], c.lines...), append(l.pieces[:0], c.pieces...), l.tags[:0]
	for _, t := range c.tags {
		l.tags = append(l.tags, b.tag(t.written))
	}
}

func (b *builder) tag(written string) uint32 {
	n, ok := b.tagAt[written]
	if !ok {
		n = uint32(len(b.tags))
		b.tagAt[written], b.tags = n, append(b.tags, written)
	}
	return n
}

// takeIn notes the terms of a contact.
func (b *builder) takeIn(doc uint32) {
	b.load(&b.origins[doc])
	field := 0
	for rest := b.leaf.pieces; len(rest) > 0; {
		if rest[0] < ' ' {
			b.endRow(doc)
			field, rest = int(rest[0])-1, rest[1:]
			continue
		}
		end := 1 + bytes.IndexFunc(rest[1:], func(r rune) bool { return r <= ' ' })
		if end == 0 {
			end = len(rest)
		}
		b.piece(rest[1:end], classOf[field], doc)
		rest = rest[end:]
	}
	b.endRow(doc)
	for _, l := range b.leaf.lines {
		for _, form := range l.forms() {
			b.number(form, classOf[l.field], doc)
		}
	}
	for _, t := range b.leaf.tags {
		b.note(append(append(b.key[:0], termTag...), tagKey(b.tags[t])...), classOf[fieldAt[FieldTags]], doc)
	}
}

// piece notes the words of a piece, and what stands around its signs.
func (b *builder) piece(p []byte, c class, doc uint32) {
	for from := 0; from < len(p); {
		r, n := utf8.DecodeRune(p[from:])
		if inWord(r) {
			n = wordLength(p[from:])
			b.uses[b.note(append(b.key[:0], p[from:from+n]...), c, doc)]++
			if c == classCompany {
				b.row = append(b.row, len(b.spaced))
				b.spaced = append(append(b.spaced, p[from:from+n]...), ' ')
			}
		} else {
			b.around(p, from, n, c, doc)
		}
		from += n
	}
}

// endRow notes the words in a row of a value of the company's class, from each but the last on.
func (b *builder) endRow(doc uint32) {
	for i, from := range b.row {
		if i+1 < len(b.row) {
			row := b.spaced[from : len(b.spaced)-1]
			b.note(append(append(b.key[:0], termRow...), row[:min(len(row), maxRow)]...), classCompany, doc)
		}
	}
	b.row, b.spaced = b.row[:0], b.spaced[:0]
}

// around notes the words to both sides of a sign.
func (b *builder) around(p []byte, at, n int, c class, doc uint32) {
	if length := wordLength(p[at+n:]); length > 0 {
		b.note(append(append(b.key[:0], termRight...), p[at:at+n+length]...), c, doc)
	}
	if length := wordLengthBefore(p[:at]); length > 0 {
		b.key = append(append(b.key[:0], termLeft...), p[at:at+n]...)
		b.key = appendReversed(b.key, p[at-length:at])
		b.follow(b.note(b.key, c, doc), p[at+n:], c, doc)
	}
}

// follow notes which word follows on a word and a sign.
func (b *builder) follow(left uint32, rest []byte, c class, doc uint32) {
	sole := uint32(variousSoles)
	if length := wordLength(rest); length > 0 {
		sole = b.note(append(b.key[:0], rest[:length]...), c, doc) + 1
	}
	if b.soles[left] != 0 && b.soles[left] != sole {
		sole = variousSoles
	}
	b.soles[left] = sole
}

func wordLength(p []byte) int {
	if n := bytes.IndexFunc(p, notInWord); n >= 0 {
		return n
	}
	return len(p)
}

func wordLengthBefore(p []byte) int {
	last := bytes.LastIndexFunc(p, notInWord)
	if last < 0 {
		return len(p)
	}
	_, n := utf8.DecodeRune(p[last:])
	return len(p) - last - n
}

func appendReversed[S string | []byte](dst []byte, s S) []byte {
	for i := len(s) - 1; i >= 0; i-- {
		dst = append(dst, s[i])
	}
	return dst
}

// number notes a phone number.
func (b *builder) number(digits string, c class, doc uint32) {
	if len(digits) <= shortNumber {
		b.note(append(append(b.key[:0], termNumber...), digits...), c, doc)
	}
	b.note(append(append(b.key[:0], termDigits+"^"...), digits[:min(shortNumber, len(digits))]...), c, doc)
	for i := range digits {
		b.note(append(append(b.key[:0], termDigits...), digits[i:min(i+shortNumber, len(digits))]...), c, doc)
	}
}

// note notes that a term is in a class of a document, and gives its place.
func (b *builder) note(term []byte, c class, doc uint32) uint32 {
	b.key = term
	n, ok := b.numbers[string(term)]
	if !ok {
		n = uint32(len(b.texts))
		text := string(term)
		b.numbers[text], b.texts = n, append(b.texts, text)
		b.heads, b.uses = append(b.heads, b.newList(c)), append(b.uses, 0)
		b.soles = append(b.soles, 0)
	}
	at := b.heads[n]
	if b.spare(at, c, doc) {
		return n
	}
	for b.lists[at].class != c {
		next := b.lists[at].next
		if next == 0 {
			next = b.newList(c)
			b.lists[at].next = next
		}
		at = next
	}
	b.lists[at].add(doc)
	return n
}

// spare tells whether a document need not be in the list of a class: it is in one of the same term that weighs as much
// or more, and is looked at whenever this one is. Restrictions look at the company's class and at addresses alone, and
// phrases at all but the company's class.
func (b *builder) spare(at uint32, c class, doc uint32) bool {
	if c == classCompany || c == classAddress {
		return false
	}
	for {
		l := &b.lists[at]
		if l.last == doc && l.class < c && l.class != classCompany {
			return true
		}
		if l.next == 0 {
			return false
		}
		at = l.next
	}
}

func (b *builder) newList(c class) uint32 {
	b.lists = append(b.lists, gathering{class: c})
	return uint32(len(b.lists) - 1)
}

// seal writes the terms and their lists, and gives the code of each word.
func (b *builder) seal(s *segment) []uint32 {
	sorted := make([]uint32, len(b.texts))
	for i := range sorted {
		sorted[i] = uint32(i)
	}
	slices.SortFunc(sorted, func(x, y uint32) int { return strings.Compare(b.texts[x], b.texts[y]) })
	var terms blobWriter
	for i, n := range sorted {
		terms.add(b.texts[n])
		s.posts = binary.LittleEndian.AppendUint32(s.posts, b.post(s, n))
		if b.texts[n] >= termWord && s.words == 0 {
			s.words = i
		}
	}
	s.terms = terms.done()
	b.solesOf(s, sorted)
	b.gramsOf(s, sorted)
	s.countPopular(b.job.often)
	return b.codesOf(s, sorted)
}

// post writes the lists of a term, and gives what finds them.
func (b *builder) post(s *segment, n uint32) uint32 {
	var chain []*gathering
	mask := byte(0)
	for at := b.heads[n]; ; at = b.lists[at].next {
		chain = append(chain, &b.lists[at])
		mask |= 1 << b.lists[at].class
		if b.lists[at].next == 0 {
			break
		}
	}
	if g := chain[0]; len(chain) == 1 && g.n == 1 {
		return alone | uint32(g.class)<<classShift | g.last
	}
	slices.SortFunc(chain, func(x, y *gathering) int { return cmp.Compare(x.class, y.class) })
	at := uint32(len(s.listData))
	s.listData = append(s.listData, mask)
	for _, g := range chain {
		s.listData = g.appendTo(s.listData, s.n)
		g.data = nil
	}
	return at
}

// solesOf writes which words follow.
func (b *builder) solesOf(s *segment, sorted []uint32) {
	places := make([]uint32, len(sorted))
	for i, n := range sorted {
		places[n] = uint32(i)
	}
	s.lefts = s.from(termLeft)
	for _, n := range sorted[s.lefts:s.from(termTag)] {
		sole := uint32(0)
		if b.soles[n] != variousSoles {
			sole = places[b.soles[n]-1]
		}
		s.soles = binary.LittleEndian.AppendUint32(s.soles, sole)
	}
}

// codesOf orders the words by how often they are used.
func (b *builder) codesOf(s *segment, sorted []uint32) []uint32 {
	var words []uint32 // places in sorted
	for i, n := range sorted {
		if b.uses[n] > 0 {
			words = append(words, uint32(i))
		}
	}
	slices.SortStableFunc(words, func(x, y uint32) int { return cmp.Compare(b.uses[sorted[y]], b.uses[sorted[x]]) })
	codes := make([]uint32, len(sorted))
	for code, i := range words {
		codes[sorted[i]] = uint32(code)
		s.codes = binary.LittleEndian.AppendUint32(s.codes, i)
	}
	return codes
}

// gramsOf writes the grams of the words.
func (b *builder) gramsOf(s *segment, sorted []uint32) {
	type at struct{ gram, term uint32 }
	var all []at
	for i := s.words; i < len(sorted); i++ {
		word := b.texts[sorted[i]]
		for k := range len(word) {
			all = append(all, at{gramKey(word[k:], 0), uint32(i)})
		}
	}
	slices.SortFunc(all, func(x, y at) int { return cmp.Or(cmp.Compare(x.gram, y.gram), cmp.Compare(x.term, y.term)) })
	all = slices.Compact(all)
	var w blobWriter
	var one []byte
	for i := 0; i < len(all); {
		gram, last := all[i].gram, uint32(0)
		for one = one[:0]; i < len(all) && all[i].gram == gram; i++ {
			one = binary.AppendUvarint(one, uint64(all[i].term-last))
			last = all[i].term
		}
		s.gramKeys = binary.LittleEndian.AppendUint32(s.gramKeys, gram)
		w.add(string(one))
	}
	s.grams = w.done()
}

// write writes what is kept of each contact.
func (b *builder) write(s *segment, codes []uint32) {
	var ids, texts blobWriter
	var text, lines []byte
	for doc := range b.origins {
		o := &b.origins[doc]
		b.load(o)
		ids.add(string(o.id))
		s.bookOf = binary.LittleEndian.AppendUint32(s.bookOf, b.books[o.book])
		text = binary.AppendUvarint(text[:0], uint64(b.leaf.version))
		text = binary.AppendUvarint(text, uint64(len(b.leaf.tags)))
		for _, t := range b.leaf.tags {
			text = binary.AppendUvarint(text, uint64(t))
		}
		lines = lines[:0]
		for _, l := range b.leaf.lines {
			lines = appendLine(lines, l)
		}
		text = append(binary.AppendUvarint(text, uint64(len(lines))), lines...)
		texts.add(string(appendCoded(text, string(b.leaf.pieces), func(word string) int { return int(codes[b.numbers[word]]) })))
	}
	s.ids, s.texts = ids.done(), texts.done()
	b.arrange(s)
}

// arrange writes the orders of the documents.
func (b *builder) arrange(s *segment) {
	docs := make([]uint32, s.n)
	for i := range docs {
		docs[i] = uint32(i)
	}
	slices.SortStableFunc(docs, func(x, y uint32) int { return cmp.Compare(b.books[b.origins[x].book], b.books[b.origins[y].book]) })
	for i, doc := range docs {
		for book := b.books[b.origins[doc].book]; s.starts.len() <= int(book); {
			s.starts = binary.LittleEndian.AppendUint32(s.starts, uint32(i))
		}
		s.members = binary.LittleEndian.AppendUint32(s.members, doc)
	}
	s.starts = binary.LittleEndian.AppendUint32(s.starts, uint32(s.n))
	slices.SortFunc(docs, func(x, y uint32) int {
		return cmp.Or(strings.Compare(string(b.origins[x].id), string(b.origins[y].id)), strings.Compare(string(b.origins[x].book), string(b.origins[y].book)))
	})
	for _, doc := range docs {
		s.order = binary.LittleEndian.AppendUint32(s.order, doc)
	}
}

// shelve writes the tags and how often each book uses them, and gives the names of the books.
func (b *builder) shelve(s *segment) blobs {
	names := make([]string, len(b.books))
	for id, n := range b.books {
		names[n] = string(id)
	}
	type use struct{ book, tag uint32 }
	uses := map[use]uint32{}
	for doc := range b.origins {
		b.load(&b.origins[doc])
		for _, t := range b.leaf.tags {
			uses[use{s.bookOf.at(doc), t}]++
		}
	}
	for u, n := range uses {
		for _, v := range []uint32{u.book, u.tag, n} {
			s.usage = binary.LittleEndian.AppendUint32(s.usage, v)
		}
	}
	var books, tags blobWriter
	for _, n := range names {
		books.add(n)
	}
	for _, t := range b.tags {
		tags.add(t)
	}
	s.written = tags.done()
	return books.done()
}

// blobWriter makes blobs.
type blobWriter struct{ made blobs }

func (w *blobWriter) add(text string) {
	w.made.ends = binary.LittleEndian.AppendUint32(w.made.ends, uint32(len(w.made.data)))
	w.made.data = append(w.made.data, text...)
}

func (w *blobWriter) done() blobs {
	w.made.ends = binary.LittleEndian.AppendUint32(w.made.ends, uint32(len(w.made.data)))
	return w.made
}
