package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// Bounds of a folder of sample pictures.
const (
	maxSamples    = 64
	maxSampleScan = 4096 // entries of the folder that are looked at
	sniffed       = 512  // bytes that tell what a file is
)

// offer is a picture that the page offers behind its paperclip.
type offer struct {
	name string
	kind string // content type, told by its bytes
	open func() ([]byte, error)
}

// samples are the pictures on offer: those that the sandbox draws itself, or those of a folder.
type samples struct {
	folder string // empty: the drawn ones are offered
	drawn  []offer
	// contacts are files that hold contacts, for Contact Pro.
	contacts []offer
}

// newSamples offers the pictures of a folder, or drawn ones when none is named. A drawn picture is made when it is first
// asked for.
func newSamples(folder string) (*samples, error) {
	if folder != "" {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return nil, fmt.Errorf("the folder of sample pictures: %w", err)
		}
		if err := root.Close(); err != nil {
			return nil, fmt.Errorf("the folder of sample pictures: %w", err)
		}
	}
	return &samples{folder: folder, drawn: drawnSamples(), contacts: contactSamples()}, nil
}

// drawnSamples are the pictures that the sandbox draws itself, each when it is first asked for.
func drawnSamples() []offer {
	draw := func(name, kind string, make func() ([]byte, error)) offer {
		return offer{name, kind, sync.OnceValues(make)}
	}
	return []offer{
		draw("harbour.jpg", "image/jpeg", harbourPicture),
		draw("settings.png", "image/png", settingsPicture),
		draw("boat.gif", "image/gif", boatPicture),
		draw("lighthouse.jpg", "image/jpeg", phonePicture),
	}
}

// list gives what is on offer, by name. A file of the folder is a sample when its bytes begin as a picture does, and it
// neither is too large nor lies elsewhere: a link that leads out of the folder is passed over.
func (s *samples) list() ([]offer, error) {
	if s.folder == "" {
		return s.drawn, nil
	}
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxSampleScan)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.Sort(names)
	var found []offer
	for _, name := range names {
		if kind := sampleKind(root, name); kind != "" && len(found) < maxSamples {
			found = append(found, offer{name, kind, func() ([]byte, error) { return s.read(name) }})
		}
	}
	return found, nil
}

// get finds a sample by its name, which is one of those that are listed.
func (s *samples) get(name string) (offer, bool) {
	all, err := s.list()
	if err != nil {
		return offer{}, false
	}
	all = slices.Concat(all, s.contacts)
	at := slices.IndexFunc(all, func(one offer) bool { return one.name == name })
	if at < 0 {
		return offer{}, false
	}
	return all[at], true
}

// read reads a file of the folder. It may have changed since it was listed, so what was checked is checked again.
func (s *samples) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if sampleKind(root, name) == "" {
		return nil, fs.ErrNotExist
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fs.ErrNotExist
	}
	return data, err
}

// sampleKind is the content type of a file that can be offered, and empty for every other.
func sampleKind(root *os.Root, name string) string {
	info, err := root.Stat(name) // before it is opened: a pipe would wait for its writer
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxFile || strings.HasPrefix(name, ".") {
		return ""
	}
	file, err := root.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	return pictureKind(head[:n])
}

// pictureKind tells a picture from everything else by how its bytes begin.
func pictureKind(head []byte) string {
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return map[string]string{"avif": "image/avif", "heic": "image/heic", "heix": "image/heic", "mif1": "image/heic"}[string(head[8:12])]
	}
	if bytes.HasPrefix(head, []byte("II*\x00")) || bytes.HasPrefix(head, []byte("MM\x00*")) {
		return "image/tiff"
	}
	switch kind := http.DetectContentType(head); kind {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return kind
	default:
		return ""
	}
}

// sampleView is a sample as the page lists it.
type sampleView struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
}

func (s *Sandbox) apiPictures(w http.ResponseWriter, _ *http.Request) {
	all, err := s.samples.list()
	if err != nil {
		http.Error(w, "The folder of sample pictures cannot be read.", http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"pictures": views(all), "contacts": views(s.samples.contacts)})
}

func views(offers []offer) []sampleView {
	all := []sampleView{}
	for _, one := range offers {
		all = append(all, sampleView{one.name, one.kind})
	}
	return all
}

func (s *Sandbox) apiPicture(w http.ResponseWriter, r *http.Request) {
	one, ok := s.samples.get(r.PathValue("name"))
	if !ok {
		http.Error(w, "There is no such sample picture.", http.StatusNotFound)
		return
	}
	data, err := one.open()
	if err != nil {
		http.Error(w, "The picture cannot be read.", http.StatusNotFound)
		return
	}
	serveFile(w, file{kind: one.kind, data: data})
}
