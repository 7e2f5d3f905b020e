package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// Previews makes the pictures behind signed links; internal/image does. Its faults of kind NotFound mean that the
// picture is gone or may not be seen any more, those of kind Busy that asking again helps.
type Previews interface {
	Preview(ctx context.Context, t identity.Tenant, image, plan string, side int) (data []byte, contentType string, err error)
	// May tells whether a preview that was made before may still be shown: nil, or a fault as of Preview.
	May(ctx context.Context, t identity.Tenant, image, plan string) error
}

// shown is a picture as it is served.
type shown struct {
	Data []byte
	Kind string // its content type
	etag string
}

// newShown names a picture by its bytes, once and not with every answer.
func newShown(data []byte, kind string) shown {
	sum := sha256.Sum256(data)
	return shown{Data: data, Kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

const (
	maxPreview     = 1 << 20 // bytes (Teams takes pictures of cards up to 1 MB)
	previewTime    = 12 * time.Second
	previewCaching = "private, max-age=3600"
	noteCaching    = "private, no-store"
)

var errTooLarge = errors.New("web: a preview is larger than Teams shows")

// PreviewServer serves GET /i/{tenant}/{image}. A link that was tampered with is refused; whatever else stands in the way
// of a picture is told by a picture, because a card would show a broken icon otherwise.
type PreviewServer struct {
	links *Links
	maker Previews
	cache *previewCache
	notes *notes
}

// NewPreviewServer makes a PreviewServer that keeps what it made in memory and in a folder of its own, which it empties
// now and removes when it is closed; an empty name keeps nothing on disk.
func NewPreviewServer(links *Links, maker Previews, folder string) (*PreviewServer, error) {
	cache, err := newPreviewCache(folder, links.now)
	if err != nil {
		return nil, fmt.Errorf("web.NewPreviewServer: %w", err)
	}
	return &PreviewServer{links: links, maker: maker, cache: cache, notes: newNotes()}, nil
}

// Close removes what was kept on disk.
func (s *PreviewServer) Close() error { return s.cache.close() }

func (s *PreviewServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // cards are shown by Teams' own pages
	p, err := s.links.open(r.URL)
	if errors.Is(err, errForged) {
		http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	}
	var picture shown
	if err == nil {
		picture, err = s.show(r.Context(), p)
	}
	if err != nil {
		s.note(w, p, err)
		return
	}
	picture.serve(w, r)
}

// show gives a picture from the cache, or makes it once however many ask.
func (s *PreviewServer) show(ctx context.Context, p Preview) (shown, error) {
	if err := s.maker.May(ctx, p.Tenant, p.Image, p.Plan); err != nil {
		return shown{}, err
	}
	return s.cache.get(ctx, p, func(ctx context.Context) (shown, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), previewTime) // others may wait for the same picture
		defer cancel()
		data, kind, err := s.maker.Preview(ctx, p.Tenant, p.Image, p.Plan, p.Side)
		if err == nil && len(data) > maxPreview {
			err = errTooLarge
		}
		return newShown(data, kind), err
	})
}

func (p shown) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.Kind)
	h.Set("Cache-Control", previewCaching)
	h.Set("ETag", p.etag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, p.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(p.Data)))
	_, _ = w.Write(p.Data) // the reader may be gone
}

// note serves a picture that says why there is none, and what to do.
func (s *PreviewServer) note(w http.ResponseWriter, p Preview, err error) {
	key := "web.preview.failed"
	switch {
	case errors.Is(err, errExpired):
		key = "web.preview.expired"
	case fault.Is(err, fault.NotFound):
		key = "web.preview.gone"
	case fault.Is(err, fault.Busy), errors.Is(err, context.DeadlineExceeded):
		key = "web.preview.busy"
	}
	data := s.notes.draw(lang.For(p.Lang).Text(key))
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", noteCaching)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // the reader may be gone
}
