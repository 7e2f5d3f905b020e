package exchange

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/emersion/go-vcard"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

var update = flag.Bool("update", false, "write the golden files")

var formats = []Format{XLSX, CSV, VCard, JSON}

// full is a contact that has everything.
func full() contact.Contact {
	r, problems := contact.Checker{Region: "FR"}.Check(contact.Record{
		Kind: contact.Person, Name: "Marta Gonzáles", Job: "Head of Sales; Europe", Company: "Fabrikam, Inc.", Department: "Sales",
		Emails: []string{"marta@fabrikam.example", "m.gonzales@home.example"},
		Phones: []contact.Phone{{Label: contact.Business, Number: "+33 1 99 00 12 34"}, {Label: contact.Business, Number: "01 99 00 12 35"}, {Label: contact.Mobile, Number: "06 39 98 00 01"},
			{Label: contact.Home, Number: "02 61 91 00 01"}, {Label: contact.Fax, Number: "(01) 99-00/12.36"}},
		Website: "https://fabrikam.example/?a=1;b,2", LinkedIn: "https://www.linkedin.com/in/marta-example", Facebook: "https://facebook.com/marta.example", X: "@marta_example",
		Addresses: []contact.Address{{Text: "12 rue du Port\n69001 Lyon\nFrance", Position: &contact.Position{Lat: 45.7640435, Lng: 4.835659}}, {Text: "Büro 3, Hamburg"}},
		Hours:     "Mon–Fri 9–17", Notes: "=1+1 is no formula\nshe said: \"call me\"\n\nback\\slash; and, commas", Photo: "https://fabrikam.example/photos/" + strings.Repeat("p", 90) + ".jpg",
		Tags: []string{"supplier", "a;b", "@home"}, Custom: []contact.Custom{{Name: "Badge", Value: "0042"}, {Name: "+Level", Value: "-3: low"}},
	})
	if len(problems) > 0 {
		panic(problems[0].Text)
	}
	return contact.Contact{ID: "23456", Record: r}
}

