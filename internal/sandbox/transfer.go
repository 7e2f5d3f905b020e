package sandbox

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	xdraw "golang.org/x/image/draw"
)

// linkLife is how long an address that needs no token is good for.
const linkLife = 15 * time.Minute

// transferRoutes serve bytes at addresses of their own: who has one needs no token, and must send none.
func (s *Sandbox) transferRoutes(mux *http.ServeMux) {
	mux.Handle("GET /download/{drive}/{item}", s.recorded(called(opDownload), s.troubled(opDownload, refuseGraph, http.HandlerFunc(s.sendFile))))
	mux.Handle("GET /thumbnail/{drive}/{item}/{size}", s.recorded(called(opDownload), s.troubled(opDownload, refuseGraph, http.HandlerFunc(s.sendThumbnail))))
	for _, method := range []string{"PUT", "GET", "DELETE"} {
		mux.Handle(method+" /session/{key}", s.recorded(called(opUpload), s.troubled(opUpload, refuseGraph, http.HandlerFunc(s.uploadPart))))
	}
}

// linkTo makes an address for the bytes of a file, of a version of it, or (kind "thumbnail") of its small picture.
func (s *Sandbox) linkTo(n *node, kind, arg string) string {
	p := "/" + kind + "/" + n.drive.id + "/" + n.id
	q := url.Values{}
	switch {
	case kind == "thumbnail":
		p += "/" + arg
	case arg != "":
		q.Set("version", arg)
	}
	made := strconv.FormatInt(s.now().UnixMilli(), 10)
	q.Set("tempauth", made+"."+s.drives.seal(p, q.Get("version"), made))
	return s.base + p + "?" + q.Encode()
}

