package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	plans "teamspro/internal/image"
	"teamspro/internal/imaging"
)

// task is one thing that is done to a picture by everybody.
type task struct {
	name   string
	source string
	plan   string         // ours
	peer   string         // the name that peers/sharp.mjs knows it by
	how    map[string]any // settings of the peer
	most   float64        // what our time may be of the peer's; 0 is no goal
	rounds int
}

// tasks are what is measured. Both sides begin from the bytes of a file and end with bytes. Qualities are chosen so that
// the results of a row are about as large: sharp's quality 70 at effort 1 gives the bytes of our 60.
var tasks = []task{
	{"a: 12 MP → 800 px JPEG q80", twelve, "resize 800 | jpeg q80", "small", nil, 1.0, 25},
	{"48 MP → 800 px JPEG q80", large, "resize 800 | jpeg q80", "small", nil, 0, 3},
	{"b: 12 MP → 800 px WebP q80", twelve, "resize 800 | webp q80", "webp", nil, 1.1, 15},
	{"c: crop, resize, rotate, text", twelve, `crop 400,300 3200x2400 | resize 800 | rotate 90 | text "Hello there" bottom white | jpeg q80`, "steps", nil, 0.5, 7},
	{"d: 12 MP under 1 MB", twelve, "jpeg | under 1mb", "under", map[string]any{"limit": 1_000_000}, 0.5, 3},
	{"d: 12 MP under 200 KB", twelve, "jpeg | under 200kb", "under", map[string]any{"limit": 200_000}, 0.5, 3},
	{"e: screenshot PNG → AVIF", screen, "avif q60", "avif", map[string]any{"quality": 70, "effort": 1, "chromaSubsampling": "4:2:0"}, 1.0, 7},
	{"PNG → AVIF, sharp's defaults", screen, "avif q60", "avif", map[string]any{}, 0, 1},
	{"f: GIF of 40 frames → 240 px", film, "resize 240", "film", map[string]any{}, 0.25, 3},
	{"GIF, sharp's least effort", film, "resize 240", "film", map[string]any{"effort": 1}, 0, 3},
}

// pictured measures our engine beside sharp, and the preview endpoint beside a server with sharp.
func pictured(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"", "teamspro CPU, ms", "sharp CPU, ms", "ratio", "teamspro KB / PSNR", "sharp KB / PSNR"},
		about: "Pictures from a seed: photographs of 12 and 48 megapixels, a screenshot of 2560×1440, 40 frames of 640×480. CPU is that of our worker and of the crossing to it, " +
			"and that of sharp's process at one thread without its cache, medians of rounds by turns with the least and the most in brackets. sharp is asked for the steps in the order of our plan; " +
			"for a limit of bytes it decodes once and searches by halves for the highest quality. PSNR in dB is taken, for both by sharp, against the whole picture decoded in full and scaled without loss; " +
			"results of fewer pixels are enlarged for it."}
	sources, err := drawAll(b.folder)
	if err != nil {
		return r, err
	}
	p, err := newPool(1)
	if err != nil {
		return r, err
	}
	defer p.Close()
	var peer *sharp
	if why := installed("sharp"); why != nil {
		r.absent = append(r.absent, why.Error())
	} else if peer, err = newSharp(ctx); err != nil {
		return r, err
	} else {
		defer peer.close()
	}
	for _, t := range tasks {
		if err := b.compare(ctx, &r, t, sources[t.source], p, peer); err != nil {
			return r, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return r, b.previews(ctx, &r, peer != nil)
}

// newPool starts an engine whose workers are those of the program that is measured.
func newPool(workers int) (*imaging.Pool, error) {
	program, err := filepath.Abs(filepath.Join(root, "bin", "teamspro"))
	if err != nil {
		return nil, err
	}
	return imaging.New(imaging.Config{Workers: workers, Timeout: time.Minute, Program: program})
}

// effort is what a task took on one side.
type effort struct {
	cpu      []float64 // milliseconds
	bytes    int
	likeness float64 // decibels
}

func (e effort) worth() string { return short(float64(e.bytes)/1000) + " / " + short(e.likeness) }

// compare has a task done by turns, and adds its row.
func (b bench) compare(ctx context.Context, r *report, t task, source []byte, p *imaging.Pool, peer *sharp) error {
	var ours, theirs effort
	for round := range t.rounds + 1 { // the first warms up
		took, made, err := render(ctx, p, source, t.plan)
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.result("ours"), made, 0o600); err != nil {
			return err
		}
		var a sharpAnswer
		if peer != nil {
			if a, err = peer.ask(sharpTask{Task: t.peer, How: t.how, Source: filepath.Join(b.folder, t.source), Result: b.result("theirs")}); err != nil {
				return err
			}
		}
		ours.bytes, theirs.bytes = len(made), a.Bytes
		if round > 0 {
			ours.cpu, theirs.cpu = append(ours.cpu, ms(took)), append(theirs.cpu, float64(a.Micros)/1000)
		}
	}
	if peer == nil {
		r.rows = append(r.rows, []string{t.name, spreadOf(ours.cpu).String(), "–", "–", short(float64(ours.bytes) / 1000), "–"})
		return nil
	}
	for side, e := range map[string]*effort{"ours": &ours, "theirs": &theirs} {
		a, err := peer.ask(sharpTask{Judge: true, Task: t.peer, Source: filepath.Join(b.folder, t.source), Result: b.result(side)})
		if err != nil {
			return err
		}
		e.likeness = a.Likeness
	}
	r.compared(t, ours, theirs)
	return nil
}

