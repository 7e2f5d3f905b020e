package main

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// many is a table of so many contacts, whose names begin alike.
func many(t *testing.T, name string, rows int) handed {
	t.Helper()
	var table strings.Builder
	table.WriteString("Name;E-mail;Company;Job title\r\n")
	for i := range rows {
		fmt.Fprintf(&table, "%s Sample %d;%s%d@contoso.example;Contoso;Berth %d\r\n", name, i, strings.ToLower(name), i, i%97)
	}
	return handed{Name: name + ".csv", ContentType: "text/csv", Base64: base64.StdEncoding.EncodeToString([]byte(table.String())), Attached: true}
}

// counts waits until the message in sight counts something that has begun and not ended.
func (o *office) counts(words string) {
	o.t.Helper()
	begun := regexp.MustCompile(words + `: [1-9][0-9,]* of `)
	eventually(o.t, time.Minute, words, func() bool {
		all, err := o.botMessages()
		if err != nil || len(all) == 0 {
			return false
		}
		o.does(o.look(all[len(all)-1]))
		said := strings.Join(sentences(o.card), "\n")
		if strings.Contains(said, "imported: ") || strings.Contains(said, "Taken back: ") {
			o.t.Fatalf("it has ended already: %s", said)
		}
		return begun.MatchString(said)
	})
}

// TestKilledInAnImport: whatever the process dies in, the next one goes on with it by itself, on the same message; nothing is
// there twice, and nothing is missing. One that is stopped keeps what it has, and that can be taken back.
func TestKilledInAnImport(t *testing.T) {
	t.Parallel()
	const rows, written = 80_000, "80,000"
	o := newOffice(t)
	o.chat, o.means = "personal-contact", "contact"
	s := o.opens()
	o.does(o.last(nil)) // the greeting
	o.files = []handed{many(t, "Wharf", rows)}
	o.does(o.say(nil), o.becomes([]string{written + " new"}), o.story.press([]string{"Import " + written + " contacts"}))
	o.counts("Importing")
	o.dies(s)
	s = o.opens()
	o.does(o.becomes([]string{written + " contacts imported: " + written + " new"}))
	end := o.story.message
	o.does(o.say([]string{"find", "wharf", "sample"}), o.see(written+" contacts for"), o.say([]string{"find", "wharf7777@contoso.example"}), o.see("Wharf Sample 7777"))

	o.files = []handed{many(t, "Wharf", rows)}
	o.does(o.say(nil), o.becomes([]string{written + " the same", "would change nothing"}))

	all, err := o.botMessages()
	o.does(err)
	for _, m := range all {
		if m.ID == end {
			o.does(o.look(m))
		}
	}
	o.does(o.story.press([]string{"Undo the import"}))
	eventually(t, time.Minute, "the undoing", func() bool {
		return strings.Contains(strings.Join(sentences(o.card), "\n"), "Taking back")
	})
	o.dies(s)
	s = o.opens()
	o.story.message = end
	o.does(o.becomes([]string{"Taken back: " + written + " changes"}))
	o.does(o.say([]string{"find", "wharf", "sample"}), o.see("Nobody"))

	o.files = []handed{many(t, "Quay", rows)}
	o.does(o.say(nil), o.becomes([]string{written + " new"}), o.story.press([]string{"Import " + written + " contacts"}))
	o.counts("Importing")
	o.does(o.story.press([]string{"Stop"}), o.becomes([]string{"Stopped: "}))
	o.does(o.story.press([]string{"Undo the import"}), o.becomes([]string{"Taken back: "}), o.say([]string{"find", "quay", "sample"}), o.see("Nobody"))
	s.close()
}
