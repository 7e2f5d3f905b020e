package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/store"
	"teamspro/store/storetest"
)

// sketcher is an engine without pixels: a picture is "WxH", and what becomes of it is that size and the text of the plan.
type sketcher struct{}

func (sketcher) Probe(_ context.Context, data []byte) (image.Facts, error) {
	f := image.Facts{Format: "png", Frames: 1, Bytes: int64(len(data)), HasLocation: bytes.Contains(data, []byte("gps"))}
	if _, err := fmt.Sscanf(string(data), "%dx%d", &f.W, &f.H); err != nil {
		return image.Facts{}, fault.New(fault.Invalid, "sketcher.Probe", image.FaultNotAnImage)
	}
	return f, nil
}

func (k sketcher) Render(ctx context.Context, data []byte, p image.Plan, _ map[string][]byte) (image.Result, error) {
	before, err := k.Probe(ctx, data)
	if err != nil {
		return image.Result{}, err
	}
	layout, err := image.Limits{}.Layout(p, before)
	size := layout.After(before)
	out := fmt.Appendf(nil, "%dx%d %s", size.W, size.H, p)
	after := image.Facts{Format: "png", W: size.W, H: size.H, Frames: 1, Bytes: int64(len(out))}
	if p.Output.Format != "" {
		after.Format = string(p.Output.Format)
	}
	return image.Result{Data: out, Before: before, Facts: after}, err
}

func (sketcher) Palette(context.Context, []byte, int) ([]image.Color, error) { return nil, nil }

// hall is Image Pro with files: the real store, a drive in memory, and a connector that knows who is where. Somebody stands
// in a conversation, and sees the last card.
type hall struct {
	t       *testing.T
	bot     *Bot
	service *connService
	drives  *imagetest.Drives
	db      *store.DB
	person  string
	place   identity.Place
	seen    map[string]any // the card in sight
	next    int            // the number of the next activity
	before  int            // how many messages the bot had there when the last one was sent
}

const (
	hallTeam = "19:team@thread.tacv2"
	hallChat = "19:chat@thread.v2"
)

func newHall(t *testing.T) *hall {
	h := &hall{t: t, service: newConnService(), drives: imagetest.New(), db: storetest.Open(t), person: "ana", place: identity.Personal}
	member := func(id, role string) map[string]any {
		return map[string]any{"id": "29:" + id, "name": strings.ToUpper(id[:1]) + id[1:], "aadObjectId": id, "userRole": role}
	}
	h.service.members[hallTeam] = []map[string]any{member("ana", "owner"), member("ben", "user"), member("gil", "guest")}
	h.service.members[hallChat] = []map[string]any{member("ana", "user"), member("ben", "user"), member("gil", "guest")}
	h.restart()
	return h
}

// restart is another process over the same file and drive.
func (h *hall) restart() {
	connector, _ := h.service.apart()
	roster := NewRoster(RosterConfig{App: connApp, Connector: connector, References: h.db.Conversations()})
	studio := image.NewStudio(image.StudioConfig{Engine: sketcher{}, Drives: h.drives})
	gallery := image.NewGallery(image.GalleryConfig{Studio: studio, Drives: h.drives, Roster: roster,
		Libraries: h.db.Libraries(), Aside: h.db.Aside(), Seen: h.db.Seen(), Captions: h.db.Captions(), Saves: h.db.Saves()})
	h.bot = New(Config{Verifier: doorman{}, Conversations: h.db.Conversations(), Turns: newLedger(), Metrics: &counted{}, Log: slog.New(slog.DiscardHandler),
		Image: AppConfig{ID: connApp, Name: "Image Pro", Connector: connector, Roster: roster}, Tenants: []string{deskTenant},
		Studio: studio, Gallery: gallery, Preview: func(_ identity.Tenant, picture, plan string, side int, _ string) string {
			return fmt.Sprintf("https://bot.example/i/%s?p=%s&s=%d", picture, strings.ReplaceAll(plan, " ", "+"), side)
		}})
}

