package bot

import (
	"fmt"
	"strings"
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// A file is opened, changed and saved: beside the original, over a name after being asked, and as a new version.
func TestSaveBesideAndOver(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	item := h.put("harbour.png", "2000x1500")
	h.say("images harbour").press("harbour.png").press("Edit")
	h.say("resize 800").see("800 × 600", "Save").press("Save").see("A new file would be called “harbour-800.png”", "New version")
	h.twice("Save as a new file").see("Saved as “harbour-800.png”", "The original is as it was", "In SharePoint ↗", "Share")
	if got := h.files(imagetest.Root); got != "harbour-800.png harbour.png" {
		t.Errorf("after two presses: %s", got)
	}
	h.say("save as harbour").see("A file of this name is already there", "Keep both", "Replace it")
	asked := h.seen
	h.twice("Keep both").see("Saved as “harbour 1.png”")
	h.seen = asked
	h.twice("Replace it").see("Saved as a new version of “harbour.png”", "Version history")
	if got := h.files(imagetest.Root); got != "harbour 1.png harbour-800.png harbour.png" {
		t.Errorf("after the answers: %s", got)
	}
	if got := string(h.drives.Data(item.Ref)); !strings.Contains(got, "resize 800") {
		t.Errorf("replaced by %q", got)
	}
	h.say("grey").press("Save").twice("New version").see("new version of “harbour.png”")
	h.say("webp").press("Save").missing("New version").press("Save as a new file").see("Saved as “harbour-800.webp”")
	h.say("save as as built.jpeg").see("Saved as “as built.jpeg”")
	h.say("save as ../pier").see("SharePoint does not take this name", "Save as…")
}

// Two people change a file: the second is asked, and nothing of the first is lost unasked.
func TestSaveOverAChange(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	item := h.put("harbour.png", "2000x1500")
	h.say("images harbour").press("harbour.png").press("Edit")
	h.say("resize 800")
	h.put("harbour.png", "7x7")
	h.say("save version").see("Someone changed the file meanwhile", "Save as…", "Save over theirs").press("Look at theirs").see("harbour.png", "Edit")
	if got := string(h.drives.Data(item.Ref)); got != "7x7" {
		t.Fatalf("unasked it is %q", got)
	}
	h.say("save version 2").see("New version", "Save as a new file").missing("Saved as")
	h.say("save version").twice("Save over theirs").see("Saved as a new version")
	versions, _ := h.drives.Versions(t.Context(), identity.Caller{}, item.Ref)
	if got := string(h.drives.Data(item.Ref)); !strings.Contains(got, "resize 800") || len(versions) != 2 {
		t.Errorf("%d versions, now %q", len(versions), got)
	}
	h.say("grey").press("Save")
	card := h.seen
	h.say("undo")
	h.seen = card
	h.press("New version").see("has changed since that card").missing("Saved as")
}

// Who saved a picture under another name and opens the original again begins with the original.
func TestOpenAfterSavingElsewhere(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	item := h.put("harbour.png", "2000x1500")
	h.say("images harbour").press("harbour.png").press("Edit")
	h.say("resize 800").say("save as poster.png").see("Saved as “poster.png”")
	h.say("images harbour").press("harbour.png").press("Edit").missing("800 × 600").see("2,000 × 1,500 pixels")
	h.say("grey").say("save version").see("Saved as a new version of “harbour.png”")
	if got := string(h.drives.Data(item.Ref)); !strings.Contains(got, "grey") || strings.Contains(got, "800") {
		t.Errorf("the original became %q", got)
	}
}

// What was covered is not left in a history without a word.
func TestSaveRedacted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	item := h.put("screenshot.png", "2000x1500")
	h.say("images screen").press("screenshot.png").press("Edit")
	h.say("redact 10%,40% 50%x8%").press("Save").see("screenshot-redacted.png").press("New version").see("would show what you covered in its version history", "Save as a new file", "New version anyway")
	asked := h.seen
	if got := string(h.drives.Data(item.Ref)); got != "2000x1500" {
		t.Fatalf("unasked it is %q", got)
	}
	h.press("Save as a new file").see("Saved as “screenshot-redacted.png”").missing("still shows")
	h.seen = asked
	h.press("New version anyway").see("still shows what you covered")
	h.say("save as screenshot").see("already there").press("Replace it").see("would show what you covered").press("New version anyway").see("Saved as a new version of “screenshot.png”", "still shows")
}

// The dialog takes name, folder and words; what is in the way is asked in it, and pressed twice it saves once.
func TestSaveDialog(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.put("harbour.png", "2000x1500 gps")
	folder := h.drives.Folder(imagetest.Root, "Night")
	h.say("images harbour").press("harbour.png").press("Edit")
	h.say("resize 800").press("Save").open("Save as…").see("harbour-800.png", "Alternative text", "harbour.png, 800 × 600", "Night", "A new version of “harbour.png”")
	h.submit("name", "a|b", "alt", "Two cranes").see("SharePoint does not take this name", "Two cranes")
	h.submit("name", "harbour.png").see("already there", "Keep both").submit("name", "cranes", "folder", folder.Ref.String(), "title", "Cranes", "tags", "sea, , night ")
	if got := h.files(folder.Ref) + "|" + h.files(imagetest.Root); got != "cranes.png|harbour.png" {
		t.Errorf("saved: %s", got)
	}
	h.latest().see("Saved as “cranes.png”", "Two cranes", "Cranes")
	h.say("info").see("Two cranes", "sea, night", "resized to 800 px wide", "Earlier versions", "none")

	h.say("grey").press("Save").open("Save as…").see("Cranes", "sea, night", "Two cranes")
	dialog := h.seen
	h.submit("name", "grey cranes", "mode", "file")
	said := h.until(h.before + 1).messages()
	h.seen = dialog
	h.submit("name", "grey cranes", "mode", "file")
	if got := h.files(folder.Ref); got != "cranes.png grey cranes.png" || h.messages() != said {
		t.Errorf("handed in twice: %s, %d messages more", got, h.messages()-said)
	}
}

