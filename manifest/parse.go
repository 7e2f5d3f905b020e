package manifest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What Parse reads at most.
const (
	maxZip   = 4 << 20 // bytes of a package
	maxFiles = 64
	maxJSON  = 1 << 20 // bytes of one file, unpacked
)

// Summary is what a package offers, in each of its languages. Languages are named without their
// country: "en", "fr".
type Summary struct {
	// ID is the id of the Teams app, BotID the app id of its bot ("" without one).
	ID, BotID string
	Name      map[string]string
	Commands  map[string][]ListedCommand
	Extension map[string][]ListedExtension
	// Configurable are the scopes in which the app's menu offers to set the bot up: team, groupChat.
	Configurable []string
}

// ListedCommand is a chat command that a package lists.
type ListedCommand struct {
	Title, Description string
	Scopes             []string
}

// ListedExtension is a command of the message extension that a package lists.
type ListedExtension struct {
	ID, Type, Title, Description string
	Context                      []string
	FetchTask, InitialRun        bool
	Parameters                   []ListedParameter
}

// ListedParameter is an input of an extension command.
type ListedParameter struct{ Name, Title, Description string }

// Parse reads a package, its own or one that someone changed. Sizes and counts have limits; beyond them,
// and for anything that is not a package, it fails.
func Parse(pkg []byte) (Summary, error) {
	files, err := unpack(pkg)
	if err != nil {
		return Summary{}, fmt.Errorf("manifest.Parse: %w", err)
	}
	raw, err := files.read("manifest.json")
	if err != nil {
		return Summary{}, fmt.Errorf("manifest.Parse: %w", err)
	}
	d, err := decode(raw, nil)
	if err != nil {
		return Summary{}, fmt.Errorf("manifest.Parse: manifest.json: %w", err)
	}
	s := Summary{ID: d.ID, Name: map[string]string{}, Commands: map[string][]ListedCommand{}, Extension: map[string][]ListedExtension{}}
	if len(d.Bots) > 0 {
		s.BotID = d.Bots[0].BotID
		s.Configurable = d.Bots[0].Configured.scopes()
	}
	s.add(base(d.LocalizationInfo.DefaultTag), d)
	for _, l := range translations(d.LocalizationInfo) {
		if err := s.translate(files, raw, l); err != nil {
			return Summary{}, fmt.Errorf("manifest.Parse: %s: %w", clip(l.File), err)
		}
	}
	return s, nil
}

// translations are the language files, that of the default language included when there is one.
func translations(info localizationInfo) []language {
	all := info.Additional
	if info.DefaultFile != "" {
		all = append([]language{{Tag: info.DefaultTag, File: info.DefaultFile}}, all...)
	}
	return all
}

func (s *Summary) translate(files archive, raw []byte, l language) error {
	content, err := files.read(l.File)
	if err != nil {
		return err
	}
	var table map[string]any
	if err := json.Unmarshal(content, &table); err != nil {
		return errors.New("not a JSON object")
	}
	d, err := decode(raw, table)
	if err != nil {
		return err
	}
	s.add(base(l.Tag), d)
	return nil
}

func (s *Summary) add(lang string, d *document) {
	s.Name[lang] = d.Name.Short
	s.Commands[lang], s.Extension[lang] = nil, nil
	for _, b := range d.Bots {
		for _, l := range b.CommandLists {
			s.Commands[lang] = merge(s.Commands[lang], l)
		}
	}
	for _, e := range d.ComposeExtensions {
		for _, c := range e.Commands {
			s.Extension[lang] = append(s.Extension[lang], listed(c))
		}
	}
}

// merge adds a list to the commands; one that is known gets more scopes.
func merge(all []ListedCommand, l commandList) []ListedCommand {
	for _, c := range l.Commands {
		i := slices.IndexFunc(all, func(known ListedCommand) bool { return known.Title == c.Title })
		if i < 0 {
			all = append(all, ListedCommand{Title: c.Title, Description: c.Description})
			i = len(all) - 1
		}
		all[i].Scopes = append(all[i].Scopes, l.Scopes...)
	}
	return all
}

func listed(c extensionCommand) ListedExtension {
	l := ListedExtension{
		ID: c.ID, Type: c.Type, Title: c.Title, Description: c.Description,
		Context: c.Context, FetchTask: c.FetchTask, InitialRun: c.InitialRun,
	}
	for _, p := range c.Parameters {
		l.Parameters = append(l.Parameters, ListedParameter{Name: p.Name, Title: p.Title, Description: p.Description})
	}
	return l
}

// decode reads a manifest and puts the texts of a language in their places.
func decode(raw []byte, table map[string]any) (*document, error) {
	d := &document{}
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, errors.New("not a manifest")
	}
	for key, s := range sentences(d) {
		if text, ok := table[key].(string); ok {
			*s = text
		}
	}
	return d, nil
}

func base(tag string) string {
	b, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return b
}

// archive is a package that was opened.
type archive struct{ *zip.Reader }

func unpack(pkg []byte) (archive, error) {
	if len(pkg) > maxZip {
		return archive{}, fmt.Errorf("the package has more than %d bytes", maxZip)
	}
	z, err := zip.NewReader(bytes.NewReader(pkg), int64(len(pkg)))
	if err != nil {
		return archive{}, errors.New("not a zip file")
	}
	if len(z.File) > maxFiles {
		return archive{}, fmt.Errorf("the package has more than %d files", maxFiles)
	}
	return archive{z}, nil
}

func (a archive) read(name string) ([]byte, error) {
	for _, f := range a.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s cannot be opened", clip(name))
		}
		defer r.Close()
		content, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
		if err != nil || len(content) > maxJSON {
			return nil, fmt.Errorf("%s is damaged or has more than %d bytes", clip(name), maxJSON)
		}
		return content, nil
	}
	return nil, fmt.Errorf("%s is missing at the root of the package", clip(name))
}
