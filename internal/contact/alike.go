package contact

import (
	"net/url"
	"slices"
	"strings"
)

// Why is a reason for which two contacts may be the same.
type Why string

// The reasons, the strongest first. That two have the same name is none by itself.
const (
	SameEmail   Why = "email"
	SameMobile  Why = "mobile"
	SamePhone   Why = "phone"   // and a similar name
	SameCompany Why = "company" // and the same name
	SameDomain  Why = "domain"  // of e-mail or website, and the same name
)

// Whys lists the reasons, the strongest first.
var Whys = []Why{SameEmail, SameMobile, SamePhone, SameCompany, SameDomain}

// strength is higher the more surely two contacts are the same: one stronger reason weighs more than all weaker ones.
func strength(whys []Why) (sum int) {
	for i, w := range Whys {
		if slices.Contains(whys, w) {
			sum |= 1 << (len(Whys) - i)
		}
	}
	return sum
}

// sign is a value of a contact that another with the same may share because it is the same.
type sign struct {
	kind  signKind
	value string
}

type signKind byte

const (
	emailSign signKind = iota
	phoneSign
	companySign // with the name
	domainSign  // with the name
)

// signs gives the signs of a record, each once. Hot-lines and desks are known by what reaches them alone: many have the name
// "Support".
func (r *Record) signs() []sign {
	var all []sign
	add := func(kind signKind, value string) {
		if s := (sign{kind, value}); value != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	for _, e := range r.Emails {
		add(emailSign, strings.ToLower(e))
	}
	for _, p := range r.Phones {
		if p.Label != Fax {
			add(phoneSign, p.sign())
		}
	}
	name := nameKey(r.Name)
	if r.Kind == Function || name == "" {
		return all
	}
	if firm := firmKey(r.Company); firm != "" {
		add(companySign, name+"\x00"+firm)
	}
	for _, d := range r.domains() {
		add(domainSign, name+"\x00"+d)
	}
	return all
}

// sign is the number in the form in which it is compared; a few digits say nothing.
func (p Phone) sign() string {
	if p.E164 != "" {
		return p.E164
	}
	if digits := strings.TrimLeft(dialled(p.Number), "0"); len(digits) >= endMin {
		return digits
	}
	return ""
}

// domains are those that tell where somebody works.
func (r *Record) domains() []string {
	var all []string
	for _, e := range r.Emails {
		if _, d, _ := strings.Cut(e, "@"); d != "" && !openToAll(strings.ToLower(d)) {
			all = append(all, strings.ToLower(d))
		}
	}
	if u, err := url.Parse(r.Website); err == nil && strings.Contains(u.Hostname(), ".") {
		all = append(all, strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."))
	}
	return all
}

// mailHosts are providers where anybody has an address, without their endings.
var mailHosts = []string{"aol", "bluewin", "free", "gmail", "gmx", "googlemail", "hotmail", "icloud", "laposte", "live", "mac", "mail", "me", "msn", "orange",
	"outlook", "posteo", "proton", "protonmail", "sfr", "t-online", "wanadoo", "web", "yahoo", "ymail", "zoho"}

func openToAll(domain string) bool {
	host, ending, _ := strings.Cut(domain, ".")
	return slices.Contains(mailHosts, host) && ending != "example" && strings.Count(ending, ".") < 2
}

// desks are addresses of no one in particular.
var desks = []string{"accueil", "admin", "billing", "bonjour", "contact", "direction", "hello", "help", "hr", "info", "jobs", "kontakt", "mail", "office", "post",
	"presse", "press", "reception", "rh", "sales", "secretariat", "service", "support", "team", "vente", "ventes"}

// ofDesk tells whether an address is one that several people read.
func ofDesk(email string) bool {
	local, _, _ := strings.Cut(email, "@")
	return slices.Contains(desks, local)
}

// titles stand before or after names and are no part of them.
var titles = []string{"dipl", "dr", "frau", "herr", "ing", "jr", "lic", "mag", "miss", "mme", "mr", "mrs", "ms", "phd", "prof", "sr"}

// legalForms end the names of companies, and are left out as often as not.
var legalForms = []string{"ab", "ag", "as", "bv", "co", "company", "corp", "eurl", "gmbh", "inc", "kg", "limited", "llc", "ltd", "nv", "oy", "plc", "sa", "sarl",
	"sas", "se", "spa", "srl", "the"}

// nameWords are the words of a name in a fixed order: some write the family name first.
func nameWords(name string) []string { return keyWords(name, titles) }

func keyWords(text string, without []string) []string {
	words := wordsOf(fold(text))
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(without, w) })
	if len(kept) == 0 {
		kept = words
	}
	slices.Sort(kept)
	return kept
}

func nameKey(name string) string { return strings.Join(nameWords(name), " ") }

func firmKey(company string) string { return strings.Join(keyWords(company, legalForms), " ") }

// similarNames tells whether two names may be one that was written twice: in another order, with a slip, with an initial, or with
// a word more.
func similarNames(a, b string) bool {
	x, y := nameWords(a), nameWords(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	x, y, shared := apartFrom(x, y)
	switch {
	case len(x)+len(y) == 0:
		return true
	case len(x) == 0 || len(y) == 0: // one has all words of the other
		return shared >= 2
	case len(x) == 1 && len(y) == 1:
		return similarWords(x[0], y[0]) && (shared > 0 || len(x[0]) > 4 && len(y[0]) > 4)
	default:
		return false
	}
}

// apartFrom takes the words away that both have, and counts them.
func apartFrom(x, y []string) (restX, restY []string, shared int) {
	restY = slices.Clone(y)
	for _, w := range x {
		if i := slices.Index(restY, w); i >= 0 {
			restY = slices.Delete(restY, i, i+1)
			shared++
			continue
		}
		restX = append(restX, w)
	}
	return restX, restY, shared
}

// similarWords tells whether one word is a slip of the other, or its initial.
func similarWords(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len([]rune(a)) == 1 {
		return strings.HasPrefix(b, a)
	}
	return len(a) >= 4 && slips([]byte(a), []byte(b))
}

// whys tells why two records may be of the same. counts says of a sign that both have whether it counts: what many have tells
// nothing.
func whys(a, b *Record, counts func(sign) bool) []Why {
	if a.Kind != b.Kind {
		return nil
	}
	found := map[Why]bool{}
	theirs := b.signs()
	for _, s := range a.signs() {
		if slices.Contains(theirs, s) && counts(s) {
			found[why(a, b, s)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(Whys), func(w Why) bool { return !found[w] })
}

// why is the reason that a sign of both is; "" when it is none for these two.
func why(a, b *Record, s sign) Why {
	switch s.kind {
	case companySign:
		return SameCompany
	case domainSign:
		return SameDomain
	case emailSign:
		if ofDesk(s.value) && !similarNames(a.Name, b.Name) {
			return ""
		}
		return SameEmail
	default:
		switch {
		case a.carries(s.value) || b.carries(s.value):
			return SameMobile
		case similarNames(a.Name, b.Name):
			return SamePhone
		}
		return ""
	}
}

// carries tells whether a number is somebody's mobile.
func (r *Record) carries(number string) bool {
	return slices.ContainsFunc(r.Phones, func(p Phone) bool { return p.Label == Mobile && p.sign() == number })
}
