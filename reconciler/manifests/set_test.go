package manifests_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/inventory"
	"github.com/towline-dev/towline/reconciler/manifests"
)

func object(apiVersion, kind, namespace, name string, data map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata, "data": data}}
}

// many returns so many objects, some of them of several blocks' size.
func many(n int) []*unstructured.Unstructured {
	objects := make([]*unstructured.Unstructured, n)
	for i := range objects {
		text := "line\n\u2028" + strings.Repeat("x", i%50*10)
		if i%100 == 7 {
			text = strings.Repeat("large ", 50_000)
		}
		objects[i] = object("v1", "ConfigMap", "shop", fmt.Sprint("c", i), map[string]any{"key": text, "n": int64(i), "f": 1.5})
	}
	return objects
}

func pack(t *testing.T, objects []*unstructured.Unstructured) *manifests.Set {
	t.Helper()
	set, err := manifests.Pack(objects)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSetGivesBackWhatWasPacked(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			objects := many(n)
			set := pack(t, objects)
			if set.Len() != n {
				t.Errorf("Len = %d, want %d", set.Len(), n)
			}
			i := 0
			for got, err := range set.All() {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(objects[i].Object, got.Object); diff != "" {
					t.Fatalf("object %d (-want +got):\n%s", i, diff)
				}
				i++
			}
			if i != n {
				t.Errorf("%d objects are given back, want %d", i, n)
			}
			for _, want := range objects {
				got, err := set.Get(inventory.RefOf(want), "other")
				if err != nil || got == nil || !cmp.Equal(want.Object, got.Object) {
					t.Fatalf("Get(%s) = %v, error %v", want.GetName(), got != nil, err)
				}
			}
		})
	}
}

func TestGetFindsWhatStandsInTheCluster(t *testing.T) {
	set := pack(t, []*unstructured.Unstructured{
		object("v1", "ConfigMap", "", "left", nil), object("v1", "ConfigMap", "a", "twice", nil), object("v1", "ConfigMap", "b", "twice", nil),
		object("example.test/v1", "Planet", "spurious", "earth", nil), object("apps/v1", "ConfigMap", "shop", "odd", nil),
	})
	tests := []struct {
		name string
		ref  string
		want string // namespace of the manifest; "-": none
	}{
		{"its namespace is the Sync's", "core/ConfigMap/shop/left", ""},
		{"not another", "core/ConfigMap/a/left", "-"},
		{"two of a name", "core/ConfigMap/b/twice", "b"},
		{"cluster-wide with a namespace", "example.test/Planet/earth", "spurious"},
		{"another group", "core/ConfigMap/shop/odd", "-"},
		{"another kind", "core/Secret/shop/left", "-"},
		{"none", "core/ConfigMap/shop/none", "-"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ref, err := inventory.ParseObjectRef(test.ref)
			if err != nil {
				t.Fatal(err)
			}
			found, err := set.Get(ref, "shop")
			if err != nil {
				t.Fatal(err)
			}
			got := "-"
			if found != nil {
				got = found.GetNamespace()
			}
			if got != test.want {
				t.Errorf("found one in namespace %q, want %q", got, test.want)
			}
		})
	}
}

func TestDigestTellsSetsApart(t *testing.T) {
	same, again := pack(t, many(300)), pack(t, many(300))
	if same.Digest() != again.Digest() {
		t.Error("the same objects have two digests")
	}
	changed := many(300)
	changed[299].Object["data"] = map[string]any{"key": "other"}
	swapped := many(300)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for name, other := range map[string][]*unstructured.Unstructured{"changed": changed, "swapped": swapped, "fewer": many(299), "none": nil} {
		if pack(t, other).Digest() == same.Digest() {
			t.Errorf("%s: has the same digest", name)
		}
	}
}

func TestPackingChangesNothingOfWhatIsSent(t *testing.T) {
	want := object("v1", "ConfigMap", "", "numbers", map[string]any{
		"whole": int64(math.MaxInt64), "float": 1.0, "small": 1e-9, "large": 1e21, "html": "<a&b>", "empty": map[string]any{}, "list": []any{}, "nil": nil,
	})
	got, err := pack(t, []*unstructured.Unstructured{want}).Get(inventory.RefOf(want), "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(want.Object)
	if err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(got.Object)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("JSON (-before +after):\n%s", diff)
	}
}

func TestPackRefusesWhatJSONCannotExpress(t *testing.T) {
	if _, err := manifests.Pack([]*unstructured.Unstructured{object("v1", "ConfigMap", "", "bad", map[string]any{"n": math.NaN()})}); err == nil {
		t.Error("packed NaN")
	}
}

func TestANilSetIsEmpty(t *testing.T) {
	var set *manifests.Set
	if got, err := set.Get(inventory.ObjectRef{Kind: "ConfigMap", Name: "a"}, ""); set.Len() != 0 || got != nil || err != nil {
		t.Errorf("it has %d objects, %v, error %v", set.Len(), got, err)
	}
	for _, err := range set.All() {
		t.Errorf("it gives an object, error %v", err)
	}
}

// BenchmarkGet takes one object out of ten thousand.
func BenchmarkGet(b *testing.B) {
	var objects []*unstructured.Unstructured
	for i := range 10_000 {
		objects = append(objects, object("apps/v1", "Deployment", "shop", fmt.Sprint("web", i), map[string]any{
			"selector": map[string]any{"app": fmt.Sprint("web", i)}, "text": strings.Repeat("some words ", 50),
		}))
	}
	set, err := manifests.Pack(objects)
	if err != nil {
		b.Fatal(err)
	}
	unpacked, packed := set.Size()
	b.ReportMetric(float64(unpacked), "B-unpacked")
	b.ReportMetric(float64(packed), "B-packed")
	for b.Loop() {
		if got, err := set.Get(inventory.RefOf(objects[5000]), ""); err != nil || got == nil {
			b.Fatal(err)
		}
	}
}
