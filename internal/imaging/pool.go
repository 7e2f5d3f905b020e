package imaging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// worker is a process that renders, as its parent sees it.
type worker struct {
	cmd  *exec.Cmd
	talk *os.File
	in   *os.File // the picture, written by us
	out  *os.File // the result, read by us; never mapped, as a mapping of what another may shorten can end our process
	said *tail
	done int           // renders
	cpu  time.Duration // that it had taken after the last
	most int           // bytes of a result
	gone chan struct{}
	slow atomic.Bool // ended by us
}

// crew starts workers from one thread of its own. Linux ends a child with the thread that started it, so that thread
// must live as long as the pool, and no longer.
type crew struct {
	cfg   Config
	wants chan chan born
	quit  chan struct{}
	stop  sync.Once
}

type born struct {
	w   *worker
	err error
}

func newCrew(cfg Config) *crew {
	c := &crew{cfg: cfg, wants: make(chan chan born), quit: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		for {
			select {
			case reply := <-c.wants:
				w, err := start(cfg)
				reply <- born{w, err}
			case <-c.quit:
				return
			}
		}
	}()
	return c
}

func (c *crew) close() { c.stop.Do(func() { close(c.quit) }) }

// hire starts a worker and waits until it is ready.
func (c *crew) hire() (*worker, error) {
	reply := make(chan born, 1)
	select {
	case c.wants <- reply:
	case <-c.quit:
		return nil, errClosed
	}
	b := <-reply
	if b.err != nil {
		return nil, b.err
	}
	if err := b.w.ready(c.cfg); err != nil {
		b.w.end()
		return nil, fmt.Errorf("%w: %s", err, b.w.said)
	}
	return b.w, nil
}

// start makes the shared memory and the process. The process gets no environment: nothing of ours is its business.
func start(cfg Config) (*worker, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	w := &worker{talk: os.NewFile(uintptr(pair[0]), "worker"), said: &tail{}, gone: make(chan struct{}), most: int(cfg.MaxResult)}
	theirs := os.NewFile(uintptr(pair[1]), "parent")
	defer theirs.Close()
	if w.in, err = shared("picture"); err == nil {
		w.out, err = shared("result")
	}
	if err == nil {
		err = w.spawn(cfg, theirs)
	}
	if err != nil {
		w.closeFiles()
		return nil, err
	}
	go func() {
		_ = w.cmd.Wait() // how it ended is in ProcessState
		close(w.gone)
	}()
	return w, nil
}

func (w *worker) spawn(cfg Config, theirs *os.File) error {
	w.cmd = exec.Command(cfg.Program) //nolint:noctx // it outlives every context that asks for it; end ends it
	w.cmd.Args = []string{"teamspro-imaging"}
	w.cmd.Dir = "/"
	w.cmd.Env = []string{
		workerEnv + "=" + strconv.Itoa(cfg.Nice),
		"MALLOC_ARENA_MAX=2",           // address space is what is limited
		"VIPS_DISC_THRESHOLD=1000000m", // no temporary files
		"GOMAXPROCS=2", "GOMEMLIMIT=64MiB", "LANG=C.UTF-8",
	}
	w.cmd.Stderr = w.said
	w.cmd.ExtraFiles = []*os.File{theirs, w.in, w.out} // fdTalk, fdIn, fdOut
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	w.cmd.WaitDelay = time.Second
	return w.cmd.Start()
}

// shared makes memory that two processes see: anonymous, or where that is not allowed a file that has no name any more.
func shared(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err == nil {
		return os.NewFile(uintptr(fd), name), nil
	}
	f, err := os.CreateTemp("/dev/shm", "teamspro-*")
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	return f, os.Remove(f.Name())
}

