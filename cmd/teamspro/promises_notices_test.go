package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/store"
)

// fanned are the channels that a fan-out goes to.
func fanned(n int) (all []identity.Conversation) {
	for i := range n {
		all = append(all, identity.Conversation(fmt.Sprintf("19:fan%03d@thread.tacv2", i)))
	}
	return all
}

// fanOut has announcements of Ada wait in the outbox, for the next start to send: one copy for each of so many channels.
func (w *world) fanOut(n int) {
	w.t.Helper()
	db := w.store(time.Now)
	now := time.Now().UTC()
	for part := range slices.Chunk(fanned(n), notice.MaxTargets) {
		a := notice.Announcement{ID: "fan" + string(part[0]), Product: "contact", By: identity.Person(ada.id), At: now, Title: "Fan", Text: "Fanned out", Version: 1, People: n}
		var copies []notice.Notice
		ids := notice.NewIDs(now, len(part))
		for i, c := range part {
			ref := identity.Reference{Conversation: c, Place: identity.Channel, Team: string(c), ServiceURL: w.connector.url, App: worldApp, BotID: "28:" + worldApp, Used: now}
			if err := db.Conversations().Remember(w.t.Context(), north, ref); err != nil {
				w.t.Fatal(err)
			}
			a.Targets = append(a.Targets, notice.Target{Conversation: c, Team: string(c)})
			copies = append(copies, notice.Notice{Tenant: north, ID: ids[i], Place: notice.Place{Conversation: c, Product: "contact"}, Team: string(c),
				Op: notice.Post, Content: notice.Content{Announcement: a.ID, Version: 1}, Due: now, State: notice.Waiting, At: now})
		}
		if _, err := db.Announcements().Announce(w.t.Context(), north, a, copies); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// store opens the file of the service, which must not run.
func (w *world) store(now func() time.Time) *store.DB {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), store.Config{Path: filepath.Join(w.data, "teamspro.db"), Now: now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

// heard counts, for each channel of a fan-out, how often it was told, and how many messages that are in all.
func (w *world) heard(n int) (times map[identity.Conversation]int, all int) {
	times = map[identity.Conversation]int{}
	for _, c := range fanned(n) {
		times[c] = len(w.connector.said(string(c)))
		all += times[c]
	}
	return times, all
}

// again are the channels whose copy may be there twice, as the service itself says.
func (w *world) again(n int) map[identity.Conversation]bool {
	w.t.Helper()
	db, twice := w.store(time.Now), map[identity.Conversation]bool{}
	for part := range slices.Chunk(fanned(n), notice.MaxTargets) {
		copies, err := db.Announcements().Copies(w.t.Context(), north, "fan"+string(part[0]))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, c := range copies {
			if c.State != notice.Sent {
				w.t.Errorf("the copy in %s is %s", c.Conversation, c.State)
			}
			twice[c.Conversation] = c.Again
		}
	}
	return twice
}

// TestTerminationInFanOut: SIGTERM while 200 notices are sent ends the process in time and with status 0; the next start
// sends the rest, and nothing comes twice.
func TestTerminationInFanOut(t *testing.T) {
	t.Parallel()
	const all = 200
	w := newWorld(t)
	w.fanOut(all)
	w.connector.fail(func(_ http.ResponseWriter, r *http.Request, _ func()) bool {
		if r.Method == http.MethodPost {
			time.Sleep(200 * time.Millisecond)
		}
		return false
	})
	s := w.spawn()
	eventually(t, 30*time.Second, "the first of them", func() bool { _, n := w.heard(all); return n >= 20 })
	start := time.Now()
	s.stop()
	status := <-s.done
	s.done <- status
	if took := time.Since(start); status != 0 || took > 29*time.Second {
		t.Errorf("exit status %d after %s", status, took)
	}
	_, before := w.heard(all)
	if before == all {
		t.Fatal("all of them were sent before the end")
	}
	s = w.spawn()
	eventually(t, time.Minute, "the rest", func() bool { _, n := w.heard(all); return n >= all })
	w.quiet("nobody")
	times, _ := w.heard(all)
	for c, n := range times {
		if n != 1 {
			t.Errorf("%s was told %d times", c, n)
		}
	}
	s.stop()
	s.done <- <-s.done
	for c, twice := range w.again(all) {
		if twice {
			t.Errorf("it is said that %s may have been told twice", c)
		}
	}
}

// TestKilledInFanOut: kill -9 while notices are sent loses none, and doubles none but those that were on their way, of which
// the service says that they may be there twice.
func TestKilledInFanOut(t *testing.T) {
	t.Parallel()
	const all, kills = 60, 3
	w := newWorld(t)
	w.fanOut(all)
	w.connector.fail(func(answer http.ResponseWriter, r *http.Request, take func()) bool {
		if r.Method != http.MethodPost {
			return false
		}
		take() // it is there long before the service knows
		time.Sleep(300 * time.Millisecond)
		answer.WriteHeader(http.StatusCreated)
		fmt.Fprint(answer, `{"id":"1700000000000"}`)
		return true
	})
	for i := range kills {
		s := w.spawn()
		eventually(t, 30*time.Second, "some of them", func() bool { _, n := w.heard(all); return n >= 12*(i+1) })
		s.kill()
	}
	w.connector.fail(nil)
	s := w.spawn()
	eventually(t, time.Minute, "each of them", func() bool {
		times, _ := w.heard(all)
		return !slices.Contains(slices.Collect(maps.Values(times)), 0)
	})
	w.quiet("nobody")
	s.stop()
	s.done <- <-s.done
	times, said := w.heard(all)
	again := w.again(all)
	for c, n := range times {
		if n > 1 && !again[c] || n > kills+1 {
			t.Errorf("%s was told %d times, and that it may be more than once is said: %v", c, n, again[c])
		}
	}
	if said == all {
		t.Error("no kill hit a notice that was on its way; the test proves nothing")
	}
}

// hearsAtOnce has the owner of the channel wish to be told at once of contacts that are added.
func (o *office) hearsAtOnce(chat string) {
	o.t.Helper()
	o.does(o.as([]string{"ana", chat, "contact"}), o.say([]string{"settings"}), o.story.dialog([]string{"Change"}),
		o.fill([]string{"when=once", "kinds=contact-added,contact-changed", "workdays=false"}), o.submit(nil), o.see("The settings are saved."))
}

// TestKilledBeforeTheNotice: what was acknowledged is told after the next start, though nobody had begun to tell it; once.
func TestKilledBeforeTheNotice(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.opens()
	o.does(o.settled())
	o.hearsAtOnce("leads")
	o.does(o.say([]string{"add Nora Quist, nora@quist.example"}), o.see("Nora Quist was added."))
	o.dies(first)
	o.opens()
	o.does(o.stands([]string{"1", "Ana Duarte added Nora Quist."}))
	time.Sleep(time.Second)
	o.does(o.stands([]string{"1", "Ana Duarte added Nora Quist."}), o.arrived([]string{"repeated=0", "unheard=0"}))
}

// announces writes an announcement and gives the dialog in which it is confirmed.
func (o *office) announces(title, text string, channels ...string) {
	o.t.Helper()
	o.does(o.say([]string{"announce", text}), o.story.dialog([]string{"Write it"}),
		o.fill([]string{"Title=" + title, "channels=" + strings.Join(channels, ","), "asks=true"}), o.submit(nil), o.see("Press Send to send it."))
}

// TestKilledWhileAnnouncing: an announcement whose confirmation is cut off stands nowhere or everywhere, and after the same
// form is sent again, everywhere: once, or twice where the kill met a message on its way, which is said.
func TestKilledWhileAnnouncing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.opens()
	o.does(o.settled())
	o.does(o.as([]string{"ana", "personal-contact"}))
	for i, life := range []time.Duration{0, 3 * time.Millisecond, 8 * time.Millisecond, 20 * time.Millisecond} {
		title := fmt.Sprintf("Regatta %d", i)
		o.announces(title, "Sails up", "Contoso Sales › General", "Contoso Sales › Leads")
		o.does(o.layAside([]string{"sending"}))
		var pressed sync.WaitGroup
		cut := o.story
		cut.values = maps.Clone(cut.values)
		pressed.Go(func() { _ = cut.submit(nil) }) // its answer is lost, or is not
		time.Sleep(life)
		o.dies(s)
		s = o.opens()
		pressed.Wait()
		o.does(o.takeUp([]string{"sending"}), o.submit(nil), o.see("On its way to 2 channels"))
		o.comes(title)
	}
	time.Sleep(time.Second)
	o.does(o.say([]string{"announcements"}))
	said := strings.Join(sentences(o.card), "\n")
	for i := range 4 {
		if n := o.comes(fmt.Sprintf("Regatta %d", i)); n > 2 && !strings.Contains(said, "may stand twice") {
			t.Errorf("announcement %d stands %d times in two channels, and nobody is told", i, n)
		}
	}
}

// comes waits until an announcement stands in both channels, and counts its messages. What a kill meets on its way may stand
// twice in a channel, never more.
func (o *office) comes(title string) (messages int) {
	o.t.Helper()
	for _, chat := range []string{"general", "leads"} {
		there := o.story
		there.chat = chat
		var found []seen
		eventually(o.t, time.Minute, title+" in "+chat, func() bool {
			var err error
			found, err = there.showing(title)
			return err == nil && len(found) > 0
		})
		if len(found) > 2 {
			o.t.Errorf("%s stands %d times in %s", title, len(found), chat)
		}
		messages += len(found)
	}
	return messages
}

// TestFullDiskAndNotices: on a full disk everybody who wants something gets a sentence, what waits goes on waiting, and with
// room again all of it comes, once.
func TestFullDiskAndNotices(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.opens()
	o.does(o.settled())
	o.hearsAtOnce("leads")
	o.does(o.say([]string{"add Nora Quist, nora@quist.example"}), o.see("Nora Quist was added.")) // the notice is due in seconds
	o.announces("Regatta", "Sails up", "Contoso Sales › General", "Contoso Sales › Leads")
	o.does(o.layAside([]string{"sending"}), o.say([]string{"settings"}), o.story.dialog([]string{"Change"}), o.fill([]string{"when=daily"}), o.layAside([]string{"settings"}))
	s.limit(8192)
	full := "the disk takes no more"
	o.does(o.takeUp([]string{"sending"}), o.submit(nil), o.see(full))
	o.does(o.takeUp([]string{"settings"}), o.submit(nil), o.see(full))
	o.does(o.say([]string{"add Nils Quist, nils@quist.example"}), o.see(full))
	time.Sleep(6 * time.Second) // in which the notice was due
	o.does(o.stands([]string{"0", "Sails up"}))
	s.limit(1 << 40)
	s.ready()
	o.does(o.stands([]string{"1", "Ana Duarte added Nora Quist."}))
	o.does(o.takeUp([]string{"sending"}), o.submit(nil), o.see("On its way to 2 channels"), o.stands([]string{"1", "Sails up"}))
	o.does(o.say([]string{"add Nils Quist, nils@quist.example"}), o.stands([]string{"1", "Ana Duarte added Nils Quist."}))
	o.does(o.takeUp([]string{"settings"}), o.submit(nil), o.see("The settings are saved."))
	o.does(o.stands([]string{"1", "Sails up"}), o.stands([]string{"1", "Ana Duarte added Nora Quist."}), o.arrived([]string{"repeated=0"}))
}

// TestNoticesLeaveNoTrace: neither the log nor the metrics hold what is announced, or the name of a contact that is told of;
// and when an announcement was recalled and its time is over, nothing of it is left in the file.
func TestNoticesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.opens()
	o.does(o.settled())
	o.hearsAtOnce("leads")
	o.does(o.say([]string{"add Planted Quist, planted@quist.example"}), o.stands([]string{"1", "Ana Duarte added Planted Quist."}))
	o.announces("Plantedtitle", "Plantedtext", "Contoso Sales › General", "Contoso Sales › Leads")
	o.does(o.submit(nil), o.stands([]string{"1", "Plantedtext"}), o.story.press([]string{"I have seen it"}))
	o.does(o.say([]string{"correct"}), o.story.dialog([]string{"Correct"}), o.fill([]string{"Text=Plantedcorrection"}), o.submit(nil), o.stands([]string{"1", "Plantedcorrection"}))
	o.does(o.trouble(map[string]any{"op": "delete", "status": 403}), o.say([]string{"recall"}), o.story.press([]string{"Recall it"}), o.see("is recalled"))
	time.Sleep(time.Second) // refused, which is logged
	o.does(o.calm(nil))
	_, metrics := s.get("/metrics")
	s.stop()
	s.done <- <-s.done
	if !strings.Contains(s.log.String(), "notice:") {
		t.Errorf("nothing was logged of notices:\n%s", s.log)
	}
	for _, planted := range []string{"Planted", "planted", "Duarte", "Quist", "eyJhbGciOi"} {
		for _, all := range []string{s.log.String(), metrics} {
			if at := strings.Index(all, planted); at >= 0 {
				t.Errorf("%q stands in the output: …%s…", planted, all[max(0, at-200):min(len(all), at+100)])
			}
		}
	}
	later := func() time.Time { return time.Now().Add(notice.TextKept + 25*time.Hour) }
	db := o.store(later)
	compacted := filepath.Join(t.TempDir(), "compacted.db")
	if err := errors.Join(db.Outbox().Purge(t.Context(), later()), db.Compact(t.Context(), compacted)); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(compacted)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte("planted@quist.example")) {
		t.Error("the contact is gone as well; the test proves nothing")
	}
	for _, planted := range []string{"Plantedtitle", "Plantedtext", "Plantedcorrection"} {
		if at := bytes.Index(raw, []byte(planted)); at >= 0 {
			t.Errorf("%q stands in the database: …%q…", planted, raw[max(0, at-100):min(len(raw), at+60)])
		}
	}
}

