package image

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// hundred is a whole side.
const hundred = 100

func px(v float64) Length      { return Length{Value: v} }
func percent(v float64) Length { return Length{Value: v, Percent: true} }

// Of gives the length in pixels along a side.
func (l Length) Of(side int) float64 {
	if l.Percent {
		return l.Value * float64(side) / hundred
	}
	return l.Value
}

// String writes "800" or "50%".
func (l Length) String() string {
	if l.Percent {
		return number(l.Value) + "%"
	}
	return number(l.Value)
}

// String writes "10,20", "10%,20%", or where the kinds differ "10px,20%".
func (p Point) String() string { return pair(p.X, p.Y, ",") }

// String writes "10,20 300x200".
func (b Box) String() string {
	return pair(b.X, b.Y, ",") + " " + pair(b.W, b.H, "x")
}

// pair writes two lengths; pixels are named where the other is in hundredths, as "2,5%" could be two and a half.
func pair(a, b Length, sign string) string {
	left, right := a.String(), b.String()
	if a.Percent && !b.Percent {
		right += "px"
	}
	if b.Percent && !a.Percent {
		left += "px"
	}
	return left + sign + right
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

var (
	numeric = regexp.MustCompile(`^[+-]?(\d+([.,]\d+)?|[.,]\d+)(e[+-]?\d+)?$`)
	bytesOf = regexp.MustCompile(`^(\d+(?:[.,]\d+)?)(b|o|bytes?|octets?|k|kb|ko|kib|kio|m|mb|mo|mib|mio)$`)
)

// parseNumber reads a folded number with a dot or a comma; NaN and Inf are numbers, for the limits to refuse.
func parseNumber(s string) (float64, bool) {
	if !numeric.MatchString(s) && strings.TrimLeft(s, "+-") != "nan" && strings.TrimLeft(s, "+-") != "inf" {
		return 0, false
	}
	if strings.HasSuffix(s, "nan") {
		return math.NaN(), true
	}
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v + 0, true // minus nothing is nothing
}

// parseLength reads "800", "800px", "50%"; named tells that the unit was written.
func parseLength(s string) (l Length, named, ok bool) {
	digits := s
	for _, unit := range []string{"%", "px"} {
		if rest, found := strings.CutSuffix(s, unit); found {
			digits, named, l.Percent = rest, true, unit == "%"
		}
	}
	l.Value, ok = parseNumber(digits)
	return l, named, ok
}

// parsePair reads two lengths with a sign between them. Where one is in hundredths the other must name its unit.
func parsePair(s, sign string) (a, b Length, ok bool) {
	left, right, found := strings.Cut(s, sign)
	if !found {
		return a, b, false
	}
	a, aNamed, aOK := parseLength(left)
	b, bNamed, bOK := parseLength(right)
	if !aOK || !bOK || a.Percent != b.Percent && !(aNamed && bNamed) {
		return a, b, false
	}
	return a, b, true
}

func parsePoint(s string) (Point, bool) {
	if strings.Count(s, ",") != 1 {
		return Point{}, false
	}
	x, y, ok := parsePair(s, ",")
	return Point{X: x, Y: y}, ok
}

// size is a width and a height; where only one was written ("800x", "x600") the other is nothing.
type size struct {
	W, H Length
	both bool
}

func parseSize(s string) (size, bool) {
	if w, found := strings.CutSuffix(s, "x"); found && !strings.HasSuffix(s, "px") {
		l, _, ok := parseLength(w)
		return size{W: l}, ok
	}
	if h, found := strings.CutPrefix(s, "x"); found {
		l, _, ok := parseLength(h)
		return size{H: l}, ok
	}
	left, right, found := cutSize(s)
	if !found {
		return size{}, false
	}
	w, h, ok := parsePair(left+"×"+right, "×")
	return size{W: w, H: h, both: true}, ok
}

// cutSize cuts at the x that is not the one of "px".
func cutSize(s string) (left, right string, ok bool) {
	for i := 1; i < len(s)-1; i++ {
		if s[i] == 'x' && s[i-1] != 'p' {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// parseRatio reads "16:9", "16/9", "2.39:1".
func parseRatio(s string) (w, h int, ok bool) {
	left, right, found := strings.Cut(strings.Replace(s, "/", ":", 1), ":")
	a, aOK := parseNumber(left)
	b, bOK := parseNumber(right)
	if !found || !aOK || !bOK {
		return 0, 0, false
	}
	for range 2 {
		if a != math.Trunc(a) || b != math.Trunc(b) {
			a, b = math.Round(a*1000)/100, math.Round(b*1000)/100
		}
	}
	return whole(a), whole(b), true
}

// whole makes an int of a number; what is none, or too large for any limit here, becomes -1.
func whole(v float64) int {
	if v != math.Trunc(v) || math.Abs(v) > 1e9 {
		return -1
	}
	return int(v)
}

// parseBytes reads "200kb": thousands, as people and shops count; "kib" is 1024.
func parseBytes(s string) (int64, bool) {
	m := bytesOf.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	v, ok := parseNumber(m[1])
	switch m[2][0] {
	case 'k':
		v *= 1000
	case 'm':
		v *= 1000 * 1000
	}
	switch m[2] {
	case "kib", "kio":
		v *= 1.024
	case "mib", "mio":
		v *= 1.024 * 1.024
	}
	return int64(math.Round(min(v, 1e15))), ok
}

// palette are the colours that have names, the English ones first; what is printed is the first name of a colour.
var palette = []struct {
	color Color
	names []string
	key   string
}{
	{Color{0, 0, 0, 255}, []string{"black", "noir", "noire"}, "image.color.black"},
	{Color{255, 255, 255, 255}, []string{"white", "blanc", "blanche"}, "image.color.white"},
	{Color{220, 38, 38, 255}, []string{"red", "rouge"}, "image.color.red"},
	{Color{22, 163, 74, 255}, []string{"green", "vert", "verte"}, "image.color.green"},
	{Color{37, 99, 235, 255}, []string{"blue", "bleu", "bleue"}, "image.color.blue"},
	{Color{250, 204, 21, 255}, []string{"yellow", "jaune"}, "image.color.yellow"},
	{Color{249, 115, 22, 255}, []string{"orange"}, "image.color.orange"},
	{Color{147, 51, 234, 255}, []string{"purple", "violet", "violette"}, "image.color.purple"},
	{Color{236, 72, 153, 255}, []string{"pink", "rose"}, "image.color.pink"},
	{Color{128, 128, 128, 255}, []string{"grey", "gray", "gris", "grise"}, "image.color.grey"},
	{Color{120, 72, 40, 255}, []string{"brown", "brun", "brune", "marron"}, "image.color.brown"},
	{Color{6, 182, 212, 255}, []string{"cyan", "turquoise"}, "image.color.cyan"},
	{Color{217, 70, 239, 255}, []string{"magenta", "fuchsia"}, "image.color.magenta"},
	{Color{23, 37, 84, 255}, []string{"navy", "marine"}, "image.color.navy"},
	{Color{}, []string{"transparent", "transparente", "none", "aucun", "aucune"}, "image.color.transparent"},
}

func (c Color) solid() bool { return c.A == 255 }

// String writes the name of a colour, "#rrggbb", or where it is not solid "#rrggbbaa".
func (c Color) String() string {
	for _, p := range palette {
		if p.color == c {
			return p.names[0]
		}
	}
	if c.solid() {
		return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	}
	return fmt.Sprintf("#%02x%02x%02x%02x", c.R, c.G, c.B, c.A)
}

// parseColor reads a folded name, #rgb, #rgba, #rrggbb or #rrggbbaa.
func parseColor(s string) (Color, bool) {
	for _, p := range palette {
		for _, n := range p.names {
			if n == s {
				return p.color, true
			}
		}
	}
	digits, found := strings.CutPrefix(s, "#")
	if len(digits) == 3 || len(digits) == 4 {
		digits = doubled(digits)
	}
	if len(digits) == 6 {
		digits += "ff"
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if !found || len(digits) != 8 || err != nil {
		return Color{}, false
	}
	return Color{uint8(v >> 24), uint8(v >> 16), uint8(v >> 8), uint8(v)}, true
}

func doubled(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseOpacity reads "50%", "0.5" or "50".
func parseOpacity(s string) (float64, bool) {
	l, named, ok := parseLength(s)
	if named && !l.Percent {
		return 0, false
	}
	if l.Percent || l.Value > 1 {
		return l.Value / hundred, ok
	}
	return l.Value, ok
}

// opacity writes hundredths where that loses nothing.
func opacity(v float64) string {
	if p := math.Round(v * hundred); p/hundred == v {
		return number(p) + "%"
	}
	return number(v)
}
