package image

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/lang"
)

// typed are plans as people type them, and the one form in which they are printed.
var typed = []struct{ text, want string }{
	{`resize 800 | grey | webp q80`, `resize 800 | grey | webp q80`},
	{`resize 800x600`, `resize 800x600`},
	{`resize 800x`, `resize 800`},
	{`resize x600`, `resize x600`},
	{`resize 50%`, `resize 50%`},
	{`resize 50 %`, `resize 50%`},
	{`resize 800 x 600 fill top`, `resize 800x600 fill top`},
	{`resize 800×600`, `resize 800x600`},
	{`resize 800x600 top left`, `resize 800x600 fill top-left`},
	{`resize 800 600`, `resize 800x600`},
	{`resize width 800`, `resize 800`},
	{`resize 800 px wide`, `resize 800`},
	{`resize 600 high`, `resize x600`},
	{`resize 800x600 force`, `resize 800x600 force`},
	{`max 1024`, `resize 1024x1024`},
	{`max side 1024`, `resize 1024x1024`},
	{`max 200 KB`, `under 200 KB`},
	{`enlarge 200%`, `resize 200% enlarge`},
	{`resize 200%`, `resize 200% enlarge`},
	{`resize 20000`, `resize 20000`},
	{`crop 16:9`, `crop 16:9`},
	{`crop 1:1 top`, `crop 1:1 top`},
	{`crop 2.39:1`, `crop 239:100`},
	{`crop 10,20 300x200`, `crop 10,20 300x200`},
	{`crop 10, 20 300 x 200`, `crop 10,20 300x200`},
	{`crop 10 20 300 200`, `crop 10,20 300x200`},
	{`crop 10%,40% 50%x8%`, `crop 10%,40% 50%x8%`},
	{`crop 300x200 smart`, `crop 300x200 smart`},
	{`crop square`, `crop 1:1`},
	{`crop top 50%`, `crop 100%x50% top`},
	{`crop: 16:9`, `crop 16:9`},
	{`rotate 90`, `rotate 90`},
	{`rotate left`, `rotate 270`},
	{`rotate 90 left`, `rotate 270`},
	{`rotate -90`, `rotate 270`},
	{`pivoter à gauche`, `rotate 270`},
	{`flip`, `flip`},
	{`flop`, `mirror`},
	{`miroir`, `mirror`},
	{`trim`, `trim`},
	{`pad 20`, `pad 20`},
	{`pad 16:9 white`, `pad 16:9`},
	{`pad 10 20`, `pad 10 20 10 20`},
	{`pad top 20 left 5% black`, `pad 20 0 0 5% black`},
	{`background #fff`, `background white`},
	{`fond blanc`, `background white`},
	{`round 24`, `round 24`},
	{`round 50%`, `round 50%`},
	{`arrondir les coins 24`, `round 24`},
	{`blur 3`, `blur 3`},
	{`flouter 2,5`, `blur 2.5`},
	{`sharpen`, `sharpen 1`},
	{`noir et blanc`, `grey`},
	{`black and white`, `grey`},
	{`bw`, `grey`},
	{`luminosité +10`, `brightness +10`},
	{`brightness + 10`, `brightness +10`},
	{`darken 10`, `brightness -10`},
	{`contrast -5`, `contrast -5`},
	{`gamma 1,2`, `gamma 1.2`},
	{`saturation -20`, `saturation -20`},
	{`redact 10%,40% 50%x8%`, `redact 10%,40% 50%x8%`},
	{`redact 10%,40% 50%x8%, 10,20 30x40`, `redact 10%,40% 50%x8% 10,20 30x40`},
	{`redact top 10%`, `redact 0%,0% 100%x10%`},
	{`redact bottom-right 30%x10%`, `redact 70%,90% 30%x10%`},
	{`redact top 50`, `redact 0,0 100%x50px`},
	{`redact blur 10%,40% 50%x8%`, `redact blur 10%,40% 50%x8%`},
	{`redact pixelate en haut à gauche 30%x10% et bas 5%`, `redact pixelate 0%,0% 30%x10% 0%,95% 100%x5%`},
	{`masquer 10,20 300x200 en rouge`, `redact 10,20 300x200 red`},
	{`redact box 10,20 30x40, box 50,60 10x10`, `redact 10,20 30x40 50,60 10x10`},
	{`text "Hello" top-left 5% white`, `text "Hello" top-left 5%`},
	{`text “Hello” 10,20 24 red`, `text "Hello" 10,20 24 red`},
	{`text « Bonjour à tous » en bas rouge`, `text "Bonjour à tous" bottom 5% red`},
	{`text 'don't panic' top`, `text "don't panic" top 5%`},
	{`text Hello world top-left`, `text "Hello world" top-left 5%`},
	{`text Top secret`, `text "Top secret" bottom 5%`},
	{`arrow 10,10 200,80 red`, `arrow 10,10 200,80`},
	{`arrow from 10,10 to 200,80`, `arrow 10,10 200,80`},
	{`arrow 10 10 200 80 4`, `arrow 10,10 200,80 4`},
	{`box 10,20 300x200`, `box 10,20 300x200`},
	{`box 10%,20% 30%x20% blue 4`, `box 10%,20% 30%x20% blue 4`},
	{`marker 1 120,80`, `marker 1 120,80`},
	{`marker 120,80`, `marker 1 120,80`},
	{`watermark "Draft" tile 30%`, `watermark "Draft" tile 30%`},
	{`watermark @logo bottom-right 15% opacity 50%`, `watermark @logo bottom-right 15%`},
	{`watermark Brouillon mosaïque`, `watermark "Brouillon" tile 25%`},
	{`jpeg q80`, `jpeg q80`},
	{`png`, `png`},
	{`convert to webp`, `webp`},
	{`convertir en jpg 80`, `jpeg q80`},
	{`webp 80%`, `webp q80`},
	{`q80`, `quality 80`},
	{`quality 80`, `quality 80`},
	{`under 200 KB`, `under 200 KB`},
	{`under 1 MB`, `under 1 MB`},
	{`moins de 200 Ko`, `under 200 KB`},
	{`<200ko`, `under 200 KB`},
	{`≤ 1,5 Mo`, `under 1500 KB`},
	{`keep metadata`, `keep metadata`},
	{`garder les métadonnées`, `keep metadata`},
	{`strip`, `strip`},
	{`resize 800, grey, webp`, `resize 800 | grey | webp`},
	{`resize 800 then grey`, `resize 800 | grey`},
	{`redimensionner à 800 puis convertir en webp`, `resize 800 | webp`},
	{`resize 800 webp q80 under 200 KB`, `resize 800 | webp q80 | under 200 KB`},
	{`16:9`, `crop 16:9`},
	{`800x600`, `resize 800x600`},
	{`50%`, `resize 50%`},
	{`mail`, `resize 1600x1600 | jpeg | under 200 KB`},
	{`profile 512 square`, `crop 1:1 smart | resize 512x512`},
	{`teams card 1024 | grey`, `resize 1024x1024 | grey | under 1 MB`},
	{`rotate`, `rotate 90`},
	{`make it grey please`, `grey`},
	{`add text "Hi"`, `text "Hi" bottom 5%`},
	{`pixelate`, `redact pixelate 0%,0% 100%x100%`},
	{`resize 800x600 webp 80`, `resize 800x600 | webp q80`},

	// what should not be taken for something else
	{`text "resize 800 | grey" top`, `text "resize 800 | grey" top 5%`},
	{`text See you then`, `text "See you then" bottom 5%`},
	{`text Ink, grey`, `text "Ink" bottom 5% grey`},
	{`text "Ink", grey`, `text "Ink" bottom 5% grey`},
	{`text "5%" 10%`, `text "5%" bottom 10%`},
	{`text "a\nb" top`, `text "a\nb" top 5%`},
	{`text "C:\\new"`, `text "C:\\new" bottom 5%`},
	{`text "Hi" 10px,20% label 0`, `text "Hi" 10px,20% 5% label 0%`},
	{`text "Hi" top 2,5%`, `text "Hi" top 2.5%`},
	{`text ’tis done`, `text "’tis done" bottom 5%`},
	{`text L'été top`, `text "L'été" top 5%`},
	{`background grey`, `background grey`},
	{`box 1,2 3x4 grey`, `box 1,2 3x4 grey`},
	{`blur top 10%`, `redact blur 0%,0% 100%x10%`},
	{`redact tout`, `redact 0%,0% 100%x100%`},
	{`redact 10,20,300,200`, `redact 10,20 300x200`},
	{`redact 10 20 300 200 50 60 70 80`, `redact 10,20 300x200 50,60 70x80`},
	{`redact centre 20%`, `redact 40%,40% 20%x20%`},
	{`redact left 33.3% right 33.3%`, `redact 0%,0% 33.3%x100% 66.7%,0% 33.3%x100%`},

	// separators, capitals, blanks
	{"RESIZE 800\n\nGrey;WebP Q80", `resize 800 | grey | webp q80`},
	{" | resize\u00a0800 | ", `resize 800`},
	{`ﬂip`, `flip`},

	// the last setting wins, and a quality belongs to its format
	{`jpeg q80 | png`, `png`},
	{`q80 | webp`, `webp q80`},
	{`webp q80 | q60`, `webp q60`},
	{`keep metadata | strip`, `strip`},
	{`under 200 KiB`, `under 204800 bytes`},
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, row := range typed {
		p, err := Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %s", row.text, told(err))
			continue
		}
		if got := p.String(); got != row.want {
			t.Errorf("Parse(%q) is %s, want %s", row.text, got, row.want)
		}
		if again := must(t, row.want); !cmp.Equal(p, again) {
			t.Errorf("%q and %q are not the same: %s", row.text, row.want, cmp.Diff(p, again))
		}
	}
}

