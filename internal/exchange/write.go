package exchange

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
)

// Write writes contacts in a format. What it writes, Open reads back without loss: through xlsx, CSV and JSON to the last blank,
// through vCard as well, where other programs leave out what only we write: staffed hours, custom fields and the kind "function".
//
// Phone numbers are written as people wrote them; their international form is made anew when they are read.
func Write(w io.Writer, format Format, contacts iter.Seq2[contact.Contact, error]) error {
	out, err := newWriter(w, format)
	if err != nil {
		return err
	}
	for c, err := range contacts {
		if err != nil {
			return err
		}
		if err := out.write(c); err != nil {
			return fmt.Errorf("exchange.Write: %w", err)
		}
	}
	if err := out.finish(); err != nil {
		return fmt.Errorf("exchange.Write: %w", err)
	}
	return nil
}

// writer writes one format.
type writer interface {
	write(c contact.Contact) error
	finish() error
}

func newWriter(w io.Writer, format Format) (writer, error) {
	switch format {
	case XLSX:
		return newSheetWriter(w)
	case CSV:
		return newCSVWriter(w)
	case VCard:
		return &cardWriter{bufio.NewWriter(w)}, nil
	case JSON:
		return &jsonWriter{w: w}, nil
	}
	return nil, fault.New(fault.Invalid, "exchange.Write", "exchange.format")
}

// columns are those of our tables, after the id.
var columns = []struct {
	field  contact.Field
	header string
	width  float64 // in characters
}{
	{contact.FieldKind, "Kind", 10}, {contact.FieldName, "Name", 28}, {contact.FieldJob, "Job title", 24}, {contact.FieldCompany, "Company", 24},
	{contact.FieldDepartment, "Department", 20}, {contact.FieldEmail, "E-mail", 32}, {contact.FieldBusiness, "Business phone", 20}, {contact.FieldMobile, "Mobile phone", 20},
	{contact.FieldHome, "Home phone", 20}, {contact.FieldFax, "Fax", 20}, {contact.FieldWebsite, "Website", 28}, {contact.FieldLinkedIn, "LinkedIn", 28},
	{contact.FieldFacebook, "Facebook", 28}, {contact.FieldX, "X", 16}, {contact.FieldAddress, "Address", 40}, {contact.FieldHours, "Staffed hours", 20},
	{contact.FieldNotes, "Notes", 40}, {contact.FieldPhoto, "Photo", 28}, {contact.FieldTags, "Tags", 24}, {contact.FieldCustom, "Custom fields", 32},
}

const idHeader, idWidth = "ID", 30

func headerRow() []string {
	all := []string{idHeader}
	for _, c := range columns {
		all = append(all, c.header)
	}
	return all
}

func contactRow(c contact.Contact) []string {
	all := []string{guarded(string(c.ID))}
	for _, column := range columns {
		all = append(all, guarded(contact.FieldText(c.Record, column.field)))
	}
	return all
}

// csvWriter writes RFC 4180, with the mark of UTF-8 that Excel wants.
type csvWriter struct{ *csv.Writer }

func newCSVWriter(w io.Writer) (*csvWriter, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	return &csvWriter{c}, c.Write(headerRow())
}

func (c *csvWriter) write(k contact.Contact) error { return c.Write(contactRow(k)) }

func (c *csvWriter) finish() error {
	c.Flush()
	return c.Error()
}

// sheetWriter writes a spreadsheet row by row; rows wait in a temporary file, not in memory.
type sheetWriter struct {
	to     io.Writer
	book   *excelize.File
	stream *excelize.StreamWriter
	row    int
	style  int
}

const sheetName = "Contacts"

func newSheetWriter(to io.Writer) (*sheetWriter, error) {
	w := &sheetWriter{to: to, book: excelize.NewFile()}
	if err := w.begin(); err != nil {
		return nil, fmt.Errorf("exchange.Write: %w", err)
	}
	return w, nil
}

// begin writes the header, which stays in sight.
func (w *sheetWriter) begin() (err error) {
	if err = w.book.SetSheetName("Sheet1", sheetName); err != nil {
		return err
	}
	if w.stream, err = w.book.NewStreamWriter(sheetName); err != nil {
		return err
	}
	bold, err := w.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	const asText = 49 // the built-in format "@": what is typed over a cell stays the text that it is
	if w.style, err = w.book.NewStyle(&excelize.Style{NumFmt: asText, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}); err != nil {
		return err
	}
	if err := w.stream.SetColWidth(1, 1, idWidth); err != nil {
		return err
	}
	for i, c := range columns {
		if err := w.stream.SetColWidth(i+2, i+2, c.width); err != nil {
			return err
		}
	}
	if err := w.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return w.add(headerRow(), bold)
}

