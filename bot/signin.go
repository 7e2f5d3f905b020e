package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// SignIn holds the tokens with which an app acts for people; internal/auth has it (Users).
type SignIn interface {
	// Resource is the application id URI for which Teams hands over tokens.
	Resource() string
	// Token fails with a fault of kind SignIn when the person has to sign in.
	Token(ctx context.Context, who identity.Caller) (string, error)
	// Accept takes the token with which Teams vouches for a person.
	Accept(ctx context.Context, who identity.Caller, token string) error
	// Start is the address of the sign-in page for a person; empty when there are no pages.
	Start(who identity.Caller, language string) string
	// Redeem takes the code that the page gave the person.
	Redeem(ctx context.Context, who identity.Caller, code string) error
	SignOut(ctx context.Context, who identity.Caller) error
	// Lasts tells whether the person signed in on the page, which outlives a restart of the service.
	Lasts(ctx context.Context, who identity.Caller) (bool, error)
	// Approval is where an administrator lets the app into an organisation; empty when there are no pages.
	Approval(t identity.Tenant) string
}

// Profiles reads what the directory says of a person, with their own rights; graph has it.
type Profiles interface {
	Me(ctx context.Context, who identity.Caller) (identity.Profile, error)
}

// People keeps the profiles that were read; store has it.
type People interface {
	// Profile is NotFound when nothing is kept.
	Profile(ctx context.Context, t identity.Tenant, p identity.Person) (identity.Profile, error)
	KeepProfile(ctx context.Context, t identity.Tenant, p identity.Profile) error
	DropProfile(ctx context.Context, t identity.Tenant, p identity.Person) error
}

// Wire names of sign-in (reference of single sign-on for bots).
const (
	oauthCardType      = "application/vnd.microsoft.card.oauth"
	loginRequest       = "application/vnd.microsoft.activity.loginRequest"
	incorrectAuthCode  = "application/vnd.microsoft.error.incorrectAuthCode"
	preconditionFailed = "application/vnd.microsoft.error.preconditionFailed"
	cancelledByUser    = "CancelledByUser"
	// connection is a name that Teams carries to and fro; only Microsoft's own token service would look it up.
	connection = "teamspro"
)

// oauthCard is the card with which Teams signs somebody in: silently with the resource, else with the button.
type oauthCard struct {
	Text           string        `json:"text"`
	ConnectionName string        `json:"connectionName"`
	Resource       oauthResource `json:"tokenExchangeResource"`
	Buttons        []oauthButton `json:"buttons"`
}

type oauthResource struct {
	ID  string `json:"id"`
	URI string `json:"uri"`
}

type oauthButton struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Value string `json:"value"`
}

func (t *Turn) oauthCard(err error) oauthCard {
	s := t.app.signIn
	c := oauthCard{Text: t.whySignIn(err), ConnectionName: connection, Resource: oauthResource{rand.Text(), s.Resource()}, Buttons: []oauthButton{}}
	if address := s.Start(t.Caller, t.Lang.Language()); address != "" {
		c.Buttons = append(c.Buttons, oauthButton{"signin", t.Text("signin.button"), address})
	}
	return c
}

// whySignIn is the sentence that asks somebody to sign in. Who never did is told what it is for.
func (t *Turn) whySignIn(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Text != "" && f.Text != "signin.needed" {
		return t.Text(f.Text, f.Args...)
	}
	return t.Text("signin.ask", "App", t.app.name)
}

// mustSignIn tells whether an error asks the person to sign in, and they can.
func (t *Turn) mustSignIn(err error) bool {
	return t.app.signIn != nil && fault.Is(err, fault.SignIn)
}

// signInCard asks somebody to sign in on the page.
func (t *Turn) signInCard(err error, hint string) cards.Card {
	return cards.SignIn(t.Lang, cards.SignInView{Title: t.Text("signin.title"), Sentence: t.whySignIn(err), Hint: t.Text(hint, "App", t.app.name),
		Button: t.Text("signin.button"), URL: t.app.signIn.Start(t.Caller, t.Lang.Language()), Next: t.steps("help")})
}

// replyTo is the message that answers a command which failed. Whoever has to sign in is asked to, and the command waits for
// it. In a personal chat Teams first tries to vouch for the person; not a second time for one command, or it would go on
// for ever where that does not help.
func (b *Bot) replyTo(t *Turn, err error) schema.Activity {
	if !t.mustSignIn(err) {
		return message(b.trouble(t, err))
	}
	b.waiting.keep(t, b.now())
	if t.Caller.Place != identity.Personal || t.resumed {
		return message(t.signInCard(err, "signin.here"))
	}
	card := t.oauthCard(err)
	return schema.Activity{Type: schema.Message, Summary: card.Text, Attachments: []schema.Attachment{{ContentType: oauthCardType, Content: card}}}
}

