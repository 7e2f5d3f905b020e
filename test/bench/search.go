package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"teamspro/internal/contact"
)

// engine finds contacts by what is typed. It gives the places of the first 25 contacts, and how long each question took.
type engine interface {
	name() string
	search(ctx context.Context, texts []string) (found [][]int, took []time.Duration, err error)
	close() error
}

// What the search is measured with.
const (
	perKind      = 120 // questions of each kind
	perTurn      = 20  // asked of one engine before the next has its turn
	searchRounds = 3
	patience     = 5 * time.Second      // an engine that took longer for one kind is not asked on
	aim          = 100_000              // the size for which the goal of time holds
	latest       = 2 * time.Millisecond // at p99
)

// search measures whether and how fast the one sought is found, beside what people would build a search on.
func search(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"contacts", "question", "teamspro", "SQLite FTS5", "minisearch"},
		about: fmt.Sprintf("%d questions of each kind, %d rounds by turns: how many have the contact that is sought among the first 25 results, and p50 / p99 in milliseconds "+
			"(of each question the middle of its rounds). "+
			"Questions that more than 25 contacts answer equally well are left out.", perKind, searchRounds)}
	sizes := []int{10_000, aim}
	if b.full {
		sizes = append(sizes, 1_000_000)
	}
	var v verdict
	for _, n := range sizes {
		if err := b.searchAmong(ctx, n, &r, &v); err != nil {
			return r, err
		}
	}
	r.goals = v.goals()
	return r, nil
}

// searchAmong measures all engines over one population.
func (b bench) searchAmong(ctx context.Context, n int, r *report, v *verdict) (err error) {
	people := population(n)
	engines, err := b.engines(ctx, people, r)
	defer func() {
		for _, e := range engines {
			err = errors.Join(err, e.close())
		}
	}()
	if err != nil {
		return err
	}
	for _, k := range kinds {
		marks := make([]mark, len(engines))
		questions := k.questions(people, perKind)
		for turn := range searchRounds * (perKind / perTurn) {
			from := turn * perTurn % perKind
			for i, e := range engines {
				if err := marks[i].take(ctx, e, questions, from); err != nil {
					return fmt.Errorf("%s: %w", e.name(), err)
				}
			}
		}
		v.add(r, n, k, engines, marks)
	}
	return nil
}

// engines fills each engine with the people. A peer that is not there is left out with a sentence.
func (b bench) engines(ctx context.Context, people []contact.Contact, r *report) ([]engine, error) {
	engines := []engine{newIndex(people)}
	fts, err := newSQLite(ctx, filepath.Join(b.folder, fmt.Sprintf("%d.sqlite", len(people))), people)
	if err != nil {
		return engines, err
	}
	engines = append(engines, fts)
	if err := installed("minisearch"); err != nil {
		if !slices.Contains(r.absent, err.Error()) {
			r.absent = append(r.absent, err.Error())
		}
		return engines, nil
	}
	if len(people) > aim {
		r.absent = append(r.absent, fmt.Sprintf("minisearch was not measured with more than %d contacts: it holds all of them in the memory of Node.", aim))
		return engines, nil
	}
	mini, err := newMinisearch(ctx, b.folder, people)
	if err != nil {
		return engines, err
	}
	return append(engines, mini), nil
}

// mark is how an engine did with one kind of question.
type mark struct {
	asked, hit int
	took       [][]time.Duration // of each question, in each round
	spent      time.Duration
}

// take asks an engine the questions of one turn.
func (m *mark) take(ctx context.Context, e engine, questions []question, from int) error {
	if m.took == nil {
		m.took = make([][]time.Duration, perKind)
	}
	if m.spent > patience {
		return nil
	}
	questions = questions[min(from, len(questions)):min(from+perTurn, len(questions))]
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = q.text
	}
	found, took, err := e.search(ctx, texts)
	for i, places := range found {
		m.asked++
		if slices.Contains(places, questions[i].sought) {
			m.hit++
		}
		m.took[from+i] = append(m.took[from+i], took[i])
		m.spent += took[i]
	}
	return err
}

