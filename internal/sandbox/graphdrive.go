package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// spot is what a path of Graph names: a drive or site, an item in it, and what is wanted of that.
type spot struct {
	owner string // me, drives, users, groups, sites, shares, teams
	id    string // of the owner; "a:/b" for a site by its path
	what  string // of the owner: drive, drives, driveItem, channel; empty: the owner itself
	sub   string // the id of a channel
	item  string // id of an item, or "root"; empty: the drive itself
	path  string // from the item downwards
	by    bool   // a path was given
	verb  string // children, content, search, …
	arg   string // what stands behind the verb
}

// readSpot takes a path apart, which stands behind /v1.0/. It does not look whether anything is there.
func readSpot(path string) (spot, bool) {
	owner, rest, _ := strings.Cut(path, "/")
	at := spot{owner: owner}
	switch owner {
	case "me":
		return at.drivePart(rest)
	case "drives":
		at.id, rest, _ = strings.Cut(rest, "/")
		return at.drivePart(join("drive", rest))
	case "users", "groups":
		at.id, rest, _ = strings.Cut(rest, "/")
		return at.drivePart(rest)
	case "shares":
		at.id, rest, _ = strings.Cut(rest, "/")
		at.what, rest, _ = cutColon(rest)
		at.item = "root"
		return at.itemPart(rest), at.what == "driveItem" || at.what == "root"
	case "sites":
		return at.sitePart(rest)
	case "teams":
		parts := strings.Split(rest, "/")
		ok := len(parts) == 4 && parts[1] == "channels" && parts[3] == "filesFolder"
		if ok {
			at.id, at.what, at.sub = parts[0], "channel", parts[2]
		}
		return at, ok
	}
	return at, false
}

func join(a, b string) string { return strings.TrimSuffix(a+"/"+b, "/") }

// cutColon splits "root:/a/b" and "root/children" behind the first word. The colon stays.
func cutColon(s string) (word, rest string, found bool) {
	i := strings.IndexAny(s, ":/")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i:], true
}

// sitePart reads {id}, {host}:/sites/x and what follows.
func (at spot) sitePart(rest string) (spot, bool) {
	if host, p, ok := strings.Cut(rest, ":/"); ok && !strings.Contains(host, "/") {
		p, rest, _ = strings.Cut(p, ":")
		at.id = host + ":/" + strings.Trim(p, "/")
		rest = strings.TrimPrefix(rest, "/")
	} else {
		at.id, rest, _ = strings.Cut(rest, "/")
	}
	switch {
	case rest == "":
		return at, true
	case rest == "drives":
		at.what = "drives"
		return at, true
	case strings.HasPrefix(rest, "drives/"):
		at.owner = "drives"
		at.id, rest, _ = strings.Cut(strings.TrimPrefix(rest, "drives/"), "/")
		return at.drivePart(join("drive", rest))
	}
	return at.drivePart(rest)
}

// drivePart reads drive, drive/root…, drive/items/{id}….
func (at spot) drivePart(rest string) (spot, bool) {
	rest, ok := strings.CutPrefix(rest, "drive")
	at.what = "drive"
	switch {
	case !ok:
		return at, false
	case rest == "":
		return at, true
	case rest == "/root" || strings.HasPrefix(rest, "/root/") || strings.HasPrefix(rest, "/root:"):
		at.item = "root"
		return at.itemPart(strings.TrimPrefix(rest, "/root")), true
	case strings.HasPrefix(rest, "/items/"):
		at.item, rest, _ = cutColon(strings.TrimPrefix(rest, "/items/"))
		return at.itemPart(rest), at.item != ""
	}
	return at, false
}

// itemPart reads the path below an item and the verb: ":/a/b:/content", "/search(q='x')".
func (at spot) itemPart(rest string) spot {
	if p, ok := strings.CutPrefix(rest, ":"); ok {
		at.by = true
		at.path, rest, _ = strings.Cut(p, ":")
		at.path = strings.Trim(at.path, "/")
	}
	rest = strings.TrimPrefix(rest, "/")
	end := strings.IndexAny(rest, "/(")
	if end < 0 {
		end = len(rest)
	}
	at.verb, at.arg = strings.TrimPrefix(rest[:end], "microsoft.graph."), strings.TrimPrefix(rest[end:], "/")
	return at
}

// graphOps are the calls of the drives and what faults know them by: method, what is asked for.
type graphOp struct {
	op     string
	handle func(*driveCall) (int, any, error)
}

