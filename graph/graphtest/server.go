// Package graphtest holds the package graph to Microsoft Graph: a stand-in that keeps state and speaks HTTP, with faults on
// request, and a contract that it, the sandbox and a real tenant have to meet.
//
// The stand-in knows no permissions beyond a token and what was denied by name; it is no place to learn Graph from, that is
// what the reference and the contract against a tenant are for.
package graphtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Who and where, in every Server.
const (
	Person  = identity.Person("0a1b2c3d-0000-4000-8000-00000000000a")
	Group   = "0a1b2c3d-0000-4000-8000-0000000000f1"
	Channel = identity.Conversation("19:harbour@thread.tacv2")
	Site    = "contoso.sharepoint.example,0a1b2c3d-0000-4000-8000-0000000000e1,0a1b2c3d-0000-4000-8000-0000000000e2"
	webHost = "https://contoso.sharepoint.example"
)

// Server is Graph for one person, with the person's drive, a site with two libraries and a channel. Tokens go to URL;
// content lies at a host of its own, which takes none.
type Server struct {
	// URL is the base address with the version.
	URL string
	// Files is the "host:port" of content.
	Files string
	// Personal and Library are root folders: of the person's drive, and of the site's first library.
	Personal, Library image.ItemRef

	mu        sync.Mutex
	files     *httptest.Server
	next      int
	now       time.Time
	token     string   // that is good
	given     string   // that Token gives next
	claims    string   // asked for with the next refusal
	told      []string // claims that Refused heard
	silent    bool     // no hashes, no cTags
	items     map[image.ItemRef]*item
	drives    []*drive
	downloads map[string]image.ItemRef
	expired   map[string]bool
	uploads   map[string]*upload
	links     map[string]image.ItemRef
	denied    map[image.ItemRef]int
	changes   int // of all drives
	era       int // of delta tokens
	gone      []grave
	faults    []*pending
	requests  []Request
}

// drive is a drive and its root folder.
type drive struct {
	id, name string
	site     string // empty for the person's own
	root     image.ItemRef
}

// item is a file or folder.
type item struct {
	ref, parent       image.ItemRef
	name              string
	folder, root      bool
	data              []byte
	hash              string
	changes, contents int // how often it changed, and its content
	seq               int // of its last change, among those of all drives
	created, modified time.Time
	versions          []version // earlier ones, the newest first
}

// grave is what is left of an item that was deleted.
type grave struct {
	ref image.ItemRef
	seq int
}

type version struct {
	id       string
	size     int64
	modified time.Time
}

// Request is a request as it came.
type Request struct {
	// Op is the operation: item, children, search, content, session, fragment, state, cancel, download, thumbnails,
	// thumbnail, versions, link, share, sites, drives, channel, me, photo, make, delete, delta.
	Op     string
	Method string
	Target string // path and query
	Header http.Header
	Length int64
}

// Serve starts a Server that ends with the test.
func Serve(t testing.TB) *Server {
	s := &Server{token: "token-1", given: "token-1", now: time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond), items: map[image.ItemRef]*item{},
		downloads: map[string]image.ItemRef{}, expired: map[string]bool{}, uploads: map[string]*upload{}, links: map[string]image.ItemRef{}, denied: map[image.ItemRef]int{}}
	graph, files := httptest.NewServer(http.HandlerFunc(s.serveGraph)), httptest.NewServer(http.HandlerFunc(s.serveFiles))
	t.Cleanup(graph.Close)
	t.Cleanup(files.Close)
	s.URL, s.Files, s.files = graph.URL+"/v1.0", strings.TrimPrefix(files.URL, "http://"), files
	s.Personal = s.addDrive("b!personal", "OneDrive", "")
	s.Library = s.addDrive("b!library", "Documents", Site)
	s.addDrive("b!pictures", "Pictures & more", Site)
	s.Folder(s.Library, "General")
	return s
}

// Who is the person in a personal chat.
func (s *Server) Who() identity.Caller { return Caller() }

// Caller is the person of every Server, in a personal chat.
func Caller() identity.Caller {
	return identity.Caller{Tenant: "0d7a1f9e-0000-4000-8000-0000000000aa", Person: Person, Conversation: "a:personal", Place: identity.Personal}
}

// World is the Server for Contract.
func (s *Server) World() World {
	channel := s.Who()
	channel.Place, channel.Conversation = identity.Channel, Channel
	w := World{BaseURL: s.URL, Tokens: s, Local: []string{s.Files}, Who: s.Who(), Channel: channel, Group: Group, Words: "harbour"}
	w.Seed = SeedThrough(w, s.Library)
	return w
}

// Token implements graph.Tokens. As a cache does, it gives a token once more that was revoked in between; and always, when
// only the person can bring a new one.
func (s *Server) Token(context.Context, identity.Caller) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := s.given
	if s.claims == "" {
		s.given = s.token
	}
	return given, nil
}

// Refused implements graph.Tokens: the person has to sign in.
func (s *Server) Refused(_ context.Context, _ identity.Caller, claims string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, claims)
	return fault.New(fault.SignIn, "graphtest.Refused", "image.drive.sign_in")
}

// Revoke makes the token that is in use worthless. With claims, Graph asks for them in its challenge, and there is no other
// token; without, the one after the next that Token gives is good.
func (s *Server) Revoke(claims string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.claims = s.token+"+", claims
}

// Told are the claims that Refused has heard, one entry for each refusal.
func (s *Server) Told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.told...)
}

