package image

import "strings"

// verb is a word that begins a step: its name, other words for it (a hyphen stands for a blank), a step that is right,
// and how what stands behind it is read.
type verb struct {
	name, aliases, example string
	parse                  func(*args, *Plan)
}

// table is every verb there is, in the order in which people look for them.
func table() []verb {
	return []verb{
		{"resize", "scale size max fit redimensionner taille reduire redimensionne ajuster echelle agrandir enlarge shrink", "resize 800x600 fill", parseResize},
		{"crop", "recadrer rogner recadre rogne recadrage", "crop 16:9", parseCrop},
		{"rotate", "turn pivoter tourner pivote tourne rotation", "rotate 90", parseRotate},
		{"flip", "retourner upside-down", "flip", parseFlip},
		{"mirror", "flop miroir", "mirror", parseMirror},
		{"trim", "detourer rogner-bords couper-bords", "trim 10", parseTrim},
		{"pad", "border margin marge bordure bord", "pad 20 white", parsePad},
		{"background", "fond arriere-plan", "background white", parseBackground},
		{"round", "rounded round-corners rounded-corners arrondir arrondi coins-arrondis arrondir-coins", "round 24", parseRound},
		{"blur", "flou flouter floute soften", "blur 3", parseBlur},
		{"sharpen", "sharp nettete accentuer affuter nettete-plus", "sharpen 1", parseSharpen},
		{"grey", "gray greyscale grayscale bw b&w nb n&b black-white gris niveaux-gris noir-blanc monochrome", "grey", parseGrey},
		{"brightness", "luminosite brighten lighten eclaircir darken assombrir", "brightness +10", parseBrightness},
		{"contrast", "contraste", "contrast -5", parseContrast},
		{"saturation", "saturate saturer", "saturation -20", parseSaturation},
		{"gamma", "", "gamma 1.2", parseGamma},
		{"redact", "mask hide cover censor blackout black-out masquer masque cacher caviarder censurer occulter noircir anonymiser", "redact 10%,40% 50%x8%", parseRedact},
		{"pixelate", "pixelise pixelize mosaic pixeliser pixelliser mosaique", "redact pixelate 10%,40% 50%x8%", parsePixelate},
		{"text", "write label caption texte ecrire legende titre", `text "Hello" top-left 5% white`, parseText},
		{"arrow", "fleche", "arrow 10,10 200,80 red", parseArrow},
		{"box", "frame rectangle outline cadre encadrer rect", "box 10,20 300x200 red", parseFrame},
		{"marker", "number badge repere numero pastille marqueur", "marker 1 120,80", parseMarker},
		{"watermark", "stamp filigrane tampon", `watermark "Draft" tile 30%`, parseWatermark},
		{"jpeg", "jpg webp png gif avif convert format save export convertir enregistrer exporter", "webp q80", parseOutput},
		{"quality", "qualite q", "quality 80", parseQuality},
		{"under", "below most less less-than smaller-than < <= ≤ poids moins sous limiter", "under 200 KB", parseUnder},
		{"keep", "keep-metadata garder conserver garder-metadonnees conserver-metadonnees", "keep metadata", parseKeep},
		{"strip", "clean strip-metadata remove-metadata nettoyer supprimer-metadonnees retirer-metadonnees effacer-metadonnees", "strip", parseStrip},
	}
}

// verbs are the verbs by each of their words.
var verbs = byWord(table())

func byWord(table []verb) map[string]verb {
	all := map[string]verb{}
	for _, v := range table {
		for _, word := range append(strings.Fields(v.aliases), v.name) {
			if _, twice := all[word]; twice {
				panic("image: two verbs are called " + word)
			}
			all[word] = v
		}
	}
	return all
}

// small are words that carry no meaning in a plan.
var small = wordSet("a an the to in into it of by at on with from as and then please make add put set is be this" +
	" le la les l' un une des du de d' en au aux et puis par sur avec pour dans vers mettre ajouter faire svp moi" +
	" -> => → : = , + - colour color couleur corner coin side cote position size width-of taille picture image photo" +
	" thick thickness epaisseur angle degrees degres ° zone area")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// horizontal and vertical are the words of places.
var (
	vertical   = map[string]Gravity{"top": Top, "upper": Top, "haut": Top, "bottom": Bottom, "lower": Bottom, "bas": Bottom}
	horizontal = map[string]Gravity{"left": Left, "gauche": Left, "right": Right, "droite": Right, "droit": Right}
	wholePlace = map[string]Gravity{
		"centre": Centre, "center": Centre, "middle": Centre, "milieu": Centre, "smart": Smart, "auto": Smart, "intelligent": Smart,
		"tl": TopLeft, "tr": TopRight, "bl": BottomLeft, "br": BottomRight,
		"topleft": TopLeft, "topright": TopRight, "bottomleft": BottomLeft, "bottomright": BottomRight,
	}
)

// gravityOf reads a place at the head of words: "top left", "bottom-right", "en haut à gauche".
func gravityOf(tokens []token) (Gravity, int) {
	var v, h, all Gravity
	n := 0
	for i, t := range tokens {
		if t.quoted || !placeWords(t.word, &v, &h, &all) {
			if i > 0 && !t.quoted && small[t.word] {
				continue // "en haut à gauche"
			}
			break
		}
		n = i + 1
	}
	return together(v, h, all), n
}

// placeWords takes the parts of a word that is a place, and refuses any other word, and a second side of one kind.
func placeWords(word string, v, h, all *Gravity) bool {
	newV, newH, newAll := *v, *h, *all
	for part := range strings.SplitSeq(word, "-") {
		switch {
		case vertical[part] != "" && newV == "":
			newV = vertical[part]
		case horizontal[part] != "" && newH == "":
			newH = horizontal[part]
		case wholePlace[part] != "" && newAll == "":
			newAll = wholePlace[part]
		default:
			return false
		}
	}
	*v, *h, *all = newV, newH, newAll
	return true
}

func together(v, h, all Gravity) Gravity {
	switch {
	case v != "" && h != "":
		return v + "-" + h
	case v != "":
		return v
	case h != "":
		return h
	}
	return all
}
