package contact

// The making of segments. One goroutine per tenant at a time does it, without the lock while it works, and ends when
// there is nothing more to do.

const (
	// overlayFull is how many slots an overlay has before it becomes a segment. It is searched word by word, so it
	// stays small.
	overlayFull = 4096
	// bulkFull is the same while many contacts come in and nobody searches yet.
	bulkFull = 65_536
	// tierWidth is how many segments of about one size are made one.
	tierWidth = 6
)

// tend starts the making of segments when there is something to do. The lock is held.
func (t *tenantIndex) tend() {
	if t.tending || len(t.active.slots) < t.limit() {
		return
	}
	t.tending = true
	go t.work()
}

func (t *tenantIndex) limit() int {
	if t.loading > 0 {
		return bulkFull
	}
	return t.full
}

// load says that many contacts come in, until done is called.
func (t *tenantIndex) load() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loading++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.loading--
		t.tend()
	}
}

func (t *tenantIndex) work() {
	for {
		t.mu.Lock()
		job := t.next()
		if job == nil {
			t.tending = false
			t.idle.Broadcast()
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		t.carryOut(job)
	}
}

// fold makes one segment of everything, and waits for it.
func (t *tenantIndex) fold() {
	t.mu.Lock()
	for t.tending {
		t.idle.Wait()
	}
	t.tending = true
	job := t.jobOf(t.segments, true)
	t.mu.Unlock()
	if len(job.segments) != 1 || job.segments[0].hidden.n > 0 || len(job.slots) > 0 {
		t.carryOut(job)
	}
	t.mu.Lock()
	t.frozen, t.tending = nil, false
	t.idle.Broadcast()
	t.tend()
	t.mu.Unlock()
}

// job is segments and slots to make one segment of.
type job struct {
	segments []placed
	overlay  *overlay // frozen, or nil
	slots    []uint32 // of the overlay, those that were not empty
	books    []BookID // by number at the tenant
	often    often
}

// next says what is to be done; nil when that is nothing. The lock is held.
func (t *tenantIndex) next() *job {
	if len(t.active.slots) >= t.limit() {
		return t.jobOf(nil, true)
	}
	tiers := map[int][]placed{}
	for _, p := range t.segments {
		if p.hidden.n > p.n/2 {
			return t.jobOf([]placed{p}, false)
		}
		tier := 0
		for size := p.n; size > t.full*2; size /= tierWidth {
			tier++
		}
		tiers[tier] = append(tiers[tier], p)
		if len(tiers[tier]) == tierWidth {
			return t.jobOf(tiers[tier], false)
		}
	}
	return nil
}

// jobOf describes a job, and freezes the overlay when that is part of it. The lock is held.
func (t *tenantIndex) jobOf(segments []placed, overlay bool) *job {
	j := &job{segments: append([]placed(nil), segments...), often: t.often}
	if overlay {
		t.frozen, t.active = t.active, newOverlay()
		j.overlay, j.slots = t.frozen, t.frozen.remaining()
	}
	for _, b := range t.books {
		j.books = append(j.books, b.id)
	}
	return j
}

// carryOut makes the segment and puts it in the place of what it was made of. What was hidden meanwhile is hidden in it.
func (t *tenantIndex) carryOut(j *job) {
	made, origins := j.build()
	t.mu.Lock()
	defer t.mu.Unlock()
	now := make(map[*segment]hiddenDocs, len(j.segments))
	var kept []placed
	for _, p := range t.segments {
		if j.has(p.segment) {
			now[p.segment] = p.hidden
			continue
		}
		kept = append(kept, p)
	}
	var h hiddenDocs
	for doc, o := range origins {
		gone := o.segment == nil && !j.overlay.live[o.n]
		if o.segment != nil {
			gone = now[o.segment].has(o.n)
		}
		if gone {
			h = h.with(uint32(doc))
		}
	}
	if made != nil && h.n < made.n {
		kept = append(kept, t.place(made, h))
	}
	t.segments = kept
	if j.overlay != nil {
		t.frozen = nil
	}
}

func (j *job) has(s *segment) bool {
	for _, p := range j.segments {
		if p.segment == s {
			return true
		}
	}
	return false
}

// place gives the books of a segment their numbers. The lock is held.
func (t *tenantIndex) place(s *segment, h hiddenDocs) placed {
	p := placed{segment: s, hidden: h, books: make([]uint32, len(s.books))}
	for i, b := range s.books {
		p.books[i] = t.book(b)
	}
	return p
}
