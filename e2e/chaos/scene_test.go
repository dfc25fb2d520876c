package chaos_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
)

// patience bounds every wait of these tests.
const patience = 90 * time.Second

// scene is a namespace with a reconciler of its own, which reaches the API server
// through a proxy.
type scene struct {
	testing.TB
	cluster   *testbed.Cluster
	namespace string
	git       *gitrepotest.Server
	url       string
	client    client.WithWatch // past the proxy
	proxy     *proxy
	log       *testbed.Log
	config    reconciler.Config
	stop      func()
}

func newScene(t testing.TB, change ...func(*reconciler.Config)) *scene {
	t.Helper()
	s := newQuietScene(t, testbed.Kube(t))
	s.config = reconciler.Config{
		REST: s.proxy.config(), CacheDir: t.TempDir(), Namespace: s.namespace, Builder: builder(),
		Log:      slog.New(slog.NewTextHandler(s.log, nil)),
		RetryMin: 100 * time.Millisecond, RetryMax: 2 * time.Second, RequestTimeout: 2 * time.Second,
	}
	for _, c := range change {
		c(&s.config)
	}
	s.start()
	return s
}

// newQuietScene gives a scene without a reconciler.
func newQuietScene(t testing.TB, cluster *testbed.Cluster) *scene {
	t.Helper()
	s := &scene{TB: t, cluster: cluster, namespace: cluster.Namespace(t), git: gitrepotest.New(t), log: &testbed.Log{}, proxy: newProxy(t, cluster.Config)}
	s.url = s.git.Create("deploy")
	scheme := runtime.NewScheme()
	s.must(errors.Join(clientgoscheme.AddToScheme(scheme), v1.AddToScheme(scheme)))
	var err error
	s.client, err = client.NewWithWatch(cluster.Config, client.Options{Scheme: scheme})
	s.must(err)
	s.cluster.InstallSyncs(s)
	s.must(s.client.Create(s.ctx(), s.account()))
	s.must(s.client.Create(s.ctx(), s.binding()))
	return s
}

func builder() *render.Renderer {
	return render.New(render.Config{Kinds: []render.Kind{{Name: "plain", Builder: plain.Builder{}, Relevant: render.FilesOnly}}})
}

// account gives the ServiceAccount that Syncs name, and binding what it has its rights by.
func (s *scene) account() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "deployer"}}
}

func (s *scene) binding() *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "deployer"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: s.namespace, Name: "deployer"}},
	}
}

// start runs the reconciler until stop or the end of the test.
func (s *scene) start() {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- reconciler.Run(ctx, s.config) }()
	s.stop = sync.OnceFunc(func() {
		s.proxy.heal()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.Errorf("the reconciler ended with %v", err)
		}
		if s.Failed() {
			s.proxy.tell(s.TB)
			s.Logf("log of the reconciler:\n%s", s.log)
		}
	})
	s.Cleanup(s.stop)
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	return ctx
}

