package notice

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"teamspro/internal/fault"
)

func TestDue(t *testing.T) {
	t.Parallel()
	const h = 60
	night := Quiet{22 * h, 7 * h}
	for _, row := range []struct {
		name     string
		wishes   Wishes
		zone     string
		happened string // with the offset that tells apart an hour that there is twice
		due      string
	}{
		{"at once", Wishes{}, "Europe/Paris", "2026-11-20T10:00:00+01:00", "2026-11-20T10:00:05+01:00"},
		{"no zone is UTC", Wishes{Daily: true, At: 8 * h}, "", "2026-11-20T10:00:00Z", "2026-11-21T08:00:00Z"},
		{"a zone that is none is UTC", Wishes{Daily: true, At: 8 * h}, "Europe/Atlantis", "2026-11-20T10:00:00Z", "2026-11-21T08:00:00Z"},
		{"daily, today", Wishes{Daily: true, At: 8 * h}, "Europe/Paris", "2026-11-20T07:59:59+01:00", "2026-11-20T08:00:00+01:00"},
		{"daily, tomorrow", Wishes{Daily: true, At: 8 * h}, "Europe/Paris", "2026-11-20T08:00:00+01:00", "2026-11-21T08:00:00+01:00"},
		{"daily at midnight", Wishes{Daily: true}, "Europe/Paris", "2026-11-20T23:59:59+01:00", "2026-11-21T00:00:00+01:00"},
		{"daily at the last minute of the year", Wishes{Daily: true, At: 24*h - 1}, "Europe/Paris", "2026-12-31T23:59:30+01:00", "2027-01-01T23:59:00+01:00"},
		{"the day of the zone, not ours", Wishes{Daily: true, At: 8 * h}, "Pacific/Kiritimati", "2026-11-20T19:00:00Z", "2026-11-22T08:00:00+14:00"},
		{"Friday after the notice, on workdays", Wishes{Daily: true, At: 8 * h, Workdays: true}, "Europe/Paris", "2026-11-20T09:00:00+01:00", "2026-11-23T08:00:00+01:00"},
		{"Saturday, on workdays", Wishes{Daily: true, At: 8 * h, Workdays: true}, "Europe/Paris", "2026-11-21T07:00:00+01:00", "2026-11-23T08:00:00+01:00"},
		{"at once on Saturday, on workdays", Wishes{Workdays: true}, "Europe/Paris", "2026-11-21T07:00:00+01:00", "2026-11-23T00:00:00+01:00"},
		{"at once on Saturday, on workdays, with quiet hours", Wishes{Workdays: true, Quiet: night}, "Europe/Paris", "2026-11-21T07:00:00+01:00", "2026-11-23T07:00:00+01:00"},
		{"Friday's last seconds, on workdays", Wishes{Workdays: true}, "Europe/Paris", "2026-11-20T23:59:58+01:00", "2026-11-23T00:00:00+01:00"},
		{"Saturday there is Sunday here", Wishes{Workdays: true}, "Pacific/Auckland", "2026-11-22T12:00:00Z", "2026-11-23T01:00:05+13:00"},
		{"quiet in the evening", Wishes{Quiet: night}, "Europe/Paris", "2026-11-20T22:00:00+01:00", "2026-11-21T07:00:00+01:00"},
		{"quiet in the morning", Wishes{Quiet: night}, "Europe/Paris", "2026-11-20T06:59:00+01:00", "2026-11-20T07:00:00+01:00"},
		{"the window reaches into quiet hours", Wishes{Quiet: night}, "Europe/Paris", "2026-11-20T21:59:57+01:00", "2026-11-21T07:00:00+01:00"},
		{"the window reaches out of quiet hours", Wishes{Quiet: night}, "Europe/Paris", "2026-11-20T06:59:57+01:00", "2026-11-20T07:00:02+01:00"},
		{"before quiet hours", Wishes{Quiet: night}, "Europe/Paris", "2026-11-20T21:00:00+01:00", "2026-11-20T21:00:05+01:00"},
		{"quiet over noon", Wishes{Quiet: Quiet{12 * h, 14 * h}}, "Europe/Paris", "2026-11-20T12:30:00+01:00", "2026-11-20T14:00:00+01:00"},
		{"after quiet hours over noon", Wishes{Quiet: Quiet{12 * h, 14 * h}}, "Europe/Paris", "2026-11-20T14:00:00+01:00", "2026-11-20T14:00:05+01:00"},
		{"equal ends are none", Wishes{Quiet: Quiet{9 * h, 9 * h}}, "Europe/Paris", "2026-11-20T09:00:00+01:00", "2026-11-20T09:00:05+01:00"},
		{"quiet hours swallow the notice of the day", Wishes{Daily: true, At: 6 * h, Quiet: night}, "Europe/Paris", "2026-11-20T10:00:00+01:00", "2026-11-21T07:00:00+01:00"},
		{"quiet hours swallow Friday's evening, on workdays", Wishes{Daily: true, At: 23 * h, Workdays: true, Quiet: night}, "Europe/Paris",
			"2026-11-20T10:00:00+01:00", "2026-11-23T07:00:00+01:00"},

		// Paris leaps from 2 to 3 on March 29, New York on March 8, Lord Howe from 2 to 2:30 on October 4; São Paulo leapt at midnight.
		{"the notice falls into the leap", Wishes{Daily: true, At: 2*h + 30}, "Europe/Paris", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"and is at its time again the day after", Wishes{Daily: true, At: 2*h + 30}, "Europe/Paris", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		{"over the leap", Wishes{Daily: true, At: 8 * h}, "Europe/Paris", "2026-03-28T12:00:00+01:00", "2026-03-29T08:00:00+02:00"},
		{"the notice falls into the leap there", Wishes{Daily: true, At: 2 * h}, "America/New_York", "2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00"},
		{"into a leap of half an hour", Wishes{Daily: true, At: 2*h + 15}, "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", "2026-10-04T02:30:00+11:00"},
		{"midnight is leapt over", Wishes{Daily: true}, "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"a whole day is leapt over", Wishes{Daily: true, At: 8 * h}, "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"quiet hours end in the leap", Wishes{Quiet: Quiet{22 * h, 2*h + 30}}, "Europe/Paris", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"quiet hours lie in the leap", Wishes{Quiet: Quiet{2 * h, 3 * h}}, "Europe/Paris", "2026-03-29T01:59:58+01:00", "2026-03-29T03:00:03+02:00"},
		{"quiet hours begin where the leap ends", Wishes{Quiet: Quiet{3 * h, 2*h + 30}}, "Europe/Paris", "2026-03-28T12:00:00+01:00", "2026-03-30T02:30:00+02:00"},
		{"quiet over the leap", Wishes{Quiet: night}, "Europe/Paris", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"},

		// Paris goes back from 3 to 2 on October 25, New York from 2 to 1 on November 1, Lord Howe from 2 to 1:30 on April 5.
		{"the notice is there twice, the first counts", Wishes{Daily: true, At: 2*h + 30}, "Europe/Paris", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"between the two it is tomorrow's", Wishes{Daily: true, At: 2*h + 30}, "Europe/Paris", "2026-10-25T02:15:00+01:00", "2026-10-26T02:30:00+01:00"},
		{"twice in New York", Wishes{Daily: true, At: h + 30}, "America/New_York", "2026-10-31T12:00:00-04:00", "2026-11-01T01:30:00-04:00"},
		{"twice in Lord Howe", Wishes{Daily: true, At: h + 45}, "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00", "2026-04-05T01:45:00+11:00"},
		{"quiet hours end twice, the first counts", Wishes{Quiet: Quiet{22 * h, 2*h + 30}}, "Europe/Paris", "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"and are there again", Wishes{Quiet: Quiet{22 * h, 2*h + 30}}, "Europe/Paris", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"at once in the second of the hours", Wishes{}, "America/New_York", "2026-11-01T01:59:58-05:00", "2026-11-01T02:00:03-05:00"},
		{"quiet over the hours that are there twice", Wishes{Quiet: night}, "America/New_York", "2026-10-31T23:00:00-04:00", "2026-11-01T07:00:00-05:00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			happened, err := time.Parse(time.RFC3339, row.happened)
			if err != nil {
				t.Fatal(err)
			}
			due, err := time.Parse(time.RFC3339, row.due)
			if err != nil {
				t.Fatal(err)
			}
			got := Subscription{Wishes: row.wishes, Zone: row.zone}.Due(happened)
			if !got.Equal(due) {
				t.Errorf("due %v, expected %v", got.In(due.Location()), due)
			}
		})
	}
}

var someZones = []string{"", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran",
	"Pacific/Apia", "Pacific/Chatham", "Asia/Kathmandu", "America/St_Johns", "Antarctica/Troll"}

func drawWishes(t *rapid.T) Wishes {
	return Wishes{
		Daily: rapid.Bool().Draw(t, "daily"), At: rapid.IntRange(0, day-1).Draw(t, "at"), Workdays: rapid.Bool().Draw(t, "workdays"),
		Quiet: Quiet{rapid.IntRange(0, day-1).Draw(t, "from"), rapid.IntRange(0, day-1).Draw(t, "to")},
	}
}

// TestDueProperties holds for whatever is wished, wherever, whenever.
func TestDueProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Subscription{Wishes: drawWishes(t), Zone: rapid.SampledFrom(someZones).Draw(t, "zone")}
		loc := Location(s.Zone)
		happened := time.Unix(rapid.Int64Range(978307200, 2145916800).Draw(t, "happened"), 0) // 2001 to 2038
		due := s.Due(happened)
		shown := due.In(loc)
		switch {
		case due.Before(happened):
			t.Errorf("it is due before it happened: %v", due)
		case due.Sub(happened) > 6*24*time.Hour:
			t.Errorf("it is due days later: %v", due)
		case s.Wishes.Quiet.holds(shown):
			t.Errorf("it is due in quiet hours: %v", shown)
		case s.Wishes.Workdays && (shown.Weekday() == time.Saturday || shown.Weekday() == time.Sunday):
			t.Errorf("it is due on a %v", shown.Weekday())
		case !s.Wishes.Daily && s.Wishes.Quiet == Quiet{} && !s.Wishes.Workdays && due.Sub(happened) != Window:
			t.Errorf("it is due %v later", due.Sub(happened))
		}
		if later := s.Due(happened.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "later")))); later.Before(due) {
			t.Errorf("what happened later is due earlier: %v, %v", later, due)
		}
	})
}

