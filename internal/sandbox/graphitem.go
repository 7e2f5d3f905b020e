package sandbox

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Sizes of a page of items.
const (
	defaultPage = 200
	largestPage = 1000
)

// context is the address of the metadata that a body names.
func (c *driveCall) context(of string) string { return c.s.base + "/v1.0/$metadata#" + of }

// list is a collection in Graph's shape.
func (c *driveCall) list(of string, value []any) map[string]any {
	return map[string]any{"@odata.context": c.context(of), "value": value}
}

// only keeps the properties that $select names. What may only be had by naming it is left out of the rest.
func (c *driveCall) only(view map[string]any, context string) map[string]any {
	wanted := c.r.URL.Query().Get("$select")
	kept := map[string]any{}
	for name, v := range view {
		asked := slices.ContainsFunc(strings.Split(wanted, ","), func(w string) bool {
			w = strings.TrimSpace(w)
			return strings.EqualFold(w, name) || name == downloadURL && w == "content.downloadUrl"
		})
		if asked || wanted == "" && !slices.Contains(onAsking, name) || name == "thumbnails" && c.expands("thumbnails") {
			kept[name] = v
		}
	}
	if context != "" {
		kept["@odata.context"] = c.context(context)
	}
	return kept
}

const downloadURL = "@microsoft.graph.downloadUrl"

// onAsking are properties that Graph gives to those only who name them.
var onAsking = []string{"publication", "thumbnails", "sharepointIds"}

