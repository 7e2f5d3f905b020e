package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

// maxLog bounds the log of what went over the wire.
const maxLog = 200

// event is something that happened, as the page hears of it.
type event struct {
	Type         string   `json:"type"` // message, update, delete, typing, world, activity, drive, clock, faults
	Conversation string   `json:"conversation,omitempty"`
	Message      *message `json:"message,omitempty"`
	Entry        *entry   `json:"entry,omitempty"` // of the log
}

// entry is one request between Microsoft 365 and the bot. "in" goes to the bot, "out" comes from it.
type entry struct {
	Direction string          `json:"direction"`
	At        time.Time       `json:"at"`
	Method    string          `json:"method"`
	Path      string          `json:"path"`
	Status    int             `json:"status"` // 0: no answer
	Name      string          `json:"name"`   // activity type, invoke name or operation
	MS        int64           `json:"ms"`
	Token     string          `json:"token"` // the bearer token, shortened
	Request   json.RawMessage `json:"request,omitempty"`
	Response  json.RawMessage `json:"response,omitempty"`
}

// stream is who listens.
type stream struct{ listeners []*listener }

type listener struct {
	who    string
	events chan event
}

func everyone(string) bool { return true }

// listen subscribes a person. The channel closes when the listener is too slow, and with stop.
func (w *world) listen(who string) (events <-chan event, stop func()) {
	l := &listener{who: who, events: make(chan event, 256)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stream.listeners = append(w.stream.listeners, l)
	return l.events, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.drop(l)
	}
}

// publish tells those who may hear it. The caller holds the lock; a listener that is too slow is dropped and asks again.
func (w *world) publish(e event, to func(who string) bool) {
	for _, l := range slices.Clone(w.stream.listeners) {
		if !to(l.who) {
			continue
		}
		select {
		case l.events <- e:
		default:
			w.drop(l)
		}
	}
}

func (w *world) drop(l *listener) {
	if i := slices.Index(w.stream.listeners, l); i >= 0 {
		w.stream.listeners = slices.Delete(w.stream.listeners, i, i+1)
		close(l.events)
	}
}

// stir tells everyone of an event.
func (w *world) stir(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.publish(e, everyone)
}

// record keeps an entry of the log and tells everyone.
func (w *world) record(e entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, e)
	w.log = w.log[max(0, len(w.log)-maxLog):]
	w.publish(event{Type: "activity", Entry: &e}, everyone)
}

// activity lists the log, oldest first.
func (w *world) activity() []entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]entry{}, w.log...)
}
