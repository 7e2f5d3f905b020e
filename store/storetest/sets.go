package storetest

import (
	"errors"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// runSets tests what Image Pro keeps of sets of images, where the store has it.
func runSets(t *testing.T, open func(t testing.TB) Ports) {
	for name, test := range map[string]func(*testing.T, Ports){
		"pins change in one piece":                    testPins,
		"presets are kept by their names":             testPresets,
		"a batch comes back as it was":                testBatch,
		"running batches of all tenants are found":    testRunningBatches,
		"a refused change of a set leaves everything": testSetsRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p := open(t); p.Pins != nil && p.Presets != nil && p.Batches != nil {
				test(t, p)
			}
		})
	}
}

func fileOf(item string) image.ItemRef { return image.ItemRef{Drive: "b!drive", Item: item} }

func pin(item string, minute int) image.Pin {
	return image.Pin{Ref: fileOf(item), Caption: "The " + item, By: ines, At: at(minute)}
}

func setPins(t *testing.T, p Ports, tenant identity.Tenant, c identity.Conversation, pins ...image.Pin) {
	t.Helper()
	if err := p.Pins.ChangePins(t.Context(), tenant, c, func([]image.Pin) ([]image.Pin, error) { return pins, nil }); err != nil {
		t.Fatal(err)
	}
}

func testPins(t *testing.T, p Ports) {
	ctx := t.Context()
	got, err := p.Pins.Pins(ctx, north, sales)
	want(t, "before", got, err, nil)
	one, two := pin("one", 1), pin("two", 2)
	setPins(t, p, north, sales, one, two)
	setPins(t, p, north, lab, two)
	setPins(t, p, south, sales, pin("else", 3))
	got, err = p.Pins.Pins(ctx, north, sales)
	want(t, "two", got, err, []image.Pin{one, two})
	err = p.Pins.ChangePins(ctx, north, sales, func(now []image.Pin) ([]image.Pin, error) { return now[1:], nil })
	want(t, "the first taken down", len(got), err, 2)
	got, err = p.Pins.Pins(ctx, north, sales)
	want(t, "one", got, err, []image.Pin{two})
	setPins(t, p, north, sales)
	got, err = p.Pins.Pins(ctx, north, sales)
	want(t, "none", got, err, nil)
	got, err = p.Pins.Pins(ctx, south, sales)
	want(t, "another tenant's", got, err, []image.Pin{pin("else", 3)})
}

