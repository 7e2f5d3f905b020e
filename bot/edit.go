package bot

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// input is an input of a dialog on a picture: a choice where it has options, else text. Label, hint and the labels of
// options are keys.
type input struct {
	id, label, hint string
	example         string
	options         []option
	lines           bool
	most            int
}

type option struct{ value, label string }

// toolTitle is the key of what a tool is called.
func toolTitle(tool image.Tool) string {
	return map[image.Tool]string{image.ToolResize: "edit.resize", image.ToolCrop: "edit.crop", image.ToolRedact: "edit.redact",
		image.ToolAnnotate: "edit.annotate", image.ToolConvert: "edit.convert"}[tool]
}

// editInputs are the inputs of a tool's dialog; image.FormPlan reads them. The first option is the usual one.
func editInputs(tool image.Tool) []input {
	switch tool {
	case image.ToolResize:
		return []input{
			{id: "mode", label: "edit.mode", options: []option{{"fit", "edit.mode.fit"}, {"fill", "edit.mode.fill"}, {"force", "edit.mode.force"},
				{"width", "edit.mode.width"}, {"height", "edit.mode.height"}, {"percent", "edit.mode.percent"}, {"side", "edit.mode.side"}}},
			{id: "w", label: "edit.w", example: "800", most: 20},
			{id: "h", label: "edit.h", example: "600", most: 20},
			{id: "enlarge", label: "edit.enlarge", options: []option{{"false", "edit.no"}, {"true", "edit.yes"}}},
			{id: "at", label: "edit.keep_part", options: gravities()},
		}
	case image.ToolCrop:
		return []input{
			{id: "ratio", label: "edit.ratio", example: "16:9", most: 20},
			{id: "at", label: "edit.keep_part", options: gravities()},
			{id: "box", label: "edit.box", hint: "edit.box.hint", example: "10%,10% 50%x50%", most: 80},
		}
	case image.ToolRedact:
		return []input{
			{id: "boxes", label: "edit.boxes", hint: "edit.boxes.hint", example: "10%,40% 50%x8%", lines: true, most: 2000},
			{id: "how", label: "edit.how", hint: "edit.how.hint", options: []option{{"solid", "edit.how.solid"}, {"pixelate", "edit.how.pixelate"}, {"blur", "edit.how.blur"}}},
			{id: "color", label: "edit.color", options: colors("black")},
		}
	case image.ToolAnnotate:
		return []input{
			{id: "kind", label: "edit.kind", options: []option{{"text", "edit.kind.text"}, {"arrow", "edit.kind.arrow"}, {"box", "edit.kind.box"}, {"marker", "edit.kind.marker"}}},
			{id: "text", label: "edit.words", lines: true, most: 500},
			{id: "place", label: "edit.place", hint: "edit.place.hint", example: "10%,10%", most: 80},
			{id: "to", label: "edit.to", example: "40%,40%", most: 40},
			{id: "number", label: "edit.number", example: "1", most: 3},
			{id: "color", label: "edit.color", options: append([]option{{image.Usual, "edit.usual"}}, colors("red")...)},
			{id: "size", label: "edit.size", example: "5%", most: 20},
		}
	}
	return []input{
		{id: "format", label: "edit.format", options: []option{{image.Usual, "edit.format.same"}, {"jpeg", "edit.format.jpeg"}, {"png", "edit.format.png"},
			{"webp", "edit.format.webp"}, {"gif", "edit.format.gif"}, {"avif", "edit.format.avif"}}},
		{id: "quality", label: "edit.quality", example: "80", most: 3},
		{id: "max", label: "edit.max", example: "200 KB", most: 20},
		{id: "keep", label: "edit.metadata", hint: "edit.metadata.hint", options: []option{{"false", "edit.no"}, {"true", "edit.yes"}}},
	}
}

// gravities are where something is kept, the one that looks at the picture first.
func gravities() []option {
	return []option{{"smart", "edit.at.smart"}, {"centre", "edit.at.centre"}, {"top", "edit.at.top"}, {"bottom", "edit.at.bottom"}, {"left", "edit.at.left"},
		{"right", "edit.at.right"}, {"top-left", "edit.at.top_left"}, {"top-right", "edit.at.top_right"}, {"bottom-left", "edit.at.bottom_left"}, {"bottom-right", "edit.at.bottom_right"}}
}