// as puts somebody into a place.
func (h *hall) as(person string, place identity.Place) *hall {
	h.person, h.place = person, place
	return h
}

func (h *hall) conversation() string {
	return map[identity.Place]string{identity.Personal: "a:" + h.person, identity.GroupChat: hallChat, identity.Channel: hallTeam}[h.place]
}

func (h *hall) caller() identity.Caller {
	return identity.Caller{Tenant: deskTenant, Person: identity.Person(h.person), Conversation: identity.Conversation(h.conversation()), Place: h.place}
}

// send posts an activity and gives the answer.
func (h *hall) send(members map[string]any) []byte {
	h.t.Helper()
	h.next++
	h.before = h.messages()
	a := map[string]any{"id": fmt.Sprint("activity-", h.next), "channelId": "msteams", "serviceUrl": smba, "from": map[string]any{"id": "29:" + h.person, "aadObjectId": h.person},
		"recipient":    map[string]any{"id": "28:" + connApp},
		"conversation": map[string]any{"id": h.conversation(), "conversationType": string(h.place), "tenantId": deskTenant}}
	if h.place == identity.Channel {
		a["channelData"] = map[string]any{"team": map[string]any{"id": hallTeam}}
	}
	for k, v := range members {
		a[k] = v
	}
	body, _ := json.Marshal(a)
	r := httptest.NewRequest("POST", "/api/messages", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	w := httptest.NewRecorder()
	h.bot.ServeHTTP(w, r)
	if w.Code != 200 {
		h.t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// say types a message and looks at the answer.
func (h *hall) say(text string) *hall {
	h.t.Helper()
	h.send(map[string]any{"type": "message", "text": text})
	return h.latest()
}

// until waits for the bot to have said so many things in the conversation: what goes out slowly is not waited for by the
// bot itself.
func (h *hall) until(n int) *hall {
	h.t.Helper()
	for range 1000 {
		if h.messages() >= n {
			return h
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatalf("%d messages, not %d", h.messages(), n)
	return h
}

// latest looks at the message that answers what was sent last.
func (h *hall) latest() *hall {
	h.t.Helper()
	h.until(h.before + 1)
	h.seen = nil
	h.service.mu.Lock()
	defer h.service.mu.Unlock()
	messages := h.service.messages[h.conversation()]
	for n := h.service.last; n > 0 && h.seen == nil; n-- {
		if raw := messages[fmt.Sprint("message-", n)]; raw != "" && !strings.Contains(raw, `"typing"`) {
			var a struct {
				Attachments []struct{ Content map[string]any }
			}
			if err := json.Unmarshal([]byte(raw), &a); err != nil || len(a.Attachments) != 1 {
				h.t.Fatalf("%v in %s", err, raw)
			}
			h.seen = a.Attachments[0].Content
		}
	}
	return h
}

// messages counts what the bot said in the conversation.
func (h *hall) messages() int {
	h.service.mu.Lock()
	defer h.service.mu.Unlock()
	return len(h.service.messages[h.conversation()])
}

// see fails unless the card in sight has all the words.
func (h *hall) see(words ...string) *hall {
	h.t.Helper()
	for _, w := range words {
		if !strings.Contains(h.text(), w) {
			h.t.Fatalf("%q is not in sight: %s", w, h.text())
		}
	}
	return h
}

func (h *hall) missing(words ...string) *hall {
	h.t.Helper()
	for _, w := range words {
		if strings.Contains(h.text(), w) {
			h.t.Fatalf("%q is in sight: %s", w, h.text())
		}
	}
	return h
}

// text is the card in sight without what guards against Markdown.
func (h *hall) text() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(h.seen)
	return strings.ReplaceAll(b.String(), `\\`, "")
}

// action is a button, or something to touch, by its title.
func (h *hall) action(title string) map[string]any {
	h.t.Helper()
	var found map[string]any
	var look func(any)
	look = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, item := range n {
				look(item)
			}
		case map[string]any:
			if n["title"] == title && found == nil && strings.HasPrefix(fmt.Sprint(n["type"]), "Action.") {
				found = n
			}
			for _, v := range n {
				look(v)
			}
		}
	}
	look(h.seen)
	if found == nil {
		h.t.Fatalf("no button %q: %s", title, h.text())
	}
	return found
}

// press presses a button; its answer takes the place of the card.
func (h *hall) press(title string) *hall {
	h.t.Helper()
	return h.verb(fmt.Sprint(h.action(title)["verb"]))
}

// twice presses a button of one card twice.
func (h *hall) twice(title string) *hall {
	h.t.Helper()
	verb := fmt.Sprint(h.action(title)["verb"])
	return h.verb(verb).verb(verb)
}

func (h *hall) verb(verb string) *hall {
	h.t.Helper()
	return h.look(h.send(map[string]any{"type": "invoke", "name": "adaptiveCard/action", "value": map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb}}}), "value")
}

