package ledger_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/ledger"
)

const (
	repository = "registry.example.com/acme/web"
	digestA    = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB    = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	digestC    = "sha512:cc"
	day        = 24 * time.Hour
)

// clock is one that a test sets.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time                { return c.now }
func (c *clock) move(by time.Duration)         { c.now = c.now.Add(by) }
func (c *clock) ago(d time.Duration) time.Time { return c.now.Add(-d) }

// bench is a ledger with its clock and its file.
type bench struct {
	*ledger.Ledger

	t     testing.TB
	clock *clock
	path  string
	opts  ledger.Options
}

func newBench(t testing.TB, with ...func(*ledger.Options)) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock(), path: filepath.Join(t.TempDir(), "state", "ledger.db")}
	b.opts.Now = b.clock.Now
	for _, w := range with {
		w(&b.opts)
	}
	b.open()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) open() {
	b.t.Helper()
	l, err := ledger.Open(b.path, b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Ledger = l
}

func (b *bench) reopen() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

func (b *bench) observe(tags ...string) ledger.Report {
	b.t.Helper()
	got, err := b.Observe(repository, sorted(tags))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *bench) sighting(tag, digest string) ledger.Sighting {
	b.t.Helper()
	got, err := b.Sighting(repository, tag, digest)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *bench) settle(digest string, since time.Time) {
	b.t.Helper()
	if err := b.Settle(repository, "1", digest, since); err != nil {
		b.t.Fatal(err)
	}
}

func sorted(tags []string) []string { return slices.Sorted(slices.Values(tags)) }
