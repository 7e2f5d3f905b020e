package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"teamspro/bot"
)

// TestStories runs the conversations in testdata/stories: what a person types and presses, and what they see. Each has a
// sandbox and a service of its own, which speak HTTP with real tokens. Together they walk every route of the apps, and
// wherever they look, a card of the bot has a way on.
//
//	open [sample] [image]   the service starts: with the sandbox's invented contacts, else with empty books; with Image Pro, too
//	as PERSON CHAT [image]  who acts from now on, and where: ana|ben|chloe  personal-contact|personal-image|group|general|leads;
//	                        and which app they mean where both are, Contact Pro unless told
//	locale fr-FR            the language of their client
//
//	say TEXT                types a message (mentioning the bot where several people talk) and waits for its answer
//	reply TEXT              the same, in the thread of the message in sight
//	write TEXT              types a message that is not for the bot
//	paste WxH               puts a picture of that size, with a red box in its middle, into the next message
//	attach NAME WxH         puts a file beside the next message: such a picture, or where the name ends in .txt some words
//	drop NAME …             puts files beside the next message: of the story, of the sandbox's samples, or of those in dropped
//	taken NAME              the last message is a spreadsheet of that name, which goes into the next message
//	hostile KIND            puts a file beside the next message that wants to do harm, or is none: see hostileFiles
//	press TITLE             presses a button, or a row that shows the text, of the card in sight
//	twice TITLE             presses it twice; the second answer is in sight
//	forge VERB [DRIVE PATH] presses a button that no card in sight has; {ref} in its verb is that file, {id} one of Graph that was never
//	                        given out, and {key} what "keep" kept
//	keep TITLE              keeps the second part of the path behind a button, which is an id, for "forge"
//	dialog TITLE            presses a button, or a row, that opens a dialog
//	fill INPUT=VALUE …      fills inputs of the dialog, by their ids or labels; a choice also by its title, several with commas between
//	smuggle NAME=VALUE …    puts values into the dialog that none of its inputs has; {key} is what "keep" kept
//	submit                  presses the dialog's button; "submit twice" presses it twice
//	try                     presses the dialog's other button, which shows what would be
//	ask TITLE               presses a button, or a row, whose answer is a message of its own
//	offer accept|decline    answers the file card in sight; "offer accept twice" presses it twice
//	filed NAME WxH [WHAT]   the last message is a file of that name, which holds such a picture: secret|covered
//
//	search TEXT             types into the search extension; "search" alone opens it
//	more                    scrolls to the next results of the same search
//	choose TEXT             taps the result that shows the text
//	insert TEXT             takes the result that shows the text as it is, as phones do
//	configure               opens the app's settings from its entry in the team or chat
//	action ID [TEXT]        opens an action command of the extension: from the compose box, or on the message with the text
//	send                    sends the card in the compose box
//	invoke NAME             the client sends an invoke that wants no more than an answer
//
//	signs PERSON            the person signs in to Image Pro in their personal chat with it, and allows what it asks for
//	withdraw                what people allowed is taken back, as an administrator can
//	draw DRIVE PATH         has the sandbox draw a file before anybody waits for it
//	consent PERSON [refuse] opens the sign-in page that is in sight, decides there as the person, and looks at where it ends
//	verify [CODE]           the client hands over the code that the page gave
//	code                    types the code that the page showed
//
//	last                    looks at the last message of the conversation
//	comes                   waits for the message that a dialog leaves in the conversation, and looks at it
//	stands N TEXT …         so many messages of the bot that are not deleted come to show each text; the last is looked at
//	sent                    looks at the last card that a person sent
//	refresh                 looks at the message in sight as this person sees it now: Teams asks the bot for each viewer
//	becomes TEXT …          the message in sight comes to show each text
//	aside NAME              lays what is in sight aside, an open dialog for instance, and who looked at it
//	back NAME               takes it up again
//	see TEXT …              what is in sight shows each text (! see: it does not)
//	leads ADDRESS …         what is in sight leads to each address, or holds the text as JSON (! leads: it does not)
//	results N               so many search results are in sight
//	shown WxH [WHAT]        the picture on the card in sight is so large when fetched, and the red box is on it: secret|covered;
//	                        "shown note" is a picture that says why there is none
//	download KIND TEXT …    the link on the card in sight gives a file of a kind, which holds each text (! download: it does not)
//	coded                   a code for telephones is on the card in sight
//	lighter BYTES           what is in sight weighs less
//	messages N              the conversation holds N messages of the bot
//	threaded                the last message stands in the thread of what was typed
//
//	clock WHEN              the service's clock moves: +1h, tomorrow 08:00, 2026-11-23T08:00 in the person's zone, real
//	arrived NAME=N …        what the connector counted in the conversation: sent, edits, deletions, repeated, unheard
//	trouble ORDER           asks for trouble as the sandbox's page does, in JSON
//	delivered STATUS COUNT  the next COUNT sends are delivered, but answered with STATUS
//	until WORD TEXT …       says the word again and again until the answer shows each text
//	tells TEXT              waits for a message of the bot that shows the text, and looks at it; it may be older than others
//	counts TEXT N           N messages of the bot show the text
//	looked                  six minutes pass, and the library has been looked at for new pictures
//	configure               opens the dialog that sets the app up in the conversation, as its menu does
//	fault STATUS COUNT      the connector answers the next COUNT sends with STATUS
//	fails OP STATUS COUNT   the next calls of an operation of Graph fail: drive|write|session|thumbnail|share|download|upload|graph
//	throttled OP SECONDS    the next calls of it, for long, answer 429 with so much Retry-After; "calm" ends all trouble
//	cut OP BYTES COUNT      the connection of the next calls drops after so many bytes of the answer
//	within SECONDS          what was done last was answered in that time
//	drive DO DRIVE PATH     a file of a drive changes behind everybody's back: put|change [WxH], delete, lock, unlock, protect
//	lies DRIVE PATH N       a file lies in a drive (team, harbour, a person) with N versions; 0 is not at all
//	slow MS                 the connector takes so long for the next roster
//	sends TEXT              what the app sent to Teams so far holds the text, as JSON
//	uninstall, install      the app is taken out of the conversation, put in again
//	role PERSON ROLE        a person's role in the conversation changes: owner|member|guest
//	leave PERSON, join PERSON
func TestStories(t *testing.T) {
	w := &walked{routes: map[string]bool{}}
	t.Run("all", func(t *testing.T) {
		testscript.Run(t, testscript.Params{Dir: "testdata/stories", Setup: w.setup, Cmds: steps()})
	})
	w.stopping.Wait()
	if flag.Lookup("test.run").Value.String() == "" {
		w.check(t)
	}
}

