package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/notice"
)

// A flood of one kind hides none of the others.
func TestFairly(t *testing.T) {
	t.Parallel()
	for want, kinds := range map[string]string{
		"": "", "ab": "ab", "aaaaaaaaaa": "aaaaaaaaaaaa", "aaaaaaaaab": strings.Repeat("a", 60) + "b", "aaaabbbccc": "aaaaaaabbbbbbbccccccc", "aaaaaaabcc": strings.Repeat("a", 30) + "bcc",
	} {
		var stories []story
		for _, k := range kinds {
			stories = append(stories, story{Event: notice.Event{Kind: notice.Kind(k)}})
		}
		var got strings.Builder
		for _, s := range fairly(stories, 10) {
			got.WriteString(string(s.Kind))
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("of %s (-want +got):\n%s", kinds, diff)
		}
	}
}
