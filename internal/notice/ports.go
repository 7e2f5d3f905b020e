package notice

import (
	"context"
	"errors"
	"time"

	"teamspro/internal/identity"
)

// Outbox keeps events, gatherings and notices. Each call is one transaction; one that returned without error is on disk.
// Events enter it in the transaction of the change that caused them, by the store itself.
type Outbox interface {
	// Events gives events that nobody has sorted yet, oldest first, of all tenants; of each tenant those after a number only.
	Events(ctx context.Context, after map[identity.Tenant]uint64, limit int) ([]Unsorted, error)
	// Sort takes events out and adds each to the gathering of each of its places; a gathering that is there keeps its number
	// and the earlier Due. An event that was sorted before is left alone. A burst is sorted with one call.
	Sort(ctx context.Context, t identity.Tenant, sorted []Sorted) error
	// Gatherings gives those that are due, and when the next one will be; zero when there is none.
	Gatherings(ctx context.Context, now time.Time, limit int) (due []Owned, next time.Time, err error)
	// Standing tells whether a message of a product to a conversation is not sent yet.
	Standing(ctx context.Context, t identity.Tenant, p Place) (bool, error)
	// Postpone gives a gathering another Due; nothing happens when it is gone or has another number.
	Postpone(ctx context.Context, t identity.Tenant, g Gathering, due time.Time) error
	// Tell puts a notice in the place of a gathering, or nothing when n is nil or its key is known. Stale when the gathering has
	// another number, or has grown since it was read.
	Tell(ctx context.Context, t identity.Tenant, g Gathering, n *Notice) error

	// Add adds notices; those whose key is known are left out.
	Add(ctx context.Context, notices []Notice) error
	// Due gives notices that are to be sent now, the oldest first, less those in except, and when the next will be due; zero
	// when there is none. Of a conversation, or of a person's chat, it gives the oldest only, by the order
	// of ids, and none while that is being sent or waits for another try. except is asked from the oldest on,
	// with no more than Tenant, ID, Place and Person, so that those left out need not be read whole; it keeps count of what it
	// let pass, and may be asked about several of one conversation.
	Due(ctx context.Context, now time.Time, limit int, except func(*Notice) bool) (due []Notice, next time.Time, err error)
	// Turns notes what became of notices, and that others are being sent now, in one transaction. An end counts the try. A
	// notice that does not wait any more, as it was dropped meanwhile, is not sent: begun is false in its place. Where an
	// announcement was recalled or corrected while a copy of it was on its way (Announcement.Follow), the end of that copy
	// adds what brings it up to date.
	Turns(ctx context.Context, done []Outcome, begin []Notice) (begun []bool, err error)
	// Interrupted makes those that were being sent when the service died Waiting again, with Again set, and gives how many.
	Interrupted(ctx context.Context) (int, error)
	// DropPlace drops everything that waits for a place; every product when that is empty.
	DropPlace(ctx context.Context, t identity.Tenant, p Place) error
	// Purge removes what is older than it is kept: final notices, keys, announcements.
	Purge(ctx context.Context, now time.Time) error
	// Waiting counts the notices that are not final.
	Waiting(ctx context.Context) (int, error)
	// Changed is signalled after something new may be there.
	Changed() <-chan struct{}
}

