package exchange

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"teamspro/internal/contact"
)

// Target is what a column holds: a field of a contact by its name (contact.FieldName …), or one of these.
type Target string

// The targets that are no field themselves. The parts of names and addresses are put together; a kind of number and a name of
// a custom field say what the next column of their group holds.
const (
	Unknown     Target = "" // not read
	Identity    Target = "id"
	Prefix      Target = "prefix" // Dr., Mr.
	First       Target = "first"
	Middle      Target = "middle"
	Last        Target = "last"
	Suffix      Target = "suffix"
	Street      Target = "street"
	City        Target = "city"
	State       Target = "state"
	Postcode    Target = "postcode"
	Country     Target = "country"
	Latitude    Target = "latitude"
	Longitude   Target = "longitude"
	Number      Target = "number"       // a phone whose kind stands in another column
	NumberKind  Target = "number_kind"  // that kind
	CustomName  Target = "custom_name"  // the name of a custom field
	CustomValue Target = "custom_value" // its value
	Named       Target = "named"        // a custom field that is named by its column
)

// Mapping says what the columns of a table hold, in their order. It is a plain value: a person may change it before the rows are
// read by it.
type Mapping struct {
	Columns []Column
	// Origin is the program whose table this looks like: "teamspro", "outlook", "google", or "".
	Origin string
}

// Column is a column of a table.
type Column struct {
	Header string
	Target Target
	// Group binds the columns that are parts of one thing: the street and the city of "business", the kind and the number of "2".
	Group string
	// Sure is false where the header has words that are known among others that are not.
	Sure bool
}

// Sure tells that nobody need be asked: there is a name, and no column was guessed by a part of its header only.
func (m Mapping) Sure() bool {
	unsure := slices.ContainsFunc(m.Columns, func(c Column) bool { return c.Target != Unknown && !c.Sure })
	return m.Named() && !unsure
}

// Named tells whether some column holds a name, or what can stand for one, without which no row can be taken.
func (m Mapping) Named() bool {
	return slices.ContainsFunc(m.Columns, func(c Column) bool {
		return slices.Contains([]Target{Target(contact.FieldName), First, Last, Target(contact.FieldCompany)}, c.Target)
	})
}

// Unknown are the headers of the columns that are not read, the empty ones left out.
func (m Mapping) Unknown() []string {
	var all []string
	for _, c := range m.Columns {
		if c.Target == Unknown && c.Header != "" {
			all = append(all, c.Header)
		}
	}
	return all
}

func (m Mapping) known() int {
	return len(m.Columns) - m.count(Unknown)
}

// Guess says what the columns of a table hold, by their headers: those of our own tables, of Outlook in English and French, of
// Google, and usual words in English, French and German. It is certain of a header of which it knows every word.
func Guess(headers []string) Mapping {
	m := Mapping{Columns: make([]Column, len(headers)), Origin: origin(headers)}
	for i, h := range headers {
		m.Columns[i] = guessColumn(strings.Join(strings.Fields(h), " "))
	}
	m.settle()
	return m
}

// ours is the origin of the tables that Write writes.
const ours = "teamspro"

// origin knows a program by headers that only it writes.
func origin(headers []string) string {
	has := func(all ...string) bool {
		return !slices.ContainsFunc(all, func(h string) bool { return !slices.Contains(headers, h) })
	}
	switch {
	case has("ID", "Kind", "Name", "Custom fields"):
		return ours
	case has("First Name", "Last Name", "E-mail Address"), has("Prénom", "Nom", "Adresse de messagerie"):
		return "outlook"
	case has("E-mail 1 - Value"), has("Phone 1 - Value"), has("First Name", "Organization Name"):
		return "google"
	}
	return ""
}

// settle decides what one header alone does not say, and leaves each field that holds one text to one column.
func (m *Mapping) settle() {
	jobs, first, last := m.count(Target(contact.FieldJob)), m.count(First) > 0, m.count(Last) > 0
	taken := map[Target]bool{}
	for i := range m.Columns {
		c := &m.Columns[i]
		switch word := fold(c.Header); {
		case (word == "title" || word == "titre") && jobs > 1 && !taken[Prefix]:
			c.Target = Prefix // Outlook has a title of respect before that of the job
		case (word == "nom" || (word == "name" || !c.Sure) && !last) && first && c.Target == Target(contact.FieldName):
			c.Target = Last // beside first names these are the last ones; only Google has a whole name beside both
		}
		if single(c.Target) && taken[c.Target] {
			c.Target = Unknown
		}
		taken[c.Target] = true
	}
}

