package ops

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	jwt    = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"
	opaque = "0123456789abcdefXYZ"
)

// secretive shows a token only through LogValue.
type secretive struct{}

func (secretive) LogValue() slog.Value { return slog.StringValue("Bearer " + opaque) }

func TestTokensAreShortened(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		for _, row := range []struct {
			what string
			log  func(*slog.Logger)
		}{
			{"message", func(l *slog.Logger) { l.Info("got Bearer " + opaque) }},
			{"message with a token alone", func(l *slog.Logger) { l.Info(jwt) }},
			{"string", func(l *slog.Logger) { l.Info("m", "a", "Authorization: bearer "+opaque) }},
			{"error", func(l *slog.Logger) { l.Info("m", "error", errors.New("refused: "+jwt)) }},
			{"group", func(l *slog.Logger) { l.Info("m", slog.Group("g", slog.Group("h", slog.String("a", jwt)))) }},
			{"with", func(l *slog.Logger) { l.With("a", jwt).WithGroup("g").Info("m", "b", 1) }},
			{"header", func(l *slog.Logger) { l.Info("m", "h", http.Header{"Authorization": {"Bearer " + opaque}}) }},
			{"struct", func(l *slog.Logger) { l.Info("m", "s", struct{ Token string }{jwt}) }},
			{"list", func(l *slog.Logger) { l.Info("m", "s", []string{"x", jwt}) }},
			{"value", func(l *slog.Logger) { l.Info("m", "v", secretive{}) }},
			{"form", func(l *slog.Logger) { l.Info("m", "body", "grant=x&client_secret="+opaque+"&scope=y") }},
			{"assertion", func(l *slog.Logger) { l.Info("m", "body", "assertion="+opaque) }},
			{"signed address", func(l *slog.Logger) { l.Info("m", "url", "https://files.example/x?tempauth="+opaque+"&sig="+opaque) }},
		} {
			var out bytes.Buffer
			l, err := Logger(&out, format, "info")
			if err != nil {
				t.Fatal(err)
			}
			row.log(l)
			got := out.String()
			for _, secret := range []string{opaque, jwt, jwt[21:40], "c2lnbmF0dXJl"} {
				if strings.Contains(got, secret) {
					t.Errorf("%s %s: a token is in the log: %s", format, row.what, got)
				}
			}
			if !strings.Contains(got, "…") {
				t.Errorf("%s %s: nothing shows that something was shortened: %s", format, row.what, got)
			}
		}
	}
}

func TestOrdinaryWordsStay(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"command find", "bearer of news", "the bearer", "eyJ", "status=404 code=12", "a signature=none", "design=blue", "https://a.example/x?page=2",
	} {
		if got := redact(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		level string
		want  int // lines of the four
	}{{"debug", 4}, {"info", 3}, {"warn", 2}, {"error", 1}} {
		for _, format := range []string{"json", "text"} {
			var out bytes.Buffer
			l, err := Logger(&out, format, row.level)
			if err != nil {
				t.Fatal(err)
			}
			l.Debug("a")
			l.Info("b")
			l.Warn("c")
			l.Error("d")
			if got := strings.Count(out.String(), "\n"); got != row.want {
				t.Errorf("%s %s: %d lines, want %d", format, row.level, got, row.want)
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Errorf("%s: colours in what is no terminal", format)
			}
		}
	}
}

func TestLoggerRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ format, level, want string }{
		{"xml", "info", "log format"}, {"", "info", "log format"}, {"json", "loud", "log level"}, {"text", "", "log level"},
	} {
		if _, err := Logger(&bytes.Buffer{}, row.format, row.level); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("Logger(%q, %q): error %v, want one about the %s", row.format, row.level, err, row.want)
		}
	}
}

// The quick look before the patterns passes by nothing that they would shorten.
func TestQuickLookMissesNoToken(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{"eyJ", "bearer", "Bearer ", "BEARER:", "beaRer  ", "sig=", "client_secret=", "Access_Token=", "tempauth", "=", " ", "é", "K", "ſ", opaque, jwt, "eyJhbGciOi"})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.OneOf(pieces, rapid.StringN(0, 5, -1)), 0, 8).Draw(t, "pieces"), "")
		want := s
		for _, pattern := range tokens {
			want = pattern.looks.ReplaceAllString(want, pattern.short)
		}
		if got := redact(s); got != want {
			t.Fatalf("%q becomes %q, want %q", s, got, want)
		}
	})
}

func BenchmarkLogLine(b *testing.B) {
	l, err := Logger(io.Discard, "json", "debug")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.LogAttrs(b.Context(), slog.LevelDebug, "turn", slog.String("route", "query findContact"), slog.String("tenant", "0d7a1f9e-0000-4000-8000-0000000000aa"), slog.Int64("ms", 1))
	}
}
