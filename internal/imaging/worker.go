package imaging

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"teamspro/internal/image"
)

// workerEnv tells a process that it is a worker. Its value is how nice it is.
const workerEnv = "TEAMSPRO_IMAGING_WORKER"

// The files that a worker is born with.
const (
	fdTalk = 3 + iota // socket: jobs in, answers out
	fdIn              // shared memory with the picture
	fdOut             // shared memory for the result
)

// errSlow is a deadline that was met between steps.
var errSlow = errors.New("the deadline is over")

// WorkerMain turns the process into a worker and never returns, if it was started as one; else it does nothing. It must
// be called first thing in main, and in TestMain of tests that use a Pool.
func WorkerMain() {
	v, ok := os.LookupEnv(workerEnv)
	if !ok {
		return
	}
	nice, _ := strconv.Atoi(v) // written by us
	beNice(nice)
	err := setUp()
	if err == nil {
		err = serve(os.NewFile(fdTalk, "talk"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// beNice lowers the priority of every thread there is; those to come inherit it. What fails here costs nothing but
// politeness. No core is written, which would hold the picture.
func beNice(n int) {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, n)
		}
	}
}

// serve answers jobs until the other side goes. A job that is being worked on then ends with the process.
func serve(talk *os.File) error {
	runtime.LockOSThread() // libvips keeps its errors and some state by thread
	if err := send(talk, answer{CPU: cpu()}); err != nil {
		return err
	}
	jobs := make(chan job)
	go func() {
		for {
			var j job
			if err := receive(talk, &j); err != nil {
				os.Exit(0) // the parent is gone
			}
			jobs <- j
		}
	}()
	for j := range jobs {
		a := j.work()
		a.CPU, a.Pixels = cpu(), tracked()
		if err := send(talk, a); err != nil {
			return err
		}
		if j.decoded > tidyFrom {
			tidy()
		}
	}
	return nil
}

// tidyFrom is from how many decoded pixels on a worker gives memory back to the system behind a picture.
const tidyFrom = 4_000_000

func cpu() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r) // cannot fail with these arguments
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// work does a job and says how it went.
func (j *job) work() (a answer) {
	if err := j.try(&a); err != nil {
		a.Trouble, a.Reason = blame(err), err.Error()
		var no errNoCodec
		if errors.As(err, &no) {
			a.Format = no.format
		}
	}
	return a
}

func (j *job) try(a *answer) error {
	var err error
	if j.steps, err = j.Plan.unpack(); err != nil {
		return err
	}
	j.deadline = time.Now().Add(j.Budget)
	until(j.Budget)
	size := j.Size
	for _, m := range j.Marks {
		size += m.Size
	}
	data, err := unix.Mmap(fdIn, 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer func() { _ = unix.Munmap(data) }() // the address and size are those it was mapped with
	r := &render{job: j, data: data[:j.Size], marks: map[string][]byte{}}
	at := j.Size
	for _, m := range j.Marks {
		r.marks[m.Name] = data[at : at+m.Size]
		at += m.Size
	}
	defer r.close()
	if err := j.needs(); err != nil {
		return err
	}
	if j.Colors > 0 {
		a.Colors, err = r.palette(j.Colors)
		return err
	}
	return j.paint(r, a)
}

// paint runs the plan and puts the result into the shared memory.
func (j *job) paint(r *render, a *answer) error {
	if err := r.run(); err != nil {
		return err
	}
	b, err := r.write()
	if err != nil {
		return err
	}
	defer b.free()
	if _, err := unix.Pwrite(fdOut, b.bytes(), 0); err != nil {
		return fmt.Errorf("pwrite: %w", err)
	}
	a.Size, a.Notes = b.size, crossing(r.notes)
	return nil
}

// needs tells a missing codec before work is done for nothing.
func (j *job) needs() error {
	for _, h := range append(headersOf(j.Marks), j.Header) {
		if (h.Kind == kindHEIC || h.Kind == kindAVIF) && !has("heifload_buffer") {
			return errNoCodec{strings.ToUpper(string(h.Kind))}
		}
	}
	if f := formats[j.Format]; j.Colors == 0 && f.needs != "" && !has(f.needs) {
		return errNoCodec{strings.ToUpper(string(j.Format))}
	}
	return nil
}

func headersOf(marks []mark) []header {
	var out []header
	for _, m := range marks {
		out = append(out, m.Header)
	}
	return out
}

// blame tells from an error what people are told. libvips says it in words only.
func blame(err error) trouble {
	var no errNoCodec
	text := err.Error()
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, errSlow) || says("killed for"):
		return troubleSlow
	case errors.As(err, &no):
		return troubleNoCodec
	case says("out of memory", "nable to allocate", "emory allocation", "nsufficient memory", "cannot allocate"):
		return troubleMemory
	case says("Unsupported compression", "compression format", "No decoding plugin", "No encoder", "nsupported codec"):
		return troubleNoCodec
	case says("out of order"): // a pipeline of ours that reads rows twice
		return troubleOurs
	case errors.Is(err, errSick) || says("jpeg", "JPEG", "VipsJpeg", "png", "gif", "webp", "heif", "tiff", "TIFF", "Premature", "truncated"):
		return troubleDamaged
	}
	return troubleOurs
}

// mostMessage bounds what is said across the socket, in bytes. The longest is a plan of long texts.
const mostMessage = 8 << 20

// send writes a message: its length in four bytes, then JSON.
func send(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > mostMessage {
		return fmt.Errorf("a message of %d bytes", len(b))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

// receive reads a message.
func receive(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > mostMessage {
		return fmt.Errorf("a message of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// palette finds the dominant colours of a small copy.
func (r *render) palette(n int) ([]image.Color, error) {
	const side = 96
	r.job.steps = []image.Step{image.Resize{W: image.Length{Value: side}, H: image.Length{Value: side}}}
	r.job.Format = image.JPEG // one frame
	if err := r.run(); err != nil {
		return nil, err
	}
	p := r.frames[0]
	if err := p.flatten(ink(white, 3)); err != nil {
		return nil, err
	}
	b, err := p.pixels()
	if err != nil {
		return nil, err
	}
	return dominant(b, n), nil
}
