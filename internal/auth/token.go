package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxHeader = 16 << 10
	maxKeyID  = 512
	skew      = 5 * time.Minute
)

// token is a JSON Web Token as it was sent: read, but not yet believed.
type token struct {
	signed     string // the part that the signature covers
	signature  []byte
	keyID      string
	issuer     string
	audience   string
	serviceURL string
	expires    time.Time
	notBefore  time.Time // zero when absent, as is issued
	issued     time.Time
}

// bearer takes the token out of an Authorization header.
func bearer(header string) (string, *Refusal) {
	if header == "" {
		return "", unauthorized("missing")
	}
	if len(header) > maxHeader {
		return "", unauthorized("too_long")
	}
	raw, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || raw == "" || strings.ContainsAny(raw, " \t,") {
		return "", unauthorized("scheme")
	}
	return raw, nil
}

// readToken takes a token apart. It is stricter than JSON libraries are: member names are exact, none may come twice,
// and nothing may follow. What is checked here is what is used later; there is no second reading that could differ.
func readToken(raw string) (token, *Refusal) {
	t, _, refusal := takeApart(raw)
	return t, refusal
}

// takeApart is readToken that also gives the claims, for those that only one kind of token has.
func takeApart(raw string) (token, members, *Refusal) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return token{}, nil, unauthorized("malformed")
	}
	header, err1 := readPart(parts[0])
	claims, err2 := readPart(parts[1])
	signature, err3 := decodePart(parts[2])
	if errors.Join(err1, err2, err3) != nil {
		return token{}, nil, unauthorized("malformed")
	}
	t := token{signed: parts[0] + "." + parts[1], signature: signature}
	if refusal := t.readHeader(header); refusal != nil {
		return token{}, nil, refusal
	}
	if err := t.readClaims(claims); err != nil {
		return token{}, nil, unauthorized("malformed")
	}
	return t, claims, nil
}

// readHeader accepts RS256 and nothing else: "none" and HS256 under our public key are the classical forgeries.
// No critical extension is understood here, so a token that has one must be refused (RFC 7515, 4.1.11).
func (t *token) readHeader(h members) *Refusal {
	algorithm, err1 := h.text("alg")
	kind, err2 := h.text("typ")
	keyID, err3 := h.text("kid")
	if errors.Join(err1, err2, err3) != nil {
		return unauthorized("malformed")
	}
	_, critical := h["crit"]
	if algorithm != "RS256" || critical || (h["typ"] != nil && kind != "JWT") {
		return unauthorized("algorithm")
	}
	if keyID == "" || len(keyID) > maxKeyID {
		return unauthorized("malformed")
	}
	t.keyID = keyID
	return nil
}

func (t *token) readClaims(c members) error {
	var errs [6]error
	t.issuer, errs[0] = c.text("iss")
	t.audience, errs[1] = c.single("aud")
	t.serviceURL, errs[2] = c.text("serviceurl")
	t.expires, errs[3] = c.time("exp")
	t.notBefore, errs[4] = c.time("nbf")
	t.issued, errs[5] = c.time("iat")
	return errors.Join(errs[:]...)
}

// current checks the lifetime, with five minutes for clocks that differ.
func (t *token) current(now time.Time) *Refusal {
	if !now.Before(t.expires.Add(skew)) { // without exp it is the zero time, long gone by
		return unauthorized("expired")
	}
	if limit := now.Add(skew); t.notBefore.After(limit) || t.issued.After(limit) {
		return unauthorized("not_yet")
	}
	return nil
}

// members is a JSON object, its values unread.
type members map[string]json.RawMessage

var (
	errNotObject = errors.New("not one JSON object")
	errRepeated  = errors.New("a member comes twice")
	errType      = errors.New("a member has the wrong type")
)

func readPart(part string) (members, error) {
	data, err := decodePart(part)
	if err != nil {
		return nil, err
	}
	return readMembers(data)
}

// decodePart reads base64url without padding, and refuses the line breaks that the decoder would skip.
func decodePart(part string) ([]byte, error) {
	if part == "" || strings.ContainsAny(part, "\r\n") {
		return nil, errNotObject
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

func readMembers(data []byte) (members, error) {
	if !utf8.Valid(data) {
		return nil, errNotObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errNotObject
	}
	m := members{}
	for d.More() {
		if err := m.readNext(d); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errNotObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNotObject
	}
	return m, nil
}

func (m members) readNext(d *json.Decoder) error {
	name, err := d.Token()
	if err != nil {
		return errNotObject
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return errNotObject
	}
	if _, twice := m[name.(string)]; twice { // inside an object the decoder gives only strings as names
		return errRepeated
	}
	m[name.(string)] = value
	return nil
}

// text reads a string; an absent member is empty, null is an error.
func (m members) text(name string) (string, error) {
	raw, ok := m[name]
	if !ok {
		return "", nil
	}
	if raw[0] != '"' {
		return "", errType
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// single reads a string, or an array that holds just one.
func (m members) single(name string) (string, error) {
	raw, ok := m[name]
	if !ok || raw[0] != '[' {
		return m.text(name)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) != 1 {
		return "", errType
	}
	return members{name: list[0]}.text(name)
}

// time reads seconds since 1970; an absent member is the zero time.
func (m members) time(name string) (time.Time, error) {
	raw, ok := m[name]
	if !ok {
		return time.Time{}, nil
	}
	if raw[0] < '0' || raw[0] > '9' {
		return time.Time{}, errType
	}
	var seconds float64
	if err := json.Unmarshal(raw, &seconds); err != nil || seconds > 1<<36 {
		return time.Time{}, errType
	}
	return time.Unix(int64(seconds), 0), nil
}