// proof is what came with an invoke to show who the person is: a token of Teams, or a code of our page.
type proof struct{ token, code string }

func (c call) proof() proof {
	p := proof{token: c.value.Authentication.Token, code: c.value.State}
	if p.code == cancelledByUser || c.turn.app.signIn == nil || c.turn.route.Surface == OnSignIn {
		p.code = ""
	}
	if c.turn.app.signIn == nil || c.turn.route.Surface == OnSignIn {
		p.token = ""
	}
	return p
}

// doFor takes the proof that came with an invoke and then does what it asks for.
func (b *Bot) doFor(c call, p proof) (Answer, error) {
	t := c.turn
	switch {
	case p.token != "":
		if err := t.app.signIn.Accept(t.ctx, t.Caller, p.token); err != nil {
			return Answer{}, err
		}
	case p.code != "":
		if err := t.app.signIn.Redeem(t.ctx, t.Caller, p.code); err != nil {
			return Answer{}, wrongCode(err)
		}
	default:
		return c.do()
	}
	b.later(t, func(t *Turn) { b.refreshProfile(t) })
	return c.do()
}

// wrongCode makes a code that is not good a reason to sign in again.
func wrongCode(err error) error {
	if fault.Is(err, fault.Invalid) {
		return fault.New(fault.SignIn, "bot.wrongCode", "signin.code")
	}
	return err
}

// askSignIn answers an invoke of somebody who has to sign in first, in the way that its surface has for it. With a proof that
// did not do, Teams is told so, and shows the page.
func (c call) askSignIn(err error, p proof) Answer {
	t := c.turn
	switch s := t.route.Surface; {
	case s == OnQuery && p.token != "":
		return Answer{Status: http.StatusPreconditionFailed}
	case s == OnQuery && p.code == "":
		return ok(t.extensionSignIn("silentAuth"))
	case s == OnQuery || s == OnSelect:
		return ok(t.extensionSignIn("auth"))
	case s == OnAction && p.token != "":
		return ok(actionBody{http.StatusPreconditionFailed, preconditionFailed, map[string]string{"code": "412", "message": t.whySignIn(err)}})
	case s == OnAction && p.code != "":
		return ok(actionBody{http.StatusUnauthorized, incorrectAuthCode, nil})
	case s == OnAction:
		return ok(actionBody{http.StatusUnauthorized, loginRequest, t.oauthCard(err)})
	case s == OnSignIn:
		return Answer{http.StatusPreconditionFailed, c.exchanged(t.whySignIn(err))}
	}
	return ok(t.task(taskDialog(Dialog{Title: t.Text("signin.title"), Card: t.signInCard(err, "signin.again"), Size: "small"})))
}

type authBody struct {
	ComposeExtension authRequest `json:"composeExtension"`
}

type authRequest struct {
	Type    string      `json:"type"`
	Actions authActions `json:"suggestedActions"`
}

type authActions struct {
	Actions []oauthButton `json:"actions"`
}

// extensionSignIn asks for a sign-in in the message extension: "silentAuth" has Teams vouch first, "auth" shows the page.
func (t *Turn) extensionSignIn(kind string) any {
	address := t.app.signIn.Start(t.Caller, t.Lang.Language())
	return authBody{authRequest{kind, authActions{[]oauthButton{{"openUrl", t.Text("signin.button"), address}}}}}
}

// exchangeBody answers signin/tokenExchange and signin/verifyState.
type exchangeBody struct {
	ID             string  `json:"id"`
	ConnectionName string  `json:"connectionName"`
	FailureDetail  *string `json:"failureDetail"`
}

func (c call) exchanged(failure string) exchangeBody {
	body := exchangeBody{ID: c.value.ID, ConnectionName: c.value.ConnectionName}
	if failure != "" {
		body.FailureDetail = &failure
	}
	return body
}

// refuseSignIn answers a sign-in in a chat that failed. 412 has Teams show the button of the card.
func (c call) refuseSignIn(err error, sentence string) Answer {
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.Invalid:
		status = http.StatusBadRequest
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.Denied:
		status = http.StatusPreconditionFailed
	}
	return Answer{status, c.exchanged(sentence)}
}

// Grant is what Teams sends to sign somebody in who was shown a sign-in card.
type Grant struct {
	ID, Connection string
	// Token vouches for the person; State is the code of the page in its place.
	Token, State string
}

