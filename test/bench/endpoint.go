package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"teamspro/internal/contact"
)

// What the endpoint is measured with.
const (
	endpointContacts = 10_000
	connections      = 64
	loadRounds       = 3
	loadTime         = 4 * time.Second
	startRounds      = 5
)

// footprint is what a service cost in the rounds.
type footprint struct {
	name                     string
	cpu, rate, memory, start []float64 // microseconds a request, requests a second, MiB, milliseconds
	answerSize               float64   // bytes
	p50, p99                 []float64 // milliseconds at full load
}

// endpoint measures a search invoke at our service and at the same bot on Microsoft's SDKs.
func endpoint(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"", "CPU a request, µs", "answers/s", "p50 / p99 at that rate, ms", "memory, MiB", "start to first answer, ms"},
		about: fmt.Sprintf("`composeExtension/query` over %d contacts: token checked (RS256, keys read from an issuer), four results with their cards. "+
			"The peers filter a list that was folded beforehand, and have no permissions, no recognition of what was sent twice and no metrics. "+
			"%d connections for %s, %d rounds by turns; the caller is on the same cores. "+
			"Each start is the usual one, after a stop in order. Medians, with the least and the most in brackets.", endpointContacts, connections, loadTime, loadRounds)}
	people := population(endpointContacts)
	recipes, c, i, err := b.stage(ctx, people, &r)
	if err != nil {
		return r, err
	}
	defer i.Close()
	prints := make([]*footprint, len(recipes))
	for n, recipe := range recipes {
		prints[n] = &footprint{name: recipe.name}
	}
	if err := recipes[0].settle(ctx, b.folder, c); err != nil {
		return r, err
	}
	if err := b.timeStarts(ctx, recipes, c, prints); err != nil {
		return r, err
	}
	if err := b.timeLoad(ctx, recipes, c, people, prints); err != nil {
		return r, err
	}
	r.judge(prints)
	return r, nil
}

// stage writes the contacts for everybody, and says who is measured.
func (b bench) stage(ctx context.Context, people []contact.Contact, r *report) ([]recipe, *caller, *issuer, error) {
	list := filepath.Join(b.folder, "contacts.json")
	i, err := newIssuer(b.folder)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := errors.Join(shelve(ctx, b.folder, people), export(list, people)); err != nil {
		return nil, nil, nil, err
	}
	token, err := i.token()
	if err != nil {
		return nil, nil, nil, err
	}
	recipes := []recipe{teamspro(b.folder, i)}
	for _, p := range []struct{ name, module string }{{"agents-hosting", "@microsoft/agents-hosting"}, {"botbuilder", "botbuilder"}} {
		if err := installed(p.module); err != nil {
			r.absent = append(r.absent, err.Error())
			continue
		}
		recipes = append(recipes, peer(p.name, list, i))
	}
	return recipes, &caller{token: token, questions: common(people), count: 4}, i, nil
}

// installed tells whether an npm package is there to be measured.
func installed(module string) error {
	if _, err := os.Stat(filepath.Join("node_modules", module, "package.json")); err != nil {
		return fmt.Errorf("%s was not measured: it is not installed (npm ci in test/bench)", module)
	}
	return nil
}

