package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStories runs the conversations in testdata/stories: what a person types and presses, and what they see. Each has a
// sandbox and a service of its own, which speak HTTP with real tokens.
//
//	as PERSON CHAT        who acts from now on, and where: ana|ben|chloe  personal-contact|group|general|leads
//	locale fr-FR          the language of their client
//	say TEXT              types a message (mentioning the bot where several people talk) and waits for its answer
//	press TITLE           presses a button of the card in sight
//	dialog TITLE          presses a button that opens a dialog
//	fill ID=VALUE …       fills inputs of the dialog
//	submit                presses the dialog's button
//	search TEXT           types into the search extension; "search" alone opens it
//	choose TEXT           taps the result that shows the text
//	action ID             opens an action command of the extension
//	send                  sends the card in the compose box
//	last                  looks at the last message of the conversation
//	see TEXT …            what is in sight shows each text (! see: it does not)
//	messages N            the conversation holds N messages of the bot
//	fault STATUS COUNT    the connector answers the next COUNT sends with STATUS
//	uninstall, install    the app is taken out of the conversation, put in again
//	role PERSON ROLE      a person's role in the conversation changes
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/stories", Setup: openStory, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"as": cmd((*story).as), "locale": cmd((*story).speak), "say": cmd((*story).say), "press": cmd((*story).press), "dialog": cmd((*story).dialog),
		"fill": cmd((*story).fill), "submit": cmd((*story).submit), "search": cmd((*story).search), "choose": cmd((*story).choose), "action": cmd((*story).action),
		"send": cmd((*story).send), "last": cmd((*story).last), "messages": cmd((*story).messages), "fault": cmd((*story).fault), "role": cmd((*story).role),
		"install": cmd((*story).install), "uninstall": cmd((*story).uninstall), "see": see,
	}})
}

// story is a person in front of the small Teams.
type story struct {
	page         string
	person, chat string
	locale       string

	// in sight
	card    any // decoded JSON
	message string
	// an open dialog
	open     string // the invoke that its button sends
	command  string
	values   map[string]any
	inserted any
}

type storyKey struct{}

func openStory(env *testscript.Env) error {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan int, 1)
	reader, writer := io.Pipe()
	go func() {
		done <- run(ctx, []string{"sandbox", "--quiet", "--listen", "127.0.0.1:0", "--bot-listen", "127.0.0.1:0", "--data", env.WorkDir, "--packages", "none"}, writer, io.Discard)
		writer.CloseWithError(io.EOF)
	}()
	env.Defer(func() {
		stop()
		<-done
	})
	var page string
	if _, err := fmt.Fscanf(reader, "page %s\n", &page); err != nil {
		return fmt.Errorf("the sandbox did not start: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	s := &story{page: strings.TrimRight(page, "/"), person: "ana", chat: "personal-contact", locale: "en-GB"}
	env.Values[storyKey{}] = s
	return s.settled()
}

// settled waits until the app is installed everywhere: each place has had its welcome.
func (s *story) settled() error {
	for _, chat := range []string{"personal-contact", "group", "general"} {
		there := *s
		there.chat = chat
		if err := there.last(nil); err != nil {
			return err
		}
	}
	return nil
}

// cmd makes a command of the script of a step of the story.
func cmd(step func(*story, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := step(ts.Value(storyKey{}).(*story), args)
		switch {
		case neg && err == nil:
			ts.Fatalf("worked, and should not")
		case !neg && err != nil:
			ts.Fatalf("%v", err)
		}
	}
}

func see(ts *testscript.TestScript, neg bool, texts []string) {
	sight := strings.Join(sentences(ts.Value(storyKey{}).(*story).card), "\n")
	for _, text := range texts {
		if strings.Contains(sight, text) == neg {
			ts.Fatalf("%q in sight: %v. In sight is:\n%s", text, neg, sight)
		}
	}
}

func (s *story) as(args []string) error {
	s.person, s.chat = args[0], args[1]
	return nil
}

func (s *story) speak(args []string) error {
	s.locale = args[0]
	return nil
}

func (s *story) say(args []string) error {
	before, err := s.botMessages()
	if err != nil {
		return err
	}
	if err := s.post("/api/send", map[string]any{"text": strings.Join(args, " "), "mention": !strings.HasPrefix(s.chat, "personal")}, nil); err != nil {
		return err
	}
	return s.await(func(all []seen) bool { return len(all) > len(before) })
}

func (s *story) last([]string) error { return s.await(func(all []seen) bool { return len(all) > 0 }) }

func (s *story) messages(args []string) error {
	return s.await(func(all []seen) bool { return fmt.Sprint(len(all)) == args[0] })
}

// await waits until the bot's messages are as they should be and looks at the last of them.
func (s *story) await(enough func([]seen) bool) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		all, err := s.botMessages()
		if err != nil {
			return err
		}
		if enough(all) {
			if len(all) > 0 {
				s.look(all[len(all)-1])
			}
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the bot has %d messages in %s", len(all), s.chat)
		}
		time.Sleep(20 * time.Millisecond) // a client polling; the story's own clock is the deadline above
	}
}

