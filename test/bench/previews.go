package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"teamspro/internal/identity"
	plans "teamspro/internal/image"
	"teamspro/internal/imaging"
	"teamspro/internal/web"
)

// What the preview endpoint is measured with.
const (
	previewCallers = 2
	previewRounds  = 3
	previewTime    = 4 * time.Second
	previewCopies  = 2 // of the picture, which each server holds; each is asked for in many sizes: no answer comes from the cache
	cachedAsks     = 2000
)

// pictureEnv makes this program a service of previews of the picture in the file it names, on the address in addrEnv.
const (
	pictureEnv = "PICTURE"
	addrEnv    = "TEAMSPRO_BENCH_PREVIEWS"
)

// linkKey signs the links of the run.
var linkKey = make([]byte, 32)

// servePreviews is the preview endpoint with all that is behind it in the service: signed links, the studio that holds
// pictures, the cache in memory and on disk, the engine with its workers. What it adds tells the ids of the pictures.
func servePreviews(addr, picture string) error {
	data, err := os.ReadFile(picture)
	if err != nil {
		return err
	}
	engine, err := imaging.New(imaging.Config{Workers: previewCallers, Timeout: time.Minute}) // of this program, as in the service
	if err != nil {
		return err
	}
	studio := plans.NewStudio(plans.StudioConfig{Engine: engine})
	var ids []string
	for range previewCopies {
		w, err := studio.Take(context.Background(), identity.Caller{Tenant: tenant, Person: person, Conversation: conversation}, "picture", data)
		if err != nil {
			return err
		}
		ids = append(ids, string(w.ID))
	}
	server, err := web.NewPreviewServer(web.NewLinks("http://"+addr, linkKey, nil), studio, filepath.Join(filepath.Dir(picture), "previews"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/i/", server)
	mux.HandleFunc("/ids", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Join(ids, "\n")) })
	return (&http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

// shower is a server of previews at work.
type shower struct {
	*server
	address func(n int) string // of the preview that is asked for as the nth
	asked   atomic.Int64
	rate    []float64 // previews a second
	p50     []float64 // milliseconds
	cpu     []float64 // milliseconds of the server and its workers for a preview
	most    float64   // memory, MiB
}

// side is what the nth preview has to fit into: 700 to 1023 pixels.
func side(n int) int { return 700 + n/previewCopies%324 }

// previews loads our endpoint and a server with sharp by turns, with pictures that nobody asked for before.
func (b bench) previews(ctx context.Context, r *report, withPeer bool) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	picture := filepath.Join(b.folder, twelve)
	ours := &shower{}
	if ours.server, err = (recipe{"teamspro previews", []string{program}, func(addr string) []string {
		return []string{addrEnv + "=" + addr, pictureEnv + "=" + picture}
	}}).start(ctx, b.folder); err != nil {
		return err
	}
	defer ours.stop()
	ids, err := ours.wait(ctx, "/ids")
	if err != nil {
		return err
	}
	links := web.NewLinks("http://"+ours.addr, linkKey, nil)
	list := strings.Fields(string(ids))
	ours.address = func(n int) string {
		return links.Address(web.Preview{Tenant: tenant, Image: list[n%len(list)], Plan: plans.Plan{}.String(), Side: side(n)})
	}
	showers := []*shower{ours}
	if withPeer {
		theirs := &shower{}
		if theirs.server, err = (recipe{"sharp previews", []string{"node", filepath.Join("peers", "sharp-server.mjs")}, func(addr string) []string {
			return []string{"PORT=" + addr[strings.LastIndexByte(addr, ':')+1:], pictureEnv + "=" + picture, "COPIES=" + strconv.Itoa(previewCopies), "NODE_ENV=production"}
		}}).start(ctx, b.folder); err != nil {
			return err
		}
		defer theirs.stop()
		theirs.address = func(n int) string { return fmt.Sprintf("http://%s/?s=%d&p=%d", theirs.addr, side(n), n%previewCopies) }
		if _, err := theirs.wait(ctx, "/?s=100"); err != nil {
			return err
		}
		showers = append(showers, theirs)
	}
	for range previewRounds {
		for _, s := range showers {
			if err := s.load(ctx); err != nil {
				return fmt.Errorf("%s: %w; see %s", s.name, err, s.log)
			}
		}
	}
	cached, err := ours.cached(ctx)
	if err != nil {
		return err
	}
	r.shown(showers, cached)
	return nil
}

// wait asks until the server answers.
func (s *shower) wait(ctx context.Context, path string) (body []byte, err error) {
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if body, err = fetch(ctx, "http://"+s.addr+path); err == nil {
			return body, nil
		}
	}
	return nil, fmt.Errorf("%s did not answer; see %s: %w", s.name, s.log, err)
}

