package bot

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// What takes longer than people wait is answered with a word at once, and its result takes the place of the word.
func TestLongWork(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		slow time.Duration
		fail error
		want string
	}{
		"in time":       {time.Second, nil, "800 × 600 pixels"},
		"long":          {5 * time.Second, nil, "800 × 600 pixels"},
		"long, in vain": {5 * time.Second, fault.New(fault.Busy, "easel", image.FaultBusy), "Help"},
		"far too long":  {time.Hour, nil, "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := newAtelier()
			synctest.Test(t, func(t *testing.T) {
				a := start()
				a.easel.be(row.slow, row.fail)
				began := time.Now()
				a.types("resize 800", "1600x1200")
				late := row.slow > soon
				if took := time.Since(began); took > soon+firstTry || len(a.teams.said()) != 1 || strings.Contains(a.teams.last(), "Working on it") != late {
					t.Fatalf("after %v: %v", took, a.teams.said())
				}
				if _, owed := a.ledger.state(); late != (len(owed) == 1) {
					t.Errorf("owed: %v", owed)
				}
				time.Sleep(3 * time.Minute)
				holds(t, a.teams.last(), row.want)
				if _, owed := a.ledger.state(); len(a.teams.said()) != 1 || len(owed) != 0 {
					t.Errorf("%d messages, owed %v", len(a.teams.said()), owed)
				}
				a.Close(t.Context())
			})
		})
	}
}

// A button's answer stands in the place of its card at once; later the message itself shows what came of it.
func TestLongWorkOfAButton(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.types("", "1600x1200")
		plan := strings.Replace(verb(t, a.teams.last(), "/info"), "/info", "/do/grey", 1)
		a.easel.be(4*time.Second, nil)
		began := time.Now()
		holds(t, a.presses(plan, "m1"), "Working on it")
		if took := time.Since(began); took > invokeTime {
			t.Errorf("the answer took %v", took)
		}
		if changes := a.teams.changes("m1"); len(changes) != 0 {
			t.Errorf("the message changed before the answer was there: %v", changes)
		}
		time.Sleep(time.Minute)
		holds(t, a.teams.last(), "shades of grey", "Undo")
		if n := len(a.teams.said()); n != 1 {
			t.Errorf("%d messages", n)
		}
		a.Close(t.Context())
	})
}

// When the service ends in between, the answer stays owed, and the next start tells the person.
func TestLongWorkOutlivesNothing(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.easel.be(time.Minute, nil)
		a.types("resize 800", "1600x1200")
		ended, cancel := canceled(t)
		defer cancel()
		a.Close(ended)
		synctest.Wait()
		if _, owed := a.ledger.state(); len(owed) != 1 {
			t.Errorf("owed: %v", owed)
		}
	})
}

// Ten pictures of one message have one answer, which tells how far it is.
func TestSeveralPictures(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.easel.be(time.Second, nil)
		a.types("resize 100", "300x200", "broken", "400x400", "500x500", "600x600")
		holds(t, a.teams.last(), "Working on 5 pictures", "of 5")
		time.Sleep(time.Minute)
		holds(t, a.teams.last(), "5 pictures", "300 × 200 → 100 × 67", "600 × 600 → 100 × 100", "no picture that can be read", "Get all the files")
		changes := a.teams.changes("m1")
		if len(a.teams.said()) != 1 || len(changes) < 2 || len(changes) > 4 {
			t.Fatalf("%d messages, %d changes", len(a.teams.said()), len(changes))
		}
		holds(t, changes[0], "of 5")
		a.easel.be(0, nil)
		a.types("", "10x10", "20x20")
		holds(t, a.teams.last(), "2 pictures", "10 × 10")
		show := verb(t, a.teams.last(), "/show")
		a.send("text", "", "id", nextID(), "value", map[string]any{"verb": show})
		holds(t, a.teams.last(), "10 × 10", "Resize…")
		a.types("resize 5")
		holds(t, a.teams.last(), "10 × 10 → 5 × 5")
		a.types("fly to the moon", "10x10", "20x20")
		holds(t, a.teams.last(), "fly")
		a.Close(t.Context())
	})
}

// A dialog comes back with what was typed, whatever goes wrong, and works once.
func TestEditDialog(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.types("", "400x300")
		open := verb(t, a.teams.last(), "/edit/redact")
		holds(t, a.invokes(invokeOpen, map[string]any{"data": map[string]any{"verb": open, "posted": true}}, "m1"), `"continue"`, "What to cover", "?p=strip")
		try := strings.Replace(open, "/edit/", "/try/", 1)
		holds(t, a.fills(try, "m1", "boxes", "0,0 20x20\nover there"), "over there", "For example", "?p=strip")
		holds(t, a.fills(try, "m1", "boxes", "0,0 20x20", "how", "blur"), "redact blur 0,0 20x20", "weaker")
		holds(t, a.fills(open, "m1", "boxes", "900,900 5x5"), "900,900 5x5", "outside of the picture")
		a.easel.be(0, fault.New(fault.Busy, "easel", image.FaultBusy))
		holds(t, a.fills(open, "m1", "boxes", "0,0 20x20"), "0,0 20x20", `"continue"`)
		a.easel.be(0, nil)
		if body := a.fills(open, "m1", "boxes", "0,0 20x20"); body != "" {
			t.Errorf("the dialog stays: %s", body)
		}
		synctest.Wait()
		holds(t, a.teams.last(), "overed", "Undo")
		holds(t, a.fills(open, "m1", "boxes", "50,50 20x20"), "changed since this was opened", "50,50 20x20")
		if n := len(a.teams.said()); n != 1 {
			t.Errorf("%d messages", n)
		}
		a.easel.be(4*time.Second, nil)
		open = verb(t, a.teams.last(), "/edit/resize")
		if body := a.fills(open, "m1", "mode", "percent", "w", "50"); body != "" {
			t.Errorf("the dialog stays: %s", body)
		}
		synctest.Wait()
		holds(t, a.teams.last(), "Working on it")
		time.Sleep(time.Minute)
		holds(t, a.teams.last(), "400 × 300 → 200 × 150")
		a.Close(t.Context())
	})
}

// Somebody else's picture cannot be edited, looked at or taken.
func TestEditIsOnesOwn(t *testing.T) {
	t.Parallel()
	start := newAtelier()
	synctest.Test(t, func(t *testing.T) {
		a := start()
		a.types("", "400x300")
		said := a.teams.last()
		bo := map[string]any{"id": "29:bo", "aadObjectId": "bo"}
		for _, name := range []string{invokeOpen, invokeSubmit} {
			body := a.send("type", "invoke", "name", name, "id", nextID(), "from", bo, "value", map[string]any{"data": map[string]any{"verb": verb(t, said, "/edit/crop"), "ratio": "1:1"}}).Body.String()
			holds(t, body, "somebody else’s")
		}
		a.send("text", "", "id", nextID(), "from", bo, "value", map[string]any{"verb": verb(t, said, "/file")})
		holds(t, a.teams.last(), "somebody else’s")
		if w := a.send("type", "invoke", "name", invokeSubmit, "id", nextID(), "value", map[string]any{"data": map[string]any{"verb": "image/x/y/edit/crop"}}); w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
		a.Close(t.Context())
	})
}
