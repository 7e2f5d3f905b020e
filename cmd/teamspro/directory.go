package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// directory reads what Graph says of the person who asks, with their own token (bot.Profiles).
type directory struct {
	tokens interface {
		Token(ctx context.Context, who identity.Caller) (string, error)
		Refused(ctx context.Context, who identity.Caller, claims string) error
	}
	graph string // with the version
	http  *http.Client
}

const (
	maxProfile   = 64 << 10
	profileParts = "?$select=displayName,mail,userPrincipalName,jobTitle,department,officeLocation,mobilePhone,businessPhones"
)

// Me reads a person's own profile. Faults: those of the token; Busy when Graph has no answer now.
func (d directory) Me(ctx context.Context, who identity.Caller) (identity.Profile, error) {
	const op = "directory.Me"
	token, err := d.tokens.Token(ctx, who)
	if err != nil {
		return identity.Profile{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.graph+"/me"+profileParts, nil)
	if err != nil {
		return identity.Profile{}, fault.Wrap(fault.Internal, op, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := d.http.Do(r)
	if err != nil {
		return identity.Profile{}, fault.Wrap(fault.Busy, op, fmt.Errorf("no answer"))
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return identity.Profile{}, d.tokens.Refused(ctx, who, "")
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError:
		return identity.Profile{}, fault.Wrap(fault.Busy, op, fmt.Errorf("status %d", res.StatusCode))
	case res.StatusCode != http.StatusOK:
		return identity.Profile{}, fault.Wrap(fault.Internal, op, fmt.Errorf("status %d", res.StatusCode))
	}
	return readPerson(io.LimitReader(res.Body, maxProfile), who.Person)
}

// readPerson reads a user as Graph writes it.
func readPerson(body io.Reader, p identity.Person) (identity.Profile, error) {
	var user struct {
		DisplayName, Mail, UserPrincipalName, JobTitle, Department, OfficeLocation, MobilePhone string
		BusinessPhones                                                                          []string
	}
	if err := json.NewDecoder(body).Decode(&user); err != nil {
		return identity.Profile{}, fault.Wrap(fault.Internal, "directory.readPerson", fmt.Errorf("not a user"))
	}
	phone := user.MobilePhone
	if len(user.BusinessPhones) > 0 {
		phone = user.BusinessPhones[0]
	}
	return identity.Profile{Person: p, Name: user.DisplayName, Mail: user.Mail, UPN: user.UserPrincipalName, JobTitle: user.JobTitle,
		Department: user.Department, Office: user.OfficeLocation, Phone: phone, Read: time.Now()}, nil
}
