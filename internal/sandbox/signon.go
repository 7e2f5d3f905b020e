package sandbox

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// How far a sign-in card has come. While Teams tries silently it shows nothing, and afterwards only when that failed.
const (
	signInTried  = "trying"
	signInSilent = "silent" // the app took the token that Teams offered
	signInDone   = "done"   // the person signed in on a page
)

// cancelled is the state of a sign-in whose window the person closed.
const cancelled = "CancelledByUser"

// tokenView is what a page of an app gets when it wants to know who looks at it.
type tokenView struct {
	Token        string `json:"token,omitempty"`
	NeedsConsent bool   `json:"needsConsent,omitempty"` // the person must be asked first
}

// apiToken gives a page of an app the token of the person before it (getAuthToken of TeamsJS). At the first time the person
// is asked; Allow is their yes.
func (s *Sandbox) apiToken(_ context.Context, r struct {
	place
	Allow bool `json:"allow"`
}) (any, error) {
	at, err := s.at(r.place)
	app := s.app(r.App)
	if err != nil || app == nil {
		return nil, errNoSuch
	}
	if !s.login.knows(app.ID, at.who.ObjectID, r.Allow) {
		return tokenView{NeedsConsent: true}, nil
	}
	token, err := s.login.personToken(app, at.who)
	return tokenView{Token: token}, err
}

// apiSignOn makes silent sign-on fail, or work again.
func (s *Sandbox) apiSignOn(_ context.Context, r struct {
	Fails bool `json:"fails"`
}) (any, error) {
	s.login.mu.Lock()
	defer s.login.mu.Unlock()
	s.login.silentFails = r.Fails
	return nothing{}, nil
}

// apiForgetConsents withdraws everything that people allowed, and with it every token that renews itself.
func (s *Sandbox) apiForgetConsents(w http.ResponseWriter, _ *http.Request) {
	s.login.forget()
	writeJSON(w, http.StatusOK, nothing{})
}

// forget withdraws every consent, code and refresh token.
func (l *login) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, held := range []map[string]grant{l.codes, l.refresh} {
		maps.DeleteFunc(held, func(string, grant) bool { return true })
	}
	clear(l.consents)
	clear(l.known)
}

// knows tells whether an app may hear who a person is: they said so now or before, or consented to more than that.
func (l *login) knows(app, person string, allow bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := app + "/" + person
	l.known[key] = l.known[key] || allow || len(l.consents[key]) > 0
	return l.known[key]
}

// failsSilently tells whether single sign-on was told to fail for lack of consent.
func (l *login) failsSilently() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silentFails
}

// origin is where an app's own pages come from.
func (s *Sandbox) origin() string {
	u, _ := url.Parse(s.cfg.BotURL) // checked by New
	return u.Scheme + "://" + u.Host
}

// silentSignIn finds in a bot's message the sign-in that Teams tries before it shows the card: in the personal chat only.
func (s *Sandbox) silentSignIn(c *chat, m message) *exchange {
	if c.kind != personal || s.world.person(c.who) == nil {
		return nil
	}
	for _, raw := range m.Attachments {
		var card struct {
			ContentType string
			Content     struct {
				ConnectionName        string
				TokenExchangeResource *exchange
			}
		}
		if json.Unmarshal(raw, &card) == nil && card.ContentType == oauthCard && card.Content.TokenExchangeResource != nil {
			card.Content.TokenExchangeResource.Connection = card.Content.ConnectionName
			return card.Content.TokenExchangeResource
		}
	}
	return nil
}

// offerToken offers the person's token to a bot that showed a sign-in card. The card stays hidden when the bot takes it.
func (s *Sandbox) offerToken(ctx context.Context, app *App, c *chat, m message, want exchange) {
	who := s.world.person(c.who)
	token, err := s.login.personToken(app, who)
	if err != nil {
		s.log.Error("a single sign-on token could not be signed", "err", err)
		return
	}
	a := s.activity(app, scene{who: who, chat: c, locale: who.Locale}, "invoke")
	a["name"], a["replyToId"] = "signin/tokenExchange", m.ID
	a["value"] = map[string]any{"id": want.ID, "connectionName": want.Connection, "token": token}
	result := s.invoke(ctx, app, a)
	s.world.change(c, m.ID, func(it *message) {
		it.SignIn = ""
		if result.taken() {
			it.SignIn = signInSilent
		}
	})
}

// taken tells whether the bot could use what an invoke brought.
func (a answer) taken() bool {
	return a.Problem == "" && a.Status >= http.StatusOK && a.Status < http.StatusMultipleChoices
}

// note remembers at a message what its person did with it, as Teams does: a finished sign-in says so, and a file is agreed to
// or declined once. What the app deleted or replaced meanwhile is not touched.
func (s *Sandbox) note(at scene, w wanted, result answer) {
	m, ok := s.world.message(at.chat, w.messageID)
	if !ok || !result.taken() || m.Deleted || !m.asks() {
		return
	}
	decision, _ := w.value["action"].(string)
	switch {
	case w.name == "signin/verifyState" && w.value["state"] != cancelled:
		s.world.change(at.chat, m.ID, func(m *message) { m.SignIn = signInDone })
	case w.name == "fileConsent/invoke" && (decision == "accept" || decision == "decline"):
		s.world.change(at.chat, m.ID, func(m *message) { m.Answered = decision })
	}
}

// asks tells whether a message still holds a card for a sign-in or a file.
func (m message) asks() bool {
	for _, raw := range m.Attachments {
		var card attachment
		if json.Unmarshal(raw, &card) == nil && (card.ContentType == consentCard || card.ContentType == oauthCard || strings.HasSuffix(card.ContentType, ".signin")) {
			return true
		}
	}
	return false
}
