package sandbox

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"image"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	_ "golang.org/x/image/webp" // what people upload is shown small too
)

// The addresses under which the drives are known to people.
const (
	shareHost = "contoso.sharepoint.example"
	mineHost  = "contoso-my.sharepoint.example"
)

// The drives by the names that the page knows them by; a OneDrive has its person's.
const (
	teamDrive    = "team"
	harbourDrive = "harbour"
)

// exhibit is a file that lies in a drive from the start.
type exhibit struct {
	folder, name string
	content
}

// furnish lays everything out. The caller holds the lock.
func (d *drives) furnish() {
	d.sites = []*site{newSite(teamDrive, "Contoso Sales", "general"), newSite(harbourDrive, "Harbour Office", "group"),
		newSite("logistics", "Contoso Logistics", "logistics"), newSite("press", "Contoso Press", "press")}
	ana, ben := d.world.person("ana").actor(), d.world.person("ben").actor()
	for _, s := range d.sites {
		d.newDrive(s.key, "Documents", "https://"+shareHost+s.path+"/Shared%20Documents", s, nil, ana)
	}
	for _, p := range d.world.people {
		if !p.Guest {
			home := "https://" + mineHost + "/personal/" + strings.NewReplacer("@", "_", ".", "_").Replace(p.UPN) + "/Documents"
			d.newDrive(p.Key, "OneDrive", home, nil, p, p.actor())
		}
	}
	d.lay(teamDrive, ben, d.teamExhibits())
	d.lay(harbourDrive, ana, []exhibit{d.photograph("Berths", vistas()[0]), d.photograph("Berths", vistas()[4])})
	d.lay("ana", ana, []exhibit{d.photograph("Pictures", vistas()[1]), d.photograph("Pictures", vistas()[6]), {"Pictures", "Lighthouse from my phone.jpg", d.phone()}})
	team := d.driveByKey(teamDrive).root
	if n := team.at("Photographs/Regatta.jpg"); n != nil {
		n.holder = "ben"
	}
	if n := team.at("Screenshots/Brand colours.png"); n != nil {
		n.guarded = true
	}
}

func newSite(key, name, chat string) *site {
	return &site{key: key, id: shareHost + "," + stableGUID("site", name) + "," + stableGUID("web", name), name: name,
		path: "/sites/" + strings.ReplaceAll(name, " ", ""), chat: chat}
}

// lay puts exhibits into a drive, each some hours older than the one before it.
func (d *drives) lay(key string, by actor, list []exhibit) {
	dr, now := d.driveByKey(key), d.now().UTC().Truncate(time.Second)
	for i, e := range list {
		folder, err := d.folderAt(dr.root, e.folder, by)
		if err != nil || !validName(e.name) || folder.child(e.name) != nil {
			continue // a picture of a folder whose name SharePoint would not take
		}
		d.add(dr, &node{name: e.name, parent: folder, content: e.content, maker: by, changer: by, made: now.Add(-time.Duration(7*i+1) * time.Hour)})
	}
}

// teamExhibits are the files of the team's library. The folders of the channels come first.
func (d *drives) teamExhibits() []exhibit {
	list := []exhibit{
		{"General", "Harbour in the evening.jpg", d.sample("harbour.jpg", 544<<10, 3000, 2000, func(side int) image.Image { return harbourView(fitting(3000, 2000, side)) })},
		{"General", "Lighthouse from the phone.jpg", d.phone()},
		{"General", "Sailing boat.gif", d.sample("boat.gif", 64<<10, 320, 240, func(int) image.Image { return boatAt(0) })},
		{"General", "Minutes of the harbour meeting.txt", held("a.txt", []byte("The quay is painted in spring. The printer on floor 2 has a new password.\n"))},
		d.photograph("Leads", vistas()[10]),
	}
	list = append(list, d.photographs()...)
	return append(list,
		exhibit{"Screenshots", "Printer settings.png", d.sample("settings.png", 96<<10, 1600, 1000, nil)},
		exhibit{"Screenshots", "Brand colours.png", d.vista(vistas()[11])},
		exhibit{"Papers", "Berths 2026.xlsx", held("a.xlsx", emptySheet())},
		exhibit{"Papers", "Read me.txt", held("a.txt", []byte("Everything here is invented.\n"))},
	)
}

// photographs are the pictures of a folder of this machine, or drawn ones when none is named.
func (d *drives) photographs() []exhibit {
	var list []exhibit
	if d.samples.folder == "" {
		for _, v := range vistas() {
			list = append(list, d.photograph("Photographs", v))
		}
		return list
	}
	found, err := d.samples.list()
	if err != nil {
		return nil // it was there at the start; an empty folder tells that it went
	}
	for _, one := range found {
		c := content{kind: one.kind, read: one.open}
		c.size, c.w, c.h = d.samples.measure(one.name)
		list = append(list, exhibit{"Photographs", one.name, c})
	}
	return list
}

// measure tells how large a file of the folder is, and the picture in it if that can be told from its beginning.
func (s *samples) measure(name string) (size int64, w, h int) {
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return 0, 0, 0
	}
	defer root.Close()
	file, err := root.Open(name)
	if err != nil {
		return 0, 0, 0
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		size = info.Size()
	}
	cfg, _, _ := image.DecodeConfig(bufio.NewReader(io.LimitReader(file, 1<<20))) // what is not understood has no size
	return size, cfg.Width, cfg.Height
}

func (d *drives) photograph(folder string, v vista) exhibit {
	return exhibit{folder, v.name, d.vista(v)}
}

func (d *drives) vista(v vista) content {
	return d.drawn(v.name, v.size, v.w, v.h, v.file, func(side int) image.Image { return v.paint(side) })
}

// phone is the picture that lies on its side.
func (d *drives) phone() content {
	c := d.sample("lighthouse.jpg", 208<<10, 1600, 1200, func(side int) image.Image { return phoneView(fitting(1200, 1600, side)) })
	c.turn = 6
	return c
}

// sample is a picture that the page offers as well.
func (d *drives) sample(name string, size int64, w, h int, small func(int) image.Image) content {
	at := slices.IndexFunc(d.samples.drawn, func(one offer) bool { return one.name == name })
	return d.drawn(name, size, w, h, d.samples.drawn[at].open, small)
}

// drawn is a picture whose bytes are made when they are first read, and then kept; its size is told before.
func (d *drives) drawn(name string, size int64, w, h int, draw func() ([]byte, error), small func(int) image.Image) content {
	if _, ok := d.pictures[name]; !ok {
		d.pictures[name] = content{kind: kindOf(name), size: size, w: w, h: h, small: small, read: sync.OnceValues(func() ([]byte, error) {
			data, err := draw()
			return fileOf(data, size), err
		})}
	}
	return d.pictures[name]
}

// fitting is a size with even sides, as shading works on squares of four pixels.
func fitting(w, h, side int) (int, int) {
	w, h = within(w, h, side, side)
	return w + w%2, h + h%2
}

// emptySheet is a file that calls itself a table: an archive, and no picture.
func emptySheet() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("[Content_Types].xml")
	if err == nil {
		_, err = io.WriteString(w, `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`)
	}
	if errors.Join(err, z.Close()) != nil {
		return nil // writing to memory does not fail
	}
	return b.Bytes()
}
