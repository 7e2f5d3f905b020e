package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// channel is one that somebody may announce something in.
type channel struct {
	conversation identity.Conversation
	team         string
	name, of     string // of the channel and of its team, as read just now
}

// key names a channel in a form. It is a claim: which channel it is, and whose, is read anew when the form comes back.
func (c channel) key() string { return keyOf(c.team) + "." + keyOf(string(c.conversation)) }

func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:6])
}

// Limits of looking for channels and people.
const (
	maxTeams     = 60 // asked about
	maxPeople    = 20_000
	channelCalls = 8
	channelTime  = 2500 * time.Millisecond
)

// teams are those in which the app is: for each a reference by which it is reached.
func (b *Bot) teams(ctx context.Context, t identity.Tenant, a *app) (map[string]identity.Reference, error) {
	all, err := b.Conversations.All(ctx, t, a.id)
	if err != nil {
		return nil, fmt.Errorf("bot.teams: %w", err)
	}
	teams := map[string]identity.Reference{}
	for _, ref := range all {
		if ref.Place != identity.Channel || ref.Team == "" {
			continue
		}
		if known, there := teams[ref.Team]; !there || ref.Used.After(known.Used) {
			teams[ref.Team] = ref
		}
	}
	return teams, nil
}

// owns tells whether somebody owns a team, of which teams has it.
func (b *Bot) owns(ctx context.Context, a *app, who identity.Caller, ref identity.Reference) (bool, error) {
	role, err := a.roster.Role(ctx, who.Tenant, who.Person, ref.Conversation, ref.Team)
	return role == identity.Owner, err
}

// ownChannels are the channels of the teams that the caller owns, of those that are meant; all when that is nil. Sure is
// false when not every team could be asked in time.
func (b *Bot) ownChannels(t *Turn, meant func(team string) bool) (own []channel, sure bool, err error) {
	teams, err := b.teams(t.ctx, t.Caller.Tenant, t.app)
	if err != nil {
		return nil, false, err
	}
	ask := make([]identity.Reference, 0, len(teams))
	for team, ref := range teams {
		if meant == nil || meant(team) {
			ask = append(ask, ref)
		}
	}
	slices.SortFunc(ask, func(x, y identity.Reference) int {
		return cmp.Or(there(y, t)-there(x, t), y.Used.Compare(x.Used), strings.Compare(x.Team, y.Team))
	})
	sure = len(ask) <= maxTeams
	ask = ask[:min(len(ask), maxTeams)]
	lists, asked := b.askTeams(t, ask)
	return slices.Concat(lists...), sure && asked, nil
}

// there puts the team first in which the caller stands.
func there(ref identity.Reference, t *Turn) int {
	if ref.Team == t.Caller.Team {
		return 1
	}
	return 0
}

func (b *Bot) askTeams(t *Turn, ask []identity.Reference) (lists [][]channel, sure bool) {
	ctx, cancel := context.WithTimeout(t.ctx, channelTime)
	defer cancel()
	lists, sure = make([][]channel, len(ask)), true
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(channelCalls)
	for i, ref := range ask {
		g.Go(func() error {
			list, err := b.channelsOf(ctx, t, ref)
			mu.Lock()
			defer mu.Unlock()
			lists[i], sure = list, sure && (err == nil || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied))
			return nil
		})
	}
	_ = g.Wait() // each says in sure how it went
	return lists, sure
}

// channelsOf are the channels of a team, if the caller owns it.
func (b *Bot) channelsOf(ctx context.Context, t *Turn, ref identity.Reference) ([]channel, error) {
	mine, err := b.owns(ctx, t.app, t.Caller, ref)
	if err != nil || !mine {
		return nil, err
	}
	in := Target{Tenant: t.Caller.Tenant, ServiceURL: ref.ServiceURL, BotID: ref.BotID}
	listed, err := t.app.connector.TeamChannels(ctx, in, ref.Team)
	if err != nil {
		return nil, err
	}
	name, err := t.app.connector.TeamName(ctx, in, ref.Team)
	if err != nil || name == "" {
		name = t.Text("announce.team")
	}
	var list []channel
	for _, c := range listed {
		if c.ID != "" && plainID(c.ID) {
			list = append(list, channel{identity.Conversation(c.ID), ref.Team, cmp.Or(c.Name, t.Text("announce.general")), name})
		}
	}
	return list, nil
}

// channelChoices are channels to choose from.
func channelChoices(t *Turn, list []channel) []cards.ChoiceView {
	var choices []cards.ChoiceView
	for _, c := range list {
		choices = append(choices, cards.ChoiceView{Title: t.Text("announce.channel", "Team", shorten(c.of, 45), "Channel", shorten(c.name, 45)), Value: c.key()})
	}
	return choices
}

// chosen are the channels of a form that the caller may announce in now, how many there are that they may not, and whether
// all could be asked.
func (b *Bot) chosen(t *Turn, keys []string) (own []channel, dropped int, sure bool, err error) {
	wanted, of := map[string]bool{}, map[string]bool{}
	for _, k := range keys {
		team, _, _ := strings.Cut(k, ".")
		wanted[k], of[team] = true, true
	}
	all, sure, err := b.ownChannels(t, func(team string) bool { return of[keyOf(team)] })
	for _, c := range all {
		if wanted[c.key()] {
			own = append(own, c)
		}
	}
	return own, len(wanted) - len(own), sure, err
}

// people counts who is in some channels, everybody once; all is false when not every roster could be read to its end.
func (b *Bot) people(t *Turn, channels []channel) (n int, all bool) {
	ctx, cancel := context.WithTimeout(t.ctx, channelTime/2)
	defer cancel()
	teams := map[string]identity.Conversation{}
	for _, c := range channels {
		teams[c.team] = c.conversation
	}
	anchors, err := b.teams(ctx, t.Caller.Tenant, t.app)
	if err != nil {
		return 0, false
	}
	var mu sync.Mutex
	met, all := map[identity.Person]bool{}, true
	var g errgroup.Group
	g.SetLimit(channelCalls)
	for team := range teams {
		g.Go(func() error {
			err := t.app.roster.People(ctx, t.Caller.Tenant, anchors[team].Conversation, team, func(p identity.Person) bool {
				mu.Lock()
				defer mu.Unlock()
				met[p] = true
				all = all && len(met) < maxPeople
				return all
			})
			mu.Lock()
			defer mu.Unlock()
			all = all && err == nil
			return nil
		})
	}
	_ = g.Wait() // each says in all how it went
	return len(met), all
}
