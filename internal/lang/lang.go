// Package lang holds every sentence the products say, in each language they speak,
// and writes dates and numbers as that language does.
//
// A sentence has a key ("contact.deleted"), lives in texts/<language>/<area>.json and may
// hold named parts: {{.Name}}. A plural is an object with the CLDR forms "one", "other"
// (French also "many"). It does not know what is shown where; cards and bot do.
package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

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
	tag     language.Tag
	phrases map[string]phrase
	months  [12]string
	plurals plurals
}

var (
	matcher  = language.NewMatcher(tags())
	printers = speakers()
)

// For finds the Printer nearest to a locale as activities carry it ("fr-CA", "de-DE").
// An empty or unknown locale gives the default language.
func For(locale string) *Printer {
	if i := slices.Index(Languages, plainLanguage(locale)); i >= 0 {
		return printers[i]
	}
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

// plainLanguage is the language of a locale in the form that Teams sends, "fr" or "fr-CA"; "" for any other form.
func plainLanguage(locale string) string {
	if len(locale) == len("fr-CA") && locale[2] == '-' {
		return locale[:2]
	}
	return locale
}

// Language is the language's code: "en", "fr".
func (p *Printer) Language() string {
	base, _ := p.tag.Base()
	return base.String()
}

// Text gives the sentence of a key. Args alternate names and values; the value named "Count"
// chooses the plural form. A missing key gives the key itself, which a test finds.
func (p *Printer) Text(key string, args ...any) string {
	s, ok := p.phrases[key]
	if !ok {
		return key
	}
	if count, counted := value(args, "Count"); counted && s.plural {
		return s.wordings[p.plurals.form(count)].say(args)
	}
	return s.wordings[other].say(args)
}

// Date writes a day: "21 Nov 2026", "21 nov. 2026".
func (p *Printer) Date(t time.Time) string {
	year, month, day := t.Date()
	var room [24]byte
	date := append(strconv.AppendInt(room[:0], int64(day), 10), ' ')
	date = append(append(date, p.months[month-1]...), ' ')
	return string(strconv.AppendInt(date, int64(year), 10))
}

// Time writes a day and a time of it: "21 Nov 2026, 14:05", "21 nov. 2026, 14 h 05".
func (p *Printer) Time(t time.Time) string {
	return p.Text("date.time", "Date", p.Date(t), "Hour", t.Format("15"), "Minute", t.Format("04"))
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
		ps = append(ps, newPrinter(l, tags()[i]))
	}
	return ps
}

func newPrinter(lang string, tag language.Tag) *Printer {
	p := &Printer{tag: tag, phrases: map[string]phrase{}, plurals: newPlurals(tag)}
	for _, file := range texts(lang) {
		for key, entry := range mustRead(file) {
			p.phrases[key] = newPhrase(entry)
		}
	}
	for m := range p.months {
		p.months[m] = p.Text("month." + strconv.Itoa(m+1))
	}
	return p
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
