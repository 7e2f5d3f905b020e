package sandbox

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// photoSizes are the sizes Graph offers, in pixels; 648 is what it gives when none is named.
var photoSizes = []int{48, 64, 96, 120, 240, 360, 432, 504, 648}

// graphCall is a request to Graph with a token that was checked.
type graphCall struct {
	w      http.ResponseWriter
	r      *http.Request
	app    *App
	me     *person  // nil for an app without a person
	grants []string // permissions: scopes or roles
}

// graphRoutes is the part of Graph the products use: people and their photos, sites and their files.
func (s *Sandbox) graphRoutes(mux *http.ServeMux) {
	route := func(path string, handle func(*graphCall)) {
		mux.Handle("GET /v1.0"+path, s.recorded(called(opGraph), s.troubled(opGraph, refuseGraph, s.graph(handle))))
	}
	route("/me", s.graphMe)
	route("/me/photo/$value", s.graphMyPhoto)
	route("/me/photos/{size}/$value", s.graphMyPhoto)
	route("/users", s.graphUsers)
	route("/users/{user}", s.graphUser)
	route("/users/{user}/photo/$value", s.graphPhoto)
	route("/users/{user}/photos/{size}/$value", s.graphPhoto)
	s.driveRoutes(mux)
	mux.HandleFunc("/v1.0/", func(w http.ResponseWriter, _ *http.Request) {
		graphFail(w, http.StatusNotFound, "ResourceNotFound", "The sandbox's Graph does not have this.")
	})
}

func refuseGraph(w http.ResponseWriter, status int, code string) {
	codes := map[int]string{429: "TooManyRequests", 503: "serviceNotAvailable", 404: "itemNotFound", 403: "accessDenied", 401: "InvalidAuthenticationToken",
		409: "nameAlreadyExists", 410: "resyncRequired", 412: "resourceModified", 416: "invalidRange", 423: "resourceLocked", 507: "quotaLimitReached",
		509: "activityLimitReached"}
	graphFail(w, status, orElse(orElse(code, codes[status]), "generalException"), "The sandbox was asked for this.")
}

// graphFail answers with an error in Graph's shape.
func graphFail(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": text,
		"innerError": map[string]string{"request-id": newGUID(), "client-request-id": newGUID()}}})
}

// graph checks the token of a request: for Graph, in time, of an app and (unless it is the app's own) a person known here.
func (s *Sandbox) graph(handle func(*graphCall)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := s.entra.verify(token, graphAudience)
		app := s.appByID(text(claims, "appid"))
		if err != nil || app == nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+s.loginB+`/common/oauth2/authorize"`)
			graphFail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty, expired or not for Graph.")
			return
		}
		c := &graphCall{w: w, r: r, app: app, grants: strings.Fields(text(claims, "scp"))}
		if claims["idtyp"] == "app" {
			c.grants = app.Roles
		} else if c.me = s.world.personByObjectID(text(claims, "oid")); c.me == nil {
			graphFail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The person of the token is unknown.")
			return
		}
		handle(c)
	})
}

func text(claims jwt.MapClaims, name string) string {
	s, _ := claims[name].(string)
	return s
}