// colors are the solid colours that have a name, the usual one first.
func colors(usual string) []option {
	names, keys := image.Colors()
	var all []option
	for i, name := range names {
		if o := (option{name, keys[i]}); name == usual {
			all = append([]option{o}, all...)
		} else {
			all = append(all, o)
		}
	}
	return all
}

// editing is a dialog on a picture: what was opened or filled in, and the picture as it is now.
type editing struct {
	tool     image.Tool
	work     image.Work // as it is
	shown    image.Work // as the preview shows it
	values   map[string]string
	problems map[string]error
	note     string
}

// openEdit opens a dialog on a picture as it is now, even from a card that shows it as it was.
func (b *Bot) openEdit(t *Turn) (Dialog, error) {
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return Dialog{}, err
	}
	return b.editDialog(t, editing{tool: toolOf(t.Param("tool")), work: w, shown: w}), nil
}

// toolOf is the tool of a word; of an unknown one the first.
func toolOf(word string) image.Tool {
	for _, tool := range image.Tools() {
		if word == string(tool) {
			return tool
		}
	}
	return image.ToolResize
}

func (b *Bot) editDialog(t *Turn, e editing) Dialog {
	id, tool := string(e.work.ID), string(e.tool)
	title := t.Text(toolTitle(e.tool))
	v := cards.EditView{Title: title, Verb: cards.PictureVerb(id, e.work.At, "edit", tool), Do: t.Text("edit.apply"), Try: cards.PictureVerb(id, e.work.At, "try", tool),
		Form: rand.Text(), Posted: t.posted(), Note: e.note, Preview: b.preview(t, e.shown), Alt: pictureAlt(t, e.shown), Facts: sizes(t, e.work.After, e.shown.After)}
	for _, note := range e.shown.Notes {
		v.Facts += ". " + note.Say(t.Text)
	}
	for _, in := range editInputs(e.tool) {
		v.Inputs = append(v.Inputs, b.inputView(t, in, e))
	}
	return Dialog{Title: title, Card: cards.EditDialog(t.Lang, v), Size: "large"}
}

func (b *Bot) inputView(t *Turn, in input, e editing) cards.InputView {
	v := cards.InputView{ID: in.id, Label: t.Text(in.label), Value: clip(e.values[in.id], maxValue), Example: in.example, Lines: in.lines, Most: in.most}
	if in.hint != "" {
		v.Hint = t.Text(in.hint)
	}
	for _, o := range in.options {
		v.Choices = append(v.Choices, cards.ChoiceView{Title: t.Text(o.label), Value: o.value})
	}
	if v.Value == "" && len(in.options) > 0 {
		v.Value = in.options[0].value
	}
	if err := e.problems[in.id]; err != nil {
		v.Problem = b.sentence(t, err)
	}
	return v
}

// sizes is the size of a picture before and after, once where it stays.
func sizes(t *Turn, before, after image.Facts) string {
	now := t.Text("picture.pixels", "W", t.Lang.Number(after.W), "H", t.Lang.Number(after.H))
	if before.W == after.W && before.H == after.H {
		return now
	}
	return t.Text("picture.sides", "W", t.Lang.Number(before.W), "H", t.Lang.Number(before.H)) + " → " + now
}

// filledIn reads a filled-in dialog. When its plan cannot be done, e.problems says why.
func (b *Bot) filledIn(t *Turn, f Form) (e editing, p image.Plan, err error) {
	e.tool, e.values = toolOf(t.Param("tool")), f.Values
	if e.work, err = b.Studio.Look(t.Caller, image.ID(t.Param("id"))); err != nil {
		return e, p, err
	}
	e.shown = e.work
	if p, e.problems = image.FormPlan(e.tool, f.Values); len(e.problems) > 0 {
		return e, p, nil
	}
	tried, err := b.Studio.Try(t.Caller, e.work.ID, p)
	if fault.Is(err, fault.Invalid) {
		e.problems = map[string]error{e.tool.Main(): err}
		return e, p, nil
	}
	if err == nil {
		e.shown = tried
	}
	return e, p, err
}

// tryEdit shows the dialog again, with the picture as it would be. Nothing is done.
func (b *Bot) tryEdit(t *Turn, f Form) (Outcome, error) {
	e, _, err := b.filledIn(t, f)
	if err != nil {
		return Outcome{}, err
	}
	return asked(b.editDialog(t, e))
}

