package bot

import (
	"cmp"
	"context"
	"path"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// editPicture does what was typed to the pictures that came with it, to the file that is linked in it, or to the picture
// that the person worked on last.
func (b *Bot) editPicture(t *Turn) (cards.Card, error) {
	link, words := b.linked(t)
	p, err := b.planOf(t, words)
	if err != nil {
		return cards.Card{}, err
	}
	if files := t.activity.handed(); len(files) > 1 {
		return b.editSeveral(t, files, p)
	}
	card, err := b.inTime(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		w, err := b.onDesk(t, link)
		if err == nil && p != nil {
			w, err = b.Studio.Do(t.ctx, t.Caller, w.ID, *p)
		}
		if err != nil {
			return cards.Card{}, err
		}
		return b.pictureCard(t, w, ""), nil
	})
	if fault.Is(err, fault.NotFound) && t.Words == "" && len(t.activity.handed()) == 0 {
		return b.howToBegin(t), nil
	}
	return card, err
}

// planOf reads the text of a plan; without one there is none.
func (b *Bot) planOf(t *Turn, words string) (*image.Plan, error) {
	if strings.TrimSpace(words) == "" {
		return nil, nil
	}
	p, err := b.plan(t, words)
	return &p, err
}

// onDesk is the first picture of the message, the file behind a link, or the latest picture on the person's desk.
func (b *Bot) onDesk(t *Turn, link string) (image.Work, error) {
	files := t.activity.handed()
	switch {
	case len(files) > 0:
		data, err := t.app.connector.Fetch(t.ctx, t.target(), files[0])
		if err != nil {
			return image.Work{}, err
		}
		return b.Studio.Take(t.ctx, t.Caller, pictureName(t, files[0]), data)
	case link != "":
		return b.Studio.OpenLink(t.ctx, t.Caller, link)
	}
	return b.latest(t)
}

// inHand is the picture that a command is about, whatever else was typed.
func (b *Bot) inHand(t *Turn) (image.Work, error) {
	link, _ := b.linked(t)
	return b.onDesk(t, link)
}

