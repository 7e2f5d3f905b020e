package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/lang"
)

// askBatch reads "harbour: resize 800 | webp": what to look for, and what to do to all that is found.
func (b *Bot) askBatch(t *Turn) (cards.Card, error) {
	words, text, told := strings.Cut(t.Words, ":")
	words, text = strings.TrimSpace(words), strings.TrimSpace(text)
	switch {
	case t.Words == "":
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("batch.how.title"), Text: t.Text("batch.how.text", "Mention", t.mention()), Next: t.steps("presets", "help")}), nil
	case !told || text == "":
		return b.batchPlanCard(t, words)
	}
	return b.proposeBatch(t, words, text)
}

// chooseBatch is the button below a search: it asks what to do to all that was found.
func (b *Bot) chooseBatch(t *Turn) (cards.Card, error) { return b.batchPlanCard(t, t.searched()) }

// typedBatch takes what was typed into the card of chooseBatch, and wishBatch is a preset on it.
func (b *Bot) typedBatch(t *Turn) (cards.Card, error) {
	return b.proposeBatch(t, t.searched(), t.data["plan"])
}

func (b *Bot) wishBatch(t *Turn) (cards.Card, error) {
	return b.proposeBatch(t, t.searched(), t.Param("plan"))
}

// searched are the words of the search that a button is about; none for every picture.
func (t *Turn) searched() string {
	if words := t.Param("words"); words != cards.EveryPicture {
		return words
	}
	return ""
}

// batchPresets is how many presets are offered beside the field for a plan.
const batchPresets = 5

func (b *Bot) batchPlanCard(t *Turn, words string) (cards.Card, error) {
	own, err := b.Presets.Own(t.ctx, t.Caller.Tenant)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.BatchPlanView{Words: cards.EveryPicture, Title: t.Text("batch.plan.all"), Hint: t.Text("batch.plan.hint")}
	if words != "" {
		v.Words, v.Title = words, t.Text("batch.plan.title", "Words", brief(words))
	}
	for _, p := range append(own, image.Presets()...) {
		title := p.Name
		if p.Key != "" {
			title = t.Text(p.Key)
		}
		if len(v.Next) < batchPresets {
			v.Next = t.offer(v.Next, title, cards.BatchSearchVerb(words, p.Plan.String()))
		}
	}
	return cards.BatchPlan(t.Lang, v), nil
}

// proposeBatch says what would be done, for the person to agree.
func (b *Bot) proposeBatch(t *Turn, words, text string) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	plan, err := b.plan(t, text)
	if err != nil {
		return cards.Card{}, err
	}
	folder, err := b.Gallery.Where(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	asked, err := b.Batches.Ask(t.ctx, t.Caller, image.BatchWish{Words: words, Plan: plan, Folder: folder.Ref, Where: t.reference(), Thread: t.activity.Conversation.ID})
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.BatchAskView{ID: string(asked.Batch.ID), Question: t.Text("batch.ask", "Count", len(asked.Batch.Files)), Does: describe(t.Lang, plan), Promise: t.Text("batch.promise"),
		Facts: []cards.FactView{{Label: t.Text("batch.folder"), Value: asked.Folder.Name}, {Label: t.Text("batch.names"), Value: asked.From + " → " + asked.To}}}
	if asked.More {
		v.Warning = t.Text("batch.more", "Limit", image.MaxBatch)
	}
	return cards.BatchAsk(t.Lang, v), nil
}

// startBatch begins a batch, or goes on where it stopped. The card that its button stands on counts up from then on.
func (b *Bot) startBatch(t *Turn) (cards.Card, error) {
	batch, run, err := b.Batches.Start(t.ctx, t.Caller, t.batchID())
	if err != nil {
		return cards.Card{}, err
	}
	if run == nil {
		return b.endedCard(t, batch), nil
	}
	first := image.Progress{Batch: batch}
	shown := &scoreboard{board: board{bot: b, app: t.app, target: t.target(), card: t.activity.ReplyToID}, lang: t.Lang, who: t.Caller, last: first}
	b.jobs.Go(func() { shown.run(run) })
	return batchCard(t.Lang, first, ""), nil
}

func (t *Turn) batchID() image.BatchID { return image.BatchID(t.Param("id")) }

// endedCard is a batch that does not run now, with the names of its files.
func (b *Bot) endedCard(t *Turn, batch image.Batch) cards.Card {
	p := image.Progress{Batch: batch}
	if batch.State != image.BatchRunning {
		p = b.Batches.Named(t.ctx, t.Caller, p)
	}
	return batchCard(t.Lang, p, "")
}

func (b *Bot) showBatch(t *Turn) (cards.Card, error) {
	batch, err := b.Batches.Look(t.ctx, t.Caller, t.batchID())
	if err != nil {
		return cards.Card{}, err
	}
	return b.endedCard(t, batch), nil
}

// cancelBatch ends a batch before its next file. One that is at work tells of its end itself.
func (b *Bot) cancelBatch(t *Turn) (cards.Card, error) {
	batch, err := b.Batches.Cancel(t.ctx, t.Caller, t.batchID())
	if err != nil {
		return cards.Card{}, err
	}
	card := b.endedCard(t, batch)
	if t.activity.ReplyToID != "" && !b.Batches.Works(t.Caller.Tenant, batch.ID) {
		b.jobs.Go(func() { _ = b.update(t, card) }) // its failure is in the log
	}
	return card, nil
}

// scoreboard shows a batch at work on one message.
type scoreboard struct {
	board
	lang *lang.Printer
	who  identity.Caller

	told sync.Mutex
	last image.Progress
}

