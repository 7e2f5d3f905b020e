package contact

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A town has people with names as they are in life: a few are very common, most are rare (Zipf), and they sound alike.

var (
	townGivens   = strings.Fields("Marta Anna Maria Marie Jean Pierre Thomas Michael Andreas Peter Julia Laura Léa Émilie Jürgen Hélène José Sofía Björn Søren Martin Markus Margaux Marc Mario Daniel Daniela Nicole Nicolas Claire Camille Chloé Louis Louise Lukas Łukasz Mateusz Piotr Ivan Olga Elena Sarah Sara Emma Hugo Paul Paula Pauline Victor Victoria Clara Charlotte Alexandre Alexandra Sandra Sebastian Bastien Ingrid Astrid Håkon Zoë")
	townFamilies = strings.Fields("Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia García Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Hofmann Krüger Hartmann Lange Werner Nowak Kowalski Wiśniewski Gonzalez Rodríguez Fernández López Martínez Sánchez Pérez Gómez Gonthier Gontier Rossi Russo Ferrari Esposito Bianchi Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke")
	onsets       = strings.Fields("b br c ch cl d dr f fl g gr h j k kl l m n p pl r s sch st t tr v w z th")
	vowels       = strings.Fields("a e i o u ai au ei ou ie y ä ö é")
	codas        = strings.Fields("l r n s t m ck nd rt ll tz x ng")
	endings      = []string{"", "", "er", "mann", "sen", "ski", "et", "in", "i", "ot", "berg", "son"}
	townJobs     = []string{"Engineer", "Buyer", "Head of Sales", "Nurse", "Lawyer", "Planner", "Clerk", "Architect", "Support", "Driver", "Account manager", "Project lead"}
	townUnits    = []string{"Sales", "Sales Europe", "Purchasing", "Legal", "Research", "Logistics", "Key accounts", "Operations", "Human resources", "IT"}
	townPlaces   = []string{"Paris", "Lyon", "Berlin", "Hamburg", "Zürich", "Genève", "Madrid", "Kraków", "London", "Bruxelles"}
	townTags     = []string{"VIP", "Supplier", "Press", "Night shift", "Board", "Key account"}
)

// coinedName makes up the nth name of a list that has no end.
func coinedName(n uint64, endings []string) string {
	r := rand.New(rand.NewPCG(n, 7))
	var b strings.Builder
	for range 2 {
		b.WriteString(onsets[r.IntN(len(onsets))] + vowels[r.IntN(len(vowels))])
		if r.IntN(2) == 0 {
			b.WriteString(codas[r.IntN(len(codas))])
		}
	}
	name := b.String() + endings[r.IntN(len(endings))]
	return strings.ToUpper(name[:1]) + name[1:]
}

func townName(n uint64, known, endings []string) string {
	if n < uint64(len(known)) {
		return known[n]
	}
	return coinedName(n, endings)
}

// town makes up people, one after the other.
type town struct {
	r                  *rand.Rand
	given, last, firms *rand.Zipf
	n                  int
}

func newTown(size int) *town {
	r := rand.New(rand.NewPCG(3, 4))
	return &town{r: r, given: rand.NewZipf(r, 1.3, 12, 8000), last: rand.NewZipf(r, 1.15, 30, 200_000), firms: rand.NewZipf(r, 1.2, 10, uint64(size/15+20))}
}

