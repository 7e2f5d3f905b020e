package main

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"teamspro/internal/configuration"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
	"teamspro/store"
)

// TestSubscribers: libraries are watched for the conversations that want to hear of new pictures, of every tenant, and in which
// Image Pro is: in a channel, or anywhere in its team.
func TestSubscribers(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), store.Config{Path: t.TempDir() + "/teamspro.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	shelf := db.Configurations()
	for c, kind := range map[identity.Conversation]notice.Kind{"19:quay@thread.example": notice.ImageNew, "19:lab@thread.example": notice.ImageSaved} {
		k := configuration.Kept{Conversation: c, Team: "19:team@thread.example", Version: 1, By: "ines", Settings: configuration.Settings{Wishes: &notice.Wishes{Kinds: []notice.Kind{kind}}}}
		if err := shelf.Save(context.Background(), north, k, "dialog"); err != nil {
			t.Fatal(err)
		}
	}
	svc := &service{db: db, log: slog.New(slog.DiscardHandler)}
	want := image.Subscriber{Tenant: north, Conversation: "19:quay@thread.example", Team: "19:team@thread.example", By: "ines"}
	for _, row := range []struct {
		app, place, team string
		want             []image.Subscriber
	}{
		{"contact-app", "19:quay@thread.example", "19:team@thread.example", nil},
		{"image-app", "19:elsewhere@thread.example", "19:other@thread.example", nil},
		{"image-app", "19:beach@thread.example", "19:team@thread.example", []image.Subscriber{want}},
	} {
		ref := identity.Reference{Conversation: identity.Conversation(row.place), App: row.app, Team: row.team, Place: identity.Channel, ServiceURL: "https://smba.example/"}
		if err := db.Conversations().Remember(t.Context(), north, ref); err != nil {
			t.Fatal(err)
		}
		got, err := svc.subscribers(t.Context(), "image-app", configuration.New(configuration.Config{Shelf: shelf}))
		if err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s in %s: %+v, %v", row.app, row.place, got, err)
		}
	}
}