func steps() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){"open": open, "see": see, "leads": leads, "download": download, "drop": dropFiles, "taken": takeBack}
	all["until"], all["looked"] = cmd((*story).until), cmd((*story).looked)
	all["tells"], all["counts"] = cmd((*story).tells), cmd((*story).counts)
	all["try"], all["ask"], all["offer"], all["filed"] = cmd((*story).try), cmd((*story).ask), cmd((*story).offer), cmd((*story).filed)
	for name, step := range map[string]func(*story, []string) error{
		"as": (*story).as, "locale": (*story).speak, "say": (*story).say, "reply": (*story).reply, "write": (*story).write, "press": (*story).press, "twice": (*story).twice,
		"dialog": (*story).dialog, "fill": (*story).fill, "submit": (*story).submit, "search": (*story).search, "more": (*story).more, "choose": (*story).choose,
		"insert": (*story).insert, "action": (*story).action, "send": (*story).send, "invoke": (*story).invoke, "last": (*story).last, "comes": (*story).comes, "sent": (*story).sent,
		"refresh": (*story).refresh, "becomes": (*story).becomes, "results": (*story).results, "lighter": (*story).lighter, "coded": (*story).coded, "messages": (*story).messages,
		"threaded": (*story).threaded, "fault": (*story).fault, "slow": (*story).slow, "sends": (*story).sends, "role": (*story).role, "leave": (*story).leave, "join": (*story).join,
		"install": (*story).install, "uninstall": (*story).uninstall, "aside": (*story).layAside, "back": (*story).takeUp, "paste": (*story).paste, "attach": (*story).attach, "hostile": (*story).hostile, "consent": (*story).consent, "verify": (*story).verify, "code": (*story).enterCode, "shown": (*story).shown,
	} {
		all[name] = cmd(step)
	}
	for name, step := range map[string]func(*story, []string) error{
		"drive": (*story).drive, "fails": (*story).fails, "lies": (*story).lies, "throttled": (*story).throttled, "calm": (*story).calm, "cut": (*story).cut,
		"within": (*story).within, "clock": (*story).clock, "arrived": (*story).arrived, "delivered": (*story).delivered, "configure": (*story).configure, "forge": (*story).forge, "keep": (*story).keep, "stands": (*story).stands, "trouble": (*story).trouble, "smuggle": (*story).smuggle, "signs": (*story).signs, "withdraw": (*story).withdraw, "draw": (*story).draw,
	} {
		all[name] = cmd(step)
	}
	return all
}

