package graphtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	goimage "image"
	"image/color"
	_ "image/gif" // sizes of pictures
	"image/jpeg"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/image"
)

// target is what a path names: an item that is there, or a name in a folder.
type target struct {
	item *item
	in   image.ItemRef
	name string
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail refuses in Graph's shape.
func fail(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": text,
		"innerError": map[string]string{"date": "2026-11-02T09:00:00", "request-id": "11111111-1111-4111-8111-111111111111", "client-request-id": "22222222-2222-4222-8222-222222222222"}}})
}

func notFound(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "itemNotFound", "The resource could not be found.")
}

// serve notes a request and lets a fault have it first.
func (s *Server) serve(op string, w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{op, r.Method, r.RequestURI, r.Header.Clone(), r.ContentLength})
	s.mu.Unlock()
	w.Header().Set("request-id", "11111111-1111-4111-8111-111111111111")
	if f := s.fault(op); f != nil {
		f(w, r, serve)
		return
	}
	serve(w, r)
}

// serveGraph is the host that takes tokens.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	op, handle := s.route(r)
	s.serve(op, w, r, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxContent))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+s.token {
			s.challenge(w)
			return
		}
		handle(w, r)
	})
}

func (s *Server) challenge(w http.ResponseWriter) {
	text := `Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", error="insufficient_claims"`
	if s.claims != "" {
		text += `, claims="` + base64.StdEncoding.EncodeToString([]byte(s.claims)) + `"`
	}
	w.Header().Set("WWW-Authenticate", text)
	fail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The token is no longer good.")
}

type handler = func(http.ResponseWriter, *http.Request)

// route finds the operation of a path.
func (s *Server) route(r *http.Request) (string, handler) {
	p := segments(strings.TrimPrefix(r.URL.EscapedPath(), "/v1.0/"))
	switch line := r.Method + " " + p[0]; {
	case line == "GET me" && len(p) == 1:
		return "me", s.me
	case line == "GET me" && (p[1] == "photo" || p[1] == "photos"):
		return "photo", s.photo
	case line == "GET me" && p[1] == "drive" && len(p) == 3:
		return "item", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, s.shape(s.items[s.Personal], r)) }
	case line == "GET sites" && len(p) == 1:
		return "sites", s.sites
	case line == "GET sites" && len(p) == 3 && p[2] == "drives":
		return "drives", func(w http.ResponseWriter, _ *http.Request) { s.siteDrives(w, p[1]) }
	case line == "GET teams" && len(p) == 5 && p[4] == "filesFolder":
		return "channel", func(w http.ResponseWriter, _ *http.Request) { s.channel(w, p[1], p[3]) }
	case line == "GET shares" && len(p) == 3:
		return "share", func(w http.ResponseWriter, r *http.Request) { s.share(w, r, p[1]) }
	case line == "GET drives" && len(p) == 4 && p[2] == "root" && p[3] == "delta":
		return "delta", func(w http.ResponseWriter, r *http.Request) { s.delta(w, r, p[1]) }
	case p[0] == "drives" && len(p) >= 4 && p[2] == "items":
		return s.itemRoute(r, p[1], p[3:])
	}
	return "unknown", func(w http.ResponseWriter, _ *http.Request) { notFound(w) }
}

// segments are the parts of an escaped path, unescaped.
func segments(escaped string) []string {
	var list []string
	for part := range strings.SplitSeq(escaped, "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			plain = part
		}
		list = append(list, plain)
	}
	return list
}

// itemRoute finds the operation of /drives/{drive}/items/… .
func (s *Server) itemRoute(r *http.Request, drive string, p []string) (string, handler) {
	id, byName := strings.CutSuffix(p[0], ":")
	rest, name := p[1:], ""
	if byName && len(rest) > 0 {
		name, rest = strings.TrimSuffix(rest[0], ":"), rest[1:]
	}
	op, handle := itemOperation(r.Method + " " + strings.Join(rest, "/"))
	return op, func(w http.ResponseWriter, r *http.Request) {
		if at, ok := s.target(w, drive, id, name); ok {
			handle(s, w, r, at)
		}
	}
}

type itemHandler = func(*Server, http.ResponseWriter, *http.Request, target)

