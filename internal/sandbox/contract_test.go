package sandbox

import (
	"testing"

	"teamspro/graph/graphtest"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// TestGraphContract holds the sandbox's Graph to the contract that package graph relies on.
func TestGraphContract(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "User.Read", "Sites.ReadWrite.All")
	who := identity.Caller{Tenant: identity.Tenant(r.cfg.Tenant), Person: identity.Person(r.world.person("ana").ObjectID), Place: identity.Personal, Conversation: "a:ana"}
	channel := who
	channel.Place, channel.Conversation = identity.Channel, identity.Conversation(r.world.teams[0].id)
	w := graphtest.World{BaseURL: r.base + "/v1.0", Tokens: graphtest.Token(ana.token), Who: who, Channel: channel, Group: r.world.teams[0].group, Words: "sales"}
	root := ana.ok("GET", r.team()+"/root", nil)
	w.Seed = graphtest.SeedThrough(w, image.ItemRef{Drive: root.at("parentReference.driveId").(string), Item: root.body["id"].(string)})
	graphtest.Contract(t, w)
}
