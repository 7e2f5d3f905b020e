package bot

import (
	"encoding/json"
	"html"
	"strings"
)

// What is read in the HTML of a message, which Teams sends beside its text. It is read by pattern, within limits; whatever
// an address leads to is checked where it is used.
var (
	anchorPattern = pattern(`(?is)<a\s[^<>]*?href="([^"<>]+)"[^<>]*>(.*?)</a>`)
	imagePattern  = pattern(`(?i)<img\s[^<>]*>`)
	sourcePattern = pattern(`(?i)\ssrc="([^"<>]+)"`)
	altPattern    = pattern(`(?i)\salt="([^"<>]+)"`)
)

// maxInline is how many links and pictures of one message are looked at.
const maxInline = 20

// anchor is a link and the words it stands under.
type anchor struct{ address, text string }

// anchors are the links in the HTML form of a message.
func (a *Activity) anchors() []anchor {
	for _, at := range a.Attachments {
		var content string
		if at.ContentType == "text/html" && json.Unmarshal(at.Content, &content) == nil {
			return anchorsIn(content)
		}
	}
	return nil
}

func anchorsIn(content string) []anchor {
	var all []anchor
	for _, m := range anchorPattern().FindAllStringSubmatch(clip(content, maxText), maxInline) {
		text := html.UnescapeString(tagPattern().ReplaceAllString(m[2], ""))
		all = append(all, anchor{html.UnescapeString(m[1]), strings.Join(strings.Fields(text), " ")})
	}
	return all
}

// inlinePictures are the addresses of the pictures in the HTML of a message, and what they are called.
func inlinePictures(content string) []anchor {
	var all []anchor
	for _, tag := range imagePattern().FindAllString(clip(content, maxText), maxInline) {
		source := sourcePattern().FindStringSubmatch(tag)
		if source == nil {
			continue
		}
		found := anchor{address: html.UnescapeString(source[1])}
		if alt := altPattern().FindStringSubmatch(tag); alt != nil {
			found.text = html.UnescapeString(alt[1])
		}
		all = append(all, found)
	}
	return all
}
