package image

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// maxLink is the length of the longest address that is looked at, in bytes.
const maxLink = 2048

// sharePoint are the hosts of SharePoint and OneDrive for work: contoso.sharepoint.com, contoso-my.sharepoint.us. Which of
// them exist, and who may see what there, Graph knows; this keeps other addresses from being sent to it.
var sharePoint = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}\.sharepoint(-mil)?\.[a-z]{2,12}$`)

// FindLink finds a web address among words and gives the words without it. Quoted words are none. An address that stands
// alone is taken for one, whatever it leads to.
func FindLink(words string) (link, rest string) {
	segments, ok := scan(strings.ToValidUTF8(words, "�"))
	if !ok {
		return "", words
	}
	for _, s := range segments {
		for _, t := range s.tokens {
			if !t.quoted && (strings.HasPrefix(t.word, "https://") || strings.HasPrefix(t.word, "http://")) {
				link = strings.TrimRight(t.raw, ">,.")
				rest = strings.NewReplacer("<"+link+">", " ", link, " ").Replace(words)
				return link, strings.Trim(rest, " |;,.")
			}
		}
	}
	return "", words
}

// OpenLink lays the file behind a link of SharePoint or OneDrive on a person's desk. Nothing is fetched from the address:
// the person's own drives say what it leads to. Other addresses are refused.
func (s *Studio) OpenLink(ctx context.Context, who identity.Caller, link string) (Work, error) {
	const op = "image.OpenLink"
	if !IsDriveLink(link) {
		return Work{}, fault.New(fault.Invalid, op, "image.link.foreign")
	}
	if err := mayUseDrives(op, s.drives, who); err != nil {
		return Work{}, err
	}
	item, err := s.drives.Resolve(ctx, who, link)
	switch {
	case err != nil:
		return Work{}, err
	case item.Folder:
		return Work{}, fault.New(fault.Invalid, op, "image.link.folder")
	}
	return s.Open(ctx, who, item.Ref)
}

// Document reads the file behind a link of SharePoint or OneDrive, whatever is in it, if it has at most so many bytes. It is
// not laid on a desk.
func (g *Gallery) Document(ctx context.Context, who identity.Caller, link string, most int64) (Item, []byte, error) {
	const op = "image.Document"
	if !IsDriveLink(link) {
		return Item{}, nil, fault.New(fault.Invalid, op, "image.link.foreign")
	}
	if err := g.may(op, who); err != nil {
		return Item{}, nil, err
	}
	item, err := g.drives.Resolve(ctx, who, link)
	switch {
	case err != nil:
		return Item{}, nil, err
	case item.Folder:
		return Item{}, nil, fault.New(fault.Invalid, op, "image.link.folder")
	}
	return g.drives.Read(ctx, who, item.Ref, most)
}

// IsDriveLink tells whether an address is one that drives may know.
func IsDriveLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && len(link) <= maxLink && u.Scheme == "https" && u.User == nil && u.Port() == "" && sharePoint.MatchString(strings.ToLower(u.Hostname()))
}
