package sandbox

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"image"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Bounds of what the drives keep.
const (
	maxItem     = 64 << 20  // bytes of a file
	maxDrive    = 256 << 20 // bytes of a drive, earlier versions included
	maxItems    = 5000      // of a drive
	maxVersions = 50        // of a file
	maxSessions = 20
	maxName     = 255
)

// access is what somebody may do with a drive or an item.
type access int

const (
	noAccess access = iota
	mayRead
	mayWrite
	mayOwn
)

// accessOf reads a role as Graph and the page write it.
func accessOf(role string) access {
	return map[string]access{"read": mayRead, "write": mayWrite, "owner": mayOwn, "fullcontrol": mayOwn}[role]
}

// site is a SharePoint site. Who belongs to a conversation belongs to its site.
type site struct {
	key, id, name, path string
	chat                string // key of the conversation
}

// drive is a library of a site or a person's OneDrive.
type drive struct {
	key, id, name string
	site          *site   // nil for a OneDrive
	owner         *person // of a OneDrive
	webURL        string
	root          *node
	items         map[string]*node
	gone          []grave
	seq           int64 // of the last change
	used          int64 // bytes
}

// grave is what is told of an item that was deleted.
type grave struct {
	id, name string
	seq      int64
}

// node is a file or folder.
type node struct {
	id, guid, name string
	drive          *drive
	parent         *node
	folder         bool
	children       []*node
	note           string // description

	content
	made, changed  time.Time
	maker, changer actor
	rev, cRev      int // count the changes, and those of the content
	past           []past
	seq            int64 // of the last change, in the drive

	holder  string            // person who has it checked out
	guarded bool              // only owners may change it
	shares  map[string]access // people with whom it was shared
	links   []*sharing
}

// content is what a file holds. Reading may have to draw it first, so it is never done under the lock.
type content struct {
	kind string // content type
	size int64
	w, h int    // as the pixels lie in the file; 0 when it is no picture, or none that was understood
	turn int    // EXIF orientation; 0 and 1 are upright
	hash string // quickXorHash; empty when it is not known yet
	read func() ([]byte, error)
	// small draws the picture with its longer side so many pixels; nil for files that have to be decoded.
	small func(side int) image.Image
}

// past is an earlier state of a file.
type past struct {
	id      string
	content content
	changed time.Time
	changer actor
}

// actor is a person or an app that changed something.
type actor struct {
	id, name, mail string
	app            bool
}

func (p *person) actor() actor { return actor{id: p.ObjectID, name: p.Name, mail: p.Mail} }

// sharing is a link with which others reach an item.
type sharing struct {
	id, url string
	role    string // read or write
}

// drives is the SharePoint and the OneDrives of the organisation, in memory. Nothing is made before somebody asks for it. It
// is safe for concurrent use.
type drives struct {
	now     func() time.Time
	world   *world
	samples *samples
	secret  []byte // signs the addresses of downloads

	mu       sync.Mutex
	laid     bool // what lies there from the start is there
	pictures map[string]content
	sites    []*site
	all      []*drive
	uploads  map[string]*uploading
	grants   map[string]access // app + " " + site → what an app with Sites.Selected may do
	epoch    string            // of delta tokens
	expelled time.Time         // addresses handed out before have expired
}

func newDrives(cfg Config, w *world, s *samples) *drives {
	d := &drives{now: cfg.Clock.Now, world: w, samples: s, secret: make([]byte, 32), pictures: map[string]content{}}
	_, _ = rand.Read(d.secret) // never fails
	d.reset()
	return d
}

// reset makes the drives as they were at the start.
func (d *drives) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.laid, d.sites, d.all, d.expelled = false, nil, nil, time.Time{}
	d.uploads, d.grants, d.epoch = map[string]*uploading{}, map[string]access{}, randomHex(4)
}

// opened locks the drives and furnishes them when nobody has yet.
func (d *drives) opened() (unlock func()) {
	d.mu.Lock()
	if !d.laid {
		d.furnish()
		d.laid = true
	}
	return d.mu.Unlock
}

func (d *drives) driveByID(id string) *drive {
	return d.driveWhere(func(dr *drive) bool { return dr.id == id })
}

func (d *drives) driveByKey(key string) *drive {
	return d.driveWhere(func(dr *drive) bool { return dr.key == key })
}