// story is a person in front of the small Teams.
type story struct {
	walked       *walked
	page, bot    string // addresses
	person, chat string
	means        string // the app that a message or an invoke is for; empty where there is one
	locale       string
	took         time.Duration // the last step
	kept         string

	// in sight
	card    any // decoded JSON
	message string
	typed   string // the id of the last message of a person
	// an open dialog
	open     string // the invoke that its button sends
	command  string
	about    string // the message it was opened on
	values   map[string]any
	inserted any
	before   int // how many messages the bot had when its button was pressed
	// the files of the next message
	files []handed
	// what the sign-in page showed
	code string
	// the search
	query string
	skip  int
	// what was laid aside, by name
	aside map[string]story
}

type storyKey struct{}

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
		s, began := ts.Value(storyKey{}).(*story), time.Now()
		err := step(s, args)
		s.took = time.Since(began)
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

func leads(ts *testscript.TestScript, neg bool, addresses []string) {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	ts.Check(e.Encode(ts.Value(storyKey{}).(*story).card))
	for _, address := range addresses {
		if bytes.Contains(raw.Bytes(), []byte(address)) == neg {
			ts.Fatalf("%q is in it: %v. In sight is:\n%s", address, !neg, raw.String())
		}
	}
}

func (s *story) as(args []string) error {
	s.person, s.chat, s.means = args[0], args[1], strings.Join(args[2:], "")
	return nil
}

func (s *story) speak(args []string) error {
	s.locale = args[0]
	return nil
}

func (s *story) say(args []string) error { return s.speakTo(args, "") }

func (s *story) reply(args []string) error { return s.speakTo(args, s.message) }

func (s *story) speakTo(words []string, thread string) error {
	before, err := s.botMessages()
	if err != nil {
		return err
	}
	if err := s.enter(words, thread, !strings.HasPrefix(s.chat, "personal")); err != nil {
		return err
	}
	return s.await(func(all []seen) bool { return len(all) > len(before) })
}

func (s *story) write(args []string) error { return s.enter(args, "", false) }

func (s *story) enter(words []string, thread string, mention bool) error {
	var sent struct{ ID string }
	err := s.post("/api/send", map[string]any{"text": strings.Join(words, " "), "mention": mention, "thread": thread, "files": s.files}, &sent)
	s.typed, s.files = sent.ID, nil
	return err
}

func (s *story) last([]string) error { return s.await(func(all []seen) bool { return len(all) > 0 }) }

func (s *story) comes([]string) error {
	return s.await(func(all []seen) bool { return len(all) > s.before })
}

func (s *story) messages(args []string) error {
	return s.await(func(all []seen) bool { return fmt.Sprint(len(all)) == args[0] })
}