func (c *driveCall) expands(name string) bool {
	return slices.ContainsFunc(strings.Split(c.r.URL.Query().Get("$expand"), ","), func(e string) bool {
		return strings.HasPrefix(strings.TrimSpace(e), name)
	})
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func (c *driveCall) siteView(s *site) map[string]any {
	made := stamp(c.d.siteDrive(s).root.made)
	return map[string]any{"id": s.id, "name": strings.TrimPrefix(s.path, "/sites/"), "displayName": s.name, "description": s.name,
		"webUrl": "https://" + shareHost + s.path, "createdDateTime": made, "lastModifiedDateTime": made, "root": map[string]any{},
		"siteCollection": map[string]any{"hostname": shareHost}}
}

func (c *driveCall) driveView(dr *drive) map[string]any {
	view := map[string]any{"id": dr.id, "name": dr.name, "description": "", "driveType": dr.kind(), "webUrl": dr.webURL,
		"createdDateTime": stamp(dr.root.made), "lastModifiedDateTime": stamp(dr.root.changed), "createdBy": dr.root.maker.view(),
		"quota": map[string]any{"deleted": 0, "remaining": maxDrive - dr.used, "state": "normal", "total": maxDrive, "used": dr.used}}
	if dr.owner != nil {
		view["owner"] = dr.owner.actor().view()
	} else if t := c.d.world.teamWith(dr.key); t != nil {
		view["owner"] = map[string]any{"group": map[string]any{"id": t.group, "displayName": t.name}}
	}
	return view
}

func (dr *drive) kind() string {
	if dr.site == nil {
		return "business"
	}
	return "documentLibrary"
}

// view names who did something, as Graph does.
func (a actor) view() map[string]any {
	if a.app {
		return map[string]any{"application": map[string]any{"id": a.id, "displayName": a.name}}
	}
	return map[string]any{"user": map[string]any{"id": a.id, "displayName": a.name, "email": a.mail}}
}

// webURL is where people see an item in a browser.
func (n *node) webURL() string {
	if n.parent == nil {
		return n.drive.webURL
	}
	return n.parent.webURL() + "/" + url.PathEscape(n.name)
}

// view is an item as Graph tells of it.
func (c *driveCall) view(n *node) map[string]any {
	v := map[string]any{"id": n.id, "name": n.name, "eTag": n.eTag(), "cTag": n.cTag(), "webUrl": n.webURL(), "size": n.weight(),
		"createdDateTime": stamp(n.made), "lastModifiedDateTime": stamp(n.changed), "createdBy": n.maker.view(), "lastModifiedBy": n.changer.view(),
		"fileSystemInfo":  map[string]any{"createdDateTime": stamp(n.made), "lastModifiedDateTime": stamp(n.changed)},
		"parentReference": n.parentView()}
	if n.note != "" {
		v["description"] = n.note
	}
	if n.holder != "" {
		v["publication"] = map[string]any{"level": "checkout", "versionId": n.version()}
	}
	if len(n.links) > 0 {
		v["shared"] = map[string]any{"scope": "organization"}
	}
	if n.folder {
		v["folder"] = map[string]any{"childCount": len(n.children)}
		if n.parent == nil {
			v["root"] = map[string]any{}
		}
		return v
	}
	about := map[string]any{"mimeType": n.kind}
	if n.hash != "" {
		about["hashes"] = map[string]any{"quickXorHash": n.hash}
	}
	v["file"] = about
	v[downloadURL] = c.s.linkTo(n, "download", "")
	if n.w > 0 {
		v["image"] = map[string]any{"width": n.w, "height": n.h}
	}
	v["thumbnails"] = c.thumbnailSets(n)
	return v
}

// weight is the size of a file, or of all that is in a folder.
func (n *node) weight() int64 {
	sum := n.size
	for _, c := range n.children {
		sum += c.weight()
	}
	return sum
}

func (n *node) parentView() map[string]any {
	v := map[string]any{"driveId": n.drive.id, "driveType": n.drive.kind()}
	if n.drive.site != nil {
		v["siteId"] = n.drive.site.id
	}
	if p := n.parent; p != nil {
		v["id"], v["name"] = p.id, p.name
		v["path"] = strings.TrimSuffix("/drives/"+n.drive.id+"/root:/"+p.path(), "/")
	}
	return v
}

func (c *driveCall) getItem() (int, any, error) {
	defer c.d.opened()()
	n, err := c.node()
	if err != nil {
		return 0, nil, err
	}
	if tag := c.r.Header.Get("If-None-Match"); tag != "" && n.matches(tag) {
		return http.StatusNotModified, nil, nil
	}
	view := c.view(n)
	if c.expands("children") && n.folder {
		children := []any{}
		for _, child := range n.children {
			children = append(children, c.view(child))
		}
		view["children"] = children
	}
	return http.StatusOK, c.only(view, "drives('"+n.drive.id+"')/items/$entity"), nil
}

func (c *driveCall) listChildren() (int, any, error) {
	defer c.d.opened()()
	n, err := c.node()
	if err != nil {
		return 0, nil, err
	}
	return c.page(n, slices.Clone(n.children))
}

// search finds items below a folder whose words begin with those that are asked for; no words find everything.
func (c *driveCall) search() (int, any, error) {
	words, ok := quoted(c.at.arg)
	if !ok {
		return 0, nil, badRequest("The search needs the form search(q='text').")
	}
	defer c.d.opened()()
	n, err := c.node()
	if err != nil {
		return 0, nil, err
	}
	found := slices.DeleteFunc(n.below(), func(i *node) bool { return !speaksOf(i.name+" "+i.note, words) })
	return c.page(n, found)
}

// quoted reads the text of "(q='text')"; quotes in it are doubled.
func quoted(arg string) (string, bool) {
	arg, ok := strings.CutPrefix(arg, "(q='")
	arg, closed := strings.CutSuffix(arg, "')")
	return strings.ReplaceAll(arg, "''", "'"), ok && closed
}

// speaksOf tells whether every word that is asked for begins one of a text.
func speaksOf(text, words string) bool {
	has := wordsOf(text)
	for _, w := range wordsOf(words) {
		if !slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// page answers with a part of a list of items, in the order and of the size that was asked for.
func (c *driveCall) page(of *node, all []*node) (int, any, error) {
	q := c.r.URL.Query()
	top, err := strconv.Atoi(orElse(q.Get("$top"), itoa(defaultPage)))
	from, bad := offsetOf(q.Get("$skiptoken"))
	switch {
	case err != nil || top < 1:
		return 0, nil, badRequest("Invalid value for $top.")
	case q.Has("$skip"):
		return 0, nil, badRequest("$skip is not supported on this API. Only URLs returned by the API can be used to page.")
	case bad != nil:
		return 0, nil, badRequest("The $skiptoken is none of ours.")
	}
	all, err = filtered(all, q.Get("$filter"))
	if err == nil {
		err = ordered(all, q.Get("$orderby"))
	}
	if err != nil {
		return 0, nil, err
	}
	top, from = min(top, largestPage), min(from, len(all))
	end := min(from+top, len(all))
	value := []any{}
	for _, n := range all[from:end] {
		value = append(value, c.only(c.view(n), ""))
	}
	body := c.list("Collection(driveItem)", value)
	if of.folder && c.at.verb == "children" {
		body["@odata.count"] = len(all)
	}
	if end < len(all) {
		q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte("at "+itoa(end))))
		body["@odata.nextLink"] = c.s.base + c.r.URL.EscapedPath() + "?" + q.Encode()
	}
	return http.StatusOK, body, nil
}

func offsetOf(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	number, ok := strings.CutPrefix(string(raw), "at ")
	if err != nil || !ok {
		return 0, strconv.ErrSyntax
	}
	at, err := strconv.ParseUint(number, 10, 31)
	return int(at), err
}

// filtered knows the few filters that SharePoint knows on a folder.
func filtered(all []*node, filter string) ([]*node, error) {
	keep, ok := map[string]func(*node) bool{
		"":               func(*node) bool { return true },
		"folder ne null": func(n *node) bool { return n.folder },
		"file ne null":   func(n *node) bool { return !n.folder },
		"image ne null":  func(n *node) bool { return n.w > 0 },
	}[filter]
	if !ok {
		return nil, badRequest("Invalid filter clause")
	}
	return slices.DeleteFunc(all, func(n *node) bool { return !keep(n) }), nil
}

func ordered(all []*node, by string) error {
	property, direction, _ := strings.Cut(by, " ")
	compare := map[string]func(a, b *node) int{
		"":                     byName,
		"name":                 byName,
		"size":                 func(a, b *node) int { return cmp.Compare(a.weight(), b.weight()) },
		"lastModifiedDateTime": func(a, b *node) int { return cmp.Or(a.changed.Compare(b.changed), cmp.Compare(a.seq, b.seq)) },
		"createdDateTime":      func(a, b *node) int { return cmp.Or(a.made.Compare(b.made), cmp.Compare(a.seq, b.seq)) },
	}[property]
	if compare == nil || direction != "" && direction != "asc" && direction != "desc" {
		return badRequest("The $orderby is not supported.")
	}
	slices.SortStableFunc(all, compare)
	if direction == "desc" {
		slices.Reverse(all)
	}
	return nil
}

func byName(a, b *node) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) }

