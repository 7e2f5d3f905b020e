package configuration

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Config is what the use cases stand on.
type Config struct {
	// Shelf and Roles belong together; without them nothing is decided, and nothing can be.
	Shelf Shelf
	Roles Roles
	// Admins are the people who decide for the organisation, by their Entra object ids; without any nobody does.
	Admins []identity.Person
	Now    func() time.Time // nil: time.Now
}

// Configurations are the use cases. Each that changes something takes the caller and asks whether they may. It is safe for
// concurrent use, and keeps nothing in memory: what was saved counts from then on.
type Configurations struct {
	shelf  Shelf
	roles  Roles
	admins []identity.Person
	now    func() time.Time
}

var _ notice.Subscriptions = (*Configurations)(nil)

// service is the surface of what nobody did by hand.
const service = "service"

// New makes the use cases.
func New(c Config) *Configurations {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Shelf == nil {
		c.Shelf = nowhere{}
	}
	if c.Roles == nil {
		c.Roles = nowhere{}
	}
	return &Configurations{shelf: c.Shelf, roles: c.Roles, admins: slices.Clone(c.Admins), now: c.Now}
}

// Effective is what counts for a conversation, and where each value comes from.
func (c *Configurations) Effective(ctx context.Context, t identity.Tenant, at identity.Conversation) (Effective, error) {
	here, tenant, err := c.shelf.Kept(ctx, t, at)
	if err != nil {
		return Effective{}, fmt.Errorf("configuration.Effective: %w", err)
	}
	return effective(here, tenant), nil
}

// effective merges what was decided. The organisation's wishes reach conversations of which something is kept: those to
// which an app was added, or whose settings were saved. Where somebody merely used the message extension nothing is said.
func effective(here, tenant Kept) Effective {
	e := Effective{Kept: here}
	e.Language, e.LanguageSource = decided(here.Settings.Language, tenant.Settings.Language, "")
	e.Zone, e.ZoneSource = decided(here.Settings.Zone, tenant.Settings.Zone, "UTC")
	e.Guests, e.GuestsSource = decided(here.Settings.Guests, tenant.Settings.Guests, GuestsRead)
	e.WishesSource = Usual
	switch {
	case here.Settings.Wishes != nil:
		e.Wishes, e.WishesSource = *here.Settings.Wishes, Here
	case tenant.Settings.Wishes != nil && here.Version > 0:
		e.Wishes, e.WishesSource = *tenant.Settings.Wishes, Tenant
	}
	return e
}

func decided[T comparable](here, tenant, usual T) (T, Source) {
	var open T
	switch {
	case here != open:
		return here, Here
	case tenant != open:
		return tenant, Tenant
	}
	return usual, Usual
}

// Organisation is what was decided for the whole organisation.
func (c *Configurations) Organisation(ctx context.Context, t identity.Tenant) (Kept, error) {
	_, tenant, err := c.shelf.Kept(ctx, t, "")
	if err != nil {
		return Kept{}, fmt.Errorf("configuration.Organisation: %w", err)
	}
	return tenant, nil
}

// MayChange fails for who may not change the settings of the conversation where they stand; the fault says who may: the
// owners of the team of a channel, the members of a group chat, in a personal chat its person.
func (c *Configurations) MayChange(ctx context.Context, who identity.Caller) error {
	const op = "configuration.MayChange"
	if who.Tenant == "" || who.Person == "" || who.Conversation == "" {
		return fault.New(fault.Denied, op, "trouble.anonymous")
	}
	role, err := c.roles.Role(ctx, who.Tenant, who.Person, who.Conversation, who.Team)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	case who.Place == identity.Channel && role != identity.Owner:
		return fault.New(fault.Denied, op, "settings.denied.channel")
	case who.Place == identity.Personal && role == identity.None, who.Place != identity.Personal && role < identity.Member:
		return fault.New(fault.Denied, op, "settings.denied.chat")
	}
	return nil
}

// MayAdminister tells whether somebody decides for the organisation.
func (c *Configurations) MayAdminister(who identity.Caller) bool {
	return who.Tenant != "" && who.Person != "" && slices.Contains(c.admins, who.Person)
}

// Save decides for the conversation where the caller stands. Version is that of the settings which the caller saw; when they
// were changed since, it fails with fault.Stale. In a personal chat nobody hears what they did not ask for themselves, so
// wishes that were left open are none there.
func (c *Configurations) Save(ctx context.Context, who identity.Caller, s Settings, version int, surface string) (Kept, error) {
	const op = "configuration.Save"
	if err := c.MayChange(ctx, who); err != nil {
		return Kept{}, err
	}
	if s.Mode != "" {
		return Kept{}, fault.New(fault.Invalid, op, "settings.bad.mode")
	}
	if who.Place == identity.Personal && s.Wishes == nil {
		s.Wishes = &notice.Wishes{}
	}
	return c.save(ctx, op, who, Kept{Conversation: who.Conversation, Team: who.Team, Settings: s}, version, surface)
}

