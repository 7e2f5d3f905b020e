package bot

import (
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// one is a picture of several that came with one message: what became of it, or why nothing did.
type one struct {
	name string
	work image.Work
	err  error
}

// editSeveral takes all pictures of a message, does the same to each, and answers with one card. It takes them one after
// the other, so that the pictures of one person do not keep those of others waiting.
func (b *Bot) editSeveral(t *Turn, files []Attachment, p *image.Plan) (cards.Card, error) {
	return b.inTime(t, b.severalSoFar(t, 0, len(files)), func(t *Turn, tell func(cards.Card)) (cards.Card, error) {
		all := make([]one, len(files))
		for i, file := range files {
			all[i] = b.editOne(t, file, p)
			if fault.Is(all[i].err, fault.SignIn) {
				return cards.Card{}, all[i].err
			}
			tell(b.severalSoFar(t, i+1, len(files)))
		}
		return b.severalCard(t, all, p), nil
	})
}

func (b *Bot) editOne(t *Turn, file Attachment, p *image.Plan) one {
	o := one{name: pictureName(t, file)}
	data, err := t.app.connector.Fetch(t.ctx, t.target(), file)
	if err == nil {
		o.work, err = b.Studio.Take(t.ctx, t.Caller, o.name, data)
	}
	if err == nil && p != nil {
		var done image.Work
		if done, err = b.Studio.Do(t.ctx, t.Caller, o.work.ID, *p); err == nil {
			o.work = done
		}
	}
	o.err = err
	return o
}

// severalSoFar says how far the work on several pictures is.
func (b *Bot) severalSoFar(t *Turn, done, of int) cards.Card {
	return cards.Working(t.Lang, cards.WorkingView{Title: t.Text("edit.several.working", "Count", of), Text: t.Text("edit.several.done", "Count", done, "Of", of)})
}

func (b *Bot) severalCard(t *Turn, all []one, p *image.Plan) cards.Card {
	v := cards.PicturesView{Title: t.Text("edit.several.title", "Count", len(all)), Note: t.Text("edit.several.next"), Next: t.steps("help")}
	if p != nil {
		v.Note = t.Text("edit.several.same") + " " + v.Note
	}
	var made []string
	for _, o := range all {
		v.Rows = append(v.Rows, b.pictureRow(t, o))
		if o.err == nil {
			made = append(made, string(o.work.ID)+"."+strconv.Itoa(o.work.At))
		}
	}
	if len(made) > 0 && t.Caller.Place == identity.Personal {
		v.Next = append([]cards.Step{{Title: t.Text("file.all"), Verb: cards.FilesVerb(made)}}, v.Next...)
	}
	return cards.Pictures(t.Lang, v)
}

// pictureRow is a picture of a list. One that was read, but that the plan could not be done to, can be worked on too.
func (b *Bot) pictureRow(t *Turn, o one) cards.PictureRow {
	row := cards.PictureRow{Name: o.name}
	if o.err != nil {
		row.Problem = b.sentence(t, o.err)
	}
	if w := o.work; w.ID != "" {
		before, after := factsView(t, w.Before), factsView(t, w.After)
		row.Line, row.Preview, row.Alt = sizes(t, w.Before, w.After), b.preview(t, w), pictureAlt(t, w)
		row.Detail = strings.Join([]string{arrow(before.Bytes, after.Bytes), arrow(before.Format, after.Format)}, " · ")
		row.Verb, row.Open = cards.PictureVerb(string(w.ID), w.At, "show"), t.Text("edit.several.open", "Name", clip(o.name, 80))
		for _, note := range w.Notes {
			row.Notes = append(row.Notes, note.Say(t.Text))
		}
	}
	return row
}

// arrow is a value before and after, once where it stays.
func arrow(before, after string) string {
	if before == after {
		return after
	}
	return before + " → " + after
}
