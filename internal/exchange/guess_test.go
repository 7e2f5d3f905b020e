package exchange

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGuess: the headers that programs write, and what each column is taken for. "-" is not read, "?" is unsure.
func TestGuess(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ headers, want, origin string }{
		"ours": {strings.Join(headerRow(), ","), "id,kind,name,job,company,department,email,business,mobile,home,fax,website,linkedin,facebook,x,address,hours,notes,photo,tags,custom", "teamspro"},
		"Outlook": {"Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Business Street 2,Business City,Business State,Business Postal Code,Business Country/Region,Home Street,Assistant's Phone,Business Fax,Business Phone,Business Phone 2,Company Main Phone,Home Phone,Mobile Phone,Categories,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,Notes,Web Page,Manager's Name",
			"prefix,first,middle,last,suffix,company,department,job,street/business,street/business,city/business,state/business,postcode/business,country/business,street/home,-,fax,business,business,business?,home,mobile,tags,email,-,-,email,notes,website,-", "outlook"},
		"Outlook in French": {"Titre,Prénom,Deuxième prénom,Nom,Suffixe,Société,Service,Titre,Rue (bureau),Ville (bureau),Dép/Région (bureau),Code postal (bureau),Pays/Région (bureau),Rue (domicile),Télécopie (bureau),Téléphone (bureau),Téléphone 2 (bureau),Téléphone (domicile),Tél. mobile,Catégories,Adresse de messagerie,Type de messagerie,Nom complet de l'adresse de messagerie,Adresse de messagerie 2,Page Web,Notes",
			"prefix,first,middle,last,suffix,company,department,job,street/business,city/business,state/business,postcode/business,country/business,street/home,fax,business,business,home,mobile,tags,email,-,-,email,website,notes", "outlook"},
		"Google": {"First Name,Middle Name,Last Name,Organization Name,Organization Title,Organization Department,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - Postal Code,Address 1 - Country,Website 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value",
			"first,middle,last,company,job,department,-,notes,tags,-,email,number_kind/1,number/1,address,street/1,city/1,postcode/1,country/1,website,custom_name/1,custom_value/1", "google"},
		"French":  {"Nom,Prénom,Société,Fonction,Courriel,Téléphone portable,Adresse,CP,Ville,Remarques", "last,first,company,job,email,mobile,address,postcode/,city/,notes", ""},
		"German":  {"Name,Vorname,Firma,Abteilung,E-Mail-Adresse,Telefon geschäftlich,Telefon privat,Handy,Straße,PLZ,Ort,Land,Bemerkungen", "last,first,company,department,email,business,home,mobile,street/,postcode/,city/,country/,notes", ""},
		"unsure":  {"Nom du client,Mail pro principal,Numéro de portable perso,Date of name day,Budget", "name?,email,mobile?,-,-", ""},
		"repeats": {"name,name,company,company,notes,notes", "name,-,company,-,notes,notes", ""},
		"degrees": {"Name,Full address,Lat,Lng", "name,address,latitude/,longitude/", ""},
	} {
		m := Guess(strings.Split(row.headers, ","))
		var got []string
		for _, c := range m.Columns {
			s := string(c.Target)
			switch c.Target {
			case Unknown:
				s = "-"
			case Street, City, State, Postcode, Country, Latitude, Longitude, Number, NumberKind, CustomName, CustomValue:
				s += "/" + c.Group
			}
			if c.Target != Unknown && !c.Sure {
				s += "?"
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(strings.Split(row.want, ","), got); diff != "" || m.Origin != row.origin {
			t.Errorf("%s: origin %q (-want +got):\n%s", name, m.Origin, diff)
		}
	}
}

func TestSure(t *testing.T) {
	t.Parallel()
	for headers, want := range map[string]bool{"name,phone": true, "Prénom,Nom,Budget": true, "phone,mail": false, "client name,mail": false, "Firma": true} {
		if got := Guess(strings.Split(headers, ",")).Sure(); got != want {
			t.Errorf("%s: %v", headers, got)
		}
	}
	if diff := cmp.Diff([]string{"Budget", "Colour"}, Guess([]string{"Budget", "name", "", "Colour"}).Unknown()); diff != "" {
		t.Error(diff)
	}
}

// TestRowsOfOthers: what becomes of a row of another program.
func TestRowsOfOthers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"Google": {"First Name,Last Name,Organization Name,Labels,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Custom Field 1 - Label,Custom Field 1 - Value\n" +
			"Ana,Diaz,Fabrikam,friends ::: * myContacts,ana@a.example ::: ana@b.example,Mobile,06 39 98 00 01,Work Fax,01 99 00 00 09,\"1 Port\nLyon\",1 Port,Lyon,Shoe size,41\n",
			"Ana Diaz; Fabrikam; ana@a.example ana@b.example; mobile 06 39 98 00 01, fax 01 99 00 00 09; [1 Port\nLyon]; friends; Shoe size=41"},
		"Outlook": {"Title,First Name,Last Name,Company,Job Title,Business Street,Business Street 2,Business Postal Code,Business City,Business Country/Region,Home City,Categories,E-mail Address,Home Phone\n" +
			"Dr.,Ana,Diaz,Fabrikam,CEO,1 Port,Dock 2,69001,Lyon,France,Paris,a;b,ana@a.example,01 99 00 00 01\n",
			"Dr. Ana Diaz; Fabrikam; ana@a.example; home 01 99 00 00 01; [1 Port\nDock 2\n69001 Lyon\nFrance][Paris]; a b; "},
		"a company": {"Prénom;Nom;Société\n;;Fabrikam\n", "Fabrikam; ; ; ; ; ; "},
		"degrees":   {"Name;Full address;Lat;Lng\nA;1 Port;45,76;4.8\n", "A; ; ; ; [1 Port(45.76, 4.8)]; ; "},
		"guarded":   {"Name;Phone\nA;'+33 1 99 00 00 01\n", "A; ; ; business +33 1 99 00 00 01; ; ; "},
	} {
		_, rows, err := rowsOf([]byte(row.text), Limits{})
		if err != nil || len(rows) != 1 || rows[0].Problems != nil {
			t.Errorf("%s: %+v %v", name, rows, err)
			continue
		}
		if got := summary(rows[0]); got != row.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, row.want)
		}
	}
}

// TestEditedMapping: a person may decide otherwise.
func TestEditedMapping(t *testing.T) {
	t.Parallel()
	m := Guess([]string{"name", "Budget"})
	m.Columns[1].Target = Named
	if _, r := m.record([]string{"A", "12 k"}); len(r.Custom) != 1 || r.Custom[0].Name != "Budget" || r.Custom[0].Value != "12 k" {
		t.Errorf("%+v", r)
	}
}

func summary(row Row) string {
	r := row.Record
	var phones, addresses, customs []string
	for _, p := range r.Phones {
		phones = append(phones, string(p.Label)+" "+p.Number)
	}
	for _, a := range r.Addresses {
		s := "[" + a.Text
		if a.Position != nil {
			s += a.Position.String()
		}
		addresses = append(addresses, s+"]")
	}
	for _, c := range r.Custom {
		customs = append(customs, c.Name+"="+c.Value)
	}
	return strings.Join([]string{r.Name, r.Company, strings.Join(r.Emails, " "), strings.Join(phones, ", "), strings.Join(addresses, ""), strings.Join(r.Tags, " "), strings.Join(customs, ", ")}, "; ")
}