// refused are texts that are no plan, the key of the sentence, and a part of it.
var refused = []struct{ text, key, part string }{
	{"", "image.bad.empty", "resize 800 | grey"},
	{" |\n; ", "image.bad.empty", ""},
	{"resize", "image.bad.needs", "resize 800x600 fill"},
	{"resize 800 fill", "image.bad.both", "“resize 800 fill”"},
	{"resize 800 force", "image.bad.both", ""},
	{"resize 0", "image.bad.range", "1 to 100000"},
	{"resize 0x600", "image.bad.range", ""},
	{"resize width 0", "image.bad.range", ""},
	{"resize -5", "image.bad.range", "-5"},
	{"resize NaN", "image.bad.range", "NaN"},
	{"resize Inf", "image.bad.range", "Inf"},
	{"resize 1e9", "image.bad.range", "1e+09"},
	{"resize 1e999", "image.bad.range", ""},
	{"resize 2000%", "image.bad.range", "1000"},
	{"resize 50x8%", "image.bad.needs", ""},
	{"resize 800 foo", "image.bad.word", "“foo”"},
	{"resize 800 600 400", "image.bad.word", "“400”"},
	{"crop", "image.bad.needs", "crop 16:9"},
	{"crop 800", "image.bad.needs", ""},
	{"crop 0x10", "image.bad.range", ""},
	{"crop 0:9", "image.bad.range", ""},
	{"crop 1:101", "image.bad.ratio", "100 times"},
	{"crop -10,20 300x200", "image.bad.range", "-10"},
	{"crop 100%,0% 10%x10%", "image.bad.nothing", ""},
	{"rotate 45", "image.bad.turn", "quarter turn"},
	{"rotate 0", "image.bad.turn", ""},
	{"rotate NaN", "image.bad.turn", ""},
	{"trim 300", "image.bad.range", "255"},
	{"pad", "image.bad.needs", ""},
	{"pad 0", "image.bad.needs", ""},
	{"pad 1 2 3", "image.bad.needs", ""},
	{"background transparent", "image.bad.solid", ""},
	{"round 0", "image.bad.range", ""},
	{"blur 1000", "image.bad.range", "0.1 to 100"},
	{"blur 50%", "image.bad.word", "50%"},
	{"blur 95 | blur 97 | sharpen 10", "image.bad.blur", "200"},
	{"brightness", "image.bad.needs", "brightness +10"},
	{"brightness 101", "image.bad.range", "-100 to 100"},
	{"gamma", "image.bad.needs", ""},
	{"gamma 0", "image.bad.range", ""},
	{"redact", "image.bad.needs", ""},
	{"redact faces", "image.bad.needs", ""},
	{"redact 10,20", "image.bad.needs", ""},
	{"redact 10,20 0x5", "image.bad.range", ""},
	{"redact 10,20 300x200 #00000080", "image.bad.solid", "black"},
	{"redact 10,20 300x200 transparent", "image.bad.solid", ""},
	{"redact bottom 50", "image.bad.far", "bottom 10%"},
	{"redact bottom-right 300x100", "image.bad.far", ""},
	{"redact 10,20 30x40 and some", "image.bad.word", "“some”"},
	{"redact" + strings.Repeat(" 1,1 2x2", 101), "image.bad.boxes", "100"},
	{strings.Repeat("redact 1,1 2x2 3,3 4x4 5,5 6x6|", 34), "image.bad.boxes", ""},
	{`text`, "image.bad.needs", ""},
	{`text ""`, "image.bad.needs", ""},
	{`text " "`, "image.bad.needs", ""},
	{"text \"a\x00b\"", "image.bad.needs", ""},
	{`text "open`, "image.bad.quote", ""},
	{`text "Hi" smart`, "image.bad.place", ""},
	{`text "` + strings.Repeat("é", 501) + `"`, "image.bad.words", "500"},
	{"arrow 10,10", "image.bad.needs", ""},
	{"arrow 10,10 10,10", "image.bad.nothing", ""},
	{"box 10,20", "image.bad.needs", ""},
	{"marker 1000 10,10", "image.bad.range", "999"},
	{"marker 1.5 10,10", "image.bad.range", ""},
	{"watermark", "image.bad.needs", ""},
	{"watermark @../x", "image.bad.mark", ""},
	{`watermark "x" opacity 0`, "image.bad.range", ""},
	{strings.Repeat(`watermark "x"|`, 5), "image.bad.repeated", "4 times"},
	{strings.Repeat(`trim|`, 5), "image.bad.repeated", "trim"},
	{"convert to bmp", "image.bad.needs", "webp q80"},
	{"jpeg q101", "image.bad.range", "1 to 100"},
	{"q0", "image.bad.range", "0 is out"},
	{"quality 80.5", "image.bad.range", ""},
	{"under 200", "image.bad.needs", "under 200 KB"},
	{"under 0 KB", "image.bad.bytes", "1 KB to 100 MB"},
	{"under 999999999999999999999 MB", "image.bad.bytes", ""},
	{"rezise 800", "image.bad.verb_near", "“resize”"},
	{"recadrrer 16:9", "image.bad.verb_near", "“crop”"},
	{"frobnicate", "image.bad.verb", "“frobnicate”"},
	{`"resize"`, "image.bad.verb", ""},
	{strings.Repeat("grey|", 51), "image.bad.steps", "50"},
	{strings.Repeat("grey|", 500), "image.bad.steps", "50"},
	{strings.Repeat("a", MaxText+1), "image.bad.long", "4096"},
	{strings.Repeat("redact all all all all all all all all all all all all|", 8) + strings.Repeat("text '"+strings.Repeat("x", 400)+"'|", 7), "image.bad.long", ""},
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range refused {
		p, err := Parse(row.text)
		if got := key(t, err); got != row.key {
			t.Errorf("Parse(%.60q) is %s with the fault %q, want %q", row.text, p, got, row.key)
			continue
		}
		s := told(err)
		if !strings.Contains(s, row.part) || utf8.RuneCountInString(s) > 400 {
			t.Errorf("Parse(%.60q) says %q, want %q in it", row.text, s, row.part)
		}
	}
}

