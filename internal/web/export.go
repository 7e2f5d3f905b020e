package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// Export names what a signed link hands out, and as whom: a file of contacts, or a picture with one contact for a telephone
// to read.
type Export struct {
	Who    identity.Caller
	What   contact.What
	Format string // xlsx, csv, vcard, json; QR is the picture
	Name   string // of the file
	Lang   string
}

// QR is the format of a picture for a telephone to read.
const QR = "qr"

// Exports gives what links hand out; the command joins it of contacts and files. What it gives is what the person may read at
// that moment; its faults are told to whoever followed the link.
type Exports interface {
	// Export gives the type of the file, and what writes it.
	Export(ctx context.Context, e Export) (contentType string, write func(io.Writer) error, err error)
}

const (
	exportLife  = 10 * time.Minute
	exportRound = time.Minute
	exportTime  = 3 * time.Minute // that writing and fetching a file may take
	// exportsAtOnce bounds the files that are written at a time: a large one takes processor time and memory.
	exportsAtOnce = 2
)

// ExportAddress is the link to a file or picture, for some minutes, or the day that a card is looked at where it is a picture.
// It is empty when people cannot reach the service.
func (l *Links) ExportAddress(e Export) string {
	if !l.reached() {
		return ""
	}
	life, round := exportLife, exportRound
	if e.Format == QR {
		life, round = linkLife, linkRound
	}
	q := url.Values{}
	for name, value := range map[string]string{
		"b": string(e.What.Book), "q": e.What.Query, "o": string(e.What.Contact), "f": e.Format, "l": e.Lang,
		"p": string(e.Who.Person), "c": string(e.Who.Conversation), "w": string(e.Who.Place), "t": e.Who.Team, "e": l.until(life, round),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return l.seal("/x/" + url.PathEscape(string(e.Who.Tenant)) + "/" + url.PathEscape(e.Name) + "?" + q.Encode())
}

// openExport checks a link to a file.
func (l *Links) openExport(u *url.URL) (Export, error) {
	query, late, err := l.check(u)
	if err != nil {
		return Export{}, err
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/x/"), "/")
	if len(parts) != 2 {
		return Export{}, errForged
	}
	return Export{
		Who: identity.Caller{Tenant: identity.Tenant(parts[0]), Person: identity.Person(query.Get("p")), Conversation: identity.Conversation(query.Get("c")),
			Place: identity.Place(query.Get("w")), Team: query.Get("t")},
		What:   contact.What{Book: contact.BookID(query.Get("b")), Query: query.Get("q"), Contact: contact.ID(query.Get("o"))},
		Format: query.Get("f"), Name: parts[1], Lang: query.Get("l"),
	}, late
}

// ExportServer serves GET /x/{tenant}/{file}.
type ExportServer struct {
	links   *Links
	exports Exports
	log     *slog.Logger
	slots   chan struct{}
}

// NewExportServer makes an ExportServer.
func NewExportServer(links *Links, exports Exports, log *slog.Logger) *ExportServer {
	return &ExportServer{links, exports, log, make(chan struct{}, exportsAtOnce)}
}

func (s *ExportServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", noteCaching)
	e, err := s.links.openExport(r.URL)
	switch {
	case errors.Is(err, errForged):
		http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	case err != nil:
		s.refuse(w, e, fault.New(fault.NotFound, "web.Export", "export.expired"))
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.refuse(w, e, fault.New(fault.Busy, "web.Export", "export.busy"))
		return
	}
	if err := s.serve(w, r, e); err != nil {
		s.refuse(w, e, err)
	}
}

// serve writes the file. Once it has begun there is no other answer any more: what fails then breaks the connection off, so
// that nobody takes a part for the whole.
func (s *ExportServer) serve(w http.ResponseWriter, r *http.Request, e Export) error {
	ctx, cancel := context.WithTimeout(r.Context(), exportTime)
	defer cancel()
	kind, write, err := s.exports.Export(ctx, e)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // where that cannot be, the usual one counts
	w.Header().Set("Content-Type", kind)
	if e.Format == QR {
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // cards are shown by Teams' own pages
	} else {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": e.Name}))
	}
	if err := write(w); err != nil {
		s.log.Warn("an export broke off", "tenant", e.Who.Tenant, "format", e.Format, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// refuse says in a sentence why there is no file.
func (s *ExportServer) refuse(w http.ResponseWriter, e Export, err error) {
	status := map[fault.Kind]int{fault.NotFound: http.StatusNotFound, fault.Denied: http.StatusForbidden, fault.Busy: http.StatusServiceUnavailable, fault.Invalid: http.StatusBadRequest}[fault.KindOf(err)]
	text := "export.failed"
	var f *fault.Error
	if errors.As(err, &f) && f.Text != "" && status != 0 {
		text = f.Text
	}
	if status == 0 {
		status = http.StatusInternalServerError
		s.log.Error("an export failed", "tenant", e.Who.Tenant, "format", e.Format, "error", err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	var args []any
	if f != nil && text == f.Text {
		args = f.Args
	}
	_, _ = io.WriteString(w, lang.For(e.Lang).Text(text, args...)+"\n") // the reader may be gone
}
