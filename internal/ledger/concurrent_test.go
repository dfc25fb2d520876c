package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/internal/ledger"
)

// Any number of goroutines may use a ledger; one that is refused fails no other.
func TestConcurrentUse(t *testing.T) {
	b := newBench(t)
	now := b.clock.now
	var group errgroup.Group
	for g := range 16 {
		group.Go(func() error {
			own := fmt.Sprintf("own-%d", g)
			for n := range 20 {
				if got, err := b.Observe(own, stepTags(n)); err != nil || got != (ledger.Report{First: n == 0, New: 1}) {
					return fmt.Errorf("observing %s: %+v, %w", own, got, err)
				}
				if _, err := b.Observe("shared", stepTags(n)); err != nil {
					return err
				}
				got, err := b.Sighting("shared", "000000", digestA)
				if want := (ledger.Sighting{Since: now, Bootstrapped: true}); err != nil || got != want {
					return fmt.Errorf("sighting: %+v, %w", got, err)
				}
				key := fmt.Sprintf("%d-%d", g, n)
				b.Images().Put(key, []byte(key))
				if got, ok := b.Images().Get(key); !ok || string(got) != key {
					return fmt.Errorf("image %s is %q", key, got)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	b.clock.move(time.Minute)
	for g := range 16 {
		if got, err := b.Observe(fmt.Sprintf("own-%d", g), stepTags(19)); err != nil || got != (ledger.Report{}) {
			t.Errorf("goroutine %d left %+v, %v", g, got, err)
		}
	}
}