// delta tells what changed since a token, in the order in which it did. Without a token everything is new.
func (c *driveCall) delta() (int, any, error) {
	defer c.d.opened()()
	n, err := c.node()
	if err != nil {
		return 0, nil, err
	}
	if n.parent != nil {
		return 0, nil, badRequest("Delta is only supported on the root.")
	}
	q := c.r.URL.Query()
	token := orElse(q.Get("token"), strings.TrimSuffix(strings.TrimPrefix(c.at.arg, "(token='"), "')"))
	if token == "latest" {
		return http.StatusOK, c.deltaPage(n.drive, n.drive.seq, largestPage), nil
	}
	since, ok := c.d.sinceToken(token)
	if !ok || since > n.drive.seq {
		c.w.Header().Set("Location", c.s.base+"/v1.0/drives/"+n.drive.id+"/root/delta")
		return 0, nil, &refusal{http.StatusGone, "resyncRequired", "The token is too old or none of ours; begin anew."}
	}
	top, err := strconv.Atoi(orElse(q.Get("$top"), itoa(defaultPage)))
	if err != nil || top < 1 {
		return 0, nil, badRequest("Invalid value for $top.")
	}
	return http.StatusOK, c.deltaPage(n.drive, since, min(top, largestPage)), nil
}

// changeView is an item as a delta tells of it: without the path of its parent, which may have another name by now.
func (c *driveCall) changeView(n *node) map[string]any {
	v := c.view(n)
	parent := n.parentView()
	delete(parent, "path")
	v["parentReference"] = parent
	return v
}

