package contact

import (
	"slices"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"case", "Marta WEBER", "marta weber"},
		{"composed accents", "Zoë Çelik Ångström", "zoe celik angstrom"},
		{"decomposed accents", "Zoe\u0308", "zoe"},
		{"sharp s, small and capital", "Straße STRAẞE", "strasse strasse"},
		{"strokes", "Øystein Łukasz Đorđe", "oystein lukasz dorde"},
		{"Turkish i", "Işık İpek", "isik ipek"},
		{"one letter for two", "Æsa Œuvre Þór", "aesa oeuvre thor"},
		{"ligatures", "ﬁne ﬂow", "fine flow"},
		{"full width", "Ｍａｒｔａ　１２", "marta 12"},
		{"Greek, with final sigma", "Γιώργος", "γιωργοσ"},
		{"Cyrillic", "Фёдор Андрей", "федор андреи"},
		{"invisible", "Mar\u00adta\u200b\u202e", "marta"},
		{"apostrophes and dashes", "O’Neil Jean–Pierre", "o'neil jean-pierre"},
		{"control characters", "a\x00b\x7fc\td", "abc\td"},
		{"broken UTF-8", "ab\xffcd", "abcd"},
		{"only marks", "\u0301\u0302", ""},
		{"emoji", "Ana 🎉", "ana 🎉"},
		{"signs stay", "R&D: c++ (x) #1 ^ ` _", "r&d: c++ (x) #1 ^ ' _"},
	} {
		if got := fold(tt.in); got != tt.want {
			t.Errorf("%s: fold(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// Whatever people may write: folding is final, and the case of a letter is no difference.
func TestFoldEveryLetter(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		once := fold(string(r))
		if twice := fold(once); twice != once {
			t.Errorf("fold(%U) = %q, and once more %q", r, once, twice)
		}
		// A mark has no case of its own, nor has a letter whose capital is a mark.
		if upper := unicode.ToUpper(r); unicode.IsLetter(r) && fold(string(upper)) != once {
			t.Errorf("fold(%U) = %q, but its capital %U gives %q", r, once, upper, fold(string(upper)))
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in            string
		chunks, words []string
	}{
		{"(marta), weber;", []string{"marta", "weber"}, []string{"marta", "weber"}},
		{"o'neil jean-pierre", []string{"o'neil", "jean-pierre"}, []string{"o", "neil", "jean", "pierre"}},
		{"weber@ @handle", []string{"weber@", "@handle"}, []string{"weber", "handle"}},
		{"c++, c#.", []string{"c++", "c#"}, []string{"c", "c"}},
		{"& -- @ ++", nil, nil},
		{"🎉party", []string{"🎉party"}, []string{"🎉party"}},
		{"李小龙 हिन्दी", []string{"李小龙", "हिन्दी"}, []string{"李小龙", "हिन्दी"}},
	} {
		if got := slices.Clone(chunksOf(tt.in)); !slices.Equal(got, tt.chunks) {
			t.Errorf("chunksOf(%q): %s", tt.in, cmp.Diff(tt.chunks, got))
		}
		if got := wordsOf(tt.in); !slices.Equal(got, tt.words) {
			t.Errorf("wordsOf(%q): %s", tt.in, cmp.Diff(tt.words, got))
		}
	}
}
