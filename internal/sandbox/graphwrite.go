package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// conflictBehaviour is what to do when a name is taken, in the query and in bodies.
const conflictBehaviour = "@microsoft.graph.conflictBehavior"

// maxBody bounds what a request says in JSON.
const maxBody = 64 << 10

// body reads the JSON of a request; an empty one says nothing.
func (c *driveCall) body(into any) error {
	raw, err := readBody(c.r, maxBody)
	if err != nil {
		return badRequest("The body is too large.")
	}
	if len(raw) > 0 && json.Unmarshal(raw, into) != nil {
		return badRequest("The body is not JSON of the right shape.")
	}
	return nil
}

// draft makes what is to be written out of the path: over an item, or new in the folder that the path names. Folders on the
// way are made.
func (c *driveCall) draft(behaviour string) (draft, error) {
	n, err := c.start()
	if err != nil {
		return draft{}, err
	}
	w := draft{behaviour: orElse(behaviour, "replace"), match: c.r.Header.Get("If-Match"), fresh: c.r.Header.Get("If-None-Match") == "*", by: c.actor(), who: c.who()}
	switch {
	case !slices.Contains([]string{"replace", "fail", "rename"}, w.behaviour):
		return draft{}, badRequest("The conflict behavior must be fail, replace or rename.")
	case c.at.path == "":
		w.over = n
	default:
		w.name = path.Base(c.at.path)
	}
	if w.in == nil && w.over == nil {
		if c.right(n) < mayWrite {
			return draft{}, errNoRight
		}
		if w.in, err = c.d.folderAt(n, path.Dir(c.at.path), w.by); err != nil {
			return draft{}, err
		}
	}
	w.right = c.right(cmp.Or(w.over, w.in))
	return w, nil
}

func (c *driveCall) putContent() (int, any, error) {
	data, err := readBody(c.r, maxItem)
	switch {
	case errors.Is(err, errTooLarge):
		return 0, nil, errTooHeavy
	case err != nil:
		return 0, nil, badRequest("The body ended before its end.")
	}
	defer c.d.opened()()
	w, err := c.draft(c.r.URL.Query().Get(conflictBehaviour))
	if err != nil {
		return 0, nil, err
	}
	n, created, err := c.d.write(w, data)
	if err != nil {
		return 0, nil, err
	}
	return statusOf(created), c.only(c.view(n), "drives('"+n.drive.id+"')/items/$entity"), nil
}

func statusOf(yes bool) int {
	if yes {
		return http.StatusCreated
	}
	return http.StatusOK
}

// makeFolder makes a folder in a folder.
func (c *driveCall) makeFolder() (int, any, error) {
	var body struct {
		Name      string
		Folder    *struct{}
		Behaviour string `json:"@microsoft.graph.conflictBehavior"`
	}
	if err := c.body(&body); err != nil {
		return 0, nil, err
	}
	defer c.d.opened()()
	n, err := c.node()
	switch {
	case err != nil:
		return 0, nil, err
	case body.Folder == nil || !n.folder:
		return 0, nil, badRequest("Only folders are made this way, and in folders only.")
	case !validName(body.Name):
		return 0, nil, errBadName
	case c.right(n) < mayWrite:
		return 0, nil, errNoRight
	case n.child(body.Name) != nil && body.Behaviour != "rename":
		return 0, nil, errNameTaken
	case len(n.drive.items) >= maxItems:
		return 0, nil, errNoRoom
	}
	made := c.d.add(n.drive, &node{name: n.freeName(body.Name), parent: n, folder: true, maker: c.actor(), changer: c.actor()})
	return http.StatusCreated, c.only(c.view(made), "drives('"+n.drive.id+"')/items/$entity"), nil
}

// changeable finds the item of the path for somebody who may change it and knows how it is.
func (c *driveCall) changeable() (*node, error) {
	n, err := c.node()
	switch {
	case err != nil:
		return nil, err
	case n.parent == nil:
		return nil, badRequest("The root cannot be changed.")
	case !n.matches(c.r.Header.Get("If-Match")):
		return nil, errTagStale
	}
	return n, n.mayChange(c.right(n), c.who())
}

