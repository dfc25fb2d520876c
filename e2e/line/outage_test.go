package line_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/registry/registrytest"
)

const (
	// outageTime is how long a server is away. It is the one time that a test waits
	// for because it is the time that matters: many retries must fit into it.
	outageTime = 30 * time.Second
	// maxLines is how much one daemon may log about an outage. Rounds come every two
	// seconds over seven policies of one image, so this is half of what a line for each
	// attempt of each policy would make.
	maxLines = 52
)

// outage is a server that is away for a while.
type outage struct {
	name string
	// own gives the test a cluster that it may stop.
	own bool
	// begin brings the line to the moment at which the server is needed, and has it
	// gone then; end brings it back.
	begin, end func(w *whole)
	// told are the daemons that must say that something is wrong.
	told []string
}

// TestOutage holds that a server that is away for half a minute delays the line and
// breaks nothing: neither daemon ends, nothing is proposed twice, nothing is deleted
// from the cluster, and the logs stay short.
func TestOutage(t *testing.T) {
	t.Parallel()
	program := testbed.Towline(t)
	for _, o := range []outage{
		{
			name:  "registry",
			begin: func(w *whole) { w.registry.SetOnline(false); w.publish("1.1.0") },
			end:   func(w *whole) { w.registry.SetOnline(true) },
			told:  []string{"bot"},
		},
		{
			name:  "registry that hangs",
			begin: func(w *whole) { w.registryHangs(); w.publish("1.1.0") },
			end:   func(w *whole) { close(w.back) },
		},
		{
			name:  "forge that hangs",
			begin: func(w *whole) { w.forgeHangs(); w.publish("1.1.0") },
			end:   func(w *whole) { w.onRequest(nil); close(w.back) },
		},
		{
			name:  "forge, when the pull request is to be opened",
			begin: func(w *whole) { w.forgeGoesAtCreate(); w.publish("1.1.0"); w.awaitBranch() },
			end:   func(w *whole) { w.onRequest(nil); w.forge.SetOff(false) },
			told:  []string{"bot"},
		},
		{
			name:  "forge, when the merge is to be fetched",
			begin: func(w *whole) { w.publish("1.1.0"); w.awaitPullRequest(); w.forge.SetOff(true); w.merge() },
			end:   func(w *whole) { w.forge.SetOff(false) },
			told:  []string{"bot", "reconciler"},
		},
		{
			name: "API server that hangs", own: true,
			begin: func(w *whole) { w.publish("1.1.0"); w.awaitPullRequest(); w.must(w.kube.Pause()); w.merge() },
			end:   func(w *whole) { w.must(w.kube.Resume()) },
		},
		{
			name: "API server that is gone", own: true,
			begin: func(w *whole) { w.publish("1.1.0"); w.awaitPullRequest(); w.kube.Shutdown(); w.merge() },
			end:   func(w *whole) { w.must(w.kube.Restart(w.Context())) },
			told:  []string{"reconciler"},
		},
	} {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			newWhole(newLine(t, program), clusterFor(t, o)).endure(o)
		})
	}
}

func clusterFor(t *testing.T, o outage) *testbed.Cluster {
	t.Helper()
	if !o.own {
		return testbed.Kube(t)
	}
	kube := testbed.OwnKube(t)
	return kube
}

// endure goes through an outage and then to the end of the line.
func (w *whole) endure(o outage) {
	w.Helper()
	w.follow("hello", "plain")
	w.awaitHealthy("hello")
	w.bot = w.startBot()
	before := w.identities()

	w.bot.mark(w.T)
	w.reconciler.mark(w.T)
	o.begin(w)
	// The time is the subject here, not a means to wait for something.
	timer := time.NewTimer(outageTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.Context().Done():
		w.Fatal("the test was ended during the outage")
	}
	w.wantShortLogs(o.told)
	o.end(w)
	back := time.Now()

	w.awaitPullRequest()
	if w.onlyPullRequest().State == forge.StateOpen {
		w.merge()
	}
	w.awaitHealthy("hello")
	w.Logf("healthy at the merged commit %.1f s after the outage", time.Since(back).Seconds())
	w.awaitStatus()
	w.bot.alive(w.T)
	w.reconciler.alive(w.T)
	w.wantMerged(before)
}

