package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/store"
)

// Announcements of the crash test: before each life of the process one to so many channels of each tenant.
const (
	crashChannels = 12
	// crashSenders is how many notices are on their way at a time, at most (notice.RunnerConfig.Senders).
	crashSenders = 256
)

func crashChannel(n int) identity.Conversation {
	return identity.Conversation(fmt.Sprintf("19:crash-%02d@thread.tacv2", n))
}

// crashTitle is what an announcement is called, and by what the connector's record knows it.
func crashTitle(tenant string, life int) string {
	return fmt.Sprintf("Tide %s-%04d!", tenant[len(tenant)-2:], life)
}

func crashID(life int) string { return fmt.Sprintf("crash%04d", life) }

// announces lets something be announced in each tenant while the process does not live.
func (w *world) announces(life int) {
	w.t.Helper()
	w.withStore(func(db *store.DB) {
		for _, p := range []person{ada, sol} {
			t, now := identity.Tenant(p.tenant), time.Now()
			a := notice.Announcement{ID: crashID(life), Product: "contact", By: identity.Person(p.id), At: now, Title: crashTitle(p.tenant, life), Text: "The tide comes at noon.", Version: 1}
			var notices []notice.Notice
			for n, id := range notice.NewIDs(now, crashChannels) {
				at := crashChannel(n)
				ref := identity.Reference{Conversation: at, Place: identity.Channel, Team: string(at), ServiceURL: w.connector.url, App: worldApp, BotID: "28:" + worldApp, Used: now}
				if err := db.Conversations().Remember(w.t.Context(), t, ref); err != nil {
					w.t.Fatal(err)
				}
				a.Targets = append(a.Targets, notice.Target{Conversation: at, Team: string(at)})
				notices = append(notices, notice.Notice{Tenant: t, ID: id, Op: notice.Post, Team: string(at),
					Place: notice.Place{Conversation: at, Product: "contact"}, Content: notice.Content{Announcement: a.ID, Version: 1}, Due: now, State: notice.Waiting, At: now})
			}
			if _, err := db.Announcements().Announce(w.t.Context(), t, a, notices); err != nil {
				w.t.Fatal(err)
			}
		}
	})
}

// withStore uses the file of the process, which does not live.
func (w *world) withStore(use func(*store.DB)) {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), store.Config{Path: filepath.Join(w.data, "teamspro.db")})
	if err != nil {
		w.t.Fatal(err)
	}
	use(db)
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// TestCrashNotices: of what is announced while the process is killed again and again everything comes to every channel; what
// came twice was on its way at a kill, and the store says of it that it may be there twice.
func TestCrashNotices(t *testing.T) {
	t.Parallel()
	w, k := newWorld(t), newKiller(t)
	w.announces(0)
	s, life := w.spawn(), 0
	k.rampage(func() {
		s.kill()
		life++
		w.announces(life)
		s = w.spawn()
	})
	heard := func() (n int) {
		for c := range crashChannels {
			n += len(w.connector.said(string(crashChannel(c))))
		}
		return n
	}
	all := 2 * crashChannels * (life + 1)
	eventually(t, time.Minute, "everything is said", func() bool { return heard() >= all })
	for before := -1; before != heard(); time.Sleep(time.Second) { // what is said a second time comes, too
		before = heard()
	}
	s.close()
	w.withStore(func(db *store.DB) { w.compares(db, k, life) })
}

// compares holds what the connector heard to what the store says.
func (w *world) compares(db *store.DB, k *killer, lives int) {
	w.t.Helper()
	doubled, again, total := 0, 0, 0
	for _, p := range []person{ada, sol} {
		for life := range lives + 1 {
			copies, err := db.Announcements().Copies(w.t.Context(), identity.Tenant(p.tenant), crashID(life))
			if err != nil || len(copies) != crashChannels {
				w.t.Fatalf("%d copies: %v", len(copies), err)
			}
			for _, n := range copies {
				came := countAll(w.connector.said(string(n.Conversation)), crashTitle(p.tenant, life))
				switch {
				case came == 0:
					w.t.Errorf("%s was not said in %s, and is noted as %s", crashTitle(p.tenant, life), n.Conversation, n.State)
				case n.State != notice.Sent && n.State != notice.Possibly:
					w.t.Errorf("%s was said in %s, and is noted as %s", crashTitle(p.tenant, life), n.Conversation, n.State)
				case came > 2, came == 2 && !n.Again:
					w.t.Errorf("%s came %d times to %s, and that it may is noted: %v", crashTitle(p.tenant, life), came, n.Conversation, n.Again)
				}
				doubled, total = doubled+max(0, came-1), total+1
				if n.Again {
					again++
				}
			}
		}
	}
	k.found("%d notices came; %d of them twice, and %d are noted as possibly twice", total, doubled, again)
	if doubled > k.kills*crashSenders {
		w.t.Errorf("%d came twice, and %d at most were on their way", doubled, k.kills*crashSenders)
	}
}
