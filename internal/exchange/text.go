package exchange

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// sample is how much of a file is looked at to see what it is, in bytes.
const sample = 64 << 10

// coding is how the characters of a text were made bytes.
type coding int

const (
	utf8Text coding = iota
	utf16LE
	utf16BE
	windows // Windows-1252, which has a character for nearly every byte: what is left
	mixed   // UTF-8 in which some bytes are wrong: other programs cut texts within characters, or put together what they did not read
)

// text is a file of characters.
type text struct {
	data   io.ReaderAt
	size   int64
	coding coding
	oldMac bool // lines end with CR alone
}

// newText finds out the encoding. A byte that is wrong in UTF-8 may stand at the very end, so the whole file is looked at.
func newText(data io.ReaderAt, size int64) (t *text, err error) {
	t = &text{data: data, size: size}
	head := make([]byte, min(size, sample))
	if _, err := data.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if t.coding = encodingOf(head); t.coding == windows || t.coding == utf8Text {
		if t.coding, err = census(io.NewSectionReader(data, 0, size)); err != nil {
			return nil, err
		}
	}
	start := t.head()
	t.oldMac = bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0
	return t, nil
}

// encodingOf guesses by the mark at the beginning, or by where zeros stand: Latin letters in UTF-16 have one each.
func encodingOf(head []byte) coding {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return utf8Text
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return utf16LE
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return utf16BE
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch few := len(head) / 8; {
	case zeros[1] > few && zeros[0] <= zeros[1]/8:
		return utf16LE
	case zeros[0] > few && zeros[1] <= zeros[0]/8:
		return utf16BE
	}
	return windows
}

// census counts the characters beyond ASCII that are right in UTF-8, and the bytes that are wrong, to the end of a text.
func census(r io.Reader) (coding, error) {
	buf, kept, right, wrong := make([]byte, sample), 0, 0, 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		part, last := buf[:kept+n], err != nil // a full buffer may end within a character
		kept = count(part, last, &right, &wrong)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return byCensus(right, wrong), nil
		case err != nil:
			return windows, err
		}
		copy(buf, buf[len(buf)-kept:])
	}
}

func byCensus(right, wrong int) coding {
	switch {
	case wrong == 0:
		return utf8Text
	case right > wrong:
		return mixed
	}
	return windows
}

// count gives how many bytes at the end of a part are of a character that goes on behind it.
func count(part []byte, last bool, right, wrong *int) (kept int) {
	for len(part) > 0 {
		r, size := utf8.DecodeRune(part)
		switch {
		case !last && !utf8.FullRune(part):
			return len(part)
		case r == utf8.RuneError && size == 1:
			*wrong++
		case size > 1:
			*right++
		}
		part = part[size:]
	}
	return 0
}

// mend decodes UTF-8 and takes each byte that is wrong for one of Windows-1252.
type mend struct{ transform.NopResetter }

func (mend) Transform(dst, src []byte, atEOF bool) (written, read int, err error) {
	for read < len(src) {
		if !atEOF && !utf8.FullRune(src[read:]) {
			return written, read, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[read:])
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(src[read])
		}
		if written+utf8.RuneLen(r) > len(dst) {
			return written, read, transform.ErrShortDst
		}
		written += utf8.EncodeRune(dst[written:], r)
		read += size
	}
	return written, read, nil
}

// reader reads the text from its beginning, in UTF-8 without a mark, lines ending with LF or CR LF.
func (t *text) reader() io.Reader {
	var e encoding.Encoding
	data := io.NewSectionReader(t.data, 0, t.size)
	switch t.coding {
	case mixed:
		return t.ends(transform.NewReader(data, transform.Chain(mend{}, unicode.UTF8BOM.NewDecoder())))
	case utf16LE:
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case utf16BE:
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case windows:
		e = charmap.Windows1252
	default:
		e = unicode.UTF8BOM
	}
	return t.ends(transform.NewReader(data, e.NewDecoder()))
}

// ends gives a text the line ends of today.
func (t *text) ends(r io.Reader) io.Reader {
	if t.oldMac {
		return lineFeeds{r}
	}
	return r
}

// head is the beginning of the text.
func (t *text) head() []byte {
	b, err := io.ReadAll(io.LimitReader(t.reader(), sample))
	if err != nil {
		return nil
	}
	return b
}

// lineFeeds makes the line ends of a Mac before 2001, and of Excel's "CSV (Macintosh)", those of everybody else.
type lineFeeds struct{ io.Reader }

func (l lineFeeds) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// maxEntry is the most bytes that one row or contact of a text may take, which is held in memory as a whole.
const maxEntry = 4 << 20

var errOverlong = errors.New("an entry is too long")

// meter bounds what is read of a text for one entry; who reads sets since to 0 after each.
type meter struct {
	r     io.Reader
	since int
	read  int64
	last  byte // of the text, line ends left out
	ended bool
}

func (m *meter) Read(p []byte) (int, error) {
	if m.since > maxEntry {
		return 0, errOverlong
	}
	n, err := m.r.Read(p)
	m.since, m.read, m.ended = m.since+n, m.read+int64(n), errors.Is(err, io.EOF)
	if seen := bytes.TrimRight(p[:n], "\r\n"); len(seen) > 0 {
		m.last = seen[len(seen)-1]
	}
	return n, err
}