// patience is how long a story waits before it calls something missing: far longer than anybody would, because a machine
// that tests many things at once is slow.
const patience = 2 * time.Minute

// await waits until the bot's messages are as they should be and looks at the last of them.
func (s *story) await(enough func([]seen) bool) error {
	deadline := time.Now().Add(patience)
	for {
		all, err := s.botMessages()
		if err != nil {
			return err
		}
		if enough(all) {
			if len(all) > 0 {
				return s.look(all[len(all)-1])
			}
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the bot has %d messages in %s", len(all), s.chat)
		}
		time.Sleep(20 * time.Millisecond) // a client polling; the story's own clock is the deadline above
	}
}

func (s *story) look(m seen) error {
	s.message, s.card = m.ID, nil
	if len(m.Attachments) > 0 {
		s.card = m.Attachments[0].Content
		if strings.HasPrefix(m.Attachments[0].ContentType, fileCards) {
			return nil // Teams itself puts the buttons on it
		}
	}
	return s.wayOn()
}

// wayOn fails when the card in sight leads nowhere.
func (s *story) wayOn() error {
	if _, err := find(s.card, func(o map[string]any) bool {
		kind, _ := o["type"].(string)
		return strings.HasPrefix(kind, "Action.") && kind != "Action.ToggleVisibility" || kind == "signin"
	}); err != nil {
		return fmt.Errorf("a dead end: %v", sentences(s.card))
	}
	return nil
}

type seen struct {
	ID, From, Thread, Text string
	Deleted                bool
	Attachments            []struct {
		ContentType, ContentURL, Name string
		Content                       any
	}
}

func (s *story) botMessages() ([]seen, error) {
	return s.all(func(m seen) bool { return strings.HasPrefix(m.From, "bot:") })
}

func (s *story) all(fits func(seen) bool) ([]seen, error) {
	var answer struct{ Messages []seen }
	err := s.get("/api/messages?as="+s.person+"&conversation="+s.chat, &answer)
	return slices.DeleteFunc(answer.Messages, func(m seen) bool { return !fits(m) }), err
}

func (s *story) layAside(args []string) error {
	if s.aside == nil {
		s.aside = map[string]story{}
	}
	s.aside[args[0]] = *s
	return nil
}

func (s *story) takeUp(args []string) error {
	before, known := s.aside[args[0]]
	if !known {
		return fmt.Errorf("nothing is laid aside as %q", args[0])
	}
	before.values = maps.Clone(before.values)
	before.code = s.code // which a browser of its own showed
	*s = before
	return nil
}

// sent looks at the last card that a person sent.
func (s *story) sent([]string) error {
	cards, err := s.all(func(m seen) bool { return !strings.HasPrefix(m.From, "bot:") && len(m.Attachments) > 0 })
	if err != nil || len(cards) == 0 {
		return fmt.Errorf("nobody sent a card: %w", err)
	}
	return s.look(cards[len(cards)-1])
}

// becomes waits until the message in sight shows the texts.
func (s *story) becomes(texts []string) error {
	deadline := time.Now().Add(patience)
	for {
		same, err := s.all(func(m seen) bool { return m.ID == s.message })
		if err != nil || len(same) == 0 {
			return fmt.Errorf("no such message: %w", err)
		}
		if err := s.look(same[0]); err != nil {
			return err
		}
		sight := strings.Join(sentences(s.card), "\n")
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(sight, text) }) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the message does not become %q:\n%s", texts, sight)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// threaded tells whether the last message of the bot stands in the thread of what was typed.
func (s *story) threaded([]string) error {
	all, err := s.botMessages()
	if err != nil {
		return err
	}
	mine, err := s.all(func(m seen) bool { return m.ID == s.typed })
	if err != nil || len(mine) == 0 {
		return fmt.Errorf("nothing was typed: %w", err)
	}
	if last, root := all[len(all)-1], cmp.Or(mine[0].Thread, mine[0].ID); last.Thread != root {
		return fmt.Errorf("the answer stands in the thread %q, not in %q", last.Thread, root)
	}
	return nil
}

