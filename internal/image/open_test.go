package image_test

import (
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

func TestParseRef(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text string
		ok   bool
	}{
		{"b!abc-_1~01ITEM7", true},
		{"b!abc", false},
		{"b!abc~", false},
		{"~01ITEM", false},
		{"b!a/../x~01ITEM", false},
		{"b!abc~01ITEM~2", false},
		{"b!abc~..", false},
		{"b!abc~01%2f", false},
	} {
		ref, err := image.ParseRef(row.text)
		if (err == nil) != row.ok || row.ok && ref.String() != row.text {
			t.Errorf("ParseRef(%q) = %v, %v", row.text, ref, err)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseRef(%q): kind %s", row.text, fault.KindOf(err))
		}
	}
}

// A file that is opened twice is one work; one that changed is another, and of the old one nothing is read any more.
func TestOpen(t *testing.T) {
	t.Parallel()
	drives := imagetest.New()
	studio := image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: drives})
	item := drives.Put(imagetest.Root, "harbour.png", []byte("40x30"))
	first, err := studio.Open(t.Context(), ana, item.Ref)
	if err != nil {
		t.Fatal(err)
	}
	again, err := studio.Open(t.Context(), ana, item.Ref)
	if err != nil || again.ID != first.ID || first.Item.ETag != item.ETag || first.Before.W != 40 {
		t.Fatalf("opened again: %v %v, first %v", again, err, first)
	}
	other, err := studio.Open(t.Context(), ben, item.Ref)
	if err != nil || other.ID == first.ID {
		t.Fatalf("somebody else opened %v, %v", other, err)
	}
	drives.Put(imagetest.Root, "harbour.png", []byte("50x30"))
	newer, err := studio.Open(t.Context(), ana, item.Ref)
	if err != nil || newer.ID == first.ID || newer.Before.W != 50 {
		t.Fatalf("after a change: %v, %v", newer, err)
	}
}

// A link to a file's preview shows it by the right of whoever made the link, and no longer than that.
func TestPreviewOfAFile(t *testing.T) {
	t.Parallel()
	drives := imagetest.New()
	studio := image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: drives})
	item := drives.Put(imagetest.Root, "harbour.png", []byte("400x300"))
	id := image.ViewID(ana, item)
	data, kind, err := studio.Preview(t.Context(), ana.Tenant, id, image.Plan{}.String(), 200)
	if err != nil || len(data) == 0 || kind == "" {
		t.Fatalf("%d bytes of %q, %v", len(data), kind, err)
	}
	drives.Refuse(ana.Person, fault.New(fault.Denied, "test", "image.drive.gone"))
	if err := studio.May(t.Context(), ana.Tenant, id, image.Plan{}.String()); !fault.Is(err, fault.NotFound) {
		t.Errorf("without the right: %v", err)
	}
	drives.Refuse(ana.Person, nil)
	drives.Put(imagetest.Root, "harbour.png", []byte("50x30"))
	if err := studio.May(t.Context(), ana.Tenant, id, image.Plan{}.String()); !fault.Is(err, fault.NotFound) {
		t.Errorf("after a change: %v", err)
	}
}
