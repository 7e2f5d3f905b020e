package ops

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/lmittmann/tint"
)

// Logger writes to w. The format is "json" or "text" (for people; coloured on a terminal), the level debug, info,
// warn or error. Anything that looks like a token is shortened, wherever it stands: a second line of
// defence behind the rule that no token is logged.
func Logger(w io.Writer, format, level string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	least, known := levels[level]
	if !known {
		return nil, fmt.Errorf("ops.Logger: the log level is debug, info, warn or error, not %q", level)
	}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: shorten})), nil
	case "text":
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: least, ReplaceAttr: shorten, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w)})), nil
	}
	return nil, fmt.Errorf("ops.Logger: the log format is json or text, not %q", format)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// shorten is the ReplaceAttr of both formats; it sees the message and every attribute, within groups too.
func shorten(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(redact(a.Value.String()))
	case slog.KindAny:
		if _, level := a.Value.Any().(slog.Level); level { // of every line
			return a
		}
		written := fmt.Sprintf("%+v", a.Value.Any())
		if short := redact(written); short != written {
			a.Value = slog.StringValue(short)
		}
	}
	return a
}

var tokens = []struct {
	looks *regexp.Regexp
	short string
}{
	// A JSON Web Token: "eyJ" is how a header begins in base64.
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`), "eyJ…"},
	// What follows the word in an Authorization header.
	{regexp.MustCompile(`(?i)\b(bearer)[ :]+[A-Za-z0-9._~+/=-]{8,}`), "$1 …"},
	// Secrets in forms and signed addresses.
	{regexp.MustCompile(`(?i)\b((?:client_)?(?:secret|assertion)|(?:access|refresh|id)_token|tempauth|sig)=[^&\s"]+`), "$1=…"},
}

// redact replaces what looks like a token by its first letters.
func redact(s string) string {
	if !mayHoldToken(s) {
		return s
	}
	for _, t := range tokens {
		s = t.looks.ReplaceAllString(s, t.short)
	}
	return s
}

// mayHoldToken tells soon whether any of the patterns can match: nearly no value of a log does.
func mayHoldToken(s string) bool {
	if strings.Contains(s, "eyJ") || strings.Contains(s, "=") {
		return true
	}
	const word = "bearer"
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
