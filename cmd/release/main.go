// Command release makes what is handed out with the program: the table of what is linked into it and under which licence,
// the licences' texts, the bill of materials, and the Debian package. It is not needed to build or run the program, and
// is a module of its own, so that none of what it needs becomes part of the program.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const usage = `usage: release [flags] licenses|sbom|package
  licenses  write docs/licenses.md and the licences' texts
  sbom      write teamspro.cdx.json (CycloneDX) for a program, and the licences' texts
  package   write the Debian package of a program, with both
`

// job is what one run works on.
type job struct {
	root    string    // the repository
	program string    // the built program; what is said of it comes from its own build information
	dist    string    // the folder for what is made
	made    time.Time // the time that everything made carries
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage); flags.PrintDefaults() }
	var j job
	flags.StringVar(&j.root, "root", ".", "the repository")
	flags.StringVar(&j.program, "program", "dist/teamspro", "the program")
	flags.StringVar(&j.dist, "dist", "dist", "folder to write to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	made, err := epoch(ctx, j.root)
	if err != nil {
		return err
	}
	j.made = made
	if err := os.MkdirAll(j.dist, 0o755); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "licenses":
		return j.licenses(ctx)
	case "sbom":
		return j.sbom(ctx)
	case "package":
		return j.pack(ctx)
	}
	flags.Usage()
	return fmt.Errorf("%q is no command", flags.Arg(0))
}

// epoch is the time that what is made carries, so that the same commit makes the same bytes: SOURCE_DATE_EPOCH, or the
// time of the commit.
func epoch(ctx context.Context, root string) (time.Time, error) {
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		out, err := output(ctx, root, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is not set, and there is no commit to take the time from: %w", err)
		}
		seconds = strings.TrimSpace(out)
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is no number of seconds: %q", seconds)
	}
	return time.Unix(n, 0).UTC(), nil
}

// output runs a command in a folder and gives what it prints.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(trouble.String()))
	}
	return string(out), nil
}

// write writes a file and says so.
func write(file string, content []byte) error {
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return err
	}
	fmt.Println(filepath.Clean(file))
	return nil
}
