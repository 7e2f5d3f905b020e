package contact

import (
	"hash/maphash"
	"slices"
	"strings"
)

// keyring finds the contacts of one book by what tells whose a row is: an id, an e-mail address, a phone number with a name.
// It holds fingerprints instead of texts, so that a book of 100,000 takes some 15 MB. The fingerprints are drawn anew for
// each keyring: nobody can make a file in which two meet.
type keyring struct {
	seed maphash.Seed
	book BookID
	all  []held
	at   map[uint64]uint32   // key → place in all
	more map[uint64][]uint32 // further contacts with the key
	live int                 // how many contacts the book has
}

// held is what a keyring knows of a contact. One that is gone keeps its place.
type held struct {
	id   ID
	name uint64
	gone bool
}

// maxHolders is how many contacts are known to share a key. Only names are shared by more.
const maxHolders = 64

func newKeyring(book BookID) *keyring {
	return &keyring{seed: maphash.MakeSeed(), book: book, at: map[uint64]uint32{}, more: map[uint64][]uint32{}}
}

// The kinds of keys.
const (
	keyID      = 0x9E3779B97F4A7C15
	keyEmail   = 0xC2B2AE3D27D4EB4F
	keyPhone   = 0x165667B19E3779F9
	keyName    = 0x27D4EB2F165667C5
	keyContent = 0x85EBCA77C2B2AE63
)

func (k *keyring) key(kind uint64, text string) uint64 { return maphash.String(k.seed, text) ^ kind }

// keysOf are the keys of a record: in the order in which they count, those of the phone numbers after those of the addresses.
func (k *keyring) keysOf(r *Record, name string) []uint64 {
	keys := make([]uint64, 0, len(r.Emails)+len(r.Phones)+2)
	for _, e := range r.Emails {
		keys = append(keys, k.key(keyEmail, strings.ToLower(e)))
	}
	for _, p := range r.Phones {
		if d := p.digits(); d != "" {
			keys = append(keys, k.key(keyPhone, d+"\x00"+name))
		}
	}
	return keys
}

// all keys of a contact, each once.
func (k *keyring) keys(id ID, r *Record) (name uint64, keys []uint64) {
	folded := fold(r.Name)
	name = k.key(keyName, folded)
	keys = append(k.keysOf(r, folded), name, k.key(keyID, string(id)))
	slices.Sort(keys)
	return name, slices.Compact(keys)
}

// put takes a contact in that is not in, or is so without the keys of the record.
func (k *keyring) put(id ID, r *Record) {
	name, keys := k.keys(id, r)
	n, known := k.at[k.key(keyID, string(id))]
	if !known {
		n = uint32(len(k.all))
		k.all = append(k.all, held{id: id, gone: true})
	}
	if k.all[n].gone {
		k.all[n].gone = false
		k.live++
	}
	k.all[n].name = name
	for _, key := range keys {
		k.hold(key, n)
	}
}

func (k *keyring) hold(key uint64, n uint32) {
	first, known := k.at[key]
	others := k.more[key]
	switch {
	case !known:
		k.at[key] = n
	case first != n && len(others) < maxHolders && !slices.Contains(others, n):
		k.more[key] = append(others, n)
	}
}

// drop takes the keys of a record away from a contact, and the contact when gone.
func (k *keyring) drop(id ID, r *Record, gone bool) {
	n, known := k.at[k.key(keyID, string(id))]
	if !known {
		return
	}
	_, keys := k.keys(id, r)
	for _, key := range keys {
		if key != k.key(keyID, string(id)) {
			k.release(key, n)
		}
	}
	if gone && !k.all[n].gone {
		k.all[n].gone = true
		k.live--
	}
}

func (k *keyring) release(key uint64, n uint32) {
	others := k.more[key]
	if first, known := k.at[key]; !known || first != n {
		if at := slices.Index(others, n); at >= 0 {
			others = slices.Delete(others, at, at+1)
		}
	} else if len(others) > 0 {
		k.at[key] = others[0]
		others = slices.Delete(others, 0, 1)
	} else {
		delete(k.at, key)
	}
	if len(others) == 0 {
		delete(k.more, key)
		return
	}
	k.more[key] = others
}

// follow brings the keyring up to date with a change that is in the journal. The same change may come again.
func (k *keyring) follow(c Change) {
	if c.Book != k.book {
		return
	}
	if c.Before != nil {
		k.drop(c.Contact, c.Before, c.After == nil)
	}
	if c.After != nil {
		k.put(c.Contact, c.After)
	}
}

// holders are the contacts with a key.
func (k *keyring) holders(key uint64) []uint32 {
	first, known := k.at[key]
	if !known {
		return nil
	}
	all := append([]uint32{first}, k.more[key]...)
	return slices.DeleteFunc(all, func(n uint32) bool { return k.all[n].gone })
}

// best is the contact with a key: of several, one of the name, and the oldest of those.
func (k *keyring) best(key, name uint64) (n uint32, found bool) {
	for _, o := range k.holders(key) {
		better := !found || k.all[o].name == name && k.all[n].name != name
		if found && (k.all[o].name == name) == (k.all[n].name == name) {
			better = k.all[o].id < k.all[n].id
		}
		if better {
			n, found = o, true
		}
	}
	return n, found
}

// rowKeys are what tells whose a row is.
type rowKeys struct {
	id, name, content uint64
	keys              []uint64 // of addresses and phone numbers, as keysOf gives them
}

func (k *keyring) rowKeys(r *Row) rowKeys {
	folded := fold(r.Record.Name)
	found := rowKeys{name: k.key(keyName, folded), keys: k.keysOf(&r.Record, folded)}
	if r.ID != "" {
		found.id = k.key(keyID, string(r.ID))
	}
	return found
}

// bare tells whether there is nothing in a row by which a contact could be known.
func (r rowKeys) bare() bool { return len(r.keys) == 0 }

// contact gives the contact that a row is about.
func (k *keyring) contact(r rowKeys) (n uint32, found bool) {
	if n, found := k.at[r.id]; r.id != 0 && found && !k.all[n].gone {
		return n, true
	}
	for _, key := range r.keys {
		if n, found := k.best(key, r.name); found {
			return n, true
		}
	}
	return 0, false
}