func (t *town) next() Contact {
	r := t.r
	given, family := townName(t.given.Uint64(), townGivens, []string{"", "a", "o", "ie"}), townName(t.last.Uint64(), townFamilies, endings)
	firm := coinedName(t.firms.Uint64()+1_000_000, endings)
	if r.IntN(25) == 0 {
		given += "-" + townName(t.given.Uint64(), townGivens, []string{""})
	}
	c := Contact{ID: ID(fmt.Sprintf("%026x", t.r.Uint64())), Book: "book", Version: 1 + r.IntN(3)}
	c.Record = Record{Kind: Person, Name: given + " " + family, Company: firm + []string{" AG", " SA", " GmbH", "", ""}[r.IntN(5)],
		Job: townJobs[r.IntN(len(townJobs))], Department: townUnits[r.IntN(len(townUnits))]}
	c.Emails = []string{t.mail(fold(given), fold(family)) + "@" + fold(firm) + ".example"}
	number := fmt.Sprintf("+33%d%08d", 1+r.IntN(9), r.IntN(100_000_000))
	c.Phones = []Phone{{Label: PhoneLabels[r.IntN(2)], Number: []string{number, "0" + number[3:4] + " " + number[4:6] + " " + number[6:8] + " " + number[8:10] + " " + number[10:]}[r.IntN(2)], E164: number}}
	if r.IntN(3) > 0 {
		c.Addresses = []Address{{Text: fmt.Sprintf("%d rue %s\n%05d %s", 1+r.IntN(200), townName(t.last.Uint64(), townFamilies, endings), r.IntN(950)*100, townPlaces[r.IntN(len(townPlaces))])}}
	}
	if r.IntN(3) == 0 {
		c.Notes = "Met at the fair in " + townPlaces[r.IntN(len(townPlaces))]
	}
	if r.IntN(2) == 0 {
		c.Tags = []string{townTags[r.IntN(len(townTags))]}
	}
	t.n++
	return c
}

func (t *town) mail(given, family string) string {
	switch t.r.IntN(6) {
	case 0:
		return given[:1] + family
	case 1:
		return fmt.Sprintf("%s.%s%d", given, family, t.r.IntN(100))
	case 2:
		return family + "." + given[:1]
	default:
		return given + "." + family
	}
}

// asking is a way to search for somebody: what one may type.
type asking struct {
	kind  string
	typed func(r *rand.Rand, c *Contact) string // "" when it cannot be asked
	sure  int                                   // of 100, how many are to be among the first
}

// askings type enough that few others fit: who types less reads on.
var askings = []asking{
	{"whole name", func(_ *rand.Rand, c *Contact) string { return c.Name }, 99},
	{"first and last prefix", func(_ *rand.Rand, c *Contact) string { g, f := townParts(c); return start(g, 3) + " " + start(f, 3) }, 99},
	{"swapped", func(_ *rand.Rand, c *Contact) string { g, f := townParts(c); return f + " " + start(g, 4) }, 99},
	{"e-mail", func(_ *rand.Rand, c *Contact) string {
		local, domain, _ := strings.Cut(c.Emails[0], "@")
		return local[min(len(local)-3, 2):] + "@" + start(domain, 3)
	}, 99},
	{"phone", func(r *rand.Rand, c *Contact) string { return "0" + c.Phones[0].E164[3:9] }, 99},
	{"phone end", func(r *rand.Rand, c *Contact) string { return c.Phones[0].E164[5:] }, 99},
	{"inner", func(_ *rand.Rand, c *Contact) string { g, f := townParts(c); return f[1:] + " " + start(g, 3) }, 99},
	{"accents", func(_ *rand.Rand, c *Contact) string {
		if plain := fold(c.Name); plain != strings.ToLower(c.Name) {
			return strings.ToUpper(plain)
		}
		return ""
	}, 99},
	{"typo", func(r *rand.Rand, c *Contact) string { g, f := townParts(c); return g + " " + slip(r, f) }, 95},
}

func townParts(c *Contact) (given, family string) {
	g, f, _ := strings.Cut(fold(c.Name), " ")
	return strings.Split(g, "-")[0], f
}

func start(s string, n int) string { return s[:min(n, len(s))] }

// slip types a folded word with one slip of the finger.
func slip(r *rand.Rand, w string) string {
	if len(w) < minTypo+1 {
		return w
	}
	i := 1 + r.IntN(len(w)-2)
	switch r.IntN(4) {
	case 0:
		return w[:i] + w[i+1:]
	case 1:
		return w[:i] + "q" + w[i:]
	case 2:
		return w[:i] + "q" + w[i+1:]
	default:
		return w[:i] + w[i+1:i+2] + w[i:i+1] + w[i+2:]
	}
}