func plan(t *testing.T, text string) image.Plan {
	t.Helper()
	p, err := image.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testPresets(t *testing.T, p Ports) {
	ctx := t.Context()
	banner := image.OwnPreset{Preset: image.Preset{Name: "Our Banner", Plan: plan(t, `resize 800x200 fill | text "Hi" top | webp q80`)}, By: ines, At: at(1), Home: sales, Team: "19:team@thread.example"}
	arms := image.OwnPreset{Preset: image.Preset{Name: "Arms", Plan: plan(t, "grey")}, By: timur, At: at(2), Home: lab}
	for _, own := range []image.OwnPreset{banner, arms} {
		counted := -1
		err := p.Presets.ChangePreset(ctx, north, own.Key(), func(now *image.OwnPreset, count int) (*image.OwnPreset, error) {
			counted = count
			return &own, nil
		})
		want(t, "counted", counted, err, map[string]int{"our banner": 0, "arms": 1}[own.Key()])
	}
	got, err := p.Presets.Presets(ctx, north)
	want(t, "by their keys", got, err, []image.OwnPreset{arms, banner})
	var seen image.OwnPreset
	err = p.Presets.ChangePreset(ctx, north, "arms", func(now *image.OwnPreset, _ int) (*image.OwnPreset, error) { seen = *now; return nil, nil })
	want(t, "the one that goes", seen, err, arms)
	got, err = p.Presets.Presets(ctx, north)
	want(t, "one left", got, err, []image.OwnPreset{banner})
	got, err = p.Presets.Presets(ctx, south)
	want(t, "another tenant's", got, err, nil)
}

func batch(t *testing.T, id image.BatchID, tenant identity.Tenant, state image.BatchState) image.Batch {
	return image.Batch{ID: id, Tenant: tenant, Person: ines, Where: reference(), Thread: string(sales) + ";messageid=17",
		Plan: plan(t, "resize 800 | webp"), Folder: fileOf("FOLDER"), State: state, At: time.Now().UTC().Truncate(time.Second),
		Files: []image.BatchFile{{Ref: fileOf("one"), State: image.FileDone, Result: fileOf("ONE"), Size: 7},
			{Ref: image.ItemRef{Drive: "b!other", Item: "two"}, State: image.FileFailed, Why: "batch.why.gone"}, {Ref: fileOf("three")}}}
}

func addBatch(t *testing.T, p Ports, b image.Batch) image.Batch {
	t.Helper()
	if err := p.Batches.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

func testBatch(t *testing.T, p Ports) {
	ctx := t.Context()
	_, err := p.Batches.Batch(ctx, north, "17f0000000000000a")
	wantKind(t, "an unknown batch", err, fault.NotFound)
	b := addBatch(t, p, batch(t, "17f0000000000000a", north, image.BatchAsked))
	got, err := p.Batches.Batch(ctx, north, b.ID)
	want(t, "as it was", got, err, b)
	b.State, b.Files[2].State = image.BatchRunning, image.FileBegun
	got, err = p.Batches.ChangeBatch(ctx, north, b.ID, func(now *image.Batch) error {
		now.State, now.Files[2].State = image.BatchRunning, image.FileBegun
		return nil
	})
	want(t, "what a change gives", got, err, b)
	got, err = p.Batches.Batch(ctx, north, b.ID)
	want(t, "changed", got, err, b)
	_, err = p.Batches.Batch(ctx, south, b.ID)
	wantKind(t, "another tenant's", err, fault.NotFound)
	_, err = p.Batches.ChangeBatch(ctx, south, b.ID, func(*image.Batch) error { return nil })
	wantKind(t, "a change of another tenant's", err, fault.NotFound)
}

func testRunningBatches(t *testing.T, p Ports) {
	one := addBatch(t, p, batch(t, "17f0000000000000a", north, image.BatchRunning))
	addBatch(t, p, batch(t, "17f0000000000000b", north, image.BatchPaused))
	two := addBatch(t, p, batch(t, "17f0000000000000a", south, image.BatchRunning))
	got, err := p.Batches.RunningBatches(t.Context())
	want(t, "running", got, err, []image.Batch{one, two})
}

func testSetsRefused(t *testing.T, p Ports) {
	ctx, no := t.Context(), errors.New("no")
	setPins(t, p, north, sales, pin("one", 1))
	b := addBatch(t, p, batch(t, "17f0000000000000a", north, image.BatchRunning))
	_, changed := p.Batches.ChangeBatch(ctx, north, b.ID, func(b *image.Batch) error { b.State = image.BatchDone; return no })
	for what, err := range map[string]error{
		"pins":    p.Pins.ChangePins(ctx, north, sales, func([]image.Pin) ([]image.Pin, error) { return nil, no }),
		"presets": p.Presets.ChangePreset(ctx, north, "arms", func(*image.OwnPreset, int) (*image.OwnPreset, error) { return &image.OwnPreset{}, no }),
		"batch":   changed,
	} {
		if !errors.Is(err, no) {
			t.Errorf("%s: %v", what, err)
		}
	}
	pins, err := p.Pins.Pins(ctx, north, sales)
	want(t, "pins", pins, err, []image.Pin{pin("one", 1)})
	presets, err := p.Presets.Presets(ctx, north)
	want(t, "presets", presets, err, nil)
	got, err := p.Batches.Batch(ctx, north, b.ID)
	want(t, "the batch", got, err, b)
}