// patchItem renames an item, describes it, or moves it within its drive.
func (c *driveCall) patchItem() (int, any, error) {
	var body struct {
		Name, Description *string
		ParentReference   struct{ ID string }
	}
	if err := c.body(&body); err != nil {
		return 0, nil, err
	}
	defer c.d.opened()()
	n, err := c.changeable()
	if err != nil {
		return 0, nil, err
	}
	to, name := n.parent, n.name
	if body.ParentReference.ID != "" {
		to = n.drive.items[body.ParentReference.ID]
	}
	if body.Name != nil {
		name = *body.Name
	}
	switch {
	case to == nil || !to.folder || to == n || slices.Contains(n.below(), to):
		return 0, nil, badRequest("The new folder is none.")
	case !validName(name):
		return 0, nil, errBadName
	case to.child(name) != nil && to.child(name) != n:
		return 0, nil, errNameTaken
	}
	if body.Description != nil {
		n.note = *body.Description
	}
	n.parent.children = slices.DeleteFunc(n.parent.children, func(i *node) bool { return i == n })
	n.parent, n.name, to.children = to, name, append(to.children, n)
	c.d.touch(n, c.actor())
	return http.StatusOK, c.only(c.view(n), "drives('"+n.drive.id+"')/items/$entity"), nil
}

func (c *driveCall) deleteItem() (int, any, error) {
	defer c.d.opened()()
	n, err := c.changeable()
	if err != nil {
		return 0, nil, err
	}
	c.d.remove(n)
	return http.StatusNoContent, nil, nil
}

// restoreVersion makes an earlier state of a file the present one.
func (c *driveCall) restoreVersion() (int, any, error) {
	id, what, _ := strings.Cut(c.at.arg, "/")
	unlock := c.d.opened()
	n, err := c.changeable()
	var old content
	if err == nil {
		at := slices.IndexFunc(n.past, func(p past) bool { return p.id == id })
		if at < 0 || what != "restoreVersion" {
			err = errItemGone
		} else {
			old = n.past[at].content
		}
	}
	unlock()
	if err != nil {
		return 0, nil, err
	}
	data, err := old.read()
	if err != nil {
		return 0, nil, err
	}
	defer c.d.opened()()
	c.d.overwrite(n, data, c.actor())
	return http.StatusNoContent, nil, nil
}

// createLink makes a link for the people of the organisation, or gives the one that there is.
func (c *driveCall) createLink() (int, any, error) {
	var body struct{ Type, Scope string }
	if err := c.body(&body); err != nil {
		return 0, nil, err
	}
	role := map[string]string{"view": "read", "": "read", "edit": "write"}[body.Type]
	defer c.d.opened()()
	n, err := c.node()
	switch {
	case err != nil:
		return 0, nil, err
	case role == "":
		return 0, nil, badRequest("The type of the link must be view or edit.")
	case body.Scope == "anonymous":
		return 0, nil, &refusal{http.StatusForbidden, "accessDenied", "The organization does not allow links for anyone."}
	case body.Scope != "organization" && body.Scope != "":
		return 0, nil, badRequest("The scope of the link must be organization.")
	}
	if c.right(n) < accessOf(role) {
		return 0, nil, errNoRight
	}
	for _, l := range n.links {
		if l.role == role {
			return http.StatusOK, c.linkView(l), nil
		}
	}
	l := &sharing{id: newGUID(), role: role, url: n.shareURL()}
	n.links = append(n.links, l)
	return http.StatusCreated, c.linkView(l), nil
}

// shareURL makes an address such as SharePoint gives: the letter tells pictures and folders apart.
func (n *node) shareURL() string {
	letter, where := "u", "https://"+mineHost+"/g/personal/"
	switch {
	case n.folder:
		letter = "f"
	case strings.HasPrefix(n.kind, "image/"):
		letter = "i"
	}
	if n.drive.site != nil {
		return "https://" + shareHost + "/:" + letter + ":/s/" + strings.TrimPrefix(n.drive.site.path, "/sites/") + "/E" + randomHex(20)
	}
	return strings.Replace(where, "/g/", "/:"+letter+":/g/", 1) + n.drive.owner.Key + "/E" + randomHex(20)
}

func (c *driveCall) linkView(l *sharing) map[string]any {
	kind := map[string]string{"read": "view", "write": "edit"}[l.role]
	return map[string]any{"@odata.context": c.context("microsoft.graph.permission"), "id": l.id, "roles": []string{l.role}, "shareId": shareID(l.url),
		"hasPassword": false, "link": map[string]any{"type": kind, "scope": "organization", "webUrl": l.url, "preventsDownload": false}}
}

func shareID(address string) string {
	return "u!" + base64.RawURLEncoding.EncodeToString([]byte(address))
}

// errDeadLink is what SharePoint says of a link that leads nowhere, or not this person.
var errDeadLink = &refusal{http.StatusForbidden, "accessDenied", "The sharing link no longer exists, or you do not have permission to access it."}

