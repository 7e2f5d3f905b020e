package contact

import "testing"

func BenchmarkReadable(b *testing.B) {
	for _, test := range []struct {
		name   string
		phone  Phone
		region string
	}{
		{"at home", Phone{Number: "06 39 98 12 34", E164: "+33639981234"}, "FR"},
		{"from abroad", Phone{Number: "020 7946 0123", E164: "+442079460123"}, "FR"},
		{"shared plan", Phone{Number: "202 555 0143", E164: "+12025550143"}, "US"},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				test.phone.Readable(test.region)
			}
		})
	}
}
