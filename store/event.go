package store

import (
	"fmt"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// happened lets the conversations that want to hear of a kind do so. It belongs to the transaction of what caused the
// event; where nobody wants to hear of its kind, nothing is written.
func (s *shared) happened(e notice.Event) error {
	if s.bucket(bucketWanted).Get([]byte(e.Kind)) == nil {
		return nil
	}
	b := s.bucket(bucketEvents)
	n, err := b.NextSequence()
	if err != nil {
		return fmt.Errorf("an event gets no number: %w", err)
	}
	s.atEnd(bucketEvents)
	s.work.then((*queue).signal)
	return save(b, "store.happened", numberKey(n), newEvent(e))
}

// eventRecord is notice.Event.
type eventRecord struct {
	Key          string    `json:"key"`
	Kind         string    `json:"kind"`
	At           time.Time `json:"at"`
	By           string    `json:"by,omitempty"`
	Conversation string    `json:"conversation,omitempty"`
	Book         string    `json:"book,omitempty"`
	Contact      string    `json:"contact,omitempty"`
	Drive        string    `json:"drive,omitempty"`
	Item         string    `json:"item,omitempty"`
	Count        int       `json:"count,omitempty"`
	Times        int       `json:"times,omitempty"`
}

func newEvent(e notice.Event) eventRecord {
	return eventRecord{e.Key, string(e.Kind), e.At.UTC(), string(e.By), string(e.Conversation), e.Book, e.Contact, e.Drive, e.Item, e.Count, e.Times}
}

func (r eventRecord) event() notice.Event {
	return notice.Event{Key: r.Key, Kind: notice.Kind(r.Kind), At: r.At, By: identity.Person(r.By), Conversation: identity.Conversation(r.Conversation),
		Book: r.Book, Contact: r.Contact, Drive: r.Drive, Item: r.Item, Count: r.Count, Times: r.Times}
}
