package graph

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// The hash that SharePoint and OneDrive keep of every file: 160 bits around, into which each byte is mixed 11 bits further
// on than the one before; in the end the length is mixed into the last eight bytes (reference of OneDrive: quickXorHash).
const (
	hashBytes = 20
	hashBits  = 8 * hashBytes
	hashShift = 11
)

// quickXor is the hash of data, as file.hashes.quickXorHash has it.
func quickXor(data []byte) string {
	// Bytes that are hashBits apart come to lie on each other, so they are mixed first and placed once.
	var mixed [hashBits]byte
	for part := range slices.Chunk(data, hashBits) {
		subtle.XORBytes(mixed[:], mixed[:], part)
	}
	var hash [hashBytes]byte
	for i, b := range mixed {
		at := i * hashShift % hashBits
		wide := uint16(b) << (at % 8)
		hash[at/8] ^= byte(wide)
		hash[(at/8+1)%hashBytes] ^= byte(wide >> 8)
	}
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
	for i, b := range length {
		hash[hashBytes-len(length)+i] ^= b
	}
	return base64.StdEncoding.EncodeToString(hash[:])
}
