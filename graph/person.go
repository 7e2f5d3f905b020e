package graph

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Me is what the directory says of whoever asks: GET /me. Faults are as those of image.Drives.
func (c *Client) Me(ctx context.Context, who identity.Caller) (identity.Profile, error) {
	ctx, k := c.begin(ctx, "graph.Me", who)
	u, err := ask[user](ctx, c, c.request(abstractions.GET, "/me"+selecting(userFields), nil))
	if err == nil && u.id == "" {
		err = errShape
	}
	if err != nil {
		return identity.Profile{}, k.fault(err)
	}
	return identity.Profile{Person: identity.Person(strings.ToLower(u.id)), Name: u.displayName, Mail: u.mail, UPN: u.upn, JobTitle: u.title,
		Department: u.department, Office: u.office, Phone: u.phone(), Read: time.Now().UTC()}, nil
}

// photoSides are the sizes in which Graph keeps photos, in pixels.
var photoSides = []int{48, 64, 96, 120, 240, 360, 432, 504, 648}

// Photo gives the photo of whoever asks, at least side pixels large where there is one so large, and its content type:
// GET /me/photos/{size}/$value. NotFound when they have none.
func (c *Client) Photo(ctx context.Context, who identity.Caller, side int) ([]byte, string, error) {
	ctx, k := c.begin(ctx, "graph.Photo", who)
	size := photoSides[len(photoSides)-1]
	for i := len(photoSides) - 1; i >= 0 && photoSides[i] >= side; i-- {
		size = photoSides[i]
	}
	r := c.request(abstractions.GET, "/me/photos/{size}/$value", map[string]string{"size": fmt.Sprintf("%dx%d", size, size)})
	r.Headers.Remove("Accept")
	got, err := c.adapter.SendPrimitive(ctx, r, "[]byte", mappings())
	switch {
	case status(err) == http.StatusNotFound:
		return nil, "", k.because(err, fault.NotFound, "image.drive.no_photo")
	case err != nil:
		return nil, "", k.fault(err)
	}
	data, _ := got.([]byte)
	kind := http.DetectContentType(data)
	if !strings.HasPrefix(kind, "image/") {
		return nil, "", k.because(errShape, fault.NotFound, "image.drive.no_photo")
	}
	return data, kind, nil
}
