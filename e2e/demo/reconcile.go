package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
	syncv1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// installCRD applies the generated CRD and waits until it is served.
func (s *stage) installCRD(ctx context.Context) error {
	module, err := testbed.ModuleDir()
	if err != nil {
		return err
	}
	file := filepath.Join(filepath.Dir(module), "deploy", "crds", "towline.dev_syncs.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(data, &object.Object); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	dyn, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return err
	}
	crds := dyn.Resource(apiextensions.SchemeGroupVersion.WithResource("customresourcedefinitions"))
	if _, err := crds.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "towline-demo", Force: true}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	w, err := crds.Watch(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", object.GetName()).String()})
	if err != nil {
		return err
	}
	defer w.Stop()
	for e := range w.ResultChan() {
		if u, ok := e.Object.(*unstructured.Unstructured); ok && established(u) {
			return nil
		}
	}
	return fmt.Errorf("waiting for the CRD: %w", orEnded(ctx.Err()))
}

func established(u *unstructured.Unstructured) bool {
	var crd apiextensions.CustomResourceDefinition
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &crd); err != nil {
		return false
	}
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensions.Established && c.Status == apiextensions.ConditionTrue {
			return true
		}
	}
	return false
}

// startReconciler runs the reconciler, lets the forge tell it of pushes, and creates
// the Sync.
func (s *stage) startReconciler(ctx context.Context, binary string) error {
	var address [3]string
	for i := range address {
		var err error
		if address[i], err = freeAddress(ctx); err != nil {
			return err
		}
	}
	hook, probes, metrics := address[0], address[1], address[2]
	config := filepath.Join(s.dir, "reconciler.yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: ReconcilerConfig
statuses:
- url: %s
  auth: {tokenEnv: DEMO_TOKEN}
  forge: {type: github}
`, s.repo.CloneURL())
	key := filepath.Join(s.dir, "webhook-secret")
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o600), os.WriteFile(key, []byte(webhookSecret), 0o600)); err != nil {
		return err
	}
	var err error
	s.reconciler, err = s.startHalf(ctx, "reconciler", binary, "http://"+probes+"/readyz", []string{"DEMO_TOKEN=" + botToken},
		"--kubeconfig", s.kubeconfig, "--config", config, "--cache-dir", filepath.Join(s.dir, "cache"),
		"--webhook-bind-address", hook, "--webhook-secret-file", key,
		"--health-probe-bind-address", probes, "--metrics-bind-address", metrics, "--log-format", "json")
	if err != nil {
		return err
	}
	s.forge.AddWebhook(forgetest.Webhook{URL: "http://" + hook + "/webhook", Secret: secret.New(webhookSecret), Events: []string{"push"}})
	if err := s.client.Create(ctx, s.sync()); err != nil {
		return err
	}
	if s.theirs {
		s.onClose(func() error { return s.removeSync(context.WithoutCancel(ctx)) })
	}
	return nil
}

// removeSync deletes the Sync and waits until the reconciler has pruned what it owned.
func (s *stage) removeSync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	w, err := s.client.Watch(ctx, &syncv1.SyncList{}, client.InNamespace(s.namespace))
	if err != nil {
		return err
	}
	defer w.Stop()
	if err := s.client.Delete(ctx, s.sync()); err != nil {
		return err
	}
	for e := range w.ResultChan() {
		if e.Type == watch.Deleted {
			return nil
		}
	}
	return fmt.Errorf("waiting for the Sync to be pruned: %w", orEnded(ctx.Err()))
}