// time gives a quantile over the questions, each with the middle of its rounds: what neighbours on the machine did
// meanwhile is not the engine's.
func (m mark) time(share float64) time.Duration {
	var middle []time.Duration
	for _, rounds := range m.took {
		if len(rounds) > 0 {
			middle = append(middle, quantile(rounds, 0.5))
		}
	}
	return quantile(middle, share)
}

func (m mark) quality() float64 { return float64(m.hit) / float64(max(1, m.asked)) }

func (m mark) String() string {
	return fmt.Sprintf("%.1f %%, %s / %s", 100*m.quality(), short(ms(m.time(0.5))), short(ms(m.time(0.99))))
}

// verdict is how ours does against its goals.
type verdict struct {
	worst   string          // what it finds worst
	margin  float64         // found beyond the goal, there
	slowest string          // what takes it longest, where time is judged
	longest []time.Duration // of each engine, ours first
	names   []string
}

func (v *verdict) goals() []goal {
	found := goal{"found ≥ 99 % (slip ≥ 95 %)", "at worst " + v.worst, v.margin >= 0}
	quick := goal{fmt.Sprintf("p99 < %v among %d", latest, aim), fmt.Sprintf("at worst %s ms (%s", short(ms(v.longest[0])), v.slowest), v.longest[0] < latest}
	for i, name := range v.names[1:] {
		quick.found += fmt.Sprintf("; %s takes %s× that at its worst", name, short(float64(v.longest[i+1])/float64(v.longest[0])))
	}
	quick.found += ")"
	return []goal{found, quick}
}

// add writes a row, and weighs ours.
func (v *verdict) add(r *report, n int, k kind, engines []engine, marks []mark) {
	row := []string{fmt.Sprint(n), k.name}
	for i := range 3 {
		cell := "not measured"
		if i < len(marks) {
			cell = marks[i].String()
		}
		row = append(row, cell)
	}
	r.rows = append(r.rows, row)
	if margin := marks[0].quality() - k.goal; v.worst == "" || margin < v.margin {
		v.worst, v.margin = fmt.Sprintf("%.1f %% (%s among %d)", 100*marks[0].quality(), k.name, n), margin
	}
	if n == aim {
		v.weigh(k, engines, marks)
	}
}

// weigh keeps the longest that each engine took.
func (v *verdict) weigh(k kind, engines []engine, marks []mark) {
	if v.longest == nil {
		v.longest = make([]time.Duration, len(marks))
		for _, e := range engines {
			v.names = append(v.names, e.name())
		}
	}
	if marks[0].time(0.99) > v.longest[0] {
		v.slowest = k.name
	}
	for i, m := range marks {
		v.longest[i] = max(v.longest[i], m.time(0.99))
	}
}

// index is ours: the index of Contact Pro, asked as its use cases ask it.
type index struct {
	*contact.Index
	places map[contact.ID]int
}

func newIndex(people []contact.Contact) engine {
	x := index{contact.NewIndex(), make(map[contact.ID]int, len(people))}
	for i, c := range people {
		x.Put(tenant, c)
		x.places[c.ID] = i
	}
	return x
}

func (x index) name() string { return "teamspro" }
func (x index) close() error { return nil }

func (x index) search(ctx context.Context, texts []string) (found [][]int, took []time.Duration, err error) {
	for _, text := range texts {
		start := time.Now()
		hits, _ := x.Search(ctx, tenant, []contact.BookID{book}, contact.ParseQuery(text), contact.MaxFound)
		took = append(took, time.Since(start))
		places := make([]int, len(hits))
		for i, h := range hits {
			places[i] = x.places[h.ID]
		}
		found = append(found, places)
	}
	return found, took, ctx.Err()
}
