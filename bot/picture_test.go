package bot

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/internal/lang"
)

// What a package lists as a command of Image Pro is a command, or begins a plan; and what help shows can be typed.
func TestListedPlansAreRead(t *testing.T) {
	t.Parallel()
	listed := regexp.MustCompile(`^manifest\.image\.command\.([a-z]+)$`)
	words := newCommands(new(Bot).Routes(ImagePro))
	checked := 0
	for _, l := range lang.Languages {
		for _, key := range lang.Keys(l) {
			title := lang.For(l).Text(key)
			if !listed.MatchString(key) {
				continue
			}
			checked++
			if command, _ := words.cut(title); command == unknown && !beginsPlan(title) {
				t.Errorf("%s: nothing answers the listed %q", l, title)
			}
		}
		for _, c := range imageCommands(lang.For(l)) {
			if command, _ := words.cut(c.Example); command != unknown {
				continue
			}
			_, plan := image.FindLink(c.Example)
			if _, err := image.Parse(plan); err != nil {
				t.Errorf("%s: help shows %q, which is refused: %v", l, c.Example, err)
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d titles were looked at", checked)
	}
}

// beginsPlan tells whether a word is a step's, whatever else the step needs.
func beginsPlan(word string) bool {
	_, err := image.Parse(word)
	var f *fault.Error
	return err == nil || errors.As(err, &f) && !strings.HasPrefix(f.Text, "image.bad.verb")
}

func TestHanded(t *testing.T) {
	t.Parallel()
	a := &Activity{Attachments: []Attachment{{ContentType: "text/html"}, {ContentType: "image/png"}, {ContentType: "reference"}, {ContentType: fileInfo}, {ContentType: "application/pdf"}}}
	if got := a.handed(); len(got) != 2 || got[0].ContentType != "image/png" || got[1].ContentType != fileInfo {
		t.Errorf("handed over: %+v", got)
	}
	a.Attachments = make([]Attachment, 50)
	for i := range a.Attachments {
		a.Attachments[i].ContentType = "image/png"
	}
	if got := len(a.handed()); got != maxAttachments {
		t.Errorf("%d of 50 pictures are read", got)
	}
}
