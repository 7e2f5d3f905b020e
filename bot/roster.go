package bot

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// References finds how a conversation is reached; the store has them.
type References interface {
	// Recall reads where a conversation is; fault.NotFound when the app is not there.
	Recall(ctx context.Context, t identity.Tenant, c identity.Conversation, app string) (identity.Reference, error)
}

// RosterConfig says whose eyes a Roster looks with.
type RosterConfig struct {
	App        string
	Connector  *Connector
	References References
	// Size is how many answers are kept; 0 means 50,000.
	Size int
}

// Roster tells who is in a conversation, as Teams says it, through one app. Answers are at most nine and a half minutes old,
// those that somebody is not there half a minute; what the domain makes of them counts for another half. It is safe for concurrent use.
//
// A personal chat has one person: whoever wrote there (Saw), or whom the stored reference names. They are a member
// there, which is no more than belonging to the organisation, or its guest.
type Roster struct {
	app        string
	connector  *Connector
	references References
	calls      singleflight.Group
	answers    *otter.Cache[rosterKey, rosterAnswer]
	seen       *otter.Cache[placeKey, identity.Reference]
	met        *otter.Cache[rosterKey, struct{}] // who was met in which personal chat
	guests     *otter.Cache[guestKey, struct{}]  // who was a guest in any conversation
	groups     *otter.Cache[placeKey, string]    // the Entra groups of teams; such an id never changes
}

var (
	_ contact.Roster = (*Roster)(nil)
	_ image.Roster   = (*Roster)(nil)
)

type placeKey struct {
	tenant identity.Tenant
	place  string // conversation, or the thread id of its team
}

type rosterKey struct {
	placeKey
	person identity.Person
}

type guestKey struct {
	tenant identity.Tenant
	person identity.Person
}

// rosterAnswer is what Teams said of a person in a place.
type rosterAnswer struct {
	role    identity.Role
	account MemberAccount
}

const (
	rosterSize = 50_000
	rosterLoad = attemptTime
	// rosterAge is less than ten minutes by the time that an answer may have been on its way, and by that for which the
	// domain keeps what it made of it. So is absentAge less than one.
	rosterAge   = 10*time.Minute - rosterLoad - contact.SightAge
	absentAge   = time.Minute - contact.SightAge
	maxAccounts = 200
	titleTime   = time.Second
	maxNames    = 3 // in the title of a chat
)

// NewRoster makes a Roster.
func NewRoster(c RosterConfig) *Roster { return newRoster(c, nil) }

// newRoster takes the clock of the cache; nil means the real one.
func newRoster(c RosterConfig, clock otter.Clock) *Roster {
	if c.Size <= 0 {
		c.Size = rosterSize
	}
	age := otter.ExpiryWritingFunc(func(e otter.Entry[rosterKey, rosterAnswer]) time.Duration {
		if e.Value.role == identity.None {
			return absentAge
		}
		return rosterAge
	})
	return &Roster{
		app:        c.App,
		connector:  c.Connector,
		references: c.References,
		answers:    otter.Must(&otter.Options[rosterKey, rosterAnswer]{MaximumSize: c.Size, ExpiryCalculator: age, Clock: clock}),
		seen:       otter.Must(&otter.Options[placeKey, identity.Reference]{MaximumSize: c.Size}),
		met:        otter.Must(&otter.Options[rosterKey, struct{}]{MaximumSize: c.Size}),
		guests:     otter.Must(&otter.Options[guestKey, struct{}]{MaximumSize: c.Size}),
		groups:     otter.Must(&otter.Options[placeKey, string]{MaximumSize: c.Size}),
	}
}

// Saw notes where a conversation was just reached, from a verified activity. In a personal chat Installer is who sent it.
func (r *Roster) Saw(t identity.Tenant, ref identity.Reference) {
	key := placeKey{t, string(ref.Conversation)}
	if known, ok := r.seen.GetIfPresent(key); !ok || known != ref { // most activities come from where one came from before
		r.seen.Set(key, ref)
	}
	if ref.Place == identity.Personal && ref.Installer != "" && !r.wasMet(t, ref.Installer, ref.Conversation) {
		r.met.Set(rosterKey{key, ref.Installer}, struct{}{})
	}
}

