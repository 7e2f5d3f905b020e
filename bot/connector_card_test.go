package bot

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

func tellingCard() cards.Card {
	return cards.Note(lang.For("fr"), cards.NoteView{Title: `Fermé "vendredi" <5 & 6>`, Text: "Fenêtres\nouvertes \\ é\u2028"})
}

// TestSendCardIsSend: the short way makes the same requests as the library's.
func TestSendCardIsSend(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	card := tellingCard()
	id, err := c.Send(t.Context(), to, message(card))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context(), to, id, message(card)); err != nil {
		t.Fatal(err)
	}
	short, err := c.SendCard(t.Context(), to, card)
	if err != nil || short == "" || short == id {
		t.Fatalf("the id %q: %v", short, err)
	}
	if err := c.UpdateCard(t.Context(), to, short, card); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		long, short := s.request(i), s.request(i+2)
		if want := strings.ReplaceAll(long.Line, "message-1", "message-2"); short.Line != want {
			t.Errorf("asked %s, want %s", short.Line, want)
		}
		var a, b map[string]any
		if err := errors.Join(json.Unmarshal([]byte(long.Body), &a), json.Unmarshal([]byte(short.Body), &b)); err != nil {
			t.Fatal(err)
		}
		delete(a, "id") // of an update: the address has it
		delete(a, "recipient")
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("request %d (-library +ours):\n%s", i, diff)
		}
	}
}

// TestSendCardTroubles: what goes wrong is told as by Send.
func TestSendCardTroubles(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*Target)
		fault  http.HandlerFunc
		want   fault.Kind
		asked  int
	}{
		"another host":      {func(to *Target) { to.ServiceURL = "https://evil.example/" }, nil, fault.Internal, 0},
		"an id that leaves": {func(to *Target) { to.Conversation = "19:a/../b" }, nil, fault.Invalid, 0},
		"gone":              {func(*Target) {}, connStatus(http.StatusNotFound), fault.NotFound, 1},
		"refused":           {func(*Target) {}, connStatus(http.StatusForbidden), fault.Denied, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, patient := range []bool{false, true} {
				s := newConnService()
				c, to := s.start(t)
				row.change(&to)
				to.Patient = patient
				if row.fault != nil {
					s.fail(row.fault)
				}
				if _, err := c.SendCard(t.Context(), to, tellingCard()); !fault.Is(err, row.want) {
					t.Errorf("sent: %v", err)
				}
				if n := s.count(); n != row.asked {
					t.Errorf("asked %d times", n)
				}
			}
		})
	}
	s := newConnService()
	c, to := s.start(t)
	if err := c.UpdateCard(t.Context(), to, "../x", tellingCard()); !fault.Is(err, fault.Invalid) || s.count() != 0 {
		t.Errorf("updated: %v", err)
	}
}

// TestSendCardAgain: a refused token and a pause are dealt with, also where the sender is patient.
func TestSendCardAgain(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	to.Patient = true
	s.fail(connStatus(http.StatusUnauthorized), connStatus(http.StatusTooManyRequests, "Retry-After", "0.01"), connDrop)
	s.token = "token-2"
	if id, err := c.SendCard(t.Context(), to, tellingCard()); err != nil || id == "" {
		t.Errorf("%q %v", id, err)
	}
	if n := s.count(); n != 5 { // the last answer was lost, so it was asked first who is there
		t.Errorf("asked %d times: %v", n, s.lines())
	}
}
