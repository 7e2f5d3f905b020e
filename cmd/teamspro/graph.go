package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"teamspro/graph"
	"teamspro/internal/image"
)

// What Image Pro may ask of Microsoft Graph, as TEAMSPRO_GRAPH_MODE says it.
const (
	graphNone      = "none"           // who somebody is, and nothing more
	graphDelegated = "delegated"      // all that the person may
	graphSelected  = "sites-selected" // what the person may in the sites that an administrator granted to the app
)

// graphPermissions are the permissions that an app asks people for, without the address of the cloud's Graph.
func (s *settings) graphPermissions(app appSettings) []string {
	switch {
	case app.ID != s.Image.ID || s.GraphMode == graphNone:
		return []string{"User.Read"}
	case s.GraphMode == graphSelected:
		return []string{"User.Read", "Sites.Selected"}
	}
	return []string{"User.Read", "Sites.ReadWrite.All"}
}

// newGraph makes the client of Graph for the people of an app. Tokens are that app's sign-in.
func newGraph(s *settings, tokens graph.Tokens, transport http.RoundTripper, log *slog.Logger) (*graph.Client, error) {
	client, err := graph.New(graph.Config{BaseURL: s.GraphURL, Transport: transport, Tokens: tokens, SitesSelected: s.GraphMode == graphSelected,
		UserAgent: "NONISV|TeamsPro|ImagePro/" + version(), Log: log})
	if err != nil {
		return nil, fmt.Errorf("TEAMSPRO_GRAPH_URL: %w", err)
	}
	return client, nil
}

// drives are where the people of Image Pro keep their pictures: nil when they are left out, or when nobody can sign in.
func (s *settings) drives(tokens graph.Tokens, transport http.RoundTripper, log *slog.Logger) (image.Drives, error) {
	if tokens == nil || s.GraphMode == graphNone {
		return nil, nil
	}
	client, err := newGraph(s, tokens, transport, log)
	if err != nil {
		return nil, err
	}
	return client, nil
}

// graphOff says what the settings leave out of SharePoint and OneDrive, for the first line of the log.
func (s *settings) graphOff() []string {
	switch {
	case s.Image.ID == "":
		return nil
	case s.GraphMode == graphNone:
		return []string{"files of SharePoint and OneDrive (the graph mode is none)"}
	case s.GraphMode == graphSelected:
		return []string{"people's own OneDrive, and sites that no administrator granted (the graph mode is sites-selected)"}
	}
	return nil
}
