package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// consent is what Teams tells when an offer was answered.
func consent(action, picture string, at int, address string) map[string]any {
	return map[string]any{"type": "fileUpload", "action": action, "context": map[string]any{"kind": "image", "id": picture, "at": at},
		"uploadInfo": map[string]any{"contentUrl": "https://contoso-my.sharepoint.example/harbour.png", "name": "harbour.png", "uploadUrl": address, "uniqueId": "8A7B", "fileType": "png"}}
}

const uploadPlace = "https://upload.example/session?key=secret"

// offered hands a picture over, works on it, and asks for the file; it gives the picture's id and state.
func offered(t *testing.T, a *atelier, words string) (id string) {
	t.Helper()
	a.types(words, "400x300")
	id = strings.Split(verb(t, a.teams.last(), "/info"), "/")[1]
	a.types("get file")
	holds(t, a.teams.last(), "file.consent", "400x300.png", `"sizeInBytes":4`, id)
	return id
}

func TestFileIsHandedOver(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		id := offered(t, a, "grey")
		for range 2 {
			a.invokes("fileConsent/invoke", consent("accept", id, 1, uploadPlace), "m2")
		}
		synctest.Wait()
		if got := string(a.teams.stored); got != "grey" || a.teams.tokens != 0 || strings.Join(a.teams.pieces, " ") != "bytes 0-3/4" {
			t.Errorf("stored %q in %v, with %d tokens", got, a.teams.pieces, a.teams.tokens)
		}
		said := a.teams.said()
		if len(said) != 2 || strings.Contains(strings.Join(said, ""), "file.consent") {
			t.Errorf("the offer stands: %v", said)
		}
		holds(t, a.teams.last(), "file.info", "harbour.png", "8A7B", "contoso-my.sharepoint.example")
		if strings.Contains(a.log.String(), "secret") {
			t.Error("the address is in the log")
		}
		a.Close(t.Context())
	})
}

func TestFileThatIsNotHandedOver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		value func(id string) map[string]any
		want  string
		ended bool // the session was begun and given up
	}{
		"declined":         {func(id string) map[string]any { return consent("decline", id, 1, "") }, "was not stored", false},
		"gone":             {func(string) map[string]any { return consent("accept", "other", 1, uploadPlace) }, "somebody else’s", false},
		"moved on":         {func(id string) map[string]any { return consent("accept", id, 0, uploadPlace) }, "has changed since", false},
		"to this machine":  {func(id string) map[string]any { return consent("accept", id, 1, "http://127.0.0.1:80/x") }, "not followed", false},
		"with a password":  {func(id string) map[string]any { return consent("accept", id, 1, "https://a:b@upload.example/x") }, "not followed", false},
		"no place":         {func(id string) map[string]any { return consent("accept", id, 1, "") }, "not followed", false},
		"refused for good": {func(id string) map[string]any { return consent("accept", id, 1, uploadPlace) }, "did not take the file", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := newAtelier()
			synctest.Test(t, func(t *testing.T) {
				a := start()
				a.teams.refuse = []int{503, 500, 503, 502, 503}
				id := offered(t, a, "grey")
				a.invokes("fileConsent/invoke", row.value(id), "m2")
				time.Sleep(time.Minute)
				holds(t, a.teams.last(), row.want)
				if len(a.teams.said()) != 2 || len(a.teams.stored) != 0 || a.teams.ended != row.ended || a.teams.tokens != 0 {
					t.Errorf("%d messages, %d bytes stored, ended: %v", len(a.teams.said()), len(a.teams.stored), a.teams.ended)
				}
				a.Close(t.Context())
			})
		})
	}
}

func TestFileConsentOfAnotherShape(t *testing.T) {
	t.Parallel()
	a := newAtelier()()
	if w := a.send("type", "invoke", "name", "fileConsent/invoke", "id", nextID(), "value", map[string]any{"action": "perhaps"}, "replyToId", "m1"); w.Code != 400 {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	if w := a.send("type", "invoke", "name", "fileConsent/invoke", "id", nextID(), "value", map[string]any{"action": "accept"}); w.Code != 200 {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	a.Close(t.Context())
}

// Where several people talk there are no files to be had.
func TestFilesElsewhere(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		group := map[string]any{"id": "19:group@thread.v2", "conversationType": "groupChat", "tenantId": deskTenant}
		for _, v := range []map[string]any{nil, {"verb": "image/x/0/file"}, {"verb": "several/x.0/files"}} {
			a.send("text", "get file", "id", nextID(), "conversation", group, "value", v)
			holds(t, a.teams.last(), "in our personal chat only")
		}
		a.Close(t.Context())
	})
}

// Several files are offered one by one, those that are gone are told.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.types("grey", "10x10", "20x20")
		all := verb(t, a.teams.last(), "/files")
		a.send("text", "", "id", nextID(), "value", map[string]any{"verb": all})
		time.Sleep(time.Second)
		holds(t, a.teams.last(), "2 files are offered")
		if n := strings.Count(strings.Join(a.teams.said(), ""), "file.consent"); n != 2 {
			t.Errorf("%d offers", n)
		}
		a.send("text", "", "id", nextID(), "value", map[string]any{"verb": strings.Replace(all, "several/", "several/gone.0%20", 1)})
		holds(t, a.teams.last(), "2 files are offered", "somebody else’s")
		a.send("text", "", "id", nextID(), "value", map[string]any{"verb": "several/gone.0%20x/files"})
		holds(t, a.teams.last(), "somebody else’s")
		holds(t, a.presses(strings.Replace(verb(t, a.teams.said()[0], "/show"), "/show", "/file", 1), "m1"), "The file is offered")
		a.Close(t.Context())
	})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	big := []byte(strings.Repeat("picture ", uploadPiece/4)) // two pieces
	for name, row := range map[string]struct {
		refuse []int
		pieces int
		ended  bool
	}{
		"at once":                 {nil, 2, false},
		"after a refusal":         {[]int{503, 500}, 4, false},
		"a lost answer":           {[]int{-1}, 2, false},
		"an ended session":        {[]int{404}, 1, true},
		"wanted again and again":  {[]int{202, 202, 202, 202, 202}, 4, true},
		"refused again and again": {[]int{503, 503, 503, 503, 503}, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := newAtelier()
			synctest.Test(t, func(t *testing.T) {
				a := start()
				a.teams.refuse = row.refuse
				err := a.apps[connApp].connector.Upload(t.Context(), uploadPlace, big)
				if (err != nil) != row.ended || a.teams.ended != row.ended || len(a.teams.pieces) != row.pieces {
					t.Fatalf("%v, ended: %v, pieces %v", err, a.teams.ended, a.teams.pieces)
				}
				if err == nil && string(a.teams.stored) != string(big) {
					t.Errorf("%d of %d bytes", len(a.teams.stored), len(big))
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("the address is told: %v", err)
				}
				a.Close(t.Context())
			})
		})
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"harbour.jpeg": "harbour.png", "": "image.png", `..\..\evil|<x>.exe`: "-..-evil--x-.png", "a.b.c": "a.b.png", "été~1": "été-1.png"} {
		if got := fileName(name, "png"); got != want {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
	if got := fileName(strings.Repeat("é", 500), "jpeg"); len(got) > 110 || !strings.HasSuffix(got, ".jpg") {
		t.Errorf("%q", got)
	}
}
