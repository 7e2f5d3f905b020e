// Package imaging runs plans on pixels, in worker processes of the same program, so that a picture which crashes or
// bloats a decoder costs one sentence and not the service. It reads headers without decoding, holds pictures to limits
// before anything of them is decoded, and is the only package with native code: libvips, through bimg and a small
// bridge of its own (docs/adr/0019-images.md).
//
// It is not where plans are written, checked or explained (internal/image), and it knows neither people nor places.
//
// A main that makes a Pool calls WorkerMain first.
package imaging

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// Config bounds a Pool. Zero values mean the defaults that stand beside them.
type Config struct {
	Workers int           // processes, each with one picture at a time; as many as there are cores
	Queue   int           // pictures that may wait for a worker, beyond which the answer is "busy"; 4 for each worker
	Memory  int64         // bytes that a worker may take for pictures; 600 MB
	Timeout time.Duration // for one picture, from its turn on; 10 s
	Wait    time.Duration // for a turn; 10 s

	MaxBytes  int64 // of a source; 32 MiB
	MaxPixels int64 // of a source, over all frames; 50 million
	MaxFrames int   // of a source; 500
	MaxSide   int   // of a result, in pixels; 16383, which is WebP's
	MaxOutput int64 // pixels of a result, over all frames; 50 million
	MaxResult int64 // bytes of a result; 128 MiB

	Renders int    // after which a worker is replaced, whatever its libraries may have leaked; 1000
	Nice    int    // how far workers step back behind the service, 0 to 19; 5
	Program string // what is started as a worker; the running program
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() (Config, error) {
	or(&c.Workers, runtime.GOMAXPROCS(0))
	or(&c.Queue, 4*c.Workers)
	or(&c.Memory, 600_000_000)
	or(&c.Timeout, 10*time.Second)
	or(&c.Wait, 10*time.Second)
	or(&c.MaxBytes, 32<<20)
	or(&c.MaxPixels, 50_000_000)
	or(&c.MaxFrames, 500)
	or(&c.MaxSide, 16_383)
	or(&c.MaxOutput, 50_000_000)
	or(&c.MaxResult, 128<<20)
	or(&c.Renders, 1000)
	or(&c.Nice, 5)
	if c.Program == "" {
		p, err := os.Executable()
		if err != nil {
			return c, err
		}
		c.Program = p
	}
	if c.Workers < 0 || c.Queue < 0 || c.Memory < 0 || c.Timeout < 0 || c.Wait < 0 || c.Renders < 0 {
		return c, errors.New("a limit below zero")
	}
	return c, nil
}

func or[T int | int64 | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// errClosed is what a closed Pool answers.
var errClosed = errors.New("the pool is closed")

// Pool runs plans in a bounded number of workers. It implements image.Engine.
type Pool struct {
	cfg     Config
	crew    *crew
	turns   chan *worker // one for each worker; nil where none has been started
	waiting atomic.Int64
	spent   atomic.Int64 // nanoseconds of the workers' processors
	closed  chan struct{}
	close   sync.Once
}

var _ image.Engine = (*Pool)(nil)

// New starts a pool, and one worker to see that it can. Close ends it.
func New(cfg Config) (*Pool, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("imaging.New: %w", err)
	}
	p := &Pool{cfg: cfg, crew: newCrew(cfg), turns: make(chan *worker, cfg.Workers), closed: make(chan struct{})}
	w, err := p.crew.hire()
	if err != nil {
		p.crew.close()
		return nil, fmt.Errorf("imaging.New: %w", err)
	}
	p.turns <- w
	for range cfg.Workers - 1 {
		p.turns <- nil
	}
	return p, nil
}

// Close waits for the pictures that are being worked on and ends the workers.
func (p *Pool) Close() {
	p.close.Do(func() {
		close(p.closed)
		for range p.cfg.Workers {
			if w := <-p.turns; w != nil {
				w.end()
			}
		}
		p.crew.close()
	})
}

// Spent is the processor time that workers have taken for pictures so far, in user and kernel mode. What a worker that
// died took for its last picture is not known.
func (p *Pool) Spent() time.Duration { return time.Duration(p.spent.Load()) }

// Probe reads the header and holds it to the limits. It decodes nothing and needs no worker.
func (p *Pool) Probe(_ context.Context, data []byte) (image.Facts, error) {
	h, err := p.cfg.check(data)
	if err != nil {
		return image.Facts{}, err
	}
	return h.facts(len(data)), nil
}

// Render runs a plan on a picture. It refuses what is beyond the limits before anything is decoded.
func (p *Pool) Render(ctx context.Context, data []byte, pl image.Plan, marks map[string][]byte) (image.Result, error) {
	const op = "imaging.Render"
	h, err := p.cfg.check(data)
	if err != nil {
		return image.Result{}, err
	}
	j := job{Header: h, Size: len(data), Format: chooseFormat(pl, h)}
	if _, ok := formats[j.Format]; !ok {
		return image.Result{}, fault.New(fault.Invalid, op, "image.unsupported", "Format", strings.ToUpper(string(j.Format)))
	}
	if j.Plan, err = pack(pl); err != nil {
		return image.Result{}, fault.Wrap(fault.Invalid, op, err)
	}
	blobs, err := p.addMarks(&j, data, pl, marks)
	if err != nil {
		return image.Result{}, err
	}
	a, out, err := p.give(ctx, j, blobs)
	if err != nil {
		return image.Result{}, err
	}
	after, err := read(out, p.cfg.MaxFrames)
	if err != nil {
		return image.Result{}, fault.Wrap(fault.Internal, op, fmt.Errorf("the result: %w", err))
	}
	res := image.Result{Data: out, Before: h.facts(len(data)), Facts: after.facts(len(out)), Notes: crossed(a.Notes)}
	if pl.Output.Format == "" && string(j.Format) != string(h.Kind) {
		key := image.NoteFormatChanged
		if j.Format == image.PNG && chooseFormat(image.Plan{}, h) == image.JPEG {
			key = image.NoteTransparent
		}
		res.Notes = append(res.Notes, image.Note{Key: key, Args: []any{"Format", strings.ToUpper(string(j.Format))}})
	}
	return res, nil
}

// addMarks holds the pictures that the plan names to the same limits and puts them behind the source.
func (p *Pool) addMarks(j *job, data []byte, pl image.Plan, marks map[string][]byte) ([][]byte, error) {
	blobs := [][]byte{data}
	for _, s := range pl.Steps {
		w, ok := s.(image.Watermark)
		if !ok || w.Image == "" || j.markHeader(w.Image).Kind != "" {
			continue
		}
		m, ok := marks[w.Image]
		if !ok {
			return nil, fault.New(fault.Invalid, "imaging.Render", image.FaultNoMark, "Name", w.Image)
		}
		h, err := p.cfg.check(m)
		if err != nil {
			return nil, err
		}
		j.Marks = append(j.Marks, mark{w.Image, h, len(m)})
		blobs = append(blobs, m)
	}
	return blobs, nil
}

// mostColors bounds a palette.
const mostColors = 16

// Palette gives up to n dominant colours, the strongest first; at most 16.
func (p *Pool) Palette(ctx context.Context, data []byte, n int) ([]image.Color, error) {
	h, err := p.cfg.check(data)
	if err != nil || n <= 0 {
		return nil, err
	}
	a, _, err := p.give(ctx, job{Header: h, Size: len(data), Colors: min(n, mostColors)}, [][]byte{data})
	return a.Colors, err
}

// give waits for a worker, has it do the job, and replaces it when it is of no more use.
func (p *Pool) give(ctx context.Context, j job, blobs [][]byte) (answer, []byte, error) {
	const op = "imaging.Render"
	w, err := p.turn(ctx)
	if err != nil {
		return answer{}, nil, err
	}
	if w != nil && !w.alive() { // it died between pictures, which is no fault of this one
		w.end()
		w = nil
	}
	if w == nil {
		if w, err = p.crew.hire(); err != nil {
			p.turns <- nil
			return answer{}, nil, fault.Wrap(fault.Internal, op, err)
		}
	}
	j.Budget = p.cfg.Timeout
	if d, ok := ctx.Deadline(); ok {
		j.Budget = min(j.Budget, time.Until(d))
	}
	j.Limits = limits{p.cfg.MaxFrames, p.cfg.MaxSide, p.cfg.MaxOutput}
	a, out, err := w.do(ctx, j, blobs)
	if err != nil {
		overdue := errors.Is(err, os.ErrDeadlineExceeded)
		w.slow.CompareAndSwap(false, overdue)
		w.endAfter(overdue)
		p.turns <- nil
		return answer{}, nil, p.cfg.died(w, err)
	}
	p.spent.Add(int64(a.CPU - w.cpu))
	w.cpu = a.CPU
	if w.done >= p.cfg.Renders || a.Trouble == troubleMemory {
		w.end()
		w = nil
	}
	p.turns <- w
	return a, out, p.cfg.fault(a)
}

// endAfter ends a worker that does not answer. One that is dying is given a moment to say of what.
func (w *worker) endAfter(overdue bool) {
	if !overdue {
		select {
		case <-w.gone:
		case <-time.After(grace):
		}
	}
	w.end()
}

// turn waits for a worker; nil is one that has still to be started.
func (p *Pool) turn(ctx context.Context) (*worker, error) {
	const op = "imaging.Render"
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Busy, op, err)
	}
	select {
	case <-p.closed:
		return nil, fault.Wrap(fault.Busy, op, errClosed)
	case w := <-p.turns:
		return w, nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > int64(p.cfg.Queue) {
		return nil, fault.New(fault.Busy, op, "image.busy")
	}
	late := time.NewTimer(p.cfg.Wait)
	defer late.Stop()
	select {
	case w := <-p.turns:
		return w, nil
	case <-late.C:
		return nil, fault.New(fault.Busy, op, "image.busy")
	case <-p.closed:
		return nil, fault.Wrap(fault.Busy, op, errClosed)
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Busy, op, ctx.Err())
	}
}

