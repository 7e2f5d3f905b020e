package auth

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func TestSealsAreParsed(t *testing.T) {
	t.Parallel()
	inBase64 := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, SealingKeySize))
	for _, row := range []struct {
		name, text string
		keys       int
	}{
		{"hexadecimal", keyA, 1},
		{"with a line end", keyA + "\n", 1},
		{"base64", inBase64, 1},
		{"two with a comma", keyA + "," + keyB, 2},
		{"two lines with remarks", keyB + " # of March\n\n" + keyA + " # of January\n", 2},
		{"nothing", " \n", 0},
		{"only a remark", "# " + keyA, 0},
		{"too short", keyA[2:], 0},
		{"too long", keyA + "ab", 0},
		{"no key", "correct horse battery staple", 0},
		{"one good, one not", keyA + "\nxyz", 0},
		{"too many", strings.Repeat(keyA+"\n", maxSealingKeys+1), 0},
	} {
		s, err := ParseSeals(row.text)
		if (err == nil) != (row.keys > 0) || err == nil && len(s.keys) != row.keys {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), keyA[2:10]) || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: the error repeats what was read: %v", row.name, err)
		}
	}
}

func TestSeals(t *testing.T) {
	t.Parallel()
	a, both, b := seals(t, keyA), seals(t, keyB+"\n"+keyA), seals(t, keyB)
	plain := []byte("refresh token")
	sealed := a.seal(plain, "ines")
	if bytes.Contains(sealed, plain) || bytes.Equal(sealed, a.seal(plain, "ines")) {
		t.Error("the value shows, or is the same twice")
	}
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)-1] ^= 1
	renamed := bytes.Clone(sealed)
	copy(renamed[1:], b.keys[0].name[:])
	for _, row := range []struct {
		name   string
		with   *Seals
		sealed []byte
		about  string
		ok     bool
		old    bool
	}{
		{"as it was", a, sealed, "ines", true, false},
		{"after a new key came before it", both, sealed, "ines", true, true},
		{"sealed by the new key", both, both.seal(plain, "ines"), "ines", true, false},
		{"the new key's, without the old one", b, both.seal(plain, "ines"), "ines", true, false},
		{"after the old key went", b, sealed, "ines", false, false},
		{"somebody else's", a, sealed, "timur", false, false},
		{"damaged", a, damaged, "ines", false, false},
		{"under another key's name", both, renamed, "ines", false, false},
		{"cut", a, sealed[:sealHead-1], "ines", false, false},
		{"empty", a, nil, "ines", false, false},
		{"of another version", a, append([]byte{2}, sealed[1:]...), "ines", false, false},
	} {
		got, old, err := row.with.open(row.sealed, row.about)
		if (err == nil) != row.ok || old != row.old || row.ok && !bytes.Equal(got, plain) {
			t.Errorf("%s: %q, old %v, %v", row.name, got, old, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := seals(f, keyA)
	f.Add(s.seal([]byte("x"), "a"), "a")
	f.Add([]byte{1}, "")
	f.Fuzz(func(t *testing.T, sealed []byte, about string) {
		if plain, _, err := s.open(sealed, about); err == nil && (string(plain) != "x" || about != "a") {
			t.Errorf("opened %q", plain)
		}
	})
}
