package bot

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func holder(person string) identity.Caller {
	return identity.Caller{Tenant: deskTenant, Person: identity.Person(person)}
}

func heldBy(person string, bytes int) heldFile {
	return heldFile{tenant: deskTenant, person: identity.Person(person), data: make([]byte, bytes)}
}

// list is what is held now.
func (h *heldFiles) list() []heldFile {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// A file is there for whoever sent it, for a quarter of an hour, and then it is gone by itself.
func TestHeldFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &heldFiles{now: time.Now}
		f := h.keep(heldBy("ana", 10))
		if got, err := h.get(holder("ana"), f.id); err != nil || len(got.data) != 10 {
			t.Errorf("%v, %v", got, err)
		}
		for _, who := range []identity.Caller{holder("ben"), {Tenant: "elsewhere", Person: "ana"}, {}} {
			if _, err := h.get(who, f.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%v finds it: %v", who, err)
			}
		}
		f.preview = "i1"
		if before := h.decide(holder("ana"), f); before != "" {
			t.Errorf("the preview before was %q", before)
		}
		f.preview = "i2"
		if before := h.decide(holder("ana"), f); before != "i1" {
			t.Errorf("the preview before was %q", before)
		}
		h.drop(holder("ben"), f.id, "i2")
		if len(h.list()) != 1 {
			t.Error("somebody else dropped it")
		}
		time.Sleep(heldTime)
		synctest.Wait()
		if len(h.list()) != 0 {
			t.Error("its bytes are still held")
		}
		if before := h.decide(holder("ana"), f); before != "" || len(h.list()) != 0 {
			t.Errorf("it came back: %q", before)
		}
	})
}

// However many files people send, what is held has bounds, and nobody pushes out the files of others with small ones.
func TestHeldFilesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &heldFiles{now: time.Now}
		first := h.keep(heldBy("ben", 1))
		var own []heldFile
		for range 10 {
			own = append(own, h.keep(heldBy("ana", 1)))
		}
		if _, err := h.get(holder("ben"), first.id); err != nil || len(h.list()) != 1+heldEach {
			t.Errorf("%d held, %v", len(h.list()), err)
		}
		if _, err := h.get(holder("ana"), own[9].id); err != nil {
			t.Errorf("the newest: %v", err)
		}
		for i := range 5 {
			last := h.keep(heldBy(fmt.Sprint("p", i), importMost))
			bytes := 0
			for _, f := range h.list() {
				bytes += len(f.data)
			}
			if _, err := h.get(holder(fmt.Sprint("p", i)), last.id); err != nil || bytes > heldMost {
				t.Errorf("%d bytes held, %v", bytes, err)
			}
		}
		time.Sleep(heldTime)
	})
}

// A file goes with the import that was made of it.
func TestHeldFileGoesWithItsImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &heldFiles{now: time.Now}
		for _, id := range []contact.ImportID{"i1", "i2"} {
			f := h.keep(heldBy("ana", 1))
			f.preview = id
			h.decide(holder("ana"), f)
		}
		h.drop(holder("ana"), "", "i1")
		if len(h.list()) != 1 || h.list()[0].preview != "i2" {
			t.Errorf("held: %v", h.list())
		}
		h.drop(holder("ana"), "", "")
		if len(h.list()) != 1 {
			t.Error("nothing named, and something dropped")
		}
		time.Sleep(heldTime)
	})
}
