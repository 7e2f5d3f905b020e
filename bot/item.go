package bot

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// How many pictures a card lists, and how large they are there and among search results.
const (
	imageRows   = 6
	thumbSide   = 160
	resultSide  = 320
	maxNameText = 120
)

// connected tells whether there are files to work on at all.
func (b *Bot) connected() bool { return b.Gallery != nil && b.Gallery.Connected() }

// findImages answers "images harbour": pictures of the library of this conversation, as the person may see them.
func (b *Bot) findImages(t *Turn) (cards.Card, error) { return b.images(t, t.Words, 0) }

func (b *Bot) imagesPage(t *Turn) (cards.Card, error) {
	skip, err := strconv.Atoi(t.Param("skip"))
	if err != nil || skip < 0 {
		return cards.Card{}, fault.New(fault.Invalid, "bot.imagesPage", "trouble.old_card")
	}
	return b.images(t, t.Param("query"), skip)
}

func (b *Bot) images(t *Turn, words string, skip int) (cards.Card, error) {
	found, err := b.Gallery.Find(t.ctx, t.Caller, words, skip, imageRows)
	switch {
	case err != nil:
		return cards.Card{}, err
	case len(found.Items) == 0 && skip > 0: // what was on this page is gone
		return b.images(t, words, 0)
	case len(found.Items) == 0:
		return cards.Note(t.Lang, cards.NoteView{Title: b.noImages(t, words), Text: t.Text("images.hint", "Folder", found.Where.Name), Next: t.steps("library", "help")}), nil
	}
	v := cards.ImagesView{Title: imagesTitle(t, found, words), Where: found.Where.Name, WhereURL: found.Where.WebURL, Query: brief(words), Prev: -1}
	if found.Total > 1 && b.Batches != nil {
		v.Steps = t.offer(v.Steps, t.Text("step.batch"), cards.BatchSearchVerb(words, ""))
	}
	v.Steps = append(v.Steps, t.steps("library", "pins")...)
	for _, i := range found.Items {
		v.Rows = append(v.Rows, b.imageRow(t, i, thumbSide))
	}
	if next := skip + len(found.Items); next < found.Total {
		v.Next = next
	}
	if skip > 0 {
		v.Prev = max(0, skip-imageRows)
	}
	return cards.Images(t.Lang, v), nil
}

// imagesStep shows the newest pictures of the library.
func (t *Turn) imagesStep() cards.Step {
	return cards.Step{Title: t.Text("button.images"), Verb: cards.ImagesVerb(0, "")}
}

func imagesTitle(t *Turn, found image.Found, words string) string {
	if words == "" {
		return t.Text("images.newest")
	}
	key := "images.title"
	if found.Total == image.MaxFound {
		key = "images.title.most"
	}
	return t.Text(key, "Count", found.Total, "Number", t.Lang.Number(found.Total), "Query", brief(words))
}

func (b *Bot) noImages(t *Turn, words string) string {
	if words == "" {
		return t.Text("images.empty")
	}
	return t.Text("images.none", "Query", brief(words))
}

func (b *Bot) imageRow(t *Turn, i image.Item, side int) cards.ImageRow {
	return cards.ImageRow{Ref: i.Ref.String(), Name: i.Name, Line: itemFacts(t, i), Preview: b.itemPreview(t, i, side)}
}

// itemPreview is the address of a picture as it lies in its drive, small.
func (b *Bot) itemPreview(t *Turn, i image.Item, side int) string {
	return b.Preview(t.Caller.Tenant, image.ViewID(t.Caller, i), image.Plan{}.String(), side, t.Lang.Language())
}

// itemFacts are the size and kind of a file, as far as the drive knows them.
func itemFacts(t *Turn, i image.Item) string {
	var parts []string
	if i.W > 0 && i.H > 0 {
		parts = append(parts, t.Text("picture.pixels", "W", t.Lang.Number(i.W), "H", t.Lang.Number(i.H)))
	}
	parts = append(parts, image.Bytes(i.Size).Say(t.Text))
	if kind, ok := strings.CutPrefix(i.MIME, "image/"); ok {
		parts = append(parts, image.FormatName(image.Format(clip(kind, 20))))
	}
	return strings.Join(parts, " · ")
}

