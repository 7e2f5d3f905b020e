package cards

import (
	"encoding/json"
	"testing"
)

// What a search answer is made of: a card and a preview for each result, encoded.

func BenchmarkContact(b *testing.B) {
	for _, test := range []struct {
		name string
		view ContactView
	}{
		{"full", marta()},
		{"result", draft(true)},
		{"small", ContactView{ID: "c1", Name: "Bo Ek", Kind: "person", Emails: []string{"bo@contoso.example"}, Draft: true, Brief: true}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Contact(english, test.view).JSON()
			}
		})
	}
}

func BenchmarkContacts(b *testing.B) {
	view := ListView{Title: "12 contacts for “marta”.", Rows: repeat(8, rows()[0]), Query: "marta", Next: 8, MaySave: true, MayAdd: true, Name: "marta"}
	b.ReportAllocs()
	for b.Loop() {
		Contacts(english, view).JSON()
	}
}

func BenchmarkPreview(b *testing.B) {
	row, answer := rows()[0], make([]byte, 0, 1<<10)
	b.ReportAllocs()
	for b.Loop() {
		preview := Preview(english, row)
		preview.Tap = Tap("contact/c7")
		answer = preview.AppendJSON(answer[:0])
	}
}

func BenchmarkEscape(b *testing.B) {
	for _, test := range []struct{ name, text string }{
		{"plain", "Head of Sales, Contoso"}, {"accents", "Marta Gonzáles – Contoso “South”"}, {"marks", "m.gonzales@north_wind.example *"}, {"hebrew", "מרתה"},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				line(test.text)
				plain(test.text)
			}
		})
	}
}

// BenchmarkSend compares the ways to put a finished card and its preview into an answer.
func BenchmarkSend(b *testing.B) {
	card, preview := Contact(english, draft(true)), Preview(english, rows()[0])
	preview.Tap = Tap("contact/c7")
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal([]any{card, preview}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		answer := make([]byte, 0, 4<<10)
		for b.Loop() {
			answer = preview.AppendJSON(card.AppendJSON(answer[:0]))
		}
	})
}
