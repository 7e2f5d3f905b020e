package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Bounds of what the sandbox keeps of files.
const (
	maxFile  = 16 << 20
	maxFiles = 64
	fileLife = time.Hour
)

// file is a picture or document that was handed over. Its id is as good as a key: whoever knows it may read it, as with the
// pre-authenticated addresses of OneDrive.
type file struct {
	id      string
	name    string
	kind    string // content type
	data    []byte
	size    int64   // announced, for uploads
	owner   *person // who agreed to an upload
	app     string  // name of the app that uploads
	upload  bool    // waits for bytes
	expires time.Time
}

// files keeps handed over files for a while. It is safe for concurrent use.
type files struct {
	now  func() time.Time
	mu   sync.Mutex
	held []*file // oldest first
}

func newFiles(now func() time.Time) *files { return &files{now: now} }

func (f *files) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = nil
}

// keep stores a file under a new id; when there are too many, the oldest goes.
func (f *files) keep(given file) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	given.id, given.expires = randomHex(16), f.now().Add(fileLife)
	f.held = append(f.held, &given)
	f.held = f.held[max(0, len(f.held)-maxFiles):]
	return given.id
}

// own writes down who agreed to an upload, and which app uploads.
func (f *files) own(id any, who *person, app string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.held {
		if h.id == id {
			h.owner, h.app = who, app
		}
	}
}

// get reads a file that is complete and has not expired.
func (f *files) get(id string) (file, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.held {
		if h.id == id && !h.upload && f.now().Before(h.expires) {
			return *h, true
		}
	}
	return file{}, false
}

// put adds a range of bytes to an upload; done when it was the last.
func (f *files) put(id string, r contentRange, data []byte) (done bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.held {
		if h.id != id || !h.upload {
			continue
		}
		if r.from != int64(len(h.data)) || r.to-r.from+1 != int64(len(data)) || r.total > maxFile || h.size > 0 && r.total != h.size {
			return false, errBadRange
		}
		h.data = append(h.data, data...)
		h.upload = int64(len(h.data)) < r.total
		return !h.upload, nil
	}
	return false, errNoUpload
}

var (
	errBadRange = errors.New("the range does not continue the upload")
	errNoUpload = errors.New("there is no such upload")
)

// contentRange is the header of that name: "bytes 0-99/100".
type contentRange struct{ from, to, total int64 }

var rangePattern = regexp.MustCompile(`^bytes (\d{1,12})-(\d{1,12})/(\d{1,12})$`)

func parseRange(header string) (contentRange, error) {
	m := rangePattern.FindStringSubmatch(header)
	if m == nil {
		return contentRange{}, fmt.Errorf("%w: Content-Range is missing or malformed", errBadRange)
	}
	from, _ := strconv.ParseInt(m[1], 10, 64) // twelve digits fit
	to, _ := strconv.ParseInt(m[2], 10, 64)
	total, _ := strconv.ParseInt(m[3], 10, 64)
	if to < from || to >= total {
		return contentRange{}, errBadRange
	}
	return contentRange{from, to, total}, nil
}

// fileRoutes serves pre-authenticated downloads and upload sessions, as OneDrive does: without a token, and refusing one.
func (s *Sandbox) fileRoutes(mux *http.ServeMux) {
	mux.Handle("GET /files/{id}", s.recorded(called("download"), http.HandlerFunc(s.download)))
	mux.Handle("PUT /upload/{id}", s.recorded(called("upload"), http.HandlerFunc(s.upload)))
	s.transferRoutes(mux)
}

func (s *Sandbox) download(w http.ResponseWriter, r *http.Request) {
	f, ok := s.files.get(r.PathValue("id"))
	switch {
	case r.Header.Get("Authorization") != "":
		graphFail(w, http.StatusUnauthorized, "unauthenticated", "A pre-authenticated address takes no token.")
	case !ok:
		graphFail(w, http.StatusNotFound, "itemNotFound", "The file is gone.")
	default:
		serveFile(w, f)
	}
}

// serveFile sends bytes so that no browser takes them for a page of ours.
func serveFile(w http.ResponseWriter, f file) {
	guardBytes(w, f.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(f.data)))
	_, _ = w.Write(f.data) // a client that left needs no answer
}

func guardBytes(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", orElse(kind, "application/octet-stream"))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
}

func (s *Sandbox) upload(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		graphFail(w, http.StatusUnauthorized, "unauthenticated", "An upload session takes no token.")
		return
	}
	span, err := parseRange(r.Header.Get("Content-Range"))
	if err != nil {
		graphFail(w, http.StatusBadRequest, "invalidRequest", err.Error())
		return
	}
	data, err := readBody(r, maxFile)
	if err != nil {
		graphFail(w, http.StatusRequestEntityTooLarge, "invalidRequest", "The file is too large.")
		return
	}
	done, err := s.files.put(r.PathValue("id"), span, data)
	switch {
	case errors.Is(err, errNoUpload):
		graphFail(w, http.StatusNotFound, "itemNotFound", "The upload session is gone.")
	case err != nil:
		graphFail(w, http.StatusRequestedRangeNotSatisfiable, "invalidRange", err.Error())
	case done:
		if f, ok := s.files.get(r.PathValue("id")); ok && f.owner != nil {
			s.drives.deliver(f.owner, f.app, f.name, f.data)
		}
		writeJSON(w, http.StatusCreated, map[string]any{"id": r.PathValue("id"), "size": span.total})
	default:
		writeJSON(w, http.StatusAccepted, map[string]any{"nextExpectedRanges": []string{strconv.FormatInt(span.to+1, 10) + "-"}})
	}
}
