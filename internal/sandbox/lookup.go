package sandbox

// Conversation gives the id of a conversation by its name in the page API ("group", "general", "leads"), and the
// thread id of its team when it is a channel.
func (s *Sandbox) Conversation(key string) (id, team string) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	for _, c := range s.world.chats {
		if c.key != key {
			continue
		}
		if c.kind == channel {
			return c.id, c.team.id
		}
		return c.id, ""
	}
	return "", ""
}

// ObjectID gives the Entra object id of a person by their name in the page API ("ana"); empty when there is none.
func (s *Sandbox) ObjectID(key string) string {
	for _, p := range s.world.people {
		if p.Key == key {
			return p.ObjectID
		}
	}
	return ""
}

// Tenant is the id of the organisation.
func (s *Sandbox) Tenant() string { return s.cfg.Tenant }
