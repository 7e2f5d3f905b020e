package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

var (
	generalKey = channel{conversation: hallTeam, team: hallTeam}.key()
	plansKey   = channel{conversation: hallPlans, team: hallTeam}.key()
)

// write opens the form, begun with what was typed, and looks at what would be sent.
func (s *square) write(channels string, asks bool) *square {
	s.t.Helper()
	s.say("announce The canteen is closed").open("Write it").see("Sales team › General", "Sales team › Plans", "The canteen is closed")
	s.submit(cards.InputTitle, "Canteen", cards.InputChannels, channels, cards.InputAsks, fmt.Sprint(asks))
	return s
}

// announced writes, sends and delivers an announcement in both channels, and gives its id.
func (s *square) announced(asks bool) string {
	s.t.Helper()
	s.as("ana", identity.Personal)
	s.write(generalKey+","+plansKey, asks).see("2 channels, 3 people", "Canteen").submit().see("On its way to 2 channels, 3 people")
	latest, err := s.board.Latest(s.t.Context(), deskTenant, "ana", 1)
	if err != nil || len(latest) != 1 {
		s.t.Fatalf("%v, %v", latest, err)
	}
	if got := s.deliver(); !slices.Equal(got, []string{"post " + hallTeam + " sent", "post " + hallPlans + " sent"}) {
		s.t.Fatalf("delivered %q", got)
	}
	return latest[0].ID
}

// An owner announces once, however often the button is pressed; corrects everywhere; recalls everywhere.
func TestAnnouncement(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.as("ana", identity.Personal)
	s.write(generalKey+","+plansKey, true).see("Change it", "2 channels, 3 people")
	page := s.seen
	s.submit().see("On its way")
	s.seen = page
	s.submit().see("On its way to 2 channels")
	if len(s.board.all) != 1 || len(s.board.waiting()) != 2 {
		t.Fatalf("%d announcements, %d notices", len(s.board.all), len(s.board.waiting()))
	}
	s.say("announcements").see("Canteen", "Sent in 0 of 2 channels", "2 are still waiting", "Seen by 0 of 3")
	s.deliver()
	for _, c := range []string{hallTeam, hallPlans} {
		all := s.standing(c)
		reads(t, all[len(all)-1], "Canteen", "The canteen is closed", "Announced by Ana", "I have seen it", `"refresh"`, "!corrected")
	}
	s.say("announcements").see("Sent in 2 of 2 channels")

	s.say("correct").open("Correct").see("The canteen is closed").submit().see("Nothing was changed")
	s.say("correct").open("Correct")
	stale := s.seen
	s.submit(cards.InputSaid, "The canteen is open", cards.InputTitle, "").see("A title is needed")
	s.submit(cards.InputTitle, "Canteen *now*", cards.InputSaid, "Open again\nfrom noon").see("Corrected. The messages in 2 channels")
	s.seen = stale
	s.submit(cards.InputSaid, "Something else").see("corrected it meanwhile", "Open again")
	if diff := cmp.Diff([]string{"update " + hallTeam + " sent", "update " + hallPlans + " sent"}, s.deliver()); diff != "" {
		t.Error(diff)
	}
	all := s.standing(hallPlans)
	reads(t, all[len(all)-1], "Canteen *now*", `Open again\n\nfrom noon`, "corrected on 20 Nov 2026", "(version 2)", "!closed")

	s.say("recall").see("Recall “Canteen *now*”?", "deleted in 2 channels").twice("Recall it").see("was recalled already")
	s.deliver()
	for _, c := range []string{hallTeam, hallPlans} {
		for _, m := range s.standing(c) {
			reads(t, m, "!Canteen")
		}
	}
	s.say("announcements").see("Recalled on 20 Nov 2026").missing(`"Recall"`)
	s.say("recall").see("There is no announcement of yours")
}

// What is on its way while it is recalled is taken away once it is there; what has not begun is not sent.
func TestRecallOfWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.as("ana", identity.Personal).say("announce").open("Write it")
	s.submit(cards.InputTitle, "Canteen", cards.InputSaid, "Closed", cards.InputChannels, generalKey+","+plansKey)
	s.submit()
	flying := s.board.waiting()[0]
	s.board.set(flying.ID, notice.Sending, "")
	s.say("recall").press("Recall it").see("is recalled")
	if n := len(s.board.waiting()); n != 0 {
		t.Fatalf("%d wait", n)
	}
	s.board.set(flying.ID, notice.Sent, "message-9")
	var left []string
	for _, n := range s.board.waiting() {
		left = append(left, fmt.Sprint(n.Op, " ", n.Of == flying.ID, " ", n.Activity))
	}
	if diff := cmp.Diff([]string{"remove true message-9"}, left); diff != "" {
		t.Fatalf("waiting (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"remove " + hallTeam + " sent"}, s.deliver()); diff != "" {
		t.Error(diff)
	}
	if _, err := s.bot.Sender().Send(t.Context(), flying); outcomeKind(err) != "nothing" {
		t.Errorf("sent after its recall: %v", err)
	}
}

