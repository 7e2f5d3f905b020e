package exchange

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestVCards(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want, left string }{
		"2.1 quoted-printable": {"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Lef=C3=A8vre;Am=C3=A9lie;;;\r\nTEL;CELL;VOICE:06 39 98 00 01\r\nADR;HOME;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:;;1 rue=\r\n du Ch=E2teau;Lyon;;69001;France\r\nEND:VCARD\r\n",
			"Amélie Lefèvre; ; ; mobile 06 39 98 00 01; [1 rue du Château\n69001 Lyon\nFrance]; ; ", ""},
		"3.0 of Apple": {"BEGIN:VCARD\nVERSION:3.0\nN:Diaz;Ana;;Dr.;\nFN:Dr. Ana Diaz\nORG:Fabrikam\\, Inc.;Sales;\nitem1.EMAIL;type=INTERNET;type=pref:ana@a.example\nitem1.X-ABLabel:_$!<Work>!$_\nsub.item2.TEL;type=HOME;type=FAX:01 99 00 00 09\nGEO:45.76;4.8\nitem3.ADR:;;1 Port;Lyon;;69001;\nCATEGORIES:a,b\\,c\nBDAY:1980-01-02\nEND:VCARD\n",
			"Dr. Ana Diaz; Fabrikam, Inc.; ana@a.example; fax 01 99 00 00 09; [1 Port\n69001 Lyon(45.76, 4.8)]; a b c; ", "BDAY"},
		"4.0": {"BEGIN:VCARD\nVERSION:4.0\nFN:Fabri\n kam\nKIND:org\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+33-1-99-00-00-01;ext=5\nADR;GEO=\"geo:45.76,4.8\";LABEL=\"1: Port\":;;1 Port;;;;\nX-SOCIALPROFILE;TYPE=twitter:https://x.com/fabrikam\nUID:urn:uuid:77\nPHOTO:https://fabrikam.example/very/long/path/that/is/folded/in/the/mi\n ddle.jpg\nEND:VCARD\n",
			"Fabrikam; ; ; home +33-1-99-00-00-01; [1 Port(45.76, 4.8)]; ; ", ""},
		"a photo within":     {"BEGIN:VCARD\nVERSION:3.0\nFN:A\nPHOTO;ENCODING=b;TYPE=JPEG:" + strings.Repeat("QUJD\n ", 5000) + "QUJD\nNOTE:after\nEND:VCARD\n", "A; ; ; ; ; ; ", "PHOTO"},
		"an agent within":    {"BEGIN:VCARD\nFN:A\nAGENT:\nBEGIN:VCARD\nFN:B\nEND:VCARD\nORG:C\nEND:VCARD\n", "A; C; ; ; ; ; ", "AGENT"},
		"no name":            {"BEGIN:VCARD\nORG:Fabrikam\nX-ABShowAs:COMPANY\nEND:VCARD", "Fabrikam; ; ; ; ; ; ", ""},
		"lines that are not": {"begin:vcard\nfn:A\nno colon\n:\n;;:\nTEL\nend:vcard\n", "A; ; ; ; ; ; ", ""},
	} {
		f, rows, err := rowsOf([]byte(row.text), Limits{})
		if err != nil || len(rows) != 1 || rows[0].Problems != nil || f.Format != VCard {
			t.Errorf("%s: %+v %v", name, rows, err)
			continue
		}
		var left string
		for _, l := range rows[0].Left {
			left += fmt.Sprint(l.Args[1])
		}
		if got := summary(rows[0]); got != row.want || left != row.left {
			t.Errorf("%s: left out %q\n got %q\nwant %q", name, left, got, row.want)
		}
	}
}

func TestBadCards(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, problem string }{
		"no end":          {"BEGIN:VCARD\nFN:A\n", "exchange.card_end"},
		"many properties": {"BEGIN:VCARD\n" + strings.Repeat("TEL:1234\n", maxProperties+1) + "END:VCARD\n", "exchange.card_large"},
		"a long value":    {"BEGIN:VCARD\nNOTE:" + strings.Repeat("x", maxValue+9) + "\nEND:VCARD\n", "exchange.cell"},
		"no name":         {"BEGIN:VCARD\nEND:VCARD\n", "record.name_missing"},
	} {
		_, rows, err := rowsOf([]byte(row.text), Limits{})
		if err != nil || len(rows) != 1 || len(rows[0].Problems) == 0 || rows[0].Problems[0].Text != row.problem {
			t.Errorf("%s: %v, %d rows", name, err, len(rows))
		}
	}
}

// photos is a file of a card with a photo of 10 MB, in one line and folded, that is made while it is read.
func photos() []byte {
	var b bytes.Buffer
	b.WriteString("BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=b:")
	b.WriteString(strings.Repeat("A", 10<<20))
	b.WriteString("\nEND:VCARD\nBEGIN:VCARD\nFN:B\nPHOTO;ENCODING=b:AAAA\n")
	b.WriteString(strings.Repeat(" "+strings.Repeat("A", 74)+"\n", 10<<20/76))
	b.WriteString("END:VCARD\n")
	return b.Bytes()
}

// TestPhotosCostNothing: 10 MB of photo are read over, not held.
func TestPhotosCostNothing(t *testing.T) {
	data := photos()
	var rows []Row
	used := allocated(func() {
		var err error
		if _, rows, err = rowsOf(data, Limits{}); err != nil {
			t.Fatal(err)
		}
	})
	if len(rows) != 2 || rows[1].Record.Name != "B" || len(rows[1].Left) != 1 {
		t.Errorf("%+v", rows)
	}
	if used > 8<<20 {
		t.Errorf("%d MB were allocated for two cards", used>>20)
	}
}

// allocated is how many bytes a call took from the heap, freed ones included.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
