package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The crash test kills the real process at random moments while people use it, and then holds what the service kept, and
// what the connector heard, to what was acknowledged. `make crash` runs it for CRASH_TIME; CRASH_SEED repeats the moments
// of a run, though never all of it, because processes are not steered by a seed. In `go test` each is killed three times.

const (
	crashTime = "CRASH_TIME"
	crashSeed = "CRASH_SEED"
	// usualKills is how often a process is killed where no time is set.
	usualKills = 3
)

// killer ends one process after the other.
type killer struct {
	t     *testing.T
	moods *rand.Rand // only the killer draws from it
	seed  uint64
	until time.Time // zero: usualKills
	kills int
}

func newKiller(t *testing.T) *killer {
	t.Helper()
	k := &killer{t: t, seed: uint64(time.Now().UnixNano())}
	if text := os.Getenv(crashSeed); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", crashSeed, err)
		}
		k.seed = seed
	}
	if text := os.Getenv(crashTime); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("%s: %v", crashTime, err)
		}
		k.until = time.Now().Add(d)
	}
	k.moods = rand.New(rand.NewPCG(k.seed, 0))
	return k
}

// rampage lets the process live for a random while and kills it, again and again. The last one stays.
func (k *killer) rampage(kill func()) {
	for k.until.IsZero() && k.kills < usualKills || time.Now().Before(k.until) {
		time.Sleep(200*time.Millisecond + time.Duration(k.moods.IntN(1800))*time.Millisecond)
		kill()
		k.kills++
	}
}

// found says what came out, with what is needed to try it again.
func (k *killer) found(format string, args ...any) {
	k.t.Logf("%d kills, seed %d: %s", k.kills, k.seed, fmt.Sprintf(format, args...))
}

// adder is somebody who adds contacts, each message once more when it was not acknowledged, as Teams does.
type adder struct {
	person
	added []string // the addresses of those that were acknowledged
}

// adds sends one message after the other until stop is closed.
func (a *adder) adds(w *world, service *atomic.Pointer[running], stop <-chan struct{}) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-%05d", a.id[len(a.id)-2:], n) // in no other name
		activity := w.message(a.person, fmt.Sprintf("add %s %s, %s", coinedWord(a.id, n), coinedWord(name, n), name+"@contoso.example"))
		for acknowledged := false; !acknowledged; time.Sleep(30 * time.Millisecond) {
			s := service.Load()
			status, _, err := s.post(w.sound(), encoded(activity))
			acknowledged = err == nil && status == http.StatusOK
		}
		a.added = append(a.added, name+"@contoso.example")
		select {
		case <-stop:
			return
		case <-time.After(600 * time.Millisecond): // Teams takes two answers a second in a chat
		}
	}
}

// coinedWord makes up a name that is like no other.
func coinedWord(of string, n int) string {
	r := rand.New(rand.NewPCG(uint64(n), uint64(len(of))))
	for _, c := range of {
		r = rand.New(rand.NewPCG(r.Uint64(), uint64(c)))
	}
	word := []byte{byte('A' + r.IntN(26))}
	for range 9 {
		word = append(word, byte('a'+r.IntN(26)))
	}
	return string(word)
}

