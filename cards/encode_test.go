package cards

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	everyElement = []Element{TextBlock{}, RichTextBlock{}, Container{}, ColumnSet{}, FactSet{}, Image{}, ActionSet{}, InputText{}, InputChoice{}, InputTime{}, InputToggle{}}
	everyAction  = []Action{Execute{}, Submit{}, OpenURL{}, ToggleVisibility{}, ShowCard{}}
)

// anyText is text that encoding/json treats in some special way, more often than not.
var anyText = rapid.Custom(func(t *rapid.T) string {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "é", "漢", "🙂", `"`, `\`, "/", "<at>", "&", "\n", "\r", "\t", "\b", "\f", "\v", "\x00", "\x1b", "\x7f",
		"\u2028", "\u2029", "\u2027", "\uFFFD", "\xff", "\xc3", "\xe2\x80", "\xed\xa0\x80"}), 0, 4).Draw(t, "pieces")
	return strings.Join(pieces, "") + rapid.StringN(0, 3, -1).Draw(t, "tail")
})

// fill gives every field some value; what can be left out is left out now and then, and below the depth.
func fill(t *rapid.T, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(anyText.Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Struct:
		for i := range v.NumField() {
			if optional := v.Field(i).Kind() == reflect.Interface; !optional || depth > 0 && rapid.Bool().Draw(t, "there") {
				fill(t, v.Field(i), depth-1)
			}
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "given") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), depth)
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 2).Draw(t, "length")
		if n < 0 || depth <= 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i), depth-1)
		}
	case reflect.Interface:
		filled := reflect.New(concrete(t, v.Type())).Elem()
		fill(t, filled, depth)
		v.Set(filled)
	default:
		t.Fatalf("nothing fills a %s", v.Type())
	}
}

func concrete(t *rapid.T, of reflect.Type) reflect.Type {
	if of == reflect.TypeFor[Element]() {
		return reflect.TypeOf(rapid.SampledFrom(everyElement).Draw(t, "element"))
	}
	return reflect.TypeOf(rapid.SampledFrom(everyAction).Draw(t, "action"))
}

// byTags is what encoding/json makes of a value.
func byTags(t interface{ Fatal(...any) }, v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l layout
		fill(t, reflect.ValueOf(&l).Elem(), 6)
		card := l.card(nil)
		if got, want := string(card.JSON()), byTags(t, l); got != want {
			t.Fatalf("the card is\n%s\nand by its tags\n%s", got, want)
		}
		if escaped, err := json.Marshal(card); err != nil || len(escaped) != card.weight() {
			t.Fatalf("%d bytes (%v) weigh %d", len(escaped), err, card.weight())
		}
	})
}

func TestEncodingOfPreviews(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p Thumbnail
		fill(t, reflect.ValueOf(&p).Elem(), 4)
		if got, want := string(p.AppendJSON([]byte("["))), "["+byTags(t, p); got != want {
			t.Fatalf("the preview is\n%s\nand by its tags\n%s", got, want)
		}
	})
}

func TestEncodingKnowsEveryType(t *testing.T) {
	t.Parallel()
	for _, e := range everyElement {
		if got, want := string(e.element(nil)), byTags(t, e); got != want {
			t.Errorf("%T is %s, by its tags %s", e, got, want)
		}
	}
	for _, a := range everyAction {
		if got, want := string(a.action(nil)), byTags(t, a); got != want {
			t.Errorf("%T is %s, by its tags %s", a, got, want)
		}
	}
}

func TestCardKeepsItsJSON(t *testing.T) {
	t.Parallel()
	card := Contact(english, marta())
	if got := string(card.AppendJSON([]byte("x"))); got != "x"+string(card.JSON()) || got != "x"+byTags(t, card) {
		t.Errorf("appended: %.300s", got)
	}
	if card.Summary() != asTree(t, card)["fallbackText"] {
		t.Errorf("the summary is %q", card.Summary())
	}
	if got := string(Card{}.JSON()); got != `{"type":"AdaptiveCard"}` || got != byTags(t, Card{}) {
		t.Errorf("the zero card is %s", got)
	}
	if again := Contact(english, company()); string(again.JSON()) == string(card.JSON()) || card.Summary() != Contact(english, marta()).Summary() {
		t.Error("a card changes with the next one")
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a\"\\\n\x00\u2028\xff", "漢\u2029\xe2\x80", "<&>\x7f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(AppendString(nil, s)), byTags(t, s); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	})
}
