package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/imaging"
	"teamspro/internal/web"
	"teamspro/store"
)

// pictureSettings bound what Image Pro takes and how much it may use. Zero means the engine's own default.
type pictureSettings struct {
	Workers   int           `default:"0" env:"WORKERS" help:"Pictures that are worked on at a time, each in a process of its own; 0 is one a core."`
	Queue     int           `default:"0" env:"QUEUE" help:"Pictures that may wait for that; 0 is four for each worker. Beyond it people are told to try again."`
	MemoryMB  int64         `default:"600" env:"MEMORY_MB" help:"Memory that one of these processes may take, in MB."`
	HeldMB    int64         `default:"128" env:"HELD_MB" help:"Memory for the pictures that people handed over, in MB; the oldest go first."`
	MaxMB     int64         `default:"32" env:"MAX_MB" help:"Largest file that is taken, in MB."`
	MaxPixels int64         `name:"max-megapixels" default:"50" env:"MAX_MEGAPIXELS" help:"Largest picture that is taken or made, in megapixels over all frames."`
	MaxFrames int           `default:"500" env:"MAX_FRAMES" help:"Most frames of an animated picture."`
	MaxSide   int           `default:"16383" env:"MAX_SIDE" help:"Longest side of a result, in pixels."`
	MaxTime   time.Duration `default:"10s" env:"MAX_TIME" help:"Longest that one picture may take."`
}

// check names the settings that make no sense.
func (s pictureSettings) check() error {
	var problems []error
	least := func(name string, value, least int64) {
		if value < least {
			problems = append(problems, fmt.Errorf("TEAMSPRO_PICTURE_%s is less than %d", name, least))
		}
	}
	least("WORKERS", int64(s.Workers), 0)
	least("QUEUE", int64(s.Queue), 0)
	least("MEMORY_MB", s.MemoryMB, 100)
	least("HELD_MB", s.HeldMB, 1)
	least("MAX_MB", s.MaxMB, 1)
	least("MAX_MEGAPIXELS", s.MaxPixels, 1)
	least("MAX_FRAMES", int64(s.MaxFrames), 1)
	least("MAX_SIDE", int64(s.MaxSide), 16)
	if s.MaxTime < time.Second {
		problems = append(problems, errors.New("TEAMSPRO_PICTURE_MAX_TIME is less than 1s"))
	}
	return errors.Join(problems...)
}

func (s pictureSettings) engine() imaging.Config {
	return imaging.Config{Workers: s.Workers, Queue: s.Queue, Memory: s.MemoryMB * 1_000_000, MaxBytes: s.MaxMB << 20, MaxPixels: s.MaxPixels * 1_000_000,
		MaxFrames: s.MaxFrames, MaxSide: s.MaxSide, MaxOutput: s.MaxPixels * 1_000_000, Timeout: s.MaxTime}
}

func (s pictureSettings) limits() image.Limits {
	return image.Limits{Side: s.MaxSide, Pixels: int(s.MaxPixels * 1_000_000)}
}

// pictures is what Image Pro works with.
type pictures struct {
	engine  *imaging.Pool
	studio  *image.Studio
	drives  image.Drives // nil without SharePoint
	gallery *image.Gallery
	links   *web.Links
	server  *web.PreviewServer
}

// newPictures starts the engine. Drives may be nil.
func newPictures(s *settings, drives image.Drives) (*pictures, error) {
	links, err := newLinks(s)
	if err != nil {
		return nil, err
	}
	p := &pictures{drives: drives, links: links}
	if p.engine, err = imaging.New(s.Pictures.engine()); err != nil {
		return nil, err
	}
	p.studio = image.NewStudio(image.StudioConfig{Engine: p.engine, Limits: s.Pictures.limits(), Memory: s.Pictures.HeldMB << 20, Drives: drives, Marks: p.mark, MaxBytes: s.Pictures.MaxMB << 20})
	if p.server, err = web.NewPreviewServer(p.links, p.studio, filepath.Join(s.Data, "previews")); err != nil {
		p.engine.Close()
		return nil, fmt.Errorf("TEAMSPRO_DATA: %w", err)
	}
	return p, nil
}

// mark is the picture that a watermark names: one of the library of the conversation.
func (p *pictures) mark(ctx context.Context, who identity.Caller, name string) ([]byte, error) {
	return p.gallery.Mark(ctx, who, name)
}

// open gives what people do with files. Without drives it says so.
func (p *pictures) open(db *store.DB, roster image.Roster, now func() time.Time) *image.Gallery {
	p.gallery = image.NewGallery(image.GalleryConfig{Studio: p.studio, Drives: p.drives, Roster: roster, Libraries: db.Libraries(), Aside: db.Aside(), Seen: db.Seen(), Captions: db.Captions(), Saves: db.Saves(), Now: now})
	return p.gallery
}

// preview is the address of a picture after a plan.
func (p *pictures) preview(t identity.Tenant, picture, plan string, side int, language string) string {
	return p.links.Address(web.Preview{Tenant: t, Image: picture, Plan: plan, Side: side, Lang: language})
}

func (p *pictures) close() error {
	p.engine.Close()
	return p.server.Close()
}

// newLinks reads, or at the first start makes, the key that links are signed with.
func newLinks(s *settings) (*web.Links, error) {
	key, err := linkKey(filepath.Join(s.Data, "links.key"))
	if err != nil {
		return nil, fmt.Errorf("TEAMSPRO_DATA: %w", err)
	}
	return web.NewLinks(s.PublicURL, key, nil), nil
}

// linkKey is the secret behind signed links: 32 bytes, written as hexadecimal digits in a file that only the service
// reads. Another key makes all links that are out there worthless, and nothing else.
func linkKey(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return newLinkKey(file)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != linkKeySize {
		return nil, fmt.Errorf("%s is not a key of %d hexadecimal digits; remove it, and a new one is made", filepath.Base(file), 2*linkKeySize)
	}
	return key, nil
}

const linkKeySize = 32

func newLinkKey(file string) ([]byte, error) {
	key := make([]byte, linkKeySize)
	_, _ = rand.Read(key) // never fails
	return key, replaceFile(context.Background(), file, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, hex.EncodeToString(key))
		return err
	})
}
