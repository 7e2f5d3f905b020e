package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The rows of an import are kept many in one value, compressed: they are read once, in their order, and go again. The key
// of a value is the import and the place of its first row. A row of 250 bytes takes about 40 then.

const (
	// chunkRows and chunkBytes bound a value; the bytes are those before compressing.
	chunkRows  = 250
	chunkBytes = 512 << 10
	// maxRowsDropped is how many values a transaction takes away at most.
	maxRowsDropped = 64
	everyRow       = math.MaxInt
)

var errRows = errors.New("the rows of an import cannot be read")

func rowsKey(id contact.ImportID, first int) []byte {
	return binary.BigEndian.AppendUint64(under(string(id)), uint64(first))
}

// firstRow is the place of the first row of a key.
func firstRow(key []byte) int {
	if len(key) < 8 {
		return 0
	}
	return int(binary.BigEndian.Uint64(key[len(key)-8:]))
}

// StageRows keeps rows, as contact.ImportShelf says.
func (s *Imports) StageRows(ctx context.Context, t identity.Tenant, id contact.ImportID, rows []contact.Row) error {
	const op = "store.StageRows"
	chunks, err := pack(rows)
	if err != nil {
		return within(op, err)
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.bucket(bucketImports)
		r, found, err := s.find(b, t, id)
		switch {
		case err != nil:
			return err
		case !found, r.State != string(contact.ImportReading):
			return fault.New(fault.NotFound, op, "contact.import_gone")
		}
		sh.atEnd(bucketImportRows)
		for _, c := range chunks {
			if err := keep(sh.bucket(bucketImportRows), op, rowsKey(id, r.Staged), c.packed); err != nil {
				return err
			}
			r.Staged += c.rows
		}
		return save(b, op, []byte(id), r)
	})
}

// chunk is the rows of one value.
type chunk struct {
	rows   int
	packed []byte
}

// pack makes values of rows.
func pack(rows []contact.Row) (chunks []chunk, err error) {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	for len(rows) > 0 {
		p, n := &pen{}, 0
		for n < len(rows) && n < chunkRows && len(p.raw) < chunkBytes {
			if err := p.row(rows[n]); err != nil {
				return nil, err
			}
			n++
		}
		var packed bytes.Buffer
		w.Reset(&packed)
		_, err := w.Write(p.raw)
		if err := errors.Join(err, w.Close()); err != nil {
			return nil, err
		}
		chunks, rows = append(chunks, chunk{n, packed.Bytes()}), rows[n:]
	}
	return chunks, nil
}

// row writes a row, which ends with a line feed.
func (p *pen) row(r contact.Row) error {
	detail, err := newDetail(r.Record).encode()
	if err != nil {
		return err
	}
	p.open()
	p.number("number", r.Number)
	p.given("id", string(r.ID))
	list(p, "fields", r.Fields, func(p *pen, f contact.Field) { p.quote(string(f)) })
	p.encoded("record", detail)
	p.close()
	p.raw = append(p.raw, '\n')
	return p.err
}

// row reads a row.
func (s *scanner) row() (r contact.Row) {
	s.object(func(key string) {
		switch key {
		case "number":
			r.Number = int(s.number())
		case "id":
			r.ID = contact.ID(s.text())
		case "fields":
			s.array(func() { r.Fields = append(r.Fields, contact.Field(s.name())) })
		case "record":
			r.Record = s.detail().record()
		default:
			s.skip()
		}
	})
	return r
}

// unpack reads the rows of a value, without the first few.
func unpack(packed []byte, without int) (rows []contact.Row, err error) {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, errRows
	}
	names := map[string]string{}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte{'\n'})
		raw = rest
		if without--; without >= 0 {
			continue
		}
		r, ok := read(line, names, (*scanner).row)
		if !ok {
			return nil, errRows
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// StagedRows reads rows, as contact.ImportShelf says.
func (s *Imports) StagedRows(ctx context.Context, t identity.Tenant, id contact.ImportID, from, limit int) (rows []contact.Row, err error) {
	const op = "store.StagedRows"
	var chunks [][]byte
	without := 0
	err = s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		c, prefix := tb.Bucket([]byte(bucketImportRows)).Cursor(), under(string(id))
		k, v := behind(c, rowsKey(id, from))
		if !bytes.HasPrefix(k, prefix) || firstRow(k) > from {
			return nil // they are gone
		}
		without = from - firstRow(k)
		for ; bytes.HasPrefix(k, prefix) && firstRow(k) < from+limit; k, v = c.Next() {
			chunks = append(chunks, bytes.Clone(v))
		}
		return nil
	})
	for _, packed := range chunks {
		more, failed := unpack(packed, without)
		if failed != nil {
			return nil, within(op, failed)
		}
		rows, without = append(rows, more...), 0
	}
	return rows[:min(len(rows), limit)], err
}

// behind puts a cursor on a key, or on the one before the place where it would be.
func behind(c *bbolt.Cursor, key []byte) (k, v []byte) {
	k, v = c.Seek(key)
	switch {
	case bytes.Equal(k, key):
		return k, v
	case k == nil:
		return c.Last()
	}
	return c.Prev()
}

// dropRows takes values away whose rows all come before a place, at most so many, and tells how many there were.
func dropRows(b *bbolt.Bucket, id contact.ImportID, before, limit int) (n int, err error) {
	c, prefix := b.Cursor(), under(string(id))
	var old [][]byte
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(old) < limit; {
		key := bytes.Clone(k)
		k, _ = c.Next()
		end := before != everyRow // of the last value nobody knows how many rows it has
		if bytes.HasPrefix(k, prefix) {
			end = firstRow(k) > before
		}
		if end {
			break
		}
		old = append(old, key)
	}
	for _, k := range old {
		if err := b.Delete(k); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// staged lists the imports that have rows.
func staged(b *bbolt.Bucket) (ids []contact.ImportID) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; {
		id, _, _ := bytes.Cut(k, []byte{0})
		ids = append(ids, contact.ImportID(id))
		k, _ = c.Seek(after(under(string(id))))
	}
	return ids
}
