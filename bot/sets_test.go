package bot

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
	"teamspro/internal/lang"
	"teamspro/store/storetest"
)

const (
	quayChat                  = "19:quay@thread.v2"
	quayAda   identity.Person = "aaaaaaaa-0000-4000-8000-000000000001"
	quayBen   identity.Person = "bbbbbbbb-0000-4000-8000-000000000002"
	quayOwner identity.Person = "cccccccc-0000-4000-8000-000000000003"
)

// sketch is an engine without pixels: a picture is "WxH", and every result is the text of its plan.
type sketch struct{}

func (sketch) Probe(_ context.Context, data []byte) (image.Facts, error) {
	f := image.Facts{Format: "png", Frames: 1, Bytes: int64(len(data))}
	if _, err := fmt.Sscanf(string(data), "%dx%d", &f.W, &f.H); err != nil {
		return image.Facts{}, fault.New(fault.Invalid, "sketch.Probe", image.FaultNotAnImage)
	}
	return f, nil
}

func (e sketch) Render(ctx context.Context, data []byte, p image.Plan, _ map[string][]byte) (image.Result, error) {
	before, err := e.Probe(ctx, data)
	after := before
	after.Format = "png"
	return image.Result{Data: []byte(p.String()), Before: before, Facts: after}, err
}

func (sketch) Palette(context.Context, []byte, int) ([]image.Color, error) { return nil, nil }

// slowDrive is a drive whose reads take a second, and may be told to do something.
type slowDrive struct {
	gallery *image.Gallery
	*memoryDrive
	mu    sync.Mutex
	reads int
	hook  func(n int) error
}

type memoryDrive = imagetest.Drives

func (d *slowDrive) Read(ctx context.Context, who identity.Caller, ref image.ItemRef, limit int64) (image.Item, []byte, error) {
	d.mu.Lock()
	d.reads++
	n, hook := d.reads, d.hook
	d.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return image.Item{}, nil, ctx.Err()
	}
	item, data, err := d.memoryDrive.Read(ctx, who, ref, limit)
	if hook != nil && err == nil {
		err = hook(n)
	}
	return item, data, err
}

// letters are what Teams was sent: when, how, to which message, with which first words.
type letters struct {
	mu    sync.Mutex
	begin time.Time
	sent  []string
	gone  bool // messages are there no more: updates fail
}

