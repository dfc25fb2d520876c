package pulls_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/registry/registrytest"
)

const (
	manyPolicies = 500
	manyMoved    = 40
	manyOpen     = 12 // limits.open
)

// many is a repository with 500 policies.
type many struct {
	testing.TB
	clock    *clock
	place    *ourPlace
	registry *registrytest.Server
	bot      *wired
}

// newMany makes the repository and looks at it once: everything is up to date.
func newMany(t testing.TB) *many {
	t.Helper()
	m := &many{TB: t, clock: &clock{at: storyBegins()}, registry: registrytest.New(t, registrytest.Options{})}
	m.place = newOurPlace(t, newOurServer(t, m.clock), m.clock, repository)
	files := map[string]string{".towline.yaml": fmt.Sprintf("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  limits: {open: %d}\n", manyOpen)}
	for i := range manyPolicies {
		name := manyName(i)
		labels := ""
		if i < manyMoved && i%10 == 9 {
			labels = "  update: {labels: [security]}\n"
		}
		files["apps/"+name+"/policy.yaml"] = fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s/%s\n  policy: {semver: {range: \">=1.0.0\"}}\n%s",
			name, m.registry.Host(), name, labels)
		files["apps/"+name+"/pod.yaml"] = fmt.Sprintf("kind: Pod\nspec: {containers: [{name: it, image: %s/%s:1.0.0}]}\n", m.registry.Host(), name)
		m.publish(name, "1.0.0")
	}
	if _, err := m.place.repo.Commit(forgetest.Commit{Branch: "main", Message: "Add everything", Author: alice, Files: files}); err != nil {
		t.Fatal(err)
	}
	var err error
	m.bot, err = wire(wiring{places: []place{m.place}, registry: m.registry.Host(), clock: m.clock, state: t.TempDir(), requests: &requestLog{}})
	if err != nil {
		t.Fatal(err)
	}
	m.round()
	return m
}

func manyName(i int) string { return fmt.Sprintf("app%03d", i) }

func (m *many) publish(name, version string) {
	m.Helper()
	if err := m.registry.PushTags(name, version); err != nil {
		m.Fatal(err)
	}
}

func (m *many) round() {
	m.Helper()
	m.clock.pass(time.Minute)
	if err := m.bot.once(m.Context()); err != nil {
		m.Fatal(err)
	}
}

// move publishes forty versions at once: in turn major, minor and patch updates, and
// one in ten, a major one, closes a hole.
func (m *many) move() {
	m.Helper()
	for i := range manyMoved {
		version := []string{"2.0.0", "1.1.0", "1.0.1"}[i%3]
		if i%10 == 9 {
			version = "3.0.0"
		}
		m.publish(manyName(i), version)
	}
}

// TestManyPolicies holds that of forty updates at once as many are opened as the limits
// allow, the most urgent first: what closes a hole, then patch, minor and major. The
// requests are counted; one round without news costs one of the forge and one of Git.
func TestManyPolicies(t *testing.T) {
	t.Parallel()
	m := newMany(t)
	m.move()
	m.place.server.ForgetRequests()
	m.round()
	var levels []string
	for _, p := range m.place.repo.PullRequests() {
		_, version, _ := strings.Cut(p.Title, " to ")
		levels = append(levels, version)
	}
	want := slices.Concat(slices.Repeat([]string{"3.0.0"}, manyMoved/10), slices.Repeat([]string{"1.0.1"}, manyOpen-manyMoved/10))
	if diff := cmp.Diff(want, levels); diff != "" {
		t.Errorf("the versions of the pull requests, by number (-want +got):\n%s", diff)
	}
	counted := map[string]int{
		"GET /repos/{owner}/{repo}/pulls":                   1,
		"POST /repos/{owner}/{repo}/pulls":                  manyOpen,
		"POST /repos/{owner}/{repo}/issues/{number}/labels": manyMoved / 10,
		forgetest.RouteGitFetch:                             1, // of the history: has anybody moved these back?
		forgetest.RouteGitRefs:                              2 + manyOpen,
		forgetest.RouteGitPush:                              manyOpen,
	}
	if diff := cmp.Diff(counted, requestsOf(m.place.server)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	m.round()
	m.place.server.ForgetRequests()
	m.round()
	if diff := cmp.Diff(map[string]int{"GET /repos/{owner}/{repo}/pulls": 1, forgetest.RouteGitRefs: 1}, requestsOf(m.place.server)); diff != "" {
		t.Errorf("requests of a round without news (-want +got):\n%s", diff)
	}
}

// requestsOf counts a server's requests by route.
func requestsOf(server *forgetest.Server) map[string]int {
	counts := map[string]int{}
	for _, r := range server.Requests() {
		if r.Status == http.StatusUnauthorized {
			continue // Git asks without a password first
		}
		counts[r.Route]++
	}
	return counts
}

// BenchmarkManyPolicies takes the time of the round in which forty tags have moved, at
// a forge that answers after 50 ms.
func BenchmarkManyPolicies(b *testing.B) {
	for range b.N {
		b.StopTimer()
		m := newMany(b)
		m.move()
		m.place.server.ForgetRequests()
		faster := m.place.server.Inject(forgetest.Fault{Delay: 50 * time.Millisecond})
		b.StartTimer()
		m.round()
		b.StopTimer()
		faster()
		b.ReportMetric(float64(len(m.place.server.Requests())), "requests/op")
		b.ReportMetric(float64(len(m.place.repo.PullRequests())), "pulls/op")
	}
}