func one(all ...contact.Contact) iter.Seq2[contact.Contact, error] {
	return func(yield func(contact.Contact, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func written(t interface{ Fatal(...any) }, format Format, all ...contact.Contact) []byte {
	var b bytes.Buffer
	if err := Write(&b, format, one(all...)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rowsOf reads a file by what was guessed.
func rowsOf(data []byte, limits Limits) (*File, []Row, error) {
	f, err := Open(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	var rows []Row
	err = f.Each(context.Background(), f.Mapping, contact.Checker{Region: "FR"}, func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	return f, rows, err
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	bare := contact.Contact{ID: "bare", Record: contact.Record{Kind: contact.Function, Name: "On call"}}
	for _, format := range formats {
		f, rows, err := rowsOf(written(t, format, full(), bare), Limits{})
		if err != nil || f.Format != format || len(rows) != 2 {
			t.Fatalf("%s: %d rows of %v: %v", format, len(rows), f, err)
		}
		for i, want := range []contact.Contact{full(), bare} {
			if diff := cmp.Diff(want.Record, rows[i].Record); diff != "" || rows[i].ID != want.ID || rows[i].Problems != nil || rows[i].Left != nil {
				t.Errorf("%s: id %q, problems %v, left out %v (-want +got):\n%s", format, rows[i].ID, rows[i].Problems, rows[i].Left, diff)
			}
		}
	}
}

// TestRoundTripOfAnything: whatever the rules let into a book comes back from every format.
func TestRoundTripOfAnything(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abé :;,.()-+@=12'\n\t\"\\/#|_x0041_*\u200d👩")), 1, 40, -1)
	number := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789 ()-/+.")), 2, 20, -1)
	record := rapid.Custom(func(t *rapid.T) contact.Record {
		r := contact.Record{Kind: rapid.SampledFrom([]contact.Kind{contact.Person, contact.Company, contact.Function}).Draw(t, "kind"), Name: word.Draw(t, "name") + "n",
			Job: word.Draw(t, "job"), Company: word.Draw(t, "company"), Department: word.Draw(t, "department"), Hours: word.Draw(t, "hours"), Notes: word.Draw(t, "notes"),
			Tags: rapid.SliceOfN(word, 0, 4).Draw(t, "tags")}
		for range rapid.IntRange(0, 4).Draw(t, "phones") {
			r.Phones = append(r.Phones, contact.Phone{Label: rapid.SampledFrom(contact.PhoneLabels).Draw(t, "label"), Number: number.Draw(t, "number") + "11"})
		}
		for range rapid.IntRange(0, 3).Draw(t, "customs") {
			r.Custom = append(r.Custom, contact.Custom{Name: word.Draw(t, "field") + "f", Value: word.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "addresses") {
			a := contact.Address{Text: word.Draw(t, "address")}
			if rapid.Bool().Draw(t, "placed") {
				a.Position = &contact.Position{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, "lng")}
			}
			r.Addresses = append(r.Addresses, a)
		}
		return r
	})
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				clean, problems := contact.Checker{Region: "FR"}.Check(record.Draw(t, "record"))
				if len(problems) > 0 {
					return
				}
				_, rows, err := rowsOf(written(t, format, contact.Contact{ID: "=id", Record: clean}), Limits{})
				if err != nil || len(rows) != 1 {
					t.Fatalf("%d rows: %v", len(rows), err)
				}
				if diff := cmp.Diff(clean, rows[0].Record); diff != "" || rows[0].ID != "=id" {
					t.Fatalf("id %q, problems %v (-want +got):\n%s", rows[0].ID, rows[0].Problems, diff)
				}
			})
		})
	}
}

// fixed are the contacts of the golden files: one that has everything, one that has a name, and one of which programs make formulas.
func fixed() []contact.Contact {
	return []contact.Contact{full(), {ID: "bare", Record: contact.Record{Kind: contact.Function, Name: "On call"}},
		{ID: "-3", Record: contact.Record{Kind: contact.Company, Name: "'=SUM(A1:A9)", Website: "https://linkedin.com/", X: "https://x.com/litware",
			Emails: []string{"info@litware.example"}, Notes: "#REF!", Tags: []string{"+1"}, Addresses: []contact.Address{{Position: &contact.Position{Lat: -33.5, Lng: 151}}}}}}
}

// TestTemplates: people and programs rely on how the files look.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		golden := filepath.Join("testdata", "contacts."+map[Format]string{XLSX: "xlsx.txt", CSV: "csv", VCard: "vcf", JSON: "json"}[format])
		got := written(t, format, fixed()...)
		_, rows, err := rowsOf(got, Limits{})
		for i, want := range fixed() {
			if err != nil || len(rows) != len(fixed()) || cmp.Diff(contactOf(rows[i]), want) != "" {
				t.Fatalf("%s: %d of %d rows, %v", format, i, len(rows), err)
			}
		}
		if format == XLSX {
			got = visible(t, got)
		}
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
	}
}

// visible writes what people see of a workbook: its sheets, what stays in sight, the width of columns, and each cell with its style.
func visible(t *testing.T, data []byte) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var b bytes.Buffer
	for _, sheet := range book.GetSheetList() {
		panes, err := book.GetPanes(sheet)
		rows, err2 := book.GetRows(sheet)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "sheet %q, frozen %t below row %d\n", sheet, panes.Freeze, panes.YSplit)
		for r, cells := range rows {
			for c, value := range cells {
				if value != "" {
					fmt.Fprintf(&b, "%s\n", visibleCell(t, book, sheet, c+1, r+1, value))
				}
			}
		}
	}
	return b.Bytes()
}

func visibleCell(t *testing.T, book *excelize.File, sheet string, column, row int, value string) string {
	t.Helper()
	name, err := excelize.CoordinatesToCellName(column, row)
	number, err2 := book.GetCellStyle(sheet, name)
	letters, err3 := excelize.ColumnNumberToName(column)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	style, err := book.GetStyle(number)
	width, err2 := book.GetColWidth(sheet, letters)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	bold, wrapped := style.Font != nil && style.Font.Bold, style.Alignment != nil && style.Alignment.WrapText
	return fmt.Sprintf("%s %q (format %d, bold %t, wrapped %t, width %v)", name, value, style.NumFmt, bold, wrapped, width)
}

