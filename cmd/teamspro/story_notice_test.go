package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stands waits until so many messages of the bot show each text, and looks at the last of them. What is told to everybody
// may lead nowhere, as an announcement does.
func (s *story) stands(args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var there []seen
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { // a client polling
		if there, err = s.showing(args[1:]...); err != nil {
			return err
		}
		if len(there) == want {
			break
		}
	}
	if len(there) != want {
		return fmt.Errorf("%d messages in %s show %q, not %d", len(there), s.chat, args[1:], want)
	}
	if want > 0 {
		last := there[want-1]
		s.message, s.card = last.ID, last.Attachments[0].Content
	}
	return nil
}

// showing are the messages of the bot that stand in the conversation and show each text.
func (s *story) showing(texts ...string) ([]seen, error) {
	all, err := s.botMessages()
	return slices.DeleteFunc(all, func(m seen) bool {
		if m.Deleted || len(m.Attachments) == 0 {
			return true
		}
		sight := strings.Join(sentences(m.Attachments[0].Content), "\n")
		return slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(sight, text) })
	}), err
}

// smuggle puts values into the dialog as somebody does who writes the request by hand.
func (s *story) smuggle(args []string) error {
	if s.values == nil {
		s.values = map[string]any{}
	}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		s.values[name] = strings.ReplaceAll(value, "{key}", s.kept)
	}
	return nil
}

// trouble asks the sandbox for trouble that the shorter steps have no words for, as its page does.
func (s *story) trouble(args []string) error {
	var order map[string]any
	if err := json.Unmarshal([]byte(strings.Join(args, " ")), &order); err != nil {
		return err
	}
	return s.post("/api/faults", order, nil)
}
