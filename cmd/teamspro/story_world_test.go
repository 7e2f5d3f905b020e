package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"teamspro/bot"
)

// walked is what the stories reached: the routes, by app and name, as the services' own metrics count them.
type walked struct {
	stopping sync.WaitGroup // the services: each takes a moment to stop, in which others start
	mu       sync.Mutex
	routes   map[string]bool
}

func (w *walked) setup(env *testscript.Env) error {
	env.Values[storyKey{}] = &story{walked: w, person: "ana", chat: "personal-contact", locale: "en-GB"}
	return nil
}

// closing are the routes of channels that are deleted and restored in Teams. The sandbox's channels stay; a test of bot posts
// what Teams sends (TestChannelIsDeleted).
var closing = []string{"contact lifecycle closed", "contact lifecycle reopened", "image lifecycle closed", "image lifecycle reopened"}

// check fails for the routes that no story walked.
func (w *walked) check(t *testing.T) {
	for _, app := range []bot.App{bot.ContactPro, bot.ImagePro} {
		for _, r := range new(bot.Bot).Routes(app).Routes() {
			if name := string(app) + " " + r.Name(); !w.routes[name] && !slices.Contains(closing, name) {
				t.Errorf("no story walks %s", name)
			}
		}
	}
}

// open starts a sandbox and the service.
func open(ts *testscript.TestScript, _ bool, options []string) {
	s := ts.Value(storyKey{}).(*story)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	s.bot = listener.Addr().String()
	ts.Check(listener.Close())
	args := []string{"sandbox", "--quiet", "--listen", "127.0.0.1:0", "--bot-listen", s.bot, "--packages", "none"}
	if !slices.Contains(options, "sample") {
		args = append(args, "--empty")
	}
	if !slices.Contains(options, "image") {
		args = append(args, "--no-image")
	}
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	s.walked.stopping.Go(func() {
		run(ctx, args, writer, ts.Stderr())
		writer.CloseWithError(io.EOF)
	})
	ts.Defer(func() {
		s.walked.note(s.bot)
		stop()
	})
	if _, err := fmt.Fscanf(reader, "page %s\n", &s.page); err != nil {
		ts.Fatalf("the sandbox did not start: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	s.page = strings.TrimRight(s.page, "/")
	ts.Check(s.settled())
}

var turns = regexp.MustCompile(`turns_total\{app="([^"]+)",kind="[^"]+",route="([^"]+)"\}`)

// note reads from the metrics of a service which routes were walked.
func (w *walked) note(addr string) {
	res, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return // a story that failed early; it says so itself
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, found := range turns.FindAllSubmatch(body, -1) {
		w.routes[string(found[1])+" "+string(found[2])] = true
	}
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
	if s.means != "" && body["app"] == nil {
		body["app"] = s.means
	}
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

var unescaped = strings.NewReplacer(`\`, "", "\u2068", "", "\u2069", "", "\u00a0", " ", "\u202f", " ")

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
