package main

import (
	"fmt"
	"strings"
	"time"
)

// until says something again and again until the answer shows the texts: "until settings 'Told since'".
func (s *story) until(args []string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) { // a person asking again
		if err := s.say(args[:1]); err != nil {
			return err
		}
		sight, missing := strings.Join(sentences(s.card), "\n"), ""
		for _, text := range args[1:] {
			if !strings.Contains(sight, text) {
				missing = text
			}
		}
		switch {
		case missing == "":
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%q is not to be seen in:\n%s", missing, sight)
		}
	}
}

// looked lets six minutes pass, after which the library is looked at again, and waits for that. A look that was under way
// when the clock was moved counts its next one from then: so the clock is moved once more now and then.
func (s *story) looked([]string) error {
	before, err := s.deltas()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := s.clock([]string{"+6m"}); err != nil {
			return err
		}
		for soon := time.Now().Add(3 * time.Second); time.Now().Before(soon); time.Sleep(50 * time.Millisecond) { // a client polling
			if now, err := s.deltas(); err != nil || now.After(before) {
				return err
			}
		}
	}
	return fmt.Errorf("nobody looked at the library since %s", before)
}

// deltas is when the service last asked a drive what changed, as far as the sandbox remembers.
func (s *story) deltas() (last time.Time, err error) {
	var log struct {
		Entries []struct {
			At   time.Time
			Path string
		}
	}
	if err := s.get("/api/activity", &log); err != nil {
		return last, err
	}
	for _, e := range log.Entries {
		if strings.Contains(e.Path, "/delta") && e.At.After(last) {
			last = e.At
		}
	}
	return last, nil
}

// tells waits for a message of the bot that shows a text, and looks at the last such.
func (s *story) tells(args []string) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) { // a client polling
		if found, err := s.telling(args[0]); err != nil {
			return err
		} else if len(found) > 0 {
			return s.look(found[len(found)-1])
		}
	}
	return fmt.Errorf("the bot does not tell %q", args[0])
}

// counts tells that so many messages of the bot in the conversation show a text.
func (s *story) counts(args []string) error {
	found, err := s.telling(args[0])
	if err == nil && fmt.Sprint(len(found)) != args[1] {
		err = fmt.Errorf("%d messages show %q, not %s", len(found), args[0], args[1])
	}
	return err
}

// telling are the messages of the bot that show a text.
func (s *story) telling(text string) ([]seen, error) {
	return s.all(func(m seen) bool {
		return strings.HasPrefix(m.From, "bot:") && len(m.Attachments) > 0 && strings.Contains(strings.Join(sentences(m.Attachments[0].Content), "\n"), text)
	})
}
