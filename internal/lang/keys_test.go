package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// composed are the keys that the code makes of a word and fixed parts: "*" stands for the word, and these are the
// words that can stand there. A composition that has no line here fails.
var composed = map[string][]string{
	"month.*":              {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"},
	"command.*":            {"…"}, // and every command of the routes: see byCall
	"help.*.name":          helpful,
	"help.*.example":       helpful,
	"help.*.does":          helpful,
	"help.image.*.name":    pictures,
	"help.image.*.example": pictures,
	"help.image.*.does":    pictures,
	"help.image.group.*":   {"change", "files", "many", "you"},
	"step.*":               nil, // see byCall
	"trouble.*":            words(fault.Invalid, fault.NotFound, fault.Denied, fault.Stale, fault.SignIn, fault.Busy, fault.Internal),
	"field.*":              words(contact.Fields...),
	"phone.*":              words(contact.PhoneLabels...),
	"card.kind.*":          words(contact.Person, contact.Company, contact.Function),
	"card.rights.*":        {"read", "add", "modify", "delete", "add.modify", "add.delete", "modify.delete", "add.modify.delete"},
	"books.kind.*":         bookKinds,
	"card.books.kind.*":    bookKinds,
	"books.access.*":       {"read", "some", "change", "manage"},
	"mode.*":               words(contact.Everybody, contact.OwnersOnly, contact.PerMember),
	"act.*":                acts,
	"why.*":                words(contact.Whys...),
	"own.*":                words(contact.Added, contact.Edited, contact.Restored),
	"choose.*":             {"edit", "delete", "history"},
	"done.*":               acts,
	"done.undone.*":        acts,
	"card.welcome.*":       {"personal", "channel", "group", "find", "add", "import", "help", "images", "resize", "redact"},
	"card.welcome.*.does":  {"find", "add", "import", "help", "images", "resize", "redact"},
	"import.format.*":      {"xlsx", "csv", "vcard", "json"},
	"import.target.*":      {"first", "last", "street", "postcode", "city", "state", "country", "named", "id"},
	"card.welcome.files.*": {"personal", "channel", "group"},
	"settings.language.*":  {"own", "en", "fr"},
	"settings.guests.*":    {"read", "none"},
	"settings.kind.*":      words(notice.Kinds()...),
	"settings.intro.*":     {"personal", "groupChat", "channel"},
	"notice.*":             happened,
	"notice.group.*":       happened,
	"notice.one.*":         happened,
	"notice.one.*.unnamed": {"added", "changed", "deleted", "saved", "pinned", "new"},
	"export.format.*":      {"xlsx", "csv", "vcard", "json"},
	"notice.again.*":       {"changed", "saved", "pinned"},
	"manifest.*.*":         nil, // manifest.Write refuses a package that lacks a text, and its tests write them all
}

var (
	happened = []string{"added", "changed", "deleted", "imported", "saved", "pinned", "new"} // the last words of notice.Kinds
	helpful  = []string{"find", "who-is", "add", "edit", "delete", "import", "export", "undo", "history", "duplicates", "trash", "favourites", "tags", "books", "announce", "settings", "privacy"}
	pictures = []string{"resize", "under", "crop", "convert", "redact", "text", "rotate", "chain", "link", "several", "presets", "images", "batch", "save", "share", "pin", "file", "library", "info", "undo", "announce", "settings", "me", "privacy"}
	acts     = words(contact.Added, contact.Edited, contact.Deleted, contact.Restored)

	bookKinds = words(contact.ConversationBook, contact.PersonalBook, contact.TenantBook)
)

// byCall are the functions that take keys, or words that become keys: the arguments of what is called this in a folder
// ("" is any) from first to last, behind a prefix.
var byCall = []struct {
	folder, name string
	first, last  int
	prefix       string
}{
	{"", "Text", 0, 0, ""},
	{"", "fault.New", 2, 2, ""},
	{"bot", "Command", 0, 0, "command."},
	{"bot", "steps", 0, 99, "step."},
}

// use is what the code does with keys.
type use struct {
	literals map[string]bool     // every string of the code
	needed   map[string][]string // keys that must exist, and where they are used
	patterns map[string][]string // compositions, and where they are made
}

func TestKeysOfTheCode(t *testing.T) {
	t.Parallel()
	u := readTree(t)
	known := entries(Default)
	for key, places := range u.needed {
		if _, ok := known[key]; !ok {
			t.Errorf("%s: no text has the key %q", places[0], key)
		}
	}
	for pattern, places := range u.patterns {
		if _, ok := composed[pattern]; !ok {
			t.Errorf("%s: the composed key %q has no line in this test", places[0], pattern)
		}
	}
	for pattern, words := range composed {
		for _, w := range words {
			if _, ok := known[strings.Replace(pattern, "*", w, 1)]; !ok {
				t.Errorf("no text has the key %q", strings.Replace(pattern, "*", w, 1))
			}
		}
	}
}

// TestNoTextIsLeftOver: each text is used by the code or a page.
func TestNoTextIsLeftOver(t *testing.T) {
	t.Parallel()
	u := readTree(t)
	used := map[string]bool{}
	for pattern, words := range composed {
		for _, w := range words {
			used[strings.Replace(pattern, "*", w, 1)] = true
		}
	}
	for _, key := range Keys(Default) {
		if !used[key] && !u.literals[key] && len(u.needed[key]) == 0 && !strings.HasPrefix(key, "manifest.") {
			t.Errorf("nothing says %q", key)
		}
	}
}

// TestListedCommandsAreUnderstood: choosing a command in Teams sends its title, so each title that a package lists is a word
// the bot takes, in the same language.
func TestListedCommandsAreUnderstood(t *testing.T) {
	t.Parallel()
	listed := regexp.MustCompile(`^manifest\.[a-z]+\.command\.([a-z-]+)$`)
	found := 0
	for _, l := range Languages {
		for key, value := range entries(l) {
			m := listed.FindStringSubmatch(key)
			if m == nil {
				continue
			}
			found++
			if For(l).Text("command."+m[1]) == "command."+m[1] {
				continue // the beginning of a plan; a test in bot has it read
			}
			var understood []string
			for alias := range strings.SplitSeq(For(l).Text("command."+m[1]), ",") {
				understood = append(understood, strings.TrimSpace(alias))
			}
			if !slices.Contains(understood, value.(string)) {
				t.Errorf("%s: the bot does not understand the listed %q, only %q", l, value, understood)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d titles were looked at", found)
	}
}

// TestReader shows that the reading below finds what it should.
func TestReader(t *testing.T) {
	t.Parallel()
	u := newUse()
	u.readGo(t, "bot", "x.go", `package bot
		func f() {
			t.Text("a.b"); t.Text("step." + w); t.Text("help." + w + ".does"); t.Text(key)
			fault.New(fault.Busy, "bot.f", "c.d"); errors.New("e"); fault.New(k, op, "")
			r.Command("find", nil, ""); t.steps("x", y, "z")
			_ = fault.Error{Op: "bot.g", Text: "e.f"}
			_ = map[fault.Kind]string{fault.Busy: "k.l"}
			_ = cards.TextRun{Text: "→"}
			_ = fmt.Sprintf("month.%d", 7)
			_ = []string{"trouble.odd", "trouble.odd.json", "a sentence. With dots."}
			other.Command("zz")
		}`)
	u.readPage("page.html", `{{t . "g.h"}} {{t $v "i.j" "Name" .Name}} {{.Text}}`)
	var needed, patterns []string
	for key := range u.needed {
		needed = append(needed, key)
	}
	for p := range u.patterns {
		patterns = append(patterns, p)
	}
	slices.Sort(needed)
	slices.Sort(patterns)
	want := "a.b c.d command.find command.zz e.f g.h i.j k.l step.x step.z trouble.odd"
	if got := strings.Join(needed, " "); got != want {
		t.Errorf("needed %s, want %s", got, want)
	}
	if got := strings.Join(patterns, " "); got != "help.*.does month.* step.*" {
		t.Errorf("patterns %s", got)
	}
}

func newUse() *use {
	return &use{literals: map[string]bool{}, needed: map[string][]string{}, patterns: map[string][]string{}}
}

// readTree reads every program file and page of the module.
func readTree(t *testing.T) *use {
	t.Helper()
	u, root := newUse(), filepath.Join("..", "..")
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || slices.Contains([]string{"testdata", "node_modules", "data", "dist", "test"}, base)) {
				return fs.SkipDir
			}
			return nil
		}
		isGo := strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go")
		isPage := strings.HasPrefix(name, "internal/web/pages/")
		if !isGo && !isPage {
			return nil
		}
		raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if isPage {
			u.readPage(name, string(raw))
		} else {
			u.readGo(t, path.Dir(name), name, string(raw))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var sentence = regexp.MustCompile(`\{\{t [.$a-z]+ "([^"]+)"`)

// readPage finds the keys of a page of internal/web.
func (u *use) readPage(name, text string) {
	for _, m := range sentence.FindAllStringSubmatch(text, -1) {
		u.need(m[1], name)
	}
}

func (u *use) need(key, place string) { u.needed[key] = append(u.needed[key], place) }

// readGo finds the keys of a Go file.
func (u *use) readGo(t *testing.T, folder, name, text string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	inside := map[ast.Node]bool{} // the parts of a sum that was read whole
	ast.Inspect(file, func(n ast.Node) bool {
		place := name
		if n != nil {
			place = set.Position(n.Pos()).String()
		}
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			u.readCall(folder, n, place)
		case *ast.CompositeLit:
			u.readComposite(n, place)
		case *ast.BinaryExpr:
			if !inside[n] {
				u.readSum(n, inside, place)
			}
		case *ast.BasicLit:
			if s, ok := literal(n); ok {
				u.readLiteral(s, place)
			}
		}
		return true
	})
}

func (u *use) readCall(folder string, call *ast.CallExpr, place string) {
	for _, c := range byCall {
		if !isCalled(call.Fun, c.name) || c.folder != "" && c.folder != folder {
			continue
		}
		for i := c.first; i <= c.last && i < len(call.Args); i++ {
			if s, ok := literal(call.Args[i]); ok && s != "" {
				u.need(c.prefix+s, place)
			}
		}
	}
}

// readComposite finds the sentence of a fault.Error, and those of a table by kind of fault or by act.
func (u *use) readComposite(c *ast.CompositeLit, place string) {
	name := typeName(c.Type)
	for _, e := range c.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok || name != "fault.Kind" && name != "Act" && (name != "fault.Error" || typeName(pair.Key) != "Text") {
			continue
		}
		if s, ok := literal(pair.Value); ok && s != "" {
			u.need(s, place)
		}
	}
}

// typeName names a type; a map goes by the name of its keys.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.MapType:
		return typeName(e.Key)
	}
	return ""
}

