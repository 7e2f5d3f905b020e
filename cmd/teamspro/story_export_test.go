package main

import (
	"bytes"
	"errors"
	"fmt"
	pixels "image"
	"io"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// download follows the link of the card in sight as a browser does: the file is of a kind, and holds each text.
func download(ts *testscript.TestScript, neg bool, args []string) {
	card, err := find(ts.Value(storyKey{}).(*story).card, func(o map[string]any) bool {
		address, _ := o["url"].(string)
		return o["type"] == "Action.OpenUrl" && strings.Contains(address, "/x/")
	})
	if err != nil {
		ts.Fatalf("there is nothing to download on the card")
	}
	kind, data, err := fetchFile(card["url"].(string))
	ts.Check(err)
	if !strings.Contains(kind, args[0]) {
		ts.Fatalf("the file is %q", kind)
	}
	for _, text := range args[1:] {
		if bytes.Contains(data, []byte(text)) == neg {
			ts.Fatalf("%q is in the file: %v. It begins with\n%.400s", text, !neg, data)
		}
	}
}

func fetchFile(address string) (kind string, data []byte, err error) {
	res, err := http.Get(address)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	data, err = io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || res.Header.Get("X-Content-Type-Options") != "nosniff") {
		err = fmt.Errorf("the file: %s, %v", res.Status, res.Header)
	}
	return res.Header.Get("Content-Type"), data, err
}

// coded looks at the code on the card in sight: a square in black and white, which says in words what it is.
func (s *story) coded([]string) error {
	card, err := find(s.card, func(o map[string]any) bool { return o["type"] == "Image" })
	if err != nil {
		return errors.New("there is no code on the card")
	}
	if alt, _ := card["altText"].(string); alt == "" {
		return errors.New("the code says nothing to who does not see it")
	}
	kind, data, err := fetchFile(card["url"].(string))
	if err != nil {
		return err
	}
	img, _, err := pixels.Decode(bytes.NewReader(data))
	if err != nil || kind != "image/png" || img.Bounds().Dx() != img.Bounds().Dy() || img.Bounds().Dx() < 150 {
		return fmt.Errorf("%s: %v", kind, err)
	}
	return nil
}
