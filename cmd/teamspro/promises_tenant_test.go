package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What the planted contact holds; no query in these tests holds the last of them.
const (
	plantedName    = "Quillfeather Plantedcontact"
	plantedMail    = "quill.planted@contoso.example"
	plantedNumber  = "+44 7700 900987"
	plantedCompany = "Plantedcompany"
)

const plantedLine = "add " + plantedName + ", " + plantedMail + ", " + plantedNumber

// ids finds the ids that the verbs of cards carry.
func ids(pattern, cards string) string {
	found := regexp.MustCompile(pattern).FindStringSubmatch(cards)
	if found == nil {
		return ""
	}
	return found[1]
}

// TestIsolation: nobody sees or changes the contacts of another tenant, nor those of a colleague's own book, whatever ids they know
// and whatever conversation they claim to be in (promise 4).
func TestIsolation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	colleague := person{north, "aaaaaaaa-0000-4000-8000-000000000009", "Cleo Planted-Northname"}
	w.connector.members[colleague.id] = colleague
	s := w.start()
	card := s.say(ada, plantedLine)
	contactID, changeID := ids(`"verb":"contact/([^/"]+)/`, card), ids(`"verb":"change/([^/"]+)/undo`, card)
	bookID := ids(`book/([^/"]+)/`, s.say(ada, "books")+s.say(ada, "settings"))
	if contactID == "" || changeID == "" || bookID == "" {
		t.Fatalf("no ids: contact %q change %q book %q\n%s", contactID, changeID, bookID, card)
	}
	asked := w.query(ada, "quillfeather")
	if _, answer := s.send(asked); !strings.Contains(answer, plantedMail) {
		t.Fatalf("Ada does not find it: %s", answer)
	}
	for _, other := range []person{sol, colleague} {
		for _, a := range w.attempts(other, contactID, changeID, bookID) {
			for chat, kind := range map[string]string{other.chat(): "personal", ada.chat(): "personal", "19:group@thread.v2": "groupChat"} {
				a["conversation"] = map[string]any{"id": chat, "conversationType": kind, "tenantId": other.tenant}
				if a["type"] == "invoke" {
					a["id"] = asked["id"] // an activity that was answered before, for somebody else
				}
				status, answer := s.send(a)
				if status != http.StatusOK && status != http.StatusBadRequest || leaks(answer) {
					t.Errorf("%s in %s gets %d %s\nfor %s", other.name, chat, status, answer, encoded(a))
				}
			}
		}
	}
	for _, chat := range []string{sol.chat(), colleague.chat(), "19:group@thread.v2"} {
		if said := strings.Join(w.connector.said(chat), "\n"); leaks(said) {
			t.Errorf("said in %s: %.2000s", chat, said)
		}
	}
	if _, answer := s.send(w.query(ada, "quillfeather")); !strings.Contains(answer, plantedMail) {
		t.Errorf("Ada's contact is not what it was: %s", answer)
	}
}

func leaks(s string) bool {
	return strings.Contains(s, plantedMail) || strings.Contains(s, "Plantedcontact")
}

// attempts are all ways to reach a contact, a change and a book by their ids.
func (w *world) attempts(p person, contact, change, book string) []map[string]any {
	var all []map[string]any
	for _, verb := range []string{"contact/" + contact, "contact/" + contact + "/view", "contact/" + contact + "/favourite", "contact/" + contact + "/unfavourite", "contact/" + contact + "/post",
		"contact/" + contact + "/delete", "contact/" + contact + "/1/remove", "contact/" + contact + "/history", "change/" + change + "/undo", "change/" + change + "/restore/email",
		"book/" + book + "/share/read", "book/" + book + "/share/edit", "book/" + book + "/unshare/" + p.chat(), "book/" + book + "/restore",
		"find/0/quill", "favourites", "trash", "tags", "books", "settings"} {
		all = append(all, w.press(p, verb))
	}
	for _, verb := range []string{"contact/" + contact + "/edit", "book/" + book + "/settings", "contact/add"} {
		data := map[string]any{"verb": verb, "version": "1", "name": "Taken over", "book": book, "mode": "everybody", "posted": "true"}
		all = append(all, w.invoke(p, "task/fetch", map[string]any{"data": data}), w.invoke(p, "task/submit", map[string]any{"data": data}))
	}
	all = append(all, w.invoke(p, "composeExtension/selectItem", map[string]any{"verb": "contact/" + contact}), w.query(p, "quill"), w.query(p, ""), w.query(p, "7700 900"),
		w.invoke(p, "composeExtension/query", map[string]any{"commandId": "findContact", "parameters": []any{map[string]any{"name": "initialRun", "value": "true"}}}))
	all = append(all, w.activity(p, "type", "message", "value", map[string]any{"verb": "contact/" + contact}), w.activity(p, "type", "message", "value", map[string]any{"verb": "change/" + change + "/undo"}))
	for _, words := range []string{"find quill", "delete quill", "history quill", "who is 07700900987", "undo", "trash"} {
		all = append(all, w.message(p, words))
	}
	return all
}