// TestVCardForOthers: another library reads what we write.
func TestVCardForOthers(t *testing.T) {
	t.Parallel()
	card, err := vcard.NewDecoder(bytes.NewReader(written(t, VCard, full()))).Decode()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"FN": card.Value("FN"), "TEL": strings.Join(card.Values("TEL"), "|"), "EMAIL": strings.Join(card.Values("EMAIL"), "|"),
		"KIND": string(card.Kind()), "VERSION": card.Value("VERSION"), "URL": card.Value("LINKEDIN"), "GEO": card.Get("ADR").Params.Get("GEO"), "type": card["TEL"][2].Params.Get("TYPE")}
	want := map[string]string{"FN": "Marta Gonzáles", "TEL": "+33 1 99 00 12 34|01 99 00 12 35|06 39 98 00 01|02 61 91 00 01|(01) 99-00/12.36", "EMAIL": "marta@fabrikam.example|m.gonzales@home.example",
		"KIND": "individual", "VERSION": "4.0", "URL": "", "GEO": "geo:45.7640435", "type": "cell"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.SplitSeq(string(written(t, VCard, full())), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}

// TestFormulas: no cell that we write begins like a formula.
func TestFormulas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=1", "+33", "-1", "@a", "\tx", "\rx", "'=1", "''@", "'", "a=1", ""} {
		safe := guarded(text)
		if safe != "" && strings.ContainsRune(guards, rune(safe[0])) || unguarded(safe) != text {
			t.Errorf("%q is written as %q and read as %q", text, safe, unguarded(safe))
		}
	}
	if got := string(written(t, CSV, full())); !strings.Contains(got, "'+33 1 99") || !strings.Contains(got, "\"'=1+1 is") {
		t.Errorf("not guarded: %s", got)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = "Nom;Société\r\nAmélie Lefèvre;Müller & Søn\r\n"
	utf16Of := func(order binary.AppendByteOrder, mark bool) (b []byte) {
		if mark {
			b = order.AppendUint16(b, 0xFEFF)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	windows, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with mark": []byte("\ufeff" + text), "Windows-1252": windows,
		"UTF-16 LE": utf16Of(binary.LittleEndian, true), "UTF-16 BE": utf16Of(binary.BigEndian, true),
		"UTF-16 LE without mark": utf16Of(binary.LittleEndian, false), "UTF-16 BE without mark": utf16Of(binary.BigEndian, false),
		"old Mac": []byte(strings.ReplaceAll(text, "\r\n", "\r")), "told": []byte("sep=;\r\n" + text),
	} {
		f, rows, err := rowsOf(data, Limits{})
		if err != nil || len(rows) != 1 || rows[0].Record.Name != "Amélie Lefèvre" || rows[0].Record.Company != "Müller & Søn" || f.Format != CSV {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	long := append(bytes.Repeat([]byte("e"), sample), windows...) // wrong only beyond the first look
	if x, err := newText(bytes.NewReader(long), int64(len(long))); err != nil || x.coding != 3 {
		t.Errorf("%v, %v", x, err)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		text    string
		numbers []int
		names   string
	}{
		"comma":                 {"name,company\nA,x\nB,y\n", []int{2, 3}, "A|B"},
		"tab":                   {"name\tnotes\nA\t1,2,3\n", []int{2}, "A"},
		"pipe":                  {"name|notes\nA|x\n", []int{2}, "A"},
		"one column":            {"name\nA\nB", []int{2, 3}, "A|B"},
		"ragged":                {"name,company\nA\nB,y,z,w\n", []int{2, 3}, "A|B"},
		"line break in a cell":  {"name;notes\nA;\"one\ntwo\"\n\nB;x\n", []int{2, 4}, "A|B"},
		"empty rows and blanks": {"name,x\n,\n , \n\nA,\n", []int{5}, "A"},
		"title above":           {"Our contacts,,\n,,\nname,e-mail,phone\nA,a@a.example,\n", []int{4}, "A"},
		"quote in the midst":    {"name,notes\nA \"the\" B,x\n", []int{2}, "A \"the\" B"},
	} {
		_, rows, err := rowsOf([]byte(row.text), Limits{})
		var numbers []int
		var names []string
		for _, r := range rows {
			numbers, names = append(numbers, r.Number), append(names, r.Record.Name)
		}
		if err != nil || cmp.Diff(row.numbers, numbers) != "" || strings.Join(names, "|") != row.names {
			t.Errorf("%s: rows %v of %q, %v", name, numbers, names, err)
		}
	}
}

// TestBadRows: a row that cannot be taken says why, and the others are read.
func TestBadRows(t *testing.T) {
	t.Parallel()
	_, rows, err := rowsOf([]byte("name,e-mail,notes\n,a@a.example,\nB,no address,\nC,,"+strings.Repeat("x", 70)+"\nD,d@d.example,\n"), Limits{Cell: 60})
	var got []string
	for _, r := range rows {
		text := ""
		if len(r.Problems) > 0 {
			text = r.Problems[0].Text
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"record.name_missing", "record.email", "exchange.cell", ""}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestRefusals: each limit has a sentence that names it, in both languages.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		data   []byte
		limits Limits
		text   string
	}{
		"nothing":     {nil, Limits{}, "exchange.empty"},
		"blanks":      {[]byte(" \n\r\n"), Limits{}, "exchange.empty"},
		"commas":      {[]byte(",,,\n,,\n"), Limits{}, "exchange.empty"},
		"too large":   {bytes.Repeat([]byte("a"), 2<<20), Limits{Bytes: 1 << 20}, "exchange.too_large"},
		"rows":        {[]byte("name\nA\nB\nC\n"), Limits{Rows: 2}, "exchange.rows"},
		"old Excel":   {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), Limits{}, "exchange.old_excel"},
		"PDF":         {[]byte("%PDF-1.7\n"), Limits{}, "exchange.unknown"},
		"picture":     {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), Limits{}, "exchange.unknown"},
		"broken zip":  {[]byte("PK\x03\x04 nothing more"), Limits{}, "exchange.broken"},
		"other JSON":  {[]byte(`{"people": [1,2]}`), Limits{}, "exchange.no_contacts"},
		"broken JSON": {[]byte(`[{"name": "A"}, {"name`), Limits{}, "exchange.broken"},
		"cut JSON":    {[]byte(`[{"name": "A"}`), Limits{}, "exchange.broken"},
	} {
		_, _, err := rowsOf(row.data, row.limits)
		f, ok := err.(*fault.Error)
		if !ok || f.Kind != fault.Invalid || f.Text != row.text {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, l := range lang.Languages {
			if s := lang.For(l).Text(f.Text, f.Args...); strings.Contains(s, "no value") || s == f.Text {
				t.Errorf("%s in %s: %s", name, l, s)
			}
		}
	}
}

func contactOf(r Row) contact.Contact { return contact.Contact{ID: r.ID, Record: r.Record} }

// sampleContact is one of many, no two alike.
func sampleContact(i int) contact.Contact {
	n := fmt.Sprint(i)
	return contact.Contact{ID: contact.ID("id" + n), Record: contact.Record{Kind: contact.Person, Name: "Marta Gonzáles " + n, Job: "Head of Sales", Company: "Fabrikam " + n[:1],
		Department: "Sales", Emails: []string{"marta" + n + "@fabrikam.example"}, Phones: []contact.Phone{{Label: contact.Business, Number: fmt.Sprintf("+33 1 99 %06d", i)}, {Label: contact.Mobile, Number: fmt.Sprintf("+33 6 39 %06d", i)}},
		Website: "https://fabrikam.example/" + n, Addresses: []contact.Address{{Text: n + " rue du Port\n69001 Lyon"}}, Notes: "Met at the fair.\nCalls back.", Tags: []string{"customer", "harbour"},
		Custom: []contact.Custom{{Name: "Badge", Value: n}}}}
}
