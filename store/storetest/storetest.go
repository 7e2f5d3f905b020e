// Package storetest holds the contract that every store keeps, as a suite of tests, and opens stores for the
// tests of other packages. It is for tests only.
package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/store"
)

// Ports are the parts of one store. All from Conversations on may be nil for a store that has contacts only.
type Ports struct {
	Shelf         contact.Shelf
	Chronicle     contact.Chronicle
	Journal       contact.Journal
	Library       contact.Library
	Marks         contact.Marks
	Conversations Conversations
	Turns         Turns
	Tokens        Tokens
	Profiles      Profiles
	Pins          image.PinShelf
	Presets       image.PresetShelf
	Batches       image.BatchShelf
	Imports       contact.ImportShelf
}

// Conversations keeps how to speak in a conversation, as store.Conversations does.
type Conversations interface {
	Remember(ctx context.Context, t identity.Tenant, r identity.Reference) error
	Recall(ctx context.Context, t identity.Tenant, c identity.Conversation, app string) (identity.Reference, error)
	Forget(ctx context.Context, t identity.Tenant, c identity.Conversation, app string) error
}

// Turns keeps what was answered and what is owed, as store.Turns does.
type Turns interface {
	Answered(ctx context.Context, key string) (bool, error)
	MarkAnswered(ctx context.Context, key string) error
	Owe(ctx context.Context, o identity.Owed) error
	Settle(ctx context.Context, key string) error
	Owing(ctx context.Context) ([]identity.Owed, error)
}

// Tokens keeps sealed sign-ins, as store.Tokens does.
type Tokens interface {
	Load(ctx context.Context, t identity.Tenant, p identity.Person, app string) ([]byte, error)
	Keep(ctx context.Context, t identity.Tenant, p identity.Person, app string, sealed []byte) error
	Drop(ctx context.Context, t identity.Tenant, p identity.Person, app string) error
}

// Profiles keeps what the directory said of people, as store.Profiles does.
type Profiles interface {
	Profile(ctx context.Context, t identity.Tenant, p identity.Person) (identity.Profile, error)
	KeepProfile(ctx context.Context, t identity.Tenant, p identity.Profile) error
	DropProfile(ctx context.Context, t identity.Tenant, p identity.Person) error
}

var (
	_ Conversations = (*store.Conversations)(nil)
	_ Turns         = (*store.Turns)(nil)
	_ Tokens        = (*store.Tokens)(nil)
	_ Profiles      = (*store.Profiles)(nil)
)

// Open makes a store in a folder of the test. When the test ends, the file is closed and must be sound.
func Open(t testing.TB) *store.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db, err := store.Open(context.Background(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSound(t, db, path) })
	return db
}

func closeSound(t testing.TB, db *store.DB, path string) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := store.Check(ctx, path); err != nil {
		t.Errorf("the file after the test: %v", err)
	}
}

// PortsOf gives the parts of a store for Run.
func PortsOf(db *store.DB) Ports {
	return Ports{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Marks: db.Marks(),
		Conversations: db.Conversations(), Turns: db.Turns(), Tokens: db.Tokens(), Profiles: db.Profiles(),
		Pins: db.Pins(), Presets: db.Presets(), Batches: db.Batches(), Imports: db.Imports()}
}
