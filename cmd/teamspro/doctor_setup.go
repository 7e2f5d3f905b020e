package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"teamspro/manifest"
)

// settingsComplete says what would end a start.
func (d *doctor) settingsComplete(context.Context) []finding {
	var found []finding
	for problem := range strings.Lines(textOf(d.problem)) {
		if problem = strings.TrimSpace(problem); problem != "" {
			found = append(found, fails("set it and look again with teamspro config", "%s", problem))
		}
	}
	if d.PublicURL == "" {
		found = append(found, warns("set TEAMSPRO_PUBLIC_URL to the address at which Teams reaches the service",
			"there is no public address: no pictures, no help pages, no sign-in, no packages"))
	}
	if slices.Contains(d.AllowedTenants, "*") {
		found = append(found, warns("name the organisations in TEAMSPRO_ALLOWED_TENANTS", "people of every organisation are let in"))
	}
	if len(found) == 0 {
		found = append(found, fine("complete"))
	}
	return found
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// manifestFits tells whether packages can be made of the settings, and whether those that were uploaded are the same.
func (d *doctor) manifestFits(context.Context) []finding {
	if d.PublicURL == "" || d.Contact.ID == "" && d.Image.ID == "" {
		return nil // settingsComplete says it
	}
	packages, err := manifest.Write(d.manifest("", ""))
	if err != nil {
		return []finding{fails("put the setting right that it names", "no packages can be made: %v", err)}
	}
	if len(d.packages) == 0 {
		return []finding{fine("packages can be made of the settings; --package FILE compares one that was uploaded")}
	}
	var found []finding
	for _, path := range d.packages {
		found = append(found, d.comparePackage(path, packages))
	}
	return found
}

// comparePackage holds an uploaded package against what the settings would make.
func (d *doctor) comparePackage(path string, packages []manifest.Package) finding {
	const again = "make it anew with teamspro manifest and upload it to Teams"
	theirs, err := manifestIn(path)
	if err != nil {
		return fails(again, "%s is no app package: %v", path, err)
	}
	for _, p := range packages {
		ours, err := readManifest(bytes.NewReader(p.Zip), int64(len(p.Zip)))
		if err != nil || botOf(ours) != botOf(theirs) {
			continue
		}
		different := differences(ours, theirs)
		switch {
		case slices.Equal(different, []string{"version"}):
			return warns(again, "%s is of version %v, this program makes %v", path, theirs["version"], ours["version"])
		case len(different) > 0:
			return fails(again, "%s differs from the settings in %s", path, strings.Join(different, ", "))
		}
		return fine("%s is as the settings make it", path)
	}
	return fails("upload the package that belongs to this app id, or set the id of that one", "%s is of the bot %s, which is not in the settings", path, cmp.Or(botOf(theirs), "without id"))
}

// told apart: what the company is called is no setting of the service.
var unset = []string{"developer"}

// differences names the members of two manifests that are not the same.
func differences(a, b map[string]any) (names []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for name := range all {
		if !slices.Contains(unset, name) && asJSON(a[name]) != asJSON(b[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// botOf is the app id of the bot in a manifest.
func botOf(m map[string]any) string {
	bots, _ := m["bots"].([]any)
	if len(bots) == 0 {
		return ""
	}
	first, _ := bots[0].(map[string]any)
	id, _ := first["botId"].(string)
	return strings.ToLower(id)
}

func manifestIn(path string) (map[string]any, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	m, err := manifestOf(&z.Reader)
	return m, errors.Join(err, z.Close())
}

func readManifest(r io.ReaderAt, size int64) (map[string]any, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	return manifestOf(z)
}

// maxManifest is how large a manifest may be, in bytes; Teams' own limit is far below.
const maxManifest = 1 << 20

func manifestOf(z *zip.Reader) (m map[string]any, err error) {
	file, err := z.Open("manifest.json")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxManifest))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	return m, nil
}
