package storetest

import (
	"slices"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// RunWatches tests that a store keeps the contract of image.Watches, as far as it needs no saves. open gives an empty store
// for each test.
func RunWatches(t *testing.T, open func(t testing.TB) image.Watches) {
	for name, test := range map[string]func(*testing.T, image.Watches){
		"a watch comes back whole":        testWatch,
		"a watch goes on from its token":  testAdvance,
		"watches of tenants are apart":    testWatchesApart,
		"watches are told of and dropped": testWatched,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func watch(token string) image.Watch {
	return image.Watch{Folder: file(1), Home: true, By: ines, Token: token, Floor: at(1), Known: []string{"a.1", "b.2"}, At: at(2), Trouble: "watch.paused.denied"}
}

func testWatch(t *testing.T, p image.Watches) {
	none, err := p.Watch(t.Context(), north, sales)
	want(t, "before any", none, err, image.Watch{})
	for _, w := range []image.Watch{watch("token 1"), {By: timur, Token: "token 2"}, {}} {
		before, err := p.Watch(t.Context(), north, sales)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Advance(t.Context(), north, sales, before.Token, w, nil); err != nil {
			t.Fatal(err)
		}
		got, err := p.Watch(t.Context(), north, sales)
		want(t, "kept", got, err, w)
	}
}

func testAdvance(t *testing.T, p image.Watches) {
	ctx := t.Context()
	wantKind(t, "from a token where there is no watch", p.Advance(ctx, north, sales, "token 0", watch("token 1"), nil), fault.Stale)
	if err := p.Advance(ctx, north, sales, "", watch("token 1"), nil); err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"", "token 0", "token 2"} {
		wantKind(t, "from another token", p.Advance(ctx, north, sales, old, watch("token 3"), []image.Arrival{{Ref: file(2)}}), fault.Stale)
	}
	got, err := p.Watch(ctx, north, sales)
	want(t, "what stood", got, err, watch("token 1"))
	pictures := []image.Arrival{{Ref: file(2), Parent: file(1), Size: 5, At: at(3), By: timur}, {Ref: file(3), At: at(4)}}
	others, err := p.Others(ctx, north, sales, slices.Clone(pictures))
	want(t, "nobody saved anything", others, err, pictures)
	if err := p.Advance(ctx, north, sales, "token 1", watch("token 2"), pictures); err != nil {
		t.Fatal(err)
	}
	got, err = p.Watch(ctx, north, sales)
	want(t, "gone on", got, err, watch("token 2"))
}

func testWatchesApart(t *testing.T, p image.Watches) {
	ctx := t.Context()
	if err := p.Advance(ctx, north, sales, "", watch("token 1"), nil); err != nil {
		t.Fatal(err)
	}
	got, err := p.Watch(ctx, south, sales)
	want(t, "another tenant's", got, err, image.Watch{})
	got, err = p.Watch(ctx, north, lab)
	want(t, "another conversation's", got, err, image.Watch{})
	if err := p.DropWatch(ctx, south, sales); err != nil {
		t.Error(err)
	}
	got, err = p.Watch(ctx, north, sales)
	want(t, "still there", got, err, watch("token 1"))
}

func testWatched(t *testing.T, p image.Watches) {
	ctx := t.Context()
	all := []image.Subscriber{{Tenant: north, Conversation: lab, By: ines}, {Tenant: north, Conversation: sales, By: ines}, {Tenant: south, Conversation: sales, By: ines}}
	for _, s := range all {
		if err := p.Advance(ctx, s.Tenant, s.Conversation, "", watch(time.Now().String()), nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.Watched(ctx)
	slices.SortFunc(got, compareSubscribers)
	slices.SortFunc(all, compareSubscribers)
	want(t, "all", got, err, all)
	for _, s := range all {
		for range 2 {
			if err := p.DropWatch(ctx, s.Tenant, s.Conversation); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err = p.Watched(ctx)
	want(t, "after all were dropped", got, err, nil)
}

func compareSubscribers(a, b image.Subscriber) int {
	return slices.Compare([]string{string(a.Tenant), string(a.Conversation)}, []string{string(b.Tenant), string(b.Conversation)})
}
