package image

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"teamspro/internal/fault"
)

// The limits of a plan's text.
const (
	MaxText  = 4096 // bytes
	MaxSteps = 50   // a preview's plan may have one more: the last, that makes it fit
)

// mostSegments are the steps of a text, the settings of its output among them.
const mostSegments = MaxSteps + 20

// Parse reads the text of a plan: steps with "|", a semicolon or a new line between them, each a verb and what it needs,
// in English or French, with the words in any order. Where a step is the name of a preset, of the built-in ones or of
// those given, the preset stands for it.
//
// An error is a fault of kind Invalid whose sentence names the step and shows one that is right. What is read is valid.
func Parse(text string, presets ...Preset) (Plan, error) {
	if len(text) > MaxText {
		return Plan{}, bad("image.bad.long", "Limit", MaxText)
	}
	segments, ok := scan(strings.ToValidUTF8(text, "�"))
	if !ok {
		return Plan{}, bad("image.bad.quote")
	}
	segments = split(segments)
	if len(segments) == 0 {
		return Plan{}, bad("image.bad.empty", "Example", "resize 800 | grey | webp q80")
	}
	if len(segments) > mostSegments {
		return Plan{}, bad("image.bad.steps", "Limit", MaxSteps)
	}
	var p Plan
	for _, s := range segments {
		if err := s.parse(&p, presets); err != nil {
			return Plan{}, err
		}
	}
	return p, p.Validate()
}

// bad makes the fault of a plan that cannot be done.
func bad(text string, args ...any) error {
	return fault.New(fault.Invalid, "image.Parse", text, args...)
}

// split parts the steps that people put in a row with a comma or "then", where the next word can only be a verb.
func split(segments []segment) []segment {
	var out []segment
	for _, s := range segments {
		from := 0
		for i := 1; i < len(s.tokens); i++ {
			if s.partsAt(from, i) {
				out = append(out, s.part(from, i))
				from = i
			}
		}
		out = append(out, s.part(from, len(s.tokens)))
	}
	return out
}

func (s segment) part(from, to int) segment {
	if from == 0 && to == len(s.tokens) {
		return s
	}
	var raw []string
	for _, t := range s.tokens[from:to] {
		raw = append(raw, t.raw)
	}
	return segment{strings.TrimSuffix(strings.Join(raw, " "), ","), s.tokens[from:to]}
}

// partsAt tells whether a step ends before the word at i. Words to be written hold any word, and the boxes of a redaction
// must never become a frame, so neither is parted at a comma.
func (s segment) partsAt(from, i int) bool {
	before := s.tokens[i-1]
	then := !before.quoted && slices.Contains([]string{"then", "puis", "ensuite"}, before.word)
	if !then && !before.comma {
		return false
	}
	first, _ := findVerb(s.tokens[from:])
	rest := s.tokens[from:i]
	if first.name == "redact" || first.name == "pixelate" || first.name == "text" && !slices.ContainsFunc(rest, func(t token) bool { return t.quoted }) {
		return false
	}
	_, n := findVerb(s.tokens[i:])
	return n > 0 && (then || !small[s.tokens[i].word])
}

// findVerb finds the verb at the head of words and tells how many words it takes; small words may stand around it.
func findVerb(tokens []token) (verb, int) {
	var words []string
	var found verb
	end := 0
	for i, t := range tokens {
		if t.quoted || len(words) == 3 || i > 12 {
			break
		}
		if _, ok := verbs[t.word]; !ok && small[t.word] {
			continue
		}
		words = append(words, t.word)
		if v, ok := verbs[strings.Join(words, "-")]; ok {
			found, end = v, i+1
		}
	}
	return found, end
}

// parse adds what a step says to a plan.
func (s segment) parse(p *Plan, presets []Preset) error {
	if preset, ok := FindPreset(s.raw, presets...); ok {
		*p = p.with(preset.Plan)
		return nil
	}
	tokens := s.tokens
	v, n := findVerb(tokens)
	if n == 0 {
		v = implied(tokens)
	}
	if v.name == "" {
		return s.unknown()
	}
	a := &args{step: clip(s.raw), example: v.example, verb: tokens[max(n-1, 0)].word, tokens: slices.Clone(tokens[n:])}
	before := len(p.Steps)
	v.parse(a, p)
	a.rest(&p.Output)
	if a.err != nil {
		return a.err
	}
	for _, step := range p.Steps[before:] {
		if err := checkStep(step, a.step); err != nil {
			return err
		}
	}
	return p.Output.check(a.step)
}

// implied finds the verb that goes without saying: of "16:9", "50%", "800x600", "q80".
func implied(tokens []token) verb {
	if len(tokens) == 0 || tokens[0].quoted {
		return verb{}
	}
	word := tokens[0].word
	if _, ok := qualityOf(word); ok {
		return verbs["quality"]
	}
	if _, ok := parseBytes(word); ok {
		return verbs["under"]
	}
	if _, _, ok := parseRatio(word); ok {
		return verbs["crop"]
	}
	_, isSize := parseSize(word)
	if l, named, ok := parseLength(word); isSize || ok && named && l.Value > 0 {
		return verbs["resize"]
	}
	return verb{}
}

// unknown tells that no step begins like this, and which one may have been meant.
func (s segment) unknown() error {
	word := s.tokens[0]
	for _, t := range s.tokens {
		if !t.quoted && !small[t.word] {
			word = t
			break
		}
	}
	if v := nearest(word.word); v.name != "" {
		return bad("image.bad.verb_near", "Word", clip(word.raw), "Near", v.name, "Example", v.example)
	}
	return bad("image.bad.verb", "Word", clip(word.raw), "Example", "resize 800 | grey | webp q80")
}

