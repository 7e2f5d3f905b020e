package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

// outcome is what became of a file: its rows by number and name, with problems and what was left out, or why it is refused.
func outcome(data []byte, limits Limits) string {
	f, rows, err := rowsOf(data, limits)
	var all []string
	for _, r := range rows {
		s := fmt.Sprint(r.Number)
		switch {
		case len(r.Problems) > 0:
			s += " !" + r.Problems[0].Text
		default:
			s += " " + r.Record.Name
		}
		for _, l := range r.Left {
			s += " -" + l.Text
		}
		all = append(all, s)
	}
	var refused *fault.Error
	if errors.As(err, &refused) {
		all = append(all, "refused "+refused.Text)
	} else if err != nil {
		all = append(all, err.Error())
	}
	if f != nil && f.Sheet != "" {
		all = append(all, "of "+f.Sheet)
	}
	return strings.Join(all, ", ")
}

// sheetXML is a sheet of rows.
func sheetXML(rows string) string {
	return `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`
}

const head = `<row r="1"><c r="A1" t="str"><v>Name</v></c><c r="B1" t="str"><v>Notes</v></c></row>`

// TestSheets: what is read of sheets as programs, and enemies, write them.
func TestSheets(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ sheet, want string }{
		"no numbers of rows and cells":    {sheetXML(`<row><c t="str"><v>Name</v></c></row><row/><row><c t="str"><v>Ana</v></c></row>`), "3 Ana, of S"},
		"rows that go back":               {sheetXML(head + `<row r="9"><c r="A9" t="str"><v>Ana</v></c></row><row r="3"><c r="A3" t="str"><v>Ben</v></c></row>`), "9 Ana, 10 Ben, of S"},
		"rows beyond all":                 {sheetXML(head + `<row r="99999999999999999999"><c t="str"><v>Ana</v></c></row><row r="-4"><c t="str"><v>Ben</v></c></row>`), "2 Ana, 3 Ben, of S"},
		"cells that go back":              {sheetXML(head + `<row r="2"><c r="B2" t="str"><v>x</v></c><c r="A2" t="str"><v>Ana</v></c></row>`), "2 Ana, of S"},
		"a dimension that lies":           {`<worksheet><dimension ref="A1:XFD1048576"/><sheetData>` + head + `<row r="2"><c r="A2" t="str"><v>Ana</v></c></row></sheetData></worksheet>`, "2 Ana, of S"},
		"cells beyond what is read":       {sheetXML(head + `<row r="2"><c r="A2" t="str"><v>Ana</v></c><c r="XFD2"><v>1</v></c><c r="ZZZ2"><v>1</v></c><c r="AAAAAAAAAAAA2"><v>1</v></c></row>`), "2 Ana -exchange.columns, of S"},
		"a formula that failed":           {sheetXML(head + `<row r="2"><c r="A2" t="e"><f>B9</f><v>#REF!</v></c></row><row r="3"><c r="A3" t="str"><v>Ana</v></c><c r="B3" t="e"><v>#N/A</v></c></row>`), "2 !record.name_missing -exchange.formula, 3 Ana -exchange.formula, of S"},
		"formulas":                        {sheetXML(head + `<row r="2"><c r="A2" t="str"><f t="shared" ref="A2:A9" si="0">"A"&amp;"na"</f><v>Ana</v></c></row><row r="3"><c r="A3"><f si="0" t="shared"/></c></row>`), "2 Ana, of S"},
		"rich text":                       {sheetXML(head + `<row r="2"><c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>An</t></r><r><t>a</t></r><rPh sb="0" eb="1"><t>anna</t></rPh></is></c></row>`), "2 Ana, of S"},
		"references and CDATA":            {sheetXML(head + `<row r="2"><c r="A2" t="str"><v>A&#110;&#x61; &amp;<![CDATA[<Co>]]><!-- x --> K&unknown;G&#0;&#xD800;</v></c></row>`), "2 Ana &<Co> KG, of S"},
		"characters that XML cannot have": {sheetXML(head + `<row r="2"><c r="A2" t="inlineStr"><is><t>Ana_x005F_x0041__x0042_</t></is></c></row>`), "2 Ana_x0041_B, of S"},
		"prefixes and quotes":             {`<x:worksheet xmlns:x='u'><x:sheetData><x:row r='1'><x:c r='A1' t='str' a="'>'"><x:v>Name</x:v></x:c></x:row><x:row r='2'><x:c r='A2' t='str'><x:v>Ana</x:v></x:c></x:row></x:sheetData></x:worksheet>`, "2 Ana, of S"},
		"hidden rows":                     {sheetXML(head + `<row r="2" hidden="1"><c r="A2" t="str"><v>Ana</v></c></row>`), "2 Ana, of S"},
		"styled cells without a value":    {sheetXML(head + `<row r="2"><c r="A2" s="1"/><c r="B2" s="7"><v></v></c></row><row r="3"><c r="A3" t="str"><v>Ana</v></c></row>`), "3 Ana, of S"},
		"merged down":                     {strings.Replace(sheetXML(head+`<row r="2"><c r="A2" t="str"><v>Ana</v></c></row><row r="3"><c r="B3" t="str"><v>x</v></c></row><row r="4"><c r="A4"/></row><row r="6"><c r="B6" t="str"><v>x</v></c></row>`), "</worksheet>", `<mergeCells><mergeCell ref="A2:A5"/><mergeCell ref="A1:A1048576"/><mergeCell ref="5:A"/></mergeCells></worksheet>`, 1), "2 Ana, 3 Ana, 6 !record.name_missing, of S"},
		"strings that are not there":      {sheetXML(head + `<row r="2"><c r="A2" t="s"><v>99</v></c><c r="B2" t="s"><v>-1</v></c></row><row r="3"><c r="A3" t="s"><v> 1 </v></c></row>`), "3 Ana, of S"},
		"protected":                       {strings.Replace(sheetXML(head+`<row r="2"><c r="A2" t="str"><v>Ana</v></c></row>`), "</worksheet>", `<sheetProtection password="83AF" sheet="1"/></worksheet>`, 1), "2 Ana, of S"},
		"another language":                {`<?xml version="1.0" encoding="ISO-8859-1"?>` + sheetXML(head+`<row r="2"><c r="A2" t="str"><v>Zo`+"\xEB"+`</v></c></row>`), "2 Zoë, of S"},
		"a language that nobody knows":    {`<?xml version="1.0" encoding="x-none"?>` + sheetXML(head), "refused exchange.broken"},
		"wrong bytes":                     {sheetXML(head + `<row r="2"><c r="A2" t="str"><v>Zo` + "\xEB\x00" + `e</v></c></row>`), "2 Zoe, of S"},
		"an entity of its own":            {`<!DOCTYPE a [<!ENTITY b "c">]>` + sheetXML(head), "refused exchange.broken"},
		"cut short":                       {`<worksheet><sheetData>` + head + `<row r="2"><c r="A2" t="str"><v>Ana</v></c></row>`, "refused exchange.broken"},
		"cut short in a mark":             {`<worksheet><sheetData>` + head + `<row r="2"><c r="A2" t="str`, "refused exchange.broken"},
		"no XML":                          {`Name`, "refused exchange.empty"},
	} {
		got := outcome(bookOf(t, row.sheet, `<sst><si/><si><t>Ana</t></si></sst>`, ""), Limits{})
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, row.want)
		}
	}
}