// refresh looks at a message as Teams shows it to this person: when its card asks for that, as the bot says.
func (s *story) refresh([]string) error {
	same, err := s.all(func(m seen) bool { return m.ID == s.message })
	if err != nil || len(same) == 0 {
		return fmt.Errorf("no such message: %w", err)
	}
	if err := s.look(same[0]); err != nil {
		return err
	}
	card, _ := s.card.(map[string]any)
	ask, live := card["refresh"].(map[string]any)
	if !live {
		return nil
	}
	return s.execute(ask["action"].(map[string]any), "automatic")
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
		Config *struct {
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
	button, err := s.button(args[0])
	if err != nil {
		return err
	}
	return s.execute(button, "manual")
}

func (s *story) twice(args []string) error {
	button, err := s.button(args[0])
	if err != nil {
		return err
	}
	return errors.Join(s.execute(button, "manual"), s.execute(button, "manual"))
}

func (s *story) button(title string) (map[string]any, error) {
	button, err := find(s.card, func(o map[string]any) bool {
		return o["type"] == "Action.Execute" && o["title"] == title || isRow(o, "Action.Execute", title)
	})
	if err != nil {
		return nil, fmt.Errorf("no button %q in:\n%s", title, strings.Join(sentences(s.card), "\n"))
	}
	if row, is := button["selectAction"].(map[string]any); is {
		button = row
	}
	return button, nil
}

func (s *story) execute(button map[string]any, trigger string) error {
	var answer invoked
	if len(s.values) > 0 && s.open == "" {
		button = maps.Clone(button)
		data, _ := button["data"].(map[string]any)
		if data = maps.Clone(data); data == nil {
			data = map[string]any{}
		}
		maps.Copy(data, s.values)
		button["data"], s.values = data, nil
	}
	if err := s.post("/api/action", map[string]any{"messageId": s.message, "action": button, "trigger": trigger}, &answer); err != nil {
		return err
	}
	if answer.Problem != "" || answer.Status != 200 || answer.Body.StatusCode != 200 {
		return fmt.Errorf("%q: %+v", button["title"], answer)
	}
	s.card = answer.Body.Value
	return s.wayOn()
}

// isRow finds what is pressed as a whole and shows the text.
func isRow(o map[string]any, kind, text string) bool {
	action, is := o["selectAction"].(map[string]any)
	return is && action["type"] == kind && strings.Contains(strings.Join(sentences(o), "\n"), text)
}

func (s *story) dialog(args []string) error {
	button, err := find(s.card, func(o map[string]any) bool {
		return o["type"] == "Action.Submit" && o["title"] == args[0] || isRow(o, "Action.Submit", args[0])
	})
	if err != nil {
		return fmt.Errorf("no dialog button %q in:\n%s", args[0], strings.Join(sentences(s.card), "\n"))
	}
	if row, is := button["selectAction"].(map[string]any); is {
		button = row
	}
	s.about = s.message
	return s.task("task/fetch", "task/submit", map[string]any{"data": button["data"], "context": map[string]any{"theme": "default"}})
}

func (s *story) action(args []string) error {
	s.command, s.about = args[0], ""
	where := "compose"
	if len(args) > 1 {
		where = "message"
		all, err := s.all(func(m seen) bool { return strings.Contains(m.Text, args[1]) })
		if err != nil || len(all) == 0 {
			return fmt.Errorf("nobody wrote %q: %w", args[1], err)
		}
		s.about = all[len(all)-1].ID
	}
	return s.task("composeExtension/fetchTask", "composeExtension/submitAction", map[string]any{"commandId": args[0], "commandContext": where, "context": map[string]any{"theme": "default"}})
}

// task sends an invoke that a dialog may answer.
func (s *story) task(name, next string, value map[string]any) error {
	var answer invoked
	if err := s.post("/api/invoke", map[string]any{"name": name, "value": value, "messageId": s.about}, &answer); err != nil {
		return err
	}
	switch b := answer.Body; {
	case answer.Problem != "" || answer.Status != 200:
		return fmt.Errorf("%s: %+v", name, answer)
	case b.Task != nil:
		s.card, s.open, s.values = b.Task.Value, next, map[string]any{}
	case b.Config != nil:
		s.card, s.open, s.values = b.Config.Value, next, map[string]any{}
	case b.ComposeExtension != nil && len(b.ComposeExtension.Attachments) > 0:
		s.card, s.inserted = b.ComposeExtension.Attachments[0], b.ComposeExtension.Attachments[0]
		return s.wayOn()
	case b.ComposeExtension != nil:
		s.card = b.ComposeExtension.Text
	default: // closed
		s.card, s.open = nil, ""
	}
	return nil
}

func (s *story) invoke(args []string) error {
	var answer invoked
	err := s.post("/api/invoke", map[string]any{"name": strings.TrimPrefix(args[0], "-"), "value": map[string]any{}}, &answer)
	if err == nil && (answer.Problem != "" || answer.Status != 200) {
		err = fmt.Errorf("%s: %+v", args[0], answer)
	}
	return err
}

func (s *story) fill(args []string) error {
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		input, err := find(s.card, func(o map[string]any) bool {
			return (o["id"] == name || o["label"] == name) && strings.HasPrefix(fmt.Sprint(o["type"]), "Input.")
		})
		if err != nil {
			return fmt.Errorf("the dialog has no input %q", name)
		}
		if s.values == nil {
			s.values = map[string]any{}
		}
		s.values[input["id"].(string)] = chosen(input, value)
	}
	return nil
}

