package storetest

import (
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const app = "99999999-0000-4000-8000-000000000001"

// runBot tests the ports of bot, where the store has them.
func runBot(t *testing.T, open func(t testing.TB) Ports) {
	for name, test := range map[string]func(*testing.T, Ports){
		"a conversation is remembered and forgotten": testConversations,
		"references of tenants and apps never meet":  testReferences,
		"an activity is answered once":               testAnswered,
		"what is owed is settled":                    testOwed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p := open(t); p.Conversations != nil && p.Turns != nil {
				test(t, p)
			}
		})
	}
}

func reference() identity.Reference {
	return identity.Reference{Conversation: sales, Place: identity.Channel, Team: "19:team@thread.example",
		ServiceURL: "https://smba.example/emea/", App: app, BotID: "28:" + app, Locale: "fr-FR", Installer: ines, Used: at(0)}
}

func remember(t *testing.T, p Ports, tenant identity.Tenant, r identity.Reference) {
	t.Helper()
	if err := p.Conversations.Remember(t.Context(), tenant, r); err != nil {
		t.Fatal(err)
	}
}

func testConversations(t *testing.T, p Ports) {
	ctx := t.Context()
	_, err := p.Conversations.Recall(ctx, north, sales, app)
	wantKind(t, "an unknown conversation", err, fault.NotFound)
	r := reference()
	remember(t, p, north, r)
	got, err := p.Conversations.Recall(ctx, north, sales, app)
	want(t, "recalled", got, err, r)

	soon, later, moved := r, r, r
	soon.Used = r.Used.Add(59 * time.Minute)
	later.Used = r.Used.Add(time.Hour)
	moved.Used, moved.ServiceURL = later.Used.Add(time.Minute), "https://smba.example/amer/"
	for _, row := range []struct {
		why        string
		keep, want identity.Reference
	}{
		{"used again within the hour", soon, r},
		{"used again after an hour", later, later},
		{"moved within the hour", moved, moved},
	} {
		remember(t, p, north, row.keep)
		got, err := p.Conversations.Recall(ctx, north, sales, app)
		want(t, row.why, got, err, row.want)
	}

	for range 2 {
		if err := p.Conversations.Forget(ctx, north, sales, app); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Conversations.Recall(ctx, north, sales, app)
	wantKind(t, "a forgotten conversation", err, fault.NotFound)
}

func testReferences(t *testing.T, p Ports) {
	ctx := t.Context()
	remember(t, p, north, reference())
	other := reference()
	other.App, other.Locale = "another-app", "en-GB"
	remember(t, p, north, other)
	_, err := p.Conversations.Recall(ctx, south, sales, app)
	wantKind(t, "another tenant", err, fault.NotFound)
	if err := p.Conversations.Forget(ctx, south, sales, app); err != nil {
		t.Fatal(err)
	}
	if err := p.Conversations.Forget(ctx, north, sales, "another-app"); err != nil {
		t.Fatal(err)
	}
	got, err := p.Conversations.Recall(ctx, north, sales, app)
	want(t, "the one that stays", got, err, reference())
}

func testAnswered(t *testing.T, p Ports) {
	ctx := t.Context()
	got, err := p.Turns.Answered(ctx, "app|conversation|1")
	want(t, "before", got, err, false)
	for range 2 {
		if err := p.Turns.MarkAnswered(ctx, "app|conversation|1"); err != nil {
			t.Fatal(err)
		}
	}
	got, err = p.Turns.Answered(ctx, "app|conversation|1")
	want(t, "after", got, err, true)
	got, err = p.Turns.Answered(ctx, "app|conversation|11")
	want(t, "another activity", got, err, false)
}

func testOwed(t *testing.T, p Ports) {
	ctx := t.Context()
	o := identity.Owed{Key: "app|conversation|1", Tenant: north, Reference: reference(), Thread: string(sales) + ";messageid=17",
		ReplyTo: "1", Locale: "de-DE", At: at(3)}
	for range 2 {
		if err := p.Turns.Owe(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	owing, err := p.Turns.Owing(ctx)
	want(t, "owing", owing, err, []identity.Owed{o})
	answered, err := p.Turns.Answered(ctx, o.Key)
	want(t, "answered while it is owed", answered, err, false)

	if err := p.Turns.Settle(ctx, o.Key); err != nil {
		t.Fatal(err)
	}
	owing, err = p.Turns.Owing(ctx)
	want(t, "owing once settled", owing, err, nil)
	answered, err = p.Turns.Answered(ctx, o.Key)
	want(t, "answered once settled", answered, err, true)
}
