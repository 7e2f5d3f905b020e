package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// dropped are files that are no contacts, or hide something, by their names.
var dropped = map[string]func() []byte{
	"paper.pdf":   func() []byte { return []byte("%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n") },
	"old.xls":     func() []byte { return append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 4096)...) },
	"empty.csv":   func() []byte { return []byte("\r\n \r\n") },
	"program.csv": func() []byte { return []byte("MZ\x00\x00\x00\x00\x01\x02\x03\x00\x00") },
	"half.xlsx":   func() []byte { return []byte("PK\x03\x04 and no more") },
	"bomb.xlsx":   zipBomb,
}

// zipBomb is a spreadsheet of a hundred kilobytes that unpacks to more than anybody should read.
func zipBomb() []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []struct {
		name string
		size int64
	}{{"xl/workbook.xml", 100}, {"xl/worksheets/sheet1.xml", 100 << 20}} {
		w, _ := z.Create(part.name) // a buffer takes everything
		_, _ = io.CopyN(w, zeros{}, part.size)
	}
	_ = z.Close()
	return out.Bytes()
}

// dropFiles puts files beside the next message: of the story itself, of those above, or a sample of the sandbox.
func dropFiles(ts *testscript.TestScript, _ bool, names []string) {
	s := ts.Value(storyKey{}).(*story)
	for _, name := range names {
		data, err := s.dropping(ts, name)
		ts.Check(err)
		s.files = append(s.files, handed{Name: name, ContentType: "application/octet-stream", Base64: base64.StdEncoding.EncodeToString(data), Attached: true})
	}
}

func (s *story) dropping(ts *testscript.TestScript, name string) ([]byte, error) {
	if make, ok := dropped[name]; ok {
		return make(), nil
	}
	if data, err := os.ReadFile(ts.MkAbs(name)); err == nil {
		return data, nil
	}
	res, err := http.Get(s.page + "/api/pictures/" + url.PathEscape(name))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("there is no %q", name)
	}
	return io.ReadAll(res.Body)
}

// takeBack waits for a file of a name that was handed over, which is a spreadsheet, and drops it into the next message.
func takeBack(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(storyKey{}).(*story)
	var file seen
	ts.Check(s.await(func(all []seen) bool {
		file = all[len(all)-1]
		return len(file.Attachments) > 0 && file.Attachments[0].ContentType == fileCards+"info" && file.Attachments[0].Name == args[0]
	}))
	res, err := http.Get(file.Attachments[0].ContentURL)
	ts.Check(err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	ts.Check(err)
	if !strings.HasPrefix(string(data), "PK") {
		ts.Fatalf("%s holds %q", args[0], clipped(string(data)))
	}
	s.files = append(s.files, handed{Name: args[0], ContentType: "application/octet-stream", Base64: base64.StdEncoding.EncodeToString(data), Attached: true})
}
