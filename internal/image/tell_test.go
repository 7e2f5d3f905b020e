package image

import (
	"strings"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ plan, en, fr string }{
		{"strip", "", ""},
		{"resize 800", "resized to 800 px wide", "redimensionnée à 800 px de large"},
		{"resize 12.5%", "resized to 12.5% of its size", "redimensionnée à 12,5 % de sa taille"},
		{"resize x600", "resized to 600 px high", "redimensionnée à 600 px de haut"},
		{"resize 800x600 fill", "cropped and resized to 800 px × 600 px", "recadrée et redimensionnée à 800 px × 600 px"},
		{"crop 16:9 | crop square", "cropped to 16:9, cropped to a square", "recadrée en 16:9, recadrée en carré"},
		{"rotate left | rotate 180 | mirror", "turned to the left, turned upside down, left and right swapped", "tournée vers la gauche, tournée d’un demi-tour, gauche et droite inversées"},
		{"pad 20 navy", "border added (navy)", "bordure ajoutée (bleu marine)"},
		{"pad 20 #123456", "border added (#123456)", "bordure ajoutée (#123456)"},
		{"brightness +10 | contrast -5", "brighter by 10%, contrast down by 5%", "éclaircie de 10 %, contraste réduit de 5 %"},
		{"redact top 10%", "1 area covered", "1 zone masquée"},
		{"redact blur top 10% bottom 10%", "2 areas blurred", "2 zones floutées"},
		{`text "Hello" top`, "with the words “Hello”", "avec les mots « Hello »"},
		{"watermark @logo", "with the watermark @logo", "avec le filigrane @logo"},
		{"webp q80 | under 1.5 MB | keep metadata", "as WebP, in quality 80, at most 1.5 MB, with its metadata", "en WebP, en qualité 80, 1,5 Mo au plus, avec ses métadonnées"},
	} {
		for l, want := range map[string]string{"en": row.en, "fr": row.fr} {
			if got := spoken(l, must(t, row.plan).Describe()); got != want {
				t.Errorf("%s in %s: %q, want %q", row.plan, l, got, want)
			}
		}
	}
}

// spoken says notes with plain blanks.
func spoken(language string, notes []Note) string {
	var all []string
	for _, n := range notes {
		all = append(all, n.Say(lang.For(language).Text))
	}
	return strings.NewReplacer("\u00a0", " ").Replace(strings.Join(all, ", "))
}

func TestAltText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     any
		plan, en string
	}{
		{nil, "strip", "Picture, 800 × 600"},
		{"", "resize 800 | webp", "Picture, 800 × 600"},
		{"Screenshot", "resize 800", "Screenshot, 800 × 600"},
		{"Screenshot", "redact top 10% | grey | redact bottom 10%", "Screenshot, in shades of grey, 2 areas covered, 800 × 600"},
		{"Plan", `text "Exit" top | arrow 1,1 9,9`, "Plan, with the words “Exit”, with an arrow, 800 × 600"},
		{Note{Key: "image.preset.emoji"}, "blur 3", "Emoji 128, 800 × 600"},
	} {
		if got := spoken("en", []Note{AltText(row.name, must(t, row.plan), Facts{W: 800, H: 600})}); got != row.en {
			t.Errorf("%s: %q, want %q", row.plan, got, row.en)
		}
	}
}

func TestSayBytes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		n      int64
		en, fr string
	}{
		{0, "0 bytes", "0 octet"}, {1, "1 byte", "1 octet"}, {999, "999 bytes", "999 octets"},
		{1000, "1 KB", "1 Ko"}, {199_600, "200 KB", "200 Ko"}, {999_499, "999 KB", "999 Ko"},
		{999_500, "1 MB", "1 Mo"}, {1_440_000, "1.4 MB", "1,4 Mo"}, {12_000_000, "12 MB", "12 Mo"},
	} {
		for l, want := range map[string]string{"en": row.en, "fr": row.fr} {
			got := spoken(l, []Note{{Key: NoteBytesNotReached, Args: []any{"Bytes", row.n, "Limit", int64(1000)}}})
			if !strings.Contains(got, " "+want) {
				t.Errorf("%d in %s: %q, want %q in it", row.n, l, got, want)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		key   string
		limit any
		part  string
	}{
		{FaultTooLargeBytes, int64(32_000_000), "larger than 32 MB,"},
		{FaultTooMuchMemory, int64(600_000_000), "more than 600 MB of"},
		{FaultTooManyPixels, int64(50_000_000), "more than 50 million pixels"},
		{FaultTooManyPixels, 2_500_000, "more than 2.5 million pixels"},
		{FaultTooManyFrames, 500, "more than 500 frames"},
		{FaultTooSlow, 10 * time.Second, "longer than 10 seconds and"},
		{FaultTooSlow, 500 * time.Millisecond, "longer than 1 second and"},
	} {
		got := Explain(fault.New(fault.Invalid, "imaging.Probe", row.key, "Limit", row.limit)).Say(lang.For("en").Text)
		if !strings.Contains(got, row.part) {
			t.Errorf("%s of %v says %q, want %q in it", row.key, row.limit, got, row.part)
		}
	}
}

// TestSayChangesNothing: a note can be said twice, in two languages.
func TestSayChangesNothing(t *testing.T) {
	t.Parallel()
	n := must(t, "resize 12.5%").Describe()[0]
	if spoken("fr", []Note{n}) == spoken("en", []Note{n}) || spoken("en", []Note{n}) != "resized to 12.5% of its size" {
		t.Error(n)
	}
}

// TestEngineKeys: each key that an engine uses has a text, which its arguments fill.
func TestEngineKeys(t *testing.T) {
	t.Parallel()
	args := []any{"W", 8, "H", 6, "Bytes", int64(9), "Limit", 7, "Quality", 60, "Format", "TIFF"}
	for _, k := range []string{
		NoteClamped, NoteFewerPixels, NoteTransparent, NoteNotEnlarged, NoteFirstFrame, NoteBytesNotReached, NoteQuality, NoteFormatChanged, NoteWeakRedaction, NoteAlphaLost,
		FaultTooLargeBytes, FaultTooManyPixels, FaultTooManyFrames, FaultEmpty, FaultNotAnImage, FaultUnsupported, FaultTruncated, FaultBusy,
		FaultTooSlow, FaultWorkerDied, FaultTooMuchMemory, FaultNoCodec, FaultUnsafeKind,
	} {
		for _, l := range lang.Languages {
			if s := (Note{k, args}).Say(lang.For(l).Text); s == k || strings.Contains(s, "<no value>") {
				t.Errorf("%s says %q of %s", l, s, k)
			}
		}
	}
}
