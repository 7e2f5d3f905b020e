package store

import (
	"fmt"
	"slices"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// happenedTo is happened for a file, in the conversation where it was done. Whoever is alone there knows of it.
func (s *shared) happenedTo(kind notice.Kind, c identity.Conversation, key string, file image.ItemRef, by identity.Person, at time.Time) error {
	if c == "" || c.Personal() || file == (image.ItemRef{}) {
		return nil
	}
	return s.happened(notice.Event{Key: string(kind) + "|" + key, Kind: kind, At: at, By: by, Conversation: c, Drive: file.Drive, Item: file.Item})
}

// saved lets a conversation hear of a file that somebody saved there.
func (s *shared) saved(key string, c identity.Conversation, file image.ItemRef, by identity.Person, at time.Time) error {
	return s.happenedTo(notice.ImageSaved, c, key, file, by, at)
}

// pinned lets a conversation hear of the pins that were not there before.
func (s *shared) pinned(c identity.Conversation, before, now []image.Pin) error {
	for _, p := range now {
		if slices.ContainsFunc(before, func(o image.Pin) bool { return o.Ref == p.Ref }) {
			continue
		}
		key := fmt.Sprintf("%s|%s|%d", c, p.Ref, p.At.UnixNano())
		if err := s.happenedTo(notice.ImagePinned, c, key, p.Ref, p.By, p.At); err != nil {
			return err
		}
	}
	return nil
}

// batched lets a conversation hear of the files that a batch has made since before.
func (s *shared) batched(before, now image.Batch, at time.Time) error {
	for i, f := range now.Files {
		if f.State != image.FileDone || i < len(before.Files) && before.Files[i].State == image.FileDone {
			continue
		}
		if err := s.saved(fmt.Sprintf("%s|%d", now.ID, i), now.Where.Conversation, f.Result, now.Person, at); err != nil {
			return err
		}
	}
	return nil
}
