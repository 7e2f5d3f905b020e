package bot

import (
	"crypto/rand"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// editImage is the command of the message extension that edits a picture of a message.
const editImage = "editImage"

// inMessage is a picture of a message: at a link that drives know, or at an address of the connector.
type inMessage struct {
	name string
	link string
	at   Attachment
}

// picturesIn are the pictures of a message that can be read, and how many more there are that cannot: Teams hands pictures
// pasted into messages of others to nobody but themselves.
func picturesIn(p *MessagePayload) (readable []inMessage, hidden int) {
	for _, at := range p.Attachments {
		switch name := clip(strings.TrimSpace(at.Name), 200); {
		case len(readable) == maxAttachments:
			return readable, hidden
		case strings.HasPrefix(at.ContentType, "image/"):
			readable = append(readable, inMessage{name: name, at: at})
		case image.IsDriveLink(at.ContentURL) && looksLikePicture(at.Name, at.ContentURL):
			readable = append(readable, inMessage{name: name, link: at.ContentURL})
		}
	}
	for _, l := range anchorsIn(p.Body.Content) {
		if image.IsDriveLink(l.address) && looksLikePicture(l.text, l.address) && len(readable) < maxAttachments {
			readable = append(readable, inMessage{name: clip(l.text, 200), link: l.address})
		}
	}
	for _, l := range inlinePictures(p.Body.Content) {
		u, err := url.Parse(l.address)
		switch {
		case err != nil || !strings.Contains(u.Path, "/v3/attachments/"):
			hidden++
		case len(readable) < maxAttachments:
			readable = append(readable, inMessage{name: clip(l.text, 200), at: Attachment{ContentType: "image/*", ContentURL: l.address, Name: l.text}})
		}
	}
	return readable, hidden
}

// looksLikePicture goes by the ending of a name or address.
func looksLikePicture(name, address string) bool {
	endings := []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".heic", ".tif", ".tiff"}
	if slices.Contains(endings, strings.ToLower(path.Ext(name))) {
		return true
	}
	u, err := url.Parse(address)
	return err == nil && slices.Contains(endings, strings.ToLower(path.Ext(u.Path)))
}

// openEditImage asks which picture of the message is meant, and what to do to it. From the compose box it is the picture
// that was worked on last in this conversation.
func (b *Bot) openEditImage(t *Turn) (Dialog, error) {
	if err := t.person(); err != nil {
		return Dialog{}, err
	}
	v := cards.EditView{Title: t.Text("edit.title.image"), Verb: editImage, Do: t.Text("edit.next"), Form: rand.Text()}
	if t.payload == nil {
		w, err := b.latest(t)
		if err != nil {
			return Dialog{}, err
		}
		v.Preview, v.Alt, v.Facts = b.preview(t, w), pictureAlt(t, w), sizes(t, w.Before, w.After)
	} else if err := b.offerPictures(t, &v); err != nil {
		return Dialog{}, err
	}
	what := cards.InputView{ID: "what", Label: t.Text("edit.what"), Value: string(image.ToolResize)}
	for _, tool := range image.Tools() {
		what.Choices = append(what.Choices, cards.ChoiceView{Title: t.Text(toolTitle(tool)), Value: string(tool)})
	}
	v.Inputs = append(v.Inputs, what)
	return Dialog{Title: v.Title, Card: cards.EditDialog(t.Lang, v), Size: "medium"}, nil
}

// offerPictures lets a person choose among the pictures of a message.
func (b *Bot) offerPictures(t *Turn, v *cards.EditView) error {
	readable, hidden := picturesIn(t.payload)
	switch {
	case len(readable) == 0 && hidden > 0:
		return fault.New(fault.Denied, "bot.openEditImage", "image.message.hidden", "Count", hidden)
	case len(readable) == 0:
		return fault.New(fault.NotFound, "bot.openEditImage", "image.message.none")
	case hidden > 0:
		v.Note = t.Text("image.message.some_hidden", "Count", hidden)
	}
	which := cards.InputView{ID: "which", Label: t.Text("edit.which"), Value: "0"}
	for i, p := range readable {
		name := p.name
		if name == "" {
			name = t.Text("picture.unnamed") + " " + strconv.Itoa(i+1)
		}
		which.Choices = append(which.Choices, cards.ChoiceView{Title: name, Value: strconv.Itoa(i)})
	}
	v.Inputs = append(v.Inputs, which)
	return nil
}

// submitEditImage takes every form of the extension's dialog: the choice opens the picture, the others are those of the
// dialogs that cards open.
func (b *Bot) submitEditImage(t *Turn, f Form) (Outcome, error) {
	if verb := f.Values["verb"]; verb != editImage {
		route, params := t.app.router.find(OnSubmit, verb)
		if route == nil {
			return Outcome{}, fault.New(fault.Invalid, "bot.submitEditImage", "trouble.old_card")
		}
		inner := *t
		inner.params = params
		return route.submit(&inner, f)
	}
	w, err := b.openChosen(t, f)
	if err != nil {
		return Outcome{}, err
	}
	return asked(b.editDialog(t, editing{tool: toolOf(f.Values["what"]), work: w, shown: w}))
}

// openChosen lays the chosen picture on the person's desk.
func (b *Bot) openChosen(t *Turn, f Form) (image.Work, error) {
	if t.payload == nil {
		return b.latest(t)
	}
	readable, _ := picturesIn(t.payload)
	i, err := strconv.Atoi(f.Values["which"])
	if err != nil || i < 0 || i >= len(readable) {
		return image.Work{}, fault.New(fault.NotFound, "bot.openChosen", "image.message.none")
	}
	p := readable[i]
	if p.link != "" {
		return b.Studio.OpenLink(t.ctx, t.Caller, p.link)
	}
	data, err := t.app.connector.Fetch(t.ctx, t.target(), p.at)
	if err != nil {
		return image.Work{}, err
	}
	return b.Studio.Take(t.ctx, t.Caller, pictureName(t, p.at), data)
}

// latest is the picture that the person worked on last in this conversation.
func (b *Bot) latest(t *Turn) (image.Work, error) {
	id, err := b.Studio.Latest(t.Caller)
	if err != nil {
		return image.Work{}, err
	}
	return b.Studio.Look(t.Caller, id)
}
