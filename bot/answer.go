package bot

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// sentence is what a person reads when something did not work: what happened, and for failures of ours a short
// reference that the administrator finds in the log.
func (b *Bot) sentence(t *Turn, err error) string {
	var f *fault.Error
	if errors.Is(err, context.DeadlineExceeded) {
		return t.Text("trouble.slow")
	}
	if !errors.As(err, &f) {
		return t.Text("trouble.internal", "Ref", reference(t.activity))
	}
	if strings.HasPrefix(f.Text, "image.") {
		return image.Explain(f).Say(t.Text)
	}
	if f.Text != "" {
		return t.Text(f.Text, f.Args...)
	}
	if f.Kind == fault.Internal {
		return t.Text("trouble.internal", "Ref", reference(t.activity))
	}
	return t.Text("trouble." + string(f.Kind))
}

// trouble is the card that answers a command which did not work. It always has a way on.
func (b *Bot) trouble(t *Turn, err error) cards.Card {
	v := cards.TroubleView{Sentence: b.sentence(t, err), Next: t.waysOn(err)}
	if address := t.approval(err); address != "" {
		v.Link, v.LinkURL = t.Text("signin.approve"), address
	}
	return cards.Trouble(t.Lang, v)
}

// approval is where an administrator can end the trouble, when it is that the organisation has not let the app in.
func (t *Turn) approval(err error) string {
	var f *fault.Error
	if t.app.signIn == nil || !errors.As(err, &f) || f.Text != "signin.tenant" && f.Text != "signin.admin" {
		return ""
	}
	return t.app.signIn.Approval(t.Caller.Tenant)
}

// waysOn are the steps after something that did not work: back to the contact that a button was about, or to the trash
// when it is gone.
func (t *Turn) waysOn(err error) []cards.Step {
	id, pattern := t.params["id"], t.pattern()
	switch {
	case strings.HasPrefix(textOf(err), "image.library."):
		return t.steps("library", "help")
	case textOf(err) == "batch.nothing":
		return append([]cards.Step{t.imagesStep()}, t.steps("library", "help")...)
	case t.app.key == ImagePro:
		return t.steps("help")
	case strings.HasPrefix(pattern, "import/{id}/") && fault.Is(err, fault.Busy):
		return append([]cards.Step{{Title: t.Text("import.again"), Verb: cards.ImportVerb(id, path.Base(pattern))}}, t.steps("help")...)
	case strings.HasPrefix(pattern, "import"):
		return t.steps("import/template", "help")
	case id == "" || !strings.HasPrefix(pattern, "contact/"):
		return t.steps("find", "help")
	case fault.Is(err, fault.NotFound):
		return t.steps("trash", "find", "help")
	}
	return append([]cards.Step{{Title: t.Text("step.contact"), Verb: cards.ContactVerb(id)}}, t.steps("find", "help")...)
}

// pattern is the route's; empty where the path has none.
func (t *Turn) pattern() string {
	if t.route == nil {
		return ""
	}
	return t.route.Pattern
}

// textOf is the key of the sentence of an error; empty for one that has none.
func textOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text
	}
	return ""
}

// steps are buttons that do what typing the words would do.
func (t *Turn) steps(words ...string) []cards.Step {
	steps := make([]cards.Step, 0, len(words))
	for _, word := range words {
		steps = append(steps, cards.Step{Title: t.Text("step." + word), Verb: word})
	}
	return steps
}

// reference is the short name of a turn that went wrong, the same in the log and before the person.
func reference(a *Activity) string {
	sum := sha256.Sum256([]byte(a.Conversation.ID + "|" + a.ID))
	return base32.StdEncoding.EncodeToString(sum[:])[:6]
}

// guard runs a handler until it answers or the time of the turn is over. A handler that panics fails the turn, not
// the service.
func guard[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		growStack()
		var r result
		defer func() {
			if p := recover(); p != nil {
				// What was panicked with may hold what a person wrote; where it happened does not.
				r.err = fmt.Errorf("bot.guard: panic (%T)\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// growStack makes the stack of a new goroutine as large as a turn needs, at once: a tenth of a search's time went into
// copying it to ever larger places on the way down.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}
