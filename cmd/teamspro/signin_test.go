package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTokenKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := strings.Repeat("ab", 32)
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, row := range []struct {
		name string
		s    signInSettings
		want string // in the error; empty for none
	}{
		{"by itself", signInSettings{}, ""},
		{"again", signInSettings{}, ""},
		{"a file", signInSettings{KeyFile: write("one", key+"\n")}, ""},
		{"two keys", signInSettings{Key: key + "," + strings.Repeat("cd", 32)}, ""},
		{"no file", signInSettings{KeyFile: filepath.Join(dir, "none")}, "TEAMSPRO_TOKEN_KEY_FILE: open"},
		{"an empty file", signInSettings{KeyFile: write("empty", "")}, "TEAMSPRO_TOKEN_KEY_FILE holds 0 keys"},
		{"no key", signInSettings{Key: "correct horse"}, "TEAMSPRO_TOKEN_KEY key 1 is not"},
	} {
		s := &settings{Data: dir, Token: row.s}
		_, err := s.seals()
		if (err == nil) != (row.want == "") || err != nil && (!strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "tokens.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("tokens.key: %v %v", info, err)
	}
	if (signInSettings{Key: key, KeyFile: "x"}).check() == nil {
		t.Error("two places for the keys are taken")
	}
	shown := strings.Join(lines(reflect.ValueOf(settings{Token: signInSettings{Key: key}}), ""), "\n")
	if strings.Contains(shown, key) || !strings.Contains(shown, "TEAMSPRO_TOKEN_KEY=(set)") {
		t.Errorf("the printed settings are:\n%s", shown)
	}
}

func TestScopesOfTheClouds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ graph, want string }{
		{"https://graph.microsoft.com/v1.0", "https://graph.microsoft.com"},
		{"https://graph.microsoft.us/v1.0", "https://graph.microsoft.us"},
		{"https://microsoftgraph.chinacloudapi.cn/v1.0", "https://microsoftgraph.chinacloudapi.cn"},
	} {
		s := &settings{GraphURL: row.graph, PublicURL: "https://bot.contoso.example/x", Contact: appSettings{ID: "contact"}, Image: appSettings{ID: "image"}}
		if got := s.scopes(s.Contact); !slices.Equal(got, []string{row.want + "/User.Read"}) {
			t.Errorf("%s: Contact Pro asks for %v", row.graph, got)
		}
		if got := s.scopes(s.Image); !slices.Equal(got, []string{row.want + "/User.Read", row.want + "/Sites.ReadWrite.All"}) {
			t.Errorf("%s: Image Pro asks for %v", row.graph, got)
		}
		if got := s.audiences(s.Image); !slices.Contains(got, "api://bot.contoso.example/botid-image") {
			t.Errorf("audiences %v", got)
		}
	}
}
