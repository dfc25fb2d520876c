package pulls_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

const (
	twinRounds = 100
	twinSeed   = 5
	twinShips  = 5 // one for each rig
)

// TestTwins holds that two bots with one configuration, that know nothing of each
// other, make for a hundred rounds what one bot makes: no pull request twice, and no
// fight. People act meanwhile; now and then both bots come to rest, and then neither
// writes anything.
func TestTwins(t *testing.T) {
	t.Parallel()
	c := &clock{at: storyBegins()}
	server := newOurServer(t, c)
	f := newFleet(t, twinShips, func(i int) place { return newOurPlace(t, server, c, fmt.Sprintf("ship%d", i)) })
	f.later = func() { c.turn(time.Second) }
	twins := [2]*wired{f.wire(c, "first"), f.wire(c, "second")}
	chance := rand.New(rand.NewPCG(twinSeed, 0)) //nolint:gosec // chance that can be had again
	for n := range twinRounds {
		if t.Failed() {
			break
		}
		c.pass(time.Minute)
		if n%10 == 9 {
			f.rests(server, twins)
			continue
		}
		if chance.IntN(2) == 0 {
			f.happen(chance)
		}
		f.sideBySide(twins, func() { f.meanwhile(chance) })
	}
	t.Logf("%d writes in all", writes(server))
}

// wire makes a bot in this process for all ships.
func (f *fleet) wire(c *clock, state string) *wired {
	f.Helper()
	var all []place
	for _, s := range f.ships {
		all = append(all, s.place)
	}
	w, err := wire(wiring{places: all, registry: f.registry.Host(), clock: c, state: f.stateDir(state), requests: &requestLog{}})
	if err != nil {
		f.Fatal(err)
	}
	return w
}

// sideBySide runs a round of both at one time, and lets something happen meanwhile.
// Neither calls it a failure that the other was faster, or a person was.
func (f *fleet) sideBySide(twins [2]*wired, meanwhile func()) {
	f.Helper()
	var errs [2]error
	var work sync.WaitGroup
	for i, w := range twins {
		work.Go(func() { errs[i] = w.once(f.Context()) })
	}
	meanwhile()
	work.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		f.Error(err)
	}
}

// meanwhile lets happen what may come at any moment.
func (f *fleet) meanwhile(chance *rand.Rand) {
	f.Helper()
	s := f.ships[chance.IntN(len(f.ships))]
	switch chance.IntN(4) {
	case 0:
		f.release(s, chance)
	case 1:
		f.somebodyMovesTheBase(s, chance)
	case 2:
		f.somebodyMerges(s, chance)
	}
}

// rests holds that after one more round both bots agree on what is there, which is
// right, and write nothing more.
func (f *fleet) rests(server *forgetest.Server, twins [2]*wired) {
	f.Helper()
	f.sideBySide(twins, func() {})
	f.sideBySide(twins, func() {})
	before := writes(server)
	f.sideBySide(twins, func() {})
	if n := writes(server) - before; n > 0 {
		f.Errorf("at rest, the bots still write %d times a round", n)
	}
	f.check()
}
