package sandbox

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// delegatedToken is a Graph token of a person who consented to the scopes.
func (r *rig) delegatedToken(who string, names ...string) string {
	r.t.Helper()
	r.login.consent(contactID, r.world.person(who).ObjectID, scopes{names: names})
	status, body := r.tokenCall(r.cfg.Tenant, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {contactID},
		"client_secret": {"contact-secret"}, "assertion": {r.tokenFor("contact", who)}, "scope": {graphAudience + "/" + strings.Join(names, " "+graphAudience+"/")}})
	token, _ := body["access_token"].(string)
	if status != 200 {
		r.t.Fatalf("no token: %d %v", status, body)
	}
	return token
}

func TestGraphChecksWhoAsks(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Apps[1].Roles = []string{} })
	ana, ben := r.world.person("ana"), r.world.person("ben")
	app, own, all := r.appToken(graphAudience), r.delegatedToken("ana", "User.Read"), r.delegatedToken("ben", "User.ReadBasic.All")
	poor := r.tokenOf(imageID, "image-secret", graphAudience)
	for _, c := range []struct {
		name, path, token string
		status            int
		code              string
	}{
		{"no token", "/users", "", 401, "InvalidAuthenticationToken"},
		{"a connector token", "/users", r.appToken(botAudience), 401, "InvalidAuthenticationToken"},
		{"a single sign-on token", "/me", r.tokenFor("contact", "ana"), 401, "InvalidAuthenticationToken"},
		{"an app has no me", "/me", app, 400, "BadRequest"},
		{"an app has no photo of its own", "/me/photo/$value", app, 400, "BadRequest"},
		{"an app without the role", "/users", poor, 403, "Authorization_RequestDenied"},
		{"an app without the role, one person", "/users/" + ana.ObjectID, poor, 403, "Authorization_RequestDenied"},
		{"a person reads others", "/users/" + ben.ObjectID, own, 403, "Authorization_RequestDenied"},
		{"a person lists", "/users", own, 403, "Authorization_RequestDenied"},
		{"a stranger", "/users/" + stableGUID("nobody"), app, 404, "Request_ResourceNotFound"},
		{"a Teams id is no Graph id", "/users/" + ana.UserID, app, 404, "Request_ResourceNotFound"},
		{"a guest's photo", "/users/" + r.world.person("chloe").ObjectID + "/photo/$value", app, 404, "ImageNotFound"},
		{"a size that is none", "/users/" + ana.ObjectID + "/photos/50x50/$value", app, 400, "ErrorInvalidImageSize"},
		{"search without its header", `/users?$search="displayName:ana"`, app, 400, "Request_UnsupportedQuery"},
		{"filter", "/users?$filter=x", all, 400, "Request_UnsupportedQuery"},
		{"page size", "/users?$top=1000", app, 400, "Request_BadRequest"},
		{"elsewhere", "/groups", app, 404, "ResourceNotFound"},
	} {
		status, raw := r.do("GET", r.base+"/v1.0"+strings.ReplaceAll(c.path, " ", "%20"), c.token, nil)
		var body struct {
			Error struct {
				Code       string
				InnerError map[string]string
			}
		}
		if err := json.Unmarshal([]byte(raw), &body); err != nil || status != c.status || body.Error.Code != c.code || body.Error.InnerError["request-id"] == "" {
			t.Errorf("%s: %d %s", c.name, status, raw)
		}
	}
}

func TestGraphPeople(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.world.person("ana")
	app, own := r.appToken(graphAudience), r.delegatedToken("ana", "User.Read")
	context := r.base + "/v1.0/$metadata#users/$entity"
	for _, c := range []struct {
		path, token string
		want        obj
	}{
		{"/me?$select=id,displayName", own, obj{"@odata.context": context, "id": ana.ObjectID, "displayName": "Ana Duarte"}},
		{"/users/" + ana.ObjectID + "?$select=mail,nonsense", own, obj{"@odata.context": context, "mail": "ana.duarte@contoso.example"}},
		{"/users/ana.duarte@contoso.example?$select=jobTitle,%20department", app, obj{"@odata.context": context, "jobTitle": "Head of Sales", "department": "Sales"}},
		{"/users/" + r.world.person("chloe").ObjectID + "?$select=userType,department", app, obj{"@odata.context": context, "userType": "Guest", "department": nil}},
	} {
		status, raw := r.do("GET", r.base+"/v1.0"+c.path, c.token, nil)
		var got obj
		if err := json.Unmarshal([]byte(raw), &got); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", c.path, status, raw)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
	_, raw := r.do("GET", r.base+"/v1.0/me", own, nil)
	var whole obj
	if err := json.Unmarshal([]byte(raw), &whole); err != nil {
		t.Fatal(err)
	}
	for _, name := range basicUser {
		if _, ok := whole[name]; !ok {
			t.Errorf("%s is missing without $select", name)
		}
	}
}

func TestGraphSearch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(graphAudience)
	for _, c := range []struct {
		query string
		want  []string
	}{
		{`"displayName:ana"`, []string{"Ana Duarte"}},
		{`"displayName:martin"`, []string{"Chloé Martin"}},
		{`"mail:ben"`, []string{"Ben Okafor"}},
		{`"displayName:ana" OR "mail:ben"`, []string{"Ana Duarte", "Ben Okafor"}},
		{`"displayName:nobody"`, nil},
	} {
		req, err := http.NewRequest("GET", r.base+"/v1.0/users?$select=displayName&$top=2&$search="+url.QueryEscape(c.query), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("ConsistencyLevel", "eventual")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Value []struct{ DisplayName string }
		}
		err = json.NewDecoder(res.Body).Decode(&body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range body.Value {
			got = append(got, v.DisplayName)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", c.query, got)
		}
	}
}

func TestGraphPhotos(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, ana := r.delegatedToken("ana", "User.Read"), r.world.person("ana")
	for path, size := range map[string]int{
		"/me/photo/$value":                                  648,
		"/me/photos/48x48/$value":                           48,
		"/users/" + ana.ObjectID + "/photos/120x120/$value": 120,
	} {
		status, raw := r.do("GET", r.base+"/v1.0"+path, token, nil)
		img, err := jpeg.Decode(bytes.NewReader([]byte(raw)))
		if status != 200 || err != nil || img.Bounds().Dx() != size || img.Bounds().Dy() != size {
			t.Errorf("%s: %d %v", path, status, err)
		}
	}
	if bytes.Equal(portrait(ana, 48), portrait(r.world.person("ben"), 48)) {
		t.Error("two people look the same")
	}
}

func TestGraphHasTroubleToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.api("/api/faults", obj{"op": "graph", "status": 429, "retryAfter": "2.128"}, nil)
	res := r.send("GET", r.base+"/v1.0/users", r.appToken(graphAudience), nil)
	defer res.Body.Close()
	var body struct{ Error struct{ Code string } }
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "2.128" || body.Error.Code != "TooManyRequests" {
		t.Errorf("%d %v %v", res.StatusCode, body, err)
	}
}
