package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
)

func TestGraphModes(t *testing.T) {
	t.Parallel()
	contact, image := appSettings{ID: "5b0f7d1e-0000-4000-8000-0000000000c1"}, appSettings{ID: "5b0f7d1e-0000-4000-8000-0000000000a2"}
	for _, row := range []struct {
		mode, image, off string
		drives, personal bool
	}{
		{graphNone, "User.Read", "graph mode is none", false, false},
		{graphDelegated, "User.Read Sites.ReadWrite.All", "", true, true},
		{graphSelected, "User.Read Sites.Selected", "people's own OneDrive", true, false},
	} {
		server := graphtest.Serve(t)
		s := &settings{GraphURL: server.URL, GraphMode: row.mode, Contact: contact, Image: image}
		if got := strings.Join(s.graphPermissions(image), " "); got != row.image {
			t.Errorf("%s: Image Pro asks for %s", row.mode, got)
		}
		if got := s.graphPermissions(contact); !slices.Equal(got, []string{"User.Read"}) {
			t.Errorf("%s: Contact Pro asks for %v", row.mode, got)
		}
		if off := strings.Join(s.off(), "; "); row.off == "" && strings.Contains(off, "OneDrive") || !strings.Contains(off, row.off) {
			t.Errorf("%s: off are %s", row.mode, off)
		}
		drives, err := s.drives(server, http.DefaultTransport, slog.New(slog.DiscardHandler))
		if err != nil || (drives != nil) != row.drives {
			t.Fatalf("%s: drives %v, %v", row.mode, drives, err)
		}
		if drives == nil {
			continue
		}
		if _, err := drives.Home(t.Context(), server.Who(), ""); (err == nil) != row.personal || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: the person's own drive: %v", row.mode, err)
		}
	}
}

// TestNoDrivesWithoutSignIn: an interface that holds nothing is none.
func TestNoDrivesWithoutSignIn(t *testing.T) {
	t.Parallel()
	s := &settings{GraphURL: "https://graph.microsoft.com/v1.0", GraphMode: graphDelegated}
	if drives, err := s.drives(nil, nil, nil); drives != nil || err != nil {
		t.Errorf("%v, %v", drives, err)
	}
	if _, err := newGraph(&settings{GraphURL: "ftp://x"}, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "TEAMSPRO_GRAPH_URL") {
		t.Error(err)
	}
	if (&settings{GraphMode: graphNone}).graphOff() != nil {
		t.Error("without Image Pro nothing of it is off")
	}
}
