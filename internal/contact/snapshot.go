package contact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"teamspro/internal/identity"
)

// A snapshot is the index of one tenant in a file, so that a start need not read every contact. It is:
//
//	8 bytes   snapshotMagic, the last of which counts the versions of the format
//	4 and 4   the lengths of tenant and stamp
//	8         the length of the segment, 0 when there are no contacts
//	          tenant, stamp, segment
//	4         the CRC-32C of all that is before
//
// Numbers have the lowest byte first. Nothing of a snapshot is used before all of it was found to be as it was written.
const (
	snapshotMagic = "TPROIDX\x02"
	snapshotHead  = len(snapshotMagic) + 4 + 4 + 8
	snapshotFoot  = 4
	maxStamp      = 1000
)

// ErrSnapshot says that a snapshot cannot be used: it is damaged, cut off, of another version of the format, of
// another tenant, or does not have the stamp that was asked for. The index is then to be filled from the Shelf.
var ErrSnapshot = errors.New("the snapshot of the search index cannot be used")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the index of a tenant for Restore. The stamp says what state of the Shelf it has whole: whoever restores
// it names the stamp that they expect. What was put or removed later may be in it or not: whoever restores it puts and
// removes that again, in its order. Removals are not remembered. Save first makes one segment of everything, which can
// take some seconds for each 100,000 contacts; searches and changes go on meanwhile.
func (x *Index) Save(w io.Writer, t identity.Tenant, stamp string) error {
	if len(stamp) > maxStamp {
		return fmt.Errorf("contact.Save: a stamp of %d bytes", len(stamp))
	}
	raw := x.at(t).folded()
	if len(raw) > math.MaxUint32 {
		return fmt.Errorf("contact.Save: a segment of %d bytes", len(raw))
	}
	sum := crc32.New(castagnoli)
	out := io.MultiWriter(w, sum)
	head := append(make([]byte, 0, snapshotHead), snapshotMagic...)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(t)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(stamp)))
	head = binary.LittleEndian.AppendUint64(head, uint64(len(raw)))
	for _, part := range [][]byte{head, []byte(t), []byte(stamp), raw} {
		if _, err := out.Write(part); err != nil {
			return fmt.Errorf("contact.Save: %w", err)
		}
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("contact.Save: %w", err)
	}
	return nil
}

// folded makes one segment of everything and gives its bytes.
func (t *tenantIndex) folded() []byte {
	t.fold()
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.segments) == 0 {
		return nil
	}
	return t.segments[0].raw
}

// stampOf reads the stamp of a snapshot, and looks at no more than it takes to find it: Restore examines the rest.
func stampOf(data []byte, t identity.Tenant) (string, error) {
	s, err := partsOf(data)
	if err == nil && !bytes.Equal(s.tenant, []byte(t)) {
		err = fmt.Errorf("%w: of another tenant", ErrSnapshot)
	}
	return string(s.stamp), err
}

// Restore takes what Save wrote as the index of a tenant, of which it must know no contact yet. The index goes on
// using data, which must not change: it may be a file mapped into memory. On failure, which is ErrSnapshot, nothing was
// taken.
func (x *Index) Restore(data []byte, t identity.Tenant, stamp string) error {
	raw, err := openSnapshot(data, t, stamp)
	if err != nil {
		return fmt.Errorf("contact.Restore: %w", err)
	}
	var s *segment
	if len(raw) > 0 {
		opened, ok := openSegment(raw)
		if !ok {
			return fmt.Errorf("contact.Restore: %w: parts", ErrSnapshot)
		}
		s = opened
	}
	if !x.tenant(t).adopt(s) {
		return fmt.Errorf("contact.Restore: %w: the tenant has contacts already", ErrSnapshot)
	}
	return nil
}

// openSnapshot gives the segment of a snapshot.
func openSnapshot(data []byte, t identity.Tenant, stamp string) ([]byte, error) {
	s, err := partsOf(data)
	if err != nil {
		return nil, err
	}
	body, foot := data[:len(data)-snapshotFoot], data[len(data)-snapshotFoot:]
	switch {
	case crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(foot):
		return nil, fmt.Errorf("%w: damaged", ErrSnapshot)
	case !bytes.Equal(s.tenant, []byte(t)):
		return nil, fmt.Errorf("%w: of another tenant", ErrSnapshot)
	case !bytes.Equal(s.stamp, []byte(stamp)):
		return nil, fmt.Errorf("%w: not of this state", ErrSnapshot)
	}
	return s.segment, nil
}

// parts are what a snapshot is made of, besides its frame.
type parts struct{ tenant, stamp, segment []byte }

// partsOf finds the parts of a snapshot by their lengths. Nothing is examined yet.
func partsOf(data []byte) (parts, error) {
	if len(data) < snapshotHead+snapshotFoot {
		return parts{}, fmt.Errorf("%w: too short", ErrSnapshot)
	}
	if string(data[:len(snapshotMagic)]) != snapshotMagic {
		return parts{}, fmt.Errorf("%w: another format", ErrSnapshot)
	}
	sizes, rest := data[len(snapshotMagic):snapshotHead], data[snapshotHead:len(data)-snapshotFoot]
	whose, of := uint64(binary.LittleEndian.Uint32(sizes)), uint64(binary.LittleEndian.Uint32(sizes[4:]))
	if whose+of > uint64(len(rest)) || binary.LittleEndian.Uint64(sizes[8:]) != uint64(len(rest))-whose-of {
		return parts{}, fmt.Errorf("%w: lengths", ErrSnapshot)
	}
	return parts{rest[:whose], rest[whose : whose+of], rest[whose+of:]}, nil
}

// adopt takes a segment, when nothing is known of the tenant.
func (t *tenantIndex) adopt(s *segment) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.books) > 0 || len(t.segments) > 0 || t.tending {
		return false
	}
	if s == nil {
		return true
	}
	p := t.place(s, hiddenDocs{})
	for i := range s.books {
		t.books[p.books[i]].count = s.membersOf(i).len()
	}
	for i := 0; i+2 < s.usage.len(); i += 3 {
		t.books[p.books[s.usage.at(i)]].tag(s.tags[s.usage.at(i+1)], int(s.usage.at(i+2)))
	}
	t.segments = append(t.segments, p)
	return true
}