func (l *letters) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	_, text, _ := strings.Cut(string(body), `"text":"`)
	text, _, _ = strings.Cut(text, `"`)
	l.mu.Lock()
	defer l.mu.Unlock()
	status := http.StatusCreated
	if l.gone && r.Method == http.MethodPut {
		status = http.StatusNotFound
	}
	l.sent = append(l.sent, fmt.Sprintf("%s %s %s: %s", time.Since(l.begin).Round(100*time.Millisecond), r.Method, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], text))
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"new"}`)), Request: r}, nil
}

func (l *letters) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

// studioBot is Image Pro in a chat, over a drive in memory and the real store.
type studioBot struct {
	*Bot
	drive   *slowDrive
	letters *letters
	shelf   image.BatchShelf
	app     *app
	log     bytes.Buffer
}

// chosen is the library of every conversation.
type chosen struct{ image.Libraries }

func (chosen) Library(context.Context, identity.Tenant, identity.Conversation) (image.Choice, error) {
	return image.Choice{Folder: imagetest.Root}, nil
}

// outside makes what has goroutines of its own, which no bubble may hold.
func outside() (*slowDrive, *image.Studio, *Roster) {
	d := &slowDrive{memoryDrive: imagetest.New()}
	roster := NewRoster(RosterConfig{App: connApp})
	key := placeKey{connTenant, quayChat}
	roster.seen.Set(key, identity.Reference{Conversation: quayChat, Place: identity.GroupChat})
	for p, role := range map[identity.Person]identity.Role{quayAda: identity.Member, quayBen: identity.Member, quayOwner: identity.Owner} {
		roster.answers.Set(rosterKey{key, p}, rosterAnswer{role, MemberAccount{Person: p, Name: "Person " + string(p[:1])}})
	}
	studio := image.NewStudio(image.StudioConfig{Engine: sketch{}, Drives: d})
	d.gallery = image.NewGallery(image.GalleryConfig{Studio: studio, Drives: d, Roster: roster, Libraries: chosen{}})
	return d, studio, roster
}

// newStudioBot makes the bot; ports of a bot before it make it the next process on the same file.
func newStudioBot(t *testing.T, d *slowDrive, studio *image.Studio, roster *Roster, before *studioBot) *studioBot {
	t.Helper()
	b := &studioBot{drive: d, letters: &letters{begin: time.Now()}}
	log := slog.New(slog.NewTextHandler(&b.log, nil))
	connector := NewConnector(ConnectorConfig{AppID: connApp, Tokens: oneToken{}, HTTP: &http.Client{Transport: b.letters}, Hosts: []string{"smba.example"}, Log: log})
	c := Config{Turns: newLedger(), Metrics: &counted{}, Log: log, Image: AppConfig{ID: connApp, Name: "Image Pro", Connector: connector, Roster: roster}, Tenants: []string{"*"},
		Studio: studio, Preview: func(_ identity.Tenant, picture, _ string, side int, _ string) string {
			return fmt.Sprintf("https://bot.example/i/%s/%d", picture, side)
		},
		Gallery: d.gallery}
	if before != nil {
		b.shelf, c.Pins, c.Presets = before.shelf, before.Pins, before.Presets
	} else {
		db := storetest.Open(t)
		b.shelf, c.Pins, c.Presets = db.Batches(), image.NewPins(studio, db.Pins(), roster, nil), image.NewPresetBook(db.Presets(), roster, nil)
	}
	c.Batches = image.NewBatches(studio, b.shelf, log, nil)
	b.Bot = New(c)
	b.app = b.apps[connApp]
	return b
}

func (b *studioBot) turn(t *testing.T, who identity.Person) *Turn {
	act := &Activity{Type: "message", ID: "a1", ServiceURL: smba, ReplyToID: "card", LocalTimezone: "Europe/Paris", From: Account{ID: "29:" + string(who), AADObjectID: string(who)},
		Conversation: ConversationAccount{ID: quayChat, ConversationType: "groupChat", TenantID: string(connTenant)}}
	return &Turn{Caller: act.caller(), Lang: lang.For("en"), ctx: t.Context(), app: b.app, activity: act}
}

// say types to the bot, and press presses a button; both give the card as text, or the sentence of what did not work.
func (b *studioBot) say(t *testing.T, who identity.Person, words string) string {
	t.Helper()
	turn := b.turn(t, who)
	turn.activity.Text = words
	b.app.command(turn)
	return b.answer(turn)
}

func (b *studioBot) press(t *testing.T, who identity.Person, verb string, inputs ...string) string {
	t.Helper()
	turn := b.turn(t, who)
	if turn.route, turn.params = b.app.router.find(OnAction, verb); turn.route == nil {
		t.Fatalf("nothing answers %s", verb)
	}
	turn.data = map[string]string{}
	for i := 0; i+1 < len(inputs); i += 2 {
		turn.data[inputs[i]] = inputs[i+1]
	}
	return b.answer(turn)
}

func (b *studioBot) answer(turn *Turn) string {
	card, err := turn.route.card(turn)
	if err != nil {
		return string(fault.KindOf(err)) + ": " + b.sentence(turn, err)
	}
	return string(card.JSON())
}

// says fails unless a card says all of it.
func says(t *testing.T, card string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(card, w) {
			t.Errorf("%q is not in %s", w, card)
		}
	}
}

// verbOf is the path of the button or link with a title.
func verbOf(t *testing.T, card, title string) string {
	t.Helper()
	_, after, found := strings.Cut(card, `"title":"`+title+`","verb":"`)
	path, _, _ := strings.Cut(after, `"`)
	if !found {
		t.Fatalf("no button %q in %s", title, card)
	}
	return path
}