// TestParts: parts in UTF-16, under other names, of other sizes than they say.
func TestParts(t *testing.T) {
	good := sheetXML(head + `<row r="2"><c r="A2" t="str"><v>Ana</v></c></row>`)
	wide := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(`<?xml version="1.0" encoding="UTF-16"?>` + good)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	renamed := bookOf(t, good, "", "")
	renamed = bytes.ReplaceAll(renamed, []byte("xl/worksheets/sheet1.xml"), []byte(`XL\Worksheets\sheet1.xml`))
	lying := bookOf(t, good+strings.Repeat(" ", 500), "", "")
	size := binary.LittleEndian.AppendUint32(nil, uint32(len(good)+500))
	lying = bytes.ReplaceAll(lying, size, binary.LittleEndian.AppendUint32(nil, uint32(len(good))))
	bomb := archiveOf(t, zeros(32<<20), nil)
	for name, row := range map[string]struct {
		data []byte
		want string
	}{
		"UTF-16":              {bookOf(t, string(wide), "", ""), "2 Ana, of S"},
		"other names":         {renamed, "2 Ana, of S"},
		"longer than it says": {lying, "refused exchange.broken"},
		"a bomb in a part":    {archiveOf(t, says(nameAndAna), map[string]func(io.Writer){"xl/media/inner.zip": says(string(bomb))}), "2 Ana, of S"},
		"macros":              {archiveOf(t, says(nameAndAna), map[string]func(io.Writer){"xl/vbaProject.bin": says("\xD0\xCF\x11\xE0")}), "2 Ana, of S"},
		"ods":                 {stored(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}), "refused exchange.other_sheet"},
		"odt":                 {stored(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}), "refused exchange.unknown"},
		"xlsb":                {stored(t, map[string]string{"xl/workbook.bin": "x"}), "refused exchange.other_sheet"},
		"docx":                {stored(t, map[string]string{"_rels/.rels": `<Relationships><Relationship Id="a" Type="t/officeDocument" Target="word/document.xml"/></Relationships>`, "word/document.xml": "<w:document/>"}), "refused exchange.unknown"},
		"20,000 parts":        {crowd(t, 20_000), "refused exchange.parts"},
		"one part as many sheets": {stored(t, map[string]string{
			"xl/workbook.xml":            `<workbook><sheets>` + strings.Repeat(`<sheet name="S" r:id="a"/>`, 400) + `</sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="t/worksheet" Target="s.xml"/></Relationships>`, "xl/s.xml": sheetXML(head),
		}), "of S"},
		"no parts": {stored(t, nil), "refused exchange.unknown"},
	} {
		var got string
		if used := allocated(func() { got = outcome(row.data, Limits{}) }); got != row.want || used > 16<<20 {
			t.Errorf("%s: %d MB\n got %s\nwant %s", name, used>>20, got, row.want)
		}
	}
}

