package crash_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// mostSteps is more than a sync has.
const mostSteps = 60

// TestKillAtEachStep kills the reconciler after the first step of a sync, after the
// second of the next, and so on, until one comes through. Each sync adds an object,
// changes one and removes one, in two waves and with hooks before and after.
func TestKillAtEachStep(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.rounds(base(), func(n int) order { return order{Step: n} })
}

// TestKillAroundEachWrite does the same before each write to the API server is sent and
// after it was answered.
func TestKillAroundEachWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		early bool
	}{{"before", true}, {"after", false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.rounds(base(), func(n int) order { return order{Write: n, Early: tt.early} })
		})
	}
}

// TestKillBetweenChunks kills around the writes of an inventory that is too long for one
// ConfigMap.
func TestKillBetweenChunks(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	files := base()
	for i := range 3200 {
		name := fmt.Sprintf("%s-%04d", strings.Repeat("long", 60), i)
		files[fmt.Sprintf("app/long/%02d.yaml", i/100)] += "---\n" + configMap(name, "", "1")
	}
	s.rounds(files, func(n int) order { return order{Write: n, Early: n%2 == 0, Of: "/configmaps/towline-inventory-"} })
	var chunks corev1.ConfigMapList
	s.must(s.client.List(t.Context(), &chunks, client.InNamespace(s.namespace), client.HasLabels{inventory.Label}))
	if len(chunks.Items) < 3 {
		t.Errorf("%d ConfigMaps hold the inventory, want a head and several chunks", len(chunks.Items))
	}
}

// rounds goes on until a reconciler doesn't reach its death any more.
func (s *scene) rounds(files map[string]string, death func(n int) order) {
	s.Helper()
	s.bystander()
	s.settle(s.commit(files))
	keep := s.uids()["keep"]
	for n := 1; ; n++ {
		if n > mostSteps {
			s.Fatalf("still dying at step %d", n)
		}
		revision := s.commit(map[string]string{
			fmt.Sprintf("app/new-%d.yaml", n): configMap(fmt.Sprintf("new-%d", n), "", "1"),
			"app/changed.yaml":                configMap("changed", "", fmt.Sprint(n)),
			"app/last.yaml":                   configMap("last", `annotations: {towline.dev/wave: "1"}, `, fmt.Sprint(n)),
		}, removed(n)...)
		dead := s.died(s.start(death(n)), revision)
		s.settle(revision)
		s.wantExactly(n, keep)
		if s.Failed() {
			s.Fatalf("after the death at %d", n)
		}
		if !dead {
			if n < 4 {
				s.Errorf("came through at step %d already: nothing was killed", n)
			}
			s.Logf("%d deaths", n-1)
			return
		}
	}
}

func removed(n int) []string {
	if n == 1 {
		return []string{"app/old.yaml"}
	}
	return []string{fmt.Sprintf("app/new-%d.yaml", n-1)}
}

// base are the files before the first death.
func base() map[string]string {
	return map[string]string{
		"app/keep.yaml": configMap("keep", "", "1"), "app/old.yaml": configMap("old", "", "1"),
		"app/changed.yaml": configMap("changed", "", "0"), "app/last.yaml": configMap("last", `annotations: {towline.dev/wave: "1"}, `, "0"),
		"app/pre.yaml":  configMap("pre", `annotations: {towline.dev/hook: pre-sync}, `, "1"),
		"app/post.yaml": configMap("post", `annotations: {towline.dev/hook: post-sync, towline.dev/hook-delete-policy: succeeded}, `, "1"),
	}
}

func configMap(name, metadata, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {%sname: %s}\ndata: {key: %q}\n", metadata, name, value)
}

// bystander puts something into the namespace that is none of ours.
func (s *scene) bystander() {
	s.Helper()
	s.must(s.client.Create(s.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "bystander"}}))
}

func (s *scene) uids() map[string]types.UID {
	s.Helper()
	uids := map[string]types.UID{}
	for _, object := range s.configMaps() {
		uids[object.Name] = object.UID
	}
	return uids
}

// configMaps gives those of the namespace but for inventories and what Kubernetes puts there.
func (s *scene) configMaps() []corev1.ConfigMap {
	s.Helper()
	var list corev1.ConfigMapList
	s.must(s.client.List(s.Context(), &list, client.InNamespace(s.namespace)))
	return slices.DeleteFunc(list.Items, func(object corev1.ConfigMap) bool {
		return object.Labels[inventory.Label] != "" || object.Name == "kube-root-ca.crt"
	})
}

// wantExactly holds that the cluster is as round n wants it: what is there, in which
// form, as the same object as before, and in the inventory.
func (s *scene) wantExactly(n int, keep types.UID) {
	s.Helper()
	want := map[string]string{
		"keep": "1", "changed": fmt.Sprint(n), "last": fmt.Sprint(n), "pre": "1", "bystander": "", fmt.Sprintf("new-%d", n): "1",
	}
	got, owned := map[string]string{}, []string{}
	for _, object := range s.configMaps() {
		if !strings.HasPrefix(object.Name, "long") {
			got[object.Name] = object.Data["key"]
		}
		if object.Labels[apply.PartOfLabel] != "" {
			owned = append(owned, "core/ConfigMap/"+s.namespace+"/"+object.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("ConfigMaps (-want +got):\n%s", diff)
	}
	if now := s.uids()["keep"]; now != keep {
		s.Error("an object that nothing was to happen to was made anew")
	}
	var sync v1.Sync
	s.must(s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: "app"}, &sync))
	if diff := cmp.Diff(append(owned, "core/ConfigMap/"+s.namespace+"/post"), s.inventory(&sync), sorted()); diff != "" {
		s.Errorf("inventory (-want +got):\n%s", diff)
	}
}
