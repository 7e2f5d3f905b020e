package exchange

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

const (
	maxPhrases = 96 << 20 // bytes that the strings of a workbook may take in memory
	chunkSize  = 1 << 20
	spanCount  = 1 << 16 // of a block
)

// phrases are the strings that the cells of a workbook share, by their number. They lie in few large blocks: a string each would
// take three times the room.
type phrases struct {
	chunks [][]byte
	spans  [][]span
	count  int
}

// span is where a string lies.
type span struct{ chunk, from, size uint32 }

// readPhrases reads them all, if they take no more than most bytes. Of a string longer than a cell may be just enough is kept to tell.
func readPhrases(m *marks, cell, most int) (*phrases, error) {
	p := &phrases{}
	var text []byte
	for m.next() {
		if !m.opens("si") {
			continue
		}
		text = unescaped(m.rich(text[:0]))
		p.add(text[:min(len(text), utf8.UTFMax*(cell+1))])
		if len(p.chunks)*chunkSize+12*p.count > most {
			return nil, refuse("exchange.unpacked", "Max", megabytes(int64(most)))
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
	if p.count%spanCount == 0 {
		p.spans = append(p.spans, make([]span, 0, spanCount))
	}
	block := &p.spans[p.count/spanCount]
	*block = append(*block, span{uint32(last), uint32(len(p.chunks[last])), uint32(len(text))})
	p.count++
	p.chunks[last] = append(p.chunks[last], text...)
}

// get gives a string by its number as a cell has it; there may be none of that number.
func (p *phrases) get(number []byte) string {
	n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
	if err != nil || n < 0 || n >= p.count {
		return ""
	}
	s := p.spans[n/spanCount][n%spanCount]
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