// export writes the contacts in the form in which the peers read them.
func export(file string, people []contact.Contact) error {
	list := make([]map[string]string, len(people))
	for i, c := range people {
		list[i] = map[string]string{"id": string(c.ID), "name": c.Name, "job": c.Job, "company": c.Company, "department": c.Department,
			"email": c.Emails[0], "phone": c.Phones[0].Number, "dial": c.Phones[0].E164, "notes": c.Notes, "tag": c.Tags[0]}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// common are first names: what people type most.
func common(people []contact.Contact) []string {
	r := random(7)
	questions := make([]string, 500)
	for i := range questions {
		questions[i] = folded(given(&people[r.IntN(len(people))]))
	}
	return questions
}

// timeStarts starts the services one after the other, several times, with all their contacts.
func (b bench) timeStarts(ctx context.Context, recipes []recipe, c *caller, prints []*footprint) error {
	for range startRounds {
		for i, recipe := range recipes {
			s, err := recipe.start(ctx, b.folder)
			if err != nil {
				return err
			}
			took, err := s.firstAnswer(ctx, c)
			s.stop()
			if err != nil {
				return err
			}
			prints[i].start = append(prints[i].start, ms(took))
		}
	}
	return nil
}

// timeLoad has all services up and loads them by turns.
func (b bench) timeLoad(ctx context.Context, recipes []recipe, c *caller, people []contact.Contact, prints []*footprint) error {
	var servers []*server
	for _, recipe := range recipes {
		s, err := recipe.start(ctx, b.folder)
		if err != nil {
			return err
		}
		defer s.stop()
		if _, err := s.firstAnswer(ctx, c); err != nil {
			return err
		}
		if _, err := c.run(ctx, s.addr, connections, loadTime/2); err != nil { // compilers and caches get warm
			return fmt.Errorf("%s: %w", s.name, err)
		}
		servers = append(servers, s)
	}
	if err := alike(ctx, servers, c, people); err != nil {
		return err
	}
	for range loadRounds {
		for i, s := range servers {
			if err := prints[i].load(ctx, s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// load measures one round at one service.
func (f *footprint) load(ctx context.Context, s *server, c *caller) error {
	before, err := cpuTime(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	done, err := c.run(ctx, s.addr, connections, loadTime)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	after, err := cpuTime(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	held, err := memory(s.cmd.Process.Pid)
	f.cpu = append(f.cpu, float64((after-before).Microseconds())/float64(done.requests))
	f.rate, f.memory = append(f.rate, done.rate()), append(f.memory, held)
	f.p50, f.p99 = append(f.p50, ms(quantile(done.each, 0.5))), append(f.p99, ms(quantile(done.each, 0.99)))
	f.answerSize = float64(done.bytes) / float64(done.requests)
	return err
}

// alike sees that the services do the same work: to a question that finds one contact they give the same answer.
func alike(ctx context.Context, servers []*server, c *caller, people []contact.Contact) error {
	r := random(8)
	for range 20 {
		p := people[r.IntN(len(people))]
		var first any
		for i, s := range servers {
			var body bytes.Buffer
			if err := s.askOnce(ctx, c, p.Emails[0], &body); err != nil {
				return err
			}
			var got any
			if err := json.Unmarshal(body.Bytes(), &got); err != nil {
				return err
			}
			if i == 0 {
				first = got
			} else if !reflect.DeepEqual(first, got) {
				return fmt.Errorf("%s answers otherwise than %s for %s: they would not be compared fairly", s.name, servers[0].name, p.ID)
			}
		}
	}
	return nil
}

// judge fills the table and holds our figures to the goals.
func (r *report) judge(prints []*footprint) {
	for _, f := range prints {
		r.rows = append(r.rows, []string{f.name, spreadOf(f.cpu).String(), spreadOf(f.rate).String(),
			short(spreadOf(f.p50).median) + " / " + short(spreadOf(f.p99).median), spreadOf(f.memory).String(), spreadOf(f.start).String()})
	}
	ours := prints[0]
	r.about += fmt.Sprintf(" An answer of ours has %s bytes.", short(ours.answerSize))
	if len(prints) == 1 {
		return
	}
	for _, m := range []struct {
		what  string
		of    func(*footprint) []float64
		judge func(string, float64, peers, float64) goal
		bound float64
	}{
		{"CPU", func(f *footprint) []float64 { return f.cpu }, share, 15},
		{"rate", func(f *footprint) []float64 { return f.rate }, times, 15},
		{"memory", func(f *footprint) []float64 { return f.memory }, share, 6},
		{"start", func(f *footprint) []float64 { return f.start }, share, 4},
	} {
		theirs := make(peers, len(prints)-1)
		for i, f := range prints[1:] {
			theirs[i].name, theirs[i].value = f.name, spreadOf(m.of(f)).median
		}
		r.goals = append(r.goals, m.judge(m.what, spreadOf(m.of(ours)).median, theirs, m.bound))
	}
}
