package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// patience bounds every wait of these tests.
const patience = 60 * time.Second

// scene is a namespace with one Sync, "app", of one repository.
type scene struct {
	*testing.T
	cluster   *testbed.Cluster
	namespace string
	git       *gitrepotest.Server
	client    client.WithWatch
}

func newScene(t *testing.T) *scene {
	t.Helper()
	cluster := testbed.Kube(t)
	s := &scene{T: t, cluster: cluster, namespace: cluster.Namespace(t), git: gitrepotest.New(t)}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme} {
		s.must(add(scheme))
	}
	var err error
	s.client, err = client.NewWithWatch(cluster.Config, client.Options{Scheme: scheme})
	s.must(err)
	s.cluster.InstallSyncs(s)
	s.cluster.Deployer(s, s.namespace)
	url, budget := s.git.Create("deploy"), int32(100000)
	s.must(s.client.Create(s.Context(), &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "app"},
		Spec: v1.SyncSpec{
			Source: v1.Source{URL: url, Branch: "main", Path: "app"}, Prune: true, ServiceAccountName: "deployer",
			DeletionBudget: v1.DeletionBudget{Objects: &budget},
			Interval:       metav1.Duration{Duration: time.Second}, Timeout: metav1.Duration{Duration: 30 * time.Second},
		},
	}))
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) limited() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	return ctx
}

// process is a reconciler of its own.
type process struct {
	*exec.Cmd
	input io.Closer
	ended chan error
}

// start runs a reconciler by an order.
func (s *scene) start(o order) *process {
	s.Helper()
	o.Kubeconfig, o.Namespace, o.Cache = s.cluster.Kubeconfig, s.namespace, s.TempDir()
	text, err := json.Marshal(o)
	s.must(err)
	self, err := os.Executable()
	s.must(err)
	p := &process{Cmd: exec.CommandContext(s.Context(), self), ended: make(chan error, 1)}
	p.Env = append(os.Environ(), orderEnv+"="+string(text))
	p.Stderr = os.Stderr
	p.input, err = p.StdinPipe()
	s.must(err)
	s.must(p.Start())
	go func() { p.ended <- p.Wait() }()
	return p
}

// kill kills a reconciler that lives, and waits for its end.
func (s *scene) kill(p *process) {
	s.Helper()
	s.must(p.Process.Kill())
	_ = s.killed(<-p.ended) // it was
}

// died waits until a reconciler has died by its order, or has brought the Sync to the
// revision without that, and tells which.
func (s *scene) died(p *process, revision string) bool {
	s.Helper()
	ctx, cancel := context.WithCancel(s.limited())
	defer cancel()
	ready := make(chan bool, 1)
	go func() { ready <- s.ready(ctx, revision) }()
	select {
	case err := <-p.ended:
		return s.killed(err)
	case ok := <-ready:
		if !ok {
			s.Fatalf("the Sync isn't ready at %s, and nobody died", revision)
		}
	}
	select { // it may die by a step after that
	case err := <-p.ended:
		return s.killed(err)
	case <-time.After(time.Second):
		s.kill(p)
		return false
	}
}

func (s *scene) killed(err error) bool {
	s.Helper()
	if !testbed.BySIGKILL(err) {
		s.Fatalf("the reconciler ended with %v, and not by SIGKILL", err)
	}
	return true
}

// ready waits until the Sync is ready at a revision.
func (s *scene) ready(ctx context.Context, revision string) bool {
	for ctx.Err() == nil {
		var list v1.SyncList
		if err := s.client.List(ctx, &list, client.InNamespace(s.namespace)); err != nil {
			continue
		}
		for i := range list.Items {
			if at(&list.Items[i], revision) {
				return true
			}
		}
		events, err := s.client.Watch(ctx, &list, client.InNamespace(s.namespace), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}})
		if err != nil {
			continue
		}
		for event := range events.ResultChan() {
			if sync, ok := event.Object.(*v1.Sync); ok && event.Type != watch.Deleted && at(sync, revision) {
				events.Stop()
				return true
			}
		}
	}
	return false
}

func at(sync *v1.Sync, revision string) bool {
	return sync.Status.LastAppliedRevision == revision && meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReady)
}

// settle has a healthy reconciler bring the Sync to a revision, and ends it, by force too.
func (s *scene) settle(revision string) {
	s.Helper()
	p := s.start(order{})
	if !s.ready(s.limited(), revision) {
		var sync v1.Sync
		s.must(s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: "app"}, &sync))
		s.kill(p)
		s.Fatalf("never ready at %s: %+v", revision, sync.Status.Conditions)
	}
	s.kill(p)
}

func (s *scene) commit(files map[string]string, deletes ...string) string {
	s.Helper()
	return "main@sha1:" + s.git.Commit("deploy", gitrepotest.Commit{Files: files, Deletes: deletes})
}

func (s *scene) String() string { return fmt.Sprintf("namespace %s", s.namespace) }