// ownDrive is the OneDrive of a person; guests have none.
func (d *drives) ownDrive(p *person) *drive {
	return d.driveWhere(func(dr *drive) bool { return dr.owner == p })
}

func (d *drives) siteDrive(s *site) *drive {
	return d.driveWhere(func(dr *drive) bool { return s != nil && dr.site == s })
}

func (d *drives) driveWhere(match func(*drive) bool) *drive {
	if i := slices.IndexFunc(d.all, match); i >= 0 {
		return d.all[i]
	}
	return nil
}

func (d *drives) siteWhere(match func(*site) bool) *site {
	if i := slices.IndexFunc(d.sites, match); i >= 0 {
		return d.sites[i]
	}
	return nil
}

// of is what a person may do with a drive by who they are.
func (d *drives) of(who *person, dr *drive) access {
	if dr.site == nil {
		if dr.owner == who {
			return mayOwn
		}
		return noAccess
	}
	return d.ofSite(who, dr.site)
}

func (d *drives) ofSite(who *person, s *site) access {
	switch d.world.role(d.world.chatByKey(s.chat, ""), who.Key) {
	case ownerRole:
		return mayOwn
	case "":
		return noAccess
	default:
		return mayWrite
	}
}

// ofNode is what a person may do with an item: by who they are, or because it was shared with them.
func (d *drives) ofNode(who *person, n *node) access {
	right := d.of(who, n.drive)
	for at := n; at != nil; at = at.parent {
		right = max(right, at.shares[who.Key])
	}
	return right
}

// newDrive makes an empty drive with a root folder.
func (d *drives) newDrive(key, name, webURL string, s *site, owner *person, by actor) *drive {
	dr := &drive{key: key, id: "b!" + stableText("drive", key) + stableText("library", key)[:21], name: name, site: s, owner: owner, webURL: webURL,
		items: map[string]*node{}}
	dr.root = d.add(dr, &node{name: "root", folder: true, maker: by, changer: by})
	d.all = append(d.all, dr)
	return dr
}

// add gives a new node its ids and times and puts it into the drive. What lies there from the start has the same ids in every
// sandbox.
func (d *drives) add(dr *drive, n *node) *node {
	n.drive, n.guid = dr, strings.ToUpper(newGUID())
	if !d.laid {
		n.guid = strings.ToUpper(stableGUID("item", dr.key, itoa(len(dr.items))))
	}
	n.id = "01" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(n.guid[:20]))
	if n.made.IsZero() {
		n.made = d.now().UTC().Truncate(time.Second)
	}
	n.changed, n.rev, n.cRev = n.made, 1, 1
	dr.seq++
	n.seq = dr.seq
	dr.items[n.id] = n
	if n.parent != nil {
		n.parent.children = append(n.parent.children, n)
	}
	dr.used += n.size
	d.announce()
	return n
}

// child finds what lies in a folder under a name; case does not count.
func (n *node) child(name string) *node {
	i := slices.IndexFunc(n.children, func(c *node) bool { return strings.EqualFold(c.name, name) })
	if i < 0 {
		return nil
	}
	return n.children[i]
}

// at follows a path downwards; nil when it leads nowhere.
func (n *node) at(p string) *node {
	for name := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
		if n == nil || name == "" {
			return n
		}
		n = n.child(name)
	}
	return n
}

// path is where an item lies below the root, without a leading slash.
func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	return strings.TrimPrefix(n.parent.path()+"/"+n.name, "/")
}

// below lists everything under a folder, itself not included.
func (n *node) below() []*node {
	var list []*node
	for _, c := range n.children {
		list = append(append(list, c), c.below()...)
	}
	return list
}

func (n *node) eTag() string { return `"{` + n.guid + `},` + itoa(n.rev) + `"` }
func (n *node) cTag() string { return `"c:{` + n.guid + `},` + itoa(n.cRev) + `"` }

// version is the id of the present state.
func (n *node) version() string { return itoa(n.cRev) + ".0" }

// touch writes down that an item was changed.
func (d *drives) touch(n *node, by actor) {
	n.drive.seq++
	n.rev, n.seq, n.changer = n.rev+1, n.drive.seq, by
	n.changed = later(d.now().UTC().Truncate(time.Second), n.changed)
	d.announce()
}