func (b bench) result(side string) string { return filepath.Join(b.folder, "result-"+side) }

func (r *report) compared(t task, ours, theirs effort) {
	we, they := spreadOf(ours.cpu), spreadOf(theirs.cpu)
	ratio := we.median / they.median
	r.rows = append(r.rows, []string{t.name, we.String(), they.String(), short(ratio), ours.worth(), theirs.worth()})
	if t.most > 0 {
		r.goals = append(r.goals, goal{fmt.Sprintf("%s ≤ %.2f", t.name, t.most), short(ratio), ratio <= t.most})
	}
}

// render runs a plan as the service does, and gives the processor time of the worker and of this process.
func render(ctx context.Context, p *imaging.Pool, source []byte, text string) (time.Duration, []byte, error) {
	plan, err := plans.Parse(text)
	if err != nil {
		return 0, nil, err
	}
	facts, err := p.Probe(ctx, source)
	if err != nil {
		return 0, nil, err
	}
	before := p.Spent() + ownTime()
	made, err := plans.Run(ctx, p, plans.Limits{}, source, facts, plan, nil)
	return p.Spent() + ownTime() - before, made.Data, err
}

// ownTime is how long the processors have worked for this process.
func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sharp is the library in a Node process of its own, which tells what it took.
type sharp struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

type sharpTask struct {
	Judge  bool           `json:"judge,omitempty"`
	Task   string         `json:"task"`
	How    map[string]any `json:"how,omitempty"`
	Source string         `json:"source"`
	Result string         `json:"result"`
}

type sharpAnswer struct {
	Micros   int64
	Bytes    int
	Likeness float64
}

func newSharp(ctx context.Context) (*sharp, error) {
	s := &sharp{cmd: exec.CommandContext(ctx, "node", filepath.Join("peers", "sharp.mjs"))}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	_, err = s.out.ReadString('\n') // "ready"
	return s, err
}

func (s *sharp) close() {
	_ = s.in.Close() // it ends when there is nothing more to read
	if err := s.cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "sharp did not end well:", err)
	}
}

func (s *sharp) ask(t sharpTask) (a sharpAnswer, err error) {
	line, err := json.Marshal(t)
	if err != nil {
		return a, err
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return a, err
	}
	if line, err = s.out.ReadBytes('\n'); err != nil {
		return a, err
	}
	return a, json.Unmarshal(line, &a)
}
