package reconciler_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// encryptedFile reads what the sops command has encrypted for the tests of reconciler/build/sops.
func encryptedFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "reconciler", "build", "sops", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func secretResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
}

// secretSays waits until a Secret holds exactly these values.
func (s *syncs) secretSays(name string, want map[string]string) {
	s.Helper()
	s.await(secretResource(), s.namespace, name, "its values", func(o *unstructured.Unstructured) bool {
		if o == nil {
			return false
		}
		data, _, _ := unstructured.NestedStringMap(o.Object, "data")
		got := map[string]string{}
		for key, value := range data {
			plain, err := base64.StdEncoding.DecodeString(value)
			s.must(err)
			got[key] = string(plain)
		}
		return cmp.Equal(want, got)
	})
}

// put makes a ConfigMap or a Secret, or replaces its values.
func (s *syncs) put(object client.Object) {
	s.Helper()
	object.SetNamespace(s.namespace)
	err := s.client.Update(s.ctx(), object)
	if client.IgnoreNotFound(err) == nil && err != nil {
		err = s.client.Create(s.ctx(), object)
	}
	s.must(err)
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// toldNowhere holds that no word stands in the log, in events, in Syncs or in what the
// forge was told, neither as it is nor as Secrets hold it.
func (s *syncs) toldNowhere(words ...string) {
	s.Helper()
	var events corev1.EventList
	s.must(s.client.List(s.ctx(), &events, client.InNamespace(s.namespace)))
	var all v1.SyncList
	s.must(s.client.List(s.ctx(), &all, client.InNamespace(s.namespace)))
	if len(events.Items) == 0 || len(all.Items) == 0 {
		s.Errorf("%d events and %d Syncs: nothing to look at", len(events.Items), len(all.Items))
	}
	s.forge.mu.Lock()
	statuses := strings.Join(s.forge.statuses, "\n")
	s.forge.mu.Unlock()
	for where, text := range map[string]string{
		"the log": s.log.String(), "the log of libraries": libraryLog.String(), "events": toJSON(s.TB, events.Items),
		"Syncs": toJSON(s.TB, all.Items), "commit statuses": statuses,
	} {
		for _, word := range words {
			if strings.Contains(text, word) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(word))) {
				s.Errorf("%q is told in %s:\n%s", word, where, text)
			}
		}
	}
}