// announce tells the page that something lies elsewhere or is another than before.
func (d *drives) announce() {
	if d.laid {
		d.world.stir(event{Type: "drive"})
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// overwrite makes new bytes the present version of a file.
func (d *drives) overwrite(n *node, data []byte, by actor) {
	n.past = append(n.past, past{n.version(), n.content, n.changed, n.changer})
	if len(n.past) > maxVersions {
		n.drive.used -= n.past[0].content.size
		n.past = n.past[1:]
	}
	n.content = held(n.name, data)
	n.drive.used += n.size
	n.cRev++
	d.touch(n, by)
}

// remove takes an item away with all that is in it.
func (d *drives) remove(n *node) {
	for _, c := range slices.Clone(n.children) {
		d.remove(c)
	}
	dr := n.drive
	dr.seq++
	dr.gone = append(dr.gone, grave{n.id, n.name, dr.seq})
	dr.used -= n.size
	for _, p := range n.past {
		dr.used -= p.content.size
	}
	delete(dr.items, n.id)
	n.parent.children = slices.DeleteFunc(n.parent.children, func(c *node) bool { return c == n })
	d.announce()
}

// folderAt finds or makes the folder at a path.
func (d *drives) folderAt(n *node, p string, by actor) (*node, error) {
	for name := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
		next := n
		if name != "" && name != "." {
			next = n.child(name)
		}
		switch {
		case next == nil && !validName(name):
			return nil, errBadName
		case next == nil:
			next = d.add(n.drive, &node{name: name, parent: n, folder: true, maker: by, changer: by})
		case !next.folder:
			return nil, errNotFolder
		}
		n = next
	}
	return n, nil
}

// reservedName are names that SharePoint keeps for itself and Windows.
var reservedName = regexp.MustCompile(`(?i)^(\.lock|desktop\.ini|_vti_.*|~\$.*|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?)$`)

// validName tells whether SharePoint takes a name.
func validName(name string) bool {
	return name != "" && len(name) <= maxName && !strings.HasSuffix(name, ".") && !strings.ContainsAny(name, `"*:<>?/\|`) &&
		strings.TrimSpace(name) == name && !strings.ContainsFunc(name, unicode.IsControl) && !reservedName.MatchString(name)
}

// freeName is the name a drive finds when one is taken: "boat 1.png".
func (n *node) freeName(name string) string {
	ext := path.Ext(name)
	free := name
	for i := 1; n.child(free) != nil; i++ {
		free = strings.TrimSuffix(name, ext) + " " + itoa(i) + ext
	}
	return free
}

// held is the content of bytes that were handed over.
func held(name string, data []byte) content {
	c := content{kind: kindOf(name), size: int64(len(data)), hash: quickXor(data), read: func() ([]byte, error) { return data, nil }}
	if cfg, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
		c.w, c.h, c.turn = cfg.Width, cfg.Height, exifTurn(data)
	}
	return c
}

// quickXor is the hash that SharePoint tells of a file: a circle of 160 bits, into which every byte is mixed eleven bits on
// from the one before, and at last the length (OneDrive API: quickXorHash).
func quickXor(data []byte) string {
	var circle [20]byte
	for i, b := range data {
		at := i * 11 % 160
		circle[at/8] ^= b << (at % 8)
		circle[(at/8+1)%20] ^= byte(uint16(b) << (at % 8) >> 8)
	}
	for i, b := range binary.LittleEndian.AppendUint64(nil, uint64(len(data))) {
		circle[12+i] ^= b
	}
	return base64.StdEncoding.EncodeToString(circle[:])
}

// kindOf is the content type that SharePoint tells of a file: by its name, not by its bytes.
func kindOf(name string) string {
	known := map[string]string{".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
		".avif": "image/avif", ".heic": "image/heic", ".tif": "image/tiff", ".tiff": "image/tiff", ".svg": "image/svg+xml", ".txt": "text/plain",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".pdf": "application/pdf"}
	ext := strings.ToLower(path.Ext(name))
	kind, _, _ := strings.Cut(cmp.Or(known[ext], mime.TypeByExtension(ext), "application/octet-stream"), ";")
	return kind
}