// driveOps are the calls on an item, by method and verb.
func (s *Sandbox) driveOps() map[string]graphOp {
	return map[string]graphOp{
		"GET ":                     {opDrive, (*driveCall).getItem},
		"PATCH ":                   {opWrite, (*driveCall).patchItem},
		"DELETE ":                  {opWrite, (*driveCall).deleteItem},
		"GET children":             {opDrive, (*driveCall).listChildren},
		"POST children":            {opWrite, (*driveCall).makeFolder},
		"GET search":               {opDrive, (*driveCall).search},
		"GET delta":                {opDrive, (*driveCall).delta},
		"GET content":              {opDrive, (*driveCall).getContent},
		"PUT content":              {opWrite, (*driveCall).putContent},
		"GET thumbnails":           {opThumbnail, (*driveCall).thumbnails},
		"GET versions":             {opDrive, (*driveCall).versions},
		"POST versions":            {opWrite, (*driveCall).restoreVersion},
		"POST createLink":          {opShare, (*driveCall).createLink},
		"POST createUploadSession": {opSession, (*driveCall).createSession},
	}
}

// driveRoutes serves sites, drives and shares.
func (s *Sandbox) driveRoutes(mux *http.ServeMux) {
	ops := s.driveOps()
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, ok := readSpot(strings.TrimPrefix(r.URL.Path, "/v1.0/"))
		do := opOf(ops, r.Method, at)
		if !ok || do.handle == nil {
			graphFail(w, http.StatusBadRequest, "invalidRequest", "The sandbox's Graph does not have this, or not with this method.")
			return
		}
		checked := s.graph(func(c *graphCall) {
			dc := &driveCall{graphCall: c, s: s, d: s.drives, at: at}
			dc.answer(do.handle(dc))
		})
		s.troubled(do.op, refuseGraph, checked).ServeHTTP(w, r)
	})
	mux.Handle("/v1.0/sites", s.recorded(called("drive"), serve))
	mux.Handle("/v1.0/teams/{team}/channels/{channel}/filesFolder", s.recorded(called("drive"), serve))
	for _, path := range []string{"me/drive", "drives/{drive}", "sites/{site}", "shares/{share}/driveItem", "groups/{group}/drive", "users/{user}/drive"} {
		mux.Handle("/v1.0/"+path, s.recorded(called("drive"), serve))
		mux.Handle("/v1.0/"+path+"/", s.recorded(called("drive"), serve))
	}
}

func opOf(ops map[string]graphOp, method string, at spot) graphOp {
	switch {
	case at.what == "" && method == http.MethodGet && at.id == "":
		return graphOp{opDrive, (*driveCall).findSites}
	case at.what == "" && method == http.MethodGet:
		return graphOp{opDrive, (*driveCall).getSite}
	case at.what == "drives" && method == http.MethodGet:
		return graphOp{opDrive, (*driveCall).listDrives}
	case at.what == "drive" && at.item == "" && method == http.MethodGet:
		return graphOp{opDrive, (*driveCall).getDrive}
	case at.what == "channel" && method == http.MethodGet:
		return graphOp{opDrive, (*driveCall).getItem}
	case at.item != "":
		return ops[method+" "+at.verb]
	}
	return graphOp{}
}

// driveCall is a request to the drives with a token that was checked.
type driveCall struct {
	*graphCall
	s  *Sandbox
	d  *drives
	at spot
}

// answer writes what a handler gave.
func (c *driveCall) answer(status int, body any, err error) {
	var no *refusal
	switch {
	case errors.As(err, &no):
		graphFail(c.w, no.status, no.code, no.text)
	case err != nil:
		graphFail(c.w, http.StatusInternalServerError, "generalException", "The sandbox failed.")
	case body == nil:
		c.w.WriteHeader(status)
	default:
		writeJSON(c.w, status, body)
	}
}

// who is the person of the call; empty for an app.
func (c *driveCall) who() string {
	if c.me == nil {
		return ""
	}
	return c.me.Key
}

// actor is who changes something with this call.
func (c *driveCall) actor() actor {
	if c.me == nil {
		return actor{id: c.app.ID, name: c.app.Name, app: true}
	}
	return c.me.actor()
}

func (c *driveCall) granted(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(c.grants, n) })
}

// scope is what the token's permissions allow with a drive, whoever the person is. Files.Read and Files.ReadWrite reach the
// person's own OneDrive only; Sites.Selected reaches what an administrator granted the app.
func (c *driveCall) scope(dr *drive) access {
	right := noAccess
	own := dr.owner != nil && dr.owner == c.me
	switch {
	case c.granted("Files.ReadWrite.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"), own && c.granted("Files.ReadWrite"):
		return mayOwn
	case c.granted("Files.Read.All", "Sites.Read.All"), own && c.granted("Files.Read"):
		right = mayRead
	}
	if dr.site != nil && c.granted("Sites.Selected") {
		right = max(right, c.d.grants[c.app.ID+" "+dr.site.key])
	}
	return right
}

