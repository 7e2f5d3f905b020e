package contact

import "strconv"

// rowPlan says which rows of a file are about one contact. They are dealt with together, when the first of them comes: each is
// applied to the result of the one before, and the contact is changed once. So a file that contradicts itself changes
// nothing either when it comes again.
type rowPlan struct {
	ring  *keyring
	known map[uint64]int // key that no contact of the book has → first row that has it
	about map[uint32]int // contact of the book → first row about it
	first map[int]int    // row → first row about the same contact, of rows that are not the first
	later map[int]others // first row → the others
	held  int
}

// others are the rows about a contact that are not the first, and where they stand.
type others struct {
	places []int
	rows   []Row
}

// maxLater is how many rows a plan holds that are not the first about their contact. In a file that has more, the rest are
// dealt with where they stand.
const maxLater = 20_000

func newRowPlan(ring *keyring) *rowPlan {
	return &rowPlan{ring: ring, known: map[uint64]int{}, about: map[uint32]int{}, first: map[int]int{}, later: map[int]others{}}
}

// add takes the next row in; number is its place among the rows that can be read.
func (p *rowPlan) add(number int, r Row) {
	keys := p.ring.rowKeys(&r)
	first := p.find(number, &r, &keys)
	for _, key := range append(keys.keys, keys.content) {
		if _, taken := p.known[key]; !taken && key != 0 {
			p.known[key] = first
		}
	}
	if first != number {
		p.first[number] = first
		o := p.later[first]
		p.later[first] = others{append(o.places, number), append(o.rows, r)}
		p.held++
	}
}

// find gives the first row about the same contact; it may be the row itself.
func (p *rowPlan) find(number int, r *Row, keys *rowKeys) int {
	if p.held >= maxLater {
		return number
	}
	if n, known := p.ring.at[keys.id]; keys.id != 0 && known && !p.ring.all[n].gone {
		return p.of(n, number)
	}
	for _, key := range keys.keys {
		if n, found := p.ring.best(key, keys.name); found {
			return p.of(n, number)
		}
		if first, found := p.known[key]; found {
			return first
		}
	}
	if !keys.bare() {
		return number
	}
	keys.content = p.ring.key(keyContent, r.content())
	if first, found := p.known[keys.content]; found {
		return first
	}
	return number
}

// of gives the first row about a contact of the book.
func (p *rowPlan) of(n uint32, number int) int {
	if first, found := p.about[n]; found {
		return first
	}
	p.about[n] = number
	return number
}

// ready gives free what only adding needs.
func (p *rowPlan) ready() { p.known, p.about = nil, nil }

// content is all that a row says.
func (r *Row) content() string {
	text := string(r.Record.Kind)
	for _, f := range Fields {
		part := FieldText(r.Record, f)
		text += "\x00" + strconv.Itoa(len(part)) + part
	}
	return text
}