// The refusals of a drive.
var (
	errItemGone   = &refusal{http.StatusNotFound, "itemNotFound", "The resource could not be found."}
	errNoRight    = &refusal{http.StatusForbidden, "accessDenied", "Access denied. You do not have permission to perform this action or access this resource."}
	errTagStale   = &refusal{http.StatusPreconditionFailed, "resourceModified", "ETag does not match current item's value"}
	errNameTaken  = &refusal{http.StatusConflict, "nameAlreadyExists", "The specified item name already exists."}
	errBadName    = &refusal{http.StatusBadRequest, "invalidRequest", "The provided name cannot contain any of the following characters: \" * : < > ? / \\ |, or begin or end with a space."}
	errNotFolder  = &refusal{http.StatusBadRequest, "invalidRequest", "The item on the way is no folder."}
	errNotFile    = &refusal{http.StatusBadRequest, "invalidRequest", "The item is a folder; it has no content."}
	errCheckedOut = &refusal{http.StatusLocked, "resourceLocked", "The resource you are attempting to access is locked."}
	errNoRoom     = &refusal{http.StatusInsufficientStorage, "quotaLimitReached", "Insufficient space available."}
	errTooHeavy   = &refusal{http.StatusRequestEntityTooLarge, "invalidRequest", "The file is larger than the sandbox keeps."}
)

// refusal is an answer of Graph that is none.
type refusal struct {
	status     int
	code, text string
}

func (r *refusal) Error() string { return r.code + ": " + r.text }

func badRequest(text string) *refusal { return &refusal{http.StatusBadRequest, "invalidRequest", text} }

// mayChange tells whether somebody with a right may change an item now.
func (n *node) mayChange(right access, who string) error {
	switch {
	case right < mayWrite, n.guarded && right < mayOwn:
		return errNoRight
	case n.holder != "" && n.holder != who:
		return errCheckedOut
	}
	return nil
}

// draft is a file that is to be written.
type draft struct {
	over      *node  // the file that is replaced; nil for a new one
	in        *node  // the folder of a new one
	name      string // of a new one
	behaviour string // when the name is taken: fail, rename, or replace
	match     string // If-Match
	fresh     bool   // If-None-Match: *
	by        actor
	who       string // person
	right     access
}

// check tells whether a draft could be written now. It turns a draft over a taken name into one that replaces.
func (w *draft) check() error {
	if w.over == nil {
		switch taken := w.in.child(w.name); {
		case !validName(w.name):
			return errBadName
		case taken == nil || w.behaviour == "rename":
		case w.fresh:
			return errTagStale
		case w.behaviour == "fail" || taken.folder:
			return errNameTaken
		default:
			w.over = taken
		}
	}
	switch {
	case w.over == nil && w.match != "":
		return errTagStale
	case w.over == nil && w.right < mayWrite:
		return errNoRight
	case w.over == nil:
		return nil
	case w.over.folder:
		return errNotFile
	case !w.over.matches(w.match):
		return errTagStale
	}
	return w.over.mayChange(w.right, w.who)
}

// matches tells whether an item still is what an If-Match names.
func (n *node) matches(tag string) bool {
	return tag == "" || tag == "*" || tag == n.eTag() || tag == n.cTag()
}

// write writes a draft: a new version of a file, or a new file. The caller holds the lock.
func (d *drives) write(w draft, data []byte) (n *node, created bool, err error) {
	if w.over != nil && d.lost(w.over) || w.in != nil && d.lost(w.in) {
		return nil, false, errItemGone
	}
	if err := w.check(); err != nil {
		return nil, false, err
	}
	dr := cmp.Or(w.over, w.in).drive
	switch {
	case int64(len(data)) > maxItem:
		return nil, false, errTooHeavy
	case dr.used+int64(len(data)) > maxDrive, len(dr.items) >= maxItems:
		return nil, false, errNoRoom
	}
	if w.over != nil {
		d.overwrite(w.over, data, w.by)
		return w.over, false, nil
	}
	name := w.in.freeName(w.name)
	return d.add(dr, &node{name: name, parent: w.in, content: held(name, data), maker: w.by, changer: w.by}), true, nil
}

// lost tells whether an item has been deleted meanwhile.
func (d *drives) lost(n *node) bool { return n.drive.items[n.id] != n }
