package manifest

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseOwn(t *testing.T) {
	t.Parallel()
	got, err := Parse(mustWrite(t, config())[0].Zip)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"en": "Contact Pro", "fr": "Contact Pro"}, got.Name); diff != "" {
		t.Error(diff)
	}
	if got.BotID != contactID || got.ID != TeamsAppID(Contact, contactID) {
		t.Errorf("ids %q, %q", got.ID, got.BotID)
	}
	for lang, want := range map[string]ListedCommand{
		"en": {Title: "favourites", Description: "Show the contacts you marked", Scopes: []string{Personal}},
		"fr": {Title: "favoris", Description: "Montrer vos contacts favoris", Scopes: []string{Personal}},
	} {
		if len(got.Commands[lang]) != 12 { // ten of each scope at most
			t.Fatalf("%s: %d commands", lang, len(got.Commands[lang]))
		}
		if diff := cmp.Diff(want, got.Commands[lang][3]); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
		if diff := cmp.Diff(everywhere, got.Commands[lang][9].Scopes); diff != "" {
			t.Errorf("%s: scopes of help: %s", lang, diff)
		}
	}
	want := []ListedExtension{
		{
			ID: "findContact", Type: Query, Title: "Trouver un contact", Description: "Chercher dans les carnets de contacts partagés",
			Context: []string{Compose, CommandBox}, InitialRun: true,
			Parameters: []ListedParameter{{"q", "Chercher", "Nom, entreprise, étiquette, adresse e-mail ou numéro de téléphone"}},
		},
		{
			ID: "addContact", Type: Action, Title: "Ajouter un contact", Description: "Ajouter un contact à un carnet partagé",
			Context: []string{Compose, Message}, FetchTask: true,
		},
	}
	if diff := cmp.Diff(want, got.Extension["fr"]); diff != "" {
		t.Error(diff)
	}
}

// zipped makes a package of names and contents in turn.
func zipped(t testing.TB, files ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	many := make([]string, 2*(maxFiles+1))
	for i := range many {
		many[i] = strings.Repeat("x", 1+i/2)
	}
	for _, row := range []struct {
		what string
		pkg  []byte
		want string
	}{
		{"nothing", nil, "not a zip"},
		{"no zip", []byte("PK nothing"), "not a zip"},
		{"too large", make([]byte, maxZip+1), "more than"},
		{"too many files", zipped(t, many...), "more than 64 files"},
		{"no manifest", zipped(t, "app/manifest.json", "{}"), "manifest.json is missing"},
		{"no JSON", zipped(t, "manifest.json", "<x/>"), "not a manifest"},
		{"other shape", zipped(t, "manifest.json", `{"bots":{}}`), "not a manifest"},
		{"a bomb", zipped(t, "manifest.json", strings.Repeat(" ", maxJSON+1)), "damaged or has more"},
		{"language missing", zipped(t, "manifest.json", `{"localizationInfo":{"additionalLanguages":[{"languageTag":"fr","file":"fr.json"}]}}`), "fr.json is missing"},
		{"language damaged", zipped(t, "manifest.json", `{"localizationInfo":{"additionalLanguages":[{"languageTag":"fr","file":"fr.json"}]}}`, "fr.json", `[]`), "not a JSON object"},
	} {
		if _, err := Parse(row.pkg); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q", row.what, err, row.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{}`, `{}`)
	f.Add(`{"name":{"short":"A"},"localizationInfo":{"defaultLanguageTag":"en-us","additionalLanguages":[{"languageTag":"fr-fr","file":"fr.json"}]},
		"bots":[{"commandLists":[{"commands":[{"title":"a"}]}]}]}`, `{"name.short":"B","bots[0].commandLists[0].commands[0].title":7}`)
	f.Fuzz(func(t *testing.T, manifest, french string) {
		s, err := Parse(zipped(t, "manifest.json", manifest, "fr.json", french))
		if err == nil && len(s.Name) != len(s.Commands) {
			t.Errorf("%d names, %d lists of commands", len(s.Name), len(s.Commands))
		}
	})
}

func TestParseSaysWhereTheBotIsSetUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bots string
		want []string
	}{
		{`[{"botId":"b","configuration":{"team":{"fetchTask":true},"groupChat":{"fetchTask":true}}}]`, []string{"team", "groupChat"}},
		{`[{"botId":"b","configuration":{"groupChat":{"fetchTask":true}}}]`, []string{"groupChat"}},
		{`[{"botId":"b","configuration":{"team":{"fetchTask":false}}}]`, nil},
		{`[{"botId":"b"}]`, nil},
		{`[]`, nil},
	} {
		s, err := Parse(zipped(t, "manifest.json", `{"localizationInfo":{"defaultLanguageTag":"en"},"bots":`+c.bots+`}`))
		if err != nil || !slices.Equal(s.Configurable, c.want) {
			t.Errorf("%s: %v %v", c.bots, s.Configurable, err)
		}
	}
}