func shopChart(t testing.TB, group string) map[string]string {
	job := func(name, phase string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: " + name + "\n  annotations: {helm.sh/hook: '" + phase + "', helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'}\n" +
			"spec:\n  template:\n    spec: {restartPolicy: Never, containers: [{name: run, image: example.com/run:1}]}\n"
	}
	return map[string]string{ //nolint:gosec // G101: manifests, and no credentials
		"app/Chart.yaml":  "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"app/values.yaml": "replicas: 1\nstringData: {password: none, mixed: {a: 1}}\n",
		"app/prod.yaml":   encryptedFile(t, "age/secret.yaml"),
		"app/crds/crd.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.` + group + `}
spec:
  group: ` + group + `
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]
`,
		"app/templates/gadget.yaml":  "apiVersion: " + group + "/v1\nkind: Gadget\nmetadata: {name: {{ .Release.Name }}}\nspec: {size: {{ .Values.replicas }}}\n",
		"app/templates/secret.yaml":  "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: {{ .Values.stringData.password | quote }}}\n",
		"app/templates/migrate.yaml": job("migrate", "pre-install,pre-upgrade"),
		"app/templates/smoke.yaml":   job("smoke", "post-install,post-upgrade"),
		"app/templates/a.yaml":       "{{ if semverCompare \">=1.30-0\" .Capabilities.KubeVersion.Version }}" + manifest("a", "{{ .Release.Namespace }}") + "{{ end }}",
	}
}

// TestSyncBuildsAChart goes with a chart from a wrong key to the end of its hooks.
func TestSyncBuildsAChart(t *testing.T) {
	s := newSyncs(t)
	s.serviceAccount("builder", "")
	s.bindClusterAdmin("builder")
	s.put(&corev1.Secret{ObjectMeta: named("keys"), StringData: map[string]string{"a.agekey": encryptedFile(t, "other.agekey")}})
	group := testbed.UniqueName() + ".example"
	revision := s.commit(shopChart(t, group))
	s.newSync("app", func(y *v1.Sync) {
		y.Spec.ServiceAccountName = "builder"
		y.Spec.Helm = &v1.Helm{ReleaseName: "shop", ValuesFiles: []string{"prod.yaml"}, Values: &apiextensionsv1.JSON{Raw: []byte(`{"replicas":3,"stringData":{"mixed":"text"}}`)}}
		y.Spec.Decryption = &v1.Decryption{SecretRef: v1.SecretReference{Name: "keys"}}
	})
	message := s.awaitReason("app", v1.ReasonBuildFailed)
	if !strings.Contains(message, "app/prod.yaml: none of the keys opens it; it is encrypted for age age1") {
		t.Errorf("message %q, want the file and its recipients", message)
	}
	if s.there("a") {
		t.Error("something was applied without the values")
	}

	s.put(&corev1.Secret{ObjectMeta: named("keys"), StringData: map[string]string{"a.agekey": encryptedFile(t, "test.agekey")}})
	s.finish("migrate", "Complete", "")
	s.finish("smoke", "Complete", "")
	s.awaitReady("app", revision)
	const password = "pa55: word\n#x" //nolint:gosec // G101: of a test
	s.secretSays("db", map[string]string{"password": password})
	s.awaitConfigMap("a", s.namespace)
	s.await(schema.GroupVersionResource{Group: group, Version: "v1", Resource: "gadgets"}, s.namespace, "shop", "size: 3", func(o *unstructured.Unstructured) bool {
		size, _, _ := unstructured.NestedInt64(o.Object, "spec", "size")
		return size == 3
	})
	s.awaitGone(jobResource(), "migrate")
	s.awaitGone(jobResource(), "smoke")
	s.toldNowhere(password, "pa55", "AGE-SECRET-KEY")
}

// TestSyncPutsVariablesIn holds that a kustomization gets its variables of a ConfigMap and
// a Secret, and that a change of theirs is carried out without a commit.
func TestSyncPutsVariablesIn(t *testing.T) {
	s := newSyncs(t)
	s.put(&corev1.Secret{ObjectMeta: named("keys"), StringData: map[string]string{"a.agekey": encryptedFile(t, "test.agekey")}})
	s.put(&corev1.Secret{ObjectMeta: named("shop"), StringData: map[string]string{"TOKEN": "hunter2-one"}})
	s.put(&corev1.ConfigMap{ObjectMeta: named("cluster"), Data: map[string]string{"REGION": "north", "REPLICAS": "1"}})
	revision := s.commit(map[string]string{ //nolint:gosec // G101: manifests, and no credentials
		"app/kustomization.yaml": "resources: [a.yaml, token.yaml, web.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\nsecretGenerator: [{name: env, envs: [app.env]}]\n",
		"app/app.env":            encryptedFile(t, "age/app.env"),
		"app/a.yaml":             manifest("a", "${REGION}-${ZONE:=1}"),
		"app/token.yaml":         "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: \"${TOKEN}\"}\n",
		"app/web.yaml":           strings.Replace(web("example.com/web:1"), "replicas: 2", "replicas: ${REPLICAS}", 1),
	})
	s.newSync("app", func(y *v1.Sync) {
		y.Spec.Decryption = &v1.Decryption{SecretRef: v1.SecretReference{Name: "keys"}}
		y.Spec.Substitute = &v1.Substitute{From: []v1.SubstituteReference{
			{Kind: "ConfigMap", Name: "cluster"}, {Kind: "Secret", Name: "shop"}, {Kind: "ConfigMap", Name: "absent", Optional: true},
		}}
	})
	s.awaitReady("app", revision)
	s.awaitConfigMap("a", "north-1")
	s.secretSays("token", map[string]string{"token": "hunter2-one"})
	s.secretSays("env", map[string]string{"USER": "admin", "PASSWORD": "pa=ss word", "MULTI": `one\ntwo`, "EMPTY": ""}) //nolint:gosec // G101: of a test
	s.awaitReplicas("web", 1)

	s.put(&corev1.ConfigMap{ObjectMeta: named("cluster"), Data: map[string]string{"REGION": "south", "REPLICAS": "3"}})
	s.awaitConfigMap("a", "south-1")
	s.awaitReplicas("web", 3)
	s.put(&corev1.Secret{ObjectMeta: named("shop"), StringData: map[string]string{"TOKEN": "hunter2-two"}})
	s.secretSays("token", map[string]string{"token": "hunter2-two"})

	s.put(&corev1.ConfigMap{ObjectMeta: named("cluster"), Data: map[string]string{"REPLICAS": "3"}})
	if message := s.awaitReason("app", v1.ReasonBuildFailed); !strings.Contains(message, "REGION") {
		t.Errorf("message %q, want the variable that has no value", message)
	}
	s.awaitMetric(`towline_render_cache_requests_total{result="miss"}`)
	s.awaitMetric("towline_render_cache_bytes")
	s.toldNowhere("hunter2-one", "hunter2-two", "pa=ss word", "AGE-SECRET-KEY")
}

func (s *syncs) awaitReplicas(name string, want int64) {
	s.Helper()
	s.await(deploymentResource(), s.namespace, name, "its replicas", func(o *unstructured.Unstructured) bool {
		if o == nil {
			return false
		}
		got, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return got == want
	})
}