func (w *sheetWriter) add(cells []string, style int) error {
	w.row++
	values := make([]any, len(cells))
	for i, c := range cells {
		if c != "" {
			values[i] = excelize.Cell{StyleID: style, Value: c}
		}
	}
	return w.stream.SetRow(fmt.Sprintf("A%d", w.row), values)
}

func (w *sheetWriter) write(c contact.Contact) error { return w.add(contactRow(c), w.style) }

func (w *sheetWriter) finish() error {
	defer w.book.Close()
	if err := w.stream.Flush(); err != nil {
		return err
	}
	return w.book.Write(w.to)
}

// The properties and values that are ours alone.
const (
	xHours    = "X-TEAMSPRO-HOURS"
	xCustom   = "X-TEAMSPRO-CUSTOM"
	xFunction = "x-function"
	xWebsite  = "x-website"
)

// cardWriter writes vCard 4.0 (RFC 6350).
type cardWriter struct{ *bufio.Writer }

func (w *cardWriter) finish() error { return w.Flush() }

func (w *cardWriter) write(c contact.Contact) error {
	w.line("BEGIN", "VCARD")
	w.line("VERSION", "4.0")
	if c.ID != "" {
		w.line("UID;VALUE=text", escaped(string(c.ID)))
	}
	w.line("KIND", map[contact.Kind]string{contact.Company: "org", contact.Function: xFunction}[c.Kind], "individual")
	w.line("FN", escaped(c.Name))
	switch {
	case c.Department != "":
		w.list("ORG", ";", []string{c.Company, c.Department})
	default:
		w.some("ORG", c.Company)
	}
	w.some("TITLE", c.Job)
	w.some("EMAIL", c.Emails...)
	for _, p := range c.Phones {
		w.line("TEL;TYPE="+phoneTypes[p.Label], escaped(p.Number))
	}
	for _, a := range c.Addresses {
		w.address(a)
	}
	w.some("URL"+websiteType(c.Website), c.Website)
	w.some("X-SOCIALPROFILE;TYPE=linkedin", c.LinkedIn)
	w.some("X-SOCIALPROFILE;TYPE=facebook", c.Facebook)
	w.some("X-SOCIALPROFILE;TYPE=x", c.X)
	w.some("PHOTO", c.Photo)
	w.some("NOTE", c.Notes)
	w.list("CATEGORIES", ",", c.Tags)
	w.some(xHours, c.Hours)
	for _, f := range c.Custom {
		w.list(xCustom, ";", []string{f.Name, f.Value})
	}
	w.line("END", "VCARD")
	_, err := w.Write(nil) // gives what failed before
	return err
}

// websiteType keeps a website that is a page of a network from being taken for the page of the contact there.
func websiteType(link string) string {
	b := builder{row: &Row{}, card: &card{}}
	if b.url(property{value: escaped(link)}); b.row.Record.Website == link {
		return ""
	}
	return ";TYPE=" + xWebsite
}

var phoneTypes = map[contact.PhoneLabel]string{contact.Business: "work", contact.Mobile: "cell", contact.Home: "home", contact.Fax: "fax"}

func (w *cardWriter) some(name string, values ...string) {
	for _, v := range values {
		if v != "" {
			w.line(name, escaped(v))
		}
	}
}

func (w *cardWriter) list(name, between string, values []string) {
	if len(values) == 0 {
		return
	}
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = escaped(v)
	}
	w.line(name, strings.Join(all, between))
}

// address stands in the part of the street, with its line breaks: which of its lines is the town nobody said.
func (w *cardWriter) address(a contact.Address) {
	name := "ADR"
	if a.Position != nil {
		name += `;GEO="geo:` + strings.Trim(strings.ReplaceAll(a.Position.String(), " ", ""), "()") + `"`
	}
	w.line(name, ";;"+escaped(a.Text)+";;;;")
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, ",", `\,`, ";", `\;`)

func escaped(s string) string { return escaper.Replace(s) }

// line writes a property with the first value that is not empty, folded so that no line has more than 75 bytes.
func (w *cardWriter) line(name string, values ...string) {
	rest := name + ":"
	for _, v := range values {
		if v != "" {
			rest += v
			break
		}
	}
	for room := 75; len(rest) > room; room = 74 {
		cut := room
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		_, _ = w.WriteString(rest[:cut] + "\r\n ")
		rest = rest[cut:]
	}
	_, _ = w.WriteString(rest + "\r\n")
}