// ready waits until the worker can be used, and bounds its memory: what it has taken to be there, and Memory on top.
func (w *worker) ready(cfg Config) error {
	if err := w.talk.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	var hello answer
	if err := receive(w.talk, &hello); err != nil {
		return fmt.Errorf("the worker did not start: %w", err)
	}
	w.cpu = hello.CPU
	taken, err := addressSpace(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	most := uint64(taken + cfg.Memory)
	for _, l := range []struct {
		what  int
		limit uint64
	}{{unix.RLIMIT_AS, most}, {unix.RLIMIT_FSIZE, uint64(cfg.MaxResult)}} {
		if err := unix.Prlimit(w.cmd.Process.Pid, l.what, &unix.Rlimit{Cur: l.limit, Max: l.limit}, nil); err != nil {
			return fmt.Errorf("prlimit: %w", err)
		}
	}
	return nil
}

// addressSpace is what a process has reserved, in bytes.
func addressSpace(pid int) (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	pages, err := strconv.ParseInt(first, 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// do has a job done. An error means that the worker is of no more use.
func (w *worker) do(ctx context.Context, j job, blobs [][]byte) (answer, []byte, error) {
	stop := context.AfterFunc(ctx, func() { w.slow.Store(true); w.kill() })
	a, data, err := w.exchange(j, blobs)
	if !stop() && err == nil { // it answered, and was ended all the same
		err = ctx.Err()
	}
	return a, data, err
}

func (w *worker) exchange(j job, blobs [][]byte) (answer, []byte, error) {
	if err := w.fill(blobs); err != nil {
		return answer{}, nil, err
	}
	if err := w.talk.SetDeadline(time.Now().Add(j.Budget + grace)); err != nil {
		return answer{}, nil, err
	}
	if err := send(w.talk, j); err != nil {
		return answer{}, nil, err
	}
	var a answer
	if err := receive(w.talk, &a); err != nil {
		return answer{}, nil, err
	}
	w.done++
	data, err := w.result(a.Size)
	return a, data, err
}

// alive tells whether the process is still there.
func (w *worker) alive() bool {
	select {
	case <-w.gone:
		return false
	default:
		return true
	}
}

// grace is how much longer than its own deadline a worker is waited for.
const grace = 500 * time.Millisecond

// fill puts the pictures into the shared memory.
func (w *worker) fill(blobs [][]byte) error {
	at := int64(0)
	for _, b := range blobs {
		if _, err := w.in.WriteAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// result copies what the worker wrote, and empties both memories: nothing of a picture stays.
func (w *worker) result(size int) ([]byte, error) {
	if size < 0 || size > w.most {
		return nil, fmt.Errorf("a result of %d bytes", size) // the worker is not believed
	}
	var data []byte
	if size > 0 {
		data = make([]byte, size)
		if _, err := w.out.ReadAt(data, 0); err != nil {
			return nil, err
		}
	}
	return data, errors.Join(w.in.Truncate(0), w.out.Truncate(0))
}

func (w *worker) kill() { _ = w.cmd.Process.Kill() } // it may have ended by itself

// end makes sure that the process is gone.
func (w *worker) end() {
	w.kill()
	<-w.gone
	w.closeFiles()
}

func (w *worker) closeFiles() {
	for _, f := range []io.Closer{w.talk, w.in, w.out} {
		if f != (*os.File)(nil) {
			_ = f.Close() // nothing of it is needed any more
		}
	}
}

// autopsy tells why a worker that has ended did not answer.
func (w *worker) autopsy(memory int64) trouble {
	if w.slow.Load() {
		return troubleSlow
	}
	s, _ := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	u, _ := w.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	text := w.said.String()
	switch {
	case strings.Contains(text, "allocate") || strings.Contains(text, "out of memory") || strings.Contains(text, "bad_alloc"):
		return troubleMemory
	case s.Signaled() && s.Signal() == syscall.SIGKILL: // not by us: the kernel, for want of memory
		return troubleMemory
	case s.Signaled() && s.Signal() == syscall.SIGXFSZ:
		return troubleTooLarge
	case u != nil && u.Maxrss*1024 > memory*3/4:
		return troubleMemory
	}
	return troubleOurs
}

// tail keeps the end of what a worker says on its standard error.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-4096):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