// Requests are the requests so far, or those of one operation.
func (s *Server) Requests(op string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Request
	for _, r := range s.requests {
		if op == "" || r.Op == op {
			list = append(list, r)
		}
	}
	return list
}

// Plain leaves out what some drives do not give: hashes of the content, cTags.
func (s *Server) Plain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// Deny lets requests that concern an item fail with a status; 0 lets them pass again.
func (s *Server) Deny(ref image.ItemRef, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[ref] = status
}

// ExpireDownloads makes all addresses of content that were given worthless.
func (s *Server) ExpireDownloads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.downloads {
		s.expired[id] = true
	}
}

// EndUploads removes all upload sessions, as time does.
func (s *Server) EndUploads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.uploads)
}

// Uploads is how many upload sessions are open.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// Put lays a file into a folder, over the one of its name.
func (s *Server) Put(in image.ItemRef, name string, data []byte) image.ItemRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.named(in, name)
	if i == nil {
		i = s.add(in, name, false)
	}
	s.write(i, data)
	return i.ref
}

// Flood lays so many empty pictures into a folder that is empty but for them.
func (s *Server) Flood(in image.ItemRef, pictures int) []image.ItemRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]image.ItemRef, pictures)
	for n := range list {
		list[n] = s.add(in, fmt.Sprintf("flood %d.png", n), false).ref
	}
	return list
}

// Folder makes a folder in a folder.
func (s *Server) Folder(in image.ItemRef, name string) image.ItemRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(in, name, true).ref
}

// Touch changes an item, but for its content.
func (s *Server) Touch(ref image.ItemRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.items[ref]; i != nil {
		i.modified = s.tick()
		s.changed(i)
	}
}

// Move lays an item into another folder of its drive.
func (s *Server) Move(ref, in image.ItemRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.items[ref]; i != nil {
		i.parent, i.modified = in, s.tick()
		s.changed(i)
	}
}

// Drop removes a file.
func (s *Server) Drop(ref image.ItemRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bury(ref)
}

// ExpireDeltas makes all tokens of deltas that were given worthless.
func (s *Server) ExpireDeltas() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.era++
}

// Now is the time of the last change by the Server's own clock, which goes on by a second with each.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Wait lets time pass by the Server's own clock.
func (s *Server) Wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *Server) changed(i *item) {
	s.changes++
	i.changes++
	i.seq = s.changes
}

func (s *Server) bury(ref image.ItemRef) {
	s.changes++
	s.gone = append(s.gone, grave{ref, s.changes})
	delete(s.items, ref)
}

// Data is the content of a file; nil when it is not there.
func (s *Server) Data(ref image.ItemRef) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.items[ref]; i != nil {
		return i.data
	}
	return nil
}

// Names are the names of what lies in a folder.
func (s *Server) Names(in image.ItemRef) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, i := range s.below(in, false) {
		list = append(list, i.name)
	}
	return list
}

func (s *Server) addDrive(id, name, site string) image.ItemRef {
	d := &drive{id: id, name: name, site: site, root: image.ItemRef{Drive: id, Item: "01ROOT" + strings.ToUpper(strings.TrimPrefix(id, "b!"))}}
	s.drives = append(s.drives, d)
	s.items[d.root] = &item{ref: d.root, name: "root", folder: true, root: true, changes: 1, created: s.now, modified: s.now}
	return d.root
}

// tick gives a time later than all before.
func (s *Server) tick() time.Time {
	s.now = s.now.Add(time.Second)
	return s.now
}

func (s *Server) add(in image.ItemRef, name string, folder bool) *item {
	s.next++
	now := s.tick()
	i := &item{ref: image.ItemRef{Drive: in.Drive, Item: fmt.Sprintf("01ITEM%04d", s.next)}, parent: in, name: name, folder: folder, created: now, modified: now}
	s.items[i.ref] = i
	s.changed(i)
	return i
}

// write makes data the content of a file.
func (s *Server) write(i *item, data []byte) {
	if i.contents > 0 {
		i.versions = append([]version{{i.version(), int64(len(i.data)), i.modified}}, i.versions...)
	}
	i.data, i.hash, i.modified = data, quickXor(data), s.tick()
	i.contents++
	s.changed(i)
}

func (i *item) version() string { return fmt.Sprintf("%d.0", i.contents) }

func (i *item) eTag() string { return fmt.Sprintf(`"{%s},%d"`, i.ref.Item, i.changes) }

func (i *item) cTag() string { return fmt.Sprintf(`"c:{%s},%d"`, i.ref.Item, i.contents) }

func (s *Server) named(in image.ItemRef, name string) *item {
	for _, i := range s.items {
		if i.parent == in && strings.EqualFold(i.name, name) {
			return i
		}
	}
	return nil
}

// below are the items in a folder, in the order of their making; deep, those in its folders too.
func (s *Server) below(in image.ItemRef, deep bool) []*item {
	var list []*item
	for n := range s.next {
		i := s.items[image.ItemRef{Drive: in.Drive, Item: fmt.Sprintf("01ITEM%04d", n+1)}]
		if i != nil && (i.parent == in || deep && s.under(i, in)) {
			list = append(list, i)
		}
	}
	return list
}

func (s *Server) under(i *item, folder image.ItemRef) bool {
	for i != nil && !i.root {
		if i.parent == folder {
			return true
		}
		i = s.items[i.parent]
	}
	return false
}

// place is the path of a folder from the root of its drive: "" or "/General".
func (s *Server) place(ref image.ItemRef) string {
	if i := s.items[ref]; i != nil && !i.root {
		return s.place(i.parent) + "/" + i.name
	}
	return ""
}