// TestNoticesStayInTheirTenant: what happens in one tenant is told in no conversation of another, and an announcement is not
// there for anybody of another tenant, whatever id they send.
func TestNoticesStayInTheirTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fanOut(1)
	s := w.start()
	chats := map[person]string{ada: "19:north@thread.v2", sol: "19:south@thread.v2"}
	inChat := func(p person, activity map[string]any) map[string]any {
		activity["conversation"] = map[string]any{"id": chats[p], "conversationType": "groupChat", "isGroup": true, "tenantId": p.tenant}
		return activity
	}
	for _, p := range []person{ada, sol} {
		status, answer := s.send(inChat(p, w.invoke(p, "task/submit", map[string]any{"data": map[string]any{"verb": "settings/change", "version": "0", "when": "once",
			"kinds": "contact-added", "workdays": "false", "zone": "UTC", "language": "usual", "guests": "usual"}})))
		if status != http.StatusOK || !strings.Contains(answer, "settings are saved") {
			t.Fatalf("the settings: %d %s", status, answer)
		}
	}
	s.send(inChat(ada, w.message(ada, "add Nora Northern, nora@north.example")))
	told := func(p person) int {
		return countAll(w.connector.said(chats[p]), " added Nora Northern.")
	}
	eventually(t, 30*time.Second, "the notice", func() bool { return told(ada) == 1 })
	w.quiet(chats[ada])
	if n := told(ada); n != 1 {
		t.Errorf("it was told %d times", n)
	}
	if said := strings.Join(w.connector.said(chats[sol]), " "); strings.Contains(said, "Northern") || strings.Contains(said, "north.example") {
		t.Errorf("the other tenant heard %s", said)
	}
	id := "fan" + string(fanned(1)[0])
	for _, what := range []string{"recall", "withdraw", "seen", "view"} {
		for _, activity := range []map[string]any{w.press(sol, "announcement/"+id+"/"+what), inChat(sol, w.press(sol, "announcement/"+id+"/"+what))} {
			if _, answer := s.send(activity); !strings.Contains(answer, "not there any more, or not for you") || strings.Contains(answer, "Fan") {
				t.Errorf("%s: %s", what, answer)
			}
		}
	}
	correct := map[string]any{"verb": "announcement/" + id + "/correct", "version": "1", "title": "Forged", "text": "Forged", "form": "f"}
	if _, answer := s.send(w.invoke(sol, "task/submit", map[string]any{"data": correct})); !strings.Contains(answer, "not there any more, or not for you") {
		t.Errorf("correct: %s", answer)
	}
	if _, answer := s.send(w.press(ada, "announcement/"+id+"/recall")); !strings.Contains(answer, "Recall “Fan”?") {
		t.Errorf("its owner: %s", answer)
	}
}