// open opens the dialog of a button, submit hands it in with some values changed; what is in it is the card in sight, or
// the sentence that closes it.
func (h *hall) open(title string) *hall {
	h.t.Helper()
	return h.dialog("task/fetch", h.action(title)["data"])
}

func (h *hall) submit(values ...string) *hall {
	h.t.Helper()
	data := map[string]any{}
	var look func(any)
	look = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, item := range n {
				look(item)
			}
		case map[string]any:
			if strings.HasPrefix(fmt.Sprint(n["type"]), "Input.") && n["value"] != nil {
				data[n["id"].(string)] = n["value"]
			}
			if d, ok := n["data"].(map[string]any); ok && n["style"] == "positive" {
				for k, v := range d {
					data[k] = v
				}
			}
			for _, v := range n {
				look(v)
			}
		}
	}
	look(h.seen)
	for i := 0; i+1 < len(values); i += 2 {
		data[values[i]] = values[i+1]
	}
	return h.dialog("task/submit", data)
}

func (h *hall) dialog(name string, data any) *hall {
	h.t.Helper()
	return h.look(h.send(map[string]any{"type": "invoke", "name": name, "value": map[string]any{"data": data}}), "task", "value", "card", "content")
}

// look takes what is behind the keys for the card in sight; a sentence in its place becomes a card of its own.
func (h *hall) look(raw []byte, keys ...string) *hall {
	h.t.Helper()
	h.seen = map[string]any{}
	if len(raw) == 0 {
		return h
	}
	var node any
	if err := json.Unmarshal(raw, &node); err != nil {
		h.t.Fatalf("%v in %s", err, raw)
	}
	for _, key := range keys {
		if m, ok := node.(map[string]any); ok {
			node = m[key]
		}
	}
	if card, ok := node.(map[string]any); ok {
		h.seen = card
	} else {
		h.seen["sentence"] = node
	}
	return h
}

// extension asks the message extension and gives the results' titles, or the sentence in their place.
func (h *hall) extension(words string, skip int) string {
	h.t.Helper()
	parameter := map[string]any{"name": "q", "value": words}
	if words == "" {
		parameter = map[string]any{"name": "initialRun", "value": "true"}
	}
	return h.results(map[string]any{"type": "invoke", "name": "composeExtension/query",
		"value": map[string]any{"commandId": "findImage", "parameters": []any{parameter}, "queryOptions": map[string]any{"skip": skip, "count": 25}}})
}

