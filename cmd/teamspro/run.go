package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// commands is the command line: one field a subcommand, each in its own file.
type commands struct {
	Serve     serveCmd     `cmd:"" help:"Serve the apps. Every setting is a flag and an environment variable."`
	Sandbox   sandboxCmd   `cmd:"" help:"Serve the apps with a small Teams in the browser; no account is needed."`
	Image     imageCmd     `cmd:"" help:"Run a plan on a picture: teamspro image 'resize 800 | webp' < in > out."`
	Routes    routesCmd    `cmd:"" help:"Print everything that can be asked of the apps."`
	Config    configCmd    `cmd:"" help:"Print the settings in force, without secrets."`
	Manifest  manifestCmd  `cmd:"" help:"Write the app packages to upload to Teams."`
	Export    exportCmd    `cmd:"" help:"Write contacts to a file: xlsx, CSV, vCard or JSON; also while the service runs."`
	Import    importCmd    `cmd:"" help:"Bring a file of contacts into a book, take that back, or only look at a file; also while the service runs."`
	Backup    backupCmd    `cmd:"" help:"Write a copy of the database, also while the service runs."`
	Restore   restoreCmd   `cmd:"" help:"Bring a backup back, whole while the service is stopped, or one book of it."`
	Compact   compactCmd   `cmd:"" help:"Make the database as small as what is in it; what was erased is gone then."`
	Audit     auditCmd     `cmd:"" help:"Verify the audit log, or write it."`
	Doctor    doctorCmd    `cmd:"" help:"Examine everything that the service stands on; each finding says what to do."`
	Person    personCmd    `cmd:"" help:"Write or erase what is known of a person."`
	Retention retentionCmd `cmd:"" help:"Erase what was kept long enough, as the service does every night."`
	Tenant    tenantCmd    `cmd:"" help:"Write or erase everything of an organisation."`
	Datamap   datamapCmd   `cmd:"" help:"Print what is stored, where and how long."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// output is where a subcommand writes.
type output struct {
	io.Writer
	Err io.Writer
}

// exited carries the status that kong wants to leave with (--help) out of the parser.
type exited int

// run is the program. It returns the status to exit with.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if code, asked := recover().(exited); asked {
			status = int(code)
		}
	}()
	var c commands
	parser, err := kong.New(&c, kong.Name("teamspro"), kong.Description("Contact Pro and Image Pro for Microsoft Teams, self-hosted."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exited(code)) }), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(output{stdout, stderr}))
	if err != nil {
		return fail(stderr, err)
	}
	call, err := parser.Parse(args)
	if err != nil {
		return fail(stderr, nameSetting(parser, err))
	}
	if err := call.Run(); err != nil {
		var status statusError
		if errors.As(err, &status) {
			return int(status)
		}
		return fail(stderr, err)
	}
	return 0
}

// nameSetting adds to a problem with a flag the environment variable by which the operator may have set it.
func nameSetting(parser *kong.Kong, err error) error {
	for _, command := range parser.Model.Leaves(true) {
		for _, flags := range command.AllFlags(false) {
			for _, flag := range flags {
				rest, is := strings.CutPrefix(err.Error(), "--"+flag.Name)
				if is && len(flag.Envs) > 0 && strings.HasPrefix(strings.TrimPrefix(rest, ":"), " ") {
					return fmt.Errorf("%s: %w", flag.Envs[0], err)
				}
			}
		}
	}
	return err
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "teamspro:", err)
	return 1
}

type versionCmd struct{}

func (versionCmd) Run(out output) error {
	fmt.Fprintln(out, "teamspro", version())
	return nil
}

// release is the version of the program, raised with docs/changes.md.
const release = "0.1.0"

// version is the release, with the commit when the build knows it.
func version() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}