func outcomeKind(err error) string {
	if err == nil || strings.Contains(err.Error(), notice.ErrNothing.Error()) {
		return map[bool]string{true: "done", false: "nothing"}[err == nil]
	}
	kind, _, _ := strings.Cut(fmt.Sprint(err), ": ")
	if strings.Contains(fmt.Sprint(err), "busy") {
		return "busy"
	}
	return kind
}

// Each member counts once, sees that they are counted, and the count reaches everybody in one message for many presses.
func TestAcknowledgement(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	seen := "announcement/" + s.announced(true) + "/seen"
	view := strings.Replace(seen, "/seen", "/view", 1)
	s.as("ben", identity.Channel).verb(view).see("I have seen it").missing("You have")
	s.verb(seen).see("You have seen it", "Seen by 1 of 3").missing(`"I have seen it"`)
	s.verb(seen).see("Seen by 1 of 3").verb(view).see("You have seen it")
	s.as("gil", identity.Channel).verb(seen).see("Seen by 2 of 3")
	waiting := s.board.waiting()
	if len(waiting) != 2 || waiting[0].Op != notice.Update || waiting[0].Due.Sub(s.clock) > countEvery || !waiting[0].Due.After(s.clock) {
		t.Fatalf("%+v", waiting)
	}
	s.deliver()
	all := s.standing(hallPlans)
	reads(t, all[len(all)-1], "Seen by 2 of 3", "I have seen it")
	s.clock = s.clock.Add(countEvery)
	s.as("ana", identity.Channel).verb(seen)
	if n := len(s.board.waiting()); n != 2 {
		t.Errorf("%d updates for a later press", n)
	}
	for name, row := range map[string]struct {
		person string
		place  identity.Place
	}{"somebody of another place": {"ben", identity.GroupChat}, "a stranger": {"eve", identity.Channel}, "in their own chat": {"ben", identity.Personal}} {
		s.as(row.person, row.place).verb(seen).see("not there any more, or not for you")
		if got := s.board.seen[deskTenant+strings.Split(seen, "/")[1]]; len(got) != 3 {
			t.Errorf("%s counted: %v", name, got)
		}
	}
	s.as("ana", identity.Personal).say("recall").press("Recall it")
	s.as("ben", identity.Channel).verb(seen).see("was recalled")
}