func TestPinsInAChat(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	b := newStudioBot(t, drive, studio, roster, nil)
	says(t, b.say(t, quayAda, "pins"), "Nothing is pinned here yet", "@Image Pro pin")
	says(t, b.say(t, quayAda, "pin"), "There is no picture yet")
	turn := b.turn(t, quayAda)
	if _, err := studio.Take(t.Context(), turn.Caller, "pasted.png", []byte("40x30")); err != nil {
		t.Fatal(err)
	}
	says(t, b.say(t, quayAda, "pin Mine"), "Save it first")
	item := drive.Put(imagetest.Root, "quay.png", []byte("40x30"))
	if _, err := studio.Open(t.Context(), turn.Caller, item.Ref); err != nil {
		t.Fatal(err)
	}
	b.say(t, quayAda, "grey")
	says(t, b.say(t, quayAda, "pin The old quay"), "pinned as number 1", "not saved yet", "1 pinned picture", "1\\\\. The old quay · quay.png", "you, ", image.ViewID(turn.Caller, item))

	again := b.say(t, quayAda, "pin Another")
	says(t, again, "pinned already, as number 1", "Its caption is “The old quay”")
	captioned := b.press(t, quayAda, verbOf(t, again, "Caption “Another”"))
	says(t, captioned, "The caption has changed", "1\\\\. Another", "Caption “The old quay”")
	says(t, b.press(t, quayBen, cards.PinVerb(item.Ref.String(), "Ben's")), "pinned already", "Pinned pictures")
	seen := b.say(t, quayBen, "pins")
	if says(t, seen, "Person a, ", "f."); strings.Contains(seen, "Unpin") {
		t.Errorf("Ben is offered to unpin: %s", seen)
	}
	says(t, b.say(t, quayBen, "unpin 1"), "denied: Only who pinned it")
	says(t, b.say(t, quayBen, "unpin"), "by its number")
	says(t, b.say(t, quayAda, "unpin 2"), "not_found: There is no number 2")
	says(t, b.press(t, quayBen, cards.PinsVerb(6)), "1 pinned picture")
	says(t, b.press(t, quayBen, "pin/"+strings.ReplaceAll(item.Ref.String(), "!", "%21")+"/open"), `"quay.png"`, "40 × 30")
	dropped := b.press(t, quayOwner, verbOf(t, b.say(t, quayOwner, "pins"), "Unpin number 1"))
	says(t, dropped, "not pinned any more", "Nothing is pinned")
	says(t, b.press(t, quayOwner, verbOf(t, dropped, "Pin it again")), "pinned as number 1", "1\\\\. Another")
	says(t, b.press(t, quayAda, "pin/x~..%2f/drop"), "invalid: This button or link names no image")
}

func TestPresetsInAChat(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	b := newStudioBot(t, drive, studio, roster, nil)
	says(t, b.say(t, quayAda, "presets"), "Mail, under 200 KB", "For everybody")
	says(t, b.say(t, quayAda, "preset save"), "Say its name and its plan")
	says(t, b.say(t, quayAda, "preset save Banner"), "not_found: You have done nothing")
	says(t, b.say(t, quayAda, "preset save Banner = resize 800 | nonsense"), "invalid: No step begins with “nonsense”")
	says(t, b.say(t, quayAda, "Save preset Banner = resize 8 | grey"), "can now use “Banner”", "preset/Banner/delete")
	if _, err := studio.Take(t.Context(), b.turn(t, quayBen).Caller, "pasted.png", []byte("40x30")); err != nil {
		t.Fatal(err)
	}
	listed := b.say(t, quayBen, "presets")
	if strings.Contains(listed, "preset/Banner/delete") {
		t.Errorf("Ben is offered to delete: %s", listed)
	}
	says(t, b.press(t, quayBen, verbOf(t, listed, "Apply Banner")), "pasted.png", "in shades of grey", "8 px")
	says(t, b.say(t, quayBen, "banner | flip"), "pasted.png", "8 px")
	says(t, b.say(t, quayBen, "preset BANNER"), "pasted.png")
	says(t, b.say(t, quayBen, "save what I just did as preset Twice"), "can now use “Twice”")
	says(t, b.say(t, quayBen, "preset delete banner"), "denied: “Banner” was made by somebody else")
	says(t, b.say(t, quayBen, "preset delete nothing"), "not_found: Your organisation has no preset “nothing”")
	replaced := b.say(t, quayOwner, "preset save Banner = grey")
	says(t, b.press(t, quayOwner, verbOf(t, replaced, "Bring back what it was")), "has another plan now")
	deleted := b.press(t, quayAda, "preset/Banner/delete")
	says(t, deleted, "“Banner” is deleted", "Twice")
	says(t, b.press(t, quayAda, verbOf(t, deleted, "Bring back what it was")), "can now use “Banner”")
	says(t, b.say(t, quayAda, "preset save resize = grey"), "invalid: ")
}

