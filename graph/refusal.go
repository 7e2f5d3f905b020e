package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"teamspro/internal/fault"
)

// mappings lets the SDK read every refusal as an OData error.
func mappings() abstractions.ErrorMappings {
	return abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}
}

// refused is a refusal of Graph: its status, its code, and how long it wants to be left alone.
type refused struct {
	status int
	code   string
	after  time.Duration
}

// Error is the text for the log. It holds Graph's code, of which the door has let through a word, and never its message, which
// may name people and files.
func (r *refused) Error() string {
	return fmt.Sprintf("graph answered %d %s", r.status, r.code)
}

// refusalOf finds the refusal in an error of the SDK; nil when it is none.
func refusalOf(err error) *refused {
	var told abstractions.ApiErrorable
	if !errors.As(err, &told) {
		return nil
	}
	r := &refused{status: told.GetStatusCode()}
	if headers := told.GetResponseHeaders(); headers != nil {
		if values := headers.Get("Retry-After"); len(values) > 0 {
			r.after, _ = retryAfter(http.Header{"Retry-After": values[:1]})
		}
	}
	var odata *odataerrors.ODataError
	if errors.As(err, &odata) {
		r.code = codeOf(odata)
	}
	return r
}

func codeOf(e *odataerrors.ODataError) string {
	if main := e.GetErrorEscaped(); main != nil && main.GetCode() != nil {
		return *main.GetCode()
	}
	return ""
}

// fault makes the fault of an error of a call: what a person is told, and the cause for the log, without addresses.
func (k *call) fault(err error) error {
	var told *fault.Error
	if errors.As(err, &told) {
		return told // from Tokens, or made here before
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return k.because(err, fault.Busy, "image.drive.slow")
	}
	if r := refusalOf(err); r != nil {
		return k.refusal(r)
	}
	var r *refused
	if errors.As(err, &r) {
		return k.refusal(r)
	}
	switch {
	case errors.Is(err, errElsewhere), errors.Is(err, errCarrier), errors.Is(err, errNotJSON), errors.Is(err, errShape):
		return k.because(err, fault.Internal, "image.drive.odd")
	}
	return k.because(err, fault.Busy, "image.drive.slow")
}

// errShape is an answer that is JSON and still not what it should be.
var errShape = errors.New("the answer lacks what it must hold")

func (k *call) because(err error, kind fault.Kind, text string, args ...any) *fault.Error {
	f := fault.New(kind, k.op, text, args...)
	f.Err = cause(err)
	return f
}

// sayings are the faults by status. What is not here is an answer that nobody expects.
var sayings = map[int]struct {
	kind fault.Kind
	text string
}{
	http.StatusBadRequest:            {fault.NotFound, "image.drive.gone"}, // an id that is none; our own requests are well formed
	http.StatusUnauthorized:          {fault.SignIn, "image.drive.sign_in"},
	http.StatusForbidden:             {fault.Denied, "image.drive.denied"},
	http.StatusNotFound:              {fault.NotFound, "image.drive.gone"},
	http.StatusGone:                  {fault.NotFound, "image.drive.gone"},
	http.StatusPreconditionFailed:    {fault.Stale, "image.save.changed"},
	http.StatusRequestEntityTooLarge: {fault.Invalid, "image.drive.too_large"},
	http.StatusLocked:                {fault.Busy, "image.drive.locked"},
	http.StatusInsufficientStorage:   {fault.Denied, "image.drive.full"},
	statusBandwidth:                  {fault.Busy, "image.drive.bandwidth"},
}

const statusBandwidth = 509

// refusal is the fault of a refusal.
func (k *call) refusal(r *refused) *fault.Error {
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable && r.after > 0 {
		return k.because(r, fault.Busy, "image.drive.busy", "Count", seconds(r.after))
	}
	if said, ok := sayings[r.status]; ok {
		return k.because(r, said.kind, said.text)
	}
	if r.status >= 500 {
		return k.because(r, fault.Busy, "image.drive.slow")
	}
	return k.because(r, fault.Internal, "image.drive.odd")
}

// seconds is a wait as a person is told it: whole seconds, at least one.
func seconds(d time.Duration) int {
	return int(max(1, math.Ceil(d.Seconds())))
}

// status is the status of the refusal in an error, or 0.
func status(err error) int {
	var r *refused
	if errors.As(err, &r) {
		return r.status
	}
	if r := refusalOf(err); r != nil {
		return r.status
	}
	return 0
}