// crowd is an archive of many empty parts.
func crowd(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		if _, err := z.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhichSheet: the first in sight whose header is known, else the first in sight that holds anything.
func TestWhichSheet(t *testing.T) {
	t.Parallel()
	const hidden = "hidden: "
	for name, row := range map[string]struct {
		sheets []string // "hidden: " before those that are, and the cells of the first column
		want   string
	}{
		"one with a header after others": {[]string{"", "Read me|a|b", "Name|Ana"}, "2 Ana, of S3"},
		"a hidden one before":            {[]string{"Read me", "hidden: Name|Old", "Name|Ana"}, "2 Ana, of S3"},
		"no header anywhere":             {[]string{"", "Ana|Ben", "Zoë"}, "2 !record.name_missing, of S2"},
		"nothing in sight":               {[]string{"", "hidden: Name|Ana"}, "refused exchange.empty"},
		"a title above and empty rows":   {[]string{"||Our people 2026|||Name|Ana"}, "7 Ana, of S1"},
	} {
		data := workbook(t, func(b *excelize.File) error {
			var err error
			for i, cells := range row.sheets {
				sheet := fmt.Sprintf("S%d", i+1)
				_, failed := b.NewSheet(sheet)
				for n, c := range strings.Split(strings.TrimPrefix(cells, hidden), "|") {
					err = errors.Join(err, failed, b.SetCellStr(sheet, fmt.Sprintf("A%d", n+1), c))
				}
			}
			err = errors.Join(err, b.DeleteSheet("Sheet1"))
			for i, cells := range row.sheets {
				err = errors.Join(err, b.SetSheetVisible(fmt.Sprintf("S%d", i+1), !strings.HasPrefix(cells, hidden)))
			}
			return err
		})
		if got := outcome(data, Limits{}); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, row.want)
		}
	}
}

