package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTermination: SIGTERM takes the service out of the load balancer at once, cuts no request and ends in time (promise 9).
func TestTermination(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spawn()
	hang := make(chan struct{})
	w.connector.fail(func(_ http.ResponseWriter, r *http.Request, _ func()) bool {
		if strings.Contains(r.URL.Path, "19:slow") && strings.Contains(r.URL.Path, "/members/") {
			<-hang
		}
		return false
	})
	slow := w.query(ada, "marta")
	slow["conversation"] = map[string]any{"id": "19:slow@thread.v2", "conversationType": "groupChat", "tenantId": north}
	var open sync.WaitGroup
	open.Go(func() {
		if status, answer := s.send(slow); status != http.StatusOK {
			t.Errorf("the open request got %d %s", status, answer)
		}
	})
	var stopped, served atomic.Int64
	open.Go(func() { // a steady caller sees answers, then closed doors, never a request that is cut
		for {
			status, _, err := s.post(w.sound(), encoded(w.query(ada, "marta")))
			switch {
			case err != nil && (strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "connection reset")):
				return // reset is what a connection gets that nobody had taken yet
			case err != nil || status != http.StatusOK:
				t.Errorf("after %d answers: %d %v", served.Load(), status, err)
				return
			}
			served.Add(1)
		}
	})
	time.Sleep(300 * time.Millisecond)
	start := time.Now()
	s.stop()
	eventually(t, time.Second, "not ready", func() bool { stopped.Store(int64(s.readyz())); return stopped.Load() == http.StatusServiceUnavailable })
	close(hang)
	open.Wait()
	if status := <-s.done; status != 0 {
		t.Errorf("exit status %d", status)
	} else {
		s.done <- status
	}
	if took := time.Since(start); took > 28*time.Second {
		t.Errorf("took %s", took)
	}
	if served.Load() < 10 {
		t.Errorf("the steady caller got %d answers", served.Load())
	}
}

// TestStopDuringOutage: a clean stop while answers wait ends in time; the next start tells the person, once.
func TestStopDuringOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spawn()
	w.connector.down()
	s.deliver(1, w.message(ada, "find marta"))
	start := time.Now()
	s.stop()
	status := <-s.done
	s.done <- status
	if took := time.Since(start); status != 0 || took > 29*time.Second {
		t.Errorf("exit status %d after %s", status, took)
	}
	w.connector.up()
	w.start()
	eventually(t, 15*time.Second, "the apology", func() bool { return len(w.connector.said(ada.chat())) > 0 })
	if said := w.quiet(ada.chat()); len(said) != 1 {
		t.Errorf("said %d times", len(said))
	}
}

// TestSecondProcess refuses within five seconds and says why; the first does not notice (promise 10).
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.spawn()
	start := time.Now()
	second := w.spawnUnready()
	status := <-second.done
	second.done <- status
	if took := time.Since(start); status == 0 || took > 8*time.Second { // of which five are the promise, on a quiet machine
		t.Errorf("status %d after %s", status, took)
	}
	if said := second.log.String(); !strings.Contains(said, "another process has") || !strings.Contains(said, "TEAMSPRO_DATA") {
		t.Errorf("said: %s", said)
	}
	first.say(ada, "help")
}

// TestDamagedFile is refused at start with a plain sentence and the way to restore.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	s.say(ada, plantedLine)
	s.close()
	path := filepath.Join(w.data, "teamspro.db")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 2 * os.Getpagesize(); at < 12*os.Getpagesize(); at++ {
		raw[at] ^= 0x55
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	next := w.spawnUnready()
	status := <-next.done
	next.done <- status
	if said := next.log.String(); status == 0 || !strings.Contains(said, "is damaged") || !strings.Contains(said, "to restore it") {
		t.Errorf("status %d: %s", status, said)
	}
}

