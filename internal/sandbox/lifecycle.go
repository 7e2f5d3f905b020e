package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// installAll installs every app where a visitor looks: with each person of the cast, in the group chat, in the team. It waits
// for the bot.
func (s *Sandbox) installAll(ctx context.Context) {
	if !s.botReady(ctx) {
		if ctx.Err() == nil {
			s.log.Warn("the bot does not answer, so nothing was installed; the page can do it later", "bot", s.cfg.BotURL)
		}
		return
	}
	for i := range s.cfg.Apps {
		app := &s.cfg.Apps[i]
		for _, at := range []struct{ person, place string }{{"ana", "personal-" + app.Key}, {"ben", "personal-" + app.Key},
			{"chloe", "personal-" + app.Key}, {"ana", "group"}, {"ana", "general"}} {
			if at, err := s.scene(at.person, at.place, "", ""); err == nil {
				s.install(ctx, app, at)
			}
		}
	}
}

// botReady waits until the service answers /healthz.
func (s *Sandbox) botReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, s.wait.start)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !s.botHealthy(ctx) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

func (s *Sandbox) botHealthy(ctx context.Context) bool {
	u, _ := url.Parse(s.cfg.BotURL) // checked by New
	u.Path, u.RawQuery = "/healthz", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	res, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError // no such page is an answer too: health may be served elsewhere
}

// install adds an app to a conversation and tells it, in both ways that Teams does.
func (s *Sandbox) install(ctx context.Context, app *App, at scene) {
	if !s.world.install(at.chat, app.Key, true) {
		return
	}
	a := s.activity(app, at, "installationUpdate")
	a["action"] = "add"
	s.announce(a, at.chat, "")
	s.deliverSlowly(ctx, app, a)
	joined := []any{map[string]any{"id": "28:" + app.ID}}
	if at.chat.kind == personal {
		joined = append(joined, member(at.who))
	}
	a = s.activity(app, at, "conversationUpdate")
	a["membersAdded"] = joined
	s.announce(a, at.chat, "teamMemberAdded")
	s.deliverSlowly(ctx, app, a)
}

// uninstall takes an app away and tells it. It cannot answer any more.
func (s *Sandbox) uninstall(ctx context.Context, app *App, at scene) {
	if !s.world.install(at.chat, app.Key, false) {
		return
	}
	a := s.activity(app, at, "conversationUpdate")
	a["membersRemoved"] = []any{map[string]any{"id": "28:" + app.ID}}
	s.announce(a, at.chat, "teamMemberRemoved")
	s.deliverSlowly(ctx, app, a)
	a = s.activity(app, at, "installationUpdate")
	a["action"] = "remove"
	s.announce(a, at.chat, "")
	s.deliverSlowly(ctx, app, a)
}

// announce gives an event of a team its name and the channel it was begun in. It is told in the General channel.
func (s *Sandbox) announce(a activity, c *chat, eventType string) {
	if c.kind != channel {
		return
	}
	general := s.world.channels(c.team)[0]
	data := s.channelData(general)
	data["settings"] = map[string]any{"selectedChannel": map[string]any{"id": c.id}}
	if eventType != "" {
		data["eventType"] = eventType
	}
	a["conversation"], a["channelData"] = s.conversation(general, ""), data
}

func member(p *person) map[string]any {
	return map[string]any{"id": p.UserID, "aadObjectId": p.ObjectID}
}

// joinOrLeave changes who belongs to a conversation; every app in it hears of it.
func (s *Sandbox) joinOrLeave(ctx context.Context, at scene, add, remove []*person) {
	var joined, left []any
	for _, p := range add {
		role := memberRole
		if p.Guest {
			role = guestRole
		}
		if s.world.role(at.chat, p.Key) == "" && s.world.setRole(at.chat, p.Key, role) {
			joined = append(joined, member(p))
		}
	}
	for _, p := range remove {
		if s.world.setRole(at.chat, p.Key, "") {
			left = append(left, member(p))
		}
	}
	for _, key := range s.world.installed(at.chat) {
		app := s.app(key)
		s.tellMembers(ctx, app, at, "membersAdded", "teamMemberAdded", joined)
		s.tellMembers(ctx, app, at, "membersRemoved", "teamMemberRemoved", left)
	}
}

func (s *Sandbox) tellMembers(ctx context.Context, app *App, at scene, field, eventType string, members []any) {
	if len(members) == 0 {
		return
	}
	a := s.activity(app, at, "conversationUpdate")
	a[field] = members
	s.announce(a, at.chat, eventType)
	s.deliverSlowly(ctx, app, a)
}
