package bot

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image/imagetest"
)

// imports makes the bot both products, with imports.
func (h *hall) imports() *hall {
	h.merge()
	c := h.bot.Config
	c.Imports = contact.NewImports(contact.ImportsConfig{Books: c.Books, Shelf: h.db.Imports()})
	h.bot = New(c)
	return h
}

// fetched answers the next call of the connector's client with a file, and notes whether a token came along.
func (h *hall) fetched(data string, tokens *int) {
	h.service.mu.Lock()
	defer h.service.mu.Unlock()
	h.service.faults = append(h.service.faults, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			*tokens++
		}
		_, _ = w.Write([]byte(data))
	})
}

// drops sends files of the personal chat with words.
func (h *hall) drops(words string, names ...string) *hall {
	h.t.Helper()
	var files []any
	for _, name := range names {
		address := "https://files.example/" + name
		if name == "elsewhere" {
			address = "https://ana:secret@files.example/a.csv"
		}
		files = append(files, map[string]any{"contentType": fileInfo, "name": name, "contentUrl": "https://contoso-my.sharepoint.example/" + name,
			"content": map[string]any{"downloadUrl": address, "fileType": "x"}})
	}
	h.send(map[string]any{"type": "message", "text": words, "attachments": files})
	return h.latest()
}

const oneContact = "Name,E-mail\nWilma Sample,wilma@fabrikam.example\n"

// One bot that is both products gives tables to the one and pictures to the other, by the ending or by the bytes. The token
// of the app goes to neither address.
func TestFilesFindTheirProduct(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		file, data string
		fetches    int
		want       string
	}{
		"a table":                    {"suppliers.csv", oneContact, 1, "1 new"},
		"cards":                      {"cards.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Wilma Sample\r\nEND:VCARD\r\n", 1, "1 new"},
		"a picture":                  {"harbour.png", "40x30", 1, "40 × 30"},
		"a table of no name":         {"suppliers", oneContact, 2, "1 new"},
		"a picture of no name":       {"harbour", "40x30", 2, "40 × 30"},
		"a table in name only":       {"suppliers.xlsx", "PK\x03\x04", 1, "damaged"},
		"a text that names nobody":   {"notes.txt", "water the plants\n", 2, "image.not_an_image"},
		"a picture called a contact": {"card.vcf", "\x89PNG\r\n\x1a\n\x00\x00\x00\x00", 1, "no file of contacts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, tokens := newHall(t).imports(), 0
			for range row.fetches {
				h.fetched(row.data, &tokens)
			}
			h.drops("", row.file)
			if row.want != "image.not_an_image" {
				h.see(row.want)
			}
			if tokens != 0 {
				t.Errorf("%d tokens went along", tokens)
			}
			h.service.mu.Lock()
			defer h.service.mu.Unlock()
			if len(h.service.faults) != 0 {
				t.Errorf("%d files were not fetched", len(h.service.faults))
			}
			h.bot.Close(t.Context())
		})
	}
}

// A file that is too large, gone, or at an address that is not followed gets its sentence.
func TestFilesThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		file   string
		want   string
	}{
		"too large": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(importMost+1))
		}, "a.csv", "larger than 32 MB"},
		"gone":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "a.csv", "does not give this file any more"},
		"with a password": {nil, "elsewhere", "Drop the file itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t).imports()
			if row.answer != nil {
				h.service.faults = append(h.service.faults, row.answer)
			}
			h.drops("import", row.file).see(row.want)
			h.bot.Close(t.Context())
		})
	}
}

// A link is read as the person who is signed in; who is not is told where to do that, and Contact Pro itself asks for nothing.
func TestImportBehindALink(t *testing.T) {
	t.Parallel()
	h := newHall(t).imports()
	item := h.drives.Put(imagetest.Root, "suppliers.csv", []byte(oneContact))
	h.say("import "+item.WebURL).see("1 new", "suppliers.csv")
	c := h.bot.Config
	c.Image.ID = "5b0f7d1e-0000-4000-8000-00000000000b"
	h.bot = New(c)
	h.drives.Refuse("ana", fault.New(fault.SignIn, "test", "signin.needed"))
	h.say("import "+item.WebURL).see("I ask for no rights in SharePoint", "Sign in there", "users=28:"+c.Image.ID)
	c.Gallery = nil
	h.bot = New(c)
	h.say("import " + item.WebURL).see("I have no access to SharePoint")
	h.say("import https://evil.example/x.csv").see("leads to no file of SharePoint")
	h.bot.Close(t.Context())
}

// An import belongs to whoever began it, and a preview that was decided anew to nobody.
func TestImportsAreClaims(t *testing.T) {
	t.Parallel()
	h, tokens := newHall(t).imports(), 0
	h.fetched(oneContact, &tokens)
	h.drops("", "suppliers.csv").see("1 new")
	start := fmt.Sprint(h.action("Import 1 contact")["verb"])
	for _, what := range []string{"start", "cancel", "undo", "show"} {
		h.as("ben", identity.Personal).verb(strings.Replace(start, "/start", "/"+what, 1)).see("too old, or it was dropped")
	}
	h.as("ben", identity.Personal).verb("import/file/nobodys/look").see("Send the file again")
	h.as("ana", identity.Personal).say("find wilma").missing("wilma@fabrikam.example")
	h.verb(start).see("Importing")
	h.bot.jobs.Wait()
	h.verb(start).see("1 contact imported")
	h.say("undo").see("Taking back")
	h.bot.jobs.Wait()
	h.say("undo").see("Nothing to undo")
	h.bot.Close(t.Context())
}

// Who comes second to a book waits their turn, and can try again from the answer.
func TestImportsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	h, tokens := newHall(t).imports(), 0
	var ids []string
	for _, data := range []string{oneContact, "Name,E-mail\nOtto Sample,otto@fabrikam.example\n"} {
		h.fetched(data, &tokens)
		h.drops("", "suppliers.csv").see("1 new")
		ids = append(ids, strings.Split(fmt.Sprint(h.action("Import 1 contact")["verb"]), "/")[1])
	}
	_, run, err := h.bot.Imports.Start(t.Context(), h.caller(), contact.ImportID(ids[0]), "")
	if err != nil || run == nil {
		t.Fatal(run, err)
	}
	h.press("Import 1 contact").see("Another file is on its way into this book", "Try again")
	if err := run.Run(t.Context(), func(contact.Import) {}); err != nil {
		t.Fatal(err)
	}
	h.press("Try again").see("Importing")
	h.bot.jobs.Wait()
	h.press("Stop").see("1 contact imported")
	h.bot.Close(t.Context())
}

// What was begun and not ended when the service stopped goes on by itself with the next one; nobody is asked.
func TestImportsGoOn(t *testing.T) {
	t.Parallel()
	h, tokens := newHall(t).imports(), 0
	h.fetched(oneContact, &tokens)
	h.drops("", "suppliers.csv").see("1 new")
	id := contact.ImportID(strings.Split(fmt.Sprint(h.action("Import 1 contact")["verb"]), "/")[1])
	if _, _, err := h.bot.Imports.Start(t.Context(), h.caller(), id, "message-1"); err != nil {
		t.Fatal(err)
	}
	h.imports() // the next process
	if err := h.bot.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.bot.jobs.Wait()
	h.service.mu.Lock()
	said := h.service.messages[h.conversation()]["message-1"]
	h.service.mu.Unlock()
	if !strings.Contains(said, "1 contact imported: 1 new") {
		t.Errorf("the message is %s", said)
	}
	h.say("find wilma").see("wilma@fabrikam.example")
	h.bot.Close(t.Context())
}