// TestFullDisk: the service lives, reads, says so and is not ready; with room again it goes on by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spawn()
	s.say(ada, "add Marta Weber, marta@contoso.example")
	s.limit(8192)
	add := w.message(ada, "add Jonas Full, jonas@contoso.example")
	s.deliver(2, add)
	s.deliver(2, add)
	if said := w.quiet(ada.chat()); len(said) != 2 || !strings.Contains(said[1], "the disk takes no more") {
		t.Errorf("said %d things, the last %s", len(said), said[len(said)-1])
	}
	if status, answer := s.send(w.query(ada, "marta")); status != http.StatusOK || !strings.Contains(answer, "marta@contoso.example") {
		t.Errorf("a search: %d %s", status, answer)
	}
	if said := s.say(ada, "find marta"); !strings.Contains(said, "marta@contoso.example") {
		t.Errorf("find: %s", said)
	}
	if status := s.readyz(); status != http.StatusServiceUnavailable {
		t.Errorf("ready on a full disk: %d", status)
	}
	s.limit(1 << 40)
	s.ready()
	if said := s.say(ada, "add Jonas Full, jonas@contoso.example"); !strings.Contains(said, "jonas@contoso.example") {
		t.Errorf("with room again: %s", said)
	}
}

// limit lets no file of the child grow beyond a size.
func (s *running) limit(size uint64) {
	s.w.t.Helper()
	if _, err := fmt.Fprintln(s.orders, size); err != nil {
		s.w.t.Fatal(err)
	}
	eventually(s.w.t, 5*time.Second, "the limit", func() bool { return strings.Contains(s.log.String(), fmt.Sprintln("limited to", size)) })
}

// TestGoneAtStart: without login or metadata the service runs, is not ready, and recovers by itself (promise 12).
func TestGoneAtStart(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(*world) *atomic.Bool{
		"login":    func(w *world) *atomic.Bool { return &w.login.gone },
		"metadata": func(w *world) *atomic.Bool { return &w.issuer.gone },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gone(w).Store(true)
			s := w.launch()
			time.Sleep(time.Second)
			if status, _ := s.get("/healthz"); status != http.StatusOK {
				t.Errorf("healthz %d", status)
			}
			if status, body := s.get("/readyz"); status != http.StatusServiceUnavailable {
				t.Errorf("readyz %d %s", status, body)
			}
			if name == "metadata" {
				if status, answer := s.send(w.query(ada, "marta")); status != http.StatusServiceUnavailable || !bare(answer) {
					t.Errorf("without keys: %d %s", status, answer)
				}
			}
			gone(w).Store(false)
			eventually(t, 30*time.Second, "ready", func() bool { return s.readyz() == http.StatusOK })
			s.say(ada, "help")
		})
	}
}

