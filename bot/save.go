package bot

import (
	"crypto/rand"
	"strings"

	"teamspro/cards"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// What a save does with what is in its way, as buttons and the dialog carry it.
const (
	saveAsk   = "ask"   // leave everything as it is, and ask
	saveBoth  = "both"  // the drive finds another name
	saveOver  = "over"  // over the file of that name, or over what somebody changed
	saveKnown = "known" // although the history of the file shows what was covered
)

// answered is a wish with the answer to what was in its way. Whoever gets as far as a change by somebody else knows of the
// history, and whoever knows of the history of another file wants it replaced.
func answered(w image.Wish, how string) image.Wish {
	switch how {
	case saveBoth:
		w.Clash = image.KeepBoth
	case saveOver:
		w.Clash, w.Knowing = image.Over, w.Mode == image.NewVersion
	case saveKnown:
		w.Knowing = true
		if w.Mode == image.NewFile {
			w.Clash = image.Over
		}
	}
	return w
}

// saveTyped answers "save as harbour.webp"; without a name it asks what the picture shall become.
func (b *Bot) saveTyped(t *Turn) (cards.Card, error) {
	if err := b.Gallery.Ready(t.Caller); err != nil {
		return cards.Card{}, err
	}
	if t.Words == "" {
		w, err := b.inHand(t)
		if err != nil {
			return cards.Card{}, err
		}
		return b.askSave(t, w, ""), nil
	}
	return b.saveLatest(t, image.Wish{Mode: image.NewFile, Name: t.Words})
}

// saveVersion answers "save version". With more words it may be a name, and is asked about.
func (b *Bot) saveVersion(t *Turn) (cards.Card, error) {
	if t.Words != "" {
		t.Words = ""
		return b.saveTyped(t)
	}
	return b.saveLatest(t, image.Wish{Mode: image.NewVersion})
}

// saveLatest saves the picture that the person worked on last. A message that comes again is answered with what it saved,
// even when the picture is not on the desk any more.
func (b *Bot) saveLatest(t *Turn, wish image.Wish) (cards.Card, error) {
	if s, done, err := b.Gallery.Repeated(t.ctx, t.Caller, t.Deed()); done || err != nil {
		return b.savedOr(t, s, err)
	}
	w, err := b.inHand(t)
	if err != nil {
		return cards.Card{}, err
	}
	return b.save(t, w, wish, t.Deed())
}

// savedAlt are our words for what a picture becomes. They stay with the file, so they call it as it is called from then on, and
// not as a picture was called that was only handed over.
func savedAlt(t *Turn, w image.Work, wish image.Wish) string {
	if wish.Mode == image.NewFile && wish.Name != "" {
		w.Name = wish.Name
	}
	return pictureAlt(t, w)
}

func (b *Bot) savedOr(t *Turn, s image.Saved, err error) (cards.Card, error) {
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Item(t.Lang, b.savedView(t, s)), nil
}

func (b *Bot) save(t *Turn, w image.Work, wish image.Wish, deed identity.Deed) (cards.Card, error) {
	wish.AltElse = savedAlt(t, w, wish)
	s, err := b.Gallery.Save(t.ctx, t.Caller, w.ID, wish, deed)
	if err != nil {
		if card, asked := b.inTheWay(t, w, wish, err); asked {
			return card, nil
		}
	}
	return b.savedOr(t, s, err)
}

// saveButton names a press by what its button does: another press of the same is the same wish.
func (t *Turn) saveButton() identity.Deed {
	parts := []string{"save", string(t.Caller.Person), t.Param("id"), t.Param("at"), t.route.Pattern, t.Param("how"), t.Param("name")}
	return identity.Deed{Key: strings.Join(parts, "|"), Surface: string(t.route.Surface)}
}

// pressVersion and pressFile are the buttons that save.
func (b *Bot) pressVersion(t *Turn) (cards.Card, error) {
	return b.savePressed(t, image.Wish{Mode: image.NewVersion})
}

func (b *Bot) pressFile(t *Turn) (cards.Card, error) {
	return b.savePressed(t, image.Wish{Mode: image.NewFile, Name: t.Param("name")})
}

// savePressed saves the picture as the button's card showed it; one that has moved on since is shown instead.
func (b *Bot) savePressed(t *Turn, wish image.Wish) (cards.Card, error) {
	at, err := t.step()
	if err != nil {
		return cards.Card{}, err
	}
	deed := t.saveButton()
	if s, done, err := b.Gallery.Repeated(t.ctx, t.Caller, deed); done || err != nil {
		return b.savedOr(t, s, err)
	}
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return cards.Card{}, err
	}
	if w.At != at {
		return b.pictureCard(t, w, t.Text("save.moved_on")), nil
	}
	return b.save(t, w, answered(wish, t.Param("how")), deed)
}

