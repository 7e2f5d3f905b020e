package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// person is somebody who lives in the sandbox. Its fields never change.
type person struct {
	Key      string // names the person in the page API
	Name     string
	Given    string
	Surname  string
	Mail     string
	UPN      string
	Job      string
	Unit     string // department
	Office   string
	Phone    string
	Locale   string
	Zone     string // IANA time zone
	Country  string
	ObjectID string // Entra object id
	UserID   string // 29:…
	Guest    bool
}

// cast is who lives here: an owner, a member, and a guest from another company.
func cast() []*person {
	people := []*person{
		{Key: "ana", Name: "Ana Duarte", Given: "Ana", Surname: "Duarte", Mail: "ana.duarte@contoso.example", UPN: "ana.duarte@contoso.example",
			Job: "Head of Sales", Unit: "Sales", Office: "Lisbon", Phone: "+44 7700 900101", Locale: "en-GB", Zone: "Europe/Lisbon", Country: "GB"},
		{Key: "ben", Name: "Ben Okafor", Given: "Ben", Surname: "Okafor", Mail: "ben.okafor@contoso.example", UPN: "ben.okafor@contoso.example",
			Job: "Account Manager", Unit: "Sales", Office: "London", Phone: "+44 7700 900102", Locale: "en-GB", Zone: "Europe/London", Country: "GB"},
		{Key: "chloe", Name: "Chloé Martin", Given: "Chloé", Surname: "Martin", Mail: "chloe.martin@fabrikam.example",
			UPN: "chloe.martin_fabrikam.example#EXT#@contoso.example", Job: "Consultante", Unit: "", Office: "Lyon", Phone: "+33 6 39 98 12 34",
			Locale: "fr-FR", Zone: "Europe/Paris", Country: "FR", Guest: true},
	}
	for _, p := range people {
		p.identify()
	}
	return people
}

// crowd makes n members without a story.
func crowd(n int) []*person {
	var people []*person
	for i := 1; i <= n; i++ {
		number := fmt.Sprintf("%04d", i)
		mail := "member." + number + "@contoso.example"
		p := &person{Key: "member" + number, Name: "Member " + number, Given: "Member", Surname: number, Mail: mail, UPN: mail,
			Locale: "en-GB", Zone: "Europe/London", Country: "GB"}
		p.identify()
		people = append(people, p)
	}
	return people
}

// identify gives a person the ids that stay the same in every sandbox.
func (p *person) identify() {
	p.ObjectID = stableGUID("person", p.Key)
	p.UserID = "29:1" + stableText("user", p.Key)
}

// Initials are what an avatar shows.
func (p *person) Initials() string {
	return strings.ToUpper(string([]rune(p.Given)[:1]) + string([]rune(p.Surname)[:1]))
}

// location is the person's time zone; UTC where the machine has no zone data.
func (p *person) location() *time.Location {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// is tells whether an id names the person: 29:…, object id or user principal name.
func (p *person) is(id string) bool {
	return id == p.UserID || strings.EqualFold(id, p.ObjectID) || strings.EqualFold(id, p.UPN)
}

// claim writes who the person is into a token.
func (p *person) claim(c jwt.MapClaims) {
	c["oid"], c["sub"], c["name"] = p.ObjectID, stableText("subject", p.Key), p.Name
	c["preferred_username"], c["upn"], c["email"] = p.UPN, p.UPN, p.Mail
}

// stableGUID makes a GUID of words.
func stableGUID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}

// stableText makes an opaque id of words.
func stableText(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// stableHex makes an opaque id of words from the letters thread ids have.
func stableHex(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:16])
}
