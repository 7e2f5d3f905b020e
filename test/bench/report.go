package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// report is what a unit found.
type report struct {
	unit   string
	about  string   // what was measured, and how
	head   []string // of the table; the first row of markdown
	rows   [][]string
	more   []string // what follows the table, in markdown
	goals  []goal
	busy   string   // other work on the machine when it began: the load average
	absent []string // peers that could not be measured, and why
	plots  []plot   // drawn beside the document
}

// goal is one figure that a unit has to reach.
type goal struct {
	text  string // "CPU a request ≤ 1/15"
	found string // "1/17.2 agents-hosting"
	holds bool
}

func (g goal) String() string {
	verdict := "holds"
	if !g.holds {
		verdict = "does not hold"
	}
	return fmt.Sprintf("%s: %s, %s", g.text, g.found, verdict)
}

// peers are the figures of what ours is held against, by name.
type peers []struct {
	name  string
	value float64
}

// share judges how small ours is: at most one in so many of each peer's.
func share(what string, ours float64, theirs peers, most float64) goal {
	g := goal{text: fmt.Sprintf("%s ≤ 1/%.0f", what, most), holds: true}
	for _, p := range theirs {
		g.see("1/"+short(p.value/ours), p.name, ours*most <= p.value)
	}
	return g
}

// times judges how large ours is: at least so many times each peer's.
func times(what string, ours float64, theirs peers, least float64) goal {
	g := goal{text: fmt.Sprintf("%s ≥ %.0f×", what, least), holds: true}
	for _, p := range theirs {
		g.see(short(ours/p.value)+"×", p.name, ours >= least*p.value)
	}
	return g
}

func (g *goal) see(found, peer string, holds bool) {
	if g.found != "" {
		g.found += " and "
	}
	g.found, g.holds = g.found+found+" "+peer, g.holds && holds
}

// ratio is the one line of a unit.
func (r report) ratio() string {
	verdicts := make([]string, len(r.goals))
	for i, g := range r.goals {
		verdicts[i] = g.String()
	}
	if len(verdicts) == 0 {
		verdicts = []string{"no goal to hold, or no peer to hold it against; see the table"}
	}
	return r.unit + ": " + strings.Join(verdicts, "; ")
}

func (r report) print(w io.Writer) {
	for _, row := range append([][]string{r.head}, r.rows...) {
		fmt.Fprintln(w, strings.Join(row, " | "))
	}
	for _, why := range append(slices.Clone(r.more), r.absent...) {
		fmt.Fprintln(w, why)
	}
	fmt.Fprintf(w, "\n%s\n\n", r.ratio())
}

func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n| %s |\n|%s\n", r.about, strings.Join(r.head, " | "), strings.Repeat(" --- |", len(r.head)))
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	for _, picture := range r.plots {
		fmt.Fprintf(&b, "\n![%s](%s/%s)\n", picture.title, pictures, picture.file)
	}
	for _, line := range slices.Concat(r.more, r.absent, []string{"**" + r.ratio() + "**"}) {
		fmt.Fprintf(&b, "\n%s\n", line)
	}
	return b.String()
}

// write puts the report and the machine it was made on between the marks of the unit in a document. What stands
// around them stays.
func (r report) write(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	marks := regexp.MustCompile(`(?s)(<!-- ` + r.unit + ` -->\n).*?(<!-- /` + r.unit + ` -->)`)
	if !marks.Match(text) {
		return errors.New(path + " has no place for the unit " + r.unit)
	}
	if err := r.draw(filepath.Join(filepath.Dir(path), pictures)); err != nil {
		return err
	}
	section := machine(ctx, r.busy) + "\n" + r.markdown()
	text = marks.ReplaceAllFunc(text, func(old []byte) []byte {
		found := marks.FindSubmatch(old)
		return []byte(string(found[1]) + section + string(found[2]))
	})
	return os.WriteFile(path, text, 0o644)
}

// pictures is the folder of the plots, beside the document.
const pictures = "performance"

func (r report) draw(folder string) error {
	for _, p := range r.plots {
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, p.file), []byte(p.svg()), 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// machine describes what was measured on, without naming it.
func machine(ctx context.Context, busy string) string {
	memory, err := field("/proc/meminfo", "MemTotal")
	if err != nil {
		memory = 0
	}
	return fmt.Sprintf("Measured on %d cores, %.0f GiB of memory, %s, Node %s; %s.", runtime.NumCPU(), memory/(1<<20), runtime.Version(), nodeVersion(ctx), busy)
}

// otherWork says how busy the machine is with what is not ours.
func otherWork() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	minute, _, _ := strings.Cut(string(load), " ")
	return "load average " + minute + " before it began"
}

func nodeVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "absent"
	}
	return strings.TrimSpace(string(out))
}
