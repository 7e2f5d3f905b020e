package graph

import (
	"context"
	"io"
	"net/http"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// thumbnailSizes are the sizes that are asked for: some of Graph's own names, and some made to measure, by their longest
// side (reference of Graph: thumbnails, c{w}x{h}).
var thumbnailSizes = []struct {
	name string
	side int
}{
	{"small", 96}, {"medium", 176}, {"c320x320", 320}, {"c480x480", 480}, {"c640x640", 640}, {"large", 800}, {"c1024x1024", 1024}, {"c1600x1600", 1600},
}

// sizeFor is the smallest size that is large enough, or the largest there is.
func sizeFor(side int) string {
	for _, size := range thumbnailSizes {
		if size.side >= side {
			return size.name
		}
	}
	return thumbnailSizes[len(thumbnailSizes)-1].name
}

// fallback is the size that every drive has for what it draws at all.
const fallback = "large"

// maxThumbnail is the largest small picture that is taken, in bytes.
const maxThumbnail = 8 << 20

// Thumbnail implements image.Reader: the address from GET …/thumbnails, which carries its own right.
func (c *Client) Thumbnail(ctx context.Context, who identity.Caller, ref image.ItemRef, side int) ([]byte, string, error) {
	ctx, k := c.begin(ctx, "graph.Thumbnail", who)
	parts, err := k.at(ref)
	if err != nil {
		return nil, "", err
	}
	size := sizeFor(side)
	address := ""
	err = each(ctx, c, c.request(abstractions.GET, itemPath+"/thumbnails?$select="+size+","+fallback, parts), func(s *thumbnailSet) bool {
		for _, name := range []string{size, fallback} {
			if t := s.sizes[name]; t != nil && address == "" {
				address = t.url
			}
		}
		return false // a file has one set
	})
	switch {
	case err != nil:
		return nil, "", k.fault(err)
	case address == "":
		return nil, "", k.because(nil, fault.NotFound, "image.drive.no_thumbnail")
	}
	return c.fetchPicture(ctx, k, address)
}

// fetchPicture fetches a small picture from where Graph says it is.
func (c *Client) fetchPicture(ctx context.Context, k *call, address string) ([]byte, string, error) {
	res, err := c.visit(ctx, k, http.MethodGet, address, http.Header{}, nil)
	if err != nil {
		return nil, "", k.fault(err)
	}
	defer res.close()
	if res.StatusCode != http.StatusOK {
		return nil, "", k.because(res.refused(), fault.NotFound, "image.drive.no_thumbnail")
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxThumbnail+1))
	if err != nil {
		return nil, "", k.fault(err)
	}
	return k.picture(data)
}

// picture is what looks like a picture that browsers show, whatever its header said.
func (k *call) picture(data []byte) ([]byte, string, error) {
	kind := http.DetectContentType(data)
	if len(data) > maxThumbnail || !strings.HasPrefix(kind, "image/") {
		return nil, "", k.because(errShape, fault.NotFound, "image.drive.no_thumbnail")
	}
	return data, kind, nil
}
