package cards

import (
	"strconv"
	"unicode/utf8"
)

// Every type here writes itself as encoding/json would by its tags, without HTML escapes, and many times faster: a search
// answer is made of little else. TestEncoding compares the two.

// object is a JSON object that is being written; what it stands in is before it.
type object []byte

// open begins an object with its "type".
func open(dst []byte, kind string) object { return object(append(dst, '{')).str("type", kind) }

// plainObject begins an object without one.
func plainObject(dst []byte) object { return append(dst, '{') }

func (o object) close() []byte { return append(o, '}') }

// key begins a member; the caller appends its value.
func (o object) key(name string) object {
	if o[len(o)-1] != '{' {
		o = append(o, ',')
	}
	o = append(o, '"')
	o = append(o, name...)
	return append(o, '"', ':')
}

func (o object) str(key, value string) object { return AppendString(o.key(key), value) }

// may is str for what is left out when it is empty.
func (o object) may(key, value string) object {
	if value == "" {
		return o
	}
	return o.str(key, value)
}

func (o object) truth(key string, value bool) object { return strconv.AppendBool(o.key(key), value) }

// flag is truth for what is left out when it is false.
func (o object) flag(key string, value bool) object {
	if !value {
		return o
	}
	return o.truth(key, value)
}

func (o object) action(key string, a Action) object {
	if a == nil {
		return o
	}
	return a.action(o.key(key))
}

// list is a member of many items, null when there is none.
func list[T any](o object, key string, items []T, each func(item T, dst []byte) []byte) object {
	o = o.key(key)
	if items == nil {
		return append(o, "null"...)
	}
	o = append(o, '[')
	for i, item := range items {
		if i > 0 {
			o = append(o, ',')
		}
		o = each(item, o)
	}
	return append(o, ']')
}

func (l layout) encode(dst []byte) []byte {
	o := open(dst, "AdaptiveCard").may("$schema", l.Schema).may("version", l.Version).
		may("fallbackText", l.FallbackText).may("speak", l.Speak)
	if l.Refresh != nil {
		o = plainObject(o.key("refresh")).action("action", l.Refresh.Action).close()
	}
	if len(l.Body) > 0 {
		o = list(o, "body", l.Body, Element.element)
	}
	if len(l.Actions) > 0 {
		o = list(o, "actions", l.Actions, Action.action)
	}
	return o.close()
}

func (b TextBlock) element(dst []byte) []byte {
	return open(dst, "TextBlock").str("text", b.Text).may("style", b.Style).may("size", b.Size).may("weight", b.Weight).
		may("color", b.Color).flag("isSubtle", b.IsSubtle).truth("wrap", b.Wrap).may("spacing", b.Spacing).
		flag("separator", b.Separator).close()
}

func (b RichTextBlock) element(dst []byte) []byte {
	return list(open(dst, "RichTextBlock"), "inlines", b.Inlines, TextRun.encode).may("spacing", b.Spacing).close()
}

func (r TextRun) encode(dst []byte) []byte {
	return open(dst, "TextRun").str("text", r.Text).may("color", r.Color).may("size", r.Size).may("weight", r.Weight).
		flag("isSubtle", r.IsSubtle).flag("strikethrough", r.Strikethrough).close()
}

func (c Container) element(dst []byte) []byte {
	o := list(open(dst, "Container").may("id", c.ID), "items", c.Items, Element.element).
		may("style", c.Style).flag("bleed", c.Bleed).may("spacing", c.Spacing).flag("separator", c.Separator)
	if c.IsVisible != nil {
		o = o.truth("isVisible", *c.IsVisible)
	}
	return o.close()
}

func (s ColumnSet) element(dst []byte) []byte {
	return list(open(dst, "ColumnSet"), "columns", s.Columns, Column.encode).
		action("selectAction", s.SelectAction).may("spacing", s.Spacing).flag("separator", s.Separator).close()
}

func (c Column) encode(dst []byte) []byte {
	return list(open(dst, "Column").str("width", c.Width), "items", c.Items, Element.element).
		may("verticalContentAlignment", c.Align).action("selectAction", c.SelectAction).close()
}

func (s FactSet) element(dst []byte) []byte {
	return list(open(dst, "FactSet"), "facts", s.Facts, Fact.encode).may("spacing", s.Spacing).close()
}

func (f Fact) encode(dst []byte) []byte {
	return plainObject(dst).str("title", f.Title).str("value", f.Value).close()
}

func (i Image) element(dst []byte) []byte {
	o := open(dst, "Image").str("url", i.URL).str("altText", i.AltText).may("size", i.Size).may("style", i.Style)
	if i.MSTeams != nil {
		o = plainObject(o.key("msTeams")).truth("allowExpand", i.MSTeams.AllowExpand).close()
	}
	return o.close()
}

