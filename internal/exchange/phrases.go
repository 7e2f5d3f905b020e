package exchange

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

const (
	maxPhrases = 96 << 20 // bytes that the strings of a workbook may take in memory
	chunkSize  = 1 << 20
)

// phrases are the strings that the cells of a workbook share, by their number. They lie in few large blocks: a string each would
// take three times the room.
type phrases struct {
	chunks [][]byte
	spans  []span
}

// span is where a string lies.
type span struct{ chunk, from, size uint32 }

// readPhrases reads them all. limit is the most characters that a cell may have; of a longer string just enough is kept to tell.
func readPhrases(m *marks, limit int) (*phrases, error) {
	p := &phrases{}
	var text []byte
	for m.next() {
		if !m.opens("si") {
			continue
		}
		text = unescaped(m.rich(text[:0]))
		p.add(text[:min(len(text), utf8.UTFMax*(limit+1))])
		if len(p.chunks)*chunkSize+12*len(p.spans) > maxPhrases {
			return nil, refuse("exchange.unpacked", "Max", megabytes(maxPhrases))
		}
	}
	return p, m.err
}

func (p *phrases) add(text []byte) {
	last := len(p.chunks) - 1
	if last < 0 || cap(p.chunks[last])-len(p.chunks[last]) < len(text) {
		p.chunks = append(p.chunks, make([]byte, 0, max(chunkSize, len(text))))
		last++
	}
	p.spans = append(p.spans, span{uint32(last), uint32(len(p.chunks[last])), uint32(len(text))})
	p.chunks[last] = append(p.chunks[last], text...)
}

// get gives a string by its number as a cell has it; there may be none of that number.
func (p *phrases) get(number []byte) string {
	n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
	if err != nil || n < 0 || n >= len(p.spans) {
		return ""
	}
	s := p.spans[n]
	return string(p.chunks[s.chunk][s.from : s.from+s.size])
}

// unescaped undoes how Excel writes characters that XML cannot have: _x000D_ is CR, and _x005F_ the line of such a sign itself.
func unescaped(text []byte) []byte {
	if !bytes.Contains(text, []byte("_x")) {
		return text
	}
	var out []byte
	for {
		i := bytes.Index(text, []byte("_x"))
		if i < 0 || len(text) < i+7 {
			return append(out, text...)
		}
		n, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
		if err != nil || text[i+6] != '_' {
			out, text = append(out, text[:i+1]...), text[i+1:]
			continue
		}
		out, text = append(out, text[:i]...), text[i+7:]
		if r := rune(n); n != 0 && utf8.ValidRune(r) {
			out = utf8.AppendRune(out, r)
		}
	}
}
