package bot

import (
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/internal/notice"
)

// bulletin stands for the store: announcements, the notices they made, and who has seen them.
type bulletin struct {
	mu      sync.Mutex
	all     map[string]notice.Announcement
	seen    map[string]map[identity.Person]bool
	notices []notice.Notice
	keys    map[string]bool
}

func newBulletin() *bulletin {
	return &bulletin{all: map[string]notice.Announcement{}, seen: map[string]map[identity.Person]bool{}, keys: map[string]bool{}}
}

func (m *bulletin) add(notices []notice.Notice) {
	for _, n := range notices {
		if n.Key == "" || !m.keys[n.Key] {
			m.keys[n.Key] = true
			m.notices = append(m.notices, n)
		}
	}
}

func (m *bulletin) Announce(_ context.Context, t identity.Tenant, a notice.Announcement, notices []notice.Notice) (notice.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := string(t) + a.ID
	if known, there := m.all[id]; there {
		return known, nil
	}
	m.all[id] = a
	m.add(notices)
	return a, nil
}

func (m *bulletin) read(t identity.Tenant, id string) (notice.Announcement, error) {
	a, there := m.all[string(t)+id]
	if !there {
		return a, fault.Wrap(fault.NotFound, "bulletin", nil)
	}
	a.Seen = len(m.seen[string(t)+id])
	return a, nil
}

func (m *bulletin) Announcement(_ context.Context, t identity.Tenant, id string) (notice.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(t, id)
}

func (m *bulletin) Latest(_ context.Context, t identity.Tenant, by identity.Person, limit int) (own []notice.Announcement, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, a := range m.all {
		if (by == "" || a.By == by) && strings.HasPrefix(id, string(t)) {
			a.Seen = len(m.seen[id])
			own = append(own, a)
		}
	}
	slices.SortFunc(own, func(x, y notice.Announcement) int { return y.At.Compare(x.At) })
	return own[:min(limit, len(own))], nil
}

func (m *bulletin) Change(_ context.Context, t identity.Tenant, id string, change func(*notice.Announcement, []notice.Notice) ([]notice.Notice, error)) (notice.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.read(t, id)
	if err != nil {
		return a, err
	}
	before := a
	sent := slices.DeleteFunc(m.copies(t, id), func(n notice.Notice) bool { return n.State != notice.Sent && n.State != notice.Possibly })
	more, err := change(&a, sent)
	if err != nil {
		return notice.Announcement{}, err
	}
	for i, n := range m.notices {
		if before.Recalled.IsZero() && !a.Recalled.IsZero() && n.Content.Announcement == id && n.State == notice.Waiting {
			m.notices[i].State = notice.Dropped
		}
	}
	m.all[string(t)+id] = a
	m.add(more)
	for _, n := range sent {
		m.follow(a, n)
	}
	return a, nil
}

func (m *bulletin) follow(a notice.Announcement, post notice.Notice) {
	if n, needed := a.Follow(post, a.At); needed {
		m.add([]notice.Notice{n})
	}
}

func (m *bulletin) copies(t identity.Tenant, id string) (copies []notice.Notice) {
	for _, n := range m.notices {
		if n.Tenant == t && n.Content.Announcement == id && n.Op == notice.Post {
			copies = append(copies, n)
		}
	}
	return copies
}

func (m *bulletin) Copies(_ context.Context, t identity.Tenant, id string) ([]notice.Notice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.copies(t, id), nil
}

func (m *bulletin) Acknowledge(_ context.Context, t identity.Tenant, id string, p identity.Person, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who := m.seen[string(t)+id]
	if who == nil {
		who = map[identity.Person]bool{}
		m.seen[string(t)+id] = who
	}
	first := !who[p]
	who[p] = true
	return first, nil
}

func (m *bulletin) Acknowledged(_ context.Context, t identity.Tenant, id string, p identity.Person) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[string(t)+id][p], nil
}

// waiting are the notices that were not sent yet.
func (m *bulletin) waiting() (waiting []notice.Notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.notices {
		if n.State == notice.Waiting {
			waiting = append(waiting, n)
		}
	}
	return waiting
}

func (m *bulletin) set(id string, state notice.State, activity string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.notices {
		if n := &m.notices[i]; n.ID == id {
			flying := n.State == notice.Sending
			n.State, n.Activity = state, activity
			if flying {
				m.follow(m.all[string(n.Tenant)+n.Content.Announcement], *n)
			}
		}
	}
}

// wish is what a conversation decided.
type wish map[identity.Conversation]notice.Subscription