// exchangeToken takes the token with which Teams answers a sign-in card. Each of a person's clients sends one: each is
// checked, because each has to be told when that is not enough, and the first that does starts what waited.
func (b *Bot) exchangeToken(t *Turn, g Grant) error {
	if g.Token == "" || g.Connection != connection || t.app.signIn == nil {
		return fault.New(fault.Invalid, "bot.exchangeToken", "signin.refused")
	}
	if err := t.app.signIn.Accept(t.ctx, t.Caller, g.Token); err != nil {
		b.tellOnce(t, g.ID, err)
		return err
	}
	if b.exchanges.first(exchangeKey(t, g.ID), b.now()) {
		b.later(t, b.goOn)
	}
	return nil
}

func exchangeKey(t *Turn, id string) string {
	return t.activity.ChannelID + "|" + t.activity.Conversation.ID + "|" + clip(id, 100)
}

// tellOnce says in the chat why a sign-in will not work, where the button of the card would not help.
func (b *Bot) tellOnce(t *Turn, id string, err error) {
	helpless := fault.Is(err, fault.Denied) || fault.Is(err, fault.Internal)
	if helpless && b.exchanges.first("trouble|"+exchangeKey(t, id), b.now()) {
		b.say(t, b.trouble(t, err))
	}
}

// verifyState takes the code that the sign-in page gave to Teams.
func (b *Bot) verifyState(t *Turn, g Grant) error {
	const op = "bot.verifyState"
	switch {
	case t.app.signIn == nil || g.State == "":
		return fault.New(fault.NotFound, op, "signin.code")
	case g.State == cancelledByUser:
		return nil
	}
	if err := t.app.signIn.Redeem(t.ctx, t.Caller, g.State); err != nil {
		return wrongCode(err)
	}
	b.later(t, b.goOn)
	return nil
}

// goOn carries out what a person had to sign in for; who signed in for nothing special sees their profile.
func (b *Bot) goOn(t *Turn) {
	b.refreshProfile(t)
	w := b.waiting.take(t, b.now())
	if w == nil {
		b.say(t, b.signedInCard(t))
		return
	}
	w.ctx, w.resumed, w.answer = t.ctx, true, newAnswerID()
	start := b.now()
	card, err := guard(w.ctx, func() (cards.Card, error) { return w.route.card(w) })
	b.finish(w, start, err)
	answer := message(card)
	if err != nil {
		answer = b.replyTo(w, err)
	}
	o := w.outgoingActivity(answer)
	o.owed.Key = ""
	b.replies.deliver(t.ctx, o)
}

// signedInCard is the profile, or where none can be had the news alone.
func (b *Bot) signedInCard(t *Turn) cards.Card {
	if card, err := b.profileCard(t); err == nil {
		return card
	}
	return t.signedInNote()
}

func (t *Turn) signedInNote() cards.Card {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("signin.done.title"), Text: t.Text("signin.done"), Next: t.steps("sign-out", "help")})
}

var typedCode = regexp.MustCompile(`^[0-9]{6}$`)

// signIn answers "sign in", and a code of the sign-in page that somebody typed.
func (b *Bot) signIn(t *Turn) (cards.Card, error) {
	switch {
	case t.app.signIn == nil:
		return t.noSignIn(), nil
	case typedCode.MatchString(t.Words):
		return b.typedCode(t)
	}
	if _, err := t.app.signIn.Token(t.ctx, t.Caller); err != nil {
		return cards.Card{}, err
	}
	return b.signedInCard(t), nil
}

// typedCode takes a code. Six digits that nobody waits for are what they look like: words for the bot.
func (b *Bot) typedCode(t *Turn) (cards.Card, error) {
	err := t.app.signIn.Redeem(t.ctx, t.Caller, t.Words)
	if fault.Is(err, fault.Invalid) && !b.waiting.has(t, b.now()) {
		t.route, _ = t.app.router.find(OnCommand, unknown)
		return t.route.card(t)
	}
	if err != nil {
		return cards.Card{}, err
	}
	if b.waiting.has(t, b.now()) {
		b.later(t, b.goOn)
		return t.signedInNote(), nil
	}
	b.refreshProfile(t)
	return b.signedInCard(t), nil
}

func (t *Turn) noSignIn() cards.Card {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("signin.off.title"), Text: t.Text("signin.off", "App", t.app.name), Next: t.steps("privacy", "help")})
}

