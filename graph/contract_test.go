package graph_test

import (
	"testing"

	"teamspro/graph/graphtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	graphtest.Contract(t, graphtest.Serve(t).World())
}

// TestContractPlain is the same with a drive that keeps no hashes and no cTags.
func TestContractPlain(t *testing.T) {
	t.Parallel()
	s := graphtest.Serve(t)
	s.Plain()
	graphtest.Contract(t, s.World())
}

// TestContractOfATenant runs against the Graph that the environment describes (see graphtest.FromEnvironment).
func TestContractOfATenant(t *testing.T) {
	t.Parallel()
	if w, ok := graphtest.FromEnvironment(t); ok {
		graphtest.Contract(t, w)
	} else {
		t.Log("no tenant is described: nothing was looked at")
	}
}