func (m Mapping) count(t Target) int {
	n := 0
	for _, c := range m.Columns {
		if c.Target == t {
			n++
		}
	}
	return n
}

// single tells the targets of which a contact has one.
func single(t Target) bool {
	switch contact.Field(t) {
	case contact.FieldEmail, contact.FieldBusiness, contact.FieldMobile, contact.FieldHome, contact.FieldFax, contact.FieldAddress, contact.FieldTags, contact.FieldNotes, contact.FieldCustom:
		return false
	}
	switch t {
	case Unknown, Street, City, State, Postcode, Country, Latitude, Longitude, Number, NumberKind, CustomName, CustomValue, Named:
		return false
	}
	return true
}

// guessColumn takes the words of place and number out of a header and looks up what is left.
func guessColumn(header string) Column {
	c := Column{Header: header}
	folded := fold(header)
	if t, ok := vocabulary[folded]; ok {
		c.Target, c.Sure = t, true
		return c.placed("")
	}
	var rest []string
	place, number := "", ""
	for word := range strings.FieldsSeq(folded) {
		switch p, isPlace := places[word]; {
		case isPlace:
			place = cmp.Or(place, p)
		case isNumber(word):
			number = word
		case !slices.Contains(fillers, word):
			rest = append(rest, word)
		}
	}
	t, ok := vocabulary[strings.Join(rest, " ")]
	if c.Sure = ok; !ok {
		t = telling(rest)
	}
	c.Target = t
	if place == "" && t != Target(contact.FieldEmail) {
		place = number
	}
	if t == Street && place == number && rest[0] != "address" { // "Street 2" is the second line, not a second street
		place = ""
	}
	return c.placed(place)
}

// placed sets the group, and makes a phone one of its place.
func (c Column) placed(place string) Column {
	switch c.Target {
	case phone:
		c.Target = Target(contact.Business)
		if place == "home" {
			c.Target = Target(contact.Home)
		}
	case Street, City, State, Postcode, Country, Latitude, Longitude, Number, NumberKind, CustomName, CustomValue:
		c.Group = place
	}
	return c
}

// telling finds the one word that says most, unless another says that it is something else.
func telling(rest []string) Target {
	if slices.ContainsFunc(rest, func(w string) bool { return slices.Contains(misleading, w) }) {
		return Unknown
	}
	for _, s := range strong {
		if slices.Contains(rest, s.word) {
			return s.target
		}
	}
	return Unknown
}

func isNumber(word string) bool { return len(word) == 1 && word[0] >= '0' && word[0] <= '9' }

// fold writes a header in small letters without accents, its words apart: "E-mail 1 - Value" is "e mail 1 value".
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}, norm.NFD.String(strings.ReplaceAll(s, "ß", "ss")))
	return strings.Join(strings.Fields(s), " ")
}

// phone stands in the tables below for a phone of the place that the header names.
const phone Target = "phone"

// places are the words of a header that say where.
var places = map[string]string{
	"business": "business", "work": "business", "office": "business", "bureau": "business", "professionnel": "business", "professionnelle": "business", "pro": "business",
	"geschaftlich": "business", "dienstlich": "business", "buro": "business",
	"home": "home", "domicile": "home", "personnel": "home", "personnelle": "home", "private": "home", "privat": "home",
	"other": "other", "autre": "other", "weitere": "other", "main": "main", "primary": "main", "principal": "main", "principale": "main",
}

// fillers say nothing.
var fillers = []string{"de", "du", "la", "le", "l", "d", "the", "of", "der", "die", "das"}

// strong are single words that are taken for the whole header when the rest is not known; the first found counts.
var strong = []struct {
	word   string
	target Target
}{
	{"mail", Target(contact.FieldEmail)}, {"email", Target(contact.FieldEmail)}, {"courriel", Target(contact.FieldEmail)},
	{"mobile", Target(contact.Mobile)}, {"portable", Target(contact.Mobile)}, {"handy", Target(contact.Mobile)}, {"cell", Target(contact.Mobile)},
	{"fax", Target(contact.Fax)}, {"telecopie", Target(contact.Fax)},
	{"phone", phone}, {"telephone", phone}, {"telefon", phone}, {"tel", phone},
	{"prenom", First}, {"vorname", First}, {"nachname", Last},
	{"company", Target(contact.FieldCompany)}, {"societe", Target(contact.FieldCompany)}, {"firma", Target(contact.FieldCompany)},
	{"nom", Target(contact.FieldName)}, {"name", Target(contact.FieldName)},
}

