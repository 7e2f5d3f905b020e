package bot

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Bounds of the files that are held for people who decide what becomes of them. They are in memory only.
const (
	importMost = 32 << 20 // bytes of one
	heldMost   = 64 << 20 // bytes of all
	heldEach   = 3        // of one person
	heldTime   = 15 * time.Minute
)

// heldFile is a file of contacts that somebody handed over, and what they have decided of it so far.
type heldFile struct {
	id     string
	tenant identity.Tenant
	person identity.Person
	until  time.Time

	name string
	data []byte
	// more is how many files came with it that were not looked at.
	more int
	// mapping and book are what was chosen, or guessed.
	mapping exchange.Mapping
	book    contact.BookID
	// preview is the import that shows what would be done.
	preview contact.ImportID
}

// heldFiles are the files that wait, the oldest first. What finds no room pushes out the oldest.
type heldFiles struct {
	now func() time.Time
	mu  sync.Mutex
	all []heldFile
}

// keep takes a file in and gives it with its id.
func (h *heldFiles) keep(f heldFile) heldFile {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.id, f.until = rand.Text(), h.now().Add(heldTime)
	h.clear()
	h.all = append(h.all, f)
	own, bytes := 0, 0
	for i, o := range slices.Backward(h.all) {
		if o.tenant == f.tenant && o.person == f.person {
			own++
		}
		if own > heldEach {
			h.all = slices.Delete(h.all, i, i+1)
			break
		}
	}
	for i, o := range slices.Backward(h.all) {
		if bytes += len(o.data); bytes > heldMost {
			h.all = slices.Delete(h.all, 0, i+1)
			break
		}
	}
	time.AfterFunc(heldTime, h.sweep)
	return f
}

// sweep forgets what is over its time.
func (h *heldFiles) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clear()
}

// clear is sweep for whoever holds mu.
func (h *heldFiles) clear() {
	now := h.now()
	h.all = slices.DeleteFunc(h.all, func(f heldFile) bool { return !now.Before(f.until) })
}

// get gives a file of the person's own. The id is a claim.
func (h *heldFiles) get(who identity.Caller, id string) (heldFile, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clear()
	if i := h.find(who, id); i >= 0 {
		return h.all[i], nil
	}
	return heldFile{}, fault.New(fault.NotFound, "bot.held", "import.gone")
}

func (h *heldFiles) find(who identity.Caller, id string) int {
	return slices.IndexFunc(h.all, func(f heldFile) bool { return f.id == id && f.tenant == who.Tenant && f.person == who.Person })
}

// decide notes what was decided of a file, and gives the preview that it had before. A file that went stays away.
func (h *heldFiles) decide(who identity.Caller, now heldFile) (before contact.ImportID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(who, now.id)
	if i < 0 {
		return ""
	}
	before = h.all[i].preview
	now.until = h.all[i].until
	h.all[i] = now
	return before
}

// drop forgets a file by its id, or by its preview.
func (h *heldFiles) drop(who identity.Caller, id string, preview contact.ImportID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = slices.DeleteFunc(h.all, func(f heldFile) bool {
		return f.tenant == who.Tenant && f.person == who.Person && (id != "" && f.id == id || preview != "" && f.preview == preview)
	})
}