// changedLine tells when a file changed, and who changed it as far as the drive says.
func changedLine(b *Bot, t *Turn, i image.Item) string {
	when := t.Lang.Date(b.local(t, i.Modified))
	if i.By == "" {
		return t.Text("item.changed", "When", when)
	}
	return t.Text("item.changed_by", "When", when, "Who", shorten(i.By, maxNameText))
}

// searchImages answers the search of the message extension while a person types; before, it shows what they saw last and
// the newest pictures. Only they see the answer.
func (b *Bot) searchImages(t *Turn, q Query) (Results, error) {
	words := strings.TrimSpace(q.Text)
	if q.Initial {
		words = ""
	}
	found, err := b.searched(t, words, q)
	switch {
	case err != nil:
		return Results{}, err
	case found.Total == 0:
		return Results{Message: b.noImages(t, words)}, nil
	}
	r := Results{Grid: true}
	for _, i := range found.Items {
		r.Items = append(r.Items, newResult(cards.Item(t.Lang, b.itemView(t, i, image.Properties{})), cards.ImagePreview(t.Lang, b.imageRow(t, i, resultSide))))
	}
	return r, nil
}

func (b *Bot) searched(t *Turn, words string, q Query) (image.Found, error) {
	if words == "" {
		return b.Gallery.Start(t.ctx, t.Caller, q.Skip, q.Count)
	}
	return b.Gallery.FindOwn(t.ctx, t.Caller, words, q.Skip, q.Count)
}

// chooseImage answers the choice of a search result with the picture as it is now.
func (b *Bot) chooseImage(t *Turn) (Result, error) {
	i, p, err := b.lookAt(t)
	if err != nil {
		return Result{}, err
	}
	return newResult(cards.Item(t.Lang, b.itemView(t, i, p)), cards.ImagePreview(t.Lang, b.imageRow(t, i, resultSide))), nil
}

// showItem is a picture chosen from a list.
func (b *Bot) showItem(t *Turn) (cards.Card, error) {
	i, p, err := b.lookAt(t)
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Item(t.Lang, b.itemView(t, i, p)), nil
}

// item is the file that a button names: a claim, that the drive decides on.
func (t *Turn) item() (image.ItemRef, error) { return image.ParseRef(t.Param("ref")) }

func (b *Bot) lookAt(t *Turn) (image.Item, image.Properties, error) {
	ref, err := t.item()
	if err != nil {
		return image.Item{}, image.Properties{}, err
	}
	i, err := b.Gallery.Look(t.ctx, t.Caller, ref)
	if err != nil {
		return image.Item{}, image.Properties{}, err
	}
	p, err := b.Gallery.Properties(t.ctx, t.Caller, ref)
	return i, p, err
}

// itemView is a file with what one can do with it: each of its buttons works on the desk of whoever presses it.
func (b *Bot) itemView(t *Turn, i image.Item, p image.Properties) cards.ItemView {
	ref := i.Ref.String()
	v := cards.ItemView{Name: i.Name, Preview: b.itemPreview(t, i, image.PreviewSide), Alt: itemAlt(t, i, p), Lines: []string{itemFacts(t, i), changedLine(b, t, i)}, Link: i.WebURL}
	if folder := folderOf(i); folder != "" {
		v.Lines = append(v.Lines, t.Text("item.in", "Folder", shorten(folder, maxNameText)))
	}
	if p.Title != "" {
		v.Lines = append([]string{p.Title}, v.Lines...)
	}
	v.Next = []cards.Step{{Title: t.Text("step.edit_image"), Verb: cards.ItemVerb(ref, "open")}, {Title: t.Text("step.share"), Verb: cards.ItemVerb(ref, "share")}}
	if b.Pins != nil {
		v.Next = append(v.Next, cards.Step{Title: t.Text("step.pin"), Verb: cards.PinVerb(ref, "")})
	}
	if first := image.Presets()[0]; i.W == 0 || i.W > maxCardSide || i.H > maxCardSide {
		v.Next = append(v.Next, cards.Step{Title: t.Text(first.Key), Verb: cards.ItemVerb(ref, "do", first.Plan.String())})
	}
	v.Next = append(v.Next, cards.Step{Title: t.Text("step.info"), Verb: cards.ItemVerb(ref, "info")})
	return v
}