// misleading are words beside which a strong one means something else.
var misleading = []string{"type", "typ", "label", "display", "messagerie", "assistant", "manager", "directeur", "spouse", "conjoint",
	"user", "utilisateur", "file", "phonetic", "phonetique", "yomi", "nickname", "account", "date"}

// vocabulary are whole headers, folded, without the words of place and number.
var vocabulary = words(map[Target]string{
	Identity:                        "id|contact id|uid|identifiant",
	Target(contact.FieldKind):       "kind|contact kind|type de contact|art",
	Target(contact.FieldName):       "name|full name|display name|nom|nom complet|nom affiche|name vollstandig|vollstandiger name|anzeigename|nom et prenom|contact|contact name|kontakt",
	Prefix:                          "prefix|name prefix|salutation|civilite|anrede",
	First:                           "first name|firstname|given name|forename|prenom|vorname",
	Middle:                          "middle name|additional name|deuxieme prenom|weitere vornamen|zweiter vorname",
	Last:                            "last name|lastname|family name|surname|nom famille|nachname|familienname",
	Suffix:                          "suffix|name suffix|suffixe|namenszusatz",
	Target(contact.FieldJob):        "job|job title|title|titre|position|role|organization title|fonction|poste|profession|intitule poste|titre fonction|beruf|berufsbezeichnung|stellung",
	Target(contact.FieldCompany):    "company|company name|organization|organisation|organization name|employer|societe|entreprise|nom societe|firma|unternehmen",
	Target(contact.FieldDepartment): "department|organization department|service|departement|abteilung",
	Target(contact.FieldEmail):      "e mail|email|mail|emails|e mails|e mail address|email address|mail address|e mail value|email value|adresse messagerie|courriel|adresse electronique|adresse e mail|adresse email|adresse mail|e mail adresse|mailadresse",
	phone:                           "phone|phones|phone number|telephone|telephone number|tel|numero telephone|telefon|telefonnummer|rufnummer",
	Target(contact.Mobile):          "mobile|mobile phone|mobile number|cell|cell phone|tel mobile|telephone mobile|portable|telephone portable|handy|mobil|mobiltelefon|mobilnummer",
	Target(contact.Fax):             "fax|fax number|telecopie|telecopieur|faxnummer",
	Number:                          "phone value",
	NumberKind:                      "phone type|phone label",
	Target(contact.FieldWebsite):    "website|web site|web page|webpage|web|url|homepage|page web|site web|site internet|site|website value|webseite|internetseite",
	Target(contact.FieldLinkedIn):   "linkedin|linkedin url|profil linkedin",
	Target(contact.FieldFacebook):   "facebook|facebook url",
	Target(contact.FieldX):          "x|twitter|x twitter|twitter handle",
	Target(contact.FieldAddress):    "address|addresses|full address|address formatted|postal address|mailing address|adresse|adresses|adresse postale|adresse complete|anschrift|postanschrift",
	Street:                          "street|address street|street address|address extended address|rue|strasse",
	City:                            "city|town|address city|ville|stadt|ort|localite",
	State:                           "state|province|region|address region|county|dep region|etat|bundesland|kanton",
	Postcode:                        "postal code|postcode|zip|zip code|address postal code|code postal|cp|plz|postleitzahl",
	Country:                         "country|country region|address country|pays|pays region|land|land region",
	Latitude:                        "latitude|lat|breitengrad",
	Longitude:                       "longitude|lng|lon|long|langengrad",
	Target(contact.FieldHours):      "hours|staffed hours|opening hours|horaires|heures d ouverture|offnungszeiten",
	Target(contact.FieldNotes):      "notes|note|comment|comments|remarks|remarques|commentaire|commentaires|notizen|bemerkung|bemerkungen",
	Target(contact.FieldPhoto):      "photo|picture|foto",
	Target(contact.FieldTags):       "tags|tag|categories|category|labels|groups|group|group membership|groupes|groupe|etiquettes|mots cles|kategorien|kategorie|gruppen|schlagworte",
	Target(contact.FieldCustom):     "custom fields|champs personnalises|eigene felder",
	CustomName:                      "custom field type|custom field label",
	CustomValue:                     "custom field value",
})

// words turns the table around, by header.
func words(by map[Target]string) map[string]Target {
	all := map[string]Target{}
	for t, headers := range by {
		for h := range strings.SplitSeq(headers, "|") {
			all[h] = t
		}
	}
	return all
}