// TestExamplesAreRight: what is shown to a person who made a mistake is no mistake.
func TestExamplesAreRight(t *testing.T) {
	t.Parallel()
	for _, v := range table() {
		p := must(t, v.example)
		if again := must(t, p.String()); !cmp.Equal(p, again) {
			t.Errorf("the example %q of %s prints %s", v.example, v.name, p)
		}
	}
}

// TestVerbsAreReadWhole: small words are skipped, so none may stand in the name of a verb.
func TestVerbsAreReadWhole(t *testing.T) {
	t.Parallel()
	for word, v := range verbs {
		var tokens []token
		for part := range strings.SplitSeq(word, "-") {
			tokens = append(tokens, token{raw: part, word: part})
		}
		if found, n := findVerb(tokens); found.name != v.name || n != len(tokens) {
			t.Errorf("%q means %s (%d words), want %s", word, found.name, n, v.name)
		}
		if fold(word) != word {
			t.Errorf("%q can never be typed, as it is folded to %q", word, fold(word))
		}
	}
}

func TestFaultsSpeakFrench(t *testing.T) {
	t.Parallel()
	_, err := Parse("recadrer 800")
	f := faultOf(t, err)
	const want = "Dans «\u00a0recadrer 800\u00a0», il manque quelque chose ou quelque chose ne convient pas."
	if got := lang.For("fr").Text(f.Text, f.Args...); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ": crop 16:9") {
		t.Errorf("says %q, want %q and an example", got, want)
	}
	if strings.Contains(err.Error(), "800") {
		t.Errorf("the log would hold what was typed: %v", err)
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want string }{
		{"Luminosité", "luminosite"}, {"ÉCLAIRCIR", "eclaircir"}, {"Œuvre", "oeuvre"}, {"800×600", "800x600"}, {"top–left", "top-left"}, {"l’été", "l'ete"}, {"a\u00adb", "ab"},
	} {
		if got := fold(row.in); got != row.want {
			t.Errorf("fold(%q) = %q, want %q", row.in, got, row.want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"crop", "crop", 0}, {"crop", "drop", 1}, {"rezise", "resize", 2}, {"blur", "blurr", 1}, {"kitten", "sitting", 3}} {
		if got := distance(row.a, row.b); got != row.want {
			t.Errorf("distance(%q, %q) = %d, want %d", row.a, row.b, got, row.want)
		}
	}
}