func (s ActionSet) element(dst []byte) []byte {
	return list(open(dst, "ActionSet"), "actions", s.Actions, Action.action).may("spacing", s.Spacing).close()
}

func (i InputText) element(dst []byte) []byte {
	o := open(dst, "Input.Text").str("id", i.ID).str("label", i.Label).may("style", i.Style).may("value", i.Value).
		may("placeholder", i.Placeholder).key("maxLength")
	return object(strconv.AppendInt(o, int64(i.MaxLength), 10)).flag("isMultiline", i.IsMultiline).flag("isRequired", i.IsRequired).
		may("regex", i.Regex).may("errorMessage", i.ErrorMessage).close()
}

func (i InputChoice) element(dst []byte) []byte {
	o := open(dst, "Input.ChoiceSet").str("id", i.ID).str("label", i.Label).may("style", i.Style).flag("isMultiSelect", i.IsMultiSelect).flag("wrap", i.Wrap).may("value", i.Value).
		flag("isRequired", i.IsRequired).may("errorMessage", i.ErrorMessage)
	return list(o, "choices", i.Choices, Choice.encode).close()
}

func (i InputTime) element(dst []byte) []byte {
	return open(dst, "Input.Time").str("id", i.ID).str("label", i.Label).may("value", i.Value).close()
}

func (i InputToggle) element(dst []byte) []byte {
	return open(dst, "Input.Toggle").str("id", i.ID).str("label", i.Label).str("title", i.Title).str("value", i.Value).truth("wrap", i.Wrap).close()
}

func (c Choice) encode(dst []byte) []byte {
	return plainObject(dst).str("title", c.Title).str("value", c.Value).close()
}

func (e Execute) action(dst []byte) []byte {
	o := open(dst, "Action.Execute").may("title", e.Title).str("verb", e.Verb).may("style", e.Style)
	if e.Data != nil {
		o = plainObject(o.key("data")).flag("posted", e.Data.Posted).close()
	}
	if e.Fallback != nil {
		o = e.Fallback.action(o.key("fallback"))
	}
	return o.close()
}

func (s Submit) action(dst []byte) []byte {
	o := open(dst, "Action.Submit").may("title", s.Title).may("style", s.Style)
	return object(s.Data.encode(o.key("data"))).close()
}

func (d SubmitData) encode(dst []byte) []byte {
	o := plainObject(dst)
	if d.MSTeams != nil {
		o = open(o.key("msteams"), d.MSTeams.Type).close()
	}
	return o.str("verb", d.Verb).flag("posted", d.Posted).may("version", d.Version).may("book", d.Book).
		may("form", d.Form).may("left", d.Left).
		may("title", d.Title).may("text", d.Text).may("channels", d.Channels).may("asks", d.Asks).close()
}

func (u OpenURL) action(dst []byte) []byte {
	return open(dst, "Action.OpenUrl").str("title", u.Title).str("url", u.URL).may("tooltip", u.Tooltip).close()
}

func (v ToggleVisibility) action(dst []byte) []byte {
	return list(open(dst, "Action.ToggleVisibility").str("title", v.Title), "targetElements", v.TargetElements, quoted).close()
}

func (s ShowCard) action(dst []byte) []byte {
	return object(s.Card.encode(open(dst, "Action.ShowCard").str("title", s.Title).key("card"))).close()
}

// AppendJSON appends the preview as it travels, as encoding/json would write it without HTML escapes.
func (t Thumbnail) AppendJSON(dst []byte) []byte {
	o := plainObject(dst).str("title", t.Title).may("text", t.Text)
	if len(t.Images) > 0 {
		o = list(o, "images", t.Images, ThumbnailImage.encode)
	}
	if t.Tap != nil {
		value := open(o.key("tap"), t.Tap.Type).key("value")
		o = object(plainObject(value).str("verb", t.Tap.Value.Verb).close()).close()
	}
	return o.close()
}

func (i ThumbnailImage) encode(dst []byte) []byte {
	return plainObject(dst).str("url", i.URL).str("alt", i.Alt).close()
}

func quoted(s string, dst []byte) []byte { return AppendString(dst, s) }

// AppendString appends a string to dst as encoding/json writes it: without control characters, line separators and invalid UTF-8.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = appendEscape(append(dst, s[done:i]...), rune(c))
				done = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			dst = appendEscape(append(dst, s[done:i]...), r)
			done = i + size
		}
		i += size
	}
	return append(append(dst, s[done:]...), '"')
}

// appendEscape writes a character of the basic plane with a backslash.
func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
