package bot

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// How answers are read that come over lean connections.

var errHints = errors.New("too many answers before the answer")

// read reads the answer, past those that only say that it will come.
func (c *leanConn) read(m letter) (a connectorAnswer, again bool, err error) {
	for range leanHints {
		c.limit.N = leanHead
		if _, err := c.in.Peek(1); err != nil {
			return a, false, err
		}
		if a, length, is := c.plain(); is {
			whole := c.body(&a, length, m.limit)
			return a, whole && c.in.Buffered() == 0, nil
		}
		res, err := http.ReadResponse(c.in, &http.Request{Method: m.method}) //nolint:bodyclose // it would read what is too long to its end
		switch {
		case err != nil:
			return a, false, err
		case res.StatusCode == http.StatusSwitchingProtocols:
			return a, false, errHints
		case res.StatusCode >= http.StatusOK:
			c.limit.N = math.MaxInt64
			a := newAnswer(res, m.limit)
			return a, a.cut == nil && !res.Close && c.in.Buffered() == 0, nil
		}
	}
	return a, false, errHints
}

// plain reads a head that lies in the buffer whole, in lines of a name and a value, with one length and nothing that changes what
// a body or a connection is, as nearly all are. Of any other it reads nothing: net/http can do that.
func (c *leanConn) plain() (a connectorAnswer, length int64, is bool) {
	there, _ := c.in.Peek(c.in.Buffered())
	end := bytes.Index(there, []byte("\r\n\r\n"))
	if end < 0 {
		return a, 0, false
	}
	first, lines, _ := strings.Cut(string(there[:end]), "\r\n")
	h, is := plainHeader(lines)
	if a.status = plainStatus(first); a.status == 0 || !is {
		return a, 0, false
	}
	size, err := strconv.ParseUint(h.length, 10, 32)
	if err != nil {
		return a, 0, false
	}
	if h.retryAfter != "" {
		a.after, a.asked = retryAfter(h.retryAfter, h.date, time.Now())
	}
	_, err = c.in.Discard(end + len("\r\n\r\n"))
	return a, int64(size), err == nil
}

// plainStatus reads the first line of an answer that may have a body; 0 is any other.
func plainStatus(line string) int {
	digits, is := strings.CutPrefix(line, "HTTP/1.1 ")
	if !is || len(digits) < 3 || len(digits) > 3 && digits[3] != ' ' || strings.ContainsFunc(line, unicode.IsControl) {
		return 0
	}
	status, err := strconv.Atoi(digits[:3])
	if err != nil || status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified {
		return 0
	}
	return status
}

// leanHeader is what counts of a head.
type leanHeader struct{ length, retryAfter, date string }

// plainHeader reads the lines of a head; false where one is not plain, and where one that counts is there twice.
func plainHeader(lines string) (h leanHeader, is bool) {
	for len(lines) > 0 {
		line, rest, _ := strings.Cut(lines, "\r\n")
		name, value, is := strings.Cut(line, ":")
		if !is || !isPlain(name) || strings.ContainsFunc(value, unicode.IsControl) {
			return h, false
		}
		if to := h.find(name); to != nil {
			if *to != "" {
				return h, false
			}
			*to = strings.Trim(value, " \t")
		} else if strings.EqualFold(name, "Transfer-Encoding") || strings.EqualFold(name, "Connection") {
			return h, false
		}
		lines = rest
	}
	return h, true
}

// find gives the place of a header that counts; nil for others.
func (h *leanHeader) find(name string) *string {
	switch {
	case strings.EqualFold(name, "Content-Length"):
		return &h.length
	case strings.EqualFold(name, "Retry-After"):
		return &h.retryAfter
	case strings.EqualFold(name, "Date"):
		return &h.date
	}
	return nil
}

// isPlain tells whether a name of a header is made of letters, digits and hyphens.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != ""
}

// body reads the body of an answer, as far as it may be long; whole tells whether that was all of it.
func (c *leanConn) body(a *connectorAnswer, length, limit int64) (whole bool) {
	c.limit.N = math.MaxInt64
	a.body = make([]byte, min(length, limit))
	n, err := io.ReadFull(c.in, a.body)
	a.body = a.body[:n]
	switch {
	case errors.Is(err, io.EOF):
		a.cut = io.ErrUnexpectedEOF
	case err != nil:
		a.cut = err
	case length > limit:
		a.cut = &http.MaxBytesError{Limit: limit}
	}
	return a.cut == nil
}