// The dialog makes new versions, too, and says what their history shows; in a channel it shows what was saved itself.
func TestSaveDialogVersions(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.put("grey cranes.png", "2000x1500")
	h.say("images cranes").press("grey cranes.png").press("Edit")
	h.say("rotate right").press("Save").open("Save as…").submit("mode", "version")
	h.latest().see("new version of “grey cranes.png”")
	h.say("redact 0,0 10x10").press("Save").open("Save as…").submit("mode", "version").see("would show what you covered", "Save the new version anyway").submit("clash", "known")
	h.latest().see("still shows what you covered")
	h.put("harbour.png", "9x9 gps")
	h.as("ana", identity.GroupChat).open2("image/nobody/save").see("not here any more")
	h.as("ana", identity.Channel).say("images harbour").press("harbour.png").press("Edit").verb("image/x/0/save").see("not here any more")
	h.say("info").see("tells where the picture was taken", "Earlier versions", "none")
	h.say("resize 5").press("Save").open("Save as…").submit("name", "tiny").see("Saved as “tiny.png”", "In SharePoint ↗").missing("Action.Execute")
}

// open2 opens a dialog by its path, as a hostile client would.
func (h *hall) open2(verb string) *hall {
	h.t.Helper()
	return h.dialog("task/fetch", map[string]any{"verb": verb})
}

// A message that is delivered again to another process, after the first was killed in the middle of its save, saves once.
func TestSaveOverARestart(t *testing.T) {
	t.Parallel()
	for _, written := range []bool{true, false} {
		t.Run(fmt.Sprint("written ", written), func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			h.put("harbour.png", "2000x1500")
			begin := func() { h.say("images harbour").press("harbour.png").press("Edit"); h.say("resize 800") }
			begin()
			h.drives.Cut(written)
			message := map[string]any{"type": "message", "text": "save as small", "id": "the-same"}
			h.send(message)
			h.latest().missing("Saved as")
			h.restart()
			if !written { // then the picture has to be on the desk again
				begin()
			}
			h.send(message)
			h.latest().see("Saved as “small.png”")
			if got := h.files(imagetest.Root); got != "harbour.png small.png" {
				t.Errorf("%s", got)
			}
			h.restart()
			h.send(message)
			h.latest().see("Saved as “small.png”")
			if got := h.files(imagetest.Root); got != "harbour.png small.png" {
				t.Errorf("once more: %s", got)
			}
		})
	}
}

// A picture that was handed over is saved into the library of the place first, then shared.
func TestShare(t *testing.T) {
	t.Parallel()
	h := newHall(t).as("ana", identity.Channel)
	if _, err := h.bot.Studio.Take(t.Context(), h.caller(), "screenshot", []byte("400x300")); err != nil {
		t.Fatal(err)
	}
	h.say("share").see("is no file yet", "Save as a new file").missing("Replace").press("Save as a new file").see("Saved as “screenshot.png”")
	h.say("share").see("Open shared link ↗", "https://contoso.sharepoint.example/:i:/s/", "everybody in your organisation").missing("Post here", "not saved")
	h.say("grey")
	h.say("share").see("what you have done since is not saved").press("Save").see("New version")
	h.as("ben", identity.Channel).say("images").press("screenshot.png").press("Share").see("Open shared link ↗", "Post here")
	shared := h.seen
	said := h.messages()
	h.press("Post here").see("Posted.").until(said + 1)
	h.seen = shared
	h.press("Post here").see("Posted.")
	if h.messages() != said+1 {
		t.Errorf("%d messages", h.messages()-said)
	}
	h.before = said
	h.latest().see("screenshot.png", "Open shared link ↗").missing("Post here")
	h.as("ben", identity.Personal).say("images").press("screenshot.png").press("Share").missing("Post here")
}

// Whoever has to sign in is told so, wherever they begin, and nothing is saved.
func TestFilesAskForSignIn(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.put("harbour.png", "2000x1500")
	h.say("images harbour").press("harbour.png").press("Edit")
	edit := h.seen
	h.say("resize 800").press("Save")
	ask := h.seen
	h.drives.Refuse("ana", fault.New(fault.SignIn, "test", ""))
	for _, does := range []func(){
		func() { h.say("images pier") }, func() { h.say("library") }, func() { h.say("share") }, func() { h.say("save as x") },
		func() { h.seen = ask; h.press("Save as a new file") }, func() { h.seen = ask; h.open("Save as…") }, func() { h.seen = edit; h.press("About it") },
	} {
		does()
		h.see("sign in")
	}
	if got := h.extension("pier", 0); !strings.Contains(got, "sign in") {
		t.Errorf("the extension says %q", got)
	}
	if got := h.files(imagetest.Root); got != "harbour.png" {
		t.Errorf("saved: %s", got)
	}
}

// Without drives every command says so and stays polite.
func TestNoDrives(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	studio := image.NewStudio(image.StudioConfig{Engine: sketcher{}})
	h.bot.Studio, h.bot.Gallery = studio, image.NewGallery(image.GalleryConfig{Studio: studio})
	if _, err := studio.Take(t.Context(), h.caller(), "x.png", []byte("40x30")); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"images", "library", "share", "save as x"} {
		h.say(words).see("SharePoint is not connected here")
	}
	h.say("grey").missing(`"Save"`)
	h.say("info").see("40 × 30")
}
