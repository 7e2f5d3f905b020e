package graphtest

import (
	"crypto/subtle"
	"encoding/base64"
	"slices"
)

// quickXor is the hash of OneDrive bit by bit, as its description goes: made differently from what is tested
// against it.
func quickXor(data []byte) string {
	hash := make([]byte, 20)
	flip := func(bit int) { hash[bit%160/8] ^= 1 << (bit % 8) }
	sum := make([]byte, 160) // bytes so far apart lie on each other
	for part := range slices.Chunk(data, len(sum)) {
		subtle.XORBytes(sum, sum, part)
	}
	for i, b := range sum {
		for bit := range 8 {
			if b>>bit&1 == 1 {
				flip(i*11 + bit)
			}
		}
	}
	for i := range 8 {
		hash[12+i] ^= byte(uint64(len(data)) >> (8 * i))
	}
	return base64.StdEncoding.EncodeToString(hash)
}
