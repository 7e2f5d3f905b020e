package sandbox

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/encoding/charmap"
)

// The files of contacts that the page offers in a personal chat. All people are invented, and their numbers are kept for
// films and books. Whoever imports the list of October first sees in that of November 212 new contacts, 31 that changed, 540
// that are the same, and four rows that cannot be read.
const (
	octoberRows  = 571
	novemberRows = 783
	changedRows  = 31
)

// contactSamples are those files, each made when it is first asked for.
func contactSamples() []offer {
	const sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	write := func(name, kind string, make func() ([]byte, error)) offer {
		return offer{name, kind, sync.OnceValues(make)}
	}
	return []offer{
		write("suppliers-october.xlsx", sheet, func() ([]byte, error) { return workbook("Suppliers", octoberTable()) }),
		write("suppliers.xlsx", sheet, func() ([]byte, error) { return workbook("Suppliers", novemberTable()) }),
		write("outlook.csv", "text/csv", outlookCSV),
		write("visitors.vcf", "text/vcard", func() ([]byte, error) { return []byte(visitorCards), nil }),
	}
}

var (
	givenNames  = strings.Fields("Ada Björn Clara Davide Elif Femke Gaël Hanna Igor Jūlija Kofi Leïla Mateo Noor Olga Pilar Quentin Rosa Søren Tomasz")
	familyNames = strings.Fields("Abril Brandt Carvalho Dufour Eriksen Farkas Gallo Hoekstra Ivanova Jansen Keller Lindqvist Moreau Novák Okafor Petit Quiroga Rossi Šimić Türk")
	suppliers   = strings.Fields("Contoso Fabrikam Northwind Tailspin Adatum Litware Proseware")
	jobs        = []string{"Sales", "Head of Sales", "Technician", "Accounts", "Logistics"}
	headers     = []string{"Name", "Company", "Job title", "E-mail", "Mobile phone", "Tags"}
)

// supplier is one row of the lists, by its number from 0.
func supplier(n int) []string {
	given, family, firm := givenNames[n%len(givenNames)], familyNames[n/len(givenNames)%len(familyNames)], suppliers[n%len(suppliers)]
	return []string{fmt.Sprintf("%s %s", given, family), firm, jobs[n%len(jobs)], fmt.Sprintf("supplier%03d@%s.example", n, strings.ToLower(firm)),
		fmt.Sprintf("+33 6 39 98 %02d %02d", n/100, n%100), "supplier"}
}

func octoberTable() [][]string {
	table := [][]string{headers}
	for n := range octoberRows {
		table = append(table, supplier(n))
	}
	return table
}

// novemberTable has the rows of October, some with another job, more behind them, and bad ones at rows 7, 19, 80 and 81.
func novemberTable() [][]string {
	bad := map[int][]string{
		7: {"", "", "Sales", "nobody@contoso.example"}, 19: {"Ines Sample", "Contoso", "Sales", "ines at contoso"},
		80: {strings.Repeat("long ", 60), "Fabrikam"}, 81: {"Otto Sample", "Fabrikam", "Sales", "", "call me"},
	}
	table := [][]string{headers}
	for n := 0; n < novemberRows; {
		if row, is := bad[len(table)+1]; is {
			table = append(table, row)
			continue
		}
		row := supplier(n)
		if n < changedRows {
			row[2] = "Key account manager"
		}
		table = append(table, row)
		n++
	}
	return table
}

// outlookCSV is what Outlook writes in French on Windows: with semicolons, in its old encoding.
func outlookCSV() ([]byte, error) {
	lines := []string{"Prénom;Nom;Société;Titre;Adresse de messagerie;Tél. mobile;Téléphone (bureau)"}
	for n := range 12 {
		given, family := givenNames[n*3%len(givenNames)], "Démo"
		lines = append(lines, fmt.Sprintf("%s;%s %d;Société Générique;Chargée d’achats;achats%02d@contoso.example;06 39 98 77 %02d;01 99 00 77 %02d", strings.ReplaceAll(given, "ū", "u"), family, n+1, n, n, n))
	}
	return charmap.Windows1252.NewEncoder().Bytes([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

const visitorCards = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Sample;Wanda;;;\r\nFN:Wanda Sample\r\nORG:Fabrikam\r\nTITLE:Architect\r\nEMAIL;TYPE=INTERNET:wanda@fabrikam.example\r\nTEL;TYPE=CELL:+33 6 39 98 88 01\r\nEND:VCARD\r\n" +
	"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Émile Échantillon\r\nN:Échantillon;Émile;;;\r\nEMAIL:emile@contoso.example\r\nTEL;VALUE=uri;TYPE=work:tel:+33-1-99-00-88-02\r\nNOTE:Met at the fair\\, hall 3\r\nEND:VCARD\r\n" +
	"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Front desk\r\nORG:Northwind\r\nTEL;TYPE=WORK:+33 1 99 00 88 03\r\nEND:VCARD\r\n"

// workbook writes a table as a spreadsheet of one sheet (ECMA-376, its texts inside the cells).
func workbook(name string, table [][]string) ([]byte, error) {
	var sheet bytes.Buffer
	sheet.WriteString(xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i, row := range table {
		fmt.Fprintf(&sheet, `<row r="%d">`, i+1)
		for j, cell := range row {
			fmt.Fprintf(&sheet, `<c r="%c%d" t="inlineStr"><is><t>`, 'A'+j, i+1)
			_ = xml.EscapeText(&sheet, []byte(cell)) // a buffer takes everything
			sheet.WriteString(`</t></is></c>`)
		}
		sheet.WriteString(`</row>`)
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	const types, office = "http://schemas.openxmlformats.org/package/2006", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="` + types + `/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + kind + `sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + kind + `worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + types + `/relationships"><Relationship Id="r1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + office + `"><sheets><sheet name="` + name + `" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + types + `/relationships"><Relationship Id="r1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet.String()},
	} {
		w, err := z.Create(part.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(part.text)); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}
