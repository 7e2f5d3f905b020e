package graph

import (
	"crypto/rand"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"teamspro/internal/fault"
)

// Rules of SharePoint and OneDrive for the names of files.
const (
	maxName      = 255 // characters as UTF-16 counts them
	wrongInNames = `"*:<>?/\|`
)

// reservedNames are no names of files, with any extension: not in SharePoint, or not on the computers it is synchronised with.
var reservedNames = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, ".lock": true, "desktop.ini": true}

// checkName says what is wrong with the name of a file, before Graph is asked.
func (k *call) checkName(name string) error {
	wrong := strings.IndexFunc(name, func(r rune) bool {
		return strings.ContainsRune(wrongInNames, r) || unicode.IsControl(r) || r == utf8.RuneError
	})
	switch {
	case strings.TrimSpace(name) == "":
		return k.because(nil, fault.Invalid, "image.drive.name_empty")
	case wrong >= 0:
		return k.because(nil, fault.Invalid, "image.drive.name_characters")
	case name != strings.TrimSpace(name) || strings.HasSuffix(name, "."):
		return k.because(nil, fault.Invalid, "image.drive.name_ends")
	case isReserved(strings.ToLower(name)):
		return k.because(nil, fault.Invalid, "image.drive.name_reserved")
	case units(name) > maxName:
		return k.because(nil, fault.Invalid, "image.drive.name_long")
	}
	return nil
}

func isReserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	numbered := len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9'
	return reservedNames[name] || reservedNames[stem] && stem != "" || numbered || strings.HasPrefix(name, "~$") || strings.Contains(name, "_vti_")
}

// units counts UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// plainNumbers is how many names are tried with a small number before one with a random mark.
const (
	plainNumbers = 12
	otherNames   = 16
)

// otherName is the n-th name beside a name that is taken: "quay 1.png".
func otherName(name string, n int) string {
	mark := fmt.Sprint(" ", n)
	if n > plainNumbers {
		mark = " " + strings.ToLower(rand.Text()[:6])
	}
	stem, ext := extension(name)
	for units(stem)+len(mark)+units(ext) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return stem + mark + ext
}