// TestDigestOncePerDay counts a year of daily notices: each day has one, also those on which the clocks change.
func TestDigestOncePerDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc := Location(rapid.SampledFrom(someZones).Draw(t, "zone"))
		w := Wishes{Daily: true, At: rapid.IntRange(0, day-1).Draw(t, "at")}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, loc).Add(-time.Second)
		for i := range 365 {
			at = w.due(at, loc).In(loc)
			if at.YearDay() != i+1 {
				t.Fatalf("notice %d is on day %d, %v", i+1, at.YearDay(), at)
			}
		}
	})
}

func TestValidateZone(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{
		"": true, "UTC": true, "Europe/Paris": true, "America/Argentina/Buenos_Aires": true, "Etc/GMT+12": true,
		"Local": false, "Europe/Atlantis": false, "../etc/passwd": false, "/etc/localtime": false, "Europe/": false, "Europe": false, "Europe/Paris\x00": false,
		"Europe\\Paris": false, "localtime": false, "posix/Europe/Paris": false, " UTC": false, "Évian": false, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d/e/f/g/h": false,
	} {
		if err := ValidateZone(name); (err == nil) != fine || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestValidateWishes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		wishes Wishes
		fine   bool
	}{
		{"nothing", Wishes{}, true},
		{"everything", Wishes{Kinds: Kinds(), Daily: true, At: day - 1, Workdays: true, Quiet: Quiet{22 * 60, 7 * 60}}, true},
		{"an unknown kind", Wishes{Kinds: []Kind{"contact-met"}}, false},
		{"a kind twice", Wishes{Kinds: []Kind{ImageSaved, ImageSaved}}, false},
		{"before midnight", Wishes{At: -1}, false},
		{"a minute too late", Wishes{At: day}, false},
		{"quiet from never", Wishes{Quiet: Quiet{day, 0}}, false},
		{"quiet until never", Wishes{Quiet: Quiet{0, -1}}, false},
	} {
		if err := row.wishes.Validate(); (err == nil) != row.fine || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// FuzzWishes takes any zone and wishes: what is valid has a time, and what is not is refused, and neither hangs.
func FuzzWishes(f *testing.F) {
	f.Add("Europe/Paris", "contact-added", true, 480, 1320, 420, int64(1774742400))
	f.Add("../../etc/passwd", "image", false, -1, 5000, 0, int64(-1))
	f.Add("Local", "", true, 1<<40, 0, 0, int64(1<<40))
	f.Fuzz(func(t *testing.T, name, kind string, daily bool, at, from, to int, unix int64) {
		w := Wishes{Kinds: []Kind{Kind(kind)}, Daily: daily, At: at, Quiet: Quiet{from, to}}
		if err := ValidateZone(name); err == nil && Location(name).String() != name && name != "" {
			t.Errorf("%q is valid, and stands for %v", name, Location(name))
		}
		if w.Validate() != nil || unix < 0 || unix > 1<<34 {
			return
		}
		happened := time.Unix(unix, 0)
		if due := (Subscription{Wishes: w, Zone: name}).Due(happened); due.Before(happened) {
			t.Errorf("due %v, before %v", due, happened)
		}
	})
}
