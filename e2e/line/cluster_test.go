package line_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
	syncv1 "github.com/towline-dev/towline/reconciler/api/v1"
)

const (
	webhookKey = "a key for tests"
	deployer   = "deployer" // the ServiceAccount that Syncs apply as
)

// whole is a line with a cluster at its end, and both daemons.
type whole struct {
	*line
	kube            *testbed.Cluster
	client          client.WithWatch
	namespace       string
	bot, reconciler *half
	back            chan struct{} // to be closed by a test when a server that hangs goes on
}

// newWhole starts a reconciler, which looks at one namespace of the cluster. The bot
// isn't started yet.
func newWhole(l *line, kube *testbed.Cluster) *whole {
	l.Helper()
	w := &whole{line: l, kube: kube, namespace: kube.Namespace(l.T), back: make(chan struct{})}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{syncv1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme} {
		w.must(add(scheme))
	}
	var err error
	w.client, err = client.NewWithWatch(kube.Config, client.Options{Scheme: scheme})
	w.must(err)
	kube.InstallSyncs(w)
	w.prepareNamespace()
	w.startReconciler()
	return w
}

func (w *whole) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// prepareNamespace makes a ServiceAccount that may deploy into the namespace.
func (w *whole) prepareNamespace() {
	w.Helper()
	named := metav1.ObjectMeta{Namespace: w.namespace, Name: deployer}
	w.must(w.client.Create(w.Context(), &corev1.ServiceAccount{ObjectMeta: named}))
	w.must(w.client.Create(w.Context(), &rbacv1.RoleBinding{
		ObjectMeta: named,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: deployer}},
	}))
}

// startReconciler runs the reconciler, and lets the forge tell it of pushes.
func (w *whole) startReconciler() {
	w.Helper()
	hook, probes := testbed.FreeAddress(w.T), testbed.FreeAddress(w.T)
	config, key := filepath.Join(w.dir, "reconciler.yaml"), filepath.Join(w.dir, "webhook-key")
	w.must(os.WriteFile(config, []byte("apiVersion: towline.dev/v1\nkind: ReconcilerConfig\nstatuses:\n- url: "+w.repo.CloneURL()+
		"\n  auth: {tokenEnv: "+tokenVariable+"}\n  forge: {type: github}\n"), 0o600))
	w.must(os.WriteFile(key, []byte(webhookKey), 0o600))
	w.reconciler = w.startHalf("reconciler", probes,
		"--kubeconfig", w.kube.Kubeconfig, "--namespace", w.namespace, "--config", config, "--cache-dir", filepath.Join(w.dir, "cache"),
		"--webhook-bind-address", hook, "--webhook-secret-file", key, "--health-probe-bind-address", probes, "--log-format", "json")
	w.forge.AddWebhook(forgetest.Webhook{URL: "http://" + hook + "/webhook", Secret: secret.New(webhookKey), Events: []string{"push"}})
}

// follow makes a Sync of a path of the repository.
func (w *whole) follow(name, path string) {
	w.Helper()
	w.must(w.client.Create(w.Context(), &syncv1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: syncv1.SyncSpec{
			Source:   syncv1.Source{URL: w.repo.CloneURL(), Branch: "main", Path: path},
			Interval: metav1.Duration{Duration: 30 * time.Second}, Timeout: metav1.Duration{Duration: time.Minute},
			Prune: true, ServiceAccountName: deployer,
		},
	}))
}

// awaitHealthy waits until a Sync has applied main as it is and all of it is healthy.
func (w *whole) awaitHealthy(name string) {
	w.Helper()
	head := w.repo.Head("main")
	await(w, &syncv1.SyncList{}, w.namespace, name, "healthy at "+head, func(s *syncv1.Sync) bool {
		return strings.HasSuffix(s.Status.LastAppliedRevision, head) &&
			meta.IsStatusConditionTrue(s.Status.Conditions, syncv1.ConditionHealthy) &&
			meta.IsStatusConditionTrue(s.Status.Conditions, syncv1.ConditionReady)
	})
}

// await watches an object until it is as wanted.
func await[T client.Object](w *whole, list client.ObjectList, namespace, name, what string, is func(T) bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var last client.Object
	for ctx.Err() == nil { // the API server ends watches now and then
		watch, err := w.client.Watch(ctx, list, client.InNamespace(namespace), client.MatchingFields{"metadata.name": name})
		if err != nil {
			w.Fatalf("watching %s: %v", name, err)
		}
		for e := range watch.ResultChan() {
			if object, ok := e.Object.(T); ok {
				if last = object; is(object) {
					watch.Stop()
					return
				}
			}
		}
		watch.Stop()
	}
	text, err := yaml.Marshal(last)
	w.must(err)
	w.Fatalf("%s: waited in vain for it to be %s; it is\n%s", name, what, text)
}

// get gives an object of the namespace.
func get[T client.Object](w *whole, name string, into T) T {
	w.Helper()
	w.must(w.client.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, into))
	return into
}