func (s *Sandbox) graphMe(c *graphCall) {
	if c.me == nil {
		graphFail(c.w, http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
		return
	}
	if c.may(c.me) {
		writeJSON(c.w, http.StatusOK, c.selected(s.base+"/v1.0/$metadata#users/$entity", c.me))
	}
}

func (s *Sandbox) graphUser(c *graphCall) {
	if p := s.graphTarget(c); p != nil {
		writeJSON(c.w, http.StatusOK, c.selected(s.base+"/v1.0/$metadata#users/$entity", p))
	}
}

// graphTarget finds the person of the path and checks that they may be read.
func (s *Sandbox) graphTarget(c *graphCall) *person {
	id := c.r.PathValue("user")
	p := s.world.personByID(id)
	if p == nil || strings.HasPrefix(id, "29:") {
		graphFail(c.w, http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist or one of its queried reference-property objects are not present.")
		return nil
	}
	if !c.may(p) {
		return nil
	}
	return p
}

// may checks the permission to read a person; without it the refusal is written.
func (c *graphCall) may(p *person) bool {
	own := c.me == p && (slices.Contains(c.grants, "User.Read") || slices.Contains(c.grants, "User.ReadWrite"))
	if own || c.mayReadAll() {
		return true
	}
	graphFail(c.w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	return false
}

func (c *graphCall) mayReadAll() bool {
	return slices.ContainsFunc([]string{"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"}, func(p string) bool { return slices.Contains(c.grants, p) })
}

// graphUsers lists people: $top, $select, and $search by displayName or mail (with its ConsistencyLevel header).
func (s *Sandbox) graphUsers(c *graphCall) {
	if !c.mayReadAll() {
		graphFail(c.w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return
	}
	q := c.r.URL.Query()
	if q.Get("$search") != "" && c.r.Header.Get("ConsistencyLevel") != "eventual" || q.Has("$filter") || q.Has("$skip") {
		graphFail(c.w, http.StatusBadRequest, "Request_UnsupportedQuery", "The query needs a ConsistencyLevel header, or is none the sandbox knows.")
		return
	}
	top, err := strconv.Atoi(orElse(q.Get("$top"), "100"))
	if err != nil || top < 1 || top > 999 {
		graphFail(c.w, http.StatusBadRequest, "Request_BadRequest", "Invalid page size specified. Must be between 1 and 999 inclusive.")
		return
	}
	list := []map[string]any{}
	for _, p := range s.world.people {
		if matches(p, q.Get("$search")) && len(list) < top {
			list = append(list, c.selected("", p))
		}
	}
	writeJSON(c.w, http.StatusOK, map[string]any{"@odata.context": s.base + "/v1.0/$metadata#users", "value": list})
}

// matches tells whether a $search finds a person: clauses of the form "property:text", any of which suffices.
func matches(p *person, search string) bool {
	if search == "" {
		return true
	}
	for clause := range strings.SplitSeq(search, " OR ") {
		property, wanted, _ := strings.Cut(strings.ToLower(strings.Trim(clause, `"`)), ":")
		value := map[string]string{"displayname": p.Name, "mail": p.Mail, "userprincipalname": p.UPN}[property]
		if value != "" && (strings.HasPrefix(strings.ToLower(value), wanted) || strings.Contains(strings.ToLower(value), " "+wanted)) {
			return true
		}
	}
	return false
}

// basicUser are the properties Graph gives when none are named.
var basicUser = []string{"businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage",
	"surname", "userPrincipalName", "id"}

// selected gives the properties that were asked for.
func (c *graphCall) selected(context string, p *person) map[string]any {
	kind := "Member"
	if p.Guest {
		kind = "Guest"
	}
	all := map[string]any{
		"id": p.ObjectID, "displayName": p.Name, "givenName": p.Given, "surname": p.Surname, "mail": p.Mail, "userPrincipalName": p.UPN,
		"jobTitle": orNull(p.Job), "department": orNull(p.Unit), "officeLocation": orNull(p.Office), "mobilePhone": orNull(p.Phone),
		"businessPhones": []string{}, "preferredLanguage": p.Locale, "userType": kind, "accountEnabled": true, "companyName": nil,
	}
	names := basicUser
	if wanted := c.r.URL.Query().Get("$select"); wanted != "" {
		names = strings.Split(wanted, ",")
	}
	body := map[string]any{}
	if context != "" {
		body["@odata.context"] = context
	}
	for _, name := range names {
		if v, ok := all[strings.TrimSpace(name)]; ok {
			body[strings.TrimSpace(name)] = v
		}
	}
	return body
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *Sandbox) graphMyPhoto(c *graphCall) {
	if c.me == nil {
		s.graphMe(c)
		return
	}
	if c.may(c.me) {
		c.photo(c.me)
	}
}

func (s *Sandbox) graphPhoto(c *graphCall) {
	if p := s.graphTarget(c); p != nil {
		c.photo(p)
	}
}

// photo draws a person; guests have none.
func (c *graphCall) photo(p *person) {
	size := 648
	if name := c.r.PathValue("size"); name != "" {
		edge, _, _ := strings.Cut(name, "x")
		size, _ = strconv.Atoi(edge) // 0 is no size and refused below
	}
	switch {
	case !slices.Contains(photoSizes, size):
		graphFail(c.w, http.StatusBadRequest, "ErrorInvalidImageSize", "The size is not one of those offered.")
	case p.Guest:
		graphFail(c.w, http.StatusNotFound, "ImageNotFound", "The photo wasn't found.")
	default:
		serveFile(c.w, file{kind: "image/jpeg", data: portrait(p, size)})
	}
}

// portrait draws a head and shoulders in a colour of the person's own.
func portrait(p *person, size int) []byte {
	sum := stableHex("portrait", p.Key)
	ground := color.RGBA{60 + sum[0]%120, 60 + sum[1]%120, 60 + sum[2]%120, 255}
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := ground
			if inDisc(x, y, size/2, size*2/5, size/5) || inDisc(x, y, size/2, size, size*2/5) {
				c = color.RGBA{240, 235, 230, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var buf bytes.Buffer
	_ = jpeg.Encode(&buf, img, nil) // writing to memory does not fail
	return buf.Bytes()
}

func inDisc(x, y, cx, cy, r int) bool { return (x-cx)*(x-cx)+(y-cy)*(y-cy) <= r*r }