// askSavePicture is the button that asks what a picture shall become.
func (b *Bot) askSavePicture(t *Turn) (cards.Card, error) {
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return cards.Card{}, err
	}
	return b.askSave(t, w, ""), nil
}

func (b *Bot) saveStep(t *Turn, w image.Work) cards.Step {
	return cards.Step{Title: t.Text("step.save"), Verb: cards.PictureVerb(string(w.ID), w.At, "save")}
}

func (b *Bot) versionStep(t *Turn, w image.Work, how, key string) cards.Step {
	return cards.Step{Title: t.Text(key), Verb: cards.PictureVerb(string(w.ID), w.At, "version", how)}
}

func (b *Bot) fileStep(t *Turn, w image.Work, how, name, key string) cards.Step {
	return cards.Step{Title: t.Text(key), Verb: cards.PictureVerb(string(w.ID), w.At, "new", how, name)}
}

func dialogStep(t *Turn, w image.Work) cards.Step {
	return cards.Step{Title: t.Text("step.save_as"), Verb: cards.SaveVerb(string(w.ID))}
}

// askSave offers what a picture can become: the first way leaves the original as it is. Before stands a sentence, if any.
func (b *Bot) askSave(t *Turn, w image.Work, before string) cards.Card {
	name := image.ProposeName(w, t.Text)
	file, isFile := w.File()
	v := cards.NoteView{Title: t.Text("save.title", "Name", shorten(w.Name, maxNameText)), Next: []cards.Step{b.fileStep(t, w, saveAsk, name, "step.save_file"), dialogStep(t, w)}}
	said := []string{before, t.Text("save.proposed", "Name", name)}
	if promised, ok := image.FormatOf(file.Name); isFile && w.Unsaved && ok && promised == image.Format(w.After.Format) {
		said = append(said, t.Text("save.version", "Name", shorten(file.Name, maxNameText)))
		v.Next = append(v.Next, b.versionStep(t, w, saveAsk, "step.save_version"))
	}
	v.Text = strings.TrimSpace(strings.Join(said, "\n\n"))
	return cards.Note(t.Lang, v)
}

// inTheWay asks about what keeps a save from being done; false for what only a sentence can be said of.
func (b *Bot) inTheWay(t *Turn, w image.Work, wish image.Wish, err error) (cards.Card, bool) {
	v := cards.NoteView{Title: t.Text("save.not_yet"), Text: b.sentence(t, err)}
	switch textOf(err) {
	case "image.save.exists":
		v.Next = []cards.Step{b.fileStep(t, w, saveBoth, wish.Name, "step.save_both"), b.fileStep(t, w, saveOver, wish.Name, "step.save_replace"), dialogStep(t, w)}
	case "image.save.changed":
		v.Next = []cards.Step{dialogStep(t, w), b.overStep(t, w, wish)}
		if file, ok := w.File(); ok {
			v.Next = append(v.Next, cards.Step{Title: t.Text("step.look_at"), Verb: cards.ItemVerb(file.Ref.String())})
		}
	case "image.save.exposes":
		known := b.versionStep(t, w, saveKnown, "step.save_known")
		if wish.Mode == image.NewFile {
			known = b.fileStep(t, w, saveKnown, wish.Name, "step.save_known")
		}
		v.Next = []cards.Step{b.fileStep(t, w, saveAsk, image.ProposeName(w, t.Text), "step.save_file"), dialogStep(t, w), known}
	case "image.save.no_file", "image.save.format", "image.save.nothing":
		v.Next = []cards.Step{b.fileStep(t, w, saveAsk, image.ProposeName(w, t.Text), "step.save_file"), dialogStep(t, w)}
	case "image.save.no_name", "image.save.long_name", "image.save.bad_name":
		v.Next = []cards.Step{dialogStep(t, w)}
	default:
		return cards.Card{}, false
	}
	return cards.Note(t.Lang, v), true
}

