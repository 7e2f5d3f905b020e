// Package lang holds every sentence the products say, in each language they speak,
// and writes dates and numbers as that language does.
//
// A sentence has a key ("contact.deleted"), lives in texts/<language>/<area>.json and may
// hold named parts: {{.Name}}. A plural is an object with the CLDR forms "one", "other"
// (French also "many"). It does not know what is shown where; cards and bot do.
package lang

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed texts
var files embed.FS

// Default is the language used where a person's own is not spoken.
const Default = "en"

// Languages are the languages spoken, the default first.
var Languages = []string{"en", "fr"}

// Printer speaks one language. It is safe for concurrent use.
type Printer struct {
	tag       language.Tag
	localizer *i18n.Localizer
}

var (
	bundle   = mustLoad()
	matcher  = language.NewMatcher(tags())
	printers = speakers()
)

// For finds the Printer nearest to a locale as activities carry it ("fr-CA", "de-DE").
// An empty or unknown locale gives the default language.
func For(locale string) *Printer {
	if len(locale) > 35 { // the longest tag that RFC 5646 asks systems to hold
		return printers[0]
	}
	tag, err := language.Parse(locale)
	if err != nil {
		return printers[0]
	}
	_, i, confidence := matcher.Match(tag)
	if confidence == language.No {
		return printers[0]
	}
	return printers[i]
}

// Language is the language's code: "en", "fr".
func (p *Printer) Language() string {
	base, _ := p.tag.Base()
	return base.String()
}

// Text gives the sentence of a key. Args alternate names and values; the value named "Count"
// chooses the plural form. A missing key gives the key itself, which a test finds.
func (p *Printer) Text(key string, args ...any) string {
	data := make(map[string]any, len(args)/2)
	var count any
	for i := 0; i+1 < len(args); i += 2 {
		name, _ := args[i].(string)
		data[name] = args[i+1]
		if name == "Count" {
			count = args[i+1]
		}
	}
	s, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: count})
	return cmp.Or(whenNil(s, err), key)
}

// Date writes a day: "21 Nov 2026", "21 nov. 2026".
func (p *Printer) Date(t time.Time) string {
	return fmt.Sprintf("%d %s %d", t.Day(), p.Text(fmt.Sprintf("month.%d", int(t.Month()))), t.Year())
}

// Time writes a day and a time of it: "21 Nov 2026, 14:05", "21 nov. 2026, 14 h 05".
func (p *Printer) Time(t time.Time) string {
	return p.Text("date.time", "Date", p.Date(t), "Hour", fmt.Sprintf("%02d", t.Hour()), "Minute", fmt.Sprintf("%02d", t.Minute()))
}

// Number writes a whole number with the language's separators: "12,345", "12 345".
func (p *Printer) Number(n int) string {
	return message.NewPrinter(p.tag).Sprint(n)
}

// Keys lists every key of a language, sorted; for the tests that compare languages.
func Keys(lang string) []string {
	var keys []string
	for _, f := range texts(lang) {
		for key := range mustRead(f) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func whenNil(s string, err error) string {
	if err != nil {
		return ""
	}
	return s
}

func tags() []language.Tag {
	var t []language.Tag
	for _, l := range Languages {
		t = append(t, language.MustParse(l))
	}
	return t
}

func speakers() []*Printer {
	var ps []*Printer
	for i, l := range Languages {
		ps = append(ps, &Printer{tag: tags()[i], localizer: i18n.NewLocalizer(bundle, l)})
	}
	return ps
}

func mustLoad() *i18n.Bundle {
	b := i18n.NewBundle(language.MustParse(Default))
	for _, l := range Languages {
		for _, file := range texts(l) {
			if err := b.AddMessages(language.MustParse(l), messages(mustRead(file))...); err != nil {
				panic(fmt.Sprintf("lang: %s: %v", file, err))
			}
		}
	}
	return b
}

func messages(entries map[string]any) []*i18n.Message {
	var ms []*i18n.Message
	for key, value := range entries {
		m := &i18n.Message{ID: key}
		switch v := value.(type) {
		case string:
			m.Other = v
		case map[string]any:
			m.One, _ = v["one"].(string)
			m.Many, _ = v["many"].(string)
			m.Other, _ = v["other"].(string)
		}
		ms = append(ms, m)
	}
	return ms
}

func texts(lang string) []string {
	names, err := fs.Glob(files, path.Join("texts", lang, "*.json"))
	if err != nil || len(names) == 0 {
		panic("lang: no texts for " + lang)
	}
	return names
}

func mustRead(file string) map[string]any {
	raw, err := files.ReadFile(file)
	if err != nil {
		panic("lang: " + err.Error())
	}
	entries := map[string]any{}
	if err := json.Unmarshal(raw, &entries); err != nil {
		panic(fmt.Sprintf("lang: %s: %v", strings.TrimPrefix(file, "texts/"), err))
	}
	return entries
}
