package exchange

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"teamspro/internal/fault"
)

// workbook makes a spreadsheet.
func workbook(t testing.TB, fill func(*excelize.File) error) []byte {
	t.Helper()
	book := excelize.NewFile()
	var b bytes.Buffer
	if err := errors.Join(fill(book), book.Write(&b), book.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func names(rows []Row) string {
	var all []string
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%d %s", r.Number, summary(r)))
	}
	return strings.Join(all, "\n")
}

// TestWorkbookOfPeople: what people's spreadsheets have: a sheet before, a title, formulas, merged cells, numbers and dates.
func TestWorkbookOfPeople(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(b *excelize.File) error {
		_, err := b.NewSheet("People")
		text, err2 := b.NewStyle(&excelize.Style{NumFmt: 14})
		phone, err3 := b.NewStyle(&excelize.Style{CustomNumFmt: new(`0#" "##" "##" "##" "##`)})
		large, err4 := b.NewStyle(&excelize.Style{NumFmt: 11})
		return errors.Join(err, err2, err3, err4,
			b.SetSheetRow("Sheet1", "A1", &[]any{"Read me first"}),
			b.SetSheetRow("People", "A1", &[]any{"Our people, 2026"}), b.MergeCell("People", "A1", "C1"),
			b.SetSheetRow("People", "A3", &[]any{"Name", "Company", "Phone", "Mobile", "Notes", "Fax"}),
			b.SetSheetRow("People", "A4", &[]any{"Ana", "Fabrikam", 33199000012, 639980001, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 33199000099}),
			b.SetSheetRow("People", "A5", &[]any{"Ben", nil, "'+33 1 99 00 00 13"}), b.MergeCell("People", "B4", "B5"),
			b.SetCellFormula("People", "A7", `"C"&"leo"`), b.SetCellValue("People", "B7", "Litware"),
			b.SetCellStyle("People", "E4", "E4", text), b.SetCellStyle("People", "D4", "D4", phone), b.SetCellStyle("People", "F4", "F4", large))
	})
	f, rows, err := rowsOf(data, Limits{})
	if err != nil || f.Sheet != "People" {
		t.Fatalf("%+v, %v", f, err)
	}
	want := "4 Ana; Fabrikam; ; business 33199000012, mobile 06 39 98 00 01, fax 33199000099; ; ; \n5 Ben; Fabrikam; ; business +33 1 99 00 00 13; ; ; \n7 Litware; ; ; ; ; ; "
	if diff := cmp.Diff(want, names(rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rows[0].Record.Notes != "2026-03-01" {
		t.Errorf("the date is %q", rows[0].Record.Notes)
	}
}

// archiveOf writes the parts every workbook has, with one sheet and others.
func archiveOf(t testing.TB, sheet func(io.Writer), others map[string]func(io.Writer)) []byte {
	t.Helper()
	parts := map[string]func(io.Writer){
		"[Content_Types].xml":        says(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`),
		"_rels/.rels":                says(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`),
		"xl/workbook.xml":            says(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`),
		"xl/_rels/workbook.xml.rels": says(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`),
		"xl/worksheets/sheet1.xml": func(w io.Writer) {
			fmt.Fprint(w, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
			sheet(w)
			fmt.Fprint(w, `</sheetData></worksheet>`)
		},
	}
	for name, write := range others {
		parts[name] = write
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, write := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		write(w)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func says(s string) func(io.Writer) { return func(w io.Writer) { fmt.Fprint(w, s) } }

func cell(ref, value string) string {
	return `<c r="` + ref + `" t="inlineStr"><is><t>` + value + `</t></is></c>`
}

var nameAndAna = `<row r="1">` + cell("A1", "Name") + `</row><row r="2">` + cell("A2", "Ana") + `</row>`

// digits are many that do not pack well.
func digits(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i*i)
	}
	return b.String()
}

// zeros writes many equal bytes, which pack well.
func zeros(n int) func(io.Writer) {
	return func(w io.Writer) {
		chunk := bytes.Repeat([]byte("0"), 1<<16)
		for ; n > 0; n -= len(chunk) {
			_, _ = w.Write(chunk)
		}
	}
}

// TestHostileWorkbooks: each is refused with its sentence, and costs little.
func TestHostileWorkbooks(t *testing.T) {
	for name, row := range map[string]struct {
		data []byte
		text string
	}{
		"a bomb":              {archiveOf(t, zeros(32<<20), nil), "exchange.unpacked"},
		"a bomb beside":       {archiveOf(t, says(nameAndAna), map[string]func(io.Writer){"xl/media/image1.png": zeros(32 << 20)}), "exchange.unpacked"},
		"a bomb of strings":   {archiveOf(t, says(nameAndAna), map[string]func(io.Writer){"xl/sharedStrings.xml": zeros(32 << 20)}), "exchange.unpacked"},
		"a cell of megabytes": {archiveOf(t, says(`<row r="1">`+cell("A1", digits(200_000))+`</row>`), nil), "exchange.cell"},
		"entities":            {archiveOf(t, says(nameAndAna), map[string]func(io.Writer){"xl/_rels/workbook.xml.rels": says(`<!DOCTYPE a [<!ENTITY b "c">]><Relationships/>`)}), "exchange.broken"},
		"many parts":          {archiveOf(t, says(nameAndAna), manyParts()), "exchange.parts"},
		"a Word document":     {bytes.ReplaceAll(archiveOf(t, says(nameAndAna), nil), []byte("xl/workbook.xml"), []byte("xl/notebook.xml")), "exchange.unknown"},
		"cut off":             {archiveOf(t, says(nameAndAna), nil)[:600], "exchange.broken"},
		"nothing":             {archiveOf(t, says(``), nil), "exchange.empty"},
	} {
		var err error
		used := allocated(func() { _, _, err = rowsOf(row.data, Limits{}) })
		var f *fault.Error
		if !errors.As(err, &f) || f.Text != row.text {
			t.Errorf("%s (%d KB): %v", name, len(row.data)>>10, err)
		}
		if used > 40<<20 {
			t.Errorf("%s: %d MB were allocated", name, used>>20)
		}
	}
}

func manyParts() map[string]func(io.Writer) {
	parts := map[string]func(io.Writer){}
	for i := range maxParts {
		parts[fmt.Sprintf("x/%d", i)] = says("")
	}
	return parts
}

// TestLying: a part that is longer than it says is broken, and a string that is not there stops nothing.
func TestLying(t *testing.T) {
	t.Parallel()
	odd := archiveOf(t, says(`<row r="1">`+cell("A1", "Name")+`</row><row r="2"><c r="A2" t="s"><v>-7</v></c><c r="B2"><v>1</v></c></row><row r="3">`+cell("A3", "Ana")+`</row>`), nil)
	if _, rows, err := rowsOf(odd, Limits{}); err != nil || rows[len(rows)-1].Record.Name != "Ana" {
		t.Errorf("%v, %v", rows, err)
	}
}

// TestMillionEmptyRows: they are no rows, and are read over without being held.
func TestMillionEmptyRows(t *testing.T) {
	data := archiveOf(t, func(w io.Writer) {
		fmt.Fprint(w, nameAndAna)
		for i := 3; i <= 1_000_000; i++ {
			fmt.Fprintf(w, `<row r="%d" spans="1:9"/>`, i)
		}
		fmt.Fprint(w, `<row r="1000001">`+cell("A1000001", "Zoë")+`</row>`)
	}, nil)
	_, rows, err := rowsOf(data, Limits{})
	if err != nil || len(rows) != 2 || rows[1].Number != 1_000_001 || rows[1].Record.Name != "Zoë" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestManyColumns: those beyond the limit are left out, and that is said.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(b *excelize.File) error {
		var header, cells []any
		for i := range 310 {
			header, cells = append(header, fmt.Sprintf("h%d", i)), append(cells, i)
		}
		header[299], cells[299], header[300], cells[300] = "Name", "Ana", "Company", "Fabrikam"
		return errors.Join(b.SetSheetRow("Sheet1", "A1", &header), b.SetSheetRow("Sheet1", "A2", &cells))
	})
	f, rows, err := rowsOf(data, Limits{})
	if err != nil || !f.Wide || len(rows) != 1 || rows[0].Record.Name != "Ana" || rows[0].Record.Company != "" || len(rows[0].Left) != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// TestFrozenHeader: what we write opens with its header in sight, as text.
func TestFrozenHeader(t *testing.T) {
	t.Parallel()
	book, err := excelize.OpenReader(bytes.NewReader(written(t, XLSX, full())))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	panes, err := book.GetPanes(sheetName)
	value, err2 := book.GetCellValue(sheetName, "H2")
	kind, err3 := book.GetCellType(sheetName, "H2")
	width, err4 := book.GetColWidth(sheetName, "C")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	if !panes.Freeze || panes.YSplit != 1 || !strings.HasPrefix(value, "'+33") || kind != excelize.CellTypeInlineString || width != 28 {
		t.Errorf("panes %+v, cell %q of type %v, width %v", panes, value, kind, width)
	}
}
