package main

import (
	"fmt"
	"strings"
	"time"
)

// clock moves the clock of the service: "+1h", "-30m", "tomorrow 08:00", "2026-11-23T08:00" in the zone of the person, "real".
func (s *story) clock(args []string) error {
	order := map[string]any{"as": s.person}
	switch by, err := time.ParseDuration(args[0]); {
	case err == nil:
		order["addSeconds"] = int(by.Seconds())
	case args[0] == "tomorrow" && len(args) == 2:
		order["tomorrow"] = args[1]
	case args[0] == "real":
		order["real"] = true
	default:
		order["local"] = args[0]
	}
	return s.post("/api/clock", order, nil)
}

// configure opens the dialog by which the app is set up in the conversation, as its menu in Teams does.
func (s *story) configure([]string) error {
	s.command, s.about = "", ""
	return s.task("config/fetch", "config/submit", map[string]any{"context": map[string]any{"theme": "default"}})
}

// arrived compares the connector's record of the conversation with what should be there: "sent=3 edits=1 deletions=0
// repeated=0 unheard=0", as far as it is named. What is sent may take a moment.
func (s *story) arrived(args []string) error {
	wrong := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { // a client polling
		counts, err := s.record()
		if err != nil {
			return err
		}
		if wrong = differs(counts, args); wrong == "" {
			return nil
		}
	}
	return fmt.Errorf("the record of %s: %s", s.chat, wrong)
}

// record is what the connector counted in the conversation.
func (s *story) record() (map[string]any, error) {
	var answer struct{ Conversations []map[string]any }
	if err := s.get("/api/record?last=0&conversation="+s.chat, &answer); err != nil {
		return nil, err
	}
	for _, page := range answer.Conversations {
		if who, personal := page["who"]; !personal || who == s.person {
			return page, nil
		}
	}
	return map[string]any{"sent": 0, "edits": 0, "deletions": 0, "repeated": 0, "unheard": 0}, nil
}

func differs(counts map[string]any, wanted []string) string {
	for _, want := range wanted {
		name, number, _ := strings.Cut(want, "=")
		if got := fmt.Sprint(counts[name]); got != number {
			return fmt.Sprintf("%s is %s, not %s", name, got, number)
		}
	}
	return ""
}

// delivered lets messages arrive though the app is told that they did not.
func (s *story) delivered(args []string) error {
	var status, count int
	if _, err := fmt.Sscan(strings.Join(args, " "), &status, &count); err != nil {
		return err
	}
	return s.post("/api/faults", map[string]any{"op": "send", "status": status, "count": count, "done": true}, nil)
}