func (d *drives) seal(parts ...string) string {
	mac := hmac.New(sha256.New, d.secret)
	_, _ = mac.Write([]byte(strings.Join(parts, "\n"))) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// errExpired is what SharePoint says to an address whose time is over.
var errExpired = &refusal{http.StatusUnauthorized, "unauthenticated", "The address has expired or was changed."}

// linked finds the file of an address that linkTo made.
func (s *Sandbox) linked(r *http.Request) (*node, error) {
	q := r.URL.Query()
	made, seal, _ := strings.Cut(q.Get("tempauth"), ".")
	at, err := strconv.ParseInt(made, 10, 64)
	when := time.UnixMilli(at)
	switch {
	case r.Header.Get("Authorization") != "":
		return nil, &refusal{http.StatusUnauthorized, "unauthenticated", "A pre-authenticated address takes no token."}
	case err != nil, !hmac.Equal([]byte(seal), []byte(s.drives.seal(r.URL.Path, q.Get("version"), made))),
		s.now().Sub(when) > linkLife, when.Before(s.drives.expelled):
		return nil, errExpired
	}
	dr := s.drives.driveByID(r.PathValue("drive"))
	if dr == nil || dr.items[r.PathValue("item")] == nil {
		return nil, errItemGone
	}
	return dr.items[r.PathValue("item")], nil
}

// sendFile sends the bytes of a file, or the range of them that is asked for.
func (s *Sandbox) sendFile(w http.ResponseWriter, r *http.Request) {
	unlock := s.drives.opened()
	n, err := s.linked(r)
	var of past
	var name string
	if err == nil {
		of, err = n.stateOf(r.URL.Query().Get("version"))
		name = n.name
	}
	unlock()
	if err != nil {
		failWith(w, err)
		return
	}
	data, err := of.content.read()
	if err != nil {
		failWith(w, errItemGone) // a file of the folder of pictures that went
		return
	}
	guardBytes(w, of.content.kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("ETag", `"{`+n.guid+`},`+of.id+`"`)
	http.ServeContent(w, r, "", of.changed, bytes.NewReader(data))
}

// stateOf is a version of a file; no id means the present one.
func (n *node) stateOf(version string) (past, error) {
	if version == "" || version == n.version() {
		return past{n.version(), n.content, n.changed, n.changer}, nil
	}
	at := slices.IndexFunc(n.past, func(p past) bool { return p.id == version })
	if at < 0 {
		return past{}, errItemGone
	}
	return n.past[at], nil
}

func failWith(w http.ResponseWriter, err error) {
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{http.StatusInternalServerError, "generalException", "The sandbox failed."}
	}
	graphFail(w, no.status, no.code, no.text)
}

// uploadPart takes a part of an upload, tells how far it is, or ends it.
func (s *Sandbox) uploadPart(w http.ResponseWriter, r *http.Request) {
	data, err := readBody(r, maxFragment)
	if err != nil {
		failWith(w, errTooHeavy)
		return
	}
	defer s.drives.opened()()
	key := r.PathValue("key")
	up := s.drives.uploads[key]
	switch {
	case r.Header.Get("Authorization") != "":
		graphFail(w, http.StatusUnauthorized, "unauthenticated", "An upload session takes no token.")
	case up == nil || s.now().After(up.expires):
		delete(s.drives.uploads, key)
		graphFail(w, http.StatusNotFound, "itemNotFound", "The upload session was not found.")
	case r.Method == http.MethodGet:
		writeJSON(w, http.StatusOK, up.view())
	case r.Method == http.MethodDelete:
		delete(s.drives.uploads, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		s.takePart(w, r, up, data)
	}
}

func (s *Sandbox) takePart(w http.ResponseWriter, r *http.Request, up *uploading, data []byte) {
	span, err := parseRange(r.Header.Get("Content-Range"))
	if err != nil {
		failWith(w, badRequest(err.Error()))
		return
	}
	last, err := up.take(span, data)
	switch {
	case err != nil:
		failWith(w, err)
		return
	case !last:
		writeJSON(w, http.StatusAccepted, up.view())
		return
	}
	delete(s.drives.uploads, r.PathValue("key"))
	n, created, err := s.drives.write(up.draft, up.data)
	if err != nil {
		failWith(w, err)
		return
	}
	c := &driveCall{graphCall: &graphCall{w: w, r: r}, s: s, d: s.drives}
	writeJSON(w, statusOf(created), c.only(c.view(n), "drives('"+n.drive.id+"')/items/$entity"))
}

// thumb is a size of a small picture.
type thumb struct {
	w, h int
	crop bool // fills the box instead of fitting into it
}

// thumbSizes are the sizes that every picture has.
func thumbSizes() map[string]thumb {
	return map[string]thumb{"small": {96, 96, false}, "medium": {176, 176, false}, "large": {800, 800, false},
		"smallSquare": {96, 96, true}, "mediumSquare": {176, 176, true}, "largeSquare": {800, 800, true}}
}

var customThumb = regexp.MustCompile(`^c(\d{1,4})x(\d{1,4})(_crop)?$`)

// thumbOf reads the name of a size: one of those above, or c300x400, c300x400_crop.
func thumbOf(name string) (thumb, bool) {
	if t, ok := thumbSizes()[name]; ok {
		return t, true
	}
	m := customThumb.FindStringSubmatch(name)
	if m == nil {
		return thumb{}, false
	}
	w, _ := strconv.Atoi(m[1]) // four digits
	h, _ := strconv.Atoi(m[2])
	return thumb{w, h, m[3] != ""}, w > 0 && h > 0 && w <= 2048 && h <= 2048
}

// size is how large the small picture of a picture becomes.
func (t thumb) size(c content) (w, h int) {
	if t.crop {
		return t.w, t.h
	}
	w, h = c.upright()
	return within(w, h, t.w, t.h)
}

// upright is the size of a picture as people see it.
func (c content) upright() (w, h int) {
	if c.turn >= 5 {
		return c.h, c.w
	}
	return c.w, c.h
}

// thumbnailSets are the small pictures that Graph offers of a file: one set, or none for what is no picture.
func (c *driveCall) thumbnailSets(n *node) []any {
	if n.w == 0 || n.folder {
		return []any{}
	}
	wanted := []string{"small", "medium", "large"}
	if q := orElse(c.r.URL.Query().Get("select"), c.r.URL.Query().Get("$select")); q != "" && c.at.verb == "thumbnails" {
		wanted = strings.Split(q, ",")
	}
	set := map[string]any{"id": "0"}
	for _, name := range wanted {
		if t, ok := thumbOf(name); ok {
			set[name] = c.thumbView(n, name, t)
		}
	}
	return []any{set}
}

func (c *driveCall) thumbView(n *node, name string, t thumb) map[string]any {
	w, h := t.size(n.content)
	return map[string]any{"width": w, "height": h, "url": c.s.linkTo(n, "thumbnail", name)}
}

// thumbnails lists the sets of a file, one of them, one size, or leads to its bytes.
func (c *driveCall) thumbnails() (int, any, error) {
	defer c.d.opened()()
	n, err := c.node()
	if err != nil {
		return 0, nil, err
	}
	sets := c.thumbnailSets(n)
	parts := strings.Split(strings.Trim(c.at.arg, "/"), "/")
	if parts[0] == "" {
		return http.StatusOK, c.list("Collection(thumbnailSet)", sets), nil
	}
	if len(sets) == 0 || parts[0] != "0" || len(parts) > 3 {
		return 0, nil, errItemGone
	}
	if len(parts) == 1 {
		return http.StatusOK, sets[0], nil
	}
	t, ok := thumbOf(parts[1])
	switch {
	case !ok:
		return 0, nil, badRequest("There is no such size of a thumbnail.")
	case len(parts) == 2:
		return http.StatusOK, c.thumbView(n, parts[1], t), nil
	case parts[2] != "content":
		return 0, nil, errItemGone
	}
	return c.redirect(c.s.linkTo(n, "thumbnail", parts[1]))
}

// sendThumbnail draws a small picture.
func (s *Sandbox) sendThumbnail(w http.ResponseWriter, r *http.Request) {
	unlock := s.drives.opened()
	n, err := s.linked(r)
	var of content
	if err == nil {
		of = n.content
	}
	unlock()
	t, ok := thumbOf(r.PathValue("size"))
	if err != nil || !ok || of.w == 0 {
		failWith(w, cmp.Or(err, error(errItemGone)))
		return
	}
	small, err := of.shrunk(t)
	if err != nil {
		failWith(w, errItemGone)
		return
	}
	data, err := jpegOf(small, 80)
	if err != nil {
		failWith(w, err)
		return
	}
	serveFile(w, file{kind: "image/jpeg", data: data})
}

// shrunk is the picture in a box: fitted into it, or filling it.
func (c content) shrunk(t thumb) (image.Image, error) {
	w, h := c.upright()
	boxW, boxH := t.size(c)
	if t.crop { // as large as needed to fill the box
		scale := max(float64(t.w)/float64(w), float64(t.h)/float64(h))
		boxW, boxH = max(t.w, int(float64(w)*scale)), max(t.h, int(float64(h)*scale))
	}
	from, err := c.picture(max(boxW, boxH))
	if err != nil {
		return nil, err
	}
	whole := image.NewRGBA(image.Rect(0, 0, boxW, boxH))
	draw.Draw(whole, whole.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	xdraw.ApproxBiLinear.Scale(whole, whole.Rect, from, from.Bounds(), draw.Over, nil)
	if !t.crop {
		return whole, nil
	}
	left, top := (boxW-t.w)/2, (boxH-t.h)/2
	return whole.SubImage(image.Rect(left, top, left+t.w, top+t.h)), nil
}

// picture is the picture upright: drawn about so large, or decoded as it is.
func (c content) picture(side int) (image.Image, error) {
	if c.small != nil {
		return c.small(side), nil
	}
	data, err := c.read()
	if err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return turned(img, c.turn), nil
}

// turned sets a picture upright (Exif 2.32: Orientation).
func turned(img image.Image, turn int) image.Image {
	if turn < 2 || turn > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if turn >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			to := [...]image.Point{2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y}, 5: {y, x}, 6: {h - 1 - y, x},
				7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x}}[turn]
			out.Set(to.X, to.Y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}
