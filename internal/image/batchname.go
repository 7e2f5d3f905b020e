package image

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// maxStem is how much of a name is kept before what is added to it, in bytes; far less than what a drive takes.
const maxStem = 150

// resultName is what the result of a plan is called beside its original: harbour.jpg after "resize 800 | webp" is
// harbour-800.webp. It is never the name of the original. An empty format is that of the original.
func resultName(name string, p Plan, format Format) string {
	ext := path.Ext(name)
	if len(ext) > 6 || ext == name {
		ext = ""
	}
	stem, added := short(strings.TrimSuffix(name, ext)), p.mark()
	next := extension(ext, format)
	if added == "" && strings.EqualFold(next, ext) {
		added = "2"
	}
	if added != "" {
		stem += "-" + added
	}
	return stem + next
}

// short cuts a stem between characters.
func short(stem string) string {
	for i := range stem {
		if i > maxStem {
			return stem[:i]
		}
	}
	return stem
}

// extension is that of a format; the one that the file has stays where it means the same, and where no format is asked for.
func extension(ext string, format Format) string {
	if promised, ok := FormatOf(ext); format == "" || ok && promised == format {
		return ext
	}
	return ending(format)
}

// mark is what a plan adds to a name: the size that it gives, else the first thing that it does.
func (p Plan) mark() string {
	for i := len(p.Steps) - 1; i >= 0; i-- {
		if r, ok := p.Steps[i].(Resize); ok {
			return r.mark()
		}
	}
	switch {
	case len(p.Steps) > 0:
		return p.Steps[0].verb()
	case p.Output.MaxBytes != 0:
		return "small"
	}
	return ""
}

func (r Resize) mark() string {
	side := func(l Length) string {
		s := strconv.Itoa(int(math.Round(l.Value)))
		if l.Percent {
			s += "pc"
		}
		return s
	}
	switch {
	case r.W.Value == 0:
		return side(r.H)
	case r.H.Value == 0:
		return side(r.W)
	}
	return side(r.W) + "x" + side(r.H)
}