func (w wish) Subscriptions(context.Context, identity.Tenant) ([]notice.Subscription, error) {
	return nil, nil
}

func (w wish) Subscription(_ context.Context, _ identity.Tenant, c identity.Conversation) (notice.Subscription, error) {
	return w[c], nil
}

const hallPlans = "19:plans@thread.tacv2"

// square is a hall whose bot is both products, with a team of two channels, and announcements.
type square struct {
	*hall
	board *bulletin
	wish  wish
	clock time.Time
}

func newSquare(t *testing.T) *square {
	s := &square{hall: newHall(t), board: newBulletin(), wish: wish{}, clock: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	s.service.channels[hallTeam] = []map[string]any{{"id": hallTeam}, {"id": hallPlans, "name": "Plans"}}
	s.merge()
	c := s.bot.Config
	c.Watcher = image.NewWatcher(image.WatcherConfig{Gallery: c.Gallery, Watches: s.db.Watches(), Now: func() time.Time { return s.clock }})
	c.Announcements, c.Subscriptions, c.Now = s.board, s.wish, func() time.Time { return s.clock }
	s.bot = New(c)
	for _, ref := range []identity.Reference{
		{Conversation: hallTeam, Place: identity.Channel, Team: hallTeam, Installer: "ana"}, {Conversation: hallChat, Place: identity.GroupChat, Installer: "ben", Locale: "fr-FR"},
		{Conversation: "a:ana", Place: identity.Personal, Installer: "ana"},
	} {
		ref.App, ref.ServiceURL = connApp, smba
		if err := s.bot.Conversations.Remember(t.Context(), deskTenant, ref); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// deliver sends what waits, as the runner does, and gives what came of each.
func (s *square) deliver() (became []string) {
	s.t.Helper()
	for _, n := range s.board.waiting() {
		activity, err := s.bot.Sender().Send(s.t.Context(), n)
		state := notice.Sent
		switch {
		case errors.Is(err, notice.ErrNothing):
			state = notice.Dropped
		case err != nil:
			state = notice.Failed
		}
		s.board.set(n.ID, state, activity)
		became = append(became, fmt.Sprint(n.Op, " ", n.Conversation, " ", state))
	}
	return became
}

// standing is what stands in a conversation, the newest message last.
func (s *square) standing(c string) []string {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	var all []string
	for n := range s.service.last + 1 {
		if raw := s.service.messages[c][fmt.Sprint("message-", n)]; raw != "" {
			all = append(all, strings.ReplaceAll(raw, `\\`, ""))
		}
	}
	return all
}

func (s *square) tell(g notice.Gathering) (string, error) {
	g.Place = notice.Place{Conversation: identity.Conversation(stdcmp.Or(string(g.Conversation), hallTeam)), Product: string(Both)}
	_, err := s.bot.Sender().Send(s.t.Context(), notice.Notice{Tenant: deskTenant, ID: notice.NewID(s.clock), Place: g.Place, Op: notice.Post, Content: notice.Content{Gathering: &g}})
	all := s.standing(string(g.Conversation))
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[len(all)-1], nil
}

// gathering is what comes of events.
func gathering(events ...notice.Event) (g notice.Gathering) {
	for _, e := range events {
		g.Add(e)
	}
	return g
}

// reads checks what a message says; what begins with "!" it must not.
func reads(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if hidden, not := strings.CutPrefix(w, "!"); strings.Contains(text, hidden) == not {
			t.Errorf("%q: %s", w, text)
		}
	}
}

// A conversation is told of its contacts as they are when it is told, by who did it, and of nothing that it may not see.
func TestGatheringIsTold(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.as("ana", identity.Channel).say("add Marta Weber, marta@fabrikam.example").say("add Li Wei, li@fabrikam.example").say("add Bo Ek, bo@fabrikam.example")
	s.as("ben", identity.Personal).say("add My Dentist, dentist@fabrikam.example")
	ids, books := map[string]string{}, map[string]string{}
	if err := s.db.Contacts().Each(t.Context(), deskTenant, func(c contact.Contact) error {
		ids[c.Name], books[c.Name] = string(c.ID), string(c.Book)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	event := func(kind notice.Kind, name string) notice.Event {
		return notice.Event{Kind: kind, Contact: ids[name], Book: books[name], By: "ben", At: s.clock}
	}
	one, err := s.tell(notice.Gathering{Events: []notice.Event{event(notice.ContactChanged, "Marta Weber")}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, one, "Ben changed Marta Weber.", `"verb":"contact/`+ids["Marta Weber"], `"verb":"settings"`, "!Since", `"summary":"Ben changed Marta Weber."`)

	often, err := s.tell(gathering(event(notice.ContactChanged, "Marta Weber"), event(notice.ContactChanged, "Marta Weber"), event(notice.ContactChanged, "Marta Weber")))
	if err != nil {
		t.Fatal(err)
	}
	reads(t, often, "Marta Weber was changed 3 times, last by Ben.")

	foreign := event(notice.ContactAdded, "My Dentist")
	many, err := s.tell(notice.Gathering{Since: s.clock, More: 230, Left: map[notice.Kind]notice.Left{notice.ContactChanged: {Things: 228, Count: 228}, notice.ImportDone: {Things: 2, Count: 30}}, Events: []notice.Event{foreign, event(notice.ContactAdded, "Li Wei"),
		{Kind: notice.ContactChanged, Contact: ids["Marta Weber"], Book: books["Marta Weber"], By: "ben", Times: 3}, {Kind: notice.ImportDone, Book: books["Li Wei"], Count: 12}, {Kind: notice.ContactChanged, Contact: "gone", Book: books["Li Wei"]},
		{Kind: notice.ContactDeleted, Contact: "gone too", Book: books["Li Wei"]}, {Kind: notice.ContactDeleted, Contact: "unseen", Book: books["My Dentist"]}}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, many, "1 contact added, 229 contacts changed, 1 contact deleted, 42 contacts imported", "Since 20 Nov 2026", "Li Wei", "by Ben", "3 times, last by Ben", "A contact", "230 more", "!Dentist", "!unseen")

	if _, err := s.tell(notice.Gathering{Events: []notice.Event{foreign}}); !errors.Is(err, notice.ErrNothing) {
		t.Errorf("of somebody's own contact: %v", err)
	}
	s.as("ana", identity.Channel).say("delete bo ek").press("Delete")
	trashed, err := s.tell(notice.Gathering{Events: []notice.Event{event(notice.ContactDeleted, "Bo Ek")}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, trashed, "Ben deleted Bo Ek.", `"verb":"trash"`)
	if _, err := s.tell(gathering(event(notice.ContactAdded, "Bo Ek"), event(notice.ContactDeleted, "Bo Ek"))); !errors.Is(err, notice.ErrNothing) {
		t.Errorf("of what came and went: %v", err)
	}
	s.wish[hallTeam] = notice.Subscription{Language: "fr"}
	french, err := s.tell(notice.Gathering{Events: []notice.Event{event(notice.ContactChanged, "Marta Weber")}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, french, "Ben a modifié Marta Weber.")
}

// closed is a policy that shuts guests out everywhere.
type closed struct{}

func (closed) NewMode(context.Context, identity.Tenant) (contact.Mode, error) {
	return contact.Everybody, nil
}

func (closed) GuestsRead(context.Context, identity.Tenant, identity.Conversation) (bool, error) {
	return false, nil
}

// Where guests may look up no contacts and a guest reads what is told, it names none; without a guest it does.
func TestGuestsReadNoNames(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.as("ana", identity.Channel).say("add Marta Weber, marta@fabrikam.example")
	var e notice.Event
	if err := s.db.Contacts().Each(t.Context(), deskTenant, func(c contact.Contact) error {
		e = notice.Event{Kind: notice.ContactAdded, Contact: string(c.ID), Book: string(c.Book), By: "ben", At: s.clock}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	g := notice.Gathering{Since: s.clock, Events: []notice.Event{e}}
	tell := func(words ...string) {
		t.Helper()
		told, err := s.tell(g)
		if err != nil {
			t.Fatal(err)
		}
		reads(t, told, words...)
	}
	tell("Ben added Marta Weber.")
	c := s.bot.Config
	c.Books = contact.New(contact.Config{Shelf: s.db.Contacts(), Chronicle: s.db.Contacts(), Journal: s.db.Contacts(), Library: s.db.Books(), Marks: s.db.Marks(),
		Roster: c.Contact.Roster, Policy: closed{}, Index: contact.NewIndex()})
	s.bot = New(c)
	tell("Ben added a contact.", `"verb":"contact/`+e.Contact, "!Marta")
	g.More = 1
	tell("1 contact added", "A contact", "!Marta")
	s.service.mu.Lock()
	s.service.members[hallTeam] = s.service.members[hallTeam][:2]
	s.service.mu.Unlock()
	g.More = 0
	tell("Ben added Marta Weber.")
}

// A picture is named by the right of who did it there, and else only told of; elsewhere nothing is told.
func TestImagesAreTold(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	item := s.drives.Put(imagetest.Root, "harbour.png", []byte("400x300"))
	e := notice.Event{Kind: notice.ImageSaved, Conversation: hallTeam, Drive: item.Ref.Drive, Item: item.Ref.Item, By: "ben", At: s.clock}
	told, err := s.tell(notice.Gathering{Events: []notice.Event{e}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, told, "Ben saved harbour.png.", `"verb":"item/`, "!\"Image\"")
	e.By = "stranger"
	unnamed, err := s.tell(notice.Gathering{Events: []notice.Event{e}})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, unnamed, "Somebody saved a picture.", "!harbour")
	e.Conversation = hallChat
	if _, err := s.tell(notice.Gathering{Events: []notice.Event{e}}); !errors.Is(err, notice.ErrNothing) {
		t.Errorf("elsewhere: %v", err)
	}
	if got := []string{s.bot.Product(notice.ImageSaved), s.bot.Product(notice.ContactAdded), newDesk(idleRoster()).Product(notice.ContactAdded)}; !slices.Equal(got, []string{"both", "both", ""}) {
		t.Errorf("products %q", got)
	}
}

// What the connector says of a notice decides what becomes of it: later, never here again, or never at all.
func TestNoticesThatFail(t *testing.T) {
	t.Parallel()
	code := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { connRefuse(w, status, code) }
	}
	for name, row := range map[string]struct {
		op     notice.Op
		faults []http.HandlerFunc
		want   string
	}{
		"busy":                   {notice.Post, []http.HandlerFunc{connStatus(503)}, "busy 503 Trouble"},
		"throttled":              {notice.Post, []http.HandlerFunc{connStatus(429, "Retry-After", "7")}, "busy 429 Trouble 7s"},
		"removed":                {notice.Post, []http.HandlerFunc{code(403, "BotNotInConversationRoster")}, "denied 403 BotNotInConversationRoster"},
		"gone":                   {notice.Post, []http.HandlerFunc{code(404, "ConversationNotFound")}, "not_found 404 ConversationNotFound"},
		"another cloud":          {notice.Post, []http.HandlerFunc{code(403, "InvalidBotApiHost")}, "internal 403 InvalidBotApiHost"},
		"too large":              {notice.Post, []http.HandlerFunc{code(413, "MessageSizeTooBig")}, "internal 413 MessageSizeTooBig"},
		"token refused":          {notice.Post, []http.HandlerFunc{connStatus(401), connStatus(401)}, "busy 401 Trouble"},
		"deleted by hand":        {notice.Remove, []http.HandlerFunc{code(404, "ActivityNotFoundInConversation")}, "done"},
		"updated in vain":        {notice.Update, []http.HandlerFunc{code(404, "ActivityNotFoundInConversation")}, "nothing"},
		"deleted with its place": {notice.Remove, []http.HandlerFunc{code(404, "ConversationNotFound")}, "not_found 404 ConversationNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSquare(t)
			s.as("ana", identity.Channel).say("add Marta Weber, marta@fabrikam.example")
			s.service.fail(row.faults...)
			n := s.lost(row.op)
			_, err := s.bot.Sender().Send(t.Context(), n)
			if got := outcomeOf(err); got != row.want {
				t.Errorf("%s (%v), want %s", got, err, row.want)
			}
		})
	}
}

// lost is a notice whose words need nothing.
func (s *square) lost(op notice.Op) notice.Notice {
	return notice.Notice{Tenant: deskTenant, ID: notice.NewID(s.clock), Place: notice.Place{Conversation: hallTeam, Product: "both"}, Op: op, Activity: "message-1",
		Content: notice.Content{Lost: hallChat}}
}

// A notice for which there is no token waits for one: it is the operator's to put right, and nothing is lost meanwhile.
func TestNoticeWithoutToken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want fault.Kind
	}{
		{fault.Wrap(fault.Internal, "auth.AppTokens", errors.New("the secret expired")), fault.Busy},
		{fault.Wrap(fault.Busy, "auth.AppTokens", errors.New("the login service is away")), fault.Busy},
		{fault.Wrap(fault.Internal, "bot.Send", context.Canceled), fault.Internal}, // the service stops
		{&ConnectorError{Code: "service_host"}, fault.Internal},
	} {
		if got := fault.KindOf(saidFault(notice.Notice{Op: notice.Post, Place: notice.Place{Conversation: hallTeam}}, row.err)); got != row.want {
			t.Errorf("%v: %s, expected %s", row.err, got, row.want)
		}
	}
}

func outcomeOf(err error) string {
	var answer *ConnectorError
	switch errors.As(err, &answer); {
	case err == nil:
		return "done"
	case errors.Is(err, notice.ErrPossibly):
		return "possibly"
	case errors.Is(err, notice.ErrNothing):
		return "nothing"
	}
	said := fmt.Sprint(fault.KindOf(err), " ", answer.Status, " ", answer.Reason())
	if answer.Pause() > 0 {
		said += fmt.Sprint(" ", answer.Pause())
	}
	return said
}

// An answer that is lost is worth one repetition, over all calls, whatever the notice says by then; one that a dead process
// may have sent has had its first chance.
func TestLostAnswersOfNotices(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		again bool
		why   string
		want  []string
	}{"a new one": {false, "", []string{"busy 0 lost", "possibly"}}, "one of a dead process": {true, "", []string{"possibly"}}, "one that was lost before": {false, "lost", []string{"possibly"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSquare(t)
			n := s.lost(notice.Post)
			n.Again, n.Why = row.again, row.why
			for i, want := range row.want {
				if i > 0 || row.again || row.why != "" {
					s.service.fail(func(w http.ResponseWriter, _ *http.Request) { connWrite(w, 200, map[string]any{}) }) // it is there
				}
				s.service.fail(connDrop)
				s.wish[hallTeam] = notice.Subscription{Language: []string{"en", "fr"}[i]}
				if _, err := s.bot.Sender().Send(t.Context(), n); outcomeOf(err) != want {
					t.Errorf("try %d: %s (%v), want %s", i, outcomeOf(err), err, want)
				}
			}
		})
	}
}

// When a place is gone its reference is, and who set it up is told in their own chat, where they have the app.
func TestPlaceIsGone(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	place := notice.Place{Conversation: hallChat, Product: "both"}
	s.wish[hallTeam] = notice.Subscription{By: "gil"}
	for _, row := range []struct {
		c    identity.Conversation
		want identity.Person
	}{{hallChat, "ben"}, {hallTeam, "gil"}, {"19:never@thread.v2", ""}} {
		place.Conversation = row.c
		if by, err := s.bot.Sender().Gone(t.Context(), deskTenant, place); err != nil || by != row.want {
			t.Errorf("%s: %q, %v", row.c, by, err)
		}
	}
	if _, err := s.bot.Conversations.Recall(t.Context(), deskTenant, hallChat, connApp); !fault.Is(err, fault.NotFound) {
		t.Errorf("the reference: %v", err)
	}
	shelf := s.db.Configurations()
	decided := configuration.Kept{Conversation: hallTeam, Team: hallTeam, Version: 1, By: "gil", At: s.clock}
	if err := errors.Join(shelf.Save(t.Context(), deskTenant, decided, "dialog"), shelf.Remove(t.Context(), deskTenant, hallTeam, "ana", s.clock)); err != nil {
		t.Fatal(err)
	}
	c := s.bot.Config
	c.Configurations = configuration.New(configuration.Config{Shelf: shelf})
	place.Conversation = hallTeam
	if by, err := New(c).Sender().Gone(t.Context(), deskTenant, place); err != nil || by != "" {
		t.Errorf("where the app was removed: %q, %v", by, err)
	}
	n := notice.Notice{Tenant: deskTenant, ID: "n1", Place: notice.Place{Conversation: hallChat, Product: "both"}, Op: notice.Post, Content: notice.Content{Lost: hallTeam}}
	if _, err := s.bot.Sender().Send(t.Context(), n); !fault.Is(err, fault.NotFound) {
		t.Errorf("into a place that is gone: %v", err)
	}
	n.Conversation, n.Person = "", "ana"
	if _, err := s.bot.Sender().Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	reads(t, strings.Join(s.standing("a:ana"), ""), "I can’t speak in a place", "Add Image Pro there again")
	n.Content.Lost = hallPlans
	s.wish[hallPlans] = notice.Subscription{Team: hallTeam}
	if _, err := s.bot.Sender().Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	n.Person, n.Content.Lost = "ben", hallTeam
	if _, err := s.bot.Sender().Send(t.Context(), n); err != nil || s.service.last == 0 {
		t.Errorf("to somebody who never wrote: %v", err)
	}
	s.service.fail(connStatus(403))
	if _, err := s.bot.Sender().Send(t.Context(), n); !errors.Is(err, notice.ErrNothing) {
		t.Errorf("to somebody without the app: %v", err)
	}
	n.Tenant = "another"
	if _, err := s.bot.Sender().Send(t.Context(), n); !errors.Is(err, notice.ErrNothing) {
		t.Errorf("in another tenant: %v", err)
	}
	if diff := cmp.Diff([]string(nil), s.deliver()); diff != "" {
		t.Error(diff)
	}
}