// shared finds the item behind an address: a link that was made for it, or where people see it. A link lets everybody of the
// organisation in; who redeems it may come back without it.
func (c *driveCall) shared() (*node, error) {
	code, ok := strings.CutPrefix(c.at.id, "u!")
	raw, err := base64.RawURLEncoding.DecodeString(code)
	address, bad := url.Parse(string(raw))
	if !ok || err != nil || bad != nil {
		return nil, badRequest("The sharing token is malformed.")
	}
	if address.Host != shareHost && address.Host != mineHost {
		return nil, errDeadLink
	}
	n, l := c.d.behind(address)
	switch {
	case n == nil && strings.Contains(address.Path, "/:"):
		return nil, errDeadLink
	case n == nil:
		return nil, errItemGone
	case l != nil && c.me != nil && !c.me.Guest:
		c.redeem(n, l)
	}
	if c.right(n) < mayRead {
		return nil, errNoRight
	}
	return n, nil
}

// redeem lets a person in by a link. The right lasts; Graph makes it last only with a header, but asks for it again and again.
func (c *driveCall) redeem(n *node, l *sharing) {
	if n.shares == nil {
		n.shares = map[string]access{}
	}
	n.shares[c.me.Key] = max(n.shares[c.me.Key], accessOf(l.role))
}

// behind finds an item by its address in a browser, by a link for it, or by the address of a page that shows a folder.
func (d *drives) behind(address *url.URL) (*node, *sharing) {
	plain := url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}
	if folder := address.Query().Get("id"); folder != "" && strings.HasSuffix(address.Path, ".aspx") {
		plain.Path = folder
	}
	for _, dr := range d.all {
		for _, n := range dr.items {
			for _, l := range n.links {
				if l.url == plain.String() {
					return n, l
				}
			}
		}
		root, err := url.Parse(dr.webURL)
		if err != nil || root.Host != plain.Host {
			continue
		}
		page := strings.TrimSuffix(plain.Path, "/Forms/AllItems.aspx")
		if rest, ok := strings.CutPrefix(page+"/", root.Path+"/"); ok {
			return dr.root.at(rest), nil
		}
	}
	return nil, nil
}

// The rules of an upload session.
const (
	sessionLife  = time.Hour
	fragmentUnit = 320 << 10
	maxFragment  = 60 << 20
)

// uploading is an upload session.
type uploading struct {
	draft
	total   int64 // 0 until the first part tells it
	data    []byte
	expires time.Time
}

// createSession opens an upload. What would be refused at its end is refused now as well.
func (c *driveCall) createSession() (int, any, error) {
	var body struct {
		Item struct {
			Behaviour string `json:"@microsoft.graph.conflictBehavior"`
		}
		DeferCommit bool
	}
	if err := c.body(&body); err != nil {
		return 0, nil, err
	}
	defer c.d.opened()()
	w, err := c.draft(body.Item.Behaviour)
	switch {
	case err != nil:
		return 0, nil, err
	case body.DeferCommit:
		return 0, nil, badRequest("The sandbox commits an upload with its last part.")
	}
	asked := w
	if err := w.check(); err != nil {
		return 0, nil, err
	}
	up := &uploading{draft: asked, expires: c.s.now().Add(sessionLife)}
	key := c.d.keepSession(up)
	view := up.view()
	view["@odata.context"], view["uploadUrl"] = c.context("microsoft.graph.uploadSession"), c.s.base+"/session/"+key
	return http.StatusOK, view, nil
}

// keepSession remembers a session under a new key; when there are too many, the one that ends first goes.
func (d *drives) keepSession(up *uploading) string {
	for len(d.uploads) >= maxSessions {
		oldest := ""
		for key, u := range d.uploads {
			if oldest == "" || u.expires.Before(d.uploads[oldest].expires) {
				oldest = key
			}
		}
		delete(d.uploads, oldest)
	}
	key := randomHex(24)
	d.uploads[key] = up
	return key
}

func (u *uploading) view() map[string]any {
	return map[string]any{"expirationDateTime": stamp(u.expires), "nextExpectedRanges": []string{itoa(len(u.data)) + "-"}}
}

// take adds a part. It tells whether that was the last.
func (u *uploading) take(r contentRange, data []byte) (bool, error) {
	last := r.to+1 == r.total
	switch {
	case r.total > maxItem, len(data) > maxFragment:
		return false, errTooHeavy
	case u.total != 0 && r.total != u.total:
		return false, badRequest("The total size has changed since the first part.")
	case r.to-r.from+1 != int64(len(data)):
		return false, badRequest("The part is not as long as its Content-Range says.")
	case r.from != int64(len(u.data)):
		return false, &refusal{http.StatusRequestedRangeNotSatisfiable, "invalidRange", "Optimistic concurrency failure during fragmented upload: the range was received already, or is not the next."}
	case !last && len(data)%fragmentUnit != 0:
		return false, badRequest("The part must be a multiple of 327680 bytes, unless it is the last.")
	}
	u.total, u.data = r.total, append(u.data, data...)
	return last, nil
}