func itemOperation(line string) (string, itemHandler) {
	switch {
	case line == "GET ":
		return "item", there((*Server).item)
	case line == "DELETE ":
		return "delete", there((*Server).remove)
	case line == "GET children":
		return "children", there((*Server).children)
	case line == "POST children":
		return "make", there((*Server).makeFolder)
	case strings.HasPrefix(line, "GET search(q='"):
		return "search", there(func(s *Server, w http.ResponseWriter, r *http.Request, at target) {
			s.search(w, r, at, strings.TrimSuffix(strings.TrimPrefix(line, "GET search(q='"), "')"))
		})
	case line == "PUT content":
		return "content", (*Server).putContent
	case line == "POST createUploadSession":
		return "session", (*Server).openUpload
	case line == "GET thumbnails":
		return "thumbnails", there((*Server).thumbnails)
	case line == "GET versions":
		return "versions", there((*Server).versions)
	case line == "POST createLink":
		return "link", there((*Server).createLink)
	}
	return "unknown", func(_ *Server, w http.ResponseWriter, _ *http.Request, _ target) { notFound(w) }
}

// there lets a handler have targets only that are there.
func there(h itemHandler) itemHandler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, at target) {
		if at.item == nil {
			notFound(w)
			return
		}
		h(s, w, r, at)
	}
}

// target finds what a path names, or refuses.
func (s *Server) target(w http.ResponseWriter, drive, id, name string) (target, bool) {
	at := target{in: image.ItemRef{Drive: drive, Item: id}, name: name}
	if id == "root" {
		for _, d := range s.drives {
			if d.id == drive {
				at.in = d.root
			}
		}
	}
	at.item = s.items[at.in]
	if status := s.denied[at.in]; status != 0 {
		fail(w, status, "asked", "This was asked for.")
		return at, false
	}
	if name == "" || at.item == nil {
		at.name = ""
		if at.item == nil {
			notFound(w)
		}
		return at, at.item != nil
	}
	at.item = s.named(at.in, name)
	return at, true
}

// shape is an item as Graph writes it; with a request, as much of it as that selects.
func (s *Server) shape(i *item, r *http.Request) map[string]any {
	m := map[string]any{"id": i.ref.Item, "name": i.name, "eTag": i.eTag(), "size": len(i.data), "createdDateTime": stamp(i.created), "lastModifiedDateTime": stamp(i.modified),
		"webUrl":         webHost + "/sites/harbour/" + i.ref.Drive[2:] + escaped(s.place(i.ref)),
		"createdBy":      map[string]any{"user": map[string]string{"id": string(Person), "displayName": "Ana Lindqvist"}},
		"lastModifiedBy": map[string]any{"user": map[string]string{"id": string(Person), "displayName": "Ana Lindqvist"}}}
	if !s.silent {
		m["cTag"] = i.cTag()
	}
	if i.root {
		m["root"], m["parentReference"] = map[string]any{}, map[string]string{"driveId": i.ref.Drive, "driveType": "documentLibrary"}
	} else {
		m["parentReference"] = map[string]string{"driveId": i.ref.Drive, "driveType": "documentLibrary", "id": i.parent.Item, "path": "/drives/" + i.ref.Drive + "/root:" + escaped(s.place(i.parent))}
	}
	if i.folder {
		m["folder"] = map[string]any{"childCount": len(s.below(i.ref, false))}
	} else {
		s.shapeFile(m, i)
	}
	return selected(m, r)
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }

func escaped(place string) string { return (&url.URL{Path: place}).EscapedPath() }

func (s *Server) shapeFile(m map[string]any, i *item) {
	file := map[string]any{"mimeType": kindOf(i.name)}
	if !s.silent {
		file["hashes"] = map[string]string{"quickXorHash": i.hash}
	}
	m["file"] = file
	if c, _, err := goimage.DecodeConfig(bytes.NewReader(i.data)); err == nil {
		m["image"] = map[string]any{"width": c.Width, "height": c.Height}
	}
	s.next++
	id := fmt.Sprintf("d%d", s.next)
	s.downloads[id] = i.ref
	m["@microsoft.graph.downloadUrl"] = s.files.URL + "/download/" + id + "?tempauth=secret"
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(mime.TypeByExtension(path.Ext(name)), ";")
	if kind == "" {
		return "application/octet-stream"
	}
	return kind
}

// selected is what $select leaves; the address of the content comes unasked only with everything.
func selected(m map[string]any, r *http.Request) map[string]any {
	if r == nil || r.URL.Query().Get("$select") == "" {
		return m
	}
	names := strings.Split(r.URL.Query().Get("$select"), ",")
	for name := range m {
		if !slices.Contains(names, name) {
			delete(m, name)
		}
	}
	return m
}

func (s *Server) item(w http.ResponseWriter, r *http.Request, at target) {
	answer(w, http.StatusOK, s.shape(at.item, r))
}

