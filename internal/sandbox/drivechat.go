package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// chatFiles is the folder of a OneDrive that Teams keeps the files of chats in.
const chatFiles = "Microsoft Teams Chat Files"

// shelve puts the files beside a message into drives and writes their addresses into what the timeline holds of them.
func (s *Sandbox) shelve(at scene, files []givenFile, shown []json.RawMessage) {
	for i, f := range files {
		if strings.HasPrefix(f.ContentType, "image/") && !f.Attached {
			continue // pasted into the text
		}
		var held map[string]any
		data, err := base64.StdEncoding.DecodeString(f.Base64)
		if err != nil || json.Unmarshal(shown[i], &held) != nil {
			continue // was read before
		}
		if address := s.drives.attach(at, f.Name, data); address != "" {
			held["webUrl"] = address
			shown[i], _ = json.Marshal(held) // texts always marshal
		}
	}
}

// attach keeps a file that a person puts beside a message where Teams keeps it: in the folder of the channel, or in their
// own OneDrive, shared with who is in the chat. It gives the address of the file, and "" when there is no place for it: a
// guest has no OneDrive, and a drive may be full or refuse the name.
func (d *drives) attach(at scene, name string, data []byte) string {
	defer d.opened()()
	dr, folder := d.ownDrive(at.who), chatFiles
	if at.chat.kind == channel {
		dr, folder = d.driveByKey(teamDrive), at.chat.name
	}
	if dr == nil {
		return ""
	}
	in, err := d.folderAt(dr.root, folder, at.who.actor())
	if err != nil {
		return ""
	}
	n, _, err := d.write(draft{in: in, name: name, behaviour: "rename", by: at.who.actor(), who: at.who.Key, right: mayOwn}, data)
	if err != nil {
		return ""
	}
	if at.chat.kind == groupChat {
		n.shares = map[string]access{}
		people, _ := d.world.members(at.chat)
		for _, p := range people {
			n.shares[p.Key] = mayWrite
		}
	}
	return n.webURL()
}

// deliver puts a file that a bot handed over into a person's OneDrive, as agreeing to it does. A guest has none, and a full
// drive keeps nothing; the person has the file in the chat all the same.
func (d *drives) deliver(p *person, app, name string, data []byte) {
	defer d.opened()()
	dr := d.ownDrive(p)
	if dr == nil {
		return
	}
	folder, err := d.folderAt(dr.root, "Applications/"+app, p.actor())
	if err != nil {
		folder = dr.root // an app with a name that no folder can have
	}
	w := draft{in: folder, name: name, behaviour: "rename", by: p.actor(), who: p.Key, right: mayOwn}
	if !validName(name) {
		w.name = "file"
	}
	_, _, _ = d.write(w, data)
}
