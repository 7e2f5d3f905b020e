package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spread is what several rounds gave.
type spread struct{ median, least, most float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]}
}

// String writes the median, and how far the rounds lay apart: "120 (115–131)".
func (s spread) String() string {
	return fmt.Sprintf("%s (%s–%s)", short(s.median), short(s.least), short(s.most))
}

// short writes a number with three digits that count.
func short(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// quantile gives the value that a share of all do not exceed.
func quantile[T cmp.Ordered](values []T, share float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(share*float64(len(sorted)-1))]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// tick is the unit of the CPU times in /proc (proc_pid_stat(5)): 100 a second on Linux.
const tick = 10 * time.Millisecond

// cpuTime is how long the processors have worked for a process, in user and kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the name before it may hold anything
	user, errUser := strconv.Atoi(string(fields[11]))
	kernel, errKernel := strconv.Atoi(string(fields[12]))
	return time.Duration(user+kernel) * tick, cmp.Or(errUser, errKernel)
}

// memory is what a process holds in memory (VmRSS), in MiB.
func memory(pid int) (float64, error) {
	kb, err := field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
	return kb / 1024, err
}

// field reads a number from one of the files of /proc that have a "Name: value" on each line.
func field(file, name string) (float64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strconv.ParseFloat(strings.Fields(value)[0], 64)
		}
	}
	return 0, fmt.Errorf("%s says nothing of %s", file, name)
}
