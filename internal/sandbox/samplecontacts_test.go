package sandbox

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// The files of contacts are listed beside the pictures, and hold what they are said to hold.
func TestContactSamples(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, body := r.do("GET", r.base+"/api/pictures", "", nil)
	var answer struct{ Contacts []sampleView }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Contacts) != 4 {
		t.Fatalf("%v, %v", answer, err)
	}
	files := map[string][]byte{}
	for _, one := range answer.Contacts {
		status, kind, data := r.picture(one.Name)
		if status != 200 || kind != one.ContentType {
			t.Errorf("%s: %d %s", one.Name, status, kind)
		}
		files[one.Name] = data
	}
	for name, rows := range map[string]int{"suppliers-october.xlsx": 572, "suppliers.xlsx": 788} {
		if got := strings.Count(sheetOf(t, files[name]), "<row "); got != rows {
			t.Errorf("%s has %d rows", name, got)
		}
	}
	if !bytes.Contains(files["outlook.csv"], []byte("Pr\xe9nom;")) {
		t.Error("the CSV is not in Windows-1252")
	}
	if n := bytes.Count(files["visitors.vcf"], []byte("END:VCARD")); n != 3 {
		t.Errorf("%d cards", n)
	}
}

func sheetOf(t *testing.T, data []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// October is what November begins with, so that importing one after the other changes as many contacts as is said.
func TestContactSamplesFollowEachOther(t *testing.T) {
	t.Parallel()
	before := map[string]string{}
	for _, row := range octoberTable()[1:] {
		before[row[3]] = strings.Join(row, "|")
	}
	added, changed, same, bad := 0, 0, 0, 0
	for _, row := range novemberTable()[1:] {
		was, known := before[strings.Join(row[min(3, len(row)):min(4, len(row))], "")]
		switch {
		case len(row) < len(headers):
			bad++
		case !known:
			added++
		case was != strings.Join(row, "|"):
			changed++
		default:
			same++
		}
	}
	if added != 212 || changed != 31 || same != 540 || bad != 4 {
		t.Errorf("%d new, %d changed, %d the same, %d bad", added, changed, same, bad)
	}
}
