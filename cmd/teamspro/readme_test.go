package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"teamspro/internal/lang"
	"teamspro/store"
)

var update = flag.Bool("update", false, "write the tables into the documents instead of comparing them")

// TestReadmeTables compares the tables in the documents with what the program has; -update (make routes) writes them.
func TestReadmeTables(t *testing.T) {
	t.Parallel()
	for _, table := range []struct{ file, name, want string }{
		{"../../README.md", "settings", settingsTable()},
		{"../../README.md", "routes", routeTable()},
		{"../../docs/operating.md", "datamap", datamapTable()},
		{"../../docs/attestation.md", "datamap", datamapTable()},
		{"../../docs/attestation.md", "scopes", scopesTable()},
		{"../../docs/attestation.md", "hosts", hostsTable()},
	} {
		file, err := os.ReadFile(table.file)
		if err != nil {
			t.Fatal(err)
		}
		before, got, after, err := part(string(file), table.name)
		if err != nil {
			t.Fatalf("%s: %v", table.file, err)
		}
		want := "\n\n" + strings.TrimSpace(table.want) + "\n\n"
		diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
		switch {
		case diff == "":
		case !*update:
			t.Errorf("the %s in %s are not the program's; \"make routes\" writes them (-want +got):\n%s", table.name, table.file, diff)
		default:
			if err := os.WriteFile(table.file, []byte(before+want+after), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// part cuts a text at the markers <!-- name --> and <!-- /name -->, which stay with what is before and after.
func part(text, name string) (before, inside, after string, err error) {
	first, last := "<!-- "+name+" -->", "<!-- /"+name+" -->"
	before, rest, opened := strings.Cut(text, first)
	inside, after, closed := strings.Cut(rest, last)
	if !opened || !closed {
		return "", "", "", fmt.Errorf("no %s … %s", first, last)
	}
	return before + first, inside, last + after, nil
}

// datamapTable is what "teamspro datamap" prints, as a table of the operator's guide.
func datamapTable() string {
	t := lang.For("en")
	text := t.Text
	var b strings.Builder
	b.WriteString("| Data | What exactly | Read | Cached | Stored in | How long |\n|---|---|---|---|---|---|\n")
	for _, d := range dataMap(store.Keep{Grace: 30 * 24 * time.Hour}) {
		where := "nowhere"
		if d.Stored {
			where = "`" + d.Bucket + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", text(d.Kind), text(d.Holds), yes(d.Accessed), yes(d.Cached), where, kept(t, d))
	}
	return b.String()
}

// settingsTable is a line for each variable: its meaning as --help says it, and its default.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| Variable | Meaning | Default |\n|---|---|---|\n")
	for _, s := range documented() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.variable, s.meaning, s.byDefault)
	}
	return b.String()
}

type documentedSetting struct{ variable, meaning, byDefault string }

// documented lists the settings in the order of their declaration.
func documented() []documentedSetting {
	s, _ := settingsFrom(nil) // what is missing is the operator's to say
	return describe(reflect.ValueOf(*s), "")
}

func describe(v reflect.Value, prefix string) []documentedSetting {
	var all []documentedSetting
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if nested := field.Tag.Get("envprefix"); nested != "" {
			all = append(all, describe(v.Field(i), nested)...)
			continue
		}
		if !field.IsExported() {
			continue
		}
		value := shown(field.Name, v.Field(i))
		if value == "" || value == "false" {
			value = "–"
		} else {
			value = "`" + strings.ReplaceAll(value, ",", "`, `") + "`"
		}
		choices := strings.ReplaceAll(field.Tag.Get("enum"), ",", ", ")
		all = append(all, documentedSetting{prefix + field.Tag.Get("env"), strings.ReplaceAll(field.Tag.Get("help"), "${enum}", choices), value})
	}
	return all
}

// TestReadmeSettings: these variables were promised to whoever operates the service, and scripts rely on them.
func TestReadmeSettings(t *testing.T) {
	t.Parallel()
	promised := strings.Fields(`
		TEAMSPRO_LISTEN TEAMSPRO_ADMIN_LISTEN TEAMSPRO_PUBLIC_URL TEAMSPRO_DATA
		TEAMSPRO_CONTACT_APP_ID TEAMSPRO_CONTACT_APP_SECRET TEAMSPRO_CONTACT_APP_CERTIFICATE TEAMSPRO_CONTACT_APP_MANAGED_IDENTITY TEAMSPRO_CONTACT_APP_FEDERATED
		TEAMSPRO_IMAGE_APP_ID TEAMSPRO_IMAGE_APP_SECRET TEAMSPRO_IMAGE_APP_CERTIFICATE TEAMSPRO_IMAGE_APP_MANAGED_IDENTITY TEAMSPRO_IMAGE_APP_FEDERATED
		TEAMSPRO_TENANT_ID TEAMSPRO_ALLOWED_TENANTS TEAMSPRO_CLOUD TEAMSPRO_BOT_METADATA_URL TEAMSPRO_BOT_ISSUER TEAMSPRO_LOGIN_URL TEAMSPRO_GRAPH_URL
		TEAMSPRO_SERVICE_HOSTS TEAMSPRO_CA_FILE TEAMSPRO_LOG_LEVEL TEAMSPRO_LOG_FORMAT`)
	have := map[string]documentedSetting{}
	for _, s := range documented() {
		if s.meaning == "" || !strings.HasPrefix(s.variable, "TEAMSPRO_") {
			t.Errorf("%q means %q", s.variable, s.meaning)
		}
		have[s.variable] = s
	}
	for _, variable := range promised {
		if _, there := have[variable]; !there {
			t.Errorf("%s is promised and is no setting", variable)
		}
	}
	for variable, value := range map[string]string{"TEAMSPRO_LISTEN": "`127.0.0.1:3978`", "TEAMSPRO_DATA": "`./data`", "TEAMSPRO_CLOUD": "`public`", "TEAMSPRO_LOG_LEVEL": "`info`", "TEAMSPRO_LOG_FORMAT": "`json`"} {
		if got := have[variable].byDefault; got != value {
			t.Errorf("%s is %s by default, promised is %s", variable, got, value)
		}
	}
}

// TestReadmeFlags: each variable is a flag of serve, named as the README says.
func TestReadmeFlags(t *testing.T) {
	t.Parallel()
	var help, trouble strings.Builder
	if status := run(t.Context(), []string{"serve", "--help"}, &help, &trouble); status != 0 {
		t.Fatalf("%d: %s", status, trouble.String())
	}
	for _, s := range documented() {
		name := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(s.variable, "TEAMSPRO_"), "_", "-"))
		if !strings.Contains(help.String(), " "+name) {
			t.Errorf("%s has no flag %s", s.variable, name)
		}
	}
}

// inOneWord is what the shell makes one word of.
var inOneWord = regexp.MustCompile(`"[^"]*"|\$\([^)]*\)`)

// TestDocumentedCommands: the commands that the operator's guide shows are ones that the program understands.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?m)(?:^\\$ |`)teamspro ([a-z][^\n`>|]*)").FindAllStringSubmatch(string(guide), -1)
	if len(shown) < 20 {
		t.Fatalf("%d commands are shown", len(shown))
	}
	for _, command := range shown {
		args := strings.Fields(inOneWord.ReplaceAllString(command[1], "word"))
		if len(args) == 1 || strings.Contains(command[1], "…") {
			continue // its name, within a sentence
		}
		var c commands
		parser, err := kong.New(&c, kong.Exit(func(int) {}))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range args {
			if strings.HasSuffix(a, ".db") || strings.HasSuffix(a, ".csv") || a == "BACKUP" || a == "FILE" {
				args[i] = "../../docs/operating.md" // a file that is there
			}
		}
		if _, err := parser.Parse(args); err != nil && !strings.Contains(err.Error(), "missing flags: --tenant") {
			t.Errorf("teamspro %s: %v", command[1], err)
		}
	}
}