// TestNumbers: a number is what Excel shows of it, unless Excel only makes it short.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ format, value, want string }{
		{"General", "33199000012", "33199000012"},
		{"General", "331990000123456", "331990000123456"},
		{"General", "0.1", "0.1"},
		{"General", "0.30000000000000004", "0.3"},
		{"General", "3.3199000012E10", "33199000012"},
		{"General", "1E+300", "1E+300"},
		{"General", "NaN", "NaN"},
		{"General", "0x1F", "0x1F"},
		{"@", "33199000012", "33199000012"},
		{`0#" "##" "##" "##" "##`, "199000012", "01 99 00 00 12"},
		{"0000000000", "199000012", "0199000012"},
		{"00000", "1234", "01234"},
		{"0.00E+00", "33199000012", "33199000012"},
		{"#,##0", "33199000012", "33199000012"},
		{"#,##0.00;[Red]-#,##0.00", "33199000012", "33199000012"},
		{"yyyy-mm-dd", "46082", "2026-03-01"},
		{"dd/mm/yyyy hh:mm", "46082.5", "01/03/2026 12:00"},
		{"0%", "0.5", "50%"},
		{strings.Repeat("0", 300), "7", "7"},
	} {
		f, err := newStyles(row.format)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.show(1, row.value); got != row.want {
			t.Errorf("%s as %s is %q, not %q", row.value, row.format, got, row.want)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
}

// newStyles are those of a workbook of which the second style has a format.
func newStyles(format string) (*styles, error) {
	m, err := newMarks(strings.NewReader(`<styleSheet><numFmts><numFmt numFmtId="170" formatCode="`+strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(format)+`"/></numFmts>`+
		`<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs><dxfs><numFmt numFmtId="170" formatCode="0"/></dxfs></styleSheet>`), 100)
	if err != nil {
		return nil, err
	}
	return readStyles(m)
}

// TestDates: days are counted from where the workbook says, and are dates also by the formats that have a number only.
func TestDates(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(b *excelize.File) error {
		date1904 := true
		style, err := b.NewStyle(&excelize.Style{NumFmt: 14})
		return errors.Join(err, b.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}), b.SetSheetRow("Sheet1", "A1", &[]any{"Name", "Notes"}),
			b.SetSheetRow("Sheet1", "A2", &[]any{"Ana"}), b.SetCellDefault("Sheet1", "B2", "44620"), b.SetCellStyle("Sheet1", "B2", "B2", style))
	})
	if _, rows, err := rowsOf(data, Limits{}); err != nil || rows[0].Record.Notes != "2026-03-01" {
		t.Errorf("%+v, %v", rows, err)
	}
	told := bookOf(t, sheetXML(head+`<row r="2"><c r="A2" t="str"><v>Ana</v></c><c r="B2" t="d"><v>2026-03-01T00:00:00</v></c></row>`), "", "")
	if _, rows, err := rowsOf(told, Limits{}); err != nil || rows[0].Record.Notes != "2026-03-01" {
		t.Errorf("%+v, %v", rows, err)
	}
}