func (s *Server) remove(w http.ResponseWriter, _ *http.Request, at target) {
	for _, i := range s.below(at.item.ref, true) {
		s.bury(i.ref)
	}
	s.bury(at.item.ref)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) children(w http.ResponseWriter, r *http.Request, at target) {
	list := s.below(at.item.ref, false)
	switch r.URL.Query().Get("$orderby") {
	case "lastModifiedDateTime desc":
		slices.SortStableFunc(list, func(a, b *item) int { return b.modified.Compare(a.modified) })
	case "name":
		slices.SortStableFunc(list, func(a, b *item) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	}
	s.list(w, r, list)
}

func (s *Server) search(w http.ResponseWriter, r *http.Request, at target, text string) {
	words := strings.Fields(strings.ToLower(strings.ReplaceAll(text, "''", "'")))
	var list []*item
	for _, i := range s.below(at.item.ref, true) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(strings.ToLower(i.name), word) }) {
			list = append(list, i)
		}
	}
	s.list(w, r, list)
}

// list writes a page of items.
func (s *Server) list(w http.ResponseWriter, r *http.Request, list []*item) {
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("$skiptoken"))
	top, err := strconv.Atoi(q.Get("$top"))
	if err != nil {
		top = 200
	}
	from, end := min(from, len(list)), min(from+top, len(list))
	body := map[string]any{"@odata.context": s.URL + "/$metadata#driveItems"}
	if end < len(list) {
		q.Set("$skiptoken", strconv.Itoa(end))
		body["@odata.nextLink"] = strings.TrimSuffix(s.URL, "/v1.0") + r.URL.EscapedPath() + "?" + q.Encode()
	}
	value := []any{}
	for _, i := range list[from:end] {
		value = append(value, s.shape(i, r))
	}
	body["value"] = value
	answer(w, http.StatusOK, body)
}

func (s *Server) makeFolder(w http.ResponseWriter, r *http.Request, at target) {
	var asked struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Name == "" {
		fail(w, http.StatusBadRequest, "invalidRequest", "The folder has no name.")
		return
	}
	if s.named(at.item.ref, asked.Name) != nil {
		fail(w, http.StatusConflict, "nameAlreadyExists", "The name is taken.")
		return
	}
	answer(w, http.StatusCreated, s.shape(s.add(at.item.ref, asked.Name, true), nil))
}

func (s *Server) putContent(w http.ResponseWriter, r *http.Request, at target) {
	data, _ := io.ReadAll(r.Body) // it was read before
	if len(data) > 250_000_000 {
		fail(w, http.StatusRequestEntityTooLarge, "invalidRequest", "Too large.")
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && (at.item == nil || match != at.item.eTag()) {
		fail(w, http.StatusPreconditionFailed, "resourceModified", "The eTag does not match.")
		return
	}
	s.commit(w, at, r.URL.Query().Get("@microsoft.graph.conflictBehavior"), data)
}

func (s *Server) thumbnails(w http.ResponseWriter, r *http.Request, at target) {
	value := []any{}
	if strings.HasPrefix(kindOf(at.item.name), "image/") && !at.item.folder {
		set := map[string]any{"id": "0"}
		for name := range strings.SplitSeq(r.URL.Query().Get("$select"), ",") {
			side := map[string]int{"small": 96, "medium": 176, "large": 800}[name]
			if _, err := fmt.Sscanf(name, "c%d", &side); err == nil || side > 0 {
				set[name] = map[string]any{"width": side, "height": side, "url": fmt.Sprintf("%s/thumbnail/%s/%d?tempauth=secret", s.files.URL, at.item.ref.Item, side)}
			}
		}
		value = append(value, set)
	}
	answer(w, http.StatusOK, map[string]any{"value": value})
}

func (s *Server) versions(w http.ResponseWriter, _ *http.Request, at target) {
	i := at.item
	value := []any{}
	for _, v := range append([]version{{i.version(), int64(len(i.data)), i.modified}}, i.versions...) {
		value = append(value, map[string]any{"id": v.id, "size": v.size, "lastModifiedDateTime": stamp(v.modified),
			"lastModifiedBy": map[string]any{"user": map[string]string{"displayName": "Ana Lindqvist"}}})
	}
	answer(w, http.StatusOK, map[string]any{"value": value})
}

func (s *Server) createLink(w http.ResponseWriter, r *http.Request, at target) {
	var asked struct{ Type, Scope string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Type != "view" || asked.Scope != "organization" {
		fail(w, http.StatusBadRequest, "invalidRequest", "Only links to look at, for the organisation, are made here.")
		return
	}
	link := webHost + "/:i:/s/harbour/" + at.item.ref.Item
	status := http.StatusOK
	if _, ok := s.links[link]; !ok {
		status = http.StatusCreated
	}
	s.links[link] = at.item.ref
	answer(w, status, map[string]any{"id": "permission-" + at.item.ref.Item, "roles": []string{"read"},
		"link": map[string]any{"type": "view", "scope": "organization", "webUrl": link, "preventsDownload": false}})
}

// share is GET /shares/{token}/driveItem.
func (s *Server) share(w http.ResponseWriter, r *http.Request, token string) {
	link, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "u!"))
	if err != nil || !strings.HasPrefix(token, "u!") {
		fail(w, http.StatusBadRequest, "invalidRequest", "This is no sharing token.")
		return
	}
	i := s.items[s.links[string(link)]]
	for _, other := range s.items {
		if s.shape(other, nil)["webUrl"] == string(link) {
			i = other
		}
	}
	if i == nil {
		notFound(w)
		return
	}
	answer(w, http.StatusOK, s.shape(i, r))
}