// overStep saves over what somebody changed meanwhile.
func (b *Bot) overStep(t *Turn, w image.Work, wish image.Wish) cards.Step {
	if wish.Mode == image.NewFile {
		return b.fileStep(t, w, saveKnown, wish.Name, "step.save_over")
	}
	return b.versionStep(t, w, saveOver, "step.save_over")
}

// savedView tells what a picture became, and how to go back.
func (b *Bot) savedView(t *Turn, s image.Saved) cards.ItemView {
	p, err := b.Gallery.Properties(t.ctx, t.Caller, s.Item.Ref)
	if err != nil {
		p = image.Properties{} // the file is saved; it is shown by its name
	}
	v := b.itemView(t, s.Item, p)
	name := shorten(s.Item.Name, maxNameText)
	v.Notice = t.Text("save.done.file", "Name", name)
	if s.Mode == image.NewVersion {
		v.Notice, v.Remark = t.Text("save.done.version", "Name", name), t.Text("save.history")
	}
	if s.Exposed {
		v.Warnings = append(v.Warnings, t.Text("save.exposed"))
	}
	if s.Unkept {
		v.Warnings = append(v.Warnings, t.Text("save.unkept"))
	}
	ref := s.Item.Ref.String()
	v.Next = []cards.Step{{Title: t.Text("step.share"), Verb: cards.ItemVerb(ref, "share")}}
	if b.Pins != nil {
		v.Next = append(v.Next, cards.Step{Title: t.Text("step.pin"), Verb: cards.PinVerb(ref, "")})
	}
	v.Next = append(v.Next, cards.Step{Title: t.Text("step.edit_image"), Verb: cards.ItemVerb(ref, "open")}, cards.Step{Title: t.Text("step.info"), Verb: cards.ItemVerb(ref, "info")})
	return v
}

// openSave opens the dialog to save a picture.
func (b *Bot) openSave(t *Turn) (Dialog, error) {
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return Dialog{}, err
	}
	v := cards.SaveForm{Form: rand.Text(), Values: map[string]string{cards.InputMode: string(image.NewFile), cards.InputName: image.ProposeName(w, t.Text)}}
	alt := pictureAlt(t, w)
	if file, ok := w.File(); ok {
		p, err := b.Gallery.Properties(t.ctx, t.Caller, file.Ref)
		if err != nil {
			return Dialog{}, err
		}
		v.Values[cards.InputTitle], v.Values[cards.InputTags] = p.Title, strings.Join(p.Tags, ", ")
		if p.Alt != "" {
			alt = p.Alt
		}
	}
	v.Values[cards.InputAlt] = alt
	return b.saveDialog(t, w, v)
}

func (b *Bot) saveDialog(t *Turn, w image.Work, v cards.SaveForm) (Dialog, error) {
	folders, err := b.Gallery.SaveFolders(t.ctx, t.Caller, w)
	if err != nil {
		return Dialog{}, err
	}
	v.ID, v.Folders = string(w.ID), folderChoices(folders)
	if v.Values[cards.InputFolder] == "" && len(folders) > 0 {
		v.Values[cards.InputFolder] = folders[0].Ref.String()
	}
	if file, ok := w.File(); ok {
		v.Modes = []cards.ChoiceView{{Title: t.Text("save.mode.file"), Value: string(image.NewFile)},
			{Title: t.Text("save.mode.version", "Name", shorten(file.Name, 80)), Value: string(image.NewVersion)}}
	}
	return Dialog{Title: t.Text("save.title", "Name", shorten(w.Name, maxNameText)), Card: cards.SaveDialog(t.Lang, v), Size: "medium"}, nil
}