// wantShortLogs checks what the daemons have logged since the outage began.
func (w *whole) wantShortLogs(told []string) {
	w.Helper()
	for _, h := range []*half{w.bot, w.reconciler} {
		lines, troubles := h.since(w.T)
		w.Logf("in %s the %s has logged %d lines, %d of them warnings or errors", outageTime, h.name, len(lines), troubles)
		if len(lines) > maxLines {
			w.Errorf("the %s logs in a hot loop:\n%s", h.name, strings.Join(lines, "\n"))
		}
		if strings.Contains(strings.Join(told, " "), h.name) && troubles == 0 {
			w.Errorf("the %s says nothing of the outage:\n%s", h.name, strings.Join(lines, "\n"))
		}
	}
}

// wantMerged checks the state at the end of the line.
func (w *whole) wantMerged(before map[string]types.UID) {
	w.Helper()
	if pull := w.onlyPullRequest(); pull.State != forge.StateMerged {
		w.Errorf("the pull request is %s, want it merged", pull.State)
	}
	for what, id := range w.identities() {
		if before[what] != id {
			w.Errorf("the %s isn't the one that was there before: it was deleted meanwhile", what)
		}
	}
	image := get(w, "hello", &appsv1.Deployment{}).Spec.Template.Spec.Containers[0].Image
	if want := w.registry.Host() + "/hello:1.1.0"; image != want {
		w.Errorf("the Deployment runs %s, want %s", image, want)
	}
}

// identities tells the objects of plain/ from others of the same names that may take
// their places.
func (w *whole) identities() map[string]types.UID {
	w.Helper()
	return map[string]types.UID{
		"Deployment": get(w, "hello", &appsv1.Deployment{}).UID,
		"Service":    get(w, "hello", &corev1.Service{}).UID,
	}
}

// registryHangs has the registry take requests and answer none until w.back is closed.
func (w *whole) registryHangs() {
	w.registry.AddFault(registrytest.Fault{Wait: func(ctx context.Context) { w.isBack(ctx) }})
}

// forgeHangs has the forge take requests and answer none until w.back is closed.
func (w *whole) forgeHangs() {
	w.onRequest(func(_ http.ResponseWriter, r *http.Request) bool { return !w.isBack(r.Context()) })
}

// isBack waits until w.back is closed, and tells whether that came before the end of ctx.
func (w *whole) isBack(ctx context.Context) bool {
	select {
	case <-w.back:
		return true
	case <-ctx.Done():
		return false
	}
}

// forgeGoesAtCreate switches the forge off the moment that the bot, having pushed its
// branch, wants to open the pull request.
func (w *whole) forgeGoesAtCreate() {
	var once sync.Once
	isCreate := post("/pulls")
	w.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isCreate(r) {
			once.Do(func() { w.forge.SetOff(true) })
		}
		return false
	})
}

// awaitBranch waits until the update's branch is pushed.
func (w *whole) awaitBranch() {
	w.Helper()
	w.awaitForge("the update's branch", func() bool { return w.repo.Head(updateBranch) != "" })
}

// awaitPullRequest waits until there is a pull request with all that belongs to it.
func (w *whole) awaitPullRequest() {
	w.Helper()
	w.awaitForge("a pull request", func() bool {
		pulls := w.repo.PullRequests()
		return len(pulls) > 0 && len(pulls[0].Labels) > 0
	})
}

// merge merges the pull request as a person does with the button.
func (w *whole) merge() {
	w.Helper()
	_, err := w.repo.Merge(w.onlyPullRequest().Number, forgetest.MergeCommit)
	w.must(err)
}

// awaitStatus waits until the reconciler has reported success on main's commit.
func (w *whole) awaitStatus() {
	w.Helper()
	head := w.repo.Head("main")
	w.awaitForge("the status success of "+head, func() bool {
		for _, status := range w.repo.Statuses(head) {
			if status.State == forge.StatusSuccess {
				return true
			}
		}
		return false
	})
}
