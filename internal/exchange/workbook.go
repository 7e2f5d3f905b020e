package exchange

import (
	"archive/zip"
	"cmp"
	"io"
	"path"
	"slices"
	"strings"
)

const (
	maxParts  = 2000
	maxRatio  = 400 // of a part to its packed form; a sheet of a million empty rows has about 200
	maxSheets = 500

	maxDirectory = 1 << 20 // bytes that list the parts
)

// book is a spreadsheet of which the parts are read one by one, as they are needed: none is held.
type book struct {
	limits  Limits
	parts   map[string]*zip.File // by their names in small letters
	sheets  []*sheet
	phrases *phrases
	styles  *styles
}

// openWorkbook finds the sheet to read: of those that are in sight the first that has a known header, else the first that holds anything.
func (f *File) openWorkbook(data io.ReaderAt, size int64) error {
	b, err := newBook(data, size, f.limits)
	if err != nil {
		return err
	}
	var best *table
	var failed error
	for _, s := range b.sheets {
		t, err := newTable(s, f.limits)
		if err != nil {
			failed = cmp.Or(failed, err)
			continue
		}
		if best == nil || t.guess.Named() {
			best, f.Sheet = t, s.name
		}
		if t.guess.Named() {
			break
		}
	}
	if best == nil {
		return cmp.Or(failed, refuse("exchange.empty"))
	}
	f.Format, f.body, f.Mapping, f.Wide = XLSX, best, best.guess, best.wide
	return nil
}

func newBook(data io.ReaderAt, size int64, limits Limits) (*book, error) {
	list := &directory{ReaderAt: data, left: maxDirectory}
	z, err := zip.NewReader(list, size)
	if list.left < 0 {
		return nil, refuse("exchange.parts", "Max", maxParts)
	}
	if err != nil {
		return nil, refuse("exchange.broken")
	}
	list.known = true
	if err := bounded(z.File, limits); err != nil {
		return nil, err
	}
	b := &book{limits: limits, parts: map[string]*zip.File{}}
	for _, part := range slices.Backward(z.File) { // of two by one name the first counts
		b.parts[partName(part.Name)] = part
	}
	return b, b.open()
}

// directory bounds what is read to list the parts of an archive, of which the reader of archives makes a hundred times as much.
type directory struct {
	io.ReaderAt
	left  int
	known bool
}

func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.left -= len(p); !d.known && d.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return d.ReaderAt.ReadAt(p, at)
}

// bounded looks at what an archive says of its parts. The reader of archives fails where a part is longer than it says.
func bounded(parts []*zip.File, limits Limits) error {
	if len(parts) > maxParts {
		return refuse("exchange.parts", "Max", maxParts)
	}
	var sum uint64
	for _, part := range parts {
		sum += min(part.UncompressedSize64, 1<<40)
		tight := part.UncompressedSize64 > 1<<20 && part.UncompressedSize64/max(part.CompressedSize64, 1) > maxRatio
		if sum > uint64(limits.Unpacked) || tight {
			return refuse("exchange.unpacked", "Max", megabytes(limits.Unpacked))
		}
	}
	return nil
}

// partName is the name of a part as it is looked up: some programs write backslashes, or other letters than they refer to.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// open reads what the parts say of one another, down to the list of sheets.
func (b *book) open() error {
	root, err := b.links("", "_rels/.rels")
	if err != nil {
		return err
	}
	main := cmp.Or(only(root, "officeDocument"), "xl/workbook.xml")
	if b.parts[main] == nil {
		return b.stranger()
	}
	folder, file := path.Split(main)
	links, err := b.links(folder, folder+"_rels/"+file+".rels")
	if err != nil {
		return err
	}
	date1904, err := b.list(main, links)
	if err != nil {
		return err
	}
	return b.shared(links, date1904)
}

// stranger says what an archive is that is none of Excel's.
func (b *book) stranger() error {
	for part, kind := range map[string]string{"content.xml": ".ods", "xl/workbook.bin": ".xlsb", "index/document.iwa": ".numbers"} {
		if b.parts[part] != nil && (kind != ".ods" || b.begins("mimetype", "application/vnd.oasis.opendocument.spreadsheet")) {
			return refuse("exchange.other_sheet", "Kind", kind)
		}
	}
	return refuse("exchange.unknown")
}

func (b *book) begins(name, with string) bool {
	part := b.parts[name]
	if part == nil {
		return false
	}
	r, err := part.Open()
	if err != nil {
		return false
	}
	defer r.Close()
	head := make([]byte, len(with))
	_, err = io.ReadFull(r, head)
	return err == nil && string(head) == with
}

// read goes through a part; one that is not there says nothing.
func (b *book) read(name string, fn func(*marks) error) error {
	part := b.parts[name]
	if part == nil {
		return nil
	}
	r, err := part.Open()
	if err != nil {
		return refuse("exchange.broken")
	}
	m, err := newMarks(r, b.limits.Cell)
	if err == nil {
		err = fn(m)
	}
	if closed := r.Close(); err == nil && closed != nil {
		return refuse("exchange.broken")
	}
	return err
}

// link is how a part refers to another.
type link struct{ kind, target string }

func (b *book) links(folder, name string) (map[string]link, error) {
	all := map[string]link{}
	err := b.read(partName(name), func(m *marks) error {
		for m.next() {
			if m.opens("Relationship") && len(all) < maxParts {
				target := m.word("Target")
				if !strings.HasPrefix(target, "/") {
					target = path.Join("/", folder, target)
				}
				all[m.word("Id")] = link{m.word("Type"), partName(path.Clean(target))}
			}
		}
		return m.err
	})
	return all, err
}

// list reads the list of sheets. Those that are hidden, and those that are charts, are left out.
func (b *book) list(main string, links map[string]link) (date1904 bool, err error) {
	isBook := false
	err = b.read(main, func(m *marks) error {
		for m.next() {
			switch {
			case m.opens("workbook"):
				isBook = true
			case m.opens("workbookPr"):
				date := m.word("date1904")
				date1904 = date == "1" || date == "true"
			case m.opens("sheet") && len(b.sheets) < maxSheets:
				l := links[m.word("id")]
				known := slices.ContainsFunc(b.sheets, func(s *sheet) bool { return s.part == l.target })
				if state := m.word("state"); (state == "" || state == "visible") && path.Base(l.kind) == "worksheet" && !known {
					b.sheets = append(b.sheets, &sheet{book: b, name: m.word("name"), part: l.target})
				}
			}
		}
		return m.err
	})
	if err == nil && !isBook {
		err = refuse("exchange.unknown")
	}
	return date1904, err
}

// shared reads what all sheets refer to.
func (b *book) shared(links map[string]link, date1904 bool) error {
	b.phrases, b.styles = &phrases{}, &styles{}
	err := b.read(only(links, "sharedStrings"), func(m *marks) (err error) {
		b.phrases, err = readPhrases(m, b.limits.Cell, maxPhrases)
		return err
	})
	if err != nil {
		return err
	}
	err = b.read(only(links, "styles"), func(m *marks) (err error) {
		b.styles, err = readStyles(m)
		return err
	})
	b.styles.from1904 = date1904
	return err
}

// only gives the part of a kind of which there is one. Of several the first by its name counts.
func only(links map[string]link, kind string) string {
	first := ""
	for _, l := range links {
		if path.Base(l.kind) == kind && (first == "" || l.target < first) {
			first = l.target
		}
	}
	return first
}
