package image

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"teamspro/internal/fault"
)

// endings are the ends of names of files, by the format that stands behind them; of several the first is written.
var endings = []struct {
	format Format
	names  []string
}{
	{JPEG, []string{".jpg", ".jpeg", ".jpe", ".jfif"}}, {PNG, []string{".png"}}, {WebP, []string{".webp"}}, {GIF, []string{".gif"}}, {AVIF, []string{".avif"}},
}

// FormatOf is the format that a file's name promises; false for a name that promises none that can be written.
func FormatOf(name string) (Format, bool) {
	ending := strings.ToLower(path.Ext(name))
	for _, e := range endings {
		for _, n := range e.names {
			if n == ending {
				return e.format, true
			}
		}
	}
	return "", false
}

// ending is how names of files of a format end.
func ending(f Format) string {
	for _, e := range endings {
		if e.format == f {
			return e.names[0]
		}
	}
	return ".jpg" // what cannot be written becomes one
}

// stem is a name without the ending of a picture.
func stem(name string) string {
	ext := path.Ext(name)
	if _, known := FormatOf(name); known || len(ext) == 5 && strings.EqualFold(ext[1:], "heic") || strings.EqualFold(ext, ".tiff") || strings.EqualFold(ext, ".tif") {
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// maxName is how long a file's name may be, in characters, with its ending.
const maxName = 120

// ProposeName is a name for what became of a picture, beside the one it was made from: harbour-800.webp, and where the size
// stayed, harbour-redacted.png in the person's language.
func ProposeName(w Work, text func(key string, args ...any) string) string {
	base := strings.TrimRight(stem(cleanName(w.Name)), ". ")
	if base == "" {
		base = cleanName(text("image.alt.unnamed"))
	}
	var suffix string
	switch {
	case w.Plan.redacts():
		suffix = "-" + text("image.name.redacted")
	case w.Before.W != w.After.W || w.Before.H != w.After.H:
		suffix = "-" + strconv.Itoa(w.After.W)
	case len(w.Plan.Steps) > 0:
		suffix = "-" + text("image.name.edited")
	}
	end := suffix + ending(Format(w.After.Format))
	runes := []rune(base)
	return string(runes[:min(len(runes), maxName-utf8.RuneCountInString(end))]) + end
}

// cleanName makes blanks of what SharePoint does not take in a name.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"*:<>?/\|`, r) || unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	return strings.TrimLeft(strings.Join(strings.Fields(s), " "), "~. ")
}

// checkName reads the name that somebody gave a file. A name that ends as another format asks for that one, and a name
// without an ending gets one. What SharePoint does not take is Invalid (its "invalid file names and file types").
func checkName(typed string) (name string, err error) {
	const op = "image.checkName"
	name = strings.Join(strings.Fields(typed), " ")
	lower := strings.ToLower(name)
	base, _, _ := strings.Cut(lower, ".")
	switch {
	case name == "" || stem(name) == "":
		return "", fault.New(fault.Invalid, op, "image.save.no_name")
	case utf8.RuneCountInString(name) > maxName:
		return "", fault.New(fault.Invalid, op, "image.save.long_name", "Limit", maxName)
	case cleanName(name) != name, strings.HasSuffix(name, "."), strings.Contains(lower, "_vti_"), lower == "desktop.ini", isDevice(base):
		return "", fault.New(fault.Invalid, op, "image.save.bad_name")
	}
	return name, nil
}

// isDevice tells the names that Windows keeps for devices.
func isDevice(base string) bool {
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt")) && base[3] >= '0' && base[3] <= '9'
}

// named gives a name the ending of a format, unless it has it.
func named(name string, f Format) string {
	if promised, ok := FormatOf(name); ok && promised == f {
		return name
	}
	return stem(name) + ending(f)
}

// redacts tells whether anything is covered.
func (p Plan) redacts() bool {
	for _, s := range p.Steps {
		if _, ok := s.(Redact); ok {
			return true
		}
	}
	return false
}