// chosen is the value of an input for what a person means: the titles of choices, with commas between where several may be
// taken, or the value itself.
func chosen(input map[string]any, meant string) string {
	titles := []string{meant}
	if input["isMultiSelect"] == true {
		titles = strings.Split(meant, ",")
	}
	var values []string
	for _, title := range titles {
		choice, err := find(input["choices"], func(o map[string]any) bool { return unescaped.Replace(fmt.Sprint(o["title"])) == title })
		if err != nil {
			return meant
		}
		values = append(values, fmt.Sprint(choice["value"]))
	}
	return strings.Join(values, ",")
}

func (s *story) submit(args []string) error { return s.submitWith("positive", args) }

func (s *story) submitWith(style string, args []string) error {
	button, err := find(s.card, func(o map[string]any) bool {
		got, _ := o["style"].(string)
		return o["type"] == "Action.Submit" && o["data"] != nil && got == style
	})
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
	value := map[string]any{"data": data, "commandId": s.command, "commandContext": "compose", "context": map[string]any{"theme": "default"}}
	all, err := s.botMessages()
	if err != nil {
		return err
	}
	next := s.open
	s.before = len(all)
	if err := s.task(next, next, value); err != nil || len(args) == 0 {
		return err
	}
	return s.task(next, next, value)
}

func (s *story) search(args []string) error {
	s.query, s.skip = strings.Join(args, " "), 0
	return s.look25()
}

func (s *story) more([]string) error {
	s.skip += 25
	return s.look25()
}

// look25 asks for a page of results, as many as Teams does.
func (s *story) look25() error {
	parameter := map[string]any{"name": "initialRun", "value": "true"}
	if s.query != "" {
		parameter = map[string]any{"name": "q", "value": s.query}
	}
	var answer invoked
	value := map[string]any{"commandId": s.finds(), "parameters": []any{parameter}, "queryOptions": map[string]any{"skip": s.skip, "count": 25}}
	if err := s.post("/api/invoke", map[string]any{"name": "composeExtension/query", "value": value}, &answer); err != nil {
		return err
	}
	if answer.Body.ComposeExtension == nil {
		return fmt.Errorf("search: %+v", answer)
	}
	s.card = []any{answer.Body.ComposeExtension.Text, answer.Body.ComposeExtension.Attachments}
	return nil
}