// isCalled tells whether a call's function has a name, with its package where the name has one.
func isCalled(f ast.Expr, name string) bool {
	s, ok := f.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	owner, function, qualified := strings.Cut(name, ".")
	if !qualified {
		return s.Sel.Name == name
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == owner && s.Sel.Name == function
}

// areas are the first words of keys that are no package's name too; a string that begins with one is a key.
var areas = regexp.MustCompile(`^(act|book|books|button|card|command|datamap|delete|done|edit|exchange|favourites|field|find|help|image|kind|language|mode|month|phone|picture|profile|record|recents|settings|signin|step|trouble|undo|unknown|view|who)\.[a-z0-9_*.-]+$`)

var fileName = regexp.MustCompile(`\.(html|css|js|json|png|zip|db|go|example)$`)

// readLiteral takes a string for a key when it looks like one.
func (u *use) readLiteral(s, place string) {
	u.literals[s] = true
	s = strings.ReplaceAll(s, "%d", "*")
	switch {
	case !areas.MatchString(s) || strings.HasSuffix(s, ".") || fileName.MatchString(s):
	case strings.Contains(s, "*"):
		u.patterns[s] = append(u.patterns[s], place)
	default:
		u.need(s, place)
	}
}

// readSum takes a sum of strings that begins like a key for a composition.
func (u *use) readSum(sum *ast.BinaryExpr, inside map[ast.Node]bool, place string) {
	pattern := strings.Join(terms(sum, inside), "")
	if first, ok := literal(leftmost(sum)); ok && strings.HasSuffix(first, ".") && (areas.MatchString(pattern) || strings.HasPrefix(pattern, "manifest.")) {
		u.patterns[pattern] = append(u.patterns[pattern], place)
	}
}

// terms are the parts of a sum, "*" for what is no literal.
func terms(e ast.Expr, inside map[ast.Node]bool) []string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		inside[sum] = true
		return append(terms(sum.X, inside), terms(sum.Y, inside)...)
	}
	if s, ok := literal(e); ok {
		return []string{s}
	}
	return []string{"*"}
}

func leftmost(e ast.Expr) ast.Expr {
	for {
		sum, ok := e.(*ast.BinaryExpr)
		if !ok {
			return e
		}
		e = sum.X
	}
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func words[T ~string](values ...T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}
