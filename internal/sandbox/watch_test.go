package sandbox

import (
	"context"
	"encoding/base64"
	"image/color"
	"testing"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// group is a roster that knows the group of the team.
type group string

// Role and Group implement image.Roster.
func (g group) Role(context.Context, identity.Tenant, identity.Person, identity.Conversation, string) (identity.Role, error) {
	return identity.Owner, nil
}

func (g group) Group(context.Context, identity.Caller) (string, error) { return string(g), nil }

// watchman watches the library of the channel with a token.
type watchman struct {
	w     *image.Watcher
	s     image.Subscriber
	found *imagetest.Watches
}

func (r *rig) watchman(token string) *watchman {
	r.t.Helper()
	c, err := graph.New(graph.Config{BaseURL: r.base + "/v1.0", Tokens: graphtest.Token(token)})
	if err != nil {
		r.t.Fatal(err)
	}
	memory := imagetest.NewMemory()
	m := &watchman{found: imagetest.NewWatches(), s: image.Subscriber{Tenant: identity.Tenant(r.cfg.Tenant), Conversation: identity.Conversation(r.world.teams[0].id),
		Team: r.world.teams[0].id, By: identity.Person(r.world.person("ana").ObjectID)}}
	gallery := image.NewGallery(image.GalleryConfig{Studio: image.NewStudio(image.StudioConfig{Drives: c}), Drives: c, Roster: group(r.world.teams[0].group),
		Libraries: memory, Seen: memory, Captions: memory, Saves: memory})
	m.w = image.NewWatcher(image.WatcherConfig{Gallery: gallery, Watches: m.found})
	return m
}

func (m *watchman) look(t *testing.T) error {
	t.Helper()
	return m.w.Look(t.Context(), m.s)
}

// TestWatch: a picture that somebody lays into the channel's folder is found, with its name and who did it; what lies
// elsewhere, what only changes and what was there are not.
func TestWatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "User.Read", "Sites.ReadWrite.All")
	m := r.watchman(ana.token)
	folder := ana.ok("GET", "/teams/"+r.world.teams[0].group+"/channels/"+r.world.teams[0].id+"/filesFolder", nil).body["name"].(string)
	put := func(path string) {
		data := base64.StdEncoding.EncodeToString(pictureOf(t, 20, 10, color.Black))
		r.api("/api/drive", obj{"do": "put", "as": "ben", "path": path, "base64": data}, nil)
	}
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	put("Photographs/beside.png")
	put(folder + "/first.png")
	put(folder + "/inner/second.png")
	put(folder + "/notes.txt")
	r.api("/api/drive", obj{"do": "change", "path": "Papers/Read me.txt"}, nil)
	for range 2 {
		if err := m.look(t); err != nil {
			t.Fatal(err)
		}
		put(folder + "/first.png") // from now on a change
	}
	if err := m.look(t); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range m.found.Told() {
		item, err := m.w.Name(t.Context(), m.s, a.Ref)
		if err != nil {
			t.Error(err)
		}
		if names = append(names, item.Name); a.By != identity.Person(r.world.person("ben").ObjectID) {
			t.Errorf("%s was made by %q", item.Name, a.By)
		}
	}
	if len(names) != 2 || names[0]+names[1] != "first.pngsecond.png" && names[0]+names[1] != "second.pngfirst.png" {
		t.Errorf("found %v", names)
	}
}

// TestWatchSelected: where the app sees only the sites that an administrator granted, so does a watch.
func TestWatchSelected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.watchman(r.as("ana", "User.Read", "Sites.Selected").token)
	if err := m.look(t); !fault.Is(err, fault.Denied) {
		t.Errorf("before the grant: %v", err)
	}
	state, err := m.w.State(t.Context(), m.s.Tenant, m.s.Conversation)
	if err != nil || state.Why != "watch.paused.denied" {
		t.Errorf("the state is %+v, %v", state, err)
	}
	r.api("/api/drive", obj{"do": "grant", "app": "contact", "drive": "team", "role": "read"}, nil)
	if err := m.look(t); err != nil {
		t.Errorf("after it: %v", err)
	}
	if state, err := m.w.State(t.Context(), m.s.Tenant, m.s.Conversation); err != nil || state.Why != "" {
		t.Errorf("the state is %+v, %v", state, err)
	}
}
