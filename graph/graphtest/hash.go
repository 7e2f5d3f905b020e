package graphtest

import "encoding/base64"

// quickXor is the hash of OneDrive bit by bit, as its description goes: slower than what is tested against it, and made
// differently.
func quickXor(data []byte) string {
	hash := make([]byte, 20)
	flip := func(bit int) { hash[bit%160/8] ^= 1 << (bit % 8) }
	for i, b := range data {
		for bit := range 8 {
			if b>>bit&1 == 1 {
				flip(i%160*11 + bit)
			}
		}
	}
	for i := range 8 {
		hash[12+i] ^= byte(uint64(len(data)) >> (8 * i))
	}
	return base64.StdEncoding.EncodeToString(hash)
}
