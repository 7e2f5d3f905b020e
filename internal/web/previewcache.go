package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

// Bounds of what is kept of previews.
const (
	cacheMemory = 6 << 20   // bytes in memory: what a whole channel looks at right now; the system keeps the files of the folder at hand
	cacheDisk   = 256 << 20 // bytes in the folder
	cacheLife   = 24 * time.Hour
)

// previewCache keeps previews that were made: the newest in memory, more of them in a folder. What is in the folder does
// not outlive the process, since only the process knows which of it may still be seen.
type previewCache struct {
	memory *otter.Cache[string, shown]
	folder string // empty keeps none on disk
	now    func() time.Time

	mu    sync.Mutex // of the folder
	bytes int64      // in the folder
}

// newPreviewCache begins with nothing; what another process left in the folder is removed.
func newPreviewCache(folder string, now func() time.Time) (*previewCache, error) {
	c := &previewCache{folder: folder, now: now, memory: otter.Must(&otter.Options[string, shown]{
		MaximumWeight: cacheMemory, Weigher: func(key string, s shown) uint32 { return uint32(len(key) + len(s.Data)) },
		ExpiryCalculator: otter.ExpiryWriting[string, shown](time.Hour),
	})}
	if folder == "" {
		return c, nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	return c, os.MkdirAll(folder, 0o700)
}

// close removes the folder.
func (c *previewCache) close() error {
	if c.folder == "" {
		return nil
	}
	return os.RemoveAll(c.folder)
}

// get gives a preview that was made before, or has it made, once for all who ask at the same time.
func (c *previewCache) get(ctx context.Context, p Preview, render func(context.Context) (shown, error)) (shown, error) {
	return c.memory.Get(ctx, previewKey(p), otter.LoaderFunc[string, shown](func(ctx context.Context, key string) (shown, error) {
		if p, ok := c.read(key); ok {
			return p, nil
		}
		p, err := render(ctx)
		if err == nil {
			c.write(key, p)
		}
		return p, err
	}))
}

// previewKey names a preview without telling what it shows.
func previewKey(p Preview) string {
	h := sha256.New()
	for _, part := range []string{string(p.Tenant), p.Image, p.Plan, strconv.Itoa(p.Side)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// read takes a preview from the folder: its content type, a line feed, its bytes.
func (c *previewCache) read(key string) (shown, bool) {
	if c.folder == "" {
		return shown{}, false
	}
	name := filepath.Join(c.folder, key)
	info, err := os.Stat(name)
	if err != nil || c.now().Sub(info.ModTime()) > cacheLife {
		return shown{}, false
	}
	data, err := os.ReadFile(name)
	kind, data, ok := bytes.Cut(data, []byte{'\n'})
	return newShown(data, string(kind)), err == nil && ok
}

// write puts a preview into the folder. That it fails costs a second rendering, nothing else.
func (c *previewCache) write(key string, s shown) {
	if c.folder == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int64(len(s.Kind) + 1 + len(s.Data))
	if c.bytes+size > cacheDisk {
		c.sweep(cacheDisk / 2)
	}
	temp := filepath.Join(c.folder, key+".part")
	if os.WriteFile(temp, slices.Concat([]byte(s.Kind), []byte{'\n'}, s.Data), 0o600) != nil || os.Rename(temp, filepath.Join(c.folder, key)) != nil {
		_ = os.Remove(temp) // half a file is worth nothing, and may not be there
		return
	}
	c.bytes += size
}

// sweep removes the oldest files until no more than a number of bytes stay, and what is past its time.
func (c *previewCache) sweep(keep int64) {
	type kept struct {
		name string
		size int64
		at   time.Time
	}
	var files []kept
	entries, _ := os.ReadDir(c.folder) // what cannot be read cannot be swept either
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			files = append(files, kept{filepath.Join(c.folder, e.Name()), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b kept) int { return b.at.Compare(a.at) })
	c.bytes = 0
	for _, f := range files {
		if c.bytes+f.size > keep || c.now().Sub(f.at) > cacheLife {
			_ = os.Remove(f.name) // it will be tried again at the next sweep
			continue
		}
		c.bytes += f.size
	}
}
