package graph

import (
	"context"
	"net/url"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	ser "github.com/microsoft/kiota-abstractions-go/serialization"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// ask sends a request and reads one object of Graph's. An answer that is not there is errShape.
func ask[T any, P parsable[T]](ctx context.Context, c *Client, r *abstractions.RequestInformation) (P, error) {
	got, err := c.adapter.Send(ctx, r, fresh[T, P], mappings())
	if err != nil {
		return nil, err
	}
	object, ok := got.(P)
	if !ok || object == nil {
		return nil, errShape
	}
	return object, nil
}

// Limits of lists, whatever Graph would go on giving.
const (
	pageSize = "200"
	maxPages = 25
)

// each gives the members of a list to fn until it gives false, page after page. The next page is asked for at the address
// that Graph gave, if that is one of Graph's.
func each[T any, P parsable[T]](ctx context.Context, c *Client, r *abstractions.RequestInformation, fn func(P) bool) error {
	for range maxPages {
		part, err := ask[page[T, P]](ctx, c, r)
		if err != nil {
			return err
		}
		for _, member := range part.value {
			if !fn(member) {
				return nil
			}
		}
		if part.next == "" {
			return nil
		}
		next, err := url.Parse(part.next)
		if err != nil || !c.ours(next) {
			return errElsewhere
		}
		r = c.request(abstractions.GET, "", map[string]string{"request-raw-url": part.next})
	}
	return nil
}

// sending puts JSON into a request.
func (c *Client) sending(ctx context.Context, r *abstractions.RequestInformation, content ser.Parsable) (*abstractions.RequestInformation, error) {
	return r, r.SetContentFromParsable(ctx, c.adapter, jsonType, content)
}

// at is the template of an item's path with the values of its parts. A reference is checked again here, because it may
// come out of a link or a record.
func (k *call) at(ref image.ItemRef) (map[string]string, error) {
	if _, err := image.ParseRef(ref.String()); err != nil || ref.Drive == "" {
		return nil, k.because(nil, fault.Invalid, "image.ref")
	}
	return map[string]string{"drive": ref.Drive, "item": ref.Item}, nil
}

const itemPath = "/drives/{drive}/items/{item}"

// selecting writes a $select of literal names.
func selecting(names []string) string {
	list := "?$select="
	for i, name := range names {
		if i > 0 {
			list += ","
		}
		list += name
	}
	return list
}

// item reads one item; more are further names to select.
func (c *Client) item(ctx context.Context, k *call, ref image.ItemRef, more ...string) (*driveItem, error) {
	parts, err := k.at(ref)
	if err != nil {
		return nil, err
	}
	return c.itemAt(ctx, ref.Drive, c.request(abstractions.GET, itemPath+selecting(append(more, itemFields...)), parts))
}

func (c *Client) itemAt(ctx context.Context, drive string, r *abstractions.RequestInformation) (*driveItem, error) {
	d, err := ask[driveItem](ctx, c, r)
	if err != nil {
		return nil, err
	}
	if !d.whole(drive) {
		return nil, errShape
	}
	return d, nil
}