// TestCrashContacts: of the contacts that people add while the process is killed none that was acknowledged is lost and none
// is there twice; everybody is answered or told that their answer was lost, and no more answers are doubled than were on
// their way at a kill.
func TestCrashContacts(t *testing.T) {
	t.Parallel()
	const people = 8
	w, k := newWorld(t), newKiller(t)
	adders := make([]*adder, people)
	for i := range adders {
		adders[i] = &adder{person: person{north, fmt.Sprintf("aaaaaaaa-0000-4000-8000-0000000001%02d", i), "Crash Planted-Northname"}}
		w.connector.members[adders[i].id] = adders[i].person
	}
	var service atomic.Pointer[running]
	service.Store(w.spawn())
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for _, a := range adders {
		busy.Go(func() { a.adds(w, &service, stop) })
	}
	k.rampage(func() {
		service.Load().kill()
		service.Store(w.spawn())
	})
	close(stop)
	busy.Wait()
	s := service.Load()
	all, doubled, told := 0, 0, 0
	for _, a := range adders {
		said := w.quiet(a.chat())
		apologies := countAll(said, "Please ask me again")
		unheard := 0
		for _, address := range a.added {
			if n := s.contacts(a.person, address); n != 1 {
				t.Errorf("%s was acknowledged, and is there %d times", address, n)
			}
			heard := countAll(said, address)
			if heard == 0 {
				unheard++
			}
			doubled += max(0, heard-1)
		}
		if unheard > apologies {
			t.Errorf("%d answers are missing, and %d times the person was told so", unheard, apologies)
		}
		all, told = all+len(a.added), told+apologies
	}
	k.found("%d contacts were acknowledged and are there once; %d answers came twice, %d were lost and their person told so", all, doubled, told)
	if doubled > k.kills*people {
		t.Errorf("%d answers came twice, and %d at most were on their way", doubled, k.kills*people)
	}
}

// countAll counts the messages that hold a text.
func countAll(messages []string, text string) int {
	return len(slices.DeleteFunc(slices.Clone(messages), func(m string) bool { return !strings.Contains(m, text) }))
}

// contacts asks the search how many contacts have an address.
func (s *running) contacts(p person, address string) int {
	s.w.t.Helper()
	status, answer := s.send(s.w.query(p, address))
	var found struct {
		ComposeExtension struct {
			Attachments []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil || status != http.StatusOK {
		s.w.t.Fatalf("the search: %d %v", status, err)
	}
	n := 0
	for _, a := range found.ComposeExtension.Attachments {
		if strings.Contains(string(a), address) {
			n++
		}
	}
	return n
}

// TestCrashImages: of the pictures that somebody saves while the process is killed each is whole or absent, none is there
// twice, and none is absent of which it was said that it is saved.
func TestCrashImages(t *testing.T) {
	t.Parallel()
	o, k := newOffice(t), newKiller(t)
	s := o.opens()
	o.does(o.signs([]string{"ana"}))
	stop := make(chan struct{})
	saved := map[string]bool{} // by name, whether that was said
	var busy sync.WaitGroup
	busy.Go(func() {
		me := o.story
		for n, stopped := 0, false; ; n++ {
			name := fmt.Sprintf("crash-%03d.png", n)
			if me.attach([]string{"berth.png", "640x480"}) == nil && me.hears("resize 320", 5*time.Second) {
				saved[name] = me.hears("save as "+name, 5*time.Second) && strings.Contains(strings.Join(sentences(me.card), " "), "Saved as")
			}
			me.files = nil
			if stopped && saved[name] || n > 1000 {
				return // the last one was saved in peace
			}
			select {
			case <-stop:
				stopped = true
			default:
			}
		}
	})
	k.rampage(func() {
		o.dies(s)
		s = o.opens()
	})
	close(stop)
	busy.Wait()
	time.Sleep(time.Second) // what was begun ends
	there, told := o.holds("ana", "crash-"), 0
	for _, f := range there {
		if f.versions != 1 || !strings.HasSuffix(f.path, ".png") || f.size == 0 || strings.Contains(f.path, " 1.png") {
			t.Errorf("in the drive lies %+v", f)
		}
	}
	for name, said := range saved {
		n := len(o.holds("ana", name))
		if said && n != 1 || n > 1 {
			t.Errorf("%s is there %d times, and that it is saved was said: %v", name, n, said)
		}
		if said {
			told++
		}
	}
	k.found("%d pictures were called saved and are there; %d are there, whole and once", told, len(there))
	if len(there) == 0 {
		t.Error("nothing was saved at all")
	}
}

// hears says something and waits for an answer, which a kill may take away.
func (s *story) hears(words string, within time.Duration) bool {
	before, err := s.botMessages()
	if err != nil || s.write([]string{words}) != nil {
		return false
	}
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if all, err := s.botMessages(); err == nil && len(all) > len(before) {
			return s.look(all[len(all)-1]) == nil
		}
	}
	return false
}
