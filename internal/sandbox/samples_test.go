package sandbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/gif"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tinyGIF is a whole picture of one pixel.
const tinyGIF = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// passwordBox is where the password stands in the picture of the settings, in pixels.
var passwordBox = image.Rect(500, 584, 1180, 636)

// listed are the names and types of the pictures that a sandbox offers.
func (r *rig) listed() map[string]string {
	r.t.Helper()
	status, body := r.do("GET", r.base+"/api/pictures", "", nil)
	var answer struct{ Pictures []sampleView }
	if err := json.Unmarshal([]byte(body), &answer); status != 200 || err != nil {
		r.t.Fatalf("the list: %d %v", status, err)
	}
	found := map[string]string{}
	for _, one := range answer.Pictures {
		found[one.Name] = one.ContentType
	}
	return found
}

// picture fetches a sample by its name.
func (r *rig) picture(name string) (status int, kind string, data []byte) {
	r.t.Helper()
	res := r.send("GET", r.base+"/api/pictures/"+url.PathEscape(name), "", nil)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), data
}

func TestDrawnSamples(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kinds := r.listed()
	for _, want := range []struct {
		name, format string
		w, h         int
	}{
		{"harbour.jpg", "jpeg", 3000, 2000},
		{"settings.png", "png", 1600, 1000},
		{"boat.gif", "gif", 320, 240},
		{"lighthouse.jpg", "jpeg", 1600, 1200}, // it lies on its side
	} {
		status, kind, data := r.picture(want.name)
		cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
		if status != 200 || err != nil || format != want.format || cfg.Width != want.w || cfg.Height != want.h {
			t.Errorf("%s: %d, %s %d×%d %v", want.name, status, format, cfg.Width, cfg.Height, err)
		}
		if kind != "image/"+want.format || kinds[want.name] != kind || len(data) > 1<<20 {
			t.Errorf("%s: %s, listed as %q, %d bytes", want.name, kind, kinds[want.name], len(data))
		}
	}
	if len(kinds) != 4 {
		t.Errorf("the list has %v", kinds)
	}
	if status, _, _ := r.picture("other.jpg"); status != 404 {
		t.Errorf("a picture that is not there: %d", status)
	}
}

func TestTheBoatMoves(t *testing.T) {
	t.Parallel()
	data, err := boatPicture()
	if err != nil {
		t.Fatal(err)
	}
	moving, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil || len(moving.Image) != boatFrames || moving.LoopCount != 0 {
		t.Fatalf("%d frames, %d loops, %v", len(moving.Image), moving.LoopCount, err)
	}
	for i, frame := range moving.Image[1:] {
		if bytes.Equal(frame.Pix, moving.Image[i].Pix) {
			t.Errorf("frame %d is the one before it", i+1)
		}
	}
}

// TestThePasswordIsToBeRead: what a redaction is tried on must be there.
func TestThePasswordIsToBeRead(t *testing.T) {
	t.Parallel()
	data, err := settingsPicture()
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	ink := 0
	for y := passwordBox.Min.Y; y < passwordBox.Max.Y; y++ {
		for x := passwordBox.Min.X; x < passwordBox.Max.X; x++ {
			if red, _, _, _ := img.At(x, y).RGBA(); red < 0x6000 {
				ink++
			}
		}
	}
	if ink < 500 {
		t.Errorf("%d dark pixels where the password should stand", ink)
	}
}

// TestThePhoneTellsWhere reads the fields as any reader of them does: by their offsets.
func TestThePhoneTellsWhere(t *testing.T) {
	t.Parallel()
	data, err := phonePicture()
	if err != nil || !bytes.HasPrefix(data, []byte("\xff\xd8\xff\xe1")) || string(data[6:12]) != "Exif\x00\x00" {
		t.Fatalf("it does not begin with its fields: %v", err)
	}
	block := data[12 : 4+int(binary.BigEndian.Uint16(data[4:]))]
	le := binary.LittleEndian
	directory := func(at uint32) map[uint16][]byte {
		found := map[uint16][]byte{}
		for i := range uint32(le.Uint16(block[at:])) {
			entry := block[at+2+12*i:][:12]
			found[le.Uint16(entry)] = entry[4:]
		}
		return found
	}
	first := directory(le.Uint32(block[4:]))
	place := directory(le.Uint32(first[0x8825][4:]))
	text := func(field []byte) string { return string(block[le.Uint32(field[4:]):][:le.Uint32(field)-1]) }
	degrees := func(field []byte) (sum float64) {
		at := block[le.Uint32(field[4:]):]
		for i, part := range []float64{1, 60, 3600} {
			sum += float64(le.Uint32(at[8*i:])) / float64(le.Uint32(at[8*i+4:])) / part
		}
		return sum
	}
	if got := le.Uint16(first[0x0112][4:]); got != 6 || text(first[0x010f]) != "Contoso" {
		t.Errorf("orientation %d, made by %q", got, text(first[0x010f]))
	}
	if got := fmt.Sprintf("%.3f%c %.3f%c", degrees(place[2]), place[1][4], degrees(place[4]), place[3][4]); got != "54.512N 3.207E" {
		t.Errorf("taken at %s", got)
	}
	if _, err := jpegSize(data); err != nil {
		t.Errorf("with its fields it is no picture any more: %v", err)
	}
}

