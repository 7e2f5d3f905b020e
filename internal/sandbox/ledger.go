package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxLedger bounds the messages that the record of a conversation lists; its counts go on.
const maxLedger = 10_000

// maxSnippet bounds what the record quotes of a message, in runes.
const maxSnippet = 120

// ledger is the connector's own record of what bots sent, edited and deleted, whoever was told of it. It is safe for
// concurrent use.
type ledger struct {
	mu    sync.Mutex
	pages map[string]*page // by the conversation's id
}

// page is the record of a conversation. What was sent again with the same content counts as repeated.
type page struct {
	Conversation string     `json:"conversation"`  // as the page API calls it
	Who          string     `json:"who,omitempty"` // whose personal chat it is
	TeamsID      string     `json:"teamsId"`
	Sent         int        `json:"sent"`
	Edits        int        `json:"edits"`
	Deletions    int        `json:"deletions"`
	Repeated     int        `json:"repeated"` // messages whose content had been sent before
	Unheard      int        `json:"unheard"`  // messages that were delivered though the bot was not told so
	Messages     []*posting `json:"messages"`

	same map[[sha256.Size]byte]int
	byID map[string]*posting
}

// posting is a message of a bot.
type posting struct {
	ID      string    `json:"id"`
	App     string    `json:"app"`
	At      time.Time `json:"at"`
	Text    string    `json:"text"`  // its beginning
	Times   int       `json:"times"` // how often its content had been sent with it: 2 is the first doublet
	Edits   int       `json:"edits"`
	Deleted bool      `json:"deleted"`
	Unheard bool      `json:"unheard"` // the bot did not get the answer
}

func newLedger() *ledger { return &ledger{pages: map[string]*page{}} }

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages = map[string]*page{}
}

// delivered shows a bot's message to people and puts it into the record.
func (s *Sandbox) delivered(c *call, to *chat, m message) message {
	content, text := digest(m), m.snippet()
	said := s.world.say(to, m)
	lost, _ := c.r.Context().Value(unheardKey{}).(bool)
	s.ledger.sent(to, content, &posting{ID: said.ID, App: c.app.Key, At: said.Time, Text: text, Unheard: lost})
	return said
}

// digest is the same for messages of the same content.
func digest(m message) [sha256.Size]byte {
	raw, _ := json.Marshal([]any{m.From, m.Thread, m.Text, m.Attachments}) // made of values that always marshal
	return sha256.Sum256(raw)
}

func (l *ledger) sent(to *chat, content [sha256.Size]byte, p *posting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pg := l.pages[to.id]
	if pg == nil {
		pg = &page{Conversation: to.key, Who: to.who, TeamsID: to.id, same: map[[sha256.Size]byte]int{}, byID: map[string]*posting{}}
		l.pages[to.id] = pg
	}
	pg.Sent++
	pg.same[content]++
	if p.Times = pg.same[content]; p.Times > 1 {
		pg.Repeated++
	}
	if p.Unheard {
		pg.Unheard++
	}
	pg.Messages, pg.byID[p.ID] = append(pg.Messages, p), p
	if len(pg.Messages) > maxLedger {
		delete(pg.byID, pg.Messages[0].ID)
		pg.Messages = pg.Messages[1:]
	}
}

func (l *ledger) edited(in *chat, id string) {
	l.change(in, id, func(pg *page, p *posting) { pg.Edits++; p.Edits++ })
}

func (l *ledger) deleted(in *chat, id string) {
	l.change(in, id, func(pg *page, p *posting) { pg.Deletions++; p.Deleted = true })
}

func (l *ledger) change(in *chat, id string, note func(*page, *posting)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pg := l.pages[in.id]; pg != nil && pg.byID[id] != nil {
		note(pg, pg.byID[id])
	}
}

// view copies the record of one conversation, or of all when none is named, with its last messages.
func (l *ledger) view(conversation string, last int) []page {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []page{}
	for _, pg := range l.pages {
		if conversation != "" && pg.Conversation != conversation {
			continue
		}
		copied := *pg
		copied.Messages = nil
		for _, p := range pg.Messages[max(0, len(pg.Messages)-last):] {
			one := *p
			copied.Messages = append(copied.Messages, &one)
		}
		list = append(list, copied)
	}
	slices.SortFunc(list, func(a, b page) int { return strings.Compare(a.Conversation+" "+a.Who, b.Conversation+" "+b.Who) })
	return list
}

func (s *Sandbox) apiRecord(w http.ResponseWriter, r *http.Request) {
	last, err := strconv.Atoi(orElse(r.URL.Query().Get("last"), itoa(maxLedger)))
	if err != nil || last < 0 {
		http.Error(w, "last must be a number", http.StatusBadRequest)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"conversations": s.ledger.view(r.URL.Query().Get("conversation"), last)})
}

// snippet is the beginning of what a message says: its summary, its text, or the first text of its card.
func (m message) snippet() string {
	text := orElse(m.Summary, m.Text)
	for _, raw := range m.Attachments {
		var at struct {
			Content struct{ Body []json.RawMessage }
		}
		if text != "" || json.Unmarshal(raw, &at) != nil {
			break
		}
		text = firstText(at.Content.Body)
	}
	if runes := []rune(text); len(runes) > maxSnippet {
		return string(runes[:maxSnippet-1]) + "…"
	}
	return text
}

// firstText finds the first text among the elements of a card.
func firstText(elements []json.RawMessage) string {
	for _, raw := range elements {
		var e struct {
			Text           string
			Items, Columns []json.RawMessage
		}
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		if text := orElse(e.Text, firstText(append(e.Items, e.Columns...))); text != "" {
			return text
		}
	}
	return ""
}
