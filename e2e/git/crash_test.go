package git_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/e2e/testbed"
)

const (
	crashSeed  = 4 // of what happens when; chance in what the kills hit remains
	crashKills = 50
	crashRepos = 20
)

// TestKilledAnywhere holds that a bot that is killed fifty times while it serves twenty
// repositories, and started again with the state that it left or with none, does all
// that it should, and nothing twice: while tags are published, people commit and merge
// in between.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	f := newFleet(s, crashRepos)
	shelter := newShelter(t, s.gitea.URL)
	config := s.botConfig("fleet", shelter.before(f.served())...)
	s.mustOnce(config) // mirrors all of them; there is nothing to update yet
	t.Logf("the seed is %d", crashSeed)
	chance := rand.New(rand.NewPCG(crashSeed, 0)) //nolint:gosec // chance that can be had again
	f.release(chance.IntN(len(f.versions)))
	whole := s.mustOnce(config).took
	kills, runs, lost := 0, 0, 0
	for ; kills < crashKills; runs++ {
		f.release(chance.IntN(len(f.versions)))
		shelter.idle()
		if chance.IntN(3) == 0 {
			f.somebodyCommits(chance)
		}
		if chance.IntN(6) == 0 {
			f.somebodyMerges(chance)
		}
		if chance.IntN(8) == 0 {
			lost++
			if err := os.RemoveAll(s.stateDir("fleet")); err != nil {
				t.Fatal(err)
			}
		}
		if s.killedAfter(config, time.Duration(chance.Int64N(int64(whole)))) {
			kills++
			if kills%10 == 0 {
				s.wantSound("fleet")
			}
			if kills == crashKills/2 {
				shelter.idle()
				s.mustOnce(config)
				f.check()
			}
		}
	}
	shelter.idle()
	t.Logf("a whole run took %v; of %d runs %d were killed, %d began without state", whole, runs, kills, lost)
	s.mustOnce(config)
	f.check()
	before := s.everything(f.served())
	s.mustOnce(config)
	if after := s.everything(f.served()); before != after {
		t.Errorf("one more run changed\n%s\nto\n%s", before, after)
	}
	if got := s.wantSound("fleet"); got != crashRepos {
		t.Errorf("there are %d mirrors, want %d", got, crashRepos)
	}
}

// killedAfter starts the bot and kills it after a time, unless it is faster.
func (s *scene) killedAfter(config string, after time.Duration) bool {
	s.Helper()
	killed, err := testbed.KillAfter(s.bot(s.Context(), config, "--once"), after)
	if err != nil {
		s.Error(err)
	}
	return killed
}

// sideBySide does something for each repository, some at a time.
func sideBySide(n int, do func(i int) error) error {
	const atOnce = 4
	var work errgroup.Group
	work.SetLimit(atOnce)
	for i := range n {
		work.Go(func() error { return do(i) })
	}
	return work.Wait()
}
