package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// replicaEnv makes this test binary one of two replicas.
const replicaEnv = "TOWLINE_TEST_REPLICA"

// lease is how long the Lease of these replicas lasts.
const lease = 4 * time.Second

// role says where a replica works.
type role struct {
	Host      string // of a proxy
	CA        []byte
	Namespace string
	Cache     string
}

// replicate reconciles until its parent dies, or the Lease is lost.
func replicate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var r role
	if err := json.Unmarshal([]byte(os.Getenv(replicaEnv)), &r); err != nil {
		return fmt.Errorf("reading the role: %w", err)
	}
	go func() { // the parent's death closes our input
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return reconciler.Run(ctx, reconciler.Config{
		REST:     &rest.Config{Host: r.Host, TLSClientConfig: rest.TLSClientConfig{CAData: r.CA}},
		CacheDir: r.Cache, Namespace: r.Namespace, Builder: builder(),
		LeaderElection: true, LeaderElectionNamespace: r.Namespace, Lease: lease,
		ApplyWorkers: 1, RetryMin: 100 * time.Millisecond, RetryMax: time.Second,
	})
}

// replica is a reconciler in a process of its own.
type replica struct {
	*exec.Cmd
	proxy *proxy
	ended chan error
}

// newReplica starts a replica behind a proxy of its own.
func (s *scene) newReplica() *replica {
	s.Helper()
	r := &replica{proxy: newProxy(s.TB, s.cluster.Config), ended: make(chan error, 1)}
	config := r.proxy.config()
	text, err := json.Marshal(role{Host: config.Host, CA: config.CAData, Namespace: s.namespace, Cache: s.TempDir()})
	s.must(err)
	self, err := os.Executable()
	s.must(err)
	r.Cmd = exec.CommandContext(s.Context(), self)
	r.Env = append(os.Environ(), replicaEnv+"="+string(text))
	r.Stderr = s.log
	input, err := r.StdinPipe()
	s.must(err)
	s.must(r.Start())
	go func() { r.ended <- r.Wait() }()
	s.Cleanup(func() {
		_ = r.Process.Signal(syscall.SIGCONT)
		_ = input.Close()
		s.Logf("a replica ended: %v", <-r.ended)
	})
	return r
}

// writes counts what a replica wrote, other than the Lease.
func (r *replica) writes() int {
	n := 0
	for _, verb := range []string{"apply", "delete", "inventory", "status", "claim", "event"} {
		n += r.proxy.count(verb, "/")
	}
	return n
}

// TestALeaderThatWasFrozen freezes the replica that has the Lease in the middle of an
// apply, for longer than the Lease lasts. When it wakes, another has gone on, and it must
// write nothing more.
func TestALeaderThatWasFrozen(t *testing.T) {
	t.Parallel()
	s := newQuietScene(t, testbed.Kube(t))
	first := s.commit(many("1"))
	s.newSync("app")
	leader := s.newReplica()
	s.awaitReady("app", first)
	other := s.newReplica()
	leader.proxy.harm(of("apply"), slow)
	s.commit(many("2"))
	s.eventually("the leader applies", func() bool { return leader.proxy.spoiled() > objects/4 })
	s.must(leader.Process.Signal(syscall.SIGSTOP))
	files, want := many("3"), values("3")
	delete(files, "app/m0.yaml")
	delete(want, "m0")
	third := s.commit(files, "app/m0.yaml")
	s.awaitReady("app", third)
	s.wantState("the other has gone on", want)
	leader.proxy.heal()
	before := leader.writes()
	s.must(leader.Process.Signal(syscall.SIGCONT))
	select {
	case err := <-leader.ended:
		t.Logf("the leader ended: %v", err)
		leader.ended <- nil
	case <-s.ctx().Done():
		t.Error("the leader never ended")
	}
	if got := leader.writes() - before; got > 0 {
		t.Errorf("%d writes after another had the Lease", got)
	}
	s.wantState("the leader woke up", want)
	if other.writes() == 0 {
		t.Error("the other did nothing")
	}
}
