package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// patience bounds every wait; with ten thousand objects on a busy machine some take minutes.
const patience = 10 * time.Minute

// scene is a control plane of its own with one Sync, which the program itself reconciles.
type scene struct {
	testing.TB
	cluster   *testbed.Cluster
	namespace string
	git       *gitrepotest.Server
	url       string
	kube      kubernetes.Interface
	dynamic   dynamic.Interface
	probes    string // address
	program   *process.Process
}

func syncs() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "towline.dev", Version: "v1", Resource: "syncs"}
}

// newScene starts a cluster with the definition of Syncs.
func newScene(tb testing.TB) *scene {
	tb.Helper()
	cluster := testbed.OwnKube(tb)
	s := &scene{TB: tb, cluster: cluster, namespace: "shop", git: gitrepotest.New(tb)}
	s.url = s.git.Create("deploy")
	var err error
	s.kube, err = kubernetes.NewForConfig(cluster.Config)
	s.must(err)
	s.dynamic, err = dynamic.NewForConfig(cluster.Config)
	s.must(err)
	_, err = s.kube.CoreV1().Namespaces().Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}, metav1.CreateOptions{})
	s.must(err)
	s.cluster.Deployer(s, s.namespace)
	s.cluster.InstallSyncs(s)
	return s
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

// start runs the program until the end of the test, or until it is stopped.
func (s *scene) start() {
	s.Helper()
	s.probes = testbed.FreeAddress(s)
	// As the image has it: what cgo links is larger by a table of all symbols.
	s.Setenv("CGO_ENABLED", "0")
	s.Setenv("GOFLAGS", "-ldflags=-s")
	log := filepath.Join(s.TempDir(), "towline.log")
	program, err := process.Start(process.Spec{
		Name: "towline reconciler", Path: testbed.Towline(s), Log: log,
		Args: []string{"reconciler", "--kubeconfig", s.cluster.Kubeconfig, "--cache-dir", s.TempDir(), "--metrics-bind-address", s.probes},
	})
	s.must(err)
	s.program = program
	s.Cleanup(func() {
		program.Stop()
		if s.Failed() {
			s.Log(program.Explain(errors.New("log of the program")))
		}
	})
	s.must(program.Await(s.ctx(), func(ctx context.Context) error {
		_, err := s.metrics(ctx)
		return err
	}))
}

// metrics gives those of the program.
func (s *scene) metrics(ctx context.Context) (string, error) {
	client := &http.Client{Timeout: 5 * time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.probes+"/metrics", nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(answer.Body, 10<<20))
	return string(text), err
}

// objects gives the files of n objects, a third each ConfigMaps, Services and Deployments without replicas, a hundred a file.
func objects(n int) map[string]string {
	manifests := []string{
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: c%[1]d}, data: {key: value, other: \"2\"}}\n",
		"{apiVersion: v1, kind: Service, metadata: {name: c%[1]d}, spec: {selector: {app: c%[1]d}, clusterIP: None, ports: [{name: http, port: 80, protocol: TCP, targetPort: 80}]}}\n",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: c%[1]d}, spec: {replicas: 0, selector: {matchLabels: {app: c%[1]d}}, template: {metadata: {labels: {app: c%[1]d}}, spec: {containers: [{name: app, image: \"example.test/app:1\"}]}}}}\n",
	}
	files := map[string]string{}
	var file strings.Builder
	for i := range n {
		fmt.Fprintf(&file, "---\n"+manifests[i%3], i)
		if i%100 == 99 || i == n-1 {
			files[fmt.Sprintf("app/%04d.yaml", i/100)] = file.String()
			file.Reset()
		}
	}
	return files
}

// sync commits files and waits until the Sync of them is ready. The repository is asked every so often.
func (s *scene) sync(files map[string]string, interval string) {
	s.Helper()
	s.commit(files)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "towline.dev/v1", "kind": "Sync", "metadata": map[string]any{"name": "shop"},
		"spec": map[string]any{
			"source": map[string]any{"url": s.url, "path": "app"}, "serviceAccountName": "deployer", "prune": true, "timeout": "10m", "interval": interval,
		},
	}}
	_, err := s.syncs().Create(s.ctx(), object, metav1.CreateOptions{})
	s.must(err)
	s.awaitReady()
}

func (s *scene) commit(files map[string]string, deletes ...string) {
	s.Helper()
	s.git.Commit("deploy", gitrepotest.Commit{Files: files, Deletes: deletes})
}

func (s *scene) syncs() dynamic.ResourceInterface {
	return s.dynamic.Resource(syncs()).Namespace(s.namespace)
}

func (s *scene) awaitReady() {
	s.Helper()
	s.await(s.syncs(), "shop", "ready", func(o *unstructured.Unstructured) bool { return isTrue(o, "Ready") })
}

// await watches an object until it is as wanted.
func (s *scene) await(resource dynamic.ResourceInterface, name, what string, is func(*unstructured.Unstructured) bool) {
	s.Helper()
	ctx := s.ctx()
	var last *unstructured.Unstructured
	for ctx.Err() == nil {
		watch, err := resource.Watch(ctx, metav1.SingleObject(metav1.ObjectMeta{Name: name}))
		s.must(err)
		for event := range watch.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if last = object; ok && is(object) {
				watch.Stop()
				return
			}
		}
	}
	s.Fatalf("%s isn't %s: %v", name, what, last)
}

func isTrue(o *unstructured.Unstructured, kind string) bool {
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range all {
		if m, ok := c.(map[string]any); ok && m["type"] == kind {
			return m["status"] == "True"
		}
	}
	return false
}