// run does the batch and shows it. When the service ends, the batch is told of at the next start.
func (s *scoreboard) run(run *image.BatchRun) {
	ctx, began := s.bot.background, s.bot.now()
	err := s.work(ctx, s.now, func(tell func(func() cards.Card)) error {
		return run.Run(ctx, func(p image.Progress) {
			if s.note(p) {
				tell(s.now)
			}
		})
	})
	p := run.Progress()
	s.log(p.Batch, err, began)
	if ctx.Err() == nil {
		s.end(ctx, s.ended(s.bot.Batches.Named(ctx, s.who, p), err))
	}
}

// note takes what is to be shown next, and tells whether more has ended than before.
func (s *scoreboard) note(p image.Progress) bool {
	s.told.Lock()
	defer s.told.Unlock()
	before := s.last.Batch.Ended()
	if p.Batch.Ended() >= before { // two workers may tell in another order
		s.last = p
	}
	return p.Batch.Ended() > before
}

// now is the card of what was noted last.
func (s *scoreboard) now() cards.Card {
	s.told.Lock()
	defer s.told.Unlock()
	return batchCard(s.lang, s.last, "")
}

// ended is the card of how it ended.
func (s *scoreboard) ended(p image.Progress, err error) cards.Card {
	problem := ""
	switch {
	case fault.Is(err, fault.SignIn):
		problem = s.lang.Text("batch.signin")
	case err != nil:
		problem = s.lang.Text("batch.broken")
	}
	return batchCard(s.lang, p, problem)
}

// log says how a batch ended, without a name.
func (s *scoreboard) log(b image.Batch, err error, began time.Time) {
	level := slog.LevelInfo
	if err != nil && fault.Is(err, fault.Internal) && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
	}
	s.bot.log.Log(context.Background(), level, "batch", "tenant", b.Tenant, "batch", b.ID, "state", b.State, "files", len(b.Files), "done", b.Count(image.FileDone),
		"skipped", b.Count(image.FileSkipped), "failed", b.Count(image.FileFailed), "ms", s.bot.now().Sub(began).Milliseconds(), "error", err)
}

// batchCard is a batch as far as it has come. Problem is why it does not go on by itself.
func batchCard(t *lang.Printer, p image.Progress, problem string) cards.Card {
	b := p.Batch
	v := cards.BatchView{ID: string(b.ID), Title: batchTitle(t, b), Does: describe(t, b.Plan), Notice: problem,
		MayCancel: b.State == image.BatchRunning && problem == "", MayContinue: b.State == image.BatchPaused || b.State == image.BatchStopped || problem != ""}
	if b.State == image.BatchPaused && problem == "" {
		v.Notice = t.Text("batch.signin")
	}
	if v.MayCancel {
		return cards.BatchRun(t, v)
	}
	if !v.MayContinue {
		v.Next = []cards.Step{{Title: t.Text("button.images"), Verb: cards.ImagesVerb(0, "")}}
	}
	for _, group := range []struct {
		state image.FileState
		title string
	}{{image.FileDone, "batch.group.done"}, {image.FileSkipped, "batch.group.skipped"}, {image.FileFailed, "batch.group.failed"}} {
		v.Rows = append(v.Rows, batchRows(t, p, group.state, t.Text(group.title))...)
	}
	return cards.BatchRun(t, v)
}

func batchTitle(t *lang.Printer, b image.Batch) string {
	args := []any{"Done", t.Number(b.Ended()), "Count", len(b.Files)}
	switch {
	case b.State == image.BatchCancelled && b.Ended() == 0:
		return t.Text("batch.title.nothing")
	case b.State == image.BatchDone:
		return t.Text("batch.title.done", "Done", t.Number(b.Count(image.FileDone)), "Count", len(b.Files))
	case b.State == image.BatchRunning:
		return t.Text("batch.title.running", args...)
	}
	return t.Text("batch.title.stopped", args...)
}

// describe is what a plan does, in words.
func describe(t *lang.Printer, p image.Plan) string {
	var all []string
	for _, n := range p.Describe() {
		all = append(all, n.Say(t.Text))
	}
	return strings.Join(all, ", ")
}

// batchRows are the files that fared alike, with where they are or why they are not.
func batchRows(t *lang.Printer, p image.Progress, state image.FileState, group string) []cards.BatchRow {
	var rows []cards.BatchRow
	for _, f := range p.Batch.Files {
		if f.State != state {
			continue
		}
		item := p.Items[f.Shown()]
		row := cards.BatchRow{Group: group, Name: item.Name, URL: item.WebURL}
		if row.Name == "" {
			row.Name = t.Text("batch.unnamed")
		}
		switch {
		case state == image.FileSkipped:
			row.Detail = t.Text("batch.why.exists")
		case f.Why != "":
			row.Detail = t.Text(f.Why)
		}
		rows = append(rows, row)
	}
	return rows
}

// resumeBatches tells the people whose batches the last process did not bring to their end.
func (b *Bot) resumeBatches(ctx context.Context) error {
	if b.Batches == nil {
		return nil
	}
	stopped, err := b.Batches.Stopped(ctx)
	for _, batch := range stopped {
		a := b.apps[strings.ToLower(batch.Where.App)]
		if a == nil {
			continue
		}
		speaker := b.placeVoice(ctx, batch.Tenant, batch.Where)
		card := batchCard(speaker, image.Progress{Batch: batch}, speaker.Text("batch.interrupted"))
		b.replies.enqueue(&outgoing{app: a, activity: message(card), owed: identity.Owed{Tenant: batch.Tenant},
			target: Target{Tenant: batch.Tenant, ServiceURL: batch.Where.ServiceURL, Conversation: batch.Thread, BotID: batch.Where.BotID}})
	}
	return err
}