func jpegSize(data []byte) (image.Config, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	return cfg, err
}

// TestSamplesOfAFolder: what is offered lies in the folder and is a picture by its bytes; nothing else can be fetched.
func TestSamplesOfAFolder(t *testing.T) {
	t.Parallel()
	outside, folder := t.TempDir(), t.TempDir()
	put := func(path, data string) string {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := put(filepath.Join(outside, "secret.gif"), tinyGIF)
	put(filepath.Join(folder, "a b%2f?.gif"), tinyGIF)
	put(filepath.Join(folder, "wrong-name.txt"), tinyGIF)
	put(filepath.Join(folder, "page.gif"), "<html>no picture</html>")
	put(filepath.Join(folder, "drawing.svg"), `<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`)
	put(filepath.Join(folder, "empty.png"), "")
	put(filepath.Join(folder, ".hidden.gif"), tinyGIF)
	put(filepath.Join(folder, "large.gif"), tinyGIF+strings.Repeat(" ", maxFile))
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(secret, "out.gif")
	link("../"+filepath.Base(outside)+"/secret.gif", "up.gif")
	link("wrong-name.txt", "inside.gif")
	link("inside2.gif", "inside2.gif")
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.gif"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "sub.gif"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(folder, "sub.gif", "deep.gif"), tinyGIF)

	r := newRig(t, func(c *Config) { c.Pictures = folder })
	got := r.listed()
	if len(got) != 3 || got["a b%2f?.gif"] != "image/gif" || got["wrong-name.txt"] != "image/gif" || got["inside.gif"] != "image/gif" {
		t.Errorf("listed are %v", got)
	}
	for name, want := range map[string]int{
		"a b%2f?.gif": 200, "wrong-name.txt": 200, "inside.gif": 200,
		"out.gif": 404, "up.gif": 404, "inside2.gif": 404, "pipe.gif": 404, "sub.gif": 404, "sub.gif/deep.gif": 404, "page.gif": 404,
		"drawing.svg": 404, "empty.png": 404, ".hidden.gif": 404, "large.gif": 404,
		"../" + filepath.Base(outside) + "/secret.gif": 404, secret: 404, "": 404, "a\x00b.gif": 404, "harbour.jpg": 404,
	} {
		status, _, data := r.picture(name)
		if status != want || status == 200 && string(data) != tinyGIF {
			t.Errorf("%q: %d, %d bytes", name, status, len(data))
		}
	}
}

func TestAFolderOffersSoMany(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range maxSamples + 3 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%03d.gif", i)), []byte(tinyGIF), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := newSamples(folder)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.list()
	if err != nil || len(all) != maxSamples || all[0].name != "000.gif" {
		t.Errorf("%d are offered, %v", len(all), err)
	}
	if err := os.WriteFile(filepath.Join(folder, "000.gif"), []byte("no picture any more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].open(); err == nil {
		t.Error("a file that changed since it was listed is given away")
	}
	if _, err := newSamples(filepath.Join(folder, "none")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

func TestPictureKind(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"\xff\xd8\xff\xe0": "image/jpeg", "\x89PNG\r\n\x1a\n": "image/png", tinyGIF: "image/gif", "RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp",
		"\x00\x00\x00\x1cftypavif": "image/avif", "\x00\x00\x00\x1cftypheic": "image/heic", "\x00\x00\x00\x1cftypmp42": "",
		"II*\x00": "image/tiff", "MM\x00*": "image/tiff", "%PDF-1.7": "", "BM\x00\x00": "", "": "", "\x00": "",
	} {
		if got := pictureKind([]byte(head)); got != want {
			t.Errorf("%q: %q instead of %q", head, got, want)
		}
	}
}
