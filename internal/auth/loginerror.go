package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"teamspro/internal/fault"
)

// LoginError is what Entra said when it gave no token: its codes, and never its sentences, which may name people.
type LoginError struct {
	Status int    // of the HTTP answer; 0 without one
	Code   string // Entra's "invalid_client"; "unreachable" or "unreadable" where Entra said nothing
	Sub    string // Entra's suberror: "consent_required"
	Number int    // 7000215 of AADSTS7000215
	// Claims is what the sign-in has to fulfil, as JSON for the authorization request; it is no part of the text.
	Claims string
}

// Error lists the codes.
func (e *LoginError) Error() string {
	s := "login: " + e.Code
	if e.Sub != "" {
		s += " " + e.Sub
	}
	if e.Number != 0 {
		s += fmt.Sprintf(" AADSTS%d", e.Number)
	}
	return s
}

// loginFault makes a fault of an error of MSAL, whose texts hold addresses, requests and answers. Only codes are kept.
func loginFault(op string, err error) error {
	e := readLoginError(err)
	kind := fault.Internal
	if e.Code == "unreachable" || e.Code == "temporarily_unavailable" || e.Status == http.StatusTooManyRequests || e.Status >= 500 {
		kind = fault.Busy
	}
	return fault.Wrap(kind, op, e)
}

func readLoginError(err error) *LoginError {
	var call msal.CallErr
	if errors.As(err, &call) && call.Resp != nil {
		return readLoginAnswer(call.Resp)
	}
	var network *url.Error
	if errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &LoginError{Code: "unreachable"}
	}
	return &LoginError{Code: "unreadable"}
}

func readLoginAnswer(res *http.Response) *LoginError {
	e := &LoginError{Status: res.StatusCode, Code: "unreadable"}
	var body struct {
		Error    string `json:"error"`
		SubError string `json:"suberror"`
		Codes    []int  `json:"error_codes"`
		Claims   string `json:"claims"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		return e
	}
	if isCode(body.Error) {
		e.Code = body.Error
	}
	if isCode(body.SubError) {
		e.Sub = body.SubError
	}
	if len(body.Codes) > 0 {
		e.Number = body.Codes[0]
	}
	e.Claims = challenge(body.Claims)
	return e
}

// isCode tells whether a text can be one of Entra's codes: small letters and underscores. Anything else stays out of the log.
func isCode(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// maxChallenge is the longest claims challenge that is passed on; those of Entra have a few hundred bytes.
const maxChallenge = 4 << 10

// challenge gives a claims challenge that may be passed on: a JSON object of reasonable size, or nothing.
func challenge(claims string) string {
	var object map[string]json.RawMessage
	if len(claims) > maxChallenge || json.Unmarshal([]byte(claims), &object) != nil {
		return ""
	}
	return claims
}
