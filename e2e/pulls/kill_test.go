package pulls_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

const (
	killSeed  = 11 // of what happens when; chance in what the kills hit remains
	kills     = 50
	killShips = 20
)

// TestKilledAnywhere holds that a bot that is killed fifty times while it looks after
// twenty repositories with pull requests in every state, and is started again with the
// state that it left or with none, ends with exactly the right ones: while versions
// are published and people merge, close, commit and do it by hand in between.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	c := &clock{runs: true}
	server := newOurServer(t, c)
	server.SetRateLimit(1<<20, c.Now().Add(24*time.Hour)) // a slow machine needs more than 5,000 calls
	f := newFleet(t, killShips, func(i int) place { return newOurPlace(t, server, c, fmt.Sprintf("ship%d", i)) })
	f.later = func() { c.turn(time.Second) }
	f.kind, f.root = "github", server.BaseURL()+"/api/v3"
	f.prepare(server)
	f.kill(func() int { return writes(server) })
}

// prepare brings the ships into every state in which pull requests can be.
func (f *fleet) prepare(server *forgetest.Server) {
	f.Helper()
	config := f.config("kept")
	chance := rand.New(rand.NewPCG(killSeed, 1)) //nolint:gosec // chance that can be had again
	for _, s := range f.ships {
		f.publish(s, 0, 1)
		f.publish(s, 1, 1)
	}
	// Some get no label, as if the bot had died before.
	heal := server.Inject(forgetest.Fault{Route: "POST /repos/{owner}/{repo}/issues/{number}/labels", Status: http.StatusBadGateway, Times: 4})
	_ = f.bot(f.Context(), config).Run() // it tells that labels are missing
	heal()
	acts := []happening{
		(*fleet).somebodyCloses, (*fleet).somebodyMerges, (*fleet).somebodyPushes, (*fleet).somebodyDoesItByHand,
		(*fleet).release, (*fleet).somebodyMovesTheBase, (*fleet).somebodyIgnores, (*fleet).somebodyHolds, func(*fleet, *ship, *rand.Rand) {},
	}
	for i, s := range f.ships {
		acts[i%len(acts)](f, s, chance)
	}
}

// kill kills the bot again and again, and checks what is there half-way and at the end.
func (f *fleet) kill(writes func() int) {
	f.Helper()
	config := f.config("kept")
	chance := rand.New(rand.NewPCG(killSeed, 0)) //nolint:gosec // chance that can be had again
	whole := f.wholeRound(config)
	killed, runs, lost := 0, 0, 0
	for ; killed < kills && !f.Failed(); runs++ {
		for range 1 + chance.IntN(3) {
			f.happen(chance)
		}
		if chance.IntN(8) == 0 {
			lost++
			if err := os.RemoveAll(f.stateDir("kept")); err != nil {
				f.Fatal(err)
			}
		}
		victim := f.bot(f.Context(), config)
		var said strings.Builder
		victim.Stdout, victim.Stderr = &said, &said
		died, err := testbed.KillAfter(victim, time.Duration(chance.Int64N(int64(whole))))
		if err != nil {
			f.Fatalf("%v\n%s", err, said.String())
		}
		if died {
			if killed++; killed == kills/2 {
				f.wholeRound(config)
			}
		}
	}
	ignored, held := 0, 0
	for _, s := range f.ships {
		ignored, held = ignored+len(s.ignored), held+len(s.held)
	}
	f.Logf("a whole run took %v; of %d runs %d were killed, %d began without state; %d pull requests were ignored, %d are held", whole, runs, killed, lost, ignored, held)
	f.wholeRound(config)
	f.rest(config, writes)
}

// wholeRound holds that one round puts everything right. What is ignored is closed in
// that one, and what is newer than it proposed in the next. It gives how long
// the one round took.
func (f *fleet) wholeRound(config string) (took time.Duration) {
	f.Helper()
	ignored := slices.ContainsFunc(f.ships, func(s *ship) bool {
		return slices.ContainsFunc(pullsOf(f.T, s), func(p pullRequest) bool { return p.State == "open" && s.ignored[p.Number] })
	})
	began := time.Now()
	// The server may still be at work on the push of a bot that was killed, and refuse
	// another to that branch: the round fails, and the next one doesn't.
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	if out, err := f.bot(ctx, config).CombinedOutput(); err != nil {
		f.Logf("the bot ends with %v, and is run again:\n%s", err, out)
		f.mustOnce(config)
	}
	took = time.Since(began)
	if ignored {
		f.mustOnce(config)
	}
	f.check()
	return took
}

// rest holds that one more run writes nothing.
func (f *fleet) rest(config string, writes func() int) {
	f.Helper()
	before := writes()
	f.mustOnce(config)
	if n := writes() - before; n > 0 {
		f.Errorf("at rest, the bot still writes %d times a round", n)
	}
}

// writes counts what was asked of a server that changes something.
func writes(server *forgetest.Server) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.Route, "git-upload-pack") {
			n++
		}
	}
	return n
}
