package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestPackageSettings: what the package and the image set, or show how to set, are settings of the program.
func TestPackageSettings(t *testing.T) {
	t.Parallel()
	var have []string
	for _, s := range documented() {
		have = append(have, s.variable)
	}
	for _, file := range []string{"files/teamspro.env", "files/teamspro.service", "Containerfile"} {
		text, err := os.ReadFile("../release/" + file)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile(`TEAMSPRO_[A-Z_]+`).FindAllString(string(text), -1)
		if len(named) == 0 {
			t.Errorf("%s names no setting", file)
		}
		for _, variable := range named {
			if !slices.Contains(have, variable) {
				t.Errorf("%s names %s, which is no setting", file, variable)
			}
		}
	}
}

// TestPackageStop: systemd waits longer than a stop takes.
func TestPackageStop(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../release/files/teamspro.service")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(unit)
	if line == nil {
		t.Fatal("the unit has no TimeoutStopSec")
	}
	seconds, err := strconv.Atoi(string(line[1]))
	if took := stopNotice + stopDrain + stopSave; err != nil || time.Duration(seconds)*time.Second <= took {
		t.Errorf("the unit waits %d s for a stop that takes up to %s", seconds, took)
	}
}