// harbour puts so many files into the drive.
func (b *studioBot) harbour(n int) {
	for i := range n {
		b.drive.Put(imagetest.Root, fmt.Sprintf("harbour%d.png", i), []byte("40x30"))
	}
}

func TestBatchInAChat(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	synctest.Test(t, func(t *testing.T) {
		b := newStudioBot(t, drive, studio, roster, nil)
		b.harbour(6)
		b.drive.Put(imagetest.Root, "harbour0-8.png", []byte("mine"))
		says(t, b.say(t, quayAda, "batch"), "batch harbour: resize 800")
		says(t, b.say(t, quayAda, "batch nowhere: grey"), "not_found: No picture was found")
		choose := b.press(t, quayAda, cards.BatchSearchVerb("harbour", ""))
		says(t, choose, "all pictures for “harbour”", "Mail, under 200 KB", `"id":"plan"`)
		says(t, b.press(t, quayAda, verbOf(t, choose, "Continue"), "plan", "nonsense"), "invalid: No step begins")
		says(t, b.press(t, quayAda, verbOf(t, choose, "Mail, under 200 KB")), "Do this to 7 pictures?")
		drive.Remove(b.found(t, "harbour0-8.png"))
		asked := b.say(t, quayAda, "batch harbour: resize 8")
		b.drive.Put(imagetest.Root, "harbour0-8.png", []byte("mine"))
		says(t, asked, "Do this to 6 pictures?", "harbour5.png → harbour5-8.png", "Pictures", "no file is written over")
		start := verbOf(t, asked, "Start")
		says(t, b.press(t, quayBen, start), "denied: Somebody else began this")
		b.letters.begin = time.Now()
		says(t, b.press(t, quayAda, start), "0 of 6 pictures", "Cancel")
		says(t, b.press(t, quayAda, start), "of 6 pictures")
		b.jobs.Wait()
		got := b.letters.all()
		if len(got) != 2 || !strings.HasPrefix(got[0], "2s PUT card: ") || got[1] != "5s PUT card: 5 of 6 pictures made" {
			t.Errorf("the card counts %q", got)
		}
		ended := b.press(t, quayAda, strings.Replace(start, "/start", "/show", 1))
		says(t, ended, "5 of 6 pictures made", "[harbour5-8.png](https://", "Left out", "[harbour0.png](https://", "a file of its new name is there already")
		if string(drive.Data(b.found(t, "harbour0-8.png"))) != "mine" || strings.Contains(b.log.String(), "harbour") {
			t.Errorf("a file was written over, or its name logged: %s", b.log.String())
		}
		b.Close(t.Context())
	})
}

// found is the file of a name.
func (b *studioBot) found(t *testing.T, name string) image.ItemRef {
	t.Helper()
	items, err := b.drive.Search(t.Context(), identity.Caller{}, imagetest.Root, name, 1)
	if err != nil || len(items) != 1 {
		t.Fatalf("%d files %s, %v", len(items), name, err)
	}
	return items[0].Ref
}