// eventually waits until something holds of which nothing tells.
func (s *scene) eventually(what string, holds func() bool) {
	s.Helper()
	for ctx := s.ctx(); !holds(); {
		select {
		case <-ctx.Done():
			s.Fatalf("waited in vain for: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// newSync makes a Sync of a folder, which has its name.
func (s *scene) newSync(name string, change ...func(*v1.Sync)) *v1.Sync {
	s.Helper()
	sync := &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1.SyncSpec{
			Source: v1.Source{URL: s.url, Branch: "main", Path: name}, Prune: true, ServiceAccountName: "deployer",
			Interval: metav1.Duration{Duration: time.Second}, Timeout: metav1.Duration{Duration: 30 * time.Second},
		},
	}
	for _, c := range change {
		c(sync)
	}
	s.must(s.client.Create(s.ctx(), sync))
	return sync
}

func (s *scene) commit(files map[string]string, deletes ...string) string {
	s.Helper()
	return "main@sha1:" + s.git.Commit("deploy", gitrepotest.Commit{Files: files, Deletes: deletes})
}

func (s *scene) sync(name string) *v1.Sync {
	s.Helper()
	var found v1.Sync
	s.must(s.client.Get(s.ctx(), client.ObjectKey{Namespace: s.namespace, Name: name}, &found))
	return &found
}

// edit changes a Sync as a person does.
func (s *scene) edit(name string, change func(*v1.Sync)) *v1.Sync {
	s.Helper()
	sync := s.sync(name)
	before := sync.DeepCopy()
	change(sync)
	s.must(s.client.Patch(s.ctx(), sync, client.MergeFrom(before)))
	return sync
}

func readyAt(sync *v1.Sync, revision string) bool {
	return sync != nil && sync.Status.LastAppliedRevision == revision && meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReady)
}

// awaitSync waits by a watch until a Sync is as wanted; nil stands for one that is gone. It
// gives what it saw last, and whether that is wanted.
func (s *scene) awaitSync(name string, want func(*v1.Sync) bool) (last *v1.Sync, ok bool) {
	s.Helper()
	ctx := s.ctx()
	for ctx.Err() == nil {
		var list v1.SyncList
		one := []client.ListOption{client.InNamespace(s.namespace), client.MatchingFields{"metadata.name": name}}
		s.must(s.client.List(ctx, &list, one...))
		last = nil
		if len(list.Items) > 0 {
			last = &list.Items[0]
		}
		if want(last) {
			return last, true
		}
		events, err := s.client.Watch(ctx, &v1.SyncList{}, append(one, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}})...)
		s.must(err)
		for event := range events.ResultChan() {
			live, ok := event.Object.(*v1.Sync)
			if !ok {
				break // a watch ends now and then
			}
			if last = live; event.Type == watch.Deleted {
				last = nil
			}
			if want(last) {
				events.Stop()
				return last, true
			}
		}
		events.Stop()
	}
	return last, false
}

func (s *scene) awaitReady(name, revision string) {
	s.Helper()
	last, ok := s.awaitSync(name, func(sync *v1.Sync) bool { return readyAt(sync, revision) })
	if !ok && last != nil {
		s.Fatalf("Sync %s isn't ready at %s: applied %s, %+v", name, revision, last.Status.LastAppliedRevision, last.Status.Conditions)
	}
	if !ok {
		s.Fatalf("Sync %s isn't there", name)
	}
}

// awaitGone waits until a Sync is deleted.
func (s *scene) awaitGone(name string) {
	s.Helper()
	if last, ok := s.awaitSync(name, func(sync *v1.Sync) bool { return sync == nil }); !ok {
		s.Fatalf("Sync %s is still there: %+v", name, last.Status.Conditions)
	}
}

// awaitObserved waits until the reconciler has looked at a generation of a Sync.
func (s *scene) awaitObserved(sync *v1.Sync) {
	s.Helper()
	if _, ok := s.awaitSync(sync.Name, func(live *v1.Sync) bool { return live != nil && live.Status.ObservedGeneration == sync.Generation }); !ok {
		s.Fatalf("Sync %s is not looked at since it was edited", sync.Name)
	}
}

// trouble gives the message of a Ready condition that is False, "" for none.
func trouble(sync *v1.Sync) string {
	if c := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady); c != nil && c.Status == metav1.ConditionFalse {
		return c.Reason + ": " + c.Message
	}
	return ""
}

// awaitTrouble waits until a Sync is in trouble whose message has all of some words, and gives it.
func (s *scene) awaitTrouble(name string, words ...string) string {
	s.Helper()
	message := ""
	_, ok := s.awaitSync(name, func(sync *v1.Sync) bool {
		if sync == nil {
			return false
		}
		message = trouble(sync)
		return message != "" && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(message, word) })
	})
	if !ok {
		s.Fatalf("Sync %s says %q, want %q", name, message, words)
	}
	return message
}