// applyEdit does what the dialog says and closes it; the picture is shown where the dialog was opened. A form that is sent
// twice works once, and one for a picture that has changed since comes back and says so.
func (b *Bot) applyEdit(t *Turn, f Form) (Outcome, error) {
	e, p, err := b.filledIn(t, f)
	switch {
	case err != nil:
		return Outcome{}, err
	case len(e.problems) > 0:
		return asked(b.editDialog(t, e))
	case !b.posting.first(t.formDeed(f).Key, b.now()):
		return Outcome{}, nil
	}
	if at, err := strconv.Atoi(t.Param("at")); err != nil || at != e.work.At {
		e.note = t.Text("edit.moved_on")
		return asked(b.editDialog(t, e))
	}
	w, err := b.begin(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		done, err := b.Studio.DoAt(t.ctx, t.Caller, e.work.ID, e.work.At, p)
		if err != nil {
			return cards.Card{}, err
		}
		return b.pictureCard(t, done, ""), nil
	})
	if err != nil {
		return b.notApplied(t, e, err)
	}
	return b.applied(t, e, w)
}

// applied answers the dialog: with what was done, with what went wrong, or with nothing while the work goes on.
func (b *Bot) applied(t *Turn, e editing, w *work) (Outcome, error) {
	extended := t.activity.Name == invokeExtended
	switch {
	case !w.finished(t.ctx) && w.goesOn(t.ctx):
		if extended {
			return Outcome{Message: t.Text("edit.later")}, nil
		}
		if t.posted() {
			b.later(t, func(t *Turn) { _ = b.replace(t, t.activity.ReplyToID, w.waiting()) }) // what comes of it is shown in any case
		}
		return Outcome{}, nil
	case w.err != nil:
		return b.notApplied(t, e, w.err)
	case extended:
		row := cards.Thumbnail{Title: clip(e.work.Name, 200)}
		result := newResult(w.card, row)
		return Outcome{Result: &result}, nil
	}
	b.later(t, func(t *Turn) { b.show(t, t.answered(t.ctx), w.card) })
	return Outcome{}, nil
}

// notApplied gives the dialog back with what was typed.
func (b *Bot) notApplied(t *Turn, e editing, err error) (Outcome, error) {
	if k := fault.KindOf(err); k == fault.SignIn || k == fault.NotFound {
		return Outcome{}, err
	}
	e.shown, e.note = e.work, b.sentence(t, err)
	return asked(b.editDialog(t, e))
}

// later does what a person need not wait for.
func (b *Bot) later(t *Turn, do func(*Turn)) {
	b.replies.done.Go(func() {
		ctx, cancel := context.WithTimeout(b.replies.sending, laterTry)
		defer cancel()
		own := *t
		own.ctx = ctx
		_, err := guard(ctx, func() (struct{}, error) { do(&own); return struct{}{}, nil })
		if err != nil {
			own.log(slog.LevelError, "what was to be done after an answer was not", slog.Any("error", err))
		}
	})
}

// tools are the buttons that open dialogs on a picture.
func (b *Bot) tools(t *Turn, w image.Work, tools ...image.Tool) []cards.Step {
	var steps []cards.Step
	for _, tool := range tools {
		steps = append(steps, cards.Step{Title: t.Text(toolTitle(tool)) + "…", Verb: cards.PictureVerb(string(w.ID), w.At, "edit", string(tool))})
	}
	return steps
}

// showPicture shows a picture of a list in a message of its own.
func (b *Bot) showPicture(t *Turn) (cards.Card, error) {
	w, err := b.Studio.TakeUp(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return cards.Card{}, err
	}
	return b.pictureCard(t, w, ""), nil
}

// linked finds the link to a file in what was typed, also where Teams shows the name of the file in its place, and gives the
// words without it. Words that are a plan are left alone.
func (b *Bot) linked(t *Turn) (link, words string) {
	link, words = image.FindLink(t.Words)
	for _, l := range t.activity.anchors() {
		if link == "" && image.IsDriveLink(l.address) {
			link, words = l.address, strings.TrimSpace(strings.Replace(t.Words, l.text, " ", 1))
		}
	}
	if link == "" {
		return "", t.Words
	}
	if _, err := b.plan(t, t.Words); err == nil { // a text to write on a picture may hold an address
		return "", t.Words
	}
	return link, words
}
