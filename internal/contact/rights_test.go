package contact

import (
	"fmt"
	"testing"

	"teamspro/internal/identity"
)

const (
	ana = identity.Person("ana")
	bob = identity.Person("bob")

	sales = identity.Conversation("19:sales@thread.tacv2")
	press = identity.Conversation("19:press@thread.tacv2")
	other = identity.Conversation("19:other@thread.tacv2")
)

// letters writes rights as people do: r(ead) a(dd) m(odify) d(elete) o(wn).
func letters(r Rights) string {
	s := ""
	for _, l := range []struct {
		has    bool
		letter string
	}{{r.Read, "r"}, {r.Add, "a"}, {r.Modify, "m"}, {r.Delete, "d"}, {r.Manage, "o"}} {
		if l.has {
			s += l.letter
		}
	}
	return s
}

// What each role may do in each mode: as anybody, as somebody with rights of their own, and as an owner by name.
func TestRightsOfConversationBooks(t *testing.T) {
	t.Parallel()
	own := Rights{Add: true, Delete: true}
	tests := []struct {
		mode                     Mode
		role                     identity.Role
		anybody, entitled, owner string
	}{
		{Everybody, identity.None, "", "", ""},
		{Everybody, identity.Guest, "r", "r", "r"},
		{Everybody, identity.Member, "ramd", "ramd", "ramdo"},
		{Everybody, identity.Owner, "ramdo", "ramdo", "ramdo"},
		{OwnersOnly, identity.None, "", "", ""},
		{OwnersOnly, identity.Guest, "r", "r", "r"},
		{OwnersOnly, identity.Member, "r", "r", "ramdo"},
		{OwnersOnly, identity.Owner, "ramdo", "ramdo", "ramdo"},
		{PerMember, identity.None, "", "", ""},
		{PerMember, identity.Guest, "r", "r", "r"},
		{PerMember, identity.Member, "r", "rad", "ramdo"},
		{PerMember, identity.Owner, "ramdo", "ramdo", "ramdo"},
		{"unheard of", identity.Member, "r", "r", "ramdo"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s as %s", tt.mode, tt.role), func(t *testing.T) {
			t.Parallel()
			k := Book{Kind: ConversationBook, Home: sales, Mode: tt.mode}
			entitled, owned := k, k
			entitled.Rights = map[identity.Person]Rights{ana: own}
			owned.Owners = []identity.Person{ana}
			who, known := identity.Caller{Person: ana, Conversation: sales}, roles{sales: tt.role}
			for _, c := range []struct {
				as   string
				book Book
				want string
			}{{"anybody", k, tt.anybody}, {"entitled", entitled, tt.entitled}, {"owner", owned, tt.owner}} {
				if got := letters(c.book.rights(who, known)); got != c.want {
					t.Errorf("%s: %q, want %q", c.as, got, c.want)
				}
			}
		})
	}
}

