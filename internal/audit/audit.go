// Package audit says what an entry of the audit log is: who did what, when, to what, and through which surface. An entry
// names things by their ids and holds nothing of their contents.
//
// It decides nothing; the store chains the entries, so that none can be changed or taken out unseen.
package audit

import (
	"time"

	"teamspro/internal/identity"
)

// Act is what was done, as noun and verb: "configuration-changed".
type Act string

// The acts.
const (
	ConfigurationChanged  Act = "configuration-changed"  // Subject: the conversation, or TenantSubject
	ConfigurationRemoved  Act = "configuration-removed"  // an app was removed from its conversation
	ConfigurationReturned Act = "configuration-returned" // and added again
	ConfigurationErased   Act = "configuration-erased"   // its time of grace was over
	BookConfigured        Act = "book-configured"        // Subject: the book
	BookErased            Act = "book-erased"
	LibraryChosen         Act = "library-chosen" // Subject: the conversation
	LibraryErased         Act = "library-erased" // with its pins: their time of grace was over
	AnnouncementSent      Act = "announcement-sent"
	AnnouncementCorrected Act = "announcement-corrected"
	AnnouncementRecalled  Act = "announcement-recalled"
	ContactsImported      Act = "contacts-imported" // Subject: the book, here and in the next four
	ImportUndone          Act = "import-undone"
	ContactsExported      Act = "contacts-exported"
	ContactsMerged        Act = "contacts-merged"
	MergeUndone           Act = "merge-undone"
	PersonExported        Act = "person-exported" // Subject: TenantSubject; whom it was about is not written down
	PersonErased          Act = "person-erased"
	TenantExported        Act = "tenant-exported"
	RetentionEnforced     Act = "retention-enforced" // Subject: the kind of data
	LogShortened          Act = "log-shortened"      // Subject: the number of the first entry that stays, and the hash before it
	LogRenewed            Act = "log-renewed"        // Subject: the hash of the last entry before the log got its present form
	BackupMade            Act = "backup-made"
	BookRestored          Act = "book-restored" // Subject: the book
)

// TenantSubject is the subject of what concerns the whole organisation.
const TenantSubject = "tenant"

// SearchSubject is the subject of what concerns the contacts that a search found, of several books.
const SearchSubject = "search"

// Entry is one line of the log.
type Entry struct {
	At time.Time
	// By is who did it; empty when the service did it by itself.
	By      identity.Person
	Surface string // command, card, dialog, extension, import, service
	Act     Act
	Subject string // the id of what it was done to
}

// Recorded is an entry as it stands in the log.
type Recorded struct {
	Number uint64 // 1 is the first of an organisation; there are no gaps
	Entry
	// Hash is the SHA-256 of the entry and of the hash before it, in hexadecimal: it stands for all that led here.
	Hash string
}
