package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// SealingKeySize is the size of a sealing key in bytes.
const SealingKeySize = 32

// maxSealingKeys is how many keys may be in use at once: the one that seals, and those from before a change.
const maxSealingKeys = 16

// Seals keep what is stored of a sign-in unreadable to whoever has the file and not the key (AES-256-GCM). The first key
// seals; all open, so that a key is changed by putting a new one before it, and taken away when nothing old is left.
type Seals struct {
	keys []sealingKey
}

// sealingKey is a key and the name by which a sealed value says which one opens it.
type sealingKey struct {
	name [sealNameSize]byte
	aead cipher.AEAD
}

// The form of a sealed value: version, the name of the key, a random nonce, and what AES-GCM makes of the value.
const (
	sealVersion  = 1
	sealNameSize = 4
	nonceSize    = 12
	sealHead     = 1 + sealNameSize + nonceSize
)

var errSealed = errors.New("sealed with another key, for something else, or damaged")

// ParseSeals reads keys: each 32 bytes, as 64 hexadecimal digits or as base64, with blanks, commas or line ends between them.
// What is after a "#" in a line is a remark. The error never repeats what was read.
func ParseSeals(text string) (*Seals, error) {
	s := &Seals{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r <= ' ' }) {
			if err := s.add(word); err != nil {
				return nil, err
			}
		}
	}
	if len(s.keys) == 0 || len(s.keys) > maxSealingKeys {
		return nil, fmt.Errorf("holds %d keys; 1 to %d are taken", len(s.keys), maxSealingKeys)
	}
	return s, nil
}

func (s *Seals) add(word string) error {
	raw, err := hex.DecodeString(word)
	if err != nil {
		raw, err = base64.StdEncoding.DecodeString(word)
	}
	if err != nil || len(raw) != SealingKeySize {
		return fmt.Errorf("key %d is not 64 hexadecimal digits, nor 32 bytes of base64", len(s.keys)+1)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte("teamspro seal name\x00"), raw...))
	k := sealingKey{aead: aead}
	copy(k.name[:], sum[:])
	s.keys = append(s.keys, k)
	return nil
}

// seal closes a value for one use. It opens only where about is the same.
func (s *Seals) seal(plain []byte, about string) []byte {
	k := s.keys[0]
	sealed := make([]byte, sealHead, sealHead+len(plain)+k.aead.Overhead())
	sealed[0] = sealVersion
	copy(sealed[1:], k.name[:])
	nonce := sealed[1+sealNameSize : sealHead]
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(sealed, nonce, plain, []byte(about))
}

// open opens a value, and tells whether it should be sealed anew because its key is not the first any more.
func (s *Seals) open(sealed []byte, about string) (plain []byte, old bool, err error) {
	if len(sealed) < sealHead || sealed[0] != sealVersion {
		return nil, false, errSealed
	}
	for i, k := range s.keys {
		if string(k.name[:]) != string(sealed[1:1+sealNameSize]) {
			continue
		}
		if plain, err := k.aead.Open(nil, sealed[1+sealNameSize:sealHead], sealed[sealHead:], []byte(about)); err == nil {
			return plain, i > 0, nil
		}
	}
	return nil, false, errSealed
}

// about is what a sealed value is bound to; no part can hold a NUL byte.
func about(use string, parts ...string) string { return use + "\x00" + strings.Join(parts, "\x00") }
