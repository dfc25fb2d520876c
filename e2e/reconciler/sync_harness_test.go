package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/helm"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

// webhookKey signs the webhooks of these tests.
const webhookKey = "a key for tests"

// syncs is a reconciler that looks at one namespace, with a Git server and a
// repository of its own.
type syncs struct {
	testing.TB
	cluster   *testbed.Cluster
	namespace string
	git       *gitrepotest.Server
	url       string // of repository "deploy"
	client    client.Client
	dynamic   dynamic.Interface
	log       *testbed.Log
	forge     *commits
	webhook   string
	metrics   string
	stop      func() // ends the reconciler and waits for it
	config    reconciler.Config
}

// newSyncs starts a reconciler on the shared cluster.
func newSyncs(t testing.TB, change ...func(*reconciler.Config)) *syncs {
	t.Helper()
	return newSyncsOn(t, testbed.Kube(t), change...)
}

func newSyncsOn(t testing.TB, cluster *testbed.Cluster, change ...func(*reconciler.Config)) *syncs {
	t.Helper()
	s := &syncs{TB: t, cluster: cluster, namespace: cluster.Namespace(t), git: gitrepotest.New(t), log: &testbed.Log{}, forge: &commits{news: make(chan struct{}, 1)}}
	s.url = s.git.Create("deploy")
	s.connect()
	s.serviceAccount("deployer", "cluster-admin")
	renderer := builders()
	s.config = reconciler.Config{
		REST: rest.CopyConfig(cluster.Config), CacheDir: t.TempDir(), Namespace: s.namespace,
		Builder: renderer, RenderStats: renderer.Stats, Decrypters: sops.NewKeys,
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Reporter: s.forge,
		WebhookBind: testbed.FreeAddress(t), MetricsBind: testbed.FreeAddress(t), WebhookSecret: secret.New(webhookKey),
		RetryMin: 100 * time.Millisecond, RetryMax: 2 * time.Second,
	}
	for _, c := range change {
		c(&s.config)
	}
	s.webhook, s.metrics = "http://"+s.config.WebhookBind+"/webhook", "http://"+s.config.MetricsBind+"/metrics"
	s.start()
	return s
}

// connect makes the clients, and installs the definition of Syncs.
func (s *syncs) connect() {
	s.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme} {
		s.must(add(scheme))
	}
	var err error
	s.client, err = client.New(s.cluster.Config, client.Options{Scheme: scheme})
	s.must(err)
	s.dynamic, err = dynamic.NewForConfig(s.cluster.Config)
	s.must(err)
	s.cluster.InstallSyncs(s)
}

// builders are those of the program.
func builders() *render.Renderer {
	return render.New(render.Config{Kinds: []render.Kind{
		{Name: "kustomize", Builder: kustomize.New(build.Limits{}), Relevant: render.FilesOnly},
		{Name: "helm", Builder: helm.New(build.Limits{})},
		{Name: "plain", Builder: plain.Builder{}, Relevant: render.FilesOnly},
	}})
}

// start runs the reconciler until stop or the end of the test.
func (s *syncs) start() {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- reconciler.Run(ctx, s.config) }()
	once := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.Errorf("the reconciler ended with %v", err)
		}
		if s.Failed() {
			s.Logf("log of the reconciler:\n%s", s.log)
		}
	})
	s.stop = once
	s.Cleanup(once)
}

func (s *syncs) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *syncs) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	return ctx
}

// serviceAccount makes a ServiceAccount which has a ClusterRole in the namespace.
func (s *syncs) serviceAccount(name, role string) {
	s.Helper()
	s.must(s.client.Create(s.ctx(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}))
	if role == "" {
		return
	}
	s.must(s.client.Create(s.ctx(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: s.namespace, Name: name}},
	}))
}

// newSync makes a Sync of the repository's folder "app".
func (s *syncs) newSync(name string, change ...func(*v1.Sync)) *v1.Sync {
	s.Helper()
	sync := &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1.SyncSpec{
			Source: v1.Source{URL: s.url, Branch: "main", Path: "app"}, Prune: true, ServiceAccountName: "deployer",
			Interval: metav1.Duration{Duration: time.Second}, Timeout: metav1.Duration{Duration: 20 * time.Second},
		},
	}
	for _, c := range change {
		c(sync)
	}
	s.must(s.client.Create(s.ctx(), sync))
	return sync
}

func path(p string) func(*v1.Sync) { return func(s *v1.Sync) { s.Spec.Source.Path = p } }

// commit puts files into the repository and gives the revision.
func (s *syncs) commit(files map[string]string, deletes ...string) string {
	s.Helper()
	return "main@sha1:" + s.git.Commit("deploy", gitrepotest.Commit{Files: files, Deletes: deletes})
}

func manifest(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {key: %q}\n", name, value)
}

func web(image string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "` + image + `"}]}
`
}