// pictureName is what a file is called; a pasted picture has no name of its own.
func pictureName(t *Turn, at Attachment) string {
	name := strings.TrimSpace(path.Base(strings.ReplaceAll(at.Name, `\`, "/")))
	if name == "." || name == "/" {
		name = ""
	}
	return clip(cmp.Or(name, t.Text("picture.unnamed")), 200)
}

// howToBegin tells somebody without a picture how to hand one over.
func (b *Bot) howToBegin(t *Turn) cards.Card {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("picture.none.title"), Text: t.Text("picture.none.text"), Next: t.steps("help")})
}

// pictureInfo tells what is known of a picture.
func (b *Bot) pictureInfo(t *Turn) (cards.Card, error) {
	w, err := b.inHand(t)
	if err != nil {
		return cards.Card{}, err
	}
	return b.infoCard(t, w)
}

func (b *Bot) infoCard(t *Turn, w image.Work) (cards.Card, error) {
	colours, err := b.Studio.Colours(t.ctx, t.Caller, w.ID)
	if err != nil {
		return cards.Card{}, err
	}
	file, err := b.fileFacts(t, w)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.PictureInfoView{Name: w.Name, Preview: b.preview(t, w), Alt: pictureAlt(t, w), Facts: append(pictureFacts(t, w.Before, colours), file...), Next: b.presets(t, w)}
	if w.Before.HasLocation {
		v.Warning = t.Text("picture.location")
	}
	return cards.PictureInfo(t.Lang, v), nil
}

// pictureFacts are the lines of the info card, without those that are not known.
func pictureFacts(t *Turn, f image.Facts, colours []image.Color) []cards.FactView {
	v := factsView(t, f)
	facts := []cards.FactView{
		{Label: t.Text("picture.fact.format"), Value: v.Format},
		{Label: t.Text("picture.fact.pixels"), Value: v.Pixels},
		{Label: t.Text("picture.fact.bytes"), Value: v.Bytes},
	}
	add := func(known bool, key, value string) {
		if known {
			facts = append(facts, cards.FactView{Label: t.Text(key), Value: value})
		}
	}
	add(f.Frames > 1, "picture.fact.frames", t.Lang.Number(f.Frames))
	add(f.DPI > 0, "picture.fact.dpi", t.Lang.Number(int(f.DPI+0.5)))
	add(f.Profile != "", "picture.fact.profile", clip(f.Profile, 80))
	add(f.HasMetadata, "picture.fact.metadata", t.Text("picture.metadata"))
	var shades []string
	for _, c := range colours {
		shades = append(shades, c.String())
	}
	add(len(shades) > 0, "picture.fact.colours", strings.Join(shades, "  "))
	return facts
}

// undoLatest and redoLatest are typed: they go on from wherever the picture is.
func (b *Bot) undoLatest(t *Turn) (cards.Card, error) {
	return b.moveLatest(t, b.Studio.Undo, "picture.nothing_to_undo")
}

func (b *Bot) redoLatest(t *Turn) (cards.Card, error) {
	return b.moveLatest(t, b.Studio.Redo, "picture.nothing_to_redo")
}

// undoPicture and redoPicture are buttons. Pressed twice, each takes one step.
func (b *Bot) undoPicture(t *Turn) (cards.Card, error) {
	return b.movePressed(t, b.Studio.Undo, "picture.nothing_to_undo")
}

func (b *Bot) redoPicture(t *Turn) (cards.Card, error) {
	return b.movePressed(t, b.Studio.Redo, "picture.nothing_to_redo")
}

// move is a step back or forward of a picture that is as it was at a moment.
type move func(ctx context.Context, who identity.Caller, id image.ID, at int) (image.Work, error)

func (b *Bot) moveLatest(t *Turn, m move, nothing string) (cards.Card, error) {
	w, err := b.onDesk(t, "")
	if err != nil {
		return cards.Card{}, err
	}
	return b.moved(t, m, w.ID, w.At, nothing)
}

func (b *Bot) movePressed(t *Turn, m move, nothing string) (cards.Card, error) {
	at, err := t.step()
	if err != nil {
		return cards.Card{}, err
	}
	return b.moved(t, m, image.ID(t.Param("id")), at, nothing)
}

// moved takes the step; nothing is the key of what is said when there is none to take.
func (b *Bot) moved(t *Turn, m move, id image.ID, at int, nothing string) (cards.Card, error) {
	w, err := m(t.ctx, t.Caller, id, at)
	if err != nil {
		return cards.Card{}, err
	}
	notice := ""
	if w.At == at {
		notice = t.Text(nothing)
	}
	return b.pictureCard(t, w, notice), nil
}

// applyPlan is a button that carries a plan. On a picture that has moved on since, it does nothing: pressed twice, it
// works once.
func (b *Bot) applyPlan(t *Turn) (cards.Card, error) {
	at, err := t.step()
	if err != nil {
		return cards.Card{}, err
	}
	p, err := b.plan(t, t.Param("plan"))
	if err != nil {
		return cards.Card{}, err
	}
	return b.inTime(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		w, err := b.Studio.DoAt(t.ctx, t.Caller, image.ID(t.Param("id")), at, p)
		if err != nil {
			return cards.Card{}, err
		}
		return b.pictureCard(t, w, ""), nil
	})
}

// aboutPicture is the button that asks for the facts.
func (b *Bot) aboutPicture(t *Turn) (cards.Card, error) {
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return cards.Card{}, err
	}
	return b.infoCard(t, w)
}

// step is the state of the picture that a button was made for.
func (t *Turn) step() (int, error) {
	at, err := strconv.Atoi(t.Param("at"))
	if err != nil {
		return 0, fault.New(fault.Invalid, "bot.step", "trouble.old_card")
	}
	return at, nil
}

func (b *Bot) pictureCard(t *Turn, w image.Work, notice string) cards.Card {
	v := cards.PictureView{ID: string(w.ID), At: w.At, Name: w.Name, Preview: b.preview(t, w), Alt: pictureAlt(t, w),
		Before: factsView(t, w.Before), After: factsView(t, w.After), Notice: notice, Undo: w.Undo, Redo: w.Redo,
		Next: b.firsts(t, w), More: b.offers(t, w), Posted: t.activity.Name != invokeExtended}
	if w.Before.W != w.After.W || w.Before.H != w.After.H {
		v.Before.Pixels = t.Text("picture.sides", "W", t.Lang.Number(w.Before.W), "H", t.Lang.Number(w.Before.H)) // the unit stands once, so that a phone needs one line
	}
	for _, done := range w.Plan.Describe() {
		v.Done = append(v.Done, done.Say(t.Text))
	}
	for _, note := range w.Notes {
		v.Notes = append(v.Notes, note.Say(t.Text))
	}
	return cards.Picture(t.Lang, v)
}

func factsView(t *Turn, f image.Facts) cards.PictureFacts {
	return cards.PictureFacts{Pixels: t.Text("picture.pixels", "W", t.Lang.Number(f.W), "H", t.Lang.Number(f.H)), Bytes: image.Bytes(f.Bytes).Say(t.Text), Format: image.FormatName(image.Format(f.Format))}
}

// pictureAlt is what a picture shows, as far as it is known: its name and what was done.
func pictureAlt(t *Turn, w image.Work) string {
	return image.AltText(w.Name, w.Plan, w.After).Say(t.Text)
}

// preview is the address of the picture as it is now; empty when people cannot reach the service by https.
func (b *Bot) preview(t *Turn, w image.Work) string {
	return b.Preview(t.Caller.Tenant, string(w.ID), w.Plan.String(), image.PreviewSide, t.Lang.Language())
}

// offers are what people often want, one press away.
func (b *Bot) offers(t *Turn, w image.Work) []cards.Step {
	offers := append(b.tools(t, w, image.ToolConvert), b.presets(t, w)...)
	if t.Caller.Place == identity.Personal && b.connected() {
		offers = append(offers, b.getStep(t, w))
	}
	return append(offers, cards.Step{Title: t.Text("step.info"), Verb: cards.PictureVerb(string(w.ID), w.At, "info")})
}

// firsts are the steps that stand on the card itself: what people do most, and the way out, which comes first as soon as
// something was done.
func (b *Bot) firsts(t *Turn, w image.Work) []cards.Step {
	var out []cards.Step
	switch {
	case b.connected():
		out = append(out, b.saveStep(t, w))
	case t.Caller.Place == identity.Personal:
		out = append(out, b.getStep(t, w))
	}
	tools := b.tools(t, w, image.ToolResize, image.ToolCrop, image.ToolRedact, image.ToolAnnotate)
	if w.Undo {
		return append(out, tools...)
	}
	return append(tools, out...)
}

func (b *Bot) getStep(t *Turn, w image.Work) cards.Step {
	return cards.Step{Title: t.Text("file.get"), Verb: cards.PictureVerb(string(w.ID), w.At, "file")}
}

// popular are the presets that people want most often, the first first.
var popular = []string{"teams card", "mail", "profile"}

func (b *Bot) presets(t *Turn, w image.Work) []cards.Step {
	var offers []cards.Step
	for _, name := range popular {
		if p, ok := image.FindPreset(name); ok {
			offers = append(offers, cards.Step{Title: t.Text(p.Key), Verb: cards.PictureVerb(string(w.ID), w.At, "do", p.Plan.String())})
		}
	}
	return offers
}

// imageHelp tells what can be typed to Image Pro.
func (b *Bot) imageHelp(t *Turn) (cards.Card, error) {
	return b.helpCard(t, imageCommands(t.Lang), t.steps("settings", "privacy")), nil
}

// imageExamples are the commands that help explains, in groups, the most useful first.
var imageExamples = []struct {
	group string
	words []string
}{
	{"change", []string{"resize", "crop", "redact", "text", "convert", "under", "rotate", "chain", "undo"}},
	{"files", []string{"images", "link", "save", "share", "file", "library", "info"}},
	{"many", []string{"several", "batch", "presets", "pin"}},
	{"you", []string{"announce", "settings", "me", "privacy"}},
}

func imageCommands(t cards.Texts) []cards.CommandView {
	var list []cards.CommandView
	for _, g := range imageExamples {
		for _, word := range g.words {
			list = append(list, cards.CommandView{Name: t.Text("help.image." + word + ".name"), Example: t.Text("help.image." + word + ".example"),
				Does: t.Text("help.image." + word + ".does"), Group: t.Text("help.image.group." + g.group)})
		}
	}
	return list
}

// PreviewFunc gives the signed address of a picture of a tenant after a plan, at most side pixels large.
type PreviewFunc func(t identity.Tenant, picture, plan string, side int, language string) string
