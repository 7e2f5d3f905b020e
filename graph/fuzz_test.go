package graph_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/image"
)

// mouth answers every request with the same body.
type mouth struct {
	status int
	body   string
}

func (m mouth) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: m.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(m.body)), ContentLength: int64(len(m.body)), Request: r}, nil
}

// FuzzAnswers: whatever Graph says, nothing panics, and what comes out is an item that may be asked for again, or a fault.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"id":"01A","name":"a.png","size":5,"file":{"mimeType":"image/png","hashes":{"quickXorHash":"x"}},"parentReference":{"driveId":"b!a","id":"01B","path":"/x"}}`,
		`{"value":[{"id":"01A","name":"a.png","file":null,"image":{"width":1e9,"height":-1}}],"@odata.nextLink":"https://graph.example/v1.0/x"}`,
		`{"value":[{"id":"0","large":{"url":"https://files.example/a"}}]}`,
		`{"value":[{"id":"01A","name":"a.png","file":{"mimeType":"image/png"},"createdDateTime":"2026-11-02T09:00:00Z","createdBy":{"user":{"id":"x"}},"parentReference":{"driveId":"b!a","id":"01A"}},{"id":"01B","deleted":{}}],"@odata.deltaLink":"https://graph.example/v1.0/x"}`,
		`{"value":{"id":1},"id":[],"name":{},"size":"5","lastModifiedDateTime":"yesterday","lastModifiedBy":{"user":[]}}`,
		`{"error":{"code":"x","innerError":{"code":7}}}`, `{"uploadUrl":7,"nextExpectedRanges":"0-"}`, `{"link":{"webUrl":"x"}}`, `null`, `[]`, `""`, `{"size":1e400}`, "\xff",
	} {
		f.Add(200, body)
		f.Add(404, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		c, err := graph.New(graph.Config{BaseURL: "https://graph.example/v1.0", Tokens: graphtest.Token("t"), Transport: mouth{status, body}, Patience: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, person, ref := t.Context(), graphtest.Caller(), image.ItemRef{Drive: "b!a", Item: "01A"}
		if item, err := c.Item(ctx, person, ref); err == nil {
			if _, err := image.ParseRef(item.Ref.String()); err != nil || item.Size < 0 || item.Name == "" {
				t.Errorf("the item is %+v", item)
			}
		}
		list, _ := c.Images(ctx, person, ref, 5)
		for _, item := range list {
			if _, err := image.ParseRef(item.Ref.String()); err != nil || !item.IsPicture() {
				t.Errorf("the picture is %+v", item)
			}
		}
		for _, token := range []string{"", "https://graph.example/v1.0/drives/b!a/root/delta?token=x"} {
			d, err := c.Delta(ctx, person, ref, token, time.Time{})
			if err == nil && !strings.HasPrefix(d.Token, "https://graph.example/v1.0/") {
				t.Errorf("the token is %q", d.Token)
			}
			for _, a := range d.Arrivals {
				if _, err := image.ParseRef(a.Ref.String()); err != nil || a.Ref.Drive != ref.Drive || a.Size < 0 {
					t.Errorf("arrived is %+v", a)
				}
			}
		}
		_, _ = c.Search(ctx, person, ref, "x", 5)
		_, _ = c.Folders(ctx, person, ref)
		_, _ = c.Versions(ctx, person, ref)
		_, _ = c.Resolve(ctx, person, "https://contoso.sharepoint.com/a")
		_, _ = c.Share(ctx, person, ref)
		_, _ = c.Home(ctx, person, "")
		_, _ = c.Sites(ctx, person, "x")
		_, _ = c.Drives(ctx, person, "a,b,c")
		_, _ = c.Me(ctx, person)
		_, _, _ = c.Photo(ctx, person, 48)
		_, _, _ = c.Read(ctx, person, ref, 100)
		_, _, _ = c.Thumbnail(ctx, person, ref, 100)
		_, _ = c.Replace(ctx, person, ref, `"e"`, []byte("x"))
		_, _ = c.Create(ctx, person, ref, "a.png", []byte("x"), true)
	})
}
