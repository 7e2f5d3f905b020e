package store

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/notice"
)

// reader reads the notices of the tenant as they are at this point of the transaction.
func (s *shared) reader() *outboxReader {
	if s.notices == nil {
		s.notices = newReader(s.id, s.tenant)
	}
	return s.notices
}

// sheetFor counts how many of new notices, from the first on, are one sheet; 0 when the first is none of any: those that differ
// in more than where they go, and when, are kept one by one.
func (s *shared) sheetFor(notices []notice.Notice) (key sheetKey, n int, err error) {
	key, i, is := sheetOf(notices[0].ID)
	if !is || i != 0 {
		return key, 0, nil
	}
	if c, err := s.reader().course(key); err != nil || c != nil || s.apart(key) {
		return key, 0, err
	}
	for n < min(sheetSize, len(notices)) && notices[n].ID == key.id(n) && sheetMates(&notices[0], &notices[n]) {
		n++
	}
	return key, n, nil
}

// apart tells whether a notice that would be on a sheet is kept by itself.
func (s *shared) apart(key sheetKey) bool {
	k, _ := s.bucket(bucketNotices).Cursor().Seek(key.raw())
	return k != nil && string(k) <= key.id(sheetSize-1)
}

// sheetMates tells whether a sheet that begins with a notice has room for another.
func sheetMates(first, n *notice.Notice) bool {
	c := &n.Content
	return n.Op == notice.Post && n.Conversation != "" && n.Product == first.Product && c.Version == first.Content.Version &&
		n.Key == "" && n.Person == "" && n.Of == "" && n.Activity == "" && n.Why == "" && n.Tries == 0 && !n.Again && c.Gathering == nil && c.Lost == ""
}

// addSheet writes new notices of an announcement that are one sheet.
func (s *shared) addSheet(op string, key sheetKey, announcement string, notices []notice.Notice, now time.Time) error {
	r, c := newSheet(announcement, notices), &course{legs: make([]leg, len(notices)), unsaved: true}
	raw, err := r.encode()
	if err != nil {
		return err
	}
	s.work.after = slices.Grow(s.work.after, len(notices)+1)
	for i := range notices {
		n := notices[i]
		n.Tenant, n.State, n.At = s.id, notice.Waiting, now
		if err := c.legs[i].set(op, &n); err != nil {
			return err
		}
		s.work.moved(&n)
	}
	s.atEnd(bucketSheets, bucketCourses, bucketDue)
	if err := keep(s.bucket(bucketSheets), op, key.raw(), raw); err != nil {
		return err
	}
	if err := s.bucket(bucketDue).Put(key.raw(), []byte(sheetMark)); err != nil {
		return err
	}
	s.reader().hold(key, r, c)
	s.work.then((*queue).signal)
	return s.bucket(bucketCopies).Put(join(r.Announcement, key.id(0)), []byte(sheetMark))
}

// saveCourses writes what became of sheets.
func (s *shared) saveCourses() error {
	if s.notices == nil {
		return nil
	}
	for key, c := range s.notices.courses {
		if c == nil || !c.unsaved {
			continue
		}
		if err := s.bucket(bucketCourses).Put(key.raw(), c.encode()); err != nil {
			return err
		}
		if c.open() {
			continue
		}
		if err := s.bucket(bucketDue).Delete(key.raw()); err != nil {
			return err
		}
	}
	return nil
}

// eraseCopy takes a notice off its sheet.
func (s *shared) eraseCopy(op string, n *notice.Notice) error {
	key, i, _ := sheetOf(n.ID)
	c, err := s.reader().course(key)
	if err != nil {
		return err
	}
	r, err := s.reader().sheet(key, len(c.legs))
	if err != nil {
		return err
	}
	r.Copies[i], c.legs[i], c.unsaved = targetRecord{}, leg{}, true
	raw, err := r.encode()
	if err != nil {
		return err
	}
	return keep(s.bucket(bucketSheets), op, key.raw(), raw)
}

// eraseSheet takes a whole sheet away, of which all notices are final.
func (s *shared) eraseSheet(raw []byte) error {
	if key, _, is := sheetOf(string(raw)); is && s.notices != nil {
		s.notices.drop(key)
	}
	if err := s.bucket(bucketCourses).Delete(raw); err != nil {
		return err
	}
	return s.bucket(bucketSheets).Delete(raw)
}

// spent tells whether a sheet is final, and when it became so; its key is of the file.
func spent(tb *bbolt.Bucket, raw []byte) (is bool, at int64, err error) {
	c, err := decodeCourse(tb.Bucket([]byte(bucketCourses)).Get(raw))
	if err != nil {
		return false, 0, err
	}
	return !c.open(), c.last(), nil
}
