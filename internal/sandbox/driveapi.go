package sandbox

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path"
	"time"
)

// driveAPIRoutes let the page and tests look into the drives, and change them.
func (s *Sandbox) driveAPIRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/drive", s.apiDrive)
	mux.HandleFunc("GET /api/drive/file", s.apiDriveFile)
	mux.Handle("POST /api/drive", posted(s.apiDriveAct))
}

// driveShown is a drive as the page and tests see it.
type driveShown struct {
	Key   string      `json:"key"` // team, harbour, or whose OneDrive it is
	ID    string      `json:"id"`
	Name  string      `json:"name"`
	Site  string      `json:"site,omitempty"`
	Items []itemShown `json:"items"`
}

// itemShown is a file or folder.
type itemShown struct {
	ID          string         `json:"id"`
	Path        string         `json:"path"` // below the root: "Photographs/Regatta.jpg"
	Name        string         `json:"name"`
	Folder      bool           `json:"folder"`
	Size        int64          `json:"size"`
	ContentType string         `json:"contentType,omitempty"`
	Width       int            `json:"width,omitempty"`
	Height      int            `json:"height,omitempty"`
	ETag        string         `json:"eTag"`
	WebURL      string         `json:"webUrl"`
	Description string         `json:"description,omitempty"`
	Modified    time.Time      `json:"modified"`
	By          string         `json:"by"`
	LockedBy    string         `json:"lockedBy,omitempty"` // person who has it checked out
	ReadOnly    bool           `json:"readOnly,omitempty"` // for members
	Links       []string       `json:"links,omitempty"`
	Versions    []versionShown `json:"versions,omitempty"` // the present one first
}

type versionShown struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
	By   string `json:"by"`
}

// apiDrive lists the drives that a person may see, with everything in them.
func (s *Sandbox) apiDrive(w http.ResponseWriter, r *http.Request) {
	me := s.world.person(orElse(r.URL.Query().Get("as"), "ana"))
	if me == nil {
		http.Error(w, errNoSuch.Error(), http.StatusNotFound)
		return
	}
	defer s.drives.opened()()
	list := []driveShown{}
	for _, dr := range s.drives.all {
		if s.drives.of(me, dr) >= mayRead {
			list = append(list, dr.shown())
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"drives": list})
}

func (dr *drive) shown() driveShown {
	v := driveShown{Key: dr.key, ID: dr.id, Name: dr.name, Items: []itemShown{}}
	if dr.site != nil {
		v.Site = dr.site.name
	}
	for _, n := range dr.root.below() {
		v.Items = append(v.Items, n.shown())
	}
	return v
}

func (n *node) shown() itemShown {
	v := itemShown{ID: n.id, Path: n.path(), Name: n.name, Folder: n.folder, Size: n.weight(), ContentType: n.kind, Width: n.w, Height: n.h,
		ETag: n.eTag(), WebURL: n.webURL(), Description: n.note, Modified: n.changed, By: n.changer.name, LockedBy: n.holder, ReadOnly: n.guarded}
	for _, l := range n.links {
		v.Links = append(v.Links, l.url)
	}
	if n.folder {
		return v
	}
	v.Versions = []versionShown{{n.version(), n.size, n.changer.name}}
	for i := len(n.past) - 1; i >= 0; i-- {
		v.Versions = append(v.Versions, versionShown{n.past[i].id, n.past[i].content.size, n.past[i].changer.name})
	}
	return v
}

// pick finds an item of a drive by its id or path.
func (d *drives) pick(key, id, path string) (*node, error) {
	dr := d.driveByKey(orElse(key, teamDrive))
	if dr == nil {
		return nil, errNoSuch
	}
	n := dr.items[id]
	if id == "" {
		n = dr.root.at(path)
	}
	if n == nil {
		return nil, errNoSuch
	}
	return n, nil
}

// wanted finds the file of a request of the page, by its id, its path, or an address of it, and what a person may do with it.
func (d *drives) wanted(who *person, q url.Values) (*node, access, error) {
	if who == nil {
		return nil, noAccess, errNoSuch
	}
	if !q.Has("url") {
		n, err := d.pick(q.Get("drive"), q.Get("id"), q.Get("path"))
		if err != nil {
			return nil, noAccess, err
		}
		return n, d.ofNode(who, n), nil
	}
	address, err := url.Parse(q.Get("url"))
	if err != nil {
		return nil, noAccess, errNoSuch
	}
	n, l := d.behind(address)
	switch {
	case n == nil:
		return nil, noAccess, errNoSuch
	case l != nil && !who.Guest:
		return n, max(accessOf(l.role), d.ofNode(who, n)), nil
	}
	return n, d.ofNode(who, n), nil
}