// finds is the search of the app that the person means.
func (s *story) finds() string {
	if s.app() == string(bot.ImagePro) {
		return "findImage"
	}
	return "findContact"
}

func (s *story) results(args []string) error {
	all, _ := s.card.([]any)[1].([]any)
	if fmt.Sprint(len(all)) != args[0] {
		return fmt.Errorf("%d results", len(all))
	}
	return nil
}

func (s *story) lighter(args []string) error {
	raw, err := json.Marshal(s.card)
	if err != nil {
		return err
	}
	var limit int
	if _, err := fmt.Sscan(args[0], &limit); err != nil {
		return err
	}
	if len(raw) >= limit {
		return fmt.Errorf("%d bytes", len(raw))
	}
	return nil
}

// result finds the search result that shows the text.
func (s *story) result(text string) (map[string]any, error) {
	result, err := find(s.card, func(o map[string]any) bool {
		return o["preview"] != nil && strings.Contains(strings.Join(sentences(o["preview"]), "\n"), text)
	})
	if err != nil {
		return nil, fmt.Errorf("no result %q in:\n%s", text, strings.Join(sentences(s.card), "\n"))
	}
	return result, nil
}

func (s *story) insert(args []string) error {
	result, err := s.result(args[0])
	s.inserted, s.card = result, result
	return err
}

func (s *story) choose(args []string) error {
	result, err := s.result(args[0])
	if err != nil {
		return err
	}
	tap, err := find(result["preview"], func(o map[string]any) bool { return o["type"] == "invoke" })
	if err != nil {
		return err
	}
	s.about = ""
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

func (s *story) slow(args []string) error {
	ms, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return s.post("/api/faults", map[string]any{"op": "members", "hangMs": ms, "count": 1}, nil)
}

func (s *story) sends(args []string) error {
	var log struct {
		Entries []struct {
			Direction string
			Request   json.RawMessage
		}
	}
	if err := s.get("/api/activity", &log); err != nil {
		return err
	}
	for _, e := range log.Entries {
		if e.Direction == "out" && bytes.Contains(e.Request, []byte(args[0])) {
			return nil
		}
	}
	return fmt.Errorf("the app sent nothing that holds %q", args[0])
}

func (s *story) role(args []string) error {
	return s.post("/api/role", map[string]any{"person": args[0], "role": args[1]}, nil)
}

func (s *story) leave(args []string) error {
	return s.cause("conversationUpdate", "/api/members", map[string]any{"remove": args})
}

func (s *story) join(args []string) error {
	return s.cause("conversationUpdate", "/api/members", map[string]any{"add": args})
}

// install waits for the welcome.
func (s *story) install([]string) error {
	before, err := s.botMessages()
	if err != nil {
		return err
	}
	if err := s.post("/api/install", map[string]any{"app": s.app()}, nil); err != nil {
		return err
	}
	return s.await(func(all []seen) bool { return len(all) > len(before) })
}

func (s *story) uninstall([]string) error {
	return s.cause("installationUpdate remove", "/api/uninstall", map[string]any{"app": s.app()})
}

// app is the app that a personal chat is with; elsewhere the one that the person means.
func (s *story) app() string {
	if app, personal := strings.CutPrefix(s.chat, "personal-"); personal {
		return app
	}
	return cmp.Or(s.means, string(bot.ContactPro))
}

// cause asks for something that the bot is told of, and waits until it was.
func (s *story) cause(event, path string, order map[string]any) error {
	before := s.told(event)
	err := s.post(path, order, nil)
	for deadline := time.Now().Add(patience); err == nil && s.told(event) == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the bot was not told %q", event)
		}
	}
	return err
}

// told counts how often the bot was told of an event.
func (s *story) told(event string) (n int) {
	var log struct {
		Entries []struct{ Direction, Name string }
	}
	if err := s.get("/api/activity", &log); err != nil {
		return 0
	}
	for _, e := range log.Entries {
		if e.Direction == "in" && e.Name == event {
			n++
		}
	}
	return n
}
