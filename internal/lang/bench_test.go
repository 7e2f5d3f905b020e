package lang

import (
	"testing"
	"time"
)

func BenchmarkText(b *testing.B) {
	for _, test := range []struct {
		name, lang, key string
		args            []any
	}{
		{"alone", "en", "button.more", nil},
		{"parts", "en", "card.picture", []any{"Name", "Marta Gonzáles"}},
		{"plural", "en", "card.more", []any{"Count", 12}},
		{"French plural", "fr", "card.more", []any{"Count", 12}},
		{"large plural", "fr", "card.more", []any{"Count", 1_000_000}},
	} {
		b.Run(test.name, func(b *testing.B) {
			p := For(test.lang)
			b.ReportAllocs()
			for b.Loop() {
				p.Text(test.key, test.args...)
			}
		})
	}
}

func BenchmarkDate(b *testing.B) {
	p, at := For("fr"), time.Date(2026, time.November, 21, 14, 5, 0, 0, time.UTC)
	b.Run("Date", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Date(at)
		}
	})
	b.Run("Time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Time(at)
		}
	})
}

func BenchmarkNumber(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		printers[1].Number(12345)
	}
}

func BenchmarkFor(b *testing.B) {
	for _, locale := range []string{"fr-FR", "de-DE"} {
		b.Run(locale, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				For(locale)
			}
		})
	}
}