// nearest finds the verb that a word was likely meant to be.
func nearest(word string) verb {
	if len(word) < 4 || len(word) > 24 {
		return verb{}
	}
	best, least := verb{}, min(len(word)/3, 2)+1
	for _, v := range table() {
		for _, name := range append(strings.Fields(v.aliases), v.name) {
			if d := distance(word, name); d < least {
				best, least = v, d
			}
		}
	}
	return best
}

// clip shortens what is repeated to a person.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// args is what stands behind a verb. Each read takes the words it understands, wherever they stand; the first error stays.
type args struct {
	step, example string
	verb          string // as it was typed, folded
	tokens        []token
	err           error
}

// fail keeps the first error, told with the step and one that is right.
func (a *args) fail(text string, more ...any) {
	if a.err == nil {
		a.err = bad(text, append([]any{"Step", a.step, "Example", a.example}, more...)...)
	}
}

// needs tells that something is missing.
func (a *args) needs() { a.fail("image.bad.needs") }

// take takes the first words that a reader understands; it gives what they mean and how many they are.
func take[T any](a *args, read func([]token) (T, int)) (T, bool) {
	for i := range a.tokens {
		if v, n := read(a.tokens[i:]); n > 0 {
			a.tokens = slices.Delete(a.tokens, i, i+n)
			return v, true
		}
	}
	var none T
	return none, false
}

// one makes a reader of one word.
func one[T any](parse func(string) (T, bool)) func([]token) (T, int) {
	return func(tokens []token) (T, int) {
		if v, ok := parse(tokens[0].word); ok && !tokens[0].quoted {
			return v, 1
		}
		var none T
		return none, 0
	}
}

// after makes a reader of what stands behind one of some words.
func after[T any](words string, read func([]token) (T, int)) func([]token) (T, int) {
	set := wordSet(words)
	return func(tokens []token) (T, int) {
		if !tokens[0].quoted && set[tokens[0].word] {
			for i := 1; i < len(tokens); i++ {
				if v, n := read(tokens[i:]); n > 0 {
					return v, i + n
				}
				if tokens[i].quoted || !small[tokens[i].word] {
					break
				}
			}
		}
		var none T
		return none, 0
	}
}

// word takes one of some words and tells whether it was there.
func (a *args) word(words string) bool {
	set := wordSet(words)
	_, ok := take(a, one(func(w string) (string, bool) { return w, set[w] }))
	return ok
}

// number takes a number without a unit.
func (a *args) number() (float64, bool) { return take(a, one(parseNumber)) }

func lengthOf(word string) (Length, bool) {
	l, _, ok := parseLength(word)
	return l, ok
}

// length takes a length, or gives one that is usual.
func (a *args) length(usual Length) Length {
	if l, ok := take(a, one(lengthOf)); ok {
		return l
	}
	return usual
}

func (a *args) color(usual Color) Color {
	if c, ok := take(a, one(parseColor)); ok {
		return c
	}
	return usual
}

func (a *args) gravity() (Gravity, bool) { return take(a, gravityOf) }

// pointOf reads "10,20", or two numbers.
func pointOf(tokens []token) (Point, int) {
	if p, ok := parsePoint(tokens[0].word); ok && !tokens[0].quoted {
		return p, 1
	}
	if len(tokens) < 2 || !areLengths(tokens[:2]) {
		return Point{}, 0
	}
	x, _ := lengthOf(tokens[0].word)
	y, _ := lengthOf(tokens[1].word)
	return Point{x, y}, 2
}

func areLengths(tokens []token) bool {
	for _, t := range tokens {
		if _, ok := lengthOf(t.word); !ok || t.quoted {
			return false
		}
	}
	return true
}

// boxOf reads "10,20 300x200", "10,20,300,200", or four numbers.
func boxOf(tokens []token) (Box, int) {
	if parts := strings.Split(tokens[0].word, ","); len(parts) == 4 && !tokens[0].quoted {
		var four []token
		for _, p := range parts {
			four = append(four, token{word: p})
		}
		b, _ := boxOf(four)
		return b, 1
	}
	p, n := pointOf(tokens)
	if n == 0 || n >= len(tokens) {
		return Box{}, 0
	}
	if s, ok := parseSize(tokens[n].word); ok && s.both && !tokens[n].quoted {
		return Box{p.X, p.Y, s.W, s.H}, n + 1
	}
	if q, m := pointOf(tokens[n:]); n == 2 && m == 2 {
		return Box{p.X, p.Y, q.X, q.Y}, 4
	}
	return Box{}, 0
}

// rest reads what a step has left as settings of the output ("resize 800 webp q80"); what is none of them is an error.
func (a *args) rest(o *Output) {
	a.output(o)
	for _, t := range a.tokens {
		if t.quoted || !small[t.word] {
			a.fail("image.bad.word", "Word", clip(t.raw))
			return
		}
	}
}

// Validate tells what is wrong with a plan, with the limit that it does not keep. Its errors are faults of kind Invalid.
func (p Plan) Validate() error {
	if n := len(p.Steps); n > MaxSteps && (n > MaxSteps+1 || !isFit(p.Steps[n-1])) {
		return bad("image.bad.steps", "Limit", MaxSteps)
	}
	for _, s := range p.Steps {
		if s == nil {
			return errors.New("image.Validate: a step is nil")
		}
		if err := checkStep(s, ""); err != nil {
			return err
		}
	}
	if err := p.Output.check(""); err != nil {
		return err
	}
	return p.checkTogether()
}
