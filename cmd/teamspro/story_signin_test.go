package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	consentForm = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	shownCode   = regexp.MustCompile(`id="code"[^>]*>([0-9]{6})<`)
	markup      = regexp.MustCompile(`<[^>]*>`)
)

// consent opens the sign-in page that the card in sight leads to, in a browser of its own, and decides there as a person. The
// page that this ends on is in sight then.
func (s *story) consent(args []string) error {
	address, err := s.signInAddress()
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar}
	asked, at, err := read(browser.Get(address))
	if err != nil {
		return err
	}
	form := consentForm.FindStringSubmatch(asked)
	if form == nil {
		return fmt.Errorf("no page of consent at %s:\n%s", at, asked)
	}
	to, err := at.Parse(html.UnescapeString(form[1]))
	if err != nil {
		return err
	}
	decision := "allow"
	if len(args) > 1 {
		decision = args[1]
	}
	ended, _, err := read(browser.PostForm(to.String(), url.Values{"person": {args[0]}, "decision": {decision}}))
	if err != nil {
		return err
	}
	s.code = ""
	if code := shownCode.FindStringSubmatch(ended); code != nil {
		s.code = code[1]
	}
	s.card = map[string]any{"text": html.UnescapeString(markup.ReplaceAllString(ended, " "))}
	return nil
}

// signInAddress is where the card in sight leads to sign in.
func (s *story) signInAddress() (string, error) {
	button, err := find(s.card, func(o map[string]any) bool {
		address := fmt.Sprint(o["value"], o["url"])
		return strings.Contains(address, "/auth/start?")
	})
	if err != nil {
		return "", fmt.Errorf("nothing leads to a sign-in in:\n%s", strings.Join(sentences(s.card), "\n"))
	}
	if address, is := button["url"].(string); is {
		return address, nil
	}
	return button["value"].(string), nil
}

func read(res *http.Response, err error) (body string, at *url.URL, _ error) {
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return string(raw), res.Request.URL, err
}

// verify is Teams handing over the code that the page gave it; "verify 000000" is another one. The answer need not be good.
func (s *story) verify(args []string) error {
	code := s.code
	if len(args) > 0 {
		code = args[0]
	}
	var answer invoked
	return s.post("/api/invoke", map[string]any{"name": "signin/verifyState", "value": map[string]any{"state": code}, "messageId": s.message}, &answer)
}

// enterCode types the code that the page showed.
func (s *story) enterCode([]string) error { return s.speakTo([]string{s.code}, "") }

// signs lets a person sign in to Image Pro in their personal chat, wherever the story is.
func (s *story) signs(args []string) error {
	there := &story{page: s.page, bot: s.bot, person: args[0], chat: "personal-image", locale: s.locale}
	if err := there.last(nil); err != nil {
		return err
	}
	all, err := there.botMessages()
	if err != nil {
		return err
	}
	if err := there.say([]string{"sign", "in"}); err != nil {
		return err
	}
	if err := there.consent(args); err != nil {
		return err
	}
	if err := there.verify(nil); err != nil {
		return err
	}
	return there.messages([]string{strconv.Itoa(len(all) + 2)})
}
