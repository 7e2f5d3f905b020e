package cards

import "encoding/json"

// The content types of the cards with which files change hands in a personal chat (Teams, "Send files to users from a bot").
const (
	fileConsentType = "application/vnd.microsoft.teams.card.file.consent"
	fileInfoType    = "application/vnd.microsoft.teams.card.file.info"
)

// FileConsent offers a file: Teams shows its name and size, and asks whether it may be stored.
func FileConsent(v FileView) Card {
	return newFile(fileConsentType, v, map[string]any{"description": v.Text, "sizeInBytes": v.Size, "acceptContext": v.Context, "declineContext": v.Context})
}

// FileInfo is a file that was handed over.
func FileInfo(v FileView) Card {
	return newFile(fileInfoType, v, map[string]any{"uniqueId": v.ID, "fileType": v.Kind})
}

func newFile(kind string, v FileView, content map[string]any) Card {
	raw, _ := json.Marshal(content) // text and numbers always encode
	return Card{summary: plain(join(dot, v.Name, v.Text)), raw: raw, kind: kind, name: v.Name, url: v.URL}
}