// Lost forgets where a conversation was reached, because it is not any more.
func (r *Roster) Lost(t identity.Tenant, c identity.Conversation) {
	r.seen.Invalidate(placeKey{t, string(c)})
}

// Role gives the person's role; identity.None when they are not there. It fails with fault.Busy when
// Teams does not say. The team that Teams named for the conversation counts before the one the caller names.
func (r *Roster) Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error) {
	answer, err := r.answer(ctx, t, p, c, team)
	return answer.role, err
}

// Name gives the person's name as Teams shows it; fault.NotFound when they are not there.
func (r *Roster) Name(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (string, error) {
	return accountName(r.answer(ctx, t, p, c, team))
}

// NameAt is Name where the caller has read the conversation's reference.
func (r *Roster) NameAt(ctx context.Context, t identity.Tenant, p identity.Person, ref identity.Reference, team string) (string, error) {
	if p == "" {
		return accountName(rosterAnswer{}, nil)
	}
	return accountName(r.answerAt(ctx, t, p, ref, team))
}

func accountName(answer rosterAnswer, err error) (string, error) {
	if err == nil && answer.account.Name == "" {
		err = fault.Wrap(fault.NotFound, "roster.Name", errors.New("nobody of that id there"))
	}
	if err != nil {
		return "", err
	}
	return answer.account.Name, nil
}

// All gives the members of a conversation, 200 at most; for the choice of a person in a form.
func (r *Roster) All(ctx context.Context, t identity.Tenant, c identity.Conversation, team string) ([]MemberAccount, error) {
	ref, err := r.where(ctx, t, c, team)
	if err != nil {
		return nil, err
	}
	var all []MemberAccount
	in := rosterTarget(t, ref, team)
	err = r.connector.Members(ctx, in, func(m MemberAccount) bool {
		if m.Person != "" {
			all = append(all, m)
			r.keep(rosterKey{placeKey{t, in.Conversation}, m.Person}, rosterAnswer{memberRole(m), m})
		}
		return len(all) < maxAccounts
	})
	return all, err
}

// People gives the Entra ids of the members of a conversation to fn until it gives false. They are read anew.
func (r *Roster) People(ctx context.Context, t identity.Tenant, c identity.Conversation, team string, fn func(identity.Person) bool) error {
	ref, err := r.where(ctx, t, c, team)
	if err != nil {
		return err
	}
	return r.connector.Members(ctx, rosterTarget(t, ref, team), func(m MemberAccount) bool { return m.Person == "" || fn(m.Person) })
}

// HasGuests tells whether anybody in a conversation is a guest. The members are read anew, as far as the first guest.
func (r *Roster) HasGuests(ctx context.Context, t identity.Tenant, c identity.Conversation, team string) (has bool, err error) {
	ref, err := r.where(ctx, t, c, team)
	if err != nil {
		return false, err
	}
	err = r.connector.Members(ctx, rosterTarget(t, ref, team), func(m MemberAccount) bool {
		has = memberRole(m) == identity.Guest
		return !has
	})
	return has, err
}

// Title gives the name of a channel, of its team for the team's general channel, or the names of who else is in a group
// chat, as Teams itself titles one; empty when Teams does not tell it soon. It is read anew each time: such names are not
// kept.
func (r *Roster) Title(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) string {
	ctx, cancel := context.WithTimeout(ctx, titleTime)
	defer cancel()
	ref, err := r.where(ctx, t, c, team)
	if err != nil {
		return ""
	}
	team = cmp.Or(ref.Team, team)
	in := Target{Tenant: t, ServiceURL: ref.ServiceURL, Conversation: string(ref.Conversation), BotID: ref.BotID}
	switch team {
	case "":
		return r.others(ctx, in, p)
	case string(c):
		name, _ := r.connector.TeamName(ctx, in, team) // without a name there is none to show
		return name
	}
	channels, _ := r.connector.TeamChannels(ctx, in, team)
	for _, channel := range channels {
		if channel.ID == string(c) {
			return channel.Name
		}
	}
	return ""
}

// others names the first few members of a chat besides one person.
func (r *Roster) others(ctx context.Context, in Target, besides identity.Person) string {
	var names []string
	more := false
	_ = r.connector.Members(ctx, in, func(m MemberAccount) bool { // without names there are none to show
		switch {
		case m.Person == "" || m.Person == besides || m.Name == "":
		case len(names) == maxNames:
			more = true
		default:
			names = append(names, m.Name)
		}
		return !more
	})
	if more {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// SawGroup notes the Entra group of a team, where an activity told it.
func (r *Roster) SawGroup(t identity.Tenant, team, group string) {
	if team != "" && group != "" {
		r.groups.Set(placeKey{t, team}, strings.ToLower(group))
	}
}

// Group gives the Entra id of the group behind the team of a channel; empty where there is no team, and where Teams tells
// this app nothing of it.
func (r *Roster) Group(ctx context.Context, who identity.Caller) (string, error) {
	if who.Place != identity.Channel || who.Team == "" {
		return "", nil
	}
	if known, ok := r.groups.GetIfPresent(placeKey{who.Tenant, who.Team}); ok {
		return known, nil
	}
	ref, err := r.where(ctx, who.Tenant, who.Conversation, who.Team)
	if err == nil {
		var group string
		group, err = r.connector.TeamGroup(ctx, Target{Tenant: who.Tenant, ServiceURL: ref.ServiceURL, BotID: ref.BotID}, who.Team)
		r.SawGroup(who.Tenant, who.Team, group)
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return "", nil
	}
	group, _ := r.groups.GetIfPresent(placeKey{who.Tenant, who.Team})
	return group, err
}

func (r *Roster) answer(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (rosterAnswer, error) {
	if p == "" || c == "" {
		return rosterAnswer{}, nil
	}
	ref, err := r.where(ctx, t, c, team)
	if fault.Is(err, fault.NotFound) {
		return rosterAnswer{}, nil
	}
	if err != nil {
		return rosterAnswer{}, fault.Wrap(fault.Busy, "roster.Role", err)
	}
	return r.answerAt(ctx, t, p, ref, team)
}

// answerAt is answer where the caller knows already how the conversation is reached.
func (r *Roster) answerAt(ctx context.Context, t identity.Tenant, p identity.Person, ref identity.Reference, team string) (rosterAnswer, error) {
	c := ref.Conversation
	if ref.Place == identity.Personal && (ref.Installer != "" || r.wasMet(t, p, c)) {
		return r.personal(ctx, t, p, ref)
	}
	return r.member(ctx, rosterTarget(t, ref, team), p)
}

// member gives what is known of a person in a place, or asks.
func (r *Roster) member(ctx context.Context, in Target, p identity.Person) (rosterAnswer, error) {
	key := rosterKey{placeKey{in.Tenant, in.Conversation}, p}
	if known, ok := r.answers.GetIfPresent(key); ok {
		return known, nil
	}
	return r.load(ctx, in, key)
}

// personal answers for a personal chat. Its person owns nothing by being there, and a guest of the organisation stays
// one: Teams says so, or the name of a guest's account (Entra puts #EXT# into it). In a chat of two people in which the
// app itself is not, Teams says nothing; then only who was a guest elsewhere counts as one.
func (r *Roster) personal(ctx context.Context, t identity.Tenant, p identity.Person, ref identity.Reference) (rosterAnswer, error) {
	if ref.Installer != p && !r.wasMet(t, p, ref.Conversation) {
		return rosterAnswer{}, nil
	}
	answer, err := r.member(ctx, rosterTarget(t, ref, ""), p)
	if _, guest := r.guests.GetIfPresent(guestKey{t, p}); guest || strings.Contains(strings.ToUpper(answer.account.UPN), "#EXT#") {
		answer.role = identity.Guest
		return answer, nil
	}
	if err != nil {
		return rosterAnswer{}, err
	}
	if answer.role != identity.Guest {
		answer.role = identity.Member
	}
	return answer, nil
}

func (r *Roster) wasMet(t identity.Tenant, p identity.Person, c identity.Conversation) bool {
	_, ok := r.met.GetIfPresent(rosterKey{placeKey{t, string(c)}, p})
	return ok
}

// where finds how to reach a conversation: what its last activity said, else what is stored. An app is added to a team,
// not to each of its channels, so a channel of which nothing is known is reached as its team is; the domain knows the team
// from the activity in which Teams named both.
func (r *Roster) where(ctx context.Context, t identity.Tenant, c identity.Conversation, team string) (identity.Reference, error) {
	ref, err := r.known(ctx, t, c)
	if !fault.Is(err, fault.NotFound) || team == "" || team == string(c) {
		return ref, err
	}
	general, err := r.known(ctx, t, identity.Conversation(team))
	if err == nil && general.Team != team {
		err = fault.Wrap(fault.NotFound, "roster.where", nil)
	}
	general.Conversation = c
	return general, err
}

func (r *Roster) known(ctx context.Context, t identity.Tenant, c identity.Conversation) (identity.Reference, error) {
	if ref, ok := r.seen.GetIfPresent(placeKey{t, string(c)}); ok {
		return ref, nil
	}
	return r.references.Recall(ctx, t, c, r.app)
}

// rosterTarget is the place whose members count: the team of a channel, else the conversation. A team that the caller
// names is believed only where Teams named none: otherwise an id from elsewhere would open any conversation.
func rosterTarget(t identity.Tenant, ref identity.Reference, team string) Target {
	place := string(ref.Conversation)
	if ref.Team != "" {
		place = ref.Team
	} else if ref.Place == identity.Channel && team != "" {
		place = team
	}
	return Target{Tenant: t, ServiceURL: ref.ServiceURL, Conversation: place, BotID: ref.BotID}
}

// load asks Teams; those who ask the same at once share the answer.
func (r *Roster) load(ctx context.Context, in Target, key rosterKey) (rosterAnswer, error) {
	name := strings.Join([]string{string(key.tenant), key.place, string(key.person)}, "\n")
	result := r.calls.DoChan(name, func() (any, error) {
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), rosterLoad)
		defer cancel()
		answer, err := r.ask(work, in, key.person)
		if err == nil {
			r.keep(key, answer)
		}
		return answer, err
	})
	select {
	case got := <-result:
		return got.Val.(rosterAnswer), got.Err // ask gives nothing else
	case <-ctx.Done():
		return rosterAnswer{}, fault.Wrap(fault.Busy, "roster.Role", ctx.Err())
	}
}

func (r *Roster) keep(key rosterKey, a rosterAnswer) {
	r.answers.Set(key, a)
	if a.role == identity.Guest {
		r.guests.Set(guestKey{key.tenant, key.person}, struct{}{})
	}
}

func (r *Roster) ask(ctx context.Context, in Target, p identity.Person) (rosterAnswer, error) {
	account, err := r.connector.Member(ctx, in, string(p))
	switch {
	case err == nil && (account.Person == p || account.Person == ""): // who answers to the id that was asked for is that person
		account.Person = p
		return rosterAnswer{memberRole(account), account}, nil
	case err == nil, saysAbsent(err):
		return rosterAnswer{}, nil
	}
	return rosterAnswer{}, fault.Wrap(fault.Busy, "roster.Role", err)
}

// saysAbsent tells whether the connector said that a person is not in a conversation. Where it says that the app itself
// is not there (the message extension works in such places, too), or knows no such question, nothing is proven.
func saysAbsent(err error) bool {
	var answer *ConnectorError
	if fault.Is(err, fault.Invalid) {
		return true // such an id can name nobody
	}
	return fault.Is(err, fault.NotFound) && errors.As(err, &answer) && answer.Code != ""
}

// memberRole reads the role that Teams gives a member.
func memberRole(m MemberAccount) identity.Role {
	switch strings.ToLower(m.Role) {
	case "guest", "anonymous":
		return identity.Guest
	case "owner", "admin":
		return identity.Owner
	}
	return identity.Member
}