// fetch gets what stands at an address.
func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") == "image/png") { // which a note is
		err = fmt.Errorf("answered with status %d and %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	return body, err
}

// load asks with several callers for a while, and watches the memory.
func (s *shower) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	var took []float64
	errs := make([]error, previewCallers)
	start, before := time.Now(), familyTime(s.cmd.Process.Pid)
	for i := range previewCallers {
		group.Go(func() {
			for errs[i] == nil && time.Since(start) < previewTime {
				began := time.Now()
				_, errs[i] = fetch(ctx, s.address(int(s.asked.Add(1))))
				mu.Lock()
				took = append(took, ms(time.Since(began)))
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go s.watch(done)
	group.Wait()
	s.rate, s.p50 = append(s.rate, float64(len(took))/time.Since(start).Seconds()), append(s.p50, quantile(took, 0.5))
	s.cpu = append(s.cpu, ms(familyTime(s.cmd.Process.Pid)-before)/float64(len(took)))
	done <- struct{}{}
	return errors.Join(errs...)
}

// watch remembers the most memory that the process and its children held at one time, until it is told to end.
func (s *shower) watch(done chan struct{}) {
	for {
		s.most = max(s.most, familyMemory(s.cmd.Process.Pid))
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// familyMemory is what a process and its children hold, in MiB: pages that several of them share are counted once (Pss of
// proc_pid_smaps(5)). A process that has just gone holds nothing.
func familyMemory(pid int) float64 {
	kb, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss")
	if err != nil {
		return 0
	}
	sum := kb / 1024
	for _, child := range children(pid) {
		sum += familyMemory(child)
	}
	return sum
}

// familyTime is how long the processors have worked for a process and its children.
func familyTime(pid int) time.Duration {
	sum, _ := cpuTime(pid) // it may just have gone
	for _, child := range children(pid) {
		sum += familyTime(child)
	}
	return sum
}

// children are the processes that a process started and that are still there.
func children(pid int) (ids []int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is a good one
	for _, t := range threads {
		list, _ := os.ReadFile(t) // the thread may have ended
		for child := range strings.FieldsSeq(string(list)) {
			if id, err := strconv.Atoi(child); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// cached is how long a preview takes that was asked for before, in milliseconds.
func (s *shower) cached(ctx context.Context) ([]float64, error) {
	address, took := s.address(1), make([]float64, 0, cachedAsks)
	for range cachedAsks {
		start := time.Now()
		if _, err := fetch(ctx, address); err != nil {
			return nil, err
		}
		took = append(took, ms(time.Since(start)))
	}
	return took, nil
}

// shown adds what the servers did, and judges it.
func (r *report) shown(showers []*shower, cached []float64) {
	r.more = append(r.more, fmt.Sprintf("Previews of the 12 megapixel picture at 700 to 1023 pixels over HTTP, %d at a time, each asked for once, for %s, %d rounds by turns; "+
		"memory is the most that a server and its workers held at one time, shared pages counted once. The caller is on the same cores.", previewCallers, previewTime, previewRounds),
		"| | previews/s | p50, ms | CPU a preview, ms | memory, MiB |\n| --- | --- | --- | --- | --- |")
	for _, s := range showers {
		r.more[len(r.more)-1] += fmt.Sprintf("\n| %s | %s | %s | %s | %s |", s.name, spreadOf(s.rate), spreadOf(s.p50), spreadOf(s.cpu), short(s.most))
	}
	p50, p99 := quantile(cached, 0.5), quantile(cached, 0.99)
	r.more = append(r.more, fmt.Sprintf("A preview that was asked for before: p50 %s ms, p99 %s ms.", short(p50), short(p99)))
	r.goals = append(r.goals, goal{"a cached preview < 1 ms", short(p50) + " ms", p50 < 1})
	if len(showers) > 1 {
		ours, theirs := showers[0], showers[1]
		r.goals = append(r.goals, share("memory", ours.most, peers{{"a server with sharp", theirs.most}}, 1),
			times("previews/s", spreadOf(ours.rate).median, peers{{"a server with sharp", spreadOf(theirs.rate).median}}, 1))
	}
}