// Who owns nothing announces nothing, whatever their form says; nobody touches what is another's.
func TestAnnouncingIsForOwners(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	form := func(verb string, more ...string) map[string]any {
		data := map[string]any{"verb": verb, "title": "Canteen", "text": "Closed", "channels": generalKey + "," + plansKey, "form": "F1"}
		for i := 0; i+1 < len(more); i += 2 {
			data[more[i]] = more[i+1]
		}
		return data
	}
	for _, who := range []string{"ben", "gil", "eve"} {
		s.as(who, identity.Personal).dialog("task/fetch", map[string]any{"verb": "announce/new"}).see("Only the owners of a team")
		for _, verb := range []string{"announce/new", "announce/send", "announce/back"} {
			s.dialog("task/submit", form(verb)).see("Only the owners of a team")
		}
	}
	s.as("ana", identity.Personal)
	for name, row := range map[string]struct {
		change []string
		want   string
	}{
		"no channel":            {[]string{"channels", ""}, "Choose at least one channel"},
		"a foreign channel":     {[]string{"channels", channel{conversation: hallChat, team: hallTeam}.key()}, "You no longer own"},
		"a channel of no key":   {[]string{"channels", hallTeam + ",x.y,../.."}, "You no longer own"},
		"too many channels":     {[]string{"channels", strings.Join(slices.Collect(numbers(200)), ",")}, "100 channels at most"},
		"a text of 100 kB":      {[]string{"text", strings.Repeat("x", 100_000)}, "A text is needed"},
		"a text of too much":    {[]string{"text", strings.Repeat("é", 4001)}, "A text is needed"},
		"a title of two pages":  {[]string{"title", strings.Repeat("x", 101)}, "A title is needed"},
		"nothing said":          {[]string{"text", " \n ", "title", "\u00a0"}, "A title is needed"},
		"a foreign one besides": {[]string{"channels", generalKey + "," + keyOf("other") + "." + keyOf("x")}, "1 channel was left out"},
	} {
		s.dialog("task/submit", form("announce/new", row.change...))
		if !strings.Contains(s.text(), row.want) {
			t.Errorf("%s: %s", name, s.text())
		}
	}
	if len(s.board.all) != 0 {
		t.Fatalf("announced %v", s.board.all)
	}
	s.dialog("task/submit", form("announce/send", "text", strings.Repeat("漢", 4000))).see("On its way to 2 channels")
	id := s.board.waiting()[0].Content.Announcement
	s.deliver()
	for _, verb := range []string{"recall", "withdraw", "view"} {
		s.as("ben", identity.Personal).verb("announcement/" + id + "/" + verb).see("not there any more, or not for you")
	}
	s.dialog("task/fetch", map[string]any{"verb": "announcement/" + id + "/correct"}).see("not for you")
	s.dialog("task/submit", form("announcement/"+id+"/correct", "version", "1")).see("not for you")
	s.as("ben", identity.Personal).say("announcements").see("announced nothing")
	s.as("ben", identity.Channel).say("announcements").see("nothing here")
	s.as("ana", identity.GroupChat).say("announcements").missing("Canteen") // whose members are others
	s.as("ana", identity.Channel).say("announcements").see("Canteen")

	s.service.mu.Lock()
	s.service.members[hallTeam][0]["userRole"], s.service.members[hallTeam][1]["userRole"] = "user", "owner"
	s.service.mu.Unlock()
	s.restartRoster()
	s.as("ana", identity.Personal).dialog("task/fetch", map[string]any{"verb": "announcement/" + id + "/correct"}).see("so you cannot correct it")
	s.dialog("task/submit", form("announce/send", "form", "F2")).see("Only the owners")
	s.as("ben", identity.Personal).say("announcements").see("announced nothing")
	s.as("ben", identity.Channel).say("announcements").see("that you can correct or recall", "Canteen", "Announced by Ana", "announcement/"+id+"/correct", "announcement/"+id+"/recall")
	s.as("ben", identity.Personal).dialog("task/submit", form("announcement/"+id+"/correct", "version", "1", "text", "Open")).see("Corrected")
	s.as("ana", identity.Personal).verb("announcement/" + id + "/withdraw").see("is recalled")
	s.as("ben", identity.Personal).verb("announcement/" + id + "/withdraw").see("was recalled already")
	s.dialog("task/submit", form("announcement/"+id+"/correct", "version", "2")).see("was recalled already")
}

// restartRoster is the same bot after what it knew of rosters is old.
func (s *square) restartRoster() {
	c := s.bot.Config
	c.Image.Roster = NewRoster(RosterConfig{App: connApp, Connector: c.Image.Connector, References: s.db.Conversations()})
	c.Contact = c.Image
	s.bot = New(c)
}

func numbers(n int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprint(i)) {
				return
			}
		}
	}
}

// What became of each copy is told in words: waiting, sent, perhaps twice, perhaps not at all, refused and why.
func TestStateOfAnnouncements(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id := s.announced(false)
	copies, _ := s.board.Copies(t.Context(), deskTenant, id)
	s.board.mu.Lock()
	for i := range s.board.notices {
		n := &s.board.notices[i]
		if n.ID == copies[0].ID {
			n.Again = true
		} else {
			n.State, n.Why = notice.Failed, "BotNotInConversationRoster"
		}
	}
	s.board.mu.Unlock()
	s.say("announcements").see("Sent in 1 of 2 channels", "In 1 channel it may stand twice", "Not in Plans: I was removed").missing("Seen by")
	s.board.set(copies[1].ID, notice.Possibly, "")
	s.say("announcements").see("In 1 channel it may stand or not")
	for i := range maxAnHour - 1 {
		s.clock = s.clock.Add(time.Minute)
		a := notice.Announcement{ID: fmt.Sprint("more-", i), By: "ana", At: s.clock}
		if _, err := s.board.Announce(t.Context(), deskTenant, a, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.write(generalKey, false).submit().see("20 things within an hour")
	s.clock = s.clock.Add(time.Hour)
	s.write(generalKey, false).submit().see("On its way to 1 channel, 3 people")
}

// Where the rosters do not answer, what is certain is said: no owner, and "at least".
func TestAnnouncingWithoutAnswers(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.as("ana", identity.Personal)
	off := s.bot.Config
	off.Announcements = nil
	none := New(off)
	s.bot, none = none, s.bot
	s.say("announce").see("not set up")
	s.bot = none
	s.say("announce").open("Write it")
	page := s.seen
	s.service.members[hallTeam] = append(s.service.members[hallTeam], map[string]any{"id": "29:app", "name": "A bot"}, map[string]any{"id": "29:kim", "name": "Kim", "aadObjectId": "kim"})
	s.seen = page
	s.submit(cards.InputTitle, "Canteen", cards.InputSaid, "Closed", cards.InputChannels, plansKey).see("1 channel, 4 people")
}
