package bot

import (
	"encoding/json"
	"errors"
	"log/slog"
	"path"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Files go to people in personal chats: a card offers the file, Teams asks the person whether it may be stored, and
// tells where to lay it (Teams, "Send files to users from a bot").

// fileLatest offers the picture that the message brings, or that was worked on last, as a file.
func (b *Bot) fileLatest(t *Turn) (cards.Card, error) {
	if t.Caller.Place != identity.Personal {
		return b.filesElsewhere(t), nil
	}
	return b.inTime(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		w, err := b.onDesk(t, "")
		if err != nil {
			return cards.Card{}, err
		}
		return b.offer(t, w.ID, w.At)
	})
}

// filePressed offers the picture of a button as a file.
func (b *Bot) filePressed(t *Turn) (cards.Card, error) {
	if t.Caller.Place != identity.Personal {
		return b.filesElsewhere(t), nil
	}
	at, err := t.step()
	if err != nil {
		return cards.Card{}, err
	}
	return b.inTime(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		return b.said(t)(b.offer(t, image.ID(t.Param("id")), at))
	})
}

// said keeps an offer, which is no Adaptive Card, from standing in the place of one: to a client that wants the answer in
// its invoke, the offer is a message of its own.
func (b *Bot) said(t *Turn) func(cards.Card, error) (cards.Card, error) {
	return func(card cards.Card, err error) (cards.Card, error) {
		if err != nil || t.activity.Type == "message" {
			return card, err
		}
		b.say(t, card)
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("file.offered", "Count", 1), Next: t.steps("help")}), nil
	}
}

// filesOfSeveral offers the pictures of a list, each as it was there. Those that are gone are told.
func (b *Bot) filesOfSeveral(t *Turn) (cards.Card, error) {
	if t.Caller.Place != identity.Personal {
		return b.filesElsewhere(t), nil
	}
	names := strings.Fields(t.Param("ids"))
	names = names[:min(len(names), maxAttachments)]
	return b.inTime(t, b.working(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		offered := 0
		var failed error
		for _, name := range names {
			id, state, _ := strings.Cut(name, ".")
			at, err := strconv.Atoi(state)
			if err != nil {
				at = -1
			}
			card, err := b.offer(t, image.ID(id), at)
			if err != nil {
				failed = err
				continue
			}
			b.say(t, card)
			offered++
		}
		if offered == 0 && failed != nil {
			return cards.Card{}, failed
		}
		v := cards.NoteView{Title: t.Text("file.offered", "Count", offered), Next: t.steps("help")}
		if failed != nil {
			v.Text = b.sentence(t, failed)
		}
		return cards.Note(t.Lang, v), nil
	})
}

// filesElsewhere tells people in conversations of several, where Teams lets no bot hand over files.
func (b *Bot) filesElsewhere(t *Turn) cards.Card {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("file.elsewhere.title"), Text: t.Text("file.elsewhere.text"), Next: t.steps("help")})
}

// offer is the card that offers a picture as it was seen. It is made once here, so that its size can be told.
func (b *Bot) offer(t *Turn, id image.ID, at int) (cards.Card, error) {
	w, r, err := b.Studio.ResultAt(t.ctx, t.Caller, id, at)
	if err != nil {
		return cards.Card{}, err
	}
	size := t.Text("picture.pixels", "W", t.Lang.Number(r.Facts.W), "H", t.Lang.Number(r.Facts.H))
	return cards.FileConsent(cards.FileView{Name: fileName(w.Name, r.Facts.Format), Text: size, Size: int64(len(r.Data)),
		Context: cards.FileContext{Kind: cards.FileImage, ID: string(w.ID), At: w.At}}), nil
}

// fileName is the name of a picture with the ending of its format, without what file systems and SharePoint refuse.
func fileName(name, format string) string {
	base := strings.TrimSuffix(name, path.Ext(name))
	base = strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"*:<>?/\|#%~`, r) {
			return '-'
		}
		return r
	}, base), " .")
	if base == "" {
		base = "image"
	}
	if format == string(image.JPEG) {
		format = "jpg"
	}
	return clip(base, 100) + "." + format
}

