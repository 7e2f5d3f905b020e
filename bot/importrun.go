package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

func (t *Turn) importID() contact.ImportID { return contact.ImportID(t.Param("id")) }

// startImport begins an import, or goes on with one that stopped. The card that its button stands on counts up from then on.
func (b *Bot) startImport(t *Turn) (cards.Card, error) {
	return b.works(t, t.importID(), b.Imports.Start)
}

// undoImport takes an import back, and counts that on the same card.
func (b *Bot) undoImport(t *Turn) (cards.Card, error) {
	return b.works(t, t.importID(), b.Imports.Undo)
}

type beginning func(context.Context, identity.Caller, contact.ImportID, string) (contact.Import, *contact.ImportRun, error)

func (b *Bot) works(t *Turn, id contact.ImportID, begin beginning) (cards.Card, error) {
	card := "" // a message that is still to be sent
	if t.activity.Type != "message" {
		card = t.activity.ReplyToID
	}
	now, run, err := begin(t.ctx, t.Caller, id, card)
	if err != nil {
		return cards.Card{}, mine(err)
	}
	b.held.drop(t.Caller, "", id)
	if run == nil {
		return importCard(t.Lang, now, ""), nil
	}
	own := *t
	b.jobs.Go(func() {
		if card == "" {
			card = own.answered(b.background) // the message that says that it has begun
		}
		shown := &importBoard{board: board{bot: b, app: t.app, target: t.target(), card: card}, lang: t.Lang}
		shown.run(run)
	})
	return importCard(t.Lang, now, ""), nil
}

// mine says of somebody else's import what is said of none.
func mine(err error) error {
	if textOf(err) == "contact.import_theirs" {
		return fault.New(fault.NotFound, "bot.mine", "contact.import_gone")
	}
	return err
}

// cancelImport drops an import that waits, or ends one at work before its next portion; that one tells of its end itself.
func (b *Bot) cancelImport(t *Turn) (cards.Card, error) {
	before, err := b.Imports.Import(t.ctx, t.Caller, t.importID())
	if err != nil {
		return cards.Card{}, mine(err)
	}
	now, err := b.Imports.Cancel(t.ctx, t.Caller, before.ID)
	if err != nil {
		return cards.Card{}, err
	}
	b.held.drop(t.Caller, "", now.ID)
	card := importCard(t.Lang, now, "")
	if before.State == contact.ImportReady {
		return b.forAll(t, card), nil
	}
	return card, nil
}

// showImport lists the book that an import went into.
func (b *Bot) showImport(t *Turn) (cards.Card, error) {
	now, err := b.Imports.Import(t.ctx, t.Caller, t.importID())
	if err != nil {
		return cards.Card{}, mine(err)
	}
	found, err := b.Books.Find(t.ctx, t.Caller, contact.Query{Book: now.Book}, 0, rows)
	if err != nil {
		return cards.Card{}, err
	}
	if len(found.Entries) == 0 {
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("import.show.none"), Next: t.steps("books", "help")}), nil
	}
	title := t.Text("import.show.title", "Count", found.Total, "Number", t.Lang.Number(found.Total), "Book", b.bookName(t, found.Entries[0].Book))
	return cards.Contacts(t.Lang, cards.ListView{Title: title, Hint: t.Text("import.show.hint"), Rows: b.rowViews(t, found.Entries), Prev: -1}), nil
}

// undoLastStep takes back what somebody did last, when that was several changes at once: an import shows how far it is.
func (b *Bot) undoLastStep(t *Turn, step contact.ChangeID) (cards.Card, error) {
	if step.Kind() == "" && b.Imports != nil {
		return b.works(t, contact.ImportID(step), b.Imports.Undo)
	}
	card, _, err := b.undoWhole(t, step)
	return card, err
}

// importBoard shows an import at work on one message.
type importBoard struct {
	board
	lang *lang.Printer
}

// run does the work and shows it. When the service ends, the next one goes on.
func (s *importBoard) run(run *contact.ImportRun) {
	ctx, began := s.bot.background, s.bot.now()
	show := func(now contact.Import) func() cards.Card {
		return func() cards.Card { return importCard(s.lang, now, "") }
	}
	err := s.work(ctx, show(run.Import()), func(tell func(func() cards.Card)) error {
		return run.Run(ctx, func(now contact.Import) { tell(show(now)) })
	})
	now := run.Import()
	logImport(s.bot, now, err, s.bot.now().Sub(began).Milliseconds())
	if ctx.Err() == nil {
		s.end(ctx, importCard(s.lang, now, problemOf(s.lang, err)))
	}
}

// problemOf is why an import does not go on; empty where it is at its end.
func problemOf(speaker *lang.Printer, err error) string {
	var f *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f) && f.Text != "":
		return speaker.Text(f.Text, f.Args...)
	}
	return speaker.Text("import.broken")
}

// logImport says how an import ended, without a name.
func logImport(b *Bot, now contact.Import, err error, took int64) {
	level := slog.LevelInfo
	if err != nil && fault.Is(err, fault.Internal) && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
	}
	b.log.Log(context.Background(), level, "import", "tenant", now.Tenant, "import", now.ID, "state", now.State, "format", now.Format, "rows", now.Rows,
		"new", now.Made.New, "changed", now.Made.Changed, "same", now.Made.Same, "bad", now.Found.Bad, "back", now.Back, "stayed", now.Stayed, "ms", took, "error", err)
}

// resumeImports goes on with the imports that were at work when the last process ended, each on the message that it had.
func (b *Bot) resumeImports(ctx context.Context) error {
	if b.Imports == nil {
		return nil
	}
	runs, err := b.Imports.Resume(ctx)
	for _, run := range runs {
		now := run.Import()
		a := b.apps[strings.ToLower(now.Where.App)]
		if a == nil { // of the operator: nobody watches
			b.jobs.Go(func() {
				began := b.now()
				err := run.Run(b.background, func(contact.Import) {})
				logImport(b, run.Import(), err, b.now().Sub(began).Milliseconds())
			})
			continue
		}
		target := Target{Tenant: now.Tenant, ServiceURL: now.Where.ServiceURL, Conversation: now.Thread, BotID: now.Where.BotID}
		shown := &importBoard{board: board{bot: b, app: a, target: target, card: now.Card}, lang: b.placeVoice(ctx, now.Tenant, now.Where)}
		b.jobs.Go(func() { shown.run(run) })
	}
	return err
}
