package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

var (
	errMine   = errors.New("mine")
	testStuff = []byte("stuff")
)

func testCommitter(t testing.TB) *committer {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "commit.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(testStuff); return err }); err != nil {
		t.Fatal(err)
	}
	return newCommitter(db)
}

// put writes a key and then fails as told, so that half a deed would be seen if it stayed.
func put(key string, fails error) func(*work) error {
	return func(tx *work) error {
		if err := tx.Bucket(testStuff).Put([]byte(key), []byte(key)); err != nil {
			return err
		}
		return fails
	}
}

func has(c *committer, key string) (there bool) {
	if err := c.bolt.View(func(tx *bbolt.Tx) error {
		there = tx.Bucket(testStuff).Get([]byte(key)) != nil
		return nil
	}); err != nil {
		panic(err)
	}
	return there
}

// Many writers at once: each hears its own outcome, what was acknowledged is there, what failed left nothing.
func TestCommitterTellsEachItsOwn(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	const writers, rounds = 64, 20
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range rounds {
				key, want := fmt.Sprintf("%d/%d", w, i), error(nil)
				if (w+i)%5 == 0 {
					want = errMine
				}
				inside, commit := c.do(put(key, want))
				if !errors.Is(inside, want) || (want == nil && commit != nil) {
					t.Errorf("%s: inside %v, commit %v, want %v", key, inside, commit, want)
				}
				if has(c, key) != (want == nil) {
					t.Errorf("%s: there %v", key, has(c, key))
				}
			}
		})
	}
	group.Wait()
	if c.led || len(c.waiting) != 0 {
		t.Errorf("somebody still leads: %v, %d wait", c.led, len(c.waiting))
	}
}

// Writers that come while a commit is under way share the next one.
func TestCommittersShare(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	before := c.bolt.Stats()
	inside := make(chan struct{})
	release := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		c.do(func(*work) error {
			close(inside)
			<-release
			return nil
		})
	})
	<-inside
	const others = 50
	for i := range others {
		group.Go(func() { c.do(put(fmt.Sprint(i), nil)) })
	}
	for waiting := 0; waiting < others; {
		c.mu.Lock()
		waiting = len(c.waiting)
		c.mu.Unlock()
	}
	close(release)
	group.Wait()
	after := c.bolt.Stats()
	writes := after.TxStats.GetWrite() - before.TxStats.GetWrite()
	for i := range others {
		if !has(c, fmt.Sprint(i)) {
			t.Errorf("%d is not there", i)
		}
	}
	if writes > others/2 {
		t.Errorf("%d writers needed %d page writes: they did not share", others, writes)
	}
}

// shared has all the writers share one round: they come while a first one is kept busy.
func inOne(t *testing.T, c *committer, fns ...func(*work) error) (inside, commit []error) {
	t.Helper()
	inside, commit = make([]error, len(fns)), make([]error, len(fns))
	busy, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		c.do(func(*work) error {
			close(busy)
			<-release
			return errUnchanged
		})
	})
	<-busy
	for i, fn := range fns {
		group.Go(func() { inside[i], commit[i] = c.do(fn) })
		for there := 0; there <= i; there, _ = c.gathered() {
			runtime.Gosched()
		}
	}
	close(release)
	group.Wait()
	return inside, commit
}

// However many fail, the others are carried out twice at most, and those who failed once more for themselves.
func TestCommitterTriesAgainOnce(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	const writers = 60
	runs, fns := make([]int, writers), make([]func(*work) error, writers)
	for i := range fns {
		var fails error
		if i%3 == 0 {
			fails = errMine
		}
		fns[i] = func(tx *work) error {
			runs[i]++
			return put(fmt.Sprint(i), fails)(tx)
		}
	}
	inside, commit := inOne(t, c, fns...)
	for i := range fns {
		failed := i%3 == 0
		if errors.Is(inside[i], errMine) != failed || !failed && commit[i] != nil || has(c, fmt.Sprint(i)) == failed || runs[i] > 2 {
			t.Errorf("%d: inside %v, commit %v, ran %d times, there: %v", i, inside[i], commit[i], runs[i], has(c, fmt.Sprint(i)))
		}
	}
}

