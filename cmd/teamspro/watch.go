package main

import (
	"context"

	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// watch has the libraries of the conversations watched that want to hear of new pictures. Without Image Pro, or without
// drives, there is nothing to watch.
func (svc *service) watch(subscriptions notice.Subscriptions) {
	if svc.pictures == nil || svc.pictures.drives == nil {
		return
	}
	svc.watcher = image.NewWatcher(image.WatcherConfig{Gallery: svc.pictures.gallery, Watches: svc.db.Watches(), Log: svc.log,
		Subscribers: func(ctx context.Context) ([]image.Subscriber, error) { return svc.subscribers(ctx, subscriptions) }})
}

// subscribers are the conversations of all tenants that want to hear of new pictures.
func (svc *service) subscribers(ctx context.Context, from notice.Subscriptions) ([]image.Subscriber, error) {
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
		for _, s := range list {
			if s.Wishes.Wants(notice.ImageNew) {
				all = append(all, image.Subscriber{Tenant: t, Conversation: s.Conversation, Team: s.Team, By: s.By})
			}
		}
	}
	return all, nil
}