func (s *story) look(m seen) {
	s.message, s.card = m.ID, nil
	if len(m.Attachments) > 0 {
		s.card = m.Attachments[0].Content
	}
}

type seen struct {
	ID, From    string
	Deleted     bool
	Attachments []struct {
		ContentType string
		Content     any
	}
}

func (s *story) botMessages() ([]seen, error) {
	var answer struct{ Messages []seen }
	if err := s.get("/api/messages?as="+s.person+"&conversation="+s.chat, &answer); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(answer.Messages, func(m seen) bool { return !strings.HasPrefix(m.From, "bot:") }), nil
}

// invoked is the sandbox's answer to an invoke.
type invoked struct {
	Status  int
	Problem string
	Body    struct {
		StatusCode int
		Type       string
		Value      any
		Task       *struct {
			Type  string
			Value any
		}
		ComposeExtension *struct {
			Type, Text  string
			Attachments []any
		}
	}
}

func (s *story) press(args []string) error {
	button, err := find(s.card, func(o map[string]any) bool {
		return o["type"] == "Action.Execute" && o["title"] == args[0] || isRow(o, args[0])
	})
	if err != nil {
		return fmt.Errorf("no button %q in:\n%s", args[0], strings.Join(sentences(s.card), "\n"))
	}
	if row, is := button["selectAction"].(map[string]any); is {
		button = row
	}
	var answer invoked
	if err := s.post("/api/action", map[string]any{"messageId": s.message, "action": button, "trigger": "manual"}, &answer); err != nil {
		return err
	}
	if answer.Problem != "" || answer.Status != 200 || answer.Body.StatusCode != 200 {
		return fmt.Errorf("%q: %+v", args[0], answer)
	}
	s.card = answer.Body.Value
	return nil
}

// isRow finds a container that is pressed as a whole and shows the text.
func isRow(o map[string]any, text string) bool {
	action, is := o["selectAction"].(map[string]any)
	return is && action["type"] == "Action.Execute" && strings.Contains(strings.Join(sentences(o), "\n"), text)
}

func (s *story) dialog(args []string) error {
	button, err := find(s.card, func(o map[string]any) bool { return o["type"] == "Action.Submit" && o["title"] == args[0] })
	if err != nil {
		return fmt.Errorf("no dialog button %q in:\n%s", args[0], strings.Join(sentences(s.card), "\n"))
	}
	return s.task("task/fetch", "task/submit", map[string]any{"data": button["data"], "context": map[string]any{"theme": "default"}})
}

func (s *story) action(args []string) error {
	s.command = args[0]
	return s.task("composeExtension/fetchTask", "composeExtension/submitAction", map[string]any{"commandId": args[0], "commandContext": "compose", "context": map[string]any{"theme": "default"}})
}

// task sends an invoke that a dialog may answer.
func (s *story) task(name, next string, value map[string]any) error {
	var answer invoked
	if err := s.post("/api/invoke", map[string]any{"name": name, "value": value, "messageId": s.message}, &answer); err != nil {
		return err
	}
	switch b := answer.Body; {
	case answer.Problem != "" || answer.Status != 200:
		return fmt.Errorf("%s: %+v", name, answer)
	case b.Task != nil:
		s.card, s.open, s.values = b.Task.Value, next, map[string]any{}
	case b.ComposeExtension != nil && len(b.ComposeExtension.Attachments) > 0:
		s.card, s.inserted = b.ComposeExtension.Attachments[0], b.ComposeExtension.Attachments[0]
	}
	return nil
}

func (s *story) fill(args []string) error {
	for _, arg := range args {
		id, value, _ := strings.Cut(arg, "=")
		if _, err := find(s.card, func(o map[string]any) bool {
			return o["id"] == id && strings.HasPrefix(fmt.Sprint(o["type"]), "Input.")
		}); err != nil {
			return fmt.Errorf("the dialog has no input %q", id)
		}
		s.values[id] = value
	}
	return nil
}

func (s *story) submit([]string) error {
	button, err := find(s.card, func(o map[string]any) bool { return o["type"] == "Action.Submit" && o["data"] != nil })
	if err != nil {
		return fmt.Errorf("nothing to submit in:\n%s", strings.Join(sentences(s.card), "\n"))
	}
	data := inputs(s.card)
	for key, value := range button["data"].(map[string]any) {
		data[key] = value
	}
	for key, value := range s.values {
		data[key] = value
	}
	return s.task(s.open, s.open, map[string]any{"data": data, "commandId": s.command, "commandContext": "compose", "context": map[string]any{"theme": "default"}})
}