// apiDriveFile sends the bytes of a file, or of a version of it, to a person who may see it: where a link to SharePoint leads.
func (s *Sandbox) apiDriveFile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	me := s.world.person(orElse(q.Get("as"), "ana"))
	unlock := s.drives.opened()
	n, right, err := s.drives.wanted(me, q)
	var of past
	switch {
	case err != nil:
	case n.folder, right < mayRead:
		err = errNoSuch
	default:
		of, err = n.stateOf(q.Get("version"))
	}
	unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	data, err := of.content.read()
	if err != nil {
		http.Error(w, "The file cannot be read.", http.StatusNotFound)
		return
	}
	serveFile(w, file{kind: of.content.kind, data: data})
}

// driveAct is what the page or a story does to a drive behind everybody's back.
type driveAct struct {
	As    string `json:"as"`    // who does it; "ben" when empty
	Drive string `json:"drive"` // its key; "team" when empty
	ID    string `json:"id"`
	Path  string `json:"path"`
	// Do is one of put, change, delete, lock, unlock, protect, unprotect, grant, expireLinks, loseUploads.
	Do     string `json:"do"`
	Base64 string `json:"base64"` // the new bytes, for put and change
	App    string `json:"app"`    // for grant
	Role   string `json:"role"`   // for grant: read, write, or none
}

var errUnknownAct = errors.New("do must be put, change, delete, lock, unlock, protect, unprotect, grant, expireLinks or loseUploads")

func (s *Sandbox) apiDriveAct(_ context.Context, r driveAct) (any, error) {
	who := s.world.person(orElse(r.As, "ben"))
	data, err := base64.StdEncoding.DecodeString(r.Base64)
	switch {
	case who == nil:
		return nil, errNoSuch
	case err != nil || len(data) > maxItem:
		return nil, errBadRequest
	}
	defer s.drives.opened()()
	switch r.Do {
	case "put":
		return s.drives.place(r, who, data)
	case "expireLinks":
		s.drives.expelled = s.now().Add(time.Millisecond)
		return nothing{}, nil
	case "loseUploads":
		clear(s.drives.uploads)
		return nothing{}, nil
	case "grant":
		app := s.app(r.App)
		if app == nil || s.drives.driveByKey(r.Drive) == nil {
			return nil, errNoSuch
		}
		s.drives.grants[app.ID+" "+r.Drive] = accessOf(r.Role)
		return nothing{}, nil
	}
	n, err := s.drives.pick(r.Drive, r.ID, r.Path)
	if err != nil {
		return nil, err
	}
	return s.drives.meddle(n, r.Do, who, data)
}

// place puts a new file into a drive, or a new version of one.
func (d *drives) place(r driveAct, who *person, data []byte) (any, error) {
	dr := d.driveByKey(orElse(r.Drive, teamDrive))
	if dr == nil {
		return nil, errNoSuch
	}
	folder, err := d.folderAt(dr.root, path.Dir(r.Path), who.actor())
	if err != nil {
		return nil, err
	}
	n, _, err := d.write(draft{in: folder, name: path.Base(r.Path), by: who.actor(), who: who.Key, right: mayOwn}, data)
	if err != nil {
		return nil, err
	}
	return n.shown(), nil
}

// meddle changes an item without asking.
func (d *drives) meddle(n *node, do string, who *person, data []byte) (any, error) {
	switch {
	case do == "change" && len(data) > 0 && !n.folder:
		d.overwrite(n, data, who.actor())
	case do == "change":
		d.touch(n, who.actor())
	case do == "delete" && n.parent != nil:
		d.remove(n)
		return nothing{}, nil
	case do == "lock":
		n.holder = who.Key
	case do == "unlock":
		n.holder = ""
	case do == "protect", do == "unprotect":
		n.guarded = do == "protect"
	default:
		return nil, errUnknownAct
	}
	return n.shown(), nil
}
