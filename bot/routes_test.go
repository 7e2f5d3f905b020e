package bot

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestEveryButtonHasAHandler takes the buttons from the goldens of the cards, which show every card in every state.
func TestEveryButtonHasAHandler(t *testing.T) {
	t.Parallel()
	routers := []*Router{new(Bot).Routes(ContactPro), new(Bot).Routes(ImagePro)}
	files, err := filepath.Glob("../cards/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	buttons := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var card any
		if err := json.Unmarshal(raw, &card); err != nil {
			t.Fatal(err)
		}
		eachButton(card, func(surface Surface, verb string) {
			buttons++
			answered := slices.ContainsFunc(routers, func(r *Router) bool { route, _ := r.find(surface, verb); return route != nil })
			if !answered {
				t.Errorf("%s: nothing answers %s %q", filepath.Base(file), surface, verb)
			}
		})
	}
	if buttons < 100 {
		t.Errorf("only %d buttons were looked at", buttons)
	}
}

// eachButton visits what a card sends to the bot, with the surface that takes it.
func eachButton(node any, visit func(Surface, string)) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			eachButton(item, visit)
		}
	case map[string]any:
		data, _ := n["data"].(map[string]any)
		verb, _ := data["verb"].(string)
		_, opens := data["msteams"]
		switch {
		case n["type"] == "Action.Execute":
			visit(OnAction, n["verb"].(string))
		case n["type"] != "Action.Submit":
		case opens:
			visit(OnOpen, verb)
		case verb == editImage: // a dialog of the message extension
			visit(OnExtended, verb)
		case n["style"] == "positive", data["form"] != nil:
			visit(OnSubmit, verb)
		default: // what clients without Action.Execute send in its place
			visit(OnAction, verb)
		}
		for _, value := range n {
			eachButton(value, visit)
		}
	}
}
