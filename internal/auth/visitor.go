package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"teamspro/internal/fault"
)

// visitor is a person who signed in on a page, with a client of MSAL of their own, whose cache is sealed and kept.
type visitor struct {
	client  confidential.Client
	account confidential.Account
	box     *box
}

// kept is what is sealed of a sign-in.
type kept struct {
	// Home is by what MSAL knows the person.
	Home string `json:"home"`
	// Cache is MSAL's own, as it wrote it.
	Cache json.RawMessage `json:"cache"`
}

// box is MSAL's way to what is kept of one person.
type box struct {
	users *Users
	whose whose

	mu     sync.Mutex
	kept   kept
	stored bool // changes are written to the vault
	gone   bool // the person signed out
}

var _ cache.ExportReplace = (*box)(nil)

// Replace gives MSAL what was kept.
func (b *box) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept.Cache) == 0 || b.gone {
		return c.Unmarshal([]byte("{}"))
	}
	return c.Unmarshal(b.kept.Cache)
}

// Export takes what MSAL holds now. After a sign-out nothing is written any more, also when MSAL was just renewing.
func (b *box) Export(ctx context.Context, c cache.Marshaler, _ cache.ExportHints) error {
	raw, err := c.Marshal()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept.Cache = raw
	if !b.stored || b.gone {
		return nil
	}
	return b.write(ctx)
}

// write seals what is in the box and keeps it; the caller holds mu.
func (b *box) write(ctx context.Context) error {
	plain, err := json.Marshal(b.kept)
	if err != nil {
		return err
	}
	u := b.users
	return u.Vault.Keep(context.WithoutCancel(ctx), b.whose.tenant, b.whose.person, u.App.AppID, u.Seals.seal(plain, u.aboutSignIn(b.whose)))
}

func (b *box) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone, b.kept = true, kept{}
}

// aboutSignIn binds a sealed sign-in to the person and the app, so that it is worth nothing under anybody else's key.
func (u *Users) aboutSignIn(k whose) string {
	return about("teamspro sign-in", string(k.tenant), string(k.person), u.App.AppID)
}

// visitor finds a person who signed in on a page, in memory or by what is kept; nil when there is none.
func (u *Users) visitor(ctx context.Context, k whose) (*visitor, error) {
	u.visits.Lock()
	defer u.visits.Unlock()
	if v := u.visitors[k]; v != nil {
		return v, nil
	}
	sealed, err := u.Vault.Load(ctx, k.tenant, k.person, u.App.AppID)
	if err != nil || sealed == nil {
		return nil, err
	}
	plain, old, err := u.Seals.open(sealed, u.aboutSignIn(k))
	if err != nil {
		u.Log.Warn("a kept sign-in cannot be opened; the person has to sign in again", "app", u.App.AppID, "error", err)
		return nil, nil
	}
	b := &box{users: u, whose: k, stored: true}
	if err := json.Unmarshal(plain, &b.kept); err != nil {
		return nil, fmt.Errorf("auth.visitor: what was sealed cannot be read")
	}
	v, err := u.admit(ctx, b)
	if err != nil || !old {
		return v, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return v, b.write(ctx)
}

// admit makes a visitor of a box and remembers them; the caller holds visits.
func (u *Users) admit(ctx context.Context, b *box) (*visitor, error) {
	client, err := u.client(b)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "auth.admit", err)
	}
	account, err := client.Account(ctx, b.kept.Home)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "auth.admit", err)
	}
	for k := range u.visitors { // any one: what is kept brings them back
		if len(u.visitors) < maxVisitors {
			break
		}
		delete(u.visitors, k)
	}
	u.visitors[b.whose] = &visitor{client, account, b}
	return u.visitors[b.whose], nil
}
