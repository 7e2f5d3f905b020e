package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
)

// little are the limits under which foreign bytes are tried, so that a try takes no time.
var little = Limits{Bytes: 1 << 20, Unpacked: 4 << 20, Rows: 1000, Columns: 40, Cell: 5000}

// small is a contact that has a little of most.
func small() contact.Contact {
	return contact.Contact{ID: "7", Record: contact.Record{Kind: contact.Person, Name: "Zoë", Emails: []string{"z@a.example"}, Tags: []string{"a", "b"},
		Phones: []contact.Phone{{Label: contact.Mobile, Number: "+33 1"}}, Notes: "=1\n2", Custom: []contact.Custom{{Name: "c", Value: "d"}}}}
}

// checkRows is what holds for the rows of any file.
func checkRows(t *testing.T, rows []Row, err error) {
	t.Helper()
	if err != nil && len(err.Error()) > 300 {
		t.Errorf("an error with content: %v", err)
	}
	last := 0
	for _, r := range rows {
		if r.Number <= last {
			t.Errorf("row %d after %d", r.Number, last)
		}
		last = r.Number
		if len(r.Problems) > 0 {
			continue
		}
		for _, format := range []Format{CSV, VCard, JSON} { // what was read once is read again
			_, again, err := rowsOf(written(t, format, contactOf(r)), Limits{})
			if err != nil || len(again) != 1 || cmp.Diff(again[0].Record, r.Record) != "" {
				t.Errorf("%s: %v, %s", format, err, cmp.Diff(again[0].Record, r.Record))
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, format := range []Format{CSV, VCard, JSON} {
		f.Add(written(f, format, small()))
	}
	f.Add([]byte("name;x\n\"A\n\";b\n"))
	f.Add([]byte("\xff\xfen\x00a\x00"))
	f.Add([]byte("BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:=\n=\n =41\nEND:VCARD"))
	f.Add([]byte(`{"a":[1],"contacts":[{"phones":[{"label":1}]},{}]}`))
	f.Add(stored(f, map[string]string{"xl/workbook.xml": "<workbook/>"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, rows, err := rowsOf(data, little)
		checkRows(t, rows, err)
	})
}

// stored packs parts as they are.
func stored(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bookOf is a workbook of one sheet, with what its cells share.
func bookOf(t testing.TB, sheet, phrases, styles string) []byte {
	t.Helper()
	return stored(t, map[string]string{
		"xl/workbook.xml": `<workbook><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="t/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="b" Type="t/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="c" Type="t/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": phrases, "xl/styles.xml": styles,
	})
}

const (
	somePhrases = `<sst><si><t>Name</t></si><si><r><rPr><b/></rPr><t>An</t></r><r><t xml:space="preserve">a &amp; B</t></r><rPh><t>x</t></rPh></si></sst>`
	someStyles  = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="0#&quot; &quot;##"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>`
)

func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c t="s"><v>1</v></c><c s="1"><v>612</v></c></row></sheetData></worksheet>`, somePhrases, someStyles)
	f.Add(`<x:worksheet><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>Name</x:t></x:is></x:c></x:row><x:row r="9"><x:c t="str"><x:f>A1</x:f><x:v>B</x:v></x:c></x:row></x:sheetData><x:mergeCells><x:mergeCell ref="A2:A9"/></x:mergeCells></x:worksheet>`, "", "")
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>Name</v></c><c r="AN1" t="e"><v>#REF!</v></c></row><row><c r="B2" s="2"><v>46082.5</v></c><c r="A2" t="b"><v>1</v></c></row></sheetData>`, "<sst><si/>", someStyles)
	f.Fuzz(func(t *testing.T, sheet, phrases, styles string) {
		_, rows, err := rowsOf(bookOf(t, sheet, phrases, styles), little)
		checkRows(t, rows, err)
	})
}

// FuzzMarks: of what encoding/xml takes for well formed, marks read the same.
func FuzzMarks(f *testing.F) {
	for _, s := range []string{somePhrases, someStyles, `<a b='>' c="'"/>`, `<!-- > --><a><![CDATA[<x>]]>&#65;&lt;` + "\r\n\r" + `</a >`, "<?xml version=\"1.0\"?>\n<b:a b:c=\"d\"></b:a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, known := byTheBook(text)
		if !known {
			return
		}
		got, err := byMarks(text)
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
	})
}

// byTheBook gives the elements, their attributes and the texts between them as encoding/xml reads them.
func byTheBook(text string) (all []string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(text))
	pending := ""
	add := func(s string) {
		all, pending = append(all, pending, s), ""
	}
	for {
		token, err := d.Token()
		if err != nil {
			return all, errors.Is(err, io.EOF)
		}
		switch k := token.(type) {
		case xml.StartElement:
			if strings.Contains(k.Name.Local, ":") {
				return nil, false
			}
			s := "<" + k.Name.Local
			for _, a := range k.Attr {
				if strings.Contains(a.Name.Local, ":") { // a prefix without a name, or the other way round
					return nil, false
				}
				s += " " + a.Name.Local + "=" + a.Value
			}
			add(s)
		case xml.EndElement:
			add("</" + k.Name.Local)
		case xml.CharData:
			pending += string(k)
		case xml.Directive:
			return nil, false
		}
	}
}

// byMarks gives the same as marks read it.
func byMarks(text string) (all []string, err error) {
	m, err := newMarks(strings.NewReader(text), 10)
	if err != nil {
		return nil, err
	}
	pending := ""
	for m.next() {
		pending += string(appendText(nil, m.text)) + strings.ReplaceAll(strings.ReplaceAll(string(m.literal), "\r\n", "\n"), "\r", "\n")
		if m.name == nil {
			continue
		}
		name, end := string(m.name), m.empty
		if m.closing {
			all = append(all, pending, "</"+name)
		} else {
			all = append(all, pending, "<"+name+attributes(m.rest))
		}
		if pending = ""; end {
			all = append(all, "", "</"+name)
		}
	}
	return all, m.err
}

// attributes writes the attributes of a mark one after the other.
func attributes(rest []byte) string {
	s := ""
	for {
		key, after, found := bytes.Cut(rest, []byte("="))
		if !found {
			return s
		}
		name := string(local(bytes.TrimSpace(key)))
		m := marks{rest: append(append(bytes.Clone(bytes.TrimSpace(key)), '='), after...)}
		s += " " + name + "=" + m.word(name)
		after = bytes.TrimLeft(after, " \t\r\n")
		_, rest, _ = bytes.Cut(after[1:], after[:1])
	}
}