// fileConsent is what Teams tells when a person has answered an offer. All of it comes from a client: the picture is looked
// up on the person's own desk, and the addresses are used only as far as they are followed anywhere.
type fileConsent struct {
	Type       string            `json:"type"`
	Action     string            `json:"action"`
	Context    cards.FileContext `json:"context"`
	UploadInfo struct {
		ContentURL string `json:"contentUrl"`
		Name       string `json:"name"`
		UploadURL  string `json:"uploadUrl"`
		UniqueID   string `json:"uniqueId"`
		FileType   string `json:"fileType"`
	} `json:"uploadInfo"`
}

// answerOffer takes the answer to an offer. The file is laid down after the answer, since that may take longer than Teams
// waits; pressed twice, it is laid down once.
func (b *Bot) answerOffer(t *Turn) error {
	var c fileConsent
	if err := json.Unmarshal(t.activity.Value, &c); err != nil || c.Action != "accept" && c.Action != "decline" {
		return fault.Wrap(fault.Invalid, "bot.answerOffer", errBadValue)
	}
	if t.activity.ReplyToID == "" || !b.handing.first(string(t.Caller.Person)+"|"+t.activity.Conversation.ID+"|"+t.activity.ReplyToID, b.now()) {
		return nil
	}
	if c.Action == "decline" {
		card := cards.Note(t.Lang, cards.NoteView{Title: t.Text("file.declined"), Next: append(t.again(c), t.steps("help")...)})
		b.later(t, func(t *Turn) { b.show(t, t.activity.ReplyToID, card) })
		return nil
	}
	w, err := b.begin(t, cards.Card{}, func(t *Turn, _ func(cards.Card)) (cards.Card, error) { return cards.Card{}, b.handOver(t, c) })
	if err != nil {
		return err
	}
	b.replies.done.Go(func() {
		if <-w.done; w.err != nil {
			b.later(t, func(t *Turn) { b.notHanded(t, c, w.err) })
		}
	})
	return nil
}

// notHanded puts what went wrong in the place of the offer.
func (b *Bot) notHanded(t *Turn, c fileConsent, err error) {
	t.log(slog.LevelWarn, "a file was not handed over", slog.Any("error", err))
	b.show(t, t.activity.ReplyToID, cards.Trouble(t.Lang, cards.TroubleView{Sentence: b.sentence(t, err), Next: append(t.again(c), t.steps("help")...)}))
}

// again offers the file once more.
func (t *Turn) again(c fileConsent) []cards.Step {
	switch id := c.Context.ID; {
	case c.Context.Kind == cards.FileTemplate:
		return t.steps("import/template")
	case c.Context.Kind != cards.FileImage || id == "" || len(id) > 64:
		return nil
	default:
		return []cards.Step{{Title: t.Text("file.get"), Verb: cards.PictureVerb(id, c.Context.At, "file")}}
	}
}

// made is a file that was offered, made anew when the person takes it.
type made struct {
	name string
	data []byte
}

// make makes the file of an offer, by what its context names. What the context says is checked as any claim is.
func (b *Bot) make(t *Turn, c cards.FileContext) (made, error) {
	switch {
	case c.Kind == cards.FileTemplate && t.app.key.has(ContactPro):
		return template(t)
	case c.Kind == cards.FileImage && t.app.key.has(ImagePro):
		w, r, err := b.Studio.ResultAt(t.ctx, t.Caller, image.ID(c.ID), c.At)
		return made{fileName(w.Name, r.Facts.Format), r.Data}, err
	}
	return made{}, fault.New(fault.Invalid, "bot.make", "trouble.old_card")
}

// handOver lays a file where Teams said, shows it, and takes the offer away.
func (b *Bot) handOver(t *Turn, c fileConsent) error {
	file, err := b.make(t, c.Context)
	if err != nil {
		return err
	}
	if err := t.app.connector.Upload(t.ctx, c.UploadInfo.UploadURL, file.data); err != nil {
		return err
	}
	info := c.UploadInfo
	name := clip(info.Name, 200)
	if name == "" {
		name = file.name
	}
	b.say(t, cards.FileInfo(cards.FileView{Name: name, URL: clip(info.ContentURL, 2*maxServiceURL), ID: clip(info.UniqueID, 200), Kind: clip(info.FileType, 20)}))
	if err := t.app.connector.Remove(t.ctx, t.target(), t.activity.ReplyToID); err != nil && !fault.Is(err, fault.NotFound) {
		t.log(slog.LevelInfo, "an offer could not be taken away", slog.Any("error", err))
	}
	return nil
}

var errUpload = errors.New("the upload was not taken")
