package graphtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"teamspro/internal/image"
)

// delta is GET /drives/{drive}/root/delta: what changed after a token, in the order in which it did, each item once.
func (s *Server) delta(w http.ResponseWriter, r *http.Request, drive string) {
	root := s.items[s.rootOf(drive)]
	switch {
	case root == nil:
		notFound(w)
		return
	case s.denied[root.ref] != 0:
		fail(w, s.denied[root.ref], "asked", "This was asked for.")
		return
	}
	q := r.URL.Query()
	since, upto := 0, s.changes
	value := []map[string]any{}
	switch token := q.Get("token"); token {
	case "latest":
		since = s.changes
	case "":
	default:
		var era int
		if n, err := fmt.Sscanf(token, "d%d-%d", &era, &since); n != 2 || err != nil || era != s.era {
			w.Header().Set("Location", s.URL+"/drives/"+drive+"/root/delta")
			fail(w, http.StatusGone, "resyncRequired", "The token is too old.")
			return
		}
	}
	link := "@odata.deltaLink"
	top, err := strconv.Atoi(q.Get("$top"))
	if err != nil {
		top = 200
	}
	for n, c := range s.changesAfter(drive, since) {
		if n == top {
			link = "@odata.nextLink"
			break
		}
		value, upto = append(value, s.changeShape(c, r)), c.seq
	}
	if link == "@odata.deltaLink" {
		upto = s.changes
	}
	q.Set("token", fmt.Sprintf("d%d-%d", s.era, upto))
	answer(w, http.StatusOK, map[string]any{"@odata.context": s.URL + "/$metadata#Collection(driveItem)", "value": value,
		link: s.URL + "/drives/" + drive + "/root/delta?" + q.Encode()})
}

// rootOf is the root folder of a drive.
func (s *Server) rootOf(id string) image.ItemRef {
	for _, d := range s.drives {
		if d.id == id {
			return d.root
		}
	}
	return image.ItemRef{}
}

// changesAfter are graves of items that were deleted, and of those that are there.
func (s *Server) changesAfter(drive string, seq int) []grave {
	var list []grave
	for ref, i := range s.items {
		if ref.Drive == drive && i.seq > seq {
			list = append(list, grave{ref, i.seq})
		}
	}
	for _, g := range s.gone {
		if g.ref.Drive == drive && g.seq > seq && seq > 0 {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b grave) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// changeShape is an item as a delta tells of it: without the path of its parent.
func (s *Server) changeShape(c grave, r *http.Request) map[string]any {
	i := s.items[c.ref]
	if i == nil {
		return map[string]any{"id": c.ref.Item, "deleted": map[string]string{"state": "deleted"}, "parentReference": map[string]string{"driveId": c.ref.Drive}}
	}
	m := s.shape(i, r)
	parent := m["parentReference"].(map[string]string)
	delete(parent, "path")
	return m
}