func (s *Server) sites(w http.ResponseWriter, r *http.Request) {
	value := []any{}
	if words := strings.ToLower(r.URL.Query().Get("search")); words == "*" || strings.Contains("harbour works", words) {
		value = append(value, map[string]any{"id": Site, "name": "harbour", "displayName": "Harbour works", "webUrl": webHost + "/sites/harbour"})
	}
	answer(w, http.StatusOK, map[string]any{"value": value})
}

func (s *Server) siteDrives(w http.ResponseWriter, site string) {
	value := []any{}
	for _, d := range s.drives {
		if d.site == site {
			value = append(value, map[string]any{"id": d.id, "name": d.name, "webUrl": webHost + "/sites/harbour/" + d.id[2:], "driveType": "documentLibrary"})
		}
	}
	if len(value) == 0 {
		notFound(w)
		return
	}
	answer(w, http.StatusOK, map[string]any{"value": value})
}

func (s *Server) channel(w http.ResponseWriter, group, channel string) {
	if group != Group || channel != string(Channel) {
		notFound(w)
		return
	}
	answer(w, http.StatusOK, s.shape(s.named(s.Library, "General"), nil))
}

func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, selected(map[string]any{"id": string(Person), "displayName": "Ana Lindqvist", "mail": "ana@contoso.example", "userPrincipalName": "ana@contoso.example",
		"jobTitle": "Harbour master", "department": "Works", "officeLocation": "Quay 3", "mobilePhone": nil, "businessPhones": []string{"+44 20 7946 0321"}, "givenName": "Ana"}, r))
}

func (s *Server) photo(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/jpeg")
	drawn(w, 96)
}

// drawn writes a picture of one colour.
func drawn(w io.Writer, side int) {
	p := goimage.NewRGBA(goimage.Rect(0, 0, side, side))
	for i := range p.Pix {
		p.Pix[i] = color.RGBA{R: 30, G: 90, B: 160, A: 255}.A - byte(i%4*40)
	}
	_ = jpeg.Encode(w, p, nil)
}

// serveFiles is the host of content: it takes no token.
func (s *Server) serveFiles(w http.ResponseWriter, r *http.Request) {
	p := segments(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	op := map[string]string{"PUT upload": "fragment", "GET upload": "state", "DELETE upload": "cancel", "GET download": "download", "GET thumbnail": "thumbnail"}[r.Method+" "+p[0]]
	s.serve(op, w, r, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.URL.Query().Get("tempauth") != "secret" || len(p) < 2 {
			fail(w, http.StatusUnauthorized, "unauthenticated", "This address takes no token.")
			return
		}
		switch op {
		case "download":
			s.download(w, r, p[1])
		case "thumbnail":
			side, _ := strconv.Atoi(p[len(p)-1])
			drawn(w, min(max(side, 1), 2000))
		default:
			s.uploading(w, r, op, p[1])
		}
	})
}

func (s *Server) download(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	i, expired := s.items[s.downloads[id]], s.expired[id]
	var data []byte
	if i != nil {
		data = i.data
	}
	s.mu.Unlock()
	switch {
	case i == nil:
		notFound(w)
	case expired:
		fail(w, http.StatusUnauthorized, "unauthenticated", "The address has expired.")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

func (s *Server) uploading(w http.ResponseWriter, r *http.Request, op, id string) {
	s.mu.Lock()
	u := s.uploads[id]
	s.mu.Unlock()
	switch {
	case u == nil:
		notFound(w)
	case op == "fragment":
		s.fragment(w, r, u)
	case op == "state":
		s.mu.Lock()
		defer s.mu.Unlock()
		answer(w, http.StatusOK, u.state())
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	}
}
