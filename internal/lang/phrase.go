package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// phrase is an entry of the texts: a wording for each plural form, or one for everything.
type phrase struct {
	wordings [3]wording // by form
	plural   bool
}

// form is one of CLDR's plural forms that the languages here have.
type form uint8

const (
	other form = iota
	one
	many
)

var formNames = [...]string{"other", "one", "many"}

func newPhrase(entry any) phrase {
	var s phrase
	switch v := entry.(type) {
	case string:
		s.wordings[other] = newWording(v)
	case map[string]any:
		s.plural = true
		for f, name := range formNames {
			text, given := v[name].(string)
			if !given {
				text, _ = v["other"].(string)
			}
			s.wordings[f] = newWording(text)
		}
	default:
		panic(fmt.Sprintf("lang: %v is neither a text nor a plural", entry))
	}
	return s
}

// wording is a text taken apart at its named parts: texts[0] names[0] texts[1] names[1] … and a last text.
type wording struct{ texts, names []string }

func newWording(text string) wording {
	var w wording
	for {
		before, rest, found := strings.Cut(text, "{{.")
		name, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			w.texts = append(w.texts, text)
			return w
		}
		w.texts, w.names = append(w.texts, before), append(w.names, name)
		text = after
	}
}

// say fills in the parts. A part without a value reads "<no value>", which a test finds.
func (w wording) say(args []any) string {
	if len(w.names) == 0 {
		return w.texts[0]
	}
	var room [256]byte
	said := append(room[:0], w.texts[0]...)
	for i, name := range w.names {
		said = appendValue(said, args, name)
		said = append(said, w.texts[i+1]...)
	}
	return string(said)
}

func appendValue(dst []byte, args []any, name string) []byte {
	v, _ := value(args, name)
	switch v := v.(type) {
	case nil:
		return append(dst, "<no value>"...)
	case string:
		return append(dst, v...)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	default:
		return fmt.Append(dst, v)
	}
}

// value is the last one that the args give to a name.
func value(args []any, name string) (v any, found bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if s, _ := args[i].(string); s == name {
			v, found = args[i+1], true
		}
	}
	return v, found
}

// plurals knows which form of a language goes with a count. The rules are go-i18n's, which has CLDR's; for the counts that
// people meet, it was asked once.
type plurals struct {
	small [100]form
	rules *i18n.Localizer
}

// probe is a text that says its own form.
const probe = "form"

func newPlurals(tag language.Tag) plurals {
	bundle := i18n.NewBundle(tag)
	if err := bundle.AddMessages(tag, &i18n.Message{ID: probe, Other: "other", One: "one", Many: "many"}); err != nil {
		panic("lang: " + err.Error())
	}
	p := plurals{rules: i18n.NewLocalizer(bundle, tag.String())}
	for n := range p.small {
		p.small[n] = p.ask(n)
	}
	return p
}

func (p *plurals) form(count any) form {
	if n, ok := count.(int); ok && n >= 0 && n < len(p.small) {
		return p.small[n]
	}
	return p.ask(count)
}

// ask gives the form by the rules; other for what is no count.
func (p *plurals) ask(count any) form {
	name, err := p.rules.Localize(&i18n.LocalizeConfig{MessageID: probe, PluralCount: count})
	if err != nil {
		return other
	}
	return form(max(0, slices.Index(formNames[:], name)))
}
