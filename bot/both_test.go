package bot

import (
	"log/slog"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/image/imagetest"
)

// merge makes the bot both products under one app id.
func (h *hall) merge() *hall {
	c := h.bot.Config
	c.Contact, c.Avatar = c.Image, func(string, string) string { return "" }
	c.Books = contact.New(contact.Config{Shelf: h.db.Contacts(), Chronicle: h.db.Contacts(), Journal: h.db.Contacts(), Library: h.db.Books(), Marks: h.db.Marks(),
		Roster: c.Contact.Roster, Index: contact.NewIndex(), Log: slog.New(slog.DiscardHandler)})
	h.bot = New(c)
	return h
}

// One bot that is both products understands the words of both, finds in both, and takes back what was done last.
func TestBothProductsInOneBot(t *testing.T) {
	t.Parallel()
	h := newHall(t).merge()
	item := h.drives.Put(imagetest.Root, "harbour.png", []byte("400x300"))
	h.say("help").see("find marta", "resize 1200")
	h.say("add Wilma Sample, wilma@fabrikam.example").see("Wilma Sample")
	h.say("find wilma").see("Wilma Sample")
	h.say("resize 200").see("There is no picture yet")
	h.say("water the plants").see("water the plants")
	if _, err := h.bot.Studio.Open(t.Context(), h.caller(), item.Ref); err != nil {
		t.Fatal(err)
	}
	h.say("resize 200").see("200 × 150")
	h.say("undo").see("400 × 300")
	h.say("undo").see("Wilma Sample")
	h.say("find wilma").missing("wilma@fabrikam.example")
	for _, surface := range []struct {
		on   Surface
		path string
	}{{OnQuery, "findContact"}, {OnQuery, "findImage"}, {OnExtend, "addContact"}, {OnExtend, editImage}, {OnAction, "contact/c1"}, {OnAction, "image/i1/0/undo"}} {
		if route, _ := h.bot.Routes(Both).find(surface.on, surface.path); route == nil {
			t.Errorf("nothing answers %s %s", surface.on, surface.path)
		}
	}
}

// Every route of either product is one of the bot that is both.
func TestBothHaveAllRoutes(t *testing.T) {
	t.Parallel()
	b := new(Bot)
	both := map[string]bool{}
	for _, r := range b.Routes(Both).Routes() {
		both[r.Name()] = true
	}
	for _, app := range []App{ContactPro, ImagePro} {
		for _, r := range b.Routes(app).Routes() {
			if !both[r.Name()] {
				t.Errorf("%s of %s is missing", r.Name(), app)
			}
		}
	}
}
