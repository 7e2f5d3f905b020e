package auth

import (
	"errors"
	"net/http"
	"slices"

	"teamspro/internal/fault"
)

// Entra's numbers that decide what a person has to do (AADSTS…, Microsoft's list of sign-in errors).
var (
	numbersConsent     = []int{65001, 65004}
	numbersAdmin       = []int{90094, 90095, 900941}
	numbersInteraction = []int{50074, 50076, 50079, 50158, 53000, 53001, 53003, 50058, 16000}
	numbersExpired     = []int{500133, 700082, 700084, 70008, 50173, 70043, 50089}
	numbersSetup       = []int{50013, 50011, 500011, 50148, 9002313}
)

// signInFault is what an error of Entra means to the person: who has to do what next. Its cause holds codes only.
func signInFault(op string, err error) (*fault.Error, *LoginError) {
	e := readLoginError(err)
	kind, text := meaning(e)
	return &fault.Error{Kind: kind, Op: op, Text: text, Err: e}, e
}

func meaning(e *LoginError) (fault.Kind, string) {
	is := func(numbers []int) bool { return slices.Contains(numbers, e.Number) }
	switch {
	case e.Code == "unreachable" || e.Code == "temporarily_unavailable" || e.Status == http.StatusTooManyRequests || e.Status >= 500:
		return fault.Busy, "signin.busy"
	case e.Number == 7000222:
		return fault.Internal, "signin.secret_expired"
	case e.Code == "invalid_client":
		return fault.Internal, "signin.secret"
	case e.Number == 700016 || e.Code == "unauthorized_client":
		return fault.Denied, "signin.tenant"
	case is(numbersAdmin):
		return fault.Denied, "signin.admin"
	case is(numbersConsent) || e.Sub == "consent_required" || e.Code == "consent_required":
		return fault.SignIn, "signin.consent"
	case is(numbersInteraction) || e.Code == "interaction_required" || e.Claims != "":
		return fault.SignIn, "signin.interaction"
	case is(numbersExpired):
		return fault.SignIn, "signin.expired"
	case is(numbersSetup) || e.Code == "invalid_request" || e.Code == "invalid_scope" || e.Code == "invalid_resource":
		return fault.Internal, "signin.setup"
	case e.Code == "invalid_grant":
		return fault.SignIn, "signin.needed"
	}
	return fault.Internal, ""
}

// refusalFault is what the refusal of a token means to the person whom it was to sign in.
func refusalFault(op string, err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return fault.Wrap(fault.Internal, op, err)
	}
	f := &fault.Error{Kind: fault.Denied, Op: op, Text: "signin.refused", Err: refusal}
	switch refusal.Reason {
	case "expired":
		f.Kind, f.Text = fault.SignIn, "signin.expired"
	case "no_keys":
		f.Kind, f.Text = fault.Busy, "signin.busy"
	}
	return f
}

func needed(op string) error { return fault.New(fault.SignIn, op, "signin.needed") }
