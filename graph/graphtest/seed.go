package graphtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// SeedThrough makes folders and files with Graph's own calls (POST children, PUT content), below a folder that the
// person may write to, and removes them after the test.
func SeedThrough(w World, below image.ItemRef) func(*testing.T, map[string][]byte) image.ItemRef {
	return func(t *testing.T, files map[string][]byte) image.ItemRef {
		t.Helper()
		s := seeder{w, t}
		folder := s.folder(below, fmt.Sprintf("contract %d", time.Now().UnixNano()))
		t.Cleanup(func() { s.call(http.MethodDelete, s.item(folder), "", nil) })
		inner := map[string]image.ItemRef{"": folder}
		for name, data := range files {
			in, base := "", name
			if at := strings.LastIndexByte(name, '/'); at >= 0 {
				in, base = name[:at], name[at+1:]
			}
			if _, ok := inner[in]; !ok {
				inner[in] = s.folder(folder, in)
			}
			s.call(http.MethodPut, s.item(inner[in])+":/"+url.PathEscape(base)+":/content", "application/octet-stream", data)
		}
		return folder
	}
}

type seeder struct {
	World
	t *testing.T
}

func (s seeder) item(ref image.ItemRef) string {
	return "/drives/" + url.PathEscape(ref.Drive) + "/items/" + url.PathEscape(ref.Item)
}

func (s seeder) folder(in image.ItemRef, name string) image.ItemRef {
	body, _ := json.Marshal(map[string]any{"name": name, "folder": map[string]any{}, "@microsoft.graph.conflictBehavior": "fail"}) // strings and maps
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(s.call(http.MethodPost, s.item(in)+"/children", "application/json", body), &made); err != nil || made.ID == "" {
		s.t.Fatalf("the folder %q was not made: %v", name, err)
	}
	return image.ItemRef{Drive: in.Drive, Item: made.ID}
}

// call asks Graph and ends the test when it refuses.
func (s seeder) call(method, path, kind string, body []byte) []byte {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute) // cleanup comes after the test's own context
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.Tokens.Token(ctx, s.Who)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	res, err := (&http.Client{Transport: s.Transport}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode >= 300 {
		s.t.Fatalf("%s: %s, %v: %.300s", method, res.Status, err, answer)
	}
	return answer
}

// The environment that a tenant of Microsoft 365 is described by. The token is one of a person for Graph with User.Read
// and Sites.ReadWrite.All, as Graph Explorer shows it, and is good for an hour; use a test tenant.
const (
	envGraph  = "TEAMSPRO_CONTRACT_GRAPH"  // the base address; without it https://graph.microsoft.com/v1.0
	envToken  = "TEAMSPRO_CONTRACT_TOKEN"  // the token; without it there is no world
	envPerson = "TEAMSPRO_CONTRACT_PERSON" // the person's object id
	envFolder = "TEAMSPRO_CONTRACT_FOLDER" // "drive~item" of a folder to work in; without it the root of the person's drive
	envGroup  = "TEAMSPRO_CONTRACT_GROUP"  // id of a team's group, and …
	envThread = "TEAMSPRO_CONTRACT_THREAD" // … of one of its channels; without them channels are left out
	envWords  = "TEAMSPRO_CONTRACT_WORDS"  // words that find a site; without them sites are left out
)

// FromEnvironment is the world that the environment describes; false when it describes none.
func FromEnvironment(t *testing.T) (World, bool) {
	token, ok := os.LookupEnv(envToken)
	if !ok {
		return World{}, false
	}
	w := World{BaseURL: "https://graph.microsoft.com/v1.0", Tokens: Token(token), Words: os.Getenv(envWords), Group: os.Getenv(envGroup), Lag: 5 * time.Minute,
		Who: identity.Caller{Person: identity.Person(strings.ToLower(os.Getenv(envPerson))), Place: identity.Personal}}
	if base := os.Getenv(envGraph); base != "" {
		w.BaseURL = base
	}
	w.Channel = identity.Caller{Person: w.Who.Person, Place: identity.Channel, Conversation: identity.Conversation(os.Getenv(envThread))}
	w.Seed = SeedThrough(w, w.workFolder(t))
	return w, true
}

func (w World) workFolder(t *testing.T) image.ItemRef {
	t.Helper()
	if text := os.Getenv(envFolder); text != "" {
		ref, err := image.ParseRef(text)
		if err != nil {
			t.Fatalf("%s is not drive~item", envFolder)
		}
		return ref
	}
	c, err := graph.New(graph.Config{BaseURL: w.BaseURL, Transport: w.Transport, Tokens: w.Tokens})
	if err != nil {
		t.Fatal(err)
	}
	home, err := c.Home(t.Context(), w.Who, "")
	if err != nil {
		t.Fatal(err)
	}
	return home.Ref
}
