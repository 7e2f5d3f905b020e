package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

const (
	sales = identity.Conversation("19:sales@thread.example")
	quay  = identity.Conversation("19:quay@thread.example")
)

// wishes are the settings of a conversation that wants to hear of contacts and images.
func wishes(c identity.Conversation) configuration.Kept {
	return configuration.Kept{Conversation: c, By: "ines", Version: 1,
		Settings: configuration.Settings{Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ContactAdded, notice.ImageSaved}}}}
}

func post(id string, c identity.Conversation, due time.Time) notice.Notice {
	return notice.Notice{Tenant: north, ID: id, Key: "key of " + id, Place: notice.Place{Conversation: c, Product: "contact"}, Op: notice.Post, Due: due}
}

// useOutbox leaves something in the buckets of settings, notices and the audit log.
func useOutbox(ctx context.Context, db *DB) error {
	if err := db.Configurations().Save(ctx, north, wishes(quay), "dialog"); err != nil {
		return err
	}
	for _, id := range []string{"told1", "told2"} {
		if _, err := db.Contacts().Apply(ctx, north, added(id, contact.Record{Name: "Odo Brandt"})); err != nil {
			return err
		}
	}
	events, err := db.Outbox().Events(ctx, 1)
	if err != nil || len(events) != 1 {
		return errors.Join(err, errors.New("no event"))
	}
	due := db.now()
	_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", Product: "contact", By: "ines", At: due, Text: "The quay is closed", Version: 1},
		[]notice.Notice{{ID: "n2", Place: notice.Place{Conversation: sales, Product: "contact"}, Op: notice.Post, Due: due}})
	_, acknowledged := db.Announcements().Acknowledge(ctx, north, "a1", "ines", due)
	return errors.Join(announced, acknowledged,
		db.Outbox().Sort(ctx, north, []notice.Sorted{{Number: events[0].Number, To: []notice.Dated{{Place: notice.Place{Conversation: quay, Product: "contact"}, Due: due}}}}),
		db.Outbox().Add(ctx, []notice.Notice{post("n1", quay, due)}),
		db.write(ctx, "test", north, func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketWatches)).Put([]byte(quay), []byte("{}")) }))
}