func TestBatchIsCancelledInAChat(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	synctest.Test(t, func(t *testing.T) {
		b := newStudioBot(t, drive, studio, roster, nil)
		b.harbour(12)
		start := verbOf(t, b.say(t, quayAda, "batch harbour: resize 8"), "Start")
		b.press(t, quayAda, start)
		time.Sleep(2500 * time.Millisecond)
		cancel := strings.Replace(start, "/start", "/cancel", 1)
		says(t, b.press(t, quayBen, cancel), "denied: Somebody else began this")
		says(t, b.press(t, quayAda, cancel), "Stopped at 4 of 12")
		b.jobs.Wait()
		sent := b.letters.all()
		if last := sent[len(sent)-1]; !strings.Contains(last, "Stopped at 6 of 12 pictures") {
			t.Errorf("the card says %q", sent)
		}
		says(t, b.press(t, quayAda, start), "Stopped at 6 of 12", "harbour11-8.png")
		no := verbOf(t, b.say(t, quayAda, "batch harbour: grey"), "No")
		says(t, b.press(t, quayAda, no), "Nothing was done")
		b.Close(t.Context())
	})
}

// When its person is signed out, a batch waits for them; when its card is gone, its end is told on another.
func TestBatchWaitsForSignIn(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	synctest.Test(t, func(t *testing.T) {
		b := newStudioBot(t, drive, studio, roster, nil)
		b.harbour(4)
		out := fault.New(fault.SignIn, "test", "")
		drive.hook = func(n int) error {
			if n > 2 {
				return out
			}
			return nil
		}
		start := verbOf(t, b.say(t, quayAda, "batch harbour: resize 8"), "Start")
		b.press(t, quayAda, start)
		b.jobs.Wait()
		sent := b.letters.all()
		if last := sent[len(sent)-1]; !strings.Contains(last, "Stopped at 2 of 4 pictures") {
			t.Errorf("the card says %q", sent)
		}
		says(t, b.press(t, quayAda, strings.Replace(start, "/start", "/show", 1)), "You are signed out. Press Continue", `"Continue"`)
		drive.Refuse(quayAda, out)
		says(t, b.press(t, quayAda, start), "sign_in: ")
		drive.Refuse(quayAda, nil)
		drive.hook = nil
		b.letters.gone = true
		b.press(t, quayAda, start)
		b.jobs.Wait()
		b.Close(t.Context())
		if sent = b.letters.all(); !strings.Contains(sent[len(sent)-1], "POST activities: 4 of 4 pictures made") {
			t.Errorf("the end is told by %q", sent)
		}
	})
}

// A batch that a process left in the middle is told of at the next start, once, and goes on from there.
func TestBatchAfterTheServiceEnded(t *testing.T) {
	t.Parallel()
	drive, studio, roster := outside()
	synctest.Test(t, func(t *testing.T) {
		b := newStudioBot(t, drive, studio, roster, nil)
		b.harbour(6)
		start := verbOf(t, b.say(t, quayAda, "batch harbour: resize 8"), "Start")
		b.press(t, quayAda, start)
		time.Sleep(2500 * time.Millisecond)
		b.Close(t.Context())

		next := newStudioBot(t, drive, studio, roster, b)
		if err := next.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s POST activities: Stopped at 4 of 6 pictures"}, next.letters.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		says(t, next.press(t, quayAda, start), "4 of 6 pictures", "Cancel")
		next.jobs.Wait()
		says(t, next.press(t, quayAda, strings.Replace(start, "/start", "/show", 1)), "6 of 6 pictures made")
		if results, err := drive.Search(t.Context(), identity.Caller{}, imagetest.Root, "-8.png", 99); err != nil || len(results) != 6 {
			t.Errorf("%d results, %v", len(results), err)
		}
		if again, err := next.Batches.Stopped(t.Context()); err != nil || len(again) != 0 {
			t.Errorf("told again: %v %v", again, err)
		}
		next.Close(t.Context())
	})
}
