package exchange

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"teamspro/internal/contact"
)

// readHere names the file that a process of its own is to read, and rowsHere how many rows it must find.
const readHere, rowsHere = "TEAMSPRO_TEST_READ", "TEAMSPRO_TEST_ROWS"

// BenchmarkRead reads 100,000 contacts, of 14 filled fields each, in a process of its own. It tells the time of the processor that the
// process took, and the most memory that it had, with the 20 MB of the program itself.
func BenchmarkRead(b *testing.B) {
	const contacts = 100_000
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	files := map[string]func(io.Writer) error{"xlsx of Excel": func(w io.Writer) error { return excelFile(w, contacts) }}
	for _, format := range formats {
		files[string(format)] = func(w io.Writer) error { return Write(w, format, samples(contacts)) }
	}
	for name, write := range files {
		path := filepath.Join(b.TempDir(), "contacts")
		if err := toFile(path, write); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				child := exec.CommandContext(b.Context(), self, "-test.run=^TestReadHere$", "-test.v")
				child.Env = append(os.Environ(), readHere+"="+path, rowsHere+"="+strconv.Itoa(contacts))
				out, err := child.CombinedOutput()
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				b.ReportMetric(float64((child.ProcessState.UserTime() + child.ProcessState.SystemTime()).Milliseconds()), "ms-CPU")
				if peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out); peak != nil {
					kilobytes, _ := strconv.Atoi(string(peak[1])) // they are digits
					b.ReportMetric(float64(kilobytes>>10), "MB-peak")
				}
				if info, err := os.Stat(path); err == nil {
					b.ReportMetric(float64(info.Size()>>20), "MB-file")
				}
			}
		})
	}
}

// TestReadHere reads the file that BenchmarkRead names.
func TestReadHere(t *testing.T) {
	path, named := os.LookupEnv(readHere)
	if !named {
		return
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(file, info.Size(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := 0
	err = f.Each(context.Background(), f.Mapping, contact.Checker{Region: "FR"}, func(r Row) error {
		if rows++; len(r.Problems) > 0 {
			return fmt.Errorf("row %d: %s", r.Number, r.Problems[0].Text)
		}
		return nil
	})
	if err != nil || strconv.Itoa(rows) != os.Getenv(rowsHere) {
		t.Fatal(rows, err)
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil { // only Linux tells it
		t.Log(string(status))
	}
}

func toFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		return err
	}
	return file.Close()
}

// samples are so many contacts, no two alike.
func samples(n int) func(func(contact.Contact, error) bool) {
	return func(yield func(contact.Contact, error) bool) {
		for i := range n {
			if !yield(sampleContact(i), nil) {
				return
			}
		}
	}
}

// excelFile writes the table as Excel does: texts are shared between cells, phones are numbers in a format.
func excelFile(w io.Writer, contacts int) error {
	z, table := zip.NewWriter(w), excelTable{numbers: map[string]int{}}
	parts := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"xl/workbook.xml", saying(`<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", saying(`<Relationships><Relationship Id="a" Type="t/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="b" Type="t/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="c" Type="t/styles" Target="styles.xml"/></Relationships>`)},
		{"xl/styles.xml", saying(strings.Replace(someStyles, `0#&quot; &quot;##`, `0#&quot; &quot;##&quot; &quot;##&quot; &quot;##&quot; &quot;##`, 1))},
		{"xl/worksheets/sheet1.xml", func(w io.Writer) error { return table.sheet(w, contacts) }},
		{"xl/sharedStrings.xml", func(w io.Writer) error { return saying(`<sst>` + table.shared.String() + `</sst>`)(w) }},
	}
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err == nil {
			err = p.write(w)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func saying(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// excelTable is a sheet with the strings that its cells share.
type excelTable struct {
	shared  bytes.Buffer
	numbers map[string]int
}

func (x *excelTable) sheet(w io.Writer, contacts int) error {
	if err := saying(`<worksheet><sheetData>` + x.row(1, headerRow()))(w); err != nil {
		return err
	}
	for i := range contacts {
		if err := saying(x.row(i+2, contactRow(sampleContact(i))))(w); err != nil {
			return err
		}
	}
	return saying(`</sheetData></worksheet>`)(w)
}

func (x *excelTable) row(n int, cells []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d" spans="1:21" ht="30" customHeight="1">`, n)
	for i, c := range cells {
		ref := fmt.Sprintf("%c%d", 'A'+i, n)
		switch {
		case strings.HasPrefix(c, "'+33"):
			fmt.Fprintf(&b, `<c r="%s" s="1"><v>%s</v></c>`, ref, strings.ReplaceAll(c[4:], " ", ""))
		case c != "":
			fmt.Fprintf(&b, `<c r="%s" s="0" t="s"><v>%d</v></c>`, ref, x.number(c))
		}
	}
	return b.String() + "</row>\n"
}

func (x *excelTable) number(text string) int {
	n, known := x.numbers[text]
	if !known {
		n = len(x.numbers)
		x.numbers[text] = n
		x.shared.WriteString(`<si><t xml:space="preserve">`)
		_ = xml.EscapeText(&x.shared, []byte(text)) // a buffer takes all
		x.shared.WriteString(`</t></si>`)
	}
	return n
}
