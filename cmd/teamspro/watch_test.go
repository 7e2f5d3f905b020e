package main

import (
	"context"
	"log/slog"
	"testing"

	"teamspro/internal/configuration"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
	"teamspro/store"
)

// TestSubscribers: libraries are watched for the conversations that want to hear of new pictures, of every tenant.
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
	got, err := svc.subscribers(t.Context(), configuration.New(configuration.Config{Shelf: shelf}))
	want := image.Subscriber{Tenant: north, Conversation: "19:quay@thread.example", Team: "19:team@thread.example", By: "ines"}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
}
