package bot

import (
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
)

// undoWhole takes back the step that a change goes back with; whole is false when the change is taken back alone.
func (b *Bot) undoWhole(t *Turn, id contact.ChangeID) (card cards.Card, whole bool, err error) {
	step, err := b.Books.WholeStep(t.ctx, t.Caller, id)
	if err != nil || step == "" {
		return cards.Card{}, false, err
	}
	done, err := b.Books.UndoStep(t.ctx, t.Caller, step, t.Deed())
	if err != nil {
		return cards.Card{}, true, err
	}
	return cards.Done(t.Lang, cards.DoneView{Sentence: undoneText(t, step, done), Next: t.steps("find", "trash"), Posted: asMessageOr(t) == asMessage}), true, nil
}

// undoneText says what became of taking back a step.
func undoneText(t *Turn, step contact.ChangeID, done contact.Undone) string {
	if done.Back == 0 && done.Stayed == 0 {
		return t.Text("undone.before")
	}
	if done.Back == 0 {
		return t.Text("undone.nothing")
	}
	key := "undone.step"
	switch step.Kind() {
	case contact.Merging:
		key = "undone.merge"
	case contact.Unmerging:
		key = "undone.unmerge"
	}
	sentences := []string{t.Text(key, "Count", done.Back)}
	if done.Stayed > 0 {
		sentences = append(sentences, t.Text("undone.stayed", "Count", done.Stayed))
	}
	return strings.Join(sentences, " ")
}
