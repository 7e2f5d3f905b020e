package bot

import (
	"context"
	"time"

	"teamspro/cards"
	"teamspro/internal/notice"
)

// trashVerb leads to where what was deleted can be brought back.
const trashVerb = "trash"

// fairly chooses what a digest lists when there is more than room: each kind has its share, in turn, so that a flood of one
// kind hides none of the others. The order stays.
func fairly(stories []story, room int) []story {
	if len(stories) <= room {
		return stories
	}
	var kinds []notice.Kind
	all, share := map[notice.Kind]int{}, map[notice.Kind]int{}
	for _, s := range stories {
		if all[s.Kind] == 0 {
			kinds = append(kinds, s.Kind)
		}
		all[s.Kind]++
	}
	for left := room; left > 0; {
		for _, k := range kinds {
			if left > 0 && share[k] < all[k] {
				share[k]++
				left--
			}
		}
	}
	var shown []story
	for _, s := range stories {
		if share[s.Kind] > 0 {
			share[s.Kind]--
			shown = append(shown, s)
		}
	}
	return shown
}

// tell lists what happened. Who did all of it is named once, above the list.
func (b *Bot) tell(ctx context.Context, v voice, view *cards.NoticeView, since time.Time, shown []story) {
	by := make([]string, len(shown))
	same := view.More == 0
	for i, s := range shown {
		by[i] = b.by(ctx, v, s)
		same = same && s.By != "" && by[i] != "" && by[i] == by[0] && s.By == shown[0].By
	}
	when := v.Time(inZone(since, v.sub.Zone))
	view.Since = v.Text("notice.since", "When", when)
	if same {
		view.Since = v.Text("notice.since.by", "When", when, "Who", shorten(by[0], maxNameText))
	}
	for i, s := range shown {
		who := by[i]
		if same {
			who = ""
		}
		view.Lines = append(view.Lines, storyLine(v, s, who))
	}
}

// openTitle is the word on the button of a notice of one thing.
func openTitle(v voice, s story) string {
	if s.verb == trashVerb {
		return v.Text("step.trash")
	}
	return v.Text("notice.open")
}