// died is the sentence for a worker that ended instead of answering.
func (c Config) died(w *worker, cause error) error {
	e := c.sentence(w.autopsy(c.Memory), "image.worker_died")
	e.Err = fmt.Errorf("%w: %s", cause, w.cmd.ProcessState)
	return e
}

// fault is the sentence for what a worker could not do.
func (c Config) fault(a answer) error {
	if a.Trouble == troubleNone {
		return nil
	}
	e := c.sentence(a.Trouble, "")
	if a.Trouble == troubleNoCodec {
		e.Args = []any{"Format", a.Format}
	}
	e.Err = errors.New(a.Reason)
	return e
}

func (c Config) sentence(t trouble, otherwise string) *fault.Error {
	const op = "imaging.Render"
	switch t {
	case troubleDamaged:
		return fault.New(fault.Invalid, op, "image.truncated")
	case troubleSlow:
		return fault.New(fault.Invalid, op, "image.too_slow", "Limit", c.Timeout)
	case troubleMemory:
		return fault.New(fault.Invalid, op, "image.too_much_memory", "Limit", c.Memory)
	case troubleNoCodec:
		return fault.New(fault.Invalid, op, "image.no_codec")
	case troubleTooLarge:
		return fault.New(fault.Invalid, op, "image.too_large_bytes", "Limit", c.MaxResult)
	}
	if otherwise != "" {
		return fault.New(fault.Busy, op, otherwise) // it may pass when asked again
	}
	return fault.New(fault.Internal, op, "")
}
