package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

func TestMemberRights(t *testing.T) {
	t.Parallel()
	now := map[identity.Person]contact.Rights{"ana": {Read: true, Add: true}, "ben": {Read: true, Delete: true}}
	got := memberRights(now, Form{map[string]string{"rights:ben": "add,modify", "rights:": "add", "rights:cy": "read", "name": "add"}})
	want := map[identity.Person]contact.Rights{"ana": {Read: true, Add: true}, "ben": {Read: true, Add: true, Modify: true}, "cy": {Read: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	if now["ben"].Add {
		t.Error("the rights that are were changed")
	}
}

// The settings of a book list those whose rights a choice can change: who was given some first.
func TestSettingsListMembers(t *testing.T) {
	t.Parallel()
	turn, service := newBookTurn(t, rosterAna, rosterChat, identity.GroupChat)
	service.mu.Lock()
	service.members[rosterChat] = []map[string]any{
		{"id": "29:a", "name": "Ana", "objectId": "ana", "userRole": "user"}, {"id": "29:o", "name": "Olga", "objectId": "olga", "userRole": "owner"},
		{"id": "29:g", "name": "Gil", "objectId": "gil", "userRole": "guest"}, {"id": "29:b", "name": "Bo", "objectId": "bo"}, {"id": "29:z", "name": "Zoë", "objectId": "zoe"},
	}
	service.mu.Unlock()
	book := contact.Book{ID: "b1", Kind: contact.ConversationBook, Home: rosterChat, Owners: []identity.Person{"ana"}, Mode: contact.PerMember}
	dialog, err := new(Bot).settingsDialog(turn, contact.Listing{Book: book}, cards.SettingsForm{Mode: string(book.Mode)}, map[identity.Person]contact.Rights{"zoe": {Add: true}})
	if err != nil {
		t.Fatal(err)
	}
	raw := string(dialog.Card.JSON())
	zoe, bo := strings.Index(raw, `"label":"Zoë"`), strings.Index(raw, `"label":"Bo"`)
	if zoe < 0 || bo < zoe || strings.Contains(raw, "Olga") || strings.Contains(raw, "Gil") || strings.Contains(raw, `"Ana"`) {
		t.Errorf("the form is %s", raw)
	}
}
