package exchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	maxParts = 2000
	maxRatio = 400     // of a part to its packed form; a sheet of a million empty rows has about 200
	maxPiece = 1 << 20 // bytes between two marks of a part: the longest text that the reader of XML would hold
	maxOther = 64 << 20
	maxAreas = 10_000
)

// inspect looks at all parts of a spreadsheet without keeping them, before anything reads them: excelize bounds their size only, and
// what it holds of them in memory grows with what is in them. It gives the areas of merged cells that reach over several rows, by part.
func inspect(data io.ReaderAt, size int64, limits Limits) (map[string][]area, error) {
	z, err := archive(data, size)
	if err != nil {
		return nil, err
	}
	if len(z.File) > maxParts {
		return nil, refuse("exchange.parts", "Max", maxParts)
	}
	var sum, other uint64
	for _, part := range z.File {
		sum += part.UncompressedSize64
		if !sheetPart(part.Name) && !strings.EqualFold(part.Name, "xl/sharedStrings.xml") {
			other += part.UncompressedSize64
		}
		tight := part.UncompressedSize64 > 1<<20 && part.UncompressedSize64/max(part.CompressedSize64, 1) > maxRatio
		if sum > uint64(limits.Unpacked) || other > maxOther || part.UncompressedSize64 > uint64(limits.Unpacked) || tight {
			return nil, refuse("exchange.unpacked", "Max", megabytes(limits.Unpacked))
		}
	}
	merged := map[string][]area{}
	for _, part := range z.File {
		if merged[part.Name], err = inspectPart(part, limits); err != nil {
			return nil, err
		}
	}
	return bySheet(z, merged), nil
}

// bySheet puts what is known of parts under the names of the sheets that are in them.
func bySheet(z *zip.Reader, parts map[string][]area) map[string][]area {
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if readPart(z, "xl/workbook.xml", &book) != nil || readPart(z, "xl/_rels/workbook.xml.rels", &links) != nil {
		return nil // then nothing is filled in; whether the file can be read at all is seen next
	}
	targets, sheets := map[string]string{}, map[string][]area{}
	for _, l := range links.All {
		targets[l.ID] = path.Join("/xl", l.Target)
		if strings.HasPrefix(l.Target, "/") {
			targets[l.ID] = path.Clean(l.Target)
		}
	}
	for _, s := range book.Sheets {
		sheets[s.Name] = parts[strings.TrimPrefix(targets[s.ID], "/")]
	}
	return sheets
}

func readPart(z *zip.Reader, name string, into any) error {
	r, err := z.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	return xml.NewDecoder(io.LimitReader(r, maxOther)).Decode(into)
}

// inspectPart reads a part of XML from mark to mark. The reader of the archive fails where a part is longer than it says.
func inspectPart(part *zip.File, limits Limits) ([]area, error) {
	if !strings.HasSuffix(strings.ToLower(part.Name), ".xml") && !sheetPart(part.Name) {
		return nil, nil
	}
	r, err := part.Open()
	if err != nil {
		return nil, refuse("exchange.broken")
	}
	defer r.Close()
	var areas []area
	pieces, wide := bufio.NewReaderSize(r, maxPiece), 0
	for {
		piece, err := pieces.ReadSlice('<')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, refuse("exchange.cell", "Max", limits.Cell)
		}
		switch {
		case bytes.HasPrefix(piece, []byte("!DOCTYPE")), bytes.HasPrefix(piece, []byte("!ENTITY")):
			return nil, refuse("exchange.broken")
		case len(areas) < maxAreas && bytes.Contains(piece[:min(len(piece), 40)], []byte("mergeCell ")):
			if a, ok := areaOf(piece); ok {
				areas = append(areas, a)
			}
		case farCell(piece):
			wide++
		}
		if wide > limits.Rows {
			return nil, refuse("exchange.columns", "Max", limits.Columns)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse("exchange.broken")
		}
	}
	slices.SortFunc(areas, func(a, b area) int { return cmp.Compare(a.top, b.top) })
	return areas, nil
}

var (
	mergedCell = regexp.MustCompile(`^(?:[a-zA-Z0-9]+:)?mergeCell\s[^>]*ref="([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})"`)
	cellRef    = regexp.MustCompile(`^c [^>]*?r="([A-Z]{3})`)
)

// farCell tells a cell beyond the 702nd column: the reader makes a row of that many texts for it.
func farCell(piece []byte) bool {
	return bytes.HasPrefix(piece, []byte("c ")) && cellRef.Match(piece)
}

// areaOf reads an area that reaches over several rows, and is less than a whole column.
func areaOf(piece []byte) (a area, ok bool) {
	m := mergedCell.FindSubmatch(piece)
	if m == nil {
		return a, false
	}
	left, top, err := excelize.CellNameToCoordinates(string(m[1]))
	right, bottom, err2 := excelize.CellNameToCoordinates(string(m[2]))
	if err != nil || err2 != nil || bottom <= top || left > right || bottom-top > 10_000 {
		return a, false
	}
	return area{left, top, right, bottom}, true
}
