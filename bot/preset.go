package bot

import (
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// plan reads a plan as people type it, with the presets of their organisation.
func (b *Bot) plan(t *Turn, text string) (image.Plan, error) {
	p, err := image.Parse(text)
	if err == nil || b.Presets == nil {
		return p, err // no name of a preset can mean what a step means already
	}
	own, failed := b.Presets.Own(t.ctx, t.Caller.Tenant)
	if failed != nil {
		return image.Plan{}, failed
	}
	if len(own) == 0 {
		return image.Plan{}, err
	}
	return image.Parse(text, own...)
}

// showPresets lists the plans with names; with the name of one behind the command, it is applied.
func (b *Bot) showPresets(t *Turn) (cards.Card, error) {
	if t.Words != "" {
		return b.editPicture(t)
	}
	return b.presetsCard(t, "")
}

func (b *Bot) presetsCard(t *Turn, notice string, next ...cards.Step) (cards.Card, error) {
	own, err := b.Presets.List(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.PresetsView{Notice: notice, Hint: t.Text("preset.hint", "Mention", t.mention()), Next: next}
	if w, err := b.latest(t); err == nil {
		v.Picture, v.At = string(w.ID), w.At
		v.Hint = t.Text("preset.hint.picture", "Name", w.Name, "Mention", t.mention())
	}
	for _, p := range own {
		v.Own = append(v.Own, cards.PresetRow{Key: p.Name, Name: p.Name, Does: describe(t.Lang, p.Plan), MayDelete: p.MayDelete})
	}
	for _, p := range image.Presets() {
		v.Builtin = append(v.Builtin, cards.PresetRow{Key: p.Name, Name: t.Text(p.Key), Does: describe(t.Lang, p.Plan)})
	}
	return cards.Presets(t.Lang, v), nil
}

// savePreset gives a plan a name: what stands behind "=", or what was done to the picture that the person works on.
func (b *Bot) savePreset(t *Turn) (cards.Card, error) {
	name, text, typed := strings.Cut(t.Words, "=")
	if strings.TrimSpace(name) == "" {
		return b.presetsCard(t, t.Text("preset.how", "Mention", t.mention()))
	}
	if !typed {
		return b.saveDone(t, name)
	}
	p, err := b.plan(t, text)
	if err != nil {
		return cards.Card{}, err
	}
	return b.savePlan(t, name, p)
}

func (b *Bot) saveDone(t *Turn, name string) (cards.Card, error) {
	w, err := b.latest(t)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && len(w.Plan.Steps) == 0 && w.Plan.Output == (image.Output{}):
		return cards.Card{}, fault.New(fault.NotFound, "bot.savePreset", "preset.nothing_done")
	case err != nil:
		return cards.Card{}, err
	}
	return b.savePlan(t, name, w.Plan)
}

func (b *Bot) savePlan(t *Turn, name string, p image.Plan) (cards.Card, error) {
	saved, before, err := b.Presets.Save(t.ctx, t.Caller, name, p)
	if err != nil {
		return cards.Card{}, err
	}
	if before == nil || before.String() == p.String() {
		return b.presetsCard(t, t.Text("preset.saved", "Name", saved.Name))
	}
	back := t.offer(nil, t.Text("preset.back"), cards.SavePresetVerb(saved.Name, before.String()))
	return b.presetsCard(t, t.Text("preset.replaced", "Name", saved.Name), back...)
}

// savePresetAgain is the button that brings a plan back.
func (b *Bot) savePresetAgain(t *Turn) (cards.Card, error) {
	p, err := image.Parse(t.Param("plan"))
	if err != nil {
		return cards.Card{}, err
	}
	return b.savePlan(t, t.Param("name"), p)
}

func (b *Bot) deletePreset(t *Turn) (cards.Card, error) {
	if t.Words == "" {
		return b.presetsCard(t, t.Text("preset.which", "Mention", t.mention()))
	}
	return b.removePreset(t, t.Words)
}

func (b *Bot) dropPreset(t *Turn) (cards.Card, error) { return b.removePreset(t, t.Param("name")) }

func (b *Bot) removePreset(t *Turn, name string) (cards.Card, error) {
	gone, err := b.Presets.Delete(t.ctx, t.Caller, name)
	if err != nil {
		return cards.Card{}, err
	}
	back := t.offer(nil, t.Text("preset.back"), cards.SavePresetVerb(gone.Name, gone.Plan.String()))
	return b.presetsCard(t, t.Text("preset.deleted", "Name", gone.Name), back...)
}

// applyPreset is a button that carries the name of a preset; see applyPlan.
func (b *Bot) applyPreset(t *Turn) (cards.Card, error) {
	at, err := t.step()
	if err != nil {
		return cards.Card{}, err
	}
	own, err := b.Presets.Own(t.ctx, t.Caller.Tenant)
	if err != nil {
		return cards.Card{}, err
	}
	p, ok := image.FindPreset(t.Param("name"), own...)
	if !ok {
		return cards.Card{}, fault.New(fault.NotFound, "bot.applyPreset", "preset.none", "Name", shorten(t.Param("name"), 80))
	}
	w, err := b.Studio.DoAt(t.ctx, t.Caller, image.ID(t.Param("id")), at, p.Plan)
	if err != nil {
		return cards.Card{}, err
	}
	return b.pictureCard(t, w, ""), nil
}
