// Package fault is the one error type that crosses package borders: a kind for
// the machine, a sentence for the person, an operation for the log.
//
// It does not decide how an error is shown; bot (cards) and internal/web (pages)
// do that, each in one function.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of thing went wrong. It decides the answer, the log level
// and the metric, never the wording.
type Kind string

// The kinds. Anything that is not a *Error counts as Internal.
const (
	Invalid  Kind = "invalid"   // the person can correct what they sent
	NotFound Kind = "not_found" // it is gone, or never was, or is not theirs to see
	Denied   Kind = "denied"    // they may see it but not do this
	Stale    Kind = "stale"     // it changed since they looked
	SignIn   Kind = "sign_in"   // they must sign in first
	Busy     Kind = "busy"      // try again; nothing was lost
	Internal Kind = "internal"  // ours to repair
)

// Error is a failure with a meaning.
type Error struct {
	Kind Kind
	// Op is the operation that failed, as package.Function: "contact.Add".
	Op string
	// Text is the key of the sentence in internal/lang that tells the person what
	// happened; empty means the general sentence of the Kind.
	Text string
	// Args fill the sentence: alternating names and values, as lang.Printer.Text takes them.
	// They are shown to the person, never logged.
	Args []any
	// Err is the cause, for the log. It is never shown.
	Err error
}

// New makes an Error with a sentence of its own.
func New(kind Kind, op, text string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Text: text, Args: args}
}

// Wrap makes an Error of a cause, shown with the general sentence of its kind.
func Wrap(kind Kind, op string, err error) *Error {
	return &Error{Kind: kind, Op: op, Err: err}
}

// Error is the text for the log: operation, kind, cause. It holds no Args.
func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Text != "" {
		s += " " + e.Text
	}
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += fmt.Sprintf(": %v", e.Err)
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf tells the kind of any error; nil has none.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is tells whether err is of the kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }
