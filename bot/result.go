package bot

import (
	"slices"

	"github.com/maypok86/otter/v2"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// Result is one search result as it travels: the card that is sent when it is chosen, and the row that is shown before.
type Result struct{ attachment []byte }

// newResult writes a result once, so that neither the memo nor the answer writes it again.
func newResult(card cards.Card, preview cards.Thumbnail) Result {
	raw := card.AppendJSON([]byte(`{"contentType":"` + cards.ContentType + `","content":`))
	raw = preview.AppendJSON(append(raw, `,"preview":{"contentType":"`+cards.ThumbnailType+`","content":`...))
	return Result{slices.Clip(append(raw, "}}"...))}
}

// written is a body that is JSON already.
type written []byte

const (
	resultsHead = `{"composeExtension":{"type":"result","attachmentLayout":"list","attachments":[`
	resultsGrid = `{"composeExtension":{"type":"result","attachmentLayout":"grid","attachments":[`
	resultsTail = `]}}`
)

// writtenResults puts results side by side, in a buffer of just the right size.
func writtenResults(items []Result, grid bool) written {
	head := resultsHead
	if grid {
		head = resultsGrid
	}
	size := len(head) + len(items) + len(resultsTail)
	for _, item := range items {
		size += len(item.attachment)
	}
	body := append(make(written, 0, size), head...)
	for i, item := range items {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, item.attachment...)
	}
	return append(body, resultsTail...)
}

// memoSize is how many bytes of search results are kept: some 1,500 results, the people for whom a few hundred colleagues
// ask in a day. More would weigh more than the whole rest of the service, and gain little.
const memoSize = 4 << 20

// memo keeps search results as they travel. While a word is typed the same people are found with every letter, and
// colleagues look for the same people: a result that is there costs a hundredth of one that is made.
//
// It may be forgotten at any time, and needs no telling when something changes: whatever a result shows is part of its
// key or cannot change while the process lives. Who may see it is asked before, each time.
type memo struct {
	results *otter.Cache[resultKey, Result]
}

// resultKey is all that the result of a contact depends on. What a person may do with the contact and whether it is
// their favourite is no part of it, because a result goes to others and shows neither.
type resultKey struct {
	tenant  identity.Tenant
	contact contact.ID
	version int
	changed int64 // nanoseconds
	lang    *lang.Printer
	book    string // what it is called, for whoever asks
}

func newMemo(size uint64) memo {
	return memo{otter.Must(&otter.Options[resultKey, Result]{MaximumWeight: size, Weigher: weight})}
}

// weight is what a result takes in memory, with the strings of its key and what the cache itself needs.
func weight(k resultKey, r Result) uint32 {
	const entry = 256
	return uint32(len(r.attachment) + len(k.tenant) + len(k.contact) + len(k.book) + entry)
}

// result gives the result of a key, or makes it.
func (m memo) result(k resultKey, build func() Result) Result {
	if known, ok := m.results.GetIfPresent(k); ok {
		return known
	}
	r := build()
	m.results.Set(k, r)
	return r
}
