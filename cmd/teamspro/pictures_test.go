package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinkKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "links.key")
	key, err := linkKey(file)
	if err != nil || len(key) != linkKeySize {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	alone(t, filepath.Dir(file), "links.key")
	again, err := linkKey(file)
	if err != nil || string(again) != string(key) {
		t.Errorf("at the next start it is another key, %v", err)
	}
	other, err := linkKey(filepath.Join(t.TempDir(), "links.key"))
	if err != nil || string(other) == string(key) {
		t.Errorf("two services have one key, %v", err)
	}
}

func TestLinkKeyThatIsNone(t *testing.T) {
	t.Parallel()
	short := hex.EncodeToString(make([]byte, linkKeySize-1))
	for name, text := range map[string]string{"empty": "", "short": short, "long": short + "0000", "no digits": strings.Repeat("xy", linkKeySize)} {
		file := written(t, "links.key", []byte(text))
		key, err := linkKey(file)
		if err == nil || !strings.Contains(err.Error(), "links.key is not a key of 64 hexadecimal digits") {
			t.Errorf("%s: %d bytes, %v", name, len(key), err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the key is in the error", name)
		}
		if there, err := os.ReadFile(file); err != nil || string(there) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := linkKey(t.TempDir()); err == nil {
		t.Error("a folder is a key")
	}
}

// TestPreviewFolder: what another process left is gone at the start, and everything at the stop.
func TestPreviewFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	folder := filepath.Join(data, "previews")
	if err := os.MkdirAll(filepath.Join(folder, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "left"), []byte("over"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := newPictures(&settings{Data: data, PublicURL: "https://bot.example", Pictures: pictureSettings{Workers: 1, MemoryMB: 600, HeldMB: 1, MaxMB: 1, MaxPixels: 1, MaxFrames: 1, MaxSide: 16}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	alone(t, folder)
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info, err)
	}
	if at := p.preview(north, "picture", "grey", 256, "en"); !strings.HasPrefix(at, "https://bot.example/i/") {
		t.Errorf("a preview is at %s", at)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	alone(t, data, "links.key")
}

// TestPicturesThatCannotBegin: the setting is named, and no worker is left behind.
func TestPicturesThatCannotBegin(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "links.key"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"a broken key": broken, "no folder": filepath.Join(broken, "none")} {
		p, err := newPictures(&settings{Data: data, PublicURL: "https://bot.example"}, nil)
		if err == nil || !strings.Contains(err.Error(), "TEAMSPRO_DATA: ") {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
}