// submitSave takes the dialog. What is in the way is asked in place, and nothing that was typed is lost.
func (b *Bot) submitSave(t *Turn, f Form) (Outcome, error) {
	if s, done, err := b.Gallery.Repeated(t.ctx, t.Caller, t.formDeed(f)); done || err != nil {
		return b.savedOutcome(t, s, err)
	}
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return Outcome{}, err
	}
	wish, err := saveWish(f)
	if err != nil {
		return Outcome{}, err
	}
	wish.AltElse = savedAlt(t, w, wish)
	s, err := b.Gallery.Save(t.ctx, t.Caller, w.ID, wish, t.formDeed(f))
	v := cards.SaveForm{Form: f.Values["form"], Values: f.Values, Clashes: clashes(t, wish.Mode, textOf(err))}
	switch {
	case err == nil:
		return b.savedOutcome(t, s, nil)
	case strings.HasSuffix(textOf(err), "_name"):
		v.Problems = map[string]string{cards.InputName: b.sentence(t, err)}
	case len(v.Clashes) > 0 || strings.HasPrefix(textOf(err), "image.save."):
		v.Note = b.sentence(t, err)
	default:
		return Outcome{}, err
	}
	d, err := b.saveDialog(t, w, v)
	return Outcome{Dialog: &d}, err
}

// saveWish reads the dialog. Without a choice of what to become, it is a new file.
func saveWish(f Form) (image.Wish, error) {
	w := image.Wish{Mode: image.NewFile, Name: f.Values[cards.InputName], Title: strings.TrimSpace(f.Values[cards.InputTitle]), Alt: strings.TrimSpace(f.Values[cards.InputAlt])}
	if f.Values[cards.InputMode] == string(image.NewVersion) {
		w.Mode = image.NewVersion
	}
	for tag := range strings.SplitSeq(f.Values[cards.InputTags], ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			w.Tags = append(w.Tags, tag)
		}
	}
	w = answered(w, f.Values[cards.InputClash])
	if f.Values[cards.InputFolder] == "" {
		return w, nil
	}
	var err error
	w.Folder, err = image.ParseRef(f.Values[cards.InputFolder])
	return w, err
}

// clashes are the answers that the dialog offers to what is in the way; the first changes nothing that is there.
func clashes(t *Turn, m image.SaveMode, text string) []cards.ChoiceView {
	choices := func(keys ...string) (list []cards.ChoiceView) {
		for i := 0; i+1 < len(keys); i += 2 {
			list = append(list, cards.ChoiceView{Title: t.Text(keys[i]), Value: keys[i+1]})
		}
		return list
	}
	switch text {
	case "image.save.exists":
		return choices("save.clash.other", saveAsk, "save.clash.both", saveBoth, "save.clash.replace", saveOver)
	case "image.save.changed":
		over := map[image.SaveMode]string{image.NewVersion: saveOver, image.NewFile: saveKnown}[m]
		return choices("save.clash.other", saveAsk, "save.clash.over", over)
	case "image.save.exposes":
		return choices("save.clash.other", saveAsk, "save.clash.known", saveKnown)
	}
	return nil
}

// savedOutcome shows what was saved: as a message where the person is alone with the app, else in the dialog itself, since
// a file that one person saved is nothing to tell a whole conversation.
func (b *Bot) savedOutcome(t *Turn, s image.Saved, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	v := b.savedView(t, s)
	if t.Caller.Place == identity.Personal {
		if b.posting.first(strings.Join([]string{string(t.Caller.Person), t.activity.Conversation.ID, s.Item.Ref.String(), s.Item.ETag}, "|"), b.now()) {
			b.say(t, cards.Item(t.Lang, v))
		}
		return Outcome{}, nil
	}
	v.Next = nil // a dialog has no buttons but links
	return asked(Dialog{Title: t.Text("save.done"), Card: cards.Item(t.Lang, v), Size: "medium"})
}
