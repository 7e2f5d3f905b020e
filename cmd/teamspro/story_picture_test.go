package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	pixels "image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"io"
	"net/http"
	"path"
	"strings"
)

// handed is a file that goes along with the next message.
type handed struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Base64      string `json:"base64"`
	Attached    bool   `json:"attached"`
}

// paste puts a picture of a size into the next message, attach a file of a name: "attach harbour.png 640x480".
func (s *story) paste(args []string) error { return s.hand("", args[0], false) }

func (s *story) attach(args []string) error { return s.hand(args[0], args[1], true) }

func (s *story) hand(name, size string, attached bool) error {
	data, err := drawn(size)
	if err != nil {
		return err
	}
	kind := http.DetectContentType(data)
	if path.Ext(name) == ".txt" {
		data, kind = []byte("no picture at all"), "text/plain"
	}
	s.files = append(s.files, handed{Name: name, ContentType: kind, Base64: base64.StdEncoding.EncodeToString(data), Attached: attached})
	return nil
}

// drawn is a picture in which every pixel tells where it is, except for a red box in its middle: the secret.
func drawn(size string) ([]byte, error) {
	var w, h int
	if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil {
		return nil, err
	}
	img := pixels.NewNRGBA(pixels.Rect(0, 0, w, h))
	secret := pixels.Rect(w*2/5, h*2/5, w*3/5, h*3/5)
	for y := range h {
		for x := range w {
			c := color.NRGBA{R: uint8(40 + 60*x/w), G: uint8(90 + 100*y/h), B: 160, A: 255}
			if pixels.Pt(x, y).In(secret) {
				c = color.NRGBA{R: 255, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// shown fetches the picture of the card in sight and checks its size; "shown WxH secret" and "shown WxH covered" tell
// whether the red box is to be seen. "shown note" is a picture that says why there is none.
func (s *story) shown(args []string) error {
	card, err := find(s.card, func(o map[string]any) bool { return o["type"] == "Image" })
	if err != nil {
		return errors.New("there is no picture on the card")
	}
	address, _ := card["url"].(string)
	if alt, _ := card["altText"].(string); alt == "" {
		return errors.New("the picture says nothing to who does not see it")
	}
	res, err := http.Get(address)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(data) > 1<<20 || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		return fmt.Errorf("the preview: %s, %d bytes, %v %v", res.Status, len(data), res.Header, err)
	}
	img, _, err := pixels.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return looksLike(img, args, res.Header.Get("Cache-Control"))
}

func looksLike(img pixels.Image, args []string, caching string) error {
	if note := strings.Contains(caching, "no-store"); note != (args[0] == "note") {
		return fmt.Errorf("a note in the place of the picture: %v", note)
	}
	if args[0] == "note" {
		return nil
	}
	b := img.Bounds()
	if got := fmt.Sprintf("%dx%d", b.Dx(), b.Dy()); got != args[0] {
		return fmt.Errorf("the picture is %s large, not %s", got, args[0])
	}
	if len(args) > 1 && (reds(img) > 0) != (args[1] == "secret") {
		return fmt.Errorf("of the secret %d pixels are to be seen", reds(img))
	}
	return nil
}

// reds counts the pixels that can only come from the secret.
func reds(img pixels.Image) int {
	n := 0
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r > 0xb000 && g < 0x6000 && b < 0x6000 {
				n++
			}
		}
	}
	return n
}