func (h *hall) results(activity map[string]any) string {
	h.t.Helper()
	raw := h.send(activity)
	var answer struct {
		ComposeExtension struct {
			Text, AttachmentLayout string
			Attachments            []struct {
				Content map[string]any
				Preview struct {
					Content struct {
						Title  string
						Images []struct{ URL string }
						Tap    struct{ Value struct{ Verb string } }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		h.t.Fatalf("%v in %s", err, raw)
	}
	e := answer.ComposeExtension
	if e.Text != "" {
		return e.Text
	}
	var titles []string
	for _, a := range e.Attachments {
		titles = append(titles, a.Preview.Content.Title)
		h.seen = a.Content
		if len(a.Preview.Content.Images) != 1 || !strings.HasPrefix(a.Preview.Content.Tap.Value.Verb, "item/") {
			h.t.Errorf("the preview is %+v", a.Preview.Content)
		}
	}
	if activity["name"] == "composeExtension/query" && e.AttachmentLayout != "grid" {
		h.t.Errorf("laid out as %q", e.AttachmentLayout)
	}
	return strings.Join(titles, " ")
}

// files are the names of what lies in a folder, in order.
func (h *hall) files(in image.ItemRef) string {
	h.t.Helper()
	items, err := h.drives.Images(h.t.Context(), identity.Caller{}, in, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, i := range items {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (h *hall) put(name, size string) image.Item {
	return h.drives.Put(imagetest.Root, name, []byte(size))
}

// A search in a channel has pages, shows where it looked, and each picture leads to its card.
func TestImagesCommand(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.as("ben", identity.Channel).say("images").see("There are no pictures yet", "Pictures", "Library")
	for n := range 8 {
		h.put(fmt.Sprintf("harbour%d.png", n), "2000x1500")
	}
	h.put("pier.png", "40x30")
	h.say("images harbour").see("8 pictures for “harbour”", "harbour7.png", "harbour2.png", "In [Pictures](https://contoso.sharepoint.example/pictures)", "s=160").missing("harbour1.png", "pier.png", `"Previous"`)
	h.press("Next").see("harbour1.png", "harbour0.png").missing("harbour2.png", `"Next"`)
	h.press("Previous").see("harbour7.png").press("harbour7.png").see("Changed 2 Nov 2026", "In SharePoint ↗", "Teams card 1024")
	h.say("images").see("The pictures changed last", "pier.png").press("Next").see("harbour0.png")
	h.say("images nothing").see("No picture found for “nothing”.", "I looked in “Pictures”")
	h.verb("images/900/harbour").see("harbour7.png")
	h.verb("images/-1/harbour").see("older card")
	h.as("ben", identity.GroupChat).say("images harbour").see("No folder has been chosen").press("Library").see("No folder has been chosen for the pictures of this chat yet.")
}

// A card in a channel is for everybody: each who presses works on a desk of their own, with their own rights.
func TestItemIsWorkedOnByWhoPresses(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	item := h.put("harbour.png", "2000x1500")
	h.as("ana", identity.Channel).say("images harbour").press("harbour.png")
	card := h.seen
	h.twice("Teams card 1024").see("1,024 × 768", "Undo")
	h.as("ben", identity.Channel).seen = card
	h.press("Edit").see("2,000 × 1,500 pixels").missing("Undo")
	h.as("ana", identity.Channel).seen = card
	h.press("Edit").see("1,024 × 768").press("Undo").see("2,000 × 1,500 pixels")
	h.drives.Refuse("gil", fault.New(fault.Denied, "test", "image.drive.gone"))
	h.as("gil", identity.Channel).seen = card
	for _, title := range []string{"Edit", "Teams card 1024", "Share", "About it"} {
		h.seen = card
		h.press(title).see("may not see it").missing("2,000")
	}
	for _, verb := range []string{"item/..%2F..~x/open", "item/nothing/share", "item/b%21drive~01NONE/info", "item/" + strings.Repeat("x", 3000) + "/open"} {
		h.as("ana", identity.Channel).verb(verb).missing("harbour", "2,000")
	}
	if got := string(h.drives.Data(item.Ref)); got != "2000x1500" {
		t.Errorf("the file is %q", got)
	}
}

// The message extension shows what was seen last before anything is typed, then what is found, and a chosen picture fresh.
func TestImageExtension(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.as("ben", identity.Channel)
	if got := h.extension("", 0); got != "There are no pictures yet." {
		t.Errorf("in an empty library: %q", got)
	}
	first := h.put("harbour0.png", "40x30")
	for n := range 30 {
		h.put(fmt.Sprintf("harbour%02d.png", n+1), "40x30")
	}
	if got := h.extension("harbour", 25); got != "harbour05.png harbour04.png harbour03.png harbour02.png harbour01.png harbour0.png" {
		t.Errorf("the second page: %q", got)
	}
	chosen := map[string]any{"type": "invoke", "name": "composeExtension/selectItem", "value": map[string]any{"verb": "item/" + first.Ref.String()}}
	if got := h.results(chosen); got != "harbour0.png" {
		t.Errorf("chosen: %q", got)
	}
	h.see("Edit", "In SharePoint ↗", "s=1024")
	if got := h.extension("", 0); !strings.HasPrefix(got, "harbour0.png harbour30.png harbour29.png") || strings.Count(got, "harbour0.png") != 1 {
		t.Errorf("at the start: %q", got)
	}
	if got := h.extension("xyz", 0); got != "No picture found for “xyz”." {
		t.Errorf("nothing found: %q", got)
	}
	if got := h.as("ben", identity.GroupChat).extension("harbour30", 0); got != "harbour30.png" {
		t.Errorf("in a chat without a library, of one's own: %q", got)
	}
	h.drives.Remove(first.Ref)
	if got := h.results(chosen); !strings.Contains(got, "not there any more") {
		t.Errorf("a picture that is gone: %q", got)
	}
}

// The library of a channel is chosen by its owners, from an address or from site to folder; all hear of it.
func TestLibraryOfAChannel(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	folder := h.drives.Folder(imagetest.Root, "Harbour")
	inner := h.drives.Folder(folder.Ref, "Night")
	file := h.drives.Put(inner.Ref, "crane.png", []byte("40x30"))
	h.as("ben", identity.Channel).say("library").see("the files of this channel", "An owner of the team").open("Change").see("Only an owner")
	h.as("ana", identity.Channel).say("library").open("Change").see("Address of a folder")
	dialog := h.seen
	h.submit().see("Paste the address")
	h.submit("link", "https://elsewhere.example/x").see("may not see it", "https://elsewhere.example/x")
	said := h.messages()
	h.submit("link", file.WebURL)
	if h.until(said+1).messages() != said+1 {
		t.Errorf("%d messages told of it", h.messages()-said)
	}
	h.latest().see("now looked for in “Night”", "Chosen by Ana")
	h.as("ben", identity.Channel).say("images crane").see("crane.png", "In [Night]")
	h.as("ana", identity.Channel).seen = dialog // opened before the choice
	h.submit("link", folder.WebURL).see("Somebody has chosen another folder meanwhile")
	h.say("library").open("Change").submit("words", "harb").see("Which site?", "Harbour").submit("site", "contoso,1,2").see("Which library?", "Pictures").
		submit("folder", imagetest.Root.String()).see("Take this folder", "Harbour").submit("folder", folder.Ref.String()).see("Night").submit("folder", "take:"+folder.Ref.String())
	h.latest().see("now looked for in “Harbour”")
	h.say("library").open("Change").submit("folder", inner.Ref.String()) // without folders inside it is taken at once
	h.latest().see("now looked for in “Night”")
	h.verb("library/default").see("usual place again", "the files of this channel")
	h.as("ben", identity.Channel).verb("library/default").see("Only an owner")
	h.as("ana", identity.Channel).say("library").open("Change").submit("folder", "take:../x").see("names no image")
}

// In a chat any member chooses, and where the app is removed the choice goes.
func TestLibraryOfAChat(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	folder := h.drives.Folder(imagetest.Root, "Harbour")
	h.as("gil", identity.GroupChat).say("library").see("No folder has been chosen").open("Change").see("Only a member")
	h.as("ben", identity.GroupChat).say("library").open("Change").submit("link", folder.WebURL)
	h.latest().see("Harbour", "Chosen by Ben")
	h.drives.Remove(folder.Ref)
	h.say("library").see("is not there any more", "Back to the usual")
	h.send(map[string]any{"type": "installationUpdate", "action": "remove"})
	if c, err := h.db.Libraries().Library(t.Context(), deskTenant, hallChat); err != nil || c != (image.Choice{}) {
		t.Errorf("after the app was removed: %+v %v", c, err)
	}
	h.as("ana", identity.Personal).say("library").see("your own files in OneDrive").missing("Back to the usual")
}
