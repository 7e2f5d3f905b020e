// Package notice tells conversations what they asked to hear of: it gathers what happened until it is time to say it, keeps
// what is to be said in an outbox on disk, and sends each notice once, as far as the connector allows.
//
// A notice names things by their ids. What they are called, and whether the conversation may still see them, is found out
// when it is sent; nothing of it is kept. It knows no cards and no connector: bot sends, store keeps.
package notice

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/identity"
)

// Kind is a sort of event that a conversation can subscribe to: its product and what happened.
type Kind string

// The kinds.
const (
	ContactAdded   Kind = "contact-added"
	ContactChanged Kind = "contact-changed"
	ContactDeleted Kind = "contact-deleted"
	ImportDone     Kind = "contact-imported"
	ImageSaved     Kind = "image-saved"
	ImagePinned    Kind = "image-pinned"
	ImageNew       Kind = "image-new" // in the folder that is the conversation's library, found by Graph
)

// Kinds are all of them, in the order in which people are asked.
func Kinds() []Kind {
	return []Kind{ContactAdded, ContactChanged, ContactDeleted, ImportDone, ImageSaved, ImagePinned, ImageNew}
}

// Product is the app that tells of a kind: "contact" or "image".
func (k Kind) Product() string {
	product, _, _ := strings.Cut(string(k), "-")
	return product
}

// Event is something that happened.
type Event struct {
	// Key is the same however often the event is told, and another for each event of a tenant.
	Key  string
	Kind Kind
	At   time.Time
	By   identity.Person // empty when nobody of the organisation did it, or it is not known who
	// Conversation is where it happened, for images; for contacts it is empty, and the book says whom it concerns.
	Conversation identity.Conversation
	Book         string
	Contact      string
	Drive, Item  string // of an image
	Count        int    // how many contacts an import brought; 0 is one
	// Times is how often it happened to the same thing, where Gathering.Add made one event of several; 0 is once. Of a contact
	// that was deleted it is how often it was changed before.
	Times int
}

// Wishes are what a conversation wants to hear of, and when.
type Wishes struct {
	Kinds []Kind // none: nothing
	// Daily gathers what happened for one notice a day, At minutes after midnight; otherwise it is told at once.
	Daily bool
	At    int
	// Workdays leaves out Saturdays and Sundays: what happens then is told with the next notice.
	Workdays bool
	// Quiet are hours in which nothing is told; what happens then is told at their end.
	Quiet Quiet
}

// Quiet are hours of each day, in minutes after midnight, from From until before To; over midnight when To is the smaller.
// Equal ends mean none.
type Quiet struct{ From, To int }

// Wants tells whether a kind is among the wishes.
func (w Wishes) Wants(k Kind) bool { return slices.Contains(w.Kinds, k) }

// Subscription is what a conversation wants, with everything that counts for it decided: its own choice, or the
// organisation's.
type Subscription struct {
	Conversation identity.Conversation
	Team         string // the thread id of the team of a channel; empty elsewhere
	Wishes       Wishes
	Zone         string // IANA name; "" is UTC
	Language     string // of what is said there; "" is English
	By           identity.Person
}

// Place is where a product speaks in a conversation.
type Place struct {
	Conversation identity.Conversation
	Product      string
}

// Op is what a notice does.
type Op string

// The operations.
const (
	Post   Op = "post"
	Update Op = "update" // replaces a message that was sent before
	Remove Op = "remove" // deletes it
)

// State is how far a notice has come.
type State string

// The states. A notice in Sending whose sender is no more was possibly sent: nobody can ask the connector.
const (
	Waiting  State = "waiting"
	Sending  State = "sending"
	Sent     State = "sent"
	Possibly State = "possibly" // it went out, no answer came, and it is not tried a third time
	Failed   State = "failed"   // the connector refuses it for good
	Dropped  State = "dropped"  // it is not wanted any more: the place is gone, or there is nothing left to say
)

// Final tells whether nothing more will be tried.
func (s State) Final() bool { return s != Waiting && s != Sending }

// Notice is one message to be sent, changed or removed in one place.
type Notice struct {
	Tenant identity.Tenant
	// ID names it in its tenant, as NewID or NewIDs made it; ids sort by the time at which they were made.
	ID string
	// Key makes it idempotent: a second notice with the key of one that was kept within KeysKept is none.
	Key string
	Place
	// Team is the thread id of the team of the conversation, where it is a channel of which only the team is known.
	Team string
	// Person is to whom it is said in their personal chat, where Conversation is empty.
	Person identity.Person
	Op     Op
	// Of is the notice whose message is changed or removed; Activity is the id of that message.
	Of       string
	Activity string
	Content  Content
	Due      time.Time
	State    State
	Tries    int
	// Again is set when a sender died between sending and noting it, and when an answer was lost: the message may be there twice.
	Again bool
	// Why is the connector's code of the last failure; never its words.
	Why string
	At  time.Time // of the last change of State
}

// NewID makes the id of a notice that is made now: the milliseconds since 1970 in twelve hexadecimal digits, then chance.
func NewID(now time.Time) string {
	return fmt.Sprintf("%012x", max(now.UnixMilli(), 0)) + strings.ToLower(rand.Text()[:16])
}

// maxInRow is how many ids have the same beginning.
const maxInRow = 1000

// NewIDs makes the ids of notices that are made together: what NewID makes, a dot, and the place of each in three digits. Such
// notices can be kept together. Of more than a thousand each thousand has its own beginning.
func NewIDs(now time.Time, n int) []string {
	ids, row := make([]string, n), ""
	for i := range ids {
		if i%maxInRow == 0 {
			row = NewID(now)
		}
		ids[i] = IDInRow(row, i%maxInRow)
	}
	return ids
}

// IDInRow is the id of a notice by what NewIDs gave all of its row, and its place among them, 0 to 999.
func IDInRow(row string, place int) string {
	return row + string([]byte{'.', '0' + byte(place/100%10), '0' + byte(place/10%10), '0' + byte(place%10)})
}

// SplitID is the reverse of IDInRow; ok is false for an id that NewIDs did not make.
func SplitID(id string) (row string, place int, ok bool) {
	if len(id) != rowLength+4 || id[rowLength] != '.' {
		return "", 0, false
	}
	for _, digit := range []byte(id[rowLength+1:]) {
		if digit < '0' || digit > '9' {
			return "", 0, false
		}
		place = 10*place + int(digit-'0')
	}
	return id[:rowLength], place, true
}

// rowLength is how long an id is that NewID makes.
const rowLength = 28

// Made is when the notice was made, by its id; zero for an id that neither NewID nor NewIDs made.
func (n Notice) Made() time.Time {
	if len(n.ID) < 12 {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(n.ID[:12], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// KeysKept is how long keys are remembered.
const KeysKept = 31 * 24 * time.Hour

// Content is what a notice says: exactly one of the three.
type Content struct {
	Gathering    *Gathering
	Announcement string // its id; the text is that of its version when it is sent
	Version      int
	// Lost is a conversation that cannot be reached any more; its owner is told once.
	Lost identity.Conversation
}