// Who found nothing to write does not make the others begin again, and fails with them when the commit does.
func TestCommitterKeepsTheUnchanged(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	runs := 0
	same := func(tx *work) error {
		runs++
		if tx.Bucket(testStuff).Get([]byte("a")) == nil {
			return errMine // what the first of the round wrote is seen
		}
		return errUnchanged
	}
	inside, commit := inOne(t, c, put("a", nil), same, put("b", nil))
	if err := errors.Join(append(inside, commit...)...); err != nil || runs != 1 || !has(c, "a") || !has(c, "b") {
		t.Errorf("%v after %d runs; a there: %v, b there: %v", err, runs, has(c, "a"), has(c, "b"))
	}
	before := c.bolt.Stats()
	if inside, commit := c.do(same); inside != nil || commit != nil {
		t.Errorf("alone: %v, %v", inside, commit)
	}
	if after := c.bolt.Stats(); after.TxStats.GetWrite() != before.TxStats.GetWrite() {
		t.Error("nothing to write was written")
	}
}

// A leader waits for those who wrote with it lately: four who come together share one commit, whoever is first.
func TestCommitterGathers(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	c.bolt.NoSync = true // what is counted is transactions
	c.lull, c.patience = time.Minute, time.Minute
	const writers, rounds = 4, 100
	before := transactions(t, c)
	for i := range rounds {
		c.lately = writers
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				if inside, commit := c.do(put(fmt.Sprintf("%d/%d", i, w), nil)); inside != nil || commit != nil {
					t.Error(inside, commit)
				}
			})
		}
		group.Wait()
	}
	if n := transactions(t, c) - before; n != rounds {
		t.Errorf("%d rounds of %d writers needed %d commits", rounds, writers, n)
	}
}

// Those who do not come are not waited for.
func TestCommitterDoesNotWaitForWhoIsGone(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	c.lately = maxShared
	if inside, commit := c.do(put("a", nil)); inside != nil || commit != nil || c.lately != 1 {
		t.Errorf("%v, %v; %d expected next", inside, commit, c.lately)
	}
}

// transactions is how many the file has seen.
func transactions(t *testing.T, c *committer) (n int) {
	t.Helper()
	if err := c.bolt.View(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// A function that panics fails its own wish; nobody waits for ever.
func TestCommitterSurvivesAPanic(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			if i == 3 {
				if inside, _ := c.do(func(*work) error { panic("oh") }); !errors.Is(inside, errPanicked) {
					t.Errorf("the panic gave %v", inside)
				}
				return
			}
			if inside, commit := c.do(put(fmt.Sprint(i), nil)); inside != nil || commit != nil {
				t.Errorf("%d: %v, %v", i, inside, commit)
			}
		})
	}
	group.Wait()
}

// When the commit fails, everybody who shared it is told, and the next one goes on.
func TestCommitterTellsAllWhenTheFileIsClosed(t *testing.T) {
	t.Parallel()
	c := testCommitter(t)
	if err := c.bolt.Close(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, commit := c.do(put(fmt.Sprint(i), nil)); commit == nil {
				t.Errorf("%d was acknowledged", i)
			}
		})
	}
	group.Wait()
}

func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			c := testCommitter(b)
			b.ReportAllocs()
			var group sync.WaitGroup
			each := b.N/writers + 1
			b.ResetTimer()
			for w := range writers {
				group.Go(func() {
					for i := range each {
						if inside, commit := c.do(put(fmt.Sprintf("%d/%08d", w, i), nil)); inside != nil || commit != nil {
							b.Error(inside, commit)
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(each*writers)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}