// folderOf is the name of the folder that a file lies in, as its address in a browser tells it; empty where it does not.
func folderOf(i image.Item) string {
	u, err := url.Parse(i.WebURL)
	if err != nil || path.Base(u.Path) != i.Name {
		return ""
	}
	if folder := path.Base(path.Dir(u.Path)); folder != "/" && folder != "." {
		return folder
	}
	return ""
}

// maxCardSide is what a picture on a card may measure at most; larger ones are offered to be made that.
const maxCardSide = image.PreviewSide

// itemAlt is what a file shows, in the words that people gave it, else by its name.
func itemAlt(t *Turn, i image.Item, p image.Properties) string {
	switch {
	case p.Alt != "":
		return p.Alt
	case i.W == 0:
		return i.Name
	}
	return image.AltText(i.Name, p.Plan, image.Facts{W: i.W, H: i.H}).Say(t.Text)
}

// openItem lays a file on the desk of whoever pressed the button.
func (b *Bot) openItem(t *Turn) (cards.Card, error) {
	ref, err := t.item()
	if err != nil {
		return cards.Card{}, err
	}
	w, err := b.Gallery.Open(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.Card{}, err
	}
	return b.pictureCard(t, w, ""), nil
}

// doItem opens a file and does a plan to it. Where the person has begun something with it already, that is shown instead:
// pressed twice, the button works once.
func (b *Bot) doItem(t *Turn) (cards.Card, error) {
	ref, err := t.item()
	if err != nil {
		return cards.Card{}, err
	}
	p, err := b.plan(t, t.Param("plan"))
	if err != nil {
		return cards.Card{}, err
	}
	w, err := b.Gallery.Open(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.Card{}, err
	}
	if w, err = b.Studio.DoAt(t.ctx, t.Caller, w.ID, 0, p); err != nil {
		return cards.Card{}, err
	}
	return b.pictureCard(t, w, ""), nil
}

// itemInfo tells what is known of a file.
func (b *Bot) itemInfo(t *Turn) (cards.Card, error) {
	ref, err := t.item()
	if err != nil {
		return cards.Card{}, err
	}
	w, err := b.Gallery.Open(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.Card{}, err
	}
	return b.infoCard(t, w)
}

// fileFacts are the lines of the info card about the file that a picture is; none for one that is no file, or none any more.
func (b *Bot) fileFacts(t *Turn, w image.Work) ([]cards.FactView, error) {
	file, ok := w.File()
	if !ok || !b.connected() {
		return nil, nil
	}
	about, err := b.Gallery.About(t.ctx, t.Caller, file.Ref)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	facts := []cards.FactView{{Label: t.Text("item.fact.changed"), Value: strings.Join(whenAndWho(b, t, about.Item), ", ")}, {Label: t.Text("item.fact.versions"), Value: versionsText(b, t, about.Versions)}}
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, cards.FactView{Label: t.Text(key), Value: shorten(value, 300)})
		}
	}
	p := about.Properties
	add("item.fact.title", p.Title)
	add("item.fact.alt", p.Alt)
	add("item.fact.tags", strings.Join(p.Tags, ", "))
	add("item.fact.done", b.doneText(t, p))
	return facts, nil
}

func whenAndWho(b *Bot, t *Turn, i image.Item) []string {
	parts := []string{t.Lang.Date(b.local(t, i.Modified))}
	if i.By != "" {
		parts = append(parts, shorten(i.By, maxNameText))
	}
	return parts
}

// versionsText counts the versions of a file, and tells of the newest earlier one whose it is.
func versionsText(b *Bot, t *Turn, versions []image.Version) string {
	if len(versions) == 0 {
		return t.Text("item.versions.none")
	}
	last := versions[0]
	s := t.Text("item.versions", "Count", len(versions), "When", t.Lang.Date(b.local(t, last.Modified)))
	if last.By != "" {
		s += ", " + shorten(last.By, maxNameText)
	}
	return s
}