func (d *drives) sinceToken(token string) (int64, bool) {
	if token == "" || token == "()" {
		return 0, true
	}
	number, ok := strings.CutPrefix(token, d.epoch+"-")
	since, err := strconv.ParseInt(number, 10, 64)
	return since, ok && err == nil && since >= 0
}

func (c *driveCall) deltaPage(dr *drive, since int64, top int) map[string]any {
	type change struct {
		seq  int64
		view map[string]any
	}
	var changes []change
	for _, n := range dr.items {
		if n.seq > since {
			changes = append(changes, change{n.seq, c.only(c.changeView(n), "")})
		}
	}
	for _, g := range dr.gone {
		if g.seq > since && since > 0 {
			changes = append(changes, change{g.seq, map[string]any{"id": g.id, "name": g.name, "deleted": map[string]any{"state": "deleted"},
				"parentReference": map[string]any{"driveId": dr.id, "driveType": dr.kind()}}})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.seq, b.seq) })
	value, link, upto := []any{}, "@odata.deltaLink", dr.seq
	for i, ch := range changes {
		if i == top {
			link, upto = "@odata.nextLink", changes[i-1].seq
			break
		}
		value = append(value, ch.view)
	}
	q := c.r.URL.Query()
	q.Set("token", c.d.epoch+"-"+strconv.FormatInt(upto, 10))
	body := c.list("Collection(driveItem)", value)
	body[link] = c.s.base + "/v1.0/drives/" + dr.id + "/root/delta?" + q.Encode()
	return body
}

// versions lists the states of a file, the present one first, or one of them, or leads to its bytes.
func (c *driveCall) versions() (int, any, error) {
	defer c.d.opened()()
	n, err := c.file()
	if err != nil {
		return 0, nil, err
	}
	all := append(slices.Clone(n.past), past{n.version(), n.content, n.changed, n.changer})
	slices.Reverse(all)
	id, what, _ := strings.Cut(c.at.arg, "/")
	if id == "" {
		value := []any{}
		for _, p := range all {
			value = append(value, c.only(p.view(), ""))
		}
		return http.StatusOK, c.list("Collection(driveItemVersion)", value), nil
	}
	at := slices.IndexFunc(all, func(p past) bool { return p.id == id })
	switch {
	case at < 0 || what != "" && what != "content":
		return 0, nil, errItemGone
	case what == "content":
		return c.redirect(c.s.linkTo(n, "download", id))
	}
	return http.StatusOK, c.only(all[at].view(), "versions/$entity"), nil
}

func (p past) view() map[string]any {
	return map[string]any{"id": p.id, "size": p.content.size, "lastModifiedDateTime": stamp(p.changed), "lastModifiedBy": p.changer.view()}
}

// redirect leads to an address that needs no token.
func (c *driveCall) redirect(to string) (int, any, error) {
	c.w.Header().Set("Location", to)
	c.w.Header().Set("Cache-Control", "no-store")
	return http.StatusFound, nil, nil
}

func (c *driveCall) getContent() (int, any, error) {
	defer c.d.opened()()
	n, err := c.file()
	if err != nil {
		return 0, nil, err
	}
	if tag := c.r.Header.Get("If-None-Match"); tag != "" && n.matches(tag) {
		return http.StatusNotModified, nil, nil
	}
	return c.redirect(c.s.linkTo(n, "download", ""))
}
