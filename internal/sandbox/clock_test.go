package sandbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClockMovesAndWakes(t *testing.T) {
	t.Parallel()
	real := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	c := &Clock{real: func() time.Time { return real }}
	changed := c.Changed()
	c.Set(real.Add(26 * time.Hour))
	select {
	case <-changed:
	default:
		t.Error("nobody was woken")
	}
	real = real.Add(time.Minute)
	if got, want := c.Now(), time.Date(2026, 11, 23, 11, 1, 0, 0, time.UTC); !got.Equal(want) || c.Offset() != 26*time.Hour {
		t.Errorf("%v ahead by %v, want %v", got, c.Offset(), want)
	}
	select {
	case <-c.Changed():
		t.Error("woken without a change")
	default:
	}
	c.move(0)
	if !c.Now().Equal(real) {
		t.Errorf("back: %v", c.Now())
	}
}

func TestNoClockIsRealTime(t *testing.T) {
	t.Parallel()
	var c *Clock
	if d := time.Since(c.Now()); d < 0 || d > time.Minute || c.Changed() != nil || c.Offset() != 0 {
		t.Errorf("off by %v", d)
	}
}

func TestClockOfThePage(t *testing.T) {
	t.Parallel()
	real := time.Date(2026, 11, 22, 22, 30, 0, 0, time.UTC)
	at := func(s string) time.Time {
		moment, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	dst := at("2026-10-24T20:00:00Z")
	for _, c := range []struct {
		name  string
		from  time.Time
		order clockOrder
		zone  string
		want  time.Time
		fails bool
	}{
		{"an hour on", real, clockOrder{AddSeconds: 3600}, "Europe/London", at("2026-11-22T23:30:00Z"), false},
		{"an hour back", real, clockOrder{AddSeconds: -3600}, "Europe/London", at("2026-11-22T21:30:00Z"), false},
		{"tomorrow in London", real, clockOrder{Tomorrow: "08:00"}, "Europe/London", at("2026-11-23T08:00:00Z"), false},
		{"tomorrow in Paris", real, clockOrder{Tomorrow: "08:00"}, "Europe/Paris", at("2026-11-23T07:00:00Z"), false},
		{"tomorrow in Auckland, where it is", real, clockOrder{Tomorrow: "08:00"}, "Pacific/Auckland", at("2026-11-23T19:00:00Z"), false},
		{"tomorrow, when summer time ends", dst, clockOrder{Tomorrow: "08:00"}, "Europe/Paris", at("2026-10-25T07:00:00Z"), false},
		{"a local moment", real, clockOrder{Local: "2026-07-01T06:15"}, "Europe/Paris", at("2026-07-01T04:15:00Z"), false},
		{"a moment", real, clockOrder{At: new(at("2027-01-01T00:00:00+01:00"))}, "Europe/Paris", at("2026-12-31T23:00:00Z"), false},
		{"no time", real, clockOrder{Tomorrow: "8 o’clock"}, "Europe/Paris", time.Time{}, true},
		{"no moment", real, clockOrder{Local: "soon"}, "Europe/Paris", time.Time{}, true},
		{"nothing", real, clockOrder{}, "Europe/Paris", time.Time{}, true},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.order.moment(c.from, zone)
		if (err != nil) != c.fails || !c.fails && !got.Equal(c.want) {
			t.Errorf("%s: %v %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestWhatPeopleSayCarriesTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	changed := r.cfg.Clock.Changed()
	var set clockView
	r.api("/api/clock", obj{"as": "chloe", "local": "2027-03-01T07:59"}, &set)
	if set.Local != "2027-03-01T07:59" || set.Zone != "Europe/Paris" || set.OffsetMS < 24*3600*1000 {
		t.Errorf("set to %+v", set)
	}
	<-changed
	id := r.sendText("chloe", "general", "good morning", obj{"mention": true})
	a := r.bot.await(t, "the message", func(a heard) bool { return a["id"] == id })
	local, _ := a["localTimestamp"].(string)
	utc, _ := a["timestamp"].(string)
	info, _ := a["entities"].([]any)[0].(obj)
	if utc[:16] != "2027-03-01T06:59" || local[:16] != "2027-03-01T07:59" || a["localTimezone"] != "Europe/Paris" || info["timezone"] != "Europe/Paris" {
		t.Errorf("%v %v %v %v", utc, local, a["localTimezone"], info)
	}
	if said := r.said("general", "")[0]; said.Time.Year() != 2027 {
		t.Errorf("said at %v", said.Time)
	}
	r.post(r.appToken(botAudience), r.chatID("general", ""), saying("tokens stay on real time"))
	var seen clockView
	r.api("/api/clock", obj{"real": true}, nil)
	r.api("/api/clock?as=ana", nil, &seen)
	if diff := cmp.Diff(clockView{Zone: "Europe/Lisbon", Now: seen.Now, Local: seen.Local}, seen); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []obj{{"as": "x"}, {}, {"local": "1999-12-31T08:00"}, {"addSeconds": 1 << 40}, {"at": "yesterday"}} {
		if status, _ := r.do("POST", r.base+"/api/clock", "", bad); status != 400 && status != 404 {
			t.Errorf("%v: %d", bad, status)
		}
	}
	r.api("/api/clock", obj{"addSeconds": 60}, nil)
	r.api("/api/reset", obj{}, nil)
	if r.api("/api/clock?as=ana", nil, &seen); seen.OffsetMS != 0 {
		t.Errorf("a new world begins %d ms ahead", seen.OffsetMS)
	}
	if status, _ := r.do("GET", r.base+"/api/clock?as=x", "", nil); status != 404 {
		t.Errorf("nobody's clock: %d", status)
	}
}