// signOut forgets the person's sign-in and profile.
func (b *Bot) signOut(t *Turn) (cards.Card, error) {
	if t.app.signIn == nil {
		return t.noSignIn(), nil
	}
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	b.waiting.take(t, b.now())
	if err := t.app.signIn.SignOut(t.ctx, t.Caller); err != nil {
		return cards.Card{}, err
	}
	if err := b.dropProfile(t); err != nil {
		return cards.Card{}, err
	}
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("signin.out.title"), Text: t.Text("signin.out", "App", t.app.name), Next: t.steps("sign-in", "help")}), nil
}

// me shows the person's profile, as it is kept or read now.
func (b *Bot) me(t *Turn) (cards.Card, error) {
	if t.app.signIn == nil || t.app.profiles == nil || b.People == nil {
		return t.noSignIn(), nil
	}
	return b.profileCard(t)
}

func (b *Bot) forgetMe(t *Turn) (cards.Card, error) {
	if err := b.dropProfile(t); err != nil {
		return cards.Card{}, err
	}
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("signin.forgotten.title"), Text: t.Text("signin.forgotten", "App", t.app.name), Next: t.steps("help")}), nil
}

func (b *Bot) dropProfile(t *Turn) error {
	if b.People == nil {
		return nil
	}
	return b.People.DropProfile(t.ctx, t.Caller.Tenant, t.Caller.Person)
}

func (b *Bot) profileCard(t *Turn) (cards.Card, error) {
	if t.app.profiles == nil || b.People == nil {
		return cards.Card{}, fault.New(fault.NotFound, "bot.profileCard", "")
	}
	p, err := b.People.Profile(t.ctx, t.Caller.Tenant, t.Caller.Person)
	if fault.Is(err, fault.NotFound) {
		p, err = b.readProfile(t)
	}
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.ProfileView{Name: p.Name, Job: p.JobTitle, Department: p.Department, Read: t.Text("profile.read", "When", t.Lang.Time(b.local(t, p.Read))),
		Next: t.steps("sign-out", "me/forget", "help")}
	for _, f := range []struct{ key, value string }{{"profile.mail", p.Mail}, {"profile.office", p.Office}, {"profile.phone", p.Phone}} {
		if f.value != "" && !t.Caller.Public { // the directory shows these to colleagues; a guest of the chat is none
			v.Facts = append(v.Facts, cards.FactView{Label: t.Text(f.key), Value: f.value})
		}
	}
	return cards.Profile(t.Lang, v), nil
}

// readProfile reads the person's profile and keeps it.
func (b *Bot) readProfile(t *Turn) (identity.Profile, error) {
	p, err := t.app.profiles.Me(t.ctx, t.Caller)
	if err != nil {
		return identity.Profile{}, err
	}
	p.Person = t.Caller.Person
	return p, b.People.KeepProfile(t.ctx, t.Caller.Tenant, p)
}

// refreshProfile reads the profile at a sign-in. The sign-in counts without it, too.
func (b *Bot) refreshProfile(t *Turn) {
	if t.app.profiles == nil || b.People == nil {
		return
	}
	if _, err := b.readProfile(t); err != nil {
		t.log(slog.LevelWarn, "the profile could not be read", slog.Any("error", err))
	}
}

// waiting are the commands of people who had to sign in first, one each, in memory and for ten minutes.
type waiting struct {
	mu    sync.Mutex
	turns map[string]waitingTurn
}

type waitingTurn struct {
	turn  Turn
	until time.Time
}

const (
	maxWaitingTurns = 1000
	waitingTime     = 10 * time.Minute
)

func waitingKey(t *Turn) string {
	return strings.Join([]string{string(t.app.key), string(t.Caller.Tenant), string(t.Caller.Person)}, "|")
}

// keep remembers a command in the place of the one before.
func (w *waiting) keep(t *Turn, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, old := range w.turns {
		if len(w.turns) >= maxWaitingTurns || !now.Before(old.until) {
			delete(w.turns, key)
		}
	}
	if w.turns == nil {
		w.turns = map[string]waitingTurn{}
	}
	w.turns[waitingKey(t)] = waitingTurn{*t, now.Add(waitingTime)}
}

// take gives the command that waits for a person, once; nil when there is none.
func (w *waiting) take(t *Turn, now time.Time) *Turn {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, ok := w.turns[waitingKey(t)]
	delete(w.turns, waitingKey(t))
	if !ok || !now.Before(found.until) {
		return nil
	}
	return &found.turn
}

func (w *waiting) has(t *Turn, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, ok := w.turns[waitingKey(t)]
	return ok && now.Before(found.until)
}
