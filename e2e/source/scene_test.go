package source_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
)

// patience bounds every wait; none takes as long unless it fails.
const patience = 60 * time.Second

// webhookKey signs the webhooks of these tests.
const webhookKey = "a key for tests"

// scene is a reconciler that looks at a namespace of its own.
type scene struct {
	*testing.T
	namespace string
	client    client.WithWatch
	webhook   string
	cache     string
	log       *testbed.Log
}

// newScene starts a reconciler on the shared cluster.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := newStage(t)
	address := testbed.FreeAddress(t)
	s.webhook = "http://" + address + "/webhook"
	s.run(reconciler.Config{
		REST: rest.CopyConfig(testbed.Kube(t).Config), CacheDir: s.cache, Namespace: s.namespace, Builder: builder(),
		Log: slog.New(slog.NewTextHandler(s.log, nil)), WebhookBind: address, WebhookSecret: secret.New(webhookKey),
		RetryMin: 100 * time.Millisecond, RetryMax: time.Second,
	})
	return s
}

// builder applies manifests as they stand: these tests are about where they come from.
func builder() *render.Renderer {
	return render.New(render.Config{Kinds: []render.Kind{{Name: "plain", Builder: plain.Builder{}, Relevant: render.FilesOnly}}})
}

// newStage makes a scene without a reconciler.
func newStage(t *testing.T) *scene {
	t.Helper()
	cluster := testbed.Kube(t)
	s := &scene{T: t, namespace: cluster.Namespace(t), cache: t.TempDir(), log: &testbed.Log{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme} {
		s.must(add(scheme))
	}
	var err error
	s.client, err = client.NewWithWatch(cluster.Config, client.Options{Scheme: scheme})
	s.must(err)
	cluster.InstallSyncs(s)
	cluster.Deployer(s, s.namespace)
	return s
}

func (s *scene) run(config reconciler.Config) {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- reconciler.Run(ctx, config) }()
	s.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.Errorf("the reconciler ended with %v", err)
		}
		if s.Failed() {
			s.Logf("log of the reconciler:\n%s", s.log)
		}
	})
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// sync makes a Sync of a source.
func (s *scene) sync(name string, source v1.Source, change ...func(*v1.Sync)) {
	s.Helper()
	sync := &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1.SyncSpec{
			Source: source, Prune: true, ServiceAccountName: "deployer",
			Interval: metav1.Duration{Duration: time.Second}, Timeout: metav1.Duration{Duration: 20 * time.Second},
		},
	}
	for _, c := range change {
		c(sync)
	}
	s.must(s.client.Create(s.Context(), sync))
}

// hourly polls so seldom that something else must be what is noticed.
func hourly(sync *v1.Sync) { sync.Spec.Interval = metav1.Duration{Duration: time.Hour} }

// secret makes or replaces a Secret.
func (s *scene) secret(name string, data map[string]string) *v1.SecretReference {
	s.Helper()
	object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, StringData: data}
	err := s.client.Create(s.Context(), object)
	if apierrors.IsAlreadyExists(err) {
		s.must(s.client.Delete(s.Context(), object))
		object.ResourceVersion = ""
		err = s.client.Create(s.Context(), object)
	}
	s.must(err)
	return &v1.SecretReference{Name: name}
}

func manifest(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {key: %q}\n", name, value)
}

// one is a repository's only file.
func one(value string) map[string]string { return map[string]string{"a.yaml": manifest("a", value)} }

// silent holds that the log has none of the secrets.
func (s *scene) silent(secrets ...string) {
	s.Helper()
	for _, text := range secrets {
		if strings.Contains(s.log.String(), text) {
			s.Errorf("the log holds the secret %q", text)
		}
	}
}
