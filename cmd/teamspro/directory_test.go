package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// oneSignIn holds one person's token, until Graph refuses it.
type oneSignIn struct{ refused bool }

func (s *oneSignIn) Token(context.Context, identity.Caller) (string, error) {
	return "token-of-ines", nil
}

func (s *oneSignIn) Refused(context.Context, identity.Caller, string) error {
	s.refused = true
	return fault.New(fault.SignIn, "oneSignIn", "signin.ended")
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		status     int
		kind       fault.Kind
		want       identity.Profile
	}{
		{"whole", `{"displayName":"Inês Prata","mail":"ines@contoso.example","userPrincipalName":"ines@contoso.example","jobTitle":"Engineer","department":"Sales","officeLocation":"Lisbon","mobilePhone":"+351 1","businessPhones":["+351 2"]}`, 200, "",
			identity.Profile{Person: "ines", Name: "Inês Prata", Mail: "ines@contoso.example", UPN: "ines@contoso.example", JobTitle: "Engineer", Department: "Sales", Office: "Lisbon", Phone: "+351 2"}},
		{"with little", `{"displayName":"Inês Prata","mail":null,"mobilePhone":"+351 1","businessPhones":[]}`, 200, "", identity.Profile{Person: "ines", Name: "Inês Prata", Phone: "+351 1"}},
		{"refused", `{}`, 401, fault.SignIn, identity.Profile{}},
		{"throttled", `{}`, 429, fault.Busy, identity.Profile{}},
		{"away", `{}`, 503, fault.Busy, identity.Profile{}},
		{"not allowed", `{}`, 403, fault.Internal, identity.Profile{}},
		{"no JSON", `<html>`, 200, fault.Internal, identity.Profile{}},
	} {
		graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer token-of-ines" || r.URL.Path != "/v1.0/me" {
				t.Errorf("%s: asked %s", row.name, r.URL)
			}
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(row.body))
		}))
		tokens := &oneSignIn{}
		got, err := directory{tokens, graph.URL + "/v1.0", graph.Client()}.Me(t.Context(), identity.Caller{Tenant: "t", Person: "ines"})
		graph.Close()
		if fault.KindOf(err) != row.kind || tokens.refused != (row.status == 401) || err == nil && got.Read.IsZero() {
			t.Errorf("%s: %v", row.name, err)
		}
		if diff := cmp.Diff(row.want, got, cmpopts.IgnoreFields(identity.Profile{}, "Read")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, err := (directory{&oneSignIn{}, gone.URL, http.DefaultClient}).Me(t.Context(), identity.Caller{Person: "ines"}); !fault.Is(err, fault.Busy) {
		t.Errorf("nobody there: %v", err)
	}
}
