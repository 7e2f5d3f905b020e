package main

import (
	"bytes"
	"fmt"
	pixels "image"
	"io"
	"net/http"
	"strings"
)

// fileCards begins the content types of the cards with which files change hands.
const fileCards = "application/vnd.microsoft.teams.card.file."

func (s *story) try([]string) error { return s.submitWith("", nil) }

// ask presses a button that sends its path as a message, and waits for the answer.
func (s *story) ask(args []string) error {
	button, err := find(s.card, func(o map[string]any) bool {
		return o["type"] == "Action.Submit" && o["title"] == args[0] || isRow(o, "Action.Submit", args[0])
	})
	if err != nil {
		return fmt.Errorf("no button %q in:\n%s", args[0], strings.Join(sentences(s.card), "\n"))
	}
	if row, is := button["selectAction"].(map[string]any); is {
		button = row
	}
	before, err := s.botMessages()
	if err != nil {
		return err
	}
	if err := s.post("/api/submit", map[string]any{"messageId": s.message, "value": button["data"]}, nil); err != nil {
		return err
	}
	return s.await(func(all []seen) bool { return len(all) > len(before) })
}

// offer answers the offer of a file as the client does.
func (s *story) offer(args []string) error {
	card, _ := s.card.(map[string]any)
	all, err := s.botMessages()
	if err != nil {
		return err
	}
	s.before = len(all)
	for range len(args) {
		var answer invoked
		value := map[string]any{"type": "fileUpload", "action": args[0], "context": card[args[0]+"Context"]}
		if err := s.post("/api/invoke", map[string]any{"name": "fileConsent/invoke", "value": value, "messageId": s.message}, &answer); err != nil {
			return err
		}
		if answer.Problem != "" || answer.Status != http.StatusOK {
			return fmt.Errorf("offer: %+v", answer)
		}
	}
	return nil
}

// filed waits for a file of a name and looks into it.
func (s *story) filed(args []string) error {
	var file seen
	err := s.await(func(all []seen) bool {
		file = all[len(all)-1]
		return len(file.Attachments) > 0 && file.Attachments[0].ContentType == fileCards+"info" && file.Attachments[0].Name == args[0]
	})
	if err != nil {
		return err
	}
	res, err := http.Get(file.Attachments[0].ContentURL)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the file: %s, %w", res.Status, err)
	}
	img, _, err := pixels.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return looksLike(img, args[1:], "")
}