// right is what the call may do with an item: no more than the token allows, and no more than the person may.
func (c *driveCall) right(n *node) access {
	if c.me == nil {
		return c.scope(n.drive)
	}
	return min(c.scope(n.drive), c.d.ofNode(c.me, n))
}

// site finds the site of the path, for somebody who may see it.
func (c *driveCall) site() (*site, error) {
	found := c.d.siteWhere(func(s *site) bool {
		return strings.EqualFold(c.at.id, s.id) || strings.EqualFold(c.at.id, shareHost+":"+s.path) || c.at.id == strings.Split(s.id, ",")[1]
	})
	switch {
	case found == nil:
		return nil, errItemGone
	case !c.maySee(found):
		return nil, errNoRight
	}
	return found, nil
}

func (c *driveCall) maySee(s *site) bool { return c.right(c.d.siteDrive(s).root) >= mayRead }

// drive finds the drive of the path. It does not check who asks.
func (c *driveCall) drive() (*drive, error) {
	var dr *drive
	switch c.at.owner {
	case "me":
		return c.mine()
	case "drives":
		dr = c.d.driveByID(c.at.id)
	case "users":
		if p := c.d.world.personByID(c.at.id); p != nil {
			dr = c.d.ownDrive(p)
		}
	case "groups", "teams":
		if t := c.d.world.teamOf(c.at.id); t != nil {
			dr = c.d.driveByKey(t.drive)
		}
	case "sites":
		s, err := c.site()
		if err != nil {
			return nil, err
		}
		dr = c.d.siteDrive(s)
	}
	if dr == nil {
		return nil, errItemGone
	}
	return dr, nil
}

func (c *driveCall) mine() (*drive, error) {
	if c.me == nil {
		return nil, &refusal{http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow."}
	}
	dr := c.d.ownDrive(c.me)
	if dr == nil {
		return nil, &refusal{http.StatusNotFound, "ResourceNotFound", "User's mysite not found."}
	}
	return dr, nil
}

// start finds the item that the path begins with, for somebody who may read it.
func (c *driveCall) start() (*node, error) {
	if c.at.owner == "shares" {
		return c.shared()
	}
	dr, err := c.drive()
	if err != nil {
		return nil, err
	}
	n := dr.root
	switch {
	case c.at.what == "channel":
		n, err = c.channelFolder(dr)
	case c.at.item != "root":
		n = dr.items[c.at.item]
	}
	if n == nil && c.right(dr.root) >= mayRead || err != nil {
		return nil, errItemGone
	}
	if n == nil || c.right(n) < mayRead {
		return nil, errNoRight
	}
	return n, nil
}

// channelFolder is the folder of a channel; it is made when the first asks for it.
func (c *driveCall) channelFolder(dr *drive) (*node, error) {
	for _, ch := range c.d.world.channels(c.d.world.teamOf(c.at.id)) {
		if ch.id == c.at.sub {
			return c.d.folderAt(dr.root, ch.name, dr.root.maker)
		}
	}
	return nil, errItemGone
}

// node finds the item of the path.
func (c *driveCall) node() (*node, error) {
	n, err := c.start()
	if err != nil {
		return nil, err
	}
	if n = n.at(c.at.path); n == nil {
		return nil, errItemGone
	}
	return n, nil
}

// file finds the item of the path, which must be a file.
func (c *driveCall) file() (*node, error) {
	n, err := c.node()
	if err == nil && n.folder {
		return nil, errNotFile
	}
	return n, err
}

func (c *driveCall) getDrive() (int, any, error) {
	defer c.d.opened()()
	dr, err := c.drive()
	if err != nil {
		return 0, nil, err
	}
	if c.right(dr.root) < mayRead {
		return 0, nil, errNoRight
	}
	return http.StatusOK, c.only(c.driveView(dr), "drives/$entity"), nil
}

func (c *driveCall) listDrives() (int, any, error) {
	defer c.d.opened()()
	s, err := c.site()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.list("drives", []any{c.only(c.driveView(c.d.siteDrive(s)), "")}), nil
}

func (c *driveCall) getSite() (int, any, error) {
	defer c.d.opened()()
	s, err := c.site()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.only(c.siteView(s), "sites/$entity"), nil
}

// findSites finds sites by words; without any, or with a star, all that may be seen.
func (c *driveCall) findSites() (int, any, error) {
	if !c.granted("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All", "Sites.Selected") {
		return 0, nil, errNoRight
	}
	defer c.d.opened()()
	words := strings.Trim(c.r.URL.Query().Get("search"), "*")
	found := []any{}
	for _, s := range c.d.sites {
		if c.maySee(s) && speaksOf(s.name, words) {
			found = append(found, c.only(c.siteView(s), ""))
		}
	}
	return http.StatusOK, c.list("sites", found), nil
}