// Announcements keeps announcements and what became of them.
type Announcements interface {
	// Announce keeps a new announcement and its notices, in one transaction. One with an id that is known changes nothing and
	// gives the one that is there.
	Announce(ctx context.Context, t identity.Tenant, a Announcement, notices []Notice) (Announcement, error)
	// Announcement reads one; NotFound.
	Announcement(ctx context.Context, t identity.Tenant, id string) (Announcement, error)
	// Latest are a person's own, the newest first; those of everybody when by is empty.
	Latest(ctx context.Context, t identity.Tenant, by identity.Person, limit int) ([]Announcement, error)
	// Change changes one and adds the notices that change makes, in one transaction; it may run more than once. It gets what was
	// sent so far. What a correction or a recall means for that is added by itself (Announcement.Follow), and the notices that
	// have not begun yet are dropped when it recalls.
	Change(ctx context.Context, t identity.Tenant, id string, change func(a *Announcement, sent []Notice) ([]Notice, error)) (Announcement, error)
	// Copies are the notices that posted an announcement.
	Copies(ctx context.Context, t identity.Tenant, id string) ([]Notice, error)
	// Acknowledge notes that a person has seen it; first tells whether they had not said so before.
	Acknowledge(ctx context.Context, t identity.Tenant, id string, p identity.Person, at time.Time) (first bool, err error)
	// Acknowledged tells whether a person said that they have seen it.
	Acknowledged(ctx context.Context, t identity.Tenant, id string, p identity.Person) (bool, error)
}

// Unsorted is an event of a tenant, with its number in the order of events.
type Unsorted struct {
	Tenant identity.Tenant
	Number uint64
	Event  Event
}

// Dated is a place and when it is to be told.
type Dated struct {
	Place
	Due time.Time
}

// Sorted is an event, by its number, and the places that are to be told of it; none when nobody is.
type Sorted struct {
	Number uint64
	To     []Dated
}

// Owned is a gathering of a tenant.
type Owned struct {
	Tenant identity.Tenant
	Gathering
}

// Outcome is what became of a notice.
type Outcome struct {
	Notice   Notice // as it was begun, but for Again, which may be set since
	State    State
	Activity string    // of the message
	Why      string    // the connector's code
	Due      time.Time // when to try again, for Waiting
	Began    time.Time // when the sender began, by the clock that announcements are changed by
}

// Subscriptions tells what conversations want; internal/configuration has it.
type Subscriptions interface {
	// Subscriptions are those of a tenant that want anything.
	Subscriptions(ctx context.Context, t identity.Tenant) ([]Subscription, error)
	// Subscription is that of one conversation; Wishes without Kinds when it wants nothing.
	Subscription(ctx context.Context, t identity.Tenant, c identity.Conversation) (Subscription, error)
}

// Audience tells whom an event concerns: the conversation is one whose members may see what it is about.
type Audience interface {
	Concerns(ctx context.Context, t identity.Tenant, e Event, c identity.Conversation) (bool, error)
}

// Sender says notices; bot has it. A fault of kind Busy is tried again later; NotFound and Denied mean that the place is
// gone for good, but NotFound of an Update or Remove only that the message is; any other is final for the notice.
// ErrPossibly means that it may have been said. An error that is a Refusal, or wraps one, tells more.
//
// The context has a deadline (SendTime, or up to a third sooner) and outlives the call; who would have to wait for longer is Busy
// at once, with a pause.
type Sender interface {
	// Send gives the id of the message. Nothing left to say gives ErrNothing.
	Send(ctx context.Context, n Notice) (activity string, err error)
	// Gone takes back what is known of a place that cannot be reached any more, and gives who set it up, to be told; empty
	// when nobody is.
	Gone(ctx context.Context, t identity.Tenant, p Place) (identity.Person, error)
}

// Refusal is what an error of a Sender may tell besides its kind.
type Refusal interface {
	error
	// Reason is the connector's code, for Notice.Why; never its words.
	Reason() string
	// Pause is how long to wait before trying again; 0 when that is not known.
	Pause() time.Duration
}

// Lost is the Reason of a Refusal when no answer came to what was sent: it may have been carried out.
const Lost = "lost"

// What a Sender says besides faults.
var (
	// ErrPossibly means that the message went out, twice at most, and that no answer came: it may be there.
	ErrPossibly = errors.New("notice: possibly sent")
	// ErrNothing means that nothing is left to say: what it was about is gone, or not for this place any more.
	ErrNothing = errors.New("notice: nothing left to say")
)