// What members of a conversation may do that a book of another is shared with.
func TestRightsThroughShares(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		mode   Mode
		edit   bool
		known  roles
		rights map[identity.Person]Rights
		owners []identity.Person
		want   string
	}{
		{"nobody", Everybody, true, roles{}, nil, nil, ""},
		{"guest there", Everybody, true, roles{press: identity.Guest}, nil, nil, "r"},
		{"reader", Everybody, false, roles{press: identity.Member}, nil, nil, "r"},
		{"editor", Everybody, true, roles{press: identity.Member}, nil, nil, "ramd"},
		{"owner there is no owner", Everybody, true, roles{press: identity.Owner}, nil, nil, "ramd"},
		{"owner there reads", Everybody, false, roles{press: identity.Owner}, nil, nil, "r"},
		{"owners only", OwnersOnly, true, roles{press: identity.Member}, nil, nil, "r"},
		{"owner there, owners only", OwnersOnly, true, roles{press: identity.Owner}, nil, nil, "r"},
		{"own rights", PerMember, true, roles{press: identity.Member}, map[identity.Person]Rights{ana: {Add: true, Manage: true}}, nil, "ra"},
		{"own rights without edit", PerMember, false, roles{press: identity.Member}, map[identity.Person]Rights{ana: {Add: true}}, nil, "r"},
		{"owner by name", OwnersOnly, false, roles{press: identity.Member}, nil, []identity.Person{ana}, "ramdo"},
		{"owner by name, as guest", OwnersOnly, true, roles{press: identity.Guest}, nil, []identity.Person{ana}, "r"},
		{"member of both", OwnersOnly, true, roles{sales: identity.Owner, press: identity.Guest}, nil, nil, "ramdo"},
		{"guest of both", Everybody, true, roles{sales: identity.Guest, press: identity.Guest}, nil, nil, "r"},
		{"somewhere else", Everybody, true, roles{other: identity.Owner}, nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := Book{Kind: ConversationBook, Home: sales, Mode: tt.mode, Rights: tt.rights, Owners: tt.owners, Shares: []Share{{With: press, Edit: tt.edit}}}
			if got := letters(k.rights(identity.Caller{Person: ana, Conversation: press}, tt.known)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestRightsOfOtherBooks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		book  Book
		known roles
		want  string
	}{
		{"my own", Book{Kind: PersonalBook, Owners: []identity.Person{ana}}, roles{}, "ramdo"},
		{"somebody's own", Book{Kind: PersonalBook, Owners: []identity.Person{bob}, Home: sales, Shares: []Share{{With: sales, Edit: true}}}, roles{sales: identity.Owner}, ""},
		{"nobody's own", Book{Kind: PersonalBook}, roles{}, ""},
		{"tenant, member here", Book{Kind: TenantBook, Home: press, Mode: Everybody}, roles{sales: identity.Member}, "ramd"},
		{"tenant, owner here", Book{Kind: TenantBook, Home: press, Mode: OwnersOnly}, roles{sales: identity.Owner}, "r"},
		{"tenant, owner of its home", Book{Kind: TenantBook, Home: press, Mode: OwnersOnly}, roles{sales: identity.Member, press: identity.Owner}, "ramdo"},
		{"tenant, owner by name", Book{Kind: TenantBook, Home: press, Mode: OwnersOnly, Owners: []identity.Person{ana}}, roles{sales: identity.Member}, "ramdo"},
		{"tenant, guest here", Book{Kind: TenantBook, Home: press, Mode: Everybody, Owners: []identity.Person{ana}}, roles{sales: identity.Guest, press: identity.Owner}, ""},
		{"tenant, not here", Book{Kind: TenantBook, Home: press, Mode: Everybody}, roles{press: identity.Owner}, ""},
		{"of no kind", Book{Home: sales, Owners: []identity.Person{ana}}, roles{sales: identity.Owner}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := letters(tt.book.rights(identity.Caller{Person: ana, Conversation: sales}, tt.known)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestActsNeedRights(t *testing.T) {
	t.Parallel()
	for act, want := range map[Act]Rights{Added: {Add: true}, Restored: {Add: true}, Edited: {Modify: true}, Deleted: {Delete: true}} {
		but := everything()
		but.Add, but.Modify, but.Delete = !want.Add, !want.Modify, !want.Delete
		if !want.may(act) || but.may(act) {
			t.Errorf("%s: allowed with %+v %t, with everything else %t", act, want, want.may(act), but.may(act))
		}
	}
	if everything().may("burn") {
		t.Error("an unknown act is allowed")
	}
}

// A caller without a conversation stands nowhere, even when a book names none either.
func TestNowhereIsNoPlace(t *testing.T) {
	t.Parallel()
	k := Book{Kind: ConversationBook, Shares: []Share{{}}}
	if k.livesIn("") || k.usableIn("") {
		t.Error("a book without a home lives nowhere in particular")
	}
}