// TestHostileTexts: what is read of texts that are damaged, cut or made to cost much.
func TestHostileTexts(t *testing.T) {
	wide := func(s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	for name, row := range map[string]struct{ text, want string }{
		"a quotation mark never closed":   {"name,notes\nA,x\nB,\"y\nC,z\nD,w\n", "2 A, 3 !exchange.quote"},
		"the same, large":                 {"name,notes\nA,x\nB,\"y\n" + strings.Repeat("C,z\n", 5<<18), "2 A, 3 !exchange.quote"},
		"cut in a cell":                   {"name,notes\nA,x\nB,\"y", "2 A, 3 B"},
		"closed at the end":               {"name,notes\nB,\"y\nz\n\"\r\n", "2 B"},
		"zeros within":                    {"name,notes\nA,x\x00y\n" + strings.Repeat("B,z\n", 30), strings.TrimSuffix("2 A, "+numbered(3, 30, "B"), ", ")},
		"UTF-16 without a mark":           {wide("name;notes\r\nZoë;x\r\n"), "2 Zoë"},
		"UTF-16 cut within a character":   {"\xff\xfe" + wide("name;notes\r\nZoë;x\r\n") + "a", "2 Zoë, 3 \uFFFD"},
		"CR alone":                        {"name;notes\rA;x\rB;y\r", "2 A, 3 B"},
		"a mark of UTF-8 that lies":       {"\ufeffname;notes\nZo\xEB;x\n", "2 Zoë"},
		"UTF-8 with a character cut":      {"\ufeffname;notes\nZoë;Łódź é è ü\nAm\xC3;\xE9\nÉva;x\n", "2 Zoë, 3 AmÃ, 4 Éva"},
		"columns by the same name":        {"name,name,e-mail,e-mail\nA,B,a@a.example,b@a.example\n", "2 A"},
		"16,384 columns":                  {"name" + strings.Repeat(",", 16_383) + "\nA" + strings.Repeat(",", 16_383) + "x\n", "2 A -exchange.columns"},
		"formulas that failed":            {"name,notes\n#REF!,x\nA,#N/A\n'#N/A,y\n", "2 !record.name_missing -exchange.formula, 3 A -exchange.formula, 4 #N/A"},
		"a page":                          {"<html><table><tr><td>Name</td></tr></table></html>", "refused exchange.unknown"},
		"JSON that is deep":               {"[" + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "]", "refused exchange.broken"},
		"JSON that is deep in a contact":  {`[{"name":"A","emails":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + "}]", "refused exchange.broken"},
		"JSON of other shapes":            {`[1,null,"x",{"name":7},{"name":"A","tags":"t"},{"name":"B"}]`, "1 !exchange.shape, 2 !record.name_missing, 3 !exchange.shape, 4 !exchange.shape, 5 !exchange.shape, 6 B"},
		"JSON with a contact of 5 MB":     {`[{"name":"A"},{"name":"` + strings.Repeat("x", 5<<20) + `"}]`, "1 A, refused exchange.entry"},
		"JSON behind the end":             {`[{"name":"A"}] trailing`, "1 A"},
		"vCard in groups of groups":       {"BEGIN:VCARD\na.b.c.FN:A\nd.item1.TEL:1234\nEND:VCARD\n", "1 A"},
		"vCard in vCard in vCard":         {strings.Repeat("BEGIN:VCARD\nFN:A\n", 5000) + strings.Repeat("END:VCARD\n", 5000), "1 A -exchange.left"},
		"vCard folded without end":        {"BEGIN:VCARD\nFN:A\nNOTE:" + strings.Repeat("\n x", 1<<18) + "\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n", "1 !exchange.cell, 2 B"},
		"vCard of quoted lines":           {"BEGIN:VCARD\nVERSION:2.1\nFN;QUOTED-PRINTABLE:A=\n=\n=20B=ZZ\nTEL;CELL:1234\nEND:VCARD\n", "1 A B=ZZ"},
		"vCard of many large properties":  {"BEGIN:VCARD\nFN:A\n" + strings.Repeat("NOTE:"+strings.Repeat("x", 30_000)+"\n", 900) + "END:VCARD\n", "1 !exchange.card_large"},
		"vCard of many parameters":        {"BEGIN:VCARD\nFN:A\nTEL" + strings.Repeat(";a", 100_000) + ":1234\nEND:VCARD\n", "1 A"},
		"vCard with photos in one line":   {"BEGIN:VCARD\nFN:A\n" + strings.Repeat("PHOTO;ENCODING=b:"+strings.Repeat("x", 400<<10)+"\n", 9) + "END:VCARD\n", "1 A -exchange.left"},
		"vCard that ends without END":     {"BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\n", "1 A, 2 !exchange.card_end"},
		"vCard of zeros and no line ends": {"BEGIN:VCARD\n" + strings.Repeat("\x00", 300) + strings.Repeat("x", 1<<20), "1 !exchange.card_end"},
	} {
		var got string
		if used := allocated(func() { got = outcome([]byte(row.text), Limits{}) }); got != row.want || used > uint64(24<<20+8*len(row.text)) {
			t.Errorf("%s: %d MB\n got %.300s\nwant %.300s", name, used>>20, got, row.want)
		}
	}
}

func numbered(from, count int, name string) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "%d %s, ", from+i, name)
	}
	return b.String()
}

// again reads a text so many times.
type again struct {
	text string
	left int
	strings.Reader
}

func (a *again) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n == 0 && a.left > 0 {
		a.left--
		a.Reader = *strings.NewReader(a.text)
		n, err = a.Reader.Read(p)
	}
	return n, err
}

// TestManyPhrases: strings that would take all memory are refused before they do.
func TestManyPhrases(t *testing.T) {
	for name, text := range map[string]string{"empty ones": "<si/>", "large ones": "<si><t>" + strings.Repeat("x", 200_000) + "</t></si>", "usual ones": "<si><t>Marta Gonzáles, Fabrikam</t></si>"} {
		m, err := newMarks(&again{text: strings.Repeat(text, 1+50_000/len(text)), left: 400}, 32_767)
		if err != nil {
			t.Fatal(err)
		}
		used := allocated(func() { _, err = readPhrases(m, 32_767, 8<<20) })
		if f, ok := err.(*fault.Error); !ok || f.Text != "exchange.unpacked" || used > 12<<20 {
			t.Errorf("%s: %v, %d MB", name, err, used>>20)
		}
	}
}

// TestSentences: every reason for which something is refused or left out has a sentence in both languages.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, key := range strings.Fields("formula quote entry other_sheet columns cell card_end card_large shape left") {
		args := []any{"Max", 1, "Header", "H", "Value", "V", "Kind", "K", "Field", "F", "Names", "N"}
		for _, l := range lang.Languages {
			if s := lang.For(l).Text("exchange."+key, args...); strings.Contains(s, "no value") || strings.Contains(s, "exchange.") {
				t.Errorf("%s in %s: %s", key, l, s)
			}
		}
	}
}
