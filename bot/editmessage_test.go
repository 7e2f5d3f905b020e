package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// link is the address of a file of the drive in memory.
func (a *atelier) link(name, data string) string {
	return a.drives.Put(imagetest.Root, name, []byte(data)).WebURL
}

func TestLinksAreOpened(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		harbour := a.link("harbour.png", "1600x1200")
		for _, row := range []struct {
			words string
			html  string
			want  string
		}{
			{harbour, "", "1,600 × 1,200"},
			{"resize 800 " + harbour, "", "1,600 × 1,200 → 800 × 600"},
			{"<" + harbour + "> | grey", "", "shades of grey"},
			{"resize 400 harbour.png", `<p>resize 400 <a href="` + harbour + `" title="x"><b>harbour.png</b></a></p>`, "400 × 300"},
			{"info " + harbour, "", "Format"},
			{"resize 800 https://evil.example/harbour.png", "", "into SharePoint and OneDrive only"},
			{"http://127.0.0.1:80/", "", "into SharePoint and OneDrive only"},
			{"https://contoso.sharepoint.com@evil.example/x.png", "", "into SharePoint and OneDrive only"},
			{"fly " + harbour, "", "fly"},
			{harbour + "x", "", "not there any more"},
			{a.drives.Folder(imagetest.Root, "more").WebURL, "", "leads to a folder"},
		} {
			time.Sleep(10 * time.Second) // a conversation takes so many messages at a time
			before := len(a.teams.said())
			files := []any{map[string]any{"contentType": "text/html", "content": row.html}}
			a.send("text", row.words, "id", nextID(), "attachments", files)
			if len(a.teams.said()) != before+1 {
				t.Fatalf("%q: %d answers", row.words, len(a.teams.said())-before)
			}
			holds(t, a.teams.last(), row.want)
		}
		time.Sleep(10 * time.Second)
		a.drives.Refuse("ada", fault.New(fault.SignIn, "drive", "image.drive.gone"))
		a.send("text", harbour, "id", nextID())
		holds(t, a.teams.last(), "not there any more")
		if len(a.teams.fetched) != 0 {
			t.Errorf("fetched %v", a.teams.fetched)
		}
		a.Close(t.Context())
	})
}

// on is the value of an action on a message.
func on(body string, attachments []any, fields ...string) map[string]any {
	data := map[string]any{}
	for i := 0; i+1 < len(fields); i += 2 {
		data[fields[i]] = fields[i+1]
	}
	return map[string]any{"commandId": editImage, "commandContext": "message", "data": data,
		"messagePayload": map[string]any{"body": map[string]any{"contentType": "html", "content": body}, "attachments": attachments}}
}

func TestEditImageOfAMessage(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		harbour := a.link("harbour.png", "1600x1200")
		reference := []any{map[string]any{"contentType": "reference", "contentUrl": harbour, "name": "harbour.png"}, map[string]any{"contentType": "reference", "contentUrl": "https://contoso.sharepoint.com/x.docx", "name": "x.docx"}}
		inline := `<div><img alt="quay" src="` + smba + `v3/attachments/300x200/views/original" width="3"><img src="https://graph.microsoft.com/v1.0/chats/1/messages/2/hostedContents/3/$value"></div>`
		opened := a.invokes(invokeExtend, on(inline, reference), "")
		holds(t, opened, "harbour.png", "quay", "does not hand me 1 more picture", "What to do", "Redact")
		if strings.Contains(opened, "docx") || len(a.teams.fetched) != 0 {
			t.Errorf("offered %s, fetched %v", opened, a.teams.fetched)
		}
		dialog := a.invokes(invokeExtended, on(inline, reference, "verb", editImage, "which", "0", "what", "crop"), "")
		holds(t, dialog, "Ratio", "1,600 × 1,200")
		crop := verb(t, dialog, "/edit/crop")
		holds(t, a.invokes(invokeExtended, on(inline, reference, "verb", strings.Replace(crop, "/edit/", "/try/", 1), "ratio", "1:1"), ""), "1,600 × 1,200 → 1,200 × 1,200")
		holds(t, a.invokes(invokeExtended, on(inline, reference, "verb", crop, "ratio", "1:1", "form", nextID()), ""), `"result"`, "1,200 × 1,200", "Undo")
		holds(t, a.invokes(invokeExtended, on(inline, reference, "verb", editImage, "which", "1", "what", "resize"), ""), "300 × 200")
		holds(t, a.invokes(invokeExtended, on(inline, reference, "verb", editImage, "which", "9"), ""), "no picture that can be edited")
		holds(t, a.invokes(invokeExtended, on(inline, reference, "verb", "contact/add"), ""), "older")
		if len(a.teams.said()) != 0 {
			t.Errorf("said %v", a.teams.said())
		}
		a.Close(t.Context())
	})
}

func TestPicturesInAMessage(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body, want string
		place      string
	}{
		"none":         {"<p>hello</p>", "no picture that can be edited", ""},
		"hidden":       {`<img src="https://graph.microsoft.com/v1.0/x/hostedContents/1/$value">`, "does not hand me the picture", ""},
		"elsewhere":    {`<img src="https://evil.example/x.png">`, "does not hand me the picture", ""},
		"another host": {`<img src="https://evil.example/v3/attachments/9x9/views/original">`, "address that is not followed", "0"},
		"a link":       {`<a href="https://contoso.sharepoint.com/gone.png">gone.png</a>`, "not there any more", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAtelier()()
			if row.place == "" {
				holds(t, a.invokes(invokeExtend, on(row.body, nil), ""), row.want)
			} else {
				holds(t, a.invokes(invokeExtended, on(row.body, nil, "verb", editImage, "which", row.place), ""), row.want)
			}
			if len(a.teams.fetched) != 0 {
				t.Errorf("fetched %v", a.teams.fetched)
			}
			a.Close(t.Context())
		})
	}
}

func FuzzPicturesIn(f *testing.F) {
	f.Add(`<img alt="quay" src="https://smba.example/v3/attachments/1/views/original">`, "https://contoso.sharepoint.com/x.png")
	f.Add(`<a href="https://contoso.sharepoint.com/x.png">x</a><img src=x>`, "\x00")
	f.Fuzz(func(t *testing.T, body, address string) {
		p := &MessagePayload{Attachments: []Attachment{{ContentType: "reference", ContentURL: address, Name: body}}}
		p.Body.Content = body
		readable, _ := picturesIn(p)
		if len(readable) > maxAttachments {
			t.Errorf("%d pictures", len(readable))
		}
		for _, r := range readable {
			if r.link != "" && !image.IsDriveLink(r.link) {
				t.Errorf("a link to %q", r.link)
			}
		}
	})
}