// doneText tells what was done to make a file, when and by whom.
func (b *Bot) doneText(t *Turn, p image.Properties) string {
	var parts []string
	for _, n := range p.Plan.Describe() {
		parts = append(parts, n.Say(t.Text))
	}
	if len(parts) == 0 {
		return ""
	}
	parts = append(parts, t.Lang.Date(b.local(t, p.At)))
	if name := b.nameHere(t, p.By); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, " · ")
}

// nameHere is what Teams calls a person of this conversation; empty when it does not tell. Names are not kept.
func (b *Bot) nameHere(t *Turn, p identity.Person) string {
	name, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, p, t.Caller.Conversation, t.Caller.Team)
	if err != nil {
		return ""
	}
	return name
}

// shareItem gives a link with which everybody of the organisation sees a file. It is shown to whoever asked; posting it is
// another press.
func (b *Bot) shareItem(t *Turn) (cards.Card, error) {
	ref, err := t.item()
	if err != nil {
		return cards.Card{}, err
	}
	v, err := b.shared(t, ref)
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Item(t.Lang, v), nil
}

// shared makes the link and the card that shows it.
func (b *Bot) shared(t *Turn, ref image.ItemRef) (cards.ItemView, error) {
	i, link, err := b.Gallery.Share(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.ItemView{}, err
	}
	p, err := b.Gallery.Properties(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.ItemView{}, err
	}
	v := b.itemView(t, i, p)
	v.Shared, v.Link, v.Remark = link, "", t.Text("share.everybody")
	v.Next = []cards.Step{{Title: t.Text("step.edit_image"), Verb: cards.ItemVerb(ref.String(), "open")}, {Title: t.Text("step.info"), Verb: cards.ItemVerb(ref.String(), "info")}}
	if !t.Caller.Public && t.Caller.Place != identity.Personal {
		v.Next = append([]cards.Step{{Title: t.Text("step.post"), Verb: cards.ItemVerb(ref.String(), "post")}}, v.Next...)
	}
	return v, nil
}

// postItem posts a shared file into the conversation; pressed twice, once.
func (b *Bot) postItem(t *Turn) (cards.Card, error) {
	ref, err := t.item()
	if err != nil {
		return cards.Card{}, err
	}
	v, err := b.shared(b.beforeAll(t), ref)
	if err != nil {
		return cards.Card{}, err
	}
	if b.posting.first(strings.Join([]string{string(t.Caller.Person), t.activity.Conversation.ID, ref.String()}, "|"), b.now()) {
		b.say(t, cards.Item(t.Lang, v))
	}
	v.Notice = t.Text("share.posted")
	return cards.Item(t.Lang, v), nil
}

// shareLatest answers "share": the file of the picture that the person worked on last, for everybody who reads the answer.
func (b *Bot) shareLatest(t *Turn) (cards.Card, error) {
	w, err := b.inHand(t)
	if err != nil {
		return cards.Card{}, err
	}
	return b.shareWork(t, w)
}

// sharePicture is the button of a picture that is being worked on.
func (b *Bot) sharePicture(t *Turn) (cards.Card, error) {
	w, err := b.Studio.Look(t.Caller, image.ID(t.Param("id")))
	if err != nil {
		return cards.Card{}, err
	}
	return b.shareWork(t, w)
}

func (b *Bot) shareWork(t *Turn, w image.Work) (cards.Card, error) {
	if err := b.Gallery.Ready(t.Caller); err != nil {
		return cards.Card{}, err
	}
	file, ok := w.File()
	if !ok {
		return b.askSave(t, w, t.Text("share.save_first")), nil
	}
	v, err := b.shared(t, file.Ref)
	if err != nil {
		return cards.Card{}, err
	}
	if w.Unsaved {
		v.Warnings = append(v.Warnings, t.Text("share.unsaved"))
		v.Next = append([]cards.Step{b.saveStep(t, w)}, v.Next...)
	}
	return cards.Item(t.Lang, v), nil
}
