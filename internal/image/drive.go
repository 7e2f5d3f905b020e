package image

import (
	"context"
	"regexp"
	"strings"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ItemRef names a file or folder of a drive. It is a claim and no right: every use of it is made with the person's own
// token, and Graph decides.
type ItemRef struct{ Drive, Item string }

// refPart is what ids of drives and items are made of. Nothing in it can leave a path segment.
var refPart = regexp.MustCompile(`^[A-Za-z0-9!_-][A-Za-z0-9!_.-]{0,199}$`)

// String is the form in which buttons and links carry a reference.
func (r ItemRef) String() string { return r.Drive + "~" + r.Item }

// ParseRef reads what String writes. Its error is a fault of kind Invalid.
func ParseRef(s string) (ItemRef, error) {
	drive, item, ok := strings.Cut(s, "~")
	if !ok || !refPart.MatchString(drive) || !refPart.MatchString(item) {
		return ItemRef{}, fault.New(fault.Invalid, "image.ParseRef", "image.ref")
	}
	return ItemRef{drive, item}, nil
}

// Item is a file or folder of a drive, as far as the products look at it.
type Item struct {
	Ref      ItemRef
	Name     string
	Folder   bool
	Size     int64
	MIME     string
	W, H     int    // 0 when the drive does not know
	ETag     string // changes with every change of the item
	WebURL   string // where people see it in a browser
	Parent   ItemRef
	Modified time.Time
	By       string // display name of whoever changed it last; shown, never stored
}

// IsPicture tells whether the drive takes an item for a picture that the engine may read.
func (i Item) IsPicture() bool { return !i.Folder && strings.HasPrefix(i.MIME, "image/") }

// Version is a kept earlier state of a file.
type Version struct {
	ID       string
	Size     int64
	Modified time.Time
	By       string
}

// Arrival is a picture that came into a folder. It holds no name.
type Arrival struct {
	Ref, Parent ItemRef
	Size        int64
	At          time.Time       // when it was made
	By          identity.Person // who made it; empty when that is nobody of the organisation, or not known
}

// Delta is what came into a folder between two tokens.
type Delta struct {
	Arrivals []Arrival
	Token    string    // to ask with the next time
	Newest   time.Time // of the changes that were read, by the drive's own clock; zero when there were none
	More     bool      // there is more behind Token already
}

// Site is a SharePoint site.
type Site struct{ ID, Name, WebURL string }

// Drives read and write pictures where people keep them. Everything is done with the person's own rights. Faults of all
// methods: SignIn when the person has to sign in or to consent first, NotFound, Denied, Busy (throttled, locked or slow),
// each with its own sentence.
type (
	// Finder finds pictures below a folder.
	Finder interface {
		// Images are the pictures of a folder, changed last first; at most limit.
		Images(ctx context.Context, who identity.Caller, in ItemRef, limit int) ([]Item, error)
		// Search finds pictures below a folder by words; at most limit.
		Search(ctx context.Context, who identity.Caller, in ItemRef, words string, limit int) ([]Item, error)
	}
	// Reader reads one picture.
	Reader interface {
		Item(ctx context.Context, who identity.Caller, ref ItemRef) (Item, error)
		// Read gives the bytes of a file and the item that they are of. A file larger than limit is Invalid.
		Read(ctx context.Context, who identity.Caller, ref ItemRef, limit int64) (Item, []byte, error)
		// Thumbnail gives a small picture of a file, about side pixels large; NotFound when the drive has none.
		Thumbnail(ctx context.Context, who identity.Caller, ref ItemRef, side int) (data []byte, contentType string, err error)
		// Versions are the kept states of a file, the newest first.
		Versions(ctx context.Context, who identity.Caller, ref ItemRef) ([]Version, error)
	}
	// Writer writes whole files: afterwards one is there, or nothing has changed.
	Writer interface {
		// Replace makes data the new version of a file that still has the eTag; else the fault is Stale "image.save.changed".
		Replace(ctx context.Context, who identity.Caller, ref ItemRef, eTag string, data []byte) (Item, error)
		// Create makes a file in a folder. When the name is taken, the fault is Stale "image.save.exists", or with rename the
		// drive finds another name.
		Create(ctx context.Context, who identity.Caller, in ItemRef, name string, data []byte, rename bool) (Item, error)
	}
	// Linker goes between items and the addresses people know them by.
	Linker interface {
		// Resolve finds the file or folder behind a sharing link or the address of a page in SharePoint or OneDrive.
		Resolve(ctx context.Context, who identity.Caller, link string) (Item, error)
		// Share gives a link with which the people of the organisation see a file.
		Share(ctx context.Context, who identity.Caller, ref ItemRef) (string, error)
	}
	// Places are where folders are found.
	Places interface {
		// Home is the folder that belongs to where the caller is: the files of a channel (group is the Entra id of its team's
		// group), the person's own drive in a personal chat. NotFound elsewhere.
		Home(ctx context.Context, who identity.Caller, group string) (Item, error)
		// Sites finds sites by words.
		Sites(ctx context.Context, who identity.Caller, words string) ([]Site, error)
		// Drives are the libraries of a site, each as its root folder.
		Drives(ctx context.Context, who identity.Caller, site string) ([]Item, error)
		// Folders are the folders in a folder.
		Folders(ctx context.Context, who identity.Caller, in ItemRef) ([]Item, error)
	}
	// Follower tells what comes into a folder.
	Follower interface {
		// Delta gives the pictures below a folder that were made at since or later, of what changed in its drive after a
		// token; the empty token gives nothing but the token of now. A token that the drive knows no more is Stale
		// "watch.expired".
		Delta(ctx context.Context, who identity.Caller, in ItemRef, token string, since time.Time) (Delta, error)
	}
	// Drives is all of it.
	Drives interface {
		Finder
		Follower
		Reader
		Writer
		Linker
		Places
	}
)
