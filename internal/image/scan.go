package image

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word of a plan as it was typed, and folded; a quoted one is neither a number nor an option.
type token struct {
	raw, word string
	quoted    bool
	comma     bool // one stood behind it
}

// segment is the text of one step.
type segment struct {
	raw    string
	tokens []token
}

// quotes are the signs that open a quotation, and those that close it.
var quotes = map[rune]string{
	'"': `"”`, '“': `”“"`, '”': `”“"`, '„': `“”"`, '«': `»`, '\'': `'’`, '‘': `’'`, '’': `’'`,
}

// isSingle tells whether a quotation mark may be an apostrophe; it opens only where a word begins.
func isSingle(r rune) bool { return r == '\'' || r == '‘' || r == '’' }

func isSeparator(r rune) bool { return r == '|' || r == '\n' || r == ';' }

// scanner cuts a text into steps and those into words.
type scanner struct {
	text  string
	at    int
	steps []segment
	begin int // where the step began
	now   []token
}

// scan gives the steps of a text; false when a quotation is not closed.
func scan(text string) ([]segment, bool) {
	s := &scanner{text: text}
	for s.at < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.text[s.at:])
		switch {
		case isSeparator(r):
			s.end()
			s.at += n
			s.begin = s.at
		case unicode.IsSpace(r):
			s.at += n
		case quotes[r] != "" && s.quotation(quotes[r], n):
		case quotes[r] != "" && !isSingle(r):
			return nil, false
		default:
			s.word()
		}
	}
	s.end()
	return s.steps, true
}

// end ends a step; one of no words is none.
func (s *scanner) end() {
	if len(s.now) > 0 {
		s.steps = append(s.steps, segment{strings.TrimSpace(s.text[s.begin:s.at]), join(s.now)})
	}
	s.now = nil
}

// quotation reads up to a closing sign, or nothing where there is none. A backslash takes the meaning of the sign behind it; \n is a new line.
func (s *scanner) quotation(closing string, n int) bool {
	var b strings.Builder
	for i := s.at + n; i < len(s.text); {
		r, n := utf8.DecodeRuneInString(s.text[i:])
		next, _ := utf8.DecodeRuneInString(s.text[i+n:])
		switch {
		case r == '\\' && (next == '\\' || strings.ContainsRune(closing, next)):
			b.WriteRune(next)
			i += n + utf8.RuneLen(next)
		case r == '\\' && next == 'n':
			b.WriteByte('\n')
			i += n + 1
		case strings.ContainsRune(closing, r) && !s.inWord(r, next):
			s.at = i + n
			s.now = append(s.now, token{raw: trimGuillemets(b.String(), closing), quoted: true})
			return true
		default:
			b.WriteRune(r)
			i += n
		}
	}
	return false
}

// inWord tells an apostrophe from the end of a quotation in single signs.
func (s *scanner) inWord(r, next rune) bool {
	return isSingle(r) && (unicode.IsLetter(next) || unicode.IsDigit(next)) && next != utf8.RuneError
}

// trimGuillemets takes off the blanks that stand inside « ».
func trimGuillemets(text, closing string) string {
	if closing == "»" {
		return strings.TrimSpace(text)
	}
	return text
}

// word reads up to a blank, a separator or a quotation. What stands before a number as "under" stands alone.
func (s *scanner) word() {
	i := s.at
	for i < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.text[i:])
		if unicode.IsSpace(r) || isSeparator(r) || i > s.at && quotes[r] != "" && !isSingle(r) {
			break
		}
		i += n
		if strings.ContainsRune("<≤", r) && i == s.at+n && !strings.HasPrefix(s.text[i:], "=") {
			break
		}
	}
	raw := s.text[s.at:i]
	s.at = i
	s.now = append(s.now, token{raw: raw, word: fold(raw)})
}

// units are words that belong to the number before them.
var units = map[string]string{
	"%": "%", "percent": "%", "pct": "%", "pourcent": "%", "pourcents": "%", "px": "px", "pixel": "px", "pixels": "px",
	"b": "b", "o": "o", "byte": "b", "bytes": "b", "octet": "o", "octets": "o", "k": "kb", "kb": "kb", "ko": "kb", "kib": "kib", "kio": "kib",
	"m": "mb", "mb": "mb", "mo": "mb", "mib": "mib", "mio": "mib",
}

// signs between numbers, and what they are when nothing stands around them.
var signs = map[string]string{"x": "x", "*": "x", "by": "x", "par": "x", ":": ":", ",": ","}

// join puts together what people part with blanks: "50 %", "800 x 600", "10, 20", "200 KB".
func join(tokens []token) []token {
	var out []token
	for _, t := range tokens {
		if t.quoted {
			out = append(out, t)
			continue
		}
		t.word = spelled(t.word)
		last := len(out) - 1
		if last < 0 || out[last].quoted || !joins(out[last].word, &t) {
			out = append(out, t)
			continue
		}
		out[last] = token{raw: out[last].raw + " " + t.raw, word: out[last].word + t.word}
	}
	for i := range out {
		out[i].bare()
	}
	return out
}

// bare takes off the comma behind a word, and the colon behind one that is no number ("crop: 16:9").
func (t *token) bare() {
	if word, found := strings.CutSuffix(t.word, ","); found && word != "" {
		t.word, t.comma = word, true
	}
	if word, found := strings.CutSuffix(t.word, ":"); found && word != "" && !isDigit(word[0]) {
		t.word = word
	}
}

// spelled writes a length's unit and sign in one way: "800*600" as "800x600", "800pixels" as "800px".
func spelled(word string) string {
	if word == "" || !isDigit(word[0]) && !strings.ContainsAny(word[:1], "+-.") {
		return word
	}
	for _, unit := range []string{"pixels", "pixel"} {
		word = strings.Replace(word, unit, "px", 1)
	}
	return strings.TrimSuffix(strings.Replace(word, "*", "x", 1), "°")
}

// joins tells whether a word continues the one before it, and writes it as it continues.
func joins(before string, t *token) bool {
	if before == "" {
		return false
	}
	_, _, isLength := parseLength(before)
	if unit, ok := units[t.word]; ok && isLength && isDigit(before[len(before)-1]) {
		t.word = unit
		return true
	}
	if sign, ok := signs[t.word]; ok && isLength {
		t.word = sign
		return true
	}
	return isOpen(before) && isEnd(t.word)
}

// isOpen tells whether a word is a number and a sign that wants another: "10,", "800x", "16:".
func isOpen(word string) bool {
	last := len(word) - 1
	if last < 1 || !strings.Contains("x:,", word[last:]) || strings.HasSuffix(word, "px") {
		return false
	}
	_, _, ok := parseLength(word[:last])
	return ok && !strings.Contains(word[:last], ",")
}

// isEnd tells whether a word is the number that an open one wants.
func isEnd(word string) bool {
	word = strings.TrimSuffix(word, ",")
	_, _, ok := parseLength(word)
	return ok && !strings.Contains(word, ",")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
