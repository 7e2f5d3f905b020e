package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/maypok86/otter/v2"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

const (
	avatarSize    = 96  // pixels of a side
	avatarType    = 40  // height of the letters in pixels
	avatarCache   = 512 // pictures kept
	avatarCaching = "public, max-age=31536000, immutable"
	maxFileName   = 2*utf8.UTFMax + len(avatarSuffix)
	avatarSuffix  = ".png"
)

// AvatarPath gives the path of the picture for a name: the first letters of its first and last word, or of the
// first alone when the kind is no "person" ("Contoso Ltd" is C). What follows in brackets does not count.
// A name without letters has no picture: "".
func AvatarPath(name, kind string) string {
	words := strings.FieldsFunc(norm.NFC.String(clip(name)), isBreak)
	var letters []rune
	for _, w := range words {
		if i := strings.IndexFunc(w, unicode.IsLetter); i >= 0 {
			r, _ := utf8.DecodeRuneInString(w[i:])
			letters = append(letters, unicode.ToUpper(r))
		}
	}
	switch {
	case len(letters) == 0:
		return ""
	case len(letters) == 1 || kind != "person":
		letters = letters[:1]
	default:
		letters = []rune{letters[0], letters[len(letters)-1]}
	}
	return "/avatar/" + url.PathEscape(string(letters)+avatarSuffix)
}

// clip keeps what stands before a bracket, and no more than a name can hold.
func clip(name string) string {
	if i := strings.IndexAny(name, "([{"); i > 0 {
		name = name[:i]
	}
	return name[:min(len(name), 1024)]
}

// isBreak parts a name; "Jean-Luc" is one word.
func isBreak(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`,;/()[]{}"“”«»`, r)
}

// initials takes the letters out of a file name as AvatarPath writes it. Every picture has one address.
func initials(name string) (string, bool) {
	letters, ok := strings.CutSuffix(name, avatarSuffix)
	if !ok || len(name) > maxFileName || !utf8.ValidString(letters) {
		return "", false
	}
	for _, r := range letters {
		if !unicode.IsLetter(r) || unicode.ToUpper(r) != r {
			return "", false
		}
	}
	n := utf8.RuneCountInString(letters)
	return letters, n == 1 || n == 2
}

// palette are the grounds of the pictures, each dark enough for white letters (contrast 4.5:1 and more).
var palette = []color.NRGBA{
	{0x9b, 0x2c, 0x4f, 255}, {0xb0, 0x3a, 0x2e, 255}, {0x9a, 0x4a, 0x12, 255}, {0x7a, 0x5c, 0x00, 255},
	{0x4d, 0x6b, 0x1f, 255}, {0x1e, 0x70, 0x45, 255}, {0x0f, 0x6e, 0x6e, 255}, {0x1b, 0x67, 0x94, 255},
	{0x2f, 0x58, 0xb5, 255}, {0x55, 0x4a, 0xb8, 255}, {0x7d, 0x3f, 0xa8, 255}, {0x5b, 0x60, 0x6b, 255},
}

var ink = color.NRGBA{255, 255, 255, 255}

// ground is the colour of some letters, always the same.
func ground(letters string) color.NRGBA {
	h := fnv.New32a()
	h.Write([]byte(letters))
	return palette[h.Sum32()%uint32(len(palette))]
}

// avatars draws pictures of initials and keeps the ones asked for last.
type avatars struct {
	font  *opentype.Font
	cache *otter.Cache[string, picture]
}

type picture struct {
	png  []byte
	etag string
}

// typeface is the letters of all pictures that are drawn here.
var typeface = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		panic("web: " + err.Error()) // the font is part of the program
	}
	return f
})

func newAvatars() *avatars {
	return &avatars{font: typeface(), cache: otter.Must(&otter.Options[string, picture]{MaximumSize: avatarCache})}
}

// ServeHTTP answers /avatar/{file}.
func (a *avatars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	letters, ok := initials(r.PathValue("file"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	p, err := a.cache.Get(r.Context(), letters, otter.LoaderFunc[string, picture](a.draw))
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", avatarCaching)
	h.Set("ETag", p.etag)
	if r.Header.Get("If-None-Match") == p.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(p.png) // the reader may be gone
}

// draw makes the picture: the letters, or a silhouette where the font does not have them.
func (a *avatars) draw(_ context.Context, letters string) (picture, error) {
	face, err := opentype.NewFace(a.font, &opentype.FaceOptions{Size: avatarType, DPI: 72})
	if err != nil {
		return picture{}, err
	}
	defer face.Close()
	img := image.NewNRGBA(image.Rect(0, 0, avatarSize, avatarSize))
	fill(img, ground(letters), disc(0.5, 0.5, 0.5))
	if a.covers(letters) {
		write(img, face, letters)
	} else {
		fill(img, ink, disc(0.5, 0.38, 0.15), shoulders)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return picture{}, err
	}
	sum := sha256.Sum256(buf.Bytes())
	return picture{png: buf.Bytes(), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}, nil
}

func (a *avatars) covers(letters string) bool {
	for _, r := range letters {
		if i, err := a.font.GlyphIndex(nil, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

// write puts the letters in the middle, by what they cover rather than by the line they stand on.
func write(img *image.NRGBA, face font.Face, letters string) {
	bounds, _ := font.BoundString(face, letters)
	middle := fixed.I(avatarSize) / 2
	d := font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: face, Dot: fixed.Point26_6{
		X: middle - (bounds.Min.X+bounds.Max.X)/2,
		Y: middle - (bounds.Min.Y+bounds.Max.Y)/2,
	}}
	d.DrawString(letters)
}

// shape gives the distance of a point of the unit square to an edge, in units: positive inside.
type shape func(x, y float64) float64

func disc(cx, cy, r float64) shape {
	return func(x, y float64) float64 { return r - math.Sqrt((x-cx)*(x-cx)+(y-cy)*(y-cy)) }
}

// shoulders are a disc that ends within the round picture.
func shoulders(x, y float64) float64 {
	return min(disc(0.5, 0.85, 0.27)(x, y), disc(0.5, 0.5, 0.5)(x, y))
}

// fill paints the shapes in one colour, with smooth edges.
func fill(img *image.NRGBA, c color.NRGBA, shapes ...shape) {
	for py := range avatarSize {
		for px := range avatarSize {
			x, y := (float64(px)+0.5)/avatarSize, (float64(py)+0.5)/avatarSize
			cover := 0.0
			for _, s := range shapes {
				cover = max(cover, min(s(x, y)*avatarSize+0.5, 1))
			}
			switch {
			case cover == 1:
				img.SetNRGBA(px, py, c)
			case cover > 0:
				img.SetNRGBA(px, py, blend(img.NRGBAAt(px, py), c, cover))
			}
		}
	}
}

// blend lays a colour over another; cover is 0 to 1.
func blend(under, over color.NRGBA, cover float64) color.NRGBA {
	if under.A == 0 {
		over.A = uint8(math.Round(255 * cover))
		return over
	}
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*cover)) }
	return color.NRGBA{mix(under.R, over.R), mix(under.G, over.G), mix(under.B, over.B), under.A}
}
