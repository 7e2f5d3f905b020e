package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/store"
)

// noticesKills is how often the sender is killed while it sends the notices of one order, and killSeed what the moments are
// drawn from.
const (
	noticesKills = 20
	killSeed     = 20261122
	// sendingMost is how many notices are on their way at a time: of one tenant, three quarters of the runner's senders.
	sendingMost = 192
)

// killed has the whole way killed again and again while it sends, and holds what the store says to what the connector
// got: nothing is missing, and what came twice was on its way at a kill and says so.
func killed(ctx context.Context, b bench, addr string, r *report) error {
	folder := filepath.Join(b.folder, "killed")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	o := order{First: 800_000, Notices: noticesSent, Tenants: 1, Conversations: noticesPlaces}
	if _, err := ask[struct{}](ctx, addr, "/reset"); err != nil {
		return err
	}
	moments := rand.New(rand.NewPCG(killSeed, 0))
	for kill := range noticesKills {
		if err := o.cutShort(ctx, folder, addr, kill > 0, noticesSent*(kill+1)/(noticesKills+2)+moments.IntN(noticesSent/100)); err != nil {
			return fmt.Errorf("kill %d: %w", kill+1, err)
		}
	}
	s, err := startWhole(ctx, folder, addr)
	if err != nil {
		return err
	}
	o.Resume = true
	_, err = s.obey(o)
	s.close()
	if err != nil {
		return err
	}
	return o.compare(ctx, folder, addr, r)
}

func startWhole(ctx context.Context, folder, addr string) (*speaker, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return newSpeaker(ctx, wholeName, []string{program}, []string{connectorEnv + "=" + addr, sayersEnv + "=" + folder, sayEnv + "=" + wholeName})
}

// cutShort starts a sender and kills it when so many notices came. The first one is killed after all was announced: what
// nobody promised to send does not count.
func (o order) cutShort(ctx context.Context, folder, addr string, resume bool, at int) error {
	s, err := startWhole(ctx, folder, addr)
	if err != nil {
		return err
	}
	o.Resume, o.Announced = resume, !resume
	if err := s.tell(o); err != nil {
		return err
	}
	if o.Announced { // it says so before it sends
		if _, err := s.out.ReadBytes('\n'); err != nil {
			return err
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		got, err := ask[record](ctx, addr, "/record")
		if err != nil || time.Now().After(end) {
			return fmt.Errorf("%d of %d notices came: %w", got.Notices, at, err)
		}
		if got.Notices >= at {
			break
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = s.cmd.Wait() // it says that it was killed
	return nil
}

// compare reads the store and the connector's record.
func (o order) compare(ctx context.Context, folder, addr string, r *report) error {
	got, err := ask[record](ctx, addr, "/record?keys")
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{Path: outboxFile(folder)})
	if err != nil {
		return err
	}
	defer db.Close()
	came := map[string]bool{}
	for _, key := range got.Keys {
		came[key] = true
	}
	lost, unsent, again := 0, 0, map[string]bool{}
	for i := range o.Notices / o.width() {
		number := o.First + i
		copies, err := db.Announcements().Copies(ctx, identity.Tenant(tenantName(i%o.Tenants)), announcementID(number))
		if err != nil {
			return err
		}
		for _, n := range copies {
			key := string(n.Conversation) + strings.TrimPrefix(noticeTitle(number), noticeMark)
			if !came[key] {
				lost++
			}
			if n.State != notice.Sent {
				unsent++
			}
			if n.Again {
				again[key] = true
			}
		}
		lost += o.width() - len(copies)
	}
	untold := 0
	for _, key := range got.Twice {
		if !again[key] {
			untold++
		}
	}
	r.died(got, lost, unsent, untold, len(again))
	return nil
}

// died adds what the kills did.
func (r *report) died(got record, lost, unsent, untold, again int) {
	r.more = append(r.more, fmt.Sprintf("Killed (SIGKILL) %d times while it sends %d notices, and started again each time:\n\n| notices came | lost | not noted as sent | came twice | noted as possibly twice | came twice and not noted so |\n| --- | --- | --- | --- | --- | --- |\n| %d | %d | %d | %d | %d | %d |\n\n"+
		"The connector has no key by which it knows a message again. So what was on its way at a kill, %d at most, may come twice; the store says of each that it may have.",
		noticesKills, noticesSent, got.Notices, lost, unsent, got.Doubled, again, untold, sendingMost))
	r.goals = append(r.goals, goal{"lost at kills = 0", fmt.Sprint(lost + unsent), lost+unsent == 0},
		goal{fmt.Sprintf("doubled at kills ≤ %d", noticesKills*sendingMost), fmt.Sprint(got.Doubled), got.Doubled <= noticesKills*sendingMost},
		goal{"doubled and not noted = 0", fmt.Sprint(untold), untold == 0})
}