func (s *story) search(args []string) error {
	parameter := map[string]any{"name": "initialRun", "value": "true"}
	if len(args) > 0 {
		parameter = map[string]any{"name": "q", "value": strings.Join(args, " ")}
	}
	var answer invoked
	value := map[string]any{"commandId": "findContact", "parameters": []any{parameter}, "queryOptions": map[string]any{"skip": 0, "count": 25}}
	if err := s.post("/api/invoke", map[string]any{"name": "composeExtension/query", "value": value}, &answer); err != nil {
		return err
	}
	if answer.Body.ComposeExtension == nil {
		return fmt.Errorf("search: %+v", answer)
	}
	s.card = []any{answer.Body.ComposeExtension.Text, answer.Body.ComposeExtension.Attachments}
	return nil
}

func (s *story) choose(args []string) error {
	result, err := find(s.card, func(o map[string]any) bool {
		return o["preview"] != nil && strings.Contains(strings.Join(sentences(o["preview"]), "\n"), args[0])
	})
	if err != nil {
		return fmt.Errorf("no result %q in:\n%s", args[0], strings.Join(sentences(s.card), "\n"))
	}
	tap, err := find(result["preview"], func(o map[string]any) bool { return o["type"] == "invoke" })
	if err != nil {
		return err
	}
	return s.task("composeExtension/selectItem", "", tap["value"].(map[string]any))
}

func (s *story) send([]string) error {
	return s.post("/api/compose", map[string]any{"attachment": s.inserted}, nil)
}

func (s *story) fault(args []string) error {
	var status, count int
	if _, err := fmt.Sscan(strings.Join(args, " "), &status, &count); err != nil {
		return err
	}
	return s.post("/api/faults", map[string]any{"op": "send", "status": status, "count": count}, nil)
}

func (s *story) role(args []string) error {
	return s.post("/api/role", map[string]any{"person": args[0], "role": args[1]}, nil)
}

func (s *story) install([]string) error {
	return s.post("/api/install", map[string]any{"app": "contact"}, nil)
}
func (s *story) uninstall([]string) error {
	return s.post("/api/uninstall", map[string]any{"app": "contact"}, nil)
}

func (s *story) get(path string, into any) error {
	res, err := http.Get(s.page + path)
	if err != nil {
		return err
	}
	return decode(path, res, into)
}

func (s *story) post(path string, body map[string]any, into any) error {
	body["as"], body["conversation"], body["locale"] = s.person, s.chat, s.locale
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, err := http.Post(s.page+path, "application/json", bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	return decode(path, res, into)
}

func decode(path string, res *http.Response, into any) error {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s: %s: %s", path, res.Status, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// find gives the first object, in depth, that fits.
func find(in any, fits func(map[string]any) bool) (map[string]any, error) {
	switch v := in.(type) {
	case map[string]any:
		if fits(v) {
			return v, nil
		}
		for _, key := range sortedKeys(v) {
			if o, err := find(v[key], fits); err == nil {
				return o, nil
			}
		}
	case []any:
		for _, item := range v {
			if o, err := find(item, fits); err == nil {
				return o, nil
			}
		}
	}
	return nil, fmt.Errorf("not found")
}

// sentences are the texts that a person reads in a card, unescaped.
func sentences(in any) []string {
	var all []string
	switch v := in.(type) {
	case string:
		all = append(all, v)
	case map[string]any:
		for _, key := range sortedKeys(v) {
			switch key {
			case "text", "title", "value", "label", "placeholder", "errorMessage", "altText", "choices", "facts", "subtitle":
				all = append(all, sentences(v[key])...)
			default:
				if _, plain := v[key].(string); !plain {
					all = append(all, sentences(v[key])...)
				}
			}
		}
	case []any:
		for _, item := range v {
			all = append(all, sentences(item)...)
		}
	}
	for i := range all {
		all[i] = unescaped.Replace(all[i])
	}
	return all
}

var unescaped = strings.NewReplacer(`\`, "", "\u2068", "", "\u2069", "")

// inputs are the values that a dialog's inputs begin with.
func inputs(in any) map[string]any {
	values := map[string]any{}
	_, _ = find(in, func(o map[string]any) bool {
		if kind, is := o["type"].(string); is && strings.HasPrefix(kind, "Input.") && o["value"] != nil {
			values[o["id"].(string)] = o["value"]
		}
		return false
	})
	return values
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
