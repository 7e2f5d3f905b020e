package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// Some tests need a second process: this test binary again, told by the environment what to be.
const (
	childRole = "TEAMSPRO_TEST_STORE_CHILD"
	childPath = "TEAMSPRO_TEST_STORE_PATH"
)

func TestMain(m *testing.M) {
	roles := map[string]func(path string){"hold": hold, "write": write, "fill": fill, "send": send, "erase": erase, "import": bringIn}
	if role, is := roles[os.Getenv(childRole)]; is {
		role(os.Getenv(childPath))
		return
	}
	os.Exit(m.Run())
}

// child starts this binary in a role and gives the lines it prints. It is killed when the test ends.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

func mustOpen(path string) *DB {
	db, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	return db
}

// hold keeps the file open.
func hold(path string) {
	mustOpen(path)
	fmt.Println("open")
	time.Sleep(time.Minute)
}

// write adds and edits contacts without end and says each one that is acknowledged.
func write(path string) {
	db := mustOpen(path)
	for i := 0; ; i++ {
		c := added(fmt.Sprintf("%d-%d", os.Getpid(), i), contact.Record{Name: "Marta Quell"})
		for version := 1; version <= 2; version++ {
			c.ID, c.Version = "", version
			c.Deed.Key = fmt.Sprintf("deed %s %d", c.Contact, version)
			if _, err := db.Contacts().Apply(context.Background(), north, c); err != nil {
				fmt.Println("child:", err)
				os.Exit(1)
			}
			fmt.Println(c.Contact, version)
			c.Act = contact.Edited
		}
	}
}

// fill fills a disk that is as large as the file is now, then makes room, and says what happens.
func fill(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	now := time.Now()
	db, err := Open(context.Background(), Config{Path: path, Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	say := func(what string, err error) { fmt.Println(what+":", fault.KindOf(err), textOf(err)) }
	apply := func(id string, notes int) error {
		_, err := db.Contacts().Apply(context.Background(), north, added(id, contact.Record{Name: "Marta Quell", Notes: strings.Repeat("n", notes)}))
		return err
	}
	told := post("n2", "19:quay@thread.example", now)
	told.Why = strings.Repeat("w", 300_000) // more than the room that others gave up
	add := func(n notice.Notice) error { return db.Outbox().Add(context.Background(), []notice.Notice{n}) }
	waiting := func() error {
		due, _, err := db.Outbox().Due(context.Background(), now, 10, nil)
		return errors.Join(err, fmt.Errorf("%d are due", len(due)))
	}
	say("write with room", errors.Join(apply("first", 10), add(post("n1", "19:sales@thread.example", now))))
	limit(path)
	ready := error(nil)
	for n := 0; ready == nil; ready = db.Ready() { // until neither a small contact nor a trial write finds room
		for size := 16_000; size > 0; size /= 2 {
			for err = nil; err == nil; n++ {
				err = apply(fmt.Sprint("c", n), size)
			}
		}
		now = now.Add(2 * time.Second)
	}
	say("write without room", err)
	say("ready without room", ready)
	now = now.Add(2 * time.Second)
	say("ready without room, later", db.Ready())
	_, err = db.Contacts().Contacts(context.Background(), north, []contact.ID{"first"})
	say("read without room", err)
	say("notice without room", add(told))
	fmt.Println(waiting())

	unlimit()
	say("ready within the second", db.Ready())
	now = now.Add(2 * time.Second)
	say("ready with room", db.Ready())
	say("write with room again", apply("last", 16_000))
	say("notice with room again", add(told))
	fmt.Println(waiting())
	say("close", db.Close())
}

// limit lets no file grow beyond the size of this one.
func limit(path string) {
	info, err := os.Stat(path)
	if err != nil {
		panic(err)
	}
	setLimit(uint64(info.Size()))
}

func unlimit() { setLimit(1 << 40) }

func setLimit(bytes uint64) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		panic(err)
	}
	l.Cur = min(bytes, l.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		panic(err)
	}
}
