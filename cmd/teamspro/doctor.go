package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"teamspro/bot"
	"teamspro/internal/imaging"
)

// doctorCmd examines everything that the service stands on.
type doctorCmd struct {
	settings `embed:""`
	Offline  bool     `help:"Leave out what needs the network."`
	JSON     bool     `name:"json" help:"Print the findings as a JSON array."`
	Package  []string `type:"existingfile" placeholder:"FILE" help:"App package that was uploaded to Teams, to compare with the settings."`
}

// How well something is.
const (
	well    = "ok"
	warning = "warn"
	failing = "fail"
)

// finding is what a check found: a sentence, and the next step where there is one.
type finding struct {
	Check string `json:"check"`
	Level string `json:"level"`
	What  string `json:"what"`
	Next  string `json:"next,omitempty"`
}

// doctor is what the checks need. The zero value of the functions is not used: newDoctor fills them in.
type doctor struct {
	*settings
	problem  error // of the settings
	packages []string
	now      func() time.Time
	calls    *http.Client   // as the service calls others
	public   *x509.CertPool // the authorities that Teams trusts
	lookup   func(ctx context.Context, host string) ([]string, error)
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	room     func(folder string) (free uint64, known bool)
	files    func() (limit uint64, known bool) // that may be open
	limits   imaging.Config
}

// examination is one check. It finds one thing or several.
type examination struct {
	name    string
	network bool
	check   func(d *doctor, ctx context.Context) []finding
}

// examinations are all of them, in the order in which one thing stands on another.
func examinations() []examination {
	return []examination{
		{"settings", false, (*doctor).settingsComplete},
		{"manifest", false, (*doctor).manifestFits},
		{"folder", false, (*doctor).folder},
		{"disk", false, (*doctor).diskRoom},
		{"database", false, (*doctor).database},
		{"service", false, (*doctor).service},
		{"limits", false, (*doctor).openFiles},
		{"pictures", false, (*doctor).codecs},
		{"clock", true, (*doctor).clockRight},
		{"keys", true, (*doctor).botKeys},
		{"login", true, (*doctor).logins},
		{"consent", true, (*doctor).consents},
		{"connector", true, (*doctor).connectors},
		{"address", true, (*doctor).publicAddress},
	}
}

// examinationTime is how long one check may take.
const examinationTime = 30 * time.Second

// statusError ends the program with a status and says nothing.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status %d", int(s)) }

// Run prints a line for each finding. It ends with status 1 when something fails, with 2 when there are only warnings.
func (c *doctorCmd) Run(ctx context.Context, out output) error {
	d := newDoctor(&c.settings, c.Package)
	found := d.examine(ctx, c.Offline)
	if c.JSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(found); err != nil {
			return err
		}
	} else {
		report(out, found)
	}
	if worst := verdictOf(found); worst != 0 {
		return worst
	}
	return nil
}

func newDoctor(s *settings, packages []string) *doctor {
	d := &doctor{settings: s, problem: s.complete(), packages: packages, now: time.Now, lookup: net.DefaultResolver.LookupHost, room: freeRoom, files: openLimit, limits: s.Pictures.engine()}
	d.calls = &http.Client{Transport: bot.GuardedTransport(s.outbound(), s.roots()), Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	d.dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	d.public = pool
	return d
}

// examine runs the checks one after the other.
func (d *doctor) examine(ctx context.Context, offline bool) []finding {
	found := []finding{}
	for _, e := range examinations() {
		if e.network && offline {
			continue
		}
		one, cancel := context.WithTimeout(ctx, examinationTime)
		for _, f := range e.check(d, one) {
			f.Check = e.name
			found = append(found, f)
		}
		cancel()
	}
	return found
}

// verdictOf is the status that findings end with.
func verdictOf(found []finding) statusError {
	worst := statusError(0)
	for _, f := range found {
		switch {
		case f.Level == failing:
			return 1
		case f.Level == warning:
			worst = 2
		}
	}
	return worst
}

func report(out io.Writer, found []finding) {
	for _, f := range found {
		if f.Next == "" {
			fmt.Fprintf(out, "%-4s  %s: %s\n", f.Level, f.Check, f.What)
			continue
		}
		fmt.Fprintf(out, "%-4s  %s: %s — %s\n", f.Level, f.Check, f.What, f.Next)
	}
}

func fine(format string, args ...any) finding {
	return finding{Level: well, What: fmt.Sprintf(format, args...)}
}

func warns(next, format string, args ...any) finding {
	return finding{Level: warning, What: fmt.Sprintf(format, args...), Next: next}
}

func fails(next, format string, args ...any) finding {
	return finding{Level: failing, What: fmt.Sprintf(format, args...), Next: next}
}