// SaveOrganisation decides for the whole organisation; for administrators.
func (c *Configurations) SaveOrganisation(ctx context.Context, who identity.Caller, s Settings, version int, surface string) (Kept, error) {
	const op = "configuration.SaveOrganisation"
	if !c.MayAdminister(who) {
		return Kept{}, fault.New(fault.Denied, op, "settings.denied.organisation")
	}
	return c.save(ctx, op, who, Kept{Settings: s}, version, surface)
}

// save writes settings that are right.
func (c *Configurations) save(ctx context.Context, op string, who identity.Caller, k Kept, version int, surface string) (Kept, error) {
	s, err := valid(op, k.Settings)
	if err != nil {
		return Kept{}, err
	}
	k.Settings, k.Version, k.By, k.At = s, version+1, who.Person, c.now().UTC()
	err = c.shelf.Save(ctx, who.Tenant, k, surface)
	switch {
	case version < 0, fault.Is(err, fault.Stale):
		return Kept{}, fault.New(fault.Stale, op, "settings.stale")
	case err != nil:
		return Kept{}, fmt.Errorf("%s: %w", op, err)
	}
	return k, nil
}

// Removed notes that the last app was removed from a conversation: nothing more is told there, and what was decided waits.
func (c *Configurations) Removed(ctx context.Context, t identity.Tenant, at identity.Conversation, by identity.Person) error {
	if err := c.shelf.Remove(ctx, t, at, by, c.now().UTC()); err != nil {
		return fmt.Errorf("configuration.Removed: %w", err)
	}
	return nil
}

// Returned notes that an app was added to a conversation. What was decided before counts again; where nothing was, an empty
// record is kept, so that what the organisation wishes reaches the conversation. A personal chat is kept once its person
// decides something.
func (c *Configurations) Returned(ctx context.Context, who identity.Caller) error {
	const op = "configuration.Returned"
	here, _, err := c.shelf.Kept(ctx, who.Tenant, who.Conversation)
	switch {
	case err != nil:
	case here.Version > 0 && !here.Removed.IsZero():
		err = c.shelf.Return(ctx, who.Tenant, who.Conversation, who.Person)
	case here.Version == 0 && who.Place != identity.Personal:
		_, err = c.save(ctx, op, who, Kept{Conversation: who.Conversation, Team: who.Team}, 0, service)
		if fault.Is(err, fault.Stale) { // somebody decided something at the same moment
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// InTeam are the channels of a team of which something is kept, or waits for an app to come back.
func (c *Configurations) InTeam(ctx context.Context, t identity.Tenant, team string) (channels []Kept, err error) {
	all, err := c.shelf.All(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("configuration.InTeam: %w", err)
	}
	for _, k := range all {
		if team != "" && k.Team == team {
			channels = append(channels, k)
		}
	}
	return channels, nil
}

// Subscriptions are those of the conversations that want to hear of anything, by themselves or as the organisation wishes.
func (c *Configurations) Subscriptions(ctx context.Context, t identity.Tenant) ([]notice.Subscription, error) {
	all, err := c.shelf.All(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("configuration.Subscriptions: %w", err)
	}
	var tenant Kept
	if i := slices.IndexFunc(all, func(k Kept) bool { return k.Conversation == "" }); i >= 0 {
		tenant = all[i]
	}
	var wanted []notice.Subscription
	for _, k := range all {
		if s := subscription(k, tenant); k.Conversation != "" && len(s.Wishes.Kinds) > 0 {
			wanted = append(wanted, s)
		}
	}
	return wanted, nil
}

// Subscription is what one conversation wants.
func (c *Configurations) Subscription(ctx context.Context, t identity.Tenant, at identity.Conversation) (notice.Subscription, error) {
	here, tenant, err := c.shelf.Kept(ctx, t, at)
	if err != nil {
		return notice.Subscription{}, fmt.Errorf("configuration.Subscription: %w", err)
	}
	here.Conversation = cmp.Or(here.Conversation, at)
	return subscription(here, tenant), nil
}

// subscription is what a conversation wants; nothing while no app is there.
func subscription(here, tenant Kept) notice.Subscription {
	e := effective(here, tenant)
	if !here.Removed.IsZero() {
		e.Wishes = notice.Wishes{}
	}
	return notice.Subscription{Conversation: here.Conversation, Team: here.Team, Wishes: e.Wishes, Zone: e.Zone, Language: e.Language, By: here.By}
}

// GuestsRead tells whether the guests of a conversation may look into its books.
func (c *Configurations) GuestsRead(ctx context.Context, t identity.Tenant, at identity.Conversation) (bool, error) {
	e, err := c.Effective(ctx, t, at)
	return err == nil && e.Guests != GuestsNone, err
}

// Undecided is what counts where a conversation leaves everything open.
func (c *Configurations) Undecided(ctx context.Context, t identity.Tenant) (Effective, error) {
	tenant, err := c.Organisation(ctx, t)
	e := effective(Kept{Version: 1}, tenant)
	e.Kept = Kept{}
	return e, err
}

// Nothing is what counts where nobody decides anything.
func Nothing() Effective { return effective(Kept{}, Kept{}) }