// TestForeignTenant: people of an organisation that may not use the service get 403 and, once, a polite sentence.
func TestForeignTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	for range 3 {
		if status, answer := s.send(w.message(wanda, "find marta")); status != http.StatusForbidden || !bare(answer) {
			t.Errorf("got %d %q", status, answer)
		}
	}
	for _, a := range []map[string]any{w.query(wanda, "marta"), w.press(wanda, "help")} {
		if status, answer := s.send(a); status != http.StatusForbidden || !bare(answer) {
			t.Errorf("got %d %q", status, answer)
		}
	}
	eventually(t, 5*time.Second, "a sentence for the stranger", func() bool { return len(w.connector.said(wanda.chat())) > 0 })
	s.close()
	if said := w.connector.said(wanda.chat()); len(said) != 1 {
		t.Errorf("said %d times", len(said))
	}
}

// TestBearerStaysHome: our token goes to the listed host and nowhere else, neither to a service address elsewhere nor along a redirect.
func TestBearerStaysHome(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer thief.Close()
	w := newWorld(t)
	s := w.start()
	for _, address := range []string{thief.URL + "/emea/", "http://" + w.connector.host + "@" + strings.TrimPrefix(thief.URL, "http://") + "/", "http://" + w.connector.host + ".evil.example/",
		w.connector.url + "?x=1", w.connector.url + "../"} {
		a := w.message(ada, "help")
		a["serviceUrl"] = address
		if status, _, err := s.post(w.token(w.issuer.claims(address)), encoded(a)); err != nil || status != http.StatusForbidden {
			t.Errorf("%s: status %d, %v", address, status, err)
		}
	}
	for _, status := range []int{301, 302, 307, 308} {
		w.connector.fail(func(rw http.ResponseWriter, r *http.Request, _ func()) bool {
			http.Redirect(rw, r, thief.URL+r.URL.Path, status)
			return true
		})
		if got, _ := s.send(w.message(ada, "help")); got != http.StatusOK {
			t.Errorf("a redirect of %d: status %d", status, got)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

// TestLogsHoldNoSecret goes through good and bad days at the most talkative log level; nothing planted may come out (promise 15).
func TestLogsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	card := s.say(ada, plantedLine)
	s.say(ada, "find Plantedquery of mine")
	s.say(ada, "show quillfeather")
	contactID := ids(`"verb":"contact/([^/"]+)/`, card)
	form := map[string]any{"verb": "contact/" + contactID + "/edit", "version": "1", "name": plantedName, "company": plantedCompany, "email": "not Plantedquery an address", "notes": "Plantednote"}
	s.send(w.invoke(ada, "task/submit", map[string]any{"data": form}))
	form["email"] = plantedMail
	s.send(w.invoke(ada, "task/submit", map[string]any{"data": form}))
	s.send(w.press(ada, "contact/"+contactID+"/99/remove"))
	s.send(w.press(ada, "find/0/Plantedquery"))
	s.send(w.press(ada, "find/Plantedquery/Plantedquery"))
	s.send(w.query(ada, "Plantedquery"))
	s.send(w.message(wanda, "Plantedquery"))
	s.send(w.activity(ada, "type", "message", "text", "Plantedquery", "from", map[string]any{"id": "29:x", "name": "Plantedquery"}))
	s.send(w.activity(ada, "type", "message", "text", 7, "Plantedquery", "Plantedquery"))
	_, _, _ = s.post(w.sound()+"x", `{"text":"Plantedquery"}`)
	_, _, _ = s.post(w.sound(), `{"text":"Plantedquery"`)
	for _, status := range []int{400, 403, 404, 500, 502} {
		w.connector.fail(func(rw http.ResponseWriter, _ *http.Request, _ func()) bool {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(`{"error":{"code":"BadSyntax","message":"Plantedquery ` + plantedMail + `"}}`))
			return true
		})
		s.send(w.message(ada, "find Plantedquery"))
	}
	w.connector.fail(nil)
	w.login.gone.Store(true)
	s.send(w.message(ada, "find Plantedquery"))
	_, metrics := s.get("/metrics")
	_, ready := s.get("/readyz")
	s.close()
	out := s.log.String()
	if !strings.Contains(out, `"msg":"turn`) || !strings.Contains(metrics, "teamspro_turns_total") {
		t.Fatalf("nothing was logged or counted:\n%s", out)
	}
	for _, all := range []string{out, metrics, ready} {
		for _, planted := range []string{worldSecret, "planted-token", "eyJ", "Planted", "planted.", "900987", "Bearer "} {
			if at := strings.Index(all, planted); at >= 0 {
				t.Errorf("%q stands in the output: …%s…", planted, all[max(0, at-200):min(len(all), at+100)])
			}
		}
	}
}