// TestSettings: each missing or malformed setting ends the start with a status that is not zero and names the setting (promise 15).
func TestSettings(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"TEAMSPRO_CONTACT_APP_ID":               {"TEAMSPRO_CONTACT_APP_ID", ""},
		"TEAMSPRO_CONTACT_APP_ID ":              {"TEAMSPRO_CONTACT_APP_ID", "not-a-guid"},
		"TEAMSPRO_IMAGE_APP_ID":                 {"TEAMSPRO_IMAGE_APP_ID", "not-a-guid"},
		"TEAMSPRO_IMAGE_APP_SECRET":             {"TEAMSPRO_IMAGE_APP_ID", "5b0f7d1e-0000-4000-8000-0000000000a2"},
		"TEAMSPRO_CONTACT_APP_SECRET":           {"TEAMSPRO_CONTACT_APP_SECRET", ""},
		"TEAMSPRO_CONTACT_APP_CERTIFICATE":      {"TEAMSPRO_CONTACT_APP_CERTIFICATE", "/nowhere.pem"},
		"TEAMSPRO_CONTACT_APP_CERTIFICATE ":     {"TEAMSPRO_CONTACT_APP_CERTIFICATE", "/nowhere.pem", "TEAMSPRO_CONTACT_APP_SECRET", ""},
		"TEAMSPRO_CONTACT_APP_MANAGED_IDENTITY": {"TEAMSPRO_CONTACT_APP_MANAGED_IDENTITY", "perhaps"},
		"TEAMSPRO_TENANT_ID":                    {"TEAMSPRO_TENANT_ID", ""},
		"TEAMSPRO_TENANT_ID ":                   {"TEAMSPRO_TENANT_ID", "../x"},
		"TEAMSPRO_ALLOWED_TENANTS":              {"TEAMSPRO_ALLOWED_TENANTS", "a b"},
		"TEAMSPRO_ALLOWED_TENANTS ":             {"TEAMSPRO_ALLOWED_TENANTS", "", "TEAMSPRO_TENANT_ID", "contoso.example"},
		"TEAMSPRO_ADMINS":                       {"TEAMSPRO_ADMINS", "5b0f7d1e-0000-4000-8000-0000000000a2,ana@contoso.example"},
		"TEAMSPRO_LISTEN":                       {"TEAMSPRO_LISTEN", "nonsense"},
		"TEAMSPRO_LISTEN ":                      {"TEAMSPRO_LISTEN", "127.0.0.1:99999"},
		"TEAMSPRO_ADMIN_LISTEN":                 {"TEAMSPRO_ADMIN_LISTEN", "127.0.0.1:99999"},
		"TEAMSPRO_PUBLIC_URL":                   {"TEAMSPRO_PUBLIC_URL", "http://bot.example"},
		"TEAMSPRO_PUBLIC_URL ":                  {"TEAMSPRO_PUBLIC_URL", "bot.example"},
		"TEAMSPRO_CLOUD":                        {"TEAMSPRO_CLOUD", "moon"},
		"TEAMSPRO_BOT_METADATA_URL":             {"TEAMSPRO_BOT_METADATA_URL", "http://login.example/metadata"},
		"TEAMSPRO_LOGIN_URL":                    {"TEAMSPRO_LOGIN_URL", "http://127.0.0.1:1"},
		"TEAMSPRO_GRAPH_URL":                    {"TEAMSPRO_GRAPH_URL", "graph"},
		"TEAMSPRO_GRAPH_MODE":                   {"TEAMSPRO_GRAPH_MODE", "all"},
		"TEAMSPRO_SERVICE_HOSTS":                {"TEAMSPRO_SERVICE_HOSTS", "https://smba.example/"},
		"TEAMSPRO_SERVICE_HOSTS ":               {"TEAMSPRO_SERVICE_HOSTS", "127.0.0.1:99999"},
		"TEAMSPRO_CA_FILE":                      {"TEAMSPRO_CA_FILE", "/nowhere.pem"},
		"TEAMSPRO_DATA":                         {"TEAMSPRO_DATA", "/dev/null/data"},
		"TEAMSPRO_LOG_LEVEL":                    {"TEAMSPRO_LOG_LEVEL", "loud"},
		"TEAMSPRO_LOG_FORMAT":                   {"TEAMSPRO_LOG_FORMAT", "xml"},
		"TEAMSPRO_GRACE":                        {"TEAMSPRO_GRACE", "a month"},
		"TEAMSPRO_REGION":                       {"TEAMSPRO_REGION", "Britain"},
		"TEAMSPRO_SEND_RATE":                    {"TEAMSPRO_SEND_RATE", "31"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out bytes.Buffer
			status := run(ctx, flags("serve", with(newWorld(t).settings(), change)), &out, &out)
			if said := out.String(); status == 0 || ctx.Err() != nil || !strings.Contains(said, strings.TrimSpace(name)) || strings.Contains(said, worldSecret) {
				t.Errorf("status %d: %s", status, said)
			}
		})
	}
}

// TestEnvironment: what is wrong in the environment is named by the variable.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"TEAMSPRO_TENANT_ID": "", "TEAMSPRO_LOG_LEVEL": "loud", "TEAMSPRO_CONTACT_APP_MANAGED_IDENTITY": "perhaps"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWorld(t).spawnUnready(name, value)
			status := <-s.done
			s.done <- status
			if said := s.log.String(); status == 0 || !strings.Contains(said, name) || strings.Contains(said, worldSecret) {
				t.Errorf("status %d: %s", status, said)
			}
		})
	}
}

// TestConfigPrintsNoSecret: what is in force is told, what is secret is not.
func TestConfigPrintsNoSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if status := run(t.Context(), flags("config", newWorld(t).settings()), &out, &out); status != 0 {
		t.Errorf("status %d", status)
	}
	if said := out.String(); strings.Contains(said, worldSecret) || !strings.Contains(said, "TEAMSPRO_CONTACT_APP_SECRET=(set)") || !strings.Contains(said, worldApp) {
		t.Errorf("said:\n%s", said)
	}
}
