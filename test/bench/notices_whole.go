package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/bot"
	"teamspro/internal/configuration"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/store"
)

// wholeName is the way of a notice in the service: announced into the outbox on disk, by the runner and the bot to the
// connector, and back.
const wholeName = "teamspro"

// announcer is who announces in the bench, and announcers how many do at a time.
const (
	announcer  identity.Person = "aaaaaaaa-0000-4000-8000-000000000001"
	announcers                 = 8
)

var outbox = sync.OnceValues(func() (*store.DB, error) {
	return store.Open(context.Background(), store.Config{Path: outboxFile(os.Getenv(sayersEnv))})
})

func outboxFile(folder string) string { return filepath.Join(folder, "notices.db") }

// settled counts the notices that came to their end.
type settled struct {
	left atomic.Int64
	all  chan struct{} // closed with the last
	odd  atomic.Int64  // those that were not simply sent
}

// Told implements notice.Metrics.
func (s *settled) Told(_ string, _ notice.Op, state notice.State) {
	if !state.Final() {
		return
	}
	if state != notice.Sent {
		s.odd.Add(1)
	}
	if s.left.Add(-1) == 0 {
		close(s.all)
	}
}

// Waiting implements notice.Metrics.
func (*settled) Waiting(int) {}

// whole announces what an order asks for while the runner sends it; one that goes on with what a killed process left
// announces nothing.
func whole(ctx context.Context, addr string, o order) error {
	db, err := outbox()
	if err != nil {
		return err
	}
	left := o.Notices
	if o.Resume {
		if left, err = db.Outbox().Waiting(ctx); err != nil || left == 0 {
			return err
		}
	} else if err := o.settle(ctx, db, addr); err != nil {
		return err
	}
	if o.Announced {
		if err := o.announce(ctx, db); err != nil {
			return err
		}
		fmt.Println("announced")
	}
	s := &settled{all: make(chan struct{})}
	s.left.Store(int64(left))
	run, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	b := freeBot
	if o.Limited {
		b = heldBot
	}
	speaks, err := b()
	if err != nil {
		return err
	}
	go func() {
		ended <- notice.NewRunner(notice.RunnerConfig{Outbox: db.Outbox(), Sender: speaks.Sender(), Subscriptions: speaks.Subscriptions,
			Audience: speaks.Audience(), Product: speaks.Product, Metrics: s}).Run(run)
	}()
	if !o.Resume && !o.Announced {
		if err := o.announce(ctx, db); err != nil {
			return err
		}
	}
	select {
	case <-s.all:
	case err := <-ended:
		return errors.Join(errors.New("the runner ended"), err)
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	if odd := s.odd.Load(); odd > 0 {
		return fmt.Errorf("%d notices were not sent", odd)
	}
	return nil
}

// freeBot and heldBot live as long as the process, as a service does: whoever announces something was asked for in each team
// a moment before, when they chose its channels. The first round does that here.
var (
	freeBot = sync.OnceValues(func() (*bot.Bot, error) { return benchBot(free()) })
	heldBot = sync.OnceValues(func() (*bot.Bot, error) { return benchBot(held()) })
)

// benchBot is a bot over the store.
func benchBot(c *bot.Connector) (*bot.Bot, error) {
	db, err := outbox()
	if err != nil {
		return nil, err
	}
	app := bot.AppConfig{ID: appID, Name: "Contact Pro", Connector: c, Roster: bot.NewRoster(bot.RosterConfig{App: appID, Connector: c, References: db.Conversations()})}
	return bot.New(bot.Config{Conversations: db.Conversations(), Turns: db.Turns(), Announcements: db.Announcements(), Contact: app, Tenants: []string{"*"},
		Configurations: configuration.New(configuration.Config{Shelf: db.Configurations()}), Log: slog.New(slog.DiscardHandler)}), nil
}

// each announcement goes to as many conversations of a tenant as it may.
func (o order) width() int { return min(o.Conversations, notice.MaxTargets) }

// team is the general channel of the team of the nth conversation; ten conversations are a team.
func team(tenant, n int) string { return conversationName(tenant, n-n%10) }

// settle adds the app to the conversations of an order.
func (o order) settle(ctx context.Context, db *store.DB, addr string) error {
	var group errgroup.Group
	group.SetLimit(senders)
	for i := range o.Tenants * o.Conversations {
		tenant, n := i%o.Tenants, i/o.Tenants
		group.Go(func() error {
			return db.Conversations().Remember(ctx, identity.Tenant(tenantName(tenant)), identity.Reference{Conversation: identity.Conversation(conversationName(tenant, n)), Place: identity.Channel,
				Team: team(tenant, n), ServiceURL: "http://" + addr + "/emea/", App: appID, BotID: "28:" + appID, Locale: "en-US", Used: time.Unix(1_800_000_000, 0)})
		})
	}
	return group.Wait()
}

// announce says in each conversation what the order asks for, with one announcement for many of them.
func (o order) announce(ctx context.Context, db *store.DB) error {
	var group errgroup.Group
	group.SetLimit(announcers)
	for i := range o.Notices / o.width() {
		group.Go(func() error {
			tenant := identity.Tenant(tenantName(i % o.Tenants))
			a, notices := o.announcement(i, time.Now())
			_, err := db.Announcements().Announce(ctx, tenant, a, notices)
			return err
		})
	}
	return group.Wait()
}

func announcementID(number int) string { return fmt.Sprintf("bench%08d", number) }

// announcement is the ith of an order.
func (o order) announcement(i int, now time.Time) (notice.Announcement, []notice.Notice) {
	number := o.First + i
	a := notice.Announcement{ID: announcementID(number), Product: string(bot.ContactPro), By: announcer, At: now, Title: noticeTitle(number), Text: noticeText, Version: 1, People: 100}
	notices := make([]notice.Notice, o.width())
	for j, id := range notice.NewIDs(now, len(notices)) {
		tenant, n := i%o.Tenants, (i/o.Tenants*o.width()+j)%o.Conversations
		target := notice.Target{Conversation: identity.Conversation(conversationName(tenant, n)), Team: team(tenant, n)}
		a.Targets = append(a.Targets, target)
		notices[j] = notice.Notice{Tenant: identity.Tenant(tenantName(tenant)), ID: id, Op: notice.Post, Team: target.Team,
			Place: notice.Place{Conversation: target.Conversation, Product: a.Product}, Content: notice.Content{Announcement: a.ID, Version: 1}, Due: now, State: notice.Waiting, At: now}
	}
	return a, notices
}
