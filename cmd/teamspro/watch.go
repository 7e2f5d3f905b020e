package main

import (
	"context"
	"slices"

	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// watch has the libraries of the conversations watched that want to hear of new pictures, by the clock of the service.
// Without Image Pro, or without drives, there is nothing to watch.
func (svc *service) watch(s *settings, app string, subscriptions notice.Subscriptions) *image.Watcher {
	if svc.pictures == nil || svc.pictures.drives == nil {
		return nil
	}
	svc.watcher = image.NewWatcher(image.WatcherConfig{Gallery: svc.pictures.gallery, Watches: svc.db.Watches(), Now: s.clock.Now, Log: svc.log,
		Subscribers: func(ctx context.Context) ([]image.Subscriber, error) { return svc.subscribers(ctx, app, subscriptions) }})
	return svc.watcher
}

// subscribers are the conversations of all tenants that want to hear of new pictures, and in which the app is that tells of
// them. The watches of all others are given up.
func (svc *service) subscribers(ctx context.Context, app string, from notice.Subscriptions) ([]image.Subscriber, error) {
	tenants, err := svc.db.Watches().Watching(ctx)
	if err != nil {
		return nil, err
	}
	var all []image.Subscriber
	for _, t := range tenants {
		list, err := from.Subscriptions(ctx, t)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(s notice.Subscription) bool { return !s.Wishes.Wants(notice.ImageNew) })
		if len(list) == 0 {
			continue
		}
		there, err := svc.places(ctx, t, app)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if there[string(s.Conversation)] || s.Team != "" && there[s.Team] {
				all = append(all, image.Subscriber{Tenant: t, Conversation: s.Conversation, Team: s.Team, By: s.By})
			}
		}
	}
	return all, nil
}

// places are the conversations and the teams in which an app is.
func (svc *service) places(ctx context.Context, t identity.Tenant, app string) (map[string]bool, error) {
	refs, err := svc.db.Conversations().All(ctx, t, app)
	there := make(map[string]bool, len(refs))
	for _, ref := range refs {
		if there[string(ref.Conversation)] = true; ref.Team != "" {
			there[ref.Team] = true
		}
	}
	return there, err
}
