package graphtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/image"
)

// upload is an upload session.
type upload struct {
	id        string
	in        image.ItemRef
	name      string
	over      image.ItemRef // the file to be replaced; zero for a new one
	behaviour string
	data      []byte
	total     int64 // as the first fragment says
}

const (
	unit       = 320 << 10
	maxContent = 60 << 20
)

// openUpload is POST …/createUploadSession.
func (s *Server) openUpload(w http.ResponseWriter, r *http.Request, at target) {
	var asked struct {
		Item map[string]any `json:"item"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&asked); err != nil && err != io.EOF {
		fail(w, http.StatusBadRequest, "invalidRequest", "The body is no JSON.")
		return
	}
	behaviour, _ := asked.Item["@microsoft.graph.conflictBehavior"].(string)
	s.next++
	u := &upload{id: fmt.Sprintf("session%d", s.next), in: at.in, name: at.name, behaviour: behaviour}
	if at.item != nil {
		if at.item.folder {
			fail(w, http.StatusBadRequest, "invalidRequest", "A folder has no content.")
			return
		}
		if match := r.Header.Get("If-Match"); match != "" && match != at.item.eTag() {
			fail(w, http.StatusPreconditionFailed, "resourceModified", "The eTag does not match.")
			return
		}
		u.over = at.item.ref
	}
	s.uploads[u.id] = u
	answer(w, http.StatusOK, map[string]any{"@odata.context": s.URL + "/$metadata#microsoft.graph.uploadSession",
		"uploadUrl": s.files.URL + "/upload/" + u.id + "?tempauth=secret", "expirationDateTime": u.expires(), "nextExpectedRanges": []string{"0-"}})
}

func (u *upload) expires() string {
	return time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
}

var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)

// fragment is PUT to the address of a session.
func (s *Server) fragment(w http.ResponseWriter, r *http.Request, u *upload) {
	m := contentRange.FindStringSubmatch(r.Header.Get("Content-Range"))
	if m == nil {
		fail(w, http.StatusBadRequest, "invalidRequest", "No Content-Range.")
		return
	}
	first, last, total := integer(m[1]), integer(m[2]), integer(m[3])
	body, err := io.ReadAll(io.LimitReader(r.Body, maxContent))
	if err != nil {
		return // half a fragment counts for nothing
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch size := int64(len(body)); {
	case u.total != 0 && total != u.total, last-first+1 != size, r.ContentLength != size, last >= total, size >= maxContent:
		fail(w, http.StatusBadRequest, "invalidRequest", "The range does not fit.")
	case last+1 != total && size%unit != 0:
		fail(w, http.StatusBadRequest, "invalidRequest", "Fragments are multiples of 320 KiB.")
	case first != int64(len(u.data)):
		fail(w, http.StatusRequestedRangeNotSatisfiable, "invalidRange", "This range is not expected.")
	default:
		u.total, u.data = total, append(u.data, body...)
		s.advance(w, u)
	}
}

func integer(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // digits
	return n
}

// advance answers a fragment, and makes the file with the last one.
func (s *Server) advance(w http.ResponseWriter, u *upload) {
	if int64(len(u.data)) < u.total {
		answer(w, http.StatusAccepted, u.state())
		return
	}
	at := target{in: u.in, name: u.name, item: s.items[u.over]}
	if u.name != "" {
		at.item = s.named(u.in, u.name)
	}
	if s.commit(w, at, u.behaviour, u.data) {
		delete(s.uploads, u.id)
	}
}

func (u *upload) state() map[string]any {
	return map[string]any{"expirationDateTime": u.expires(), "nextExpectedRanges": []string{fmt.Sprintf("%d-", len(u.data))}}
}

// commit writes data where a target says, or refuses.
func (s *Server) commit(w http.ResponseWriter, at target, behaviour string, data []byte) bool {
	i, status := at.item, http.StatusOK
	switch {
	case i != nil && i.folder:
		fail(w, http.StatusConflict, "nameAlreadyExists", "A folder has this name.")
		return false
	case i != nil && at.name != "" && behaviour == "fail":
		fail(w, http.StatusConflict, "nameAlreadyExists", "The name is taken.")
		return false
	case i != nil && at.name != "" && behaviour == "rename":
		i, status = s.add(at.in, s.freeName(at.in, at.name), false), http.StatusCreated
	case i == nil && at.name == "":
		fail(w, http.StatusNotFound, "itemNotFound", "The file is gone.")
		return false
	case i == nil:
		i, status = s.add(at.in, at.name, false), http.StatusCreated
	}
	s.write(i, data)
	answer(w, status, s.shape(i, nil))
	return true
}

func (s *Server) freeName(in image.ItemRef, name string) string {
	stem, ext := name, ""
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		stem, ext = name[:at], name[at:]
	}
	for n := 1; ; n++ {
		if other := fmt.Sprintf("%s %d%s", stem, n, ext); s.named(in, other) == nil {
			return other
		}
	}
}
