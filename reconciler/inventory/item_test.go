package inventory_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/reconciler/inventory"
)

func item(name, form, fields string) inventory.Item {
	return inventory.Item{
		ObjectRef: inventory.ObjectRef{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: name}, Form: form, Fields: fields,
	}
}

func found(name string) inventory.Item {
	i := item(name, "", "")
	i.Found = true
	return i
}

func TestItemsAreLinesThatAPersonCanRead(t *testing.T) {
	shelf := newConfigMaps()
	odd := inventory.Item{ObjectRef: inventory.ObjectRef{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Name: `system:"odd" näme of three`}, Form: "F", Fields: "f"}
	versionless := inventory.Item{ObjectRef: inventory.ObjectRef{Kind: "Namespace", Name: "shop"}}
	items := []inventory.Item{found("by-label"), item("known", "Zm9ybQ", "ZmllbGRz"), item("new", "", ""), odd, versionless}
	store := inventory.NewStore(shelf, owner())
	if err := store.Save(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	want := `[
"core/Namespace/shop - - -",
"apps/Deployment/shop/by-label v1 found -",
"apps/Deployment/shop/known v1 Zm9ybQ ZmllbGRz",
"apps/Deployment/shop/new v1 - -",
"rbac.authorization.k8s.io/ClusterRole/system:\"odd\" näme of three v1 F f"
]
`
	if diff := cmp.Diff(want, shelf.stored["towline-inventory-shop"].Data["objects.json"]); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	got, err := inventory.NewStore(shelf, owner()).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]inventory.Item{versionless, found("by-label"), item("known", "Zm9ybQ", "ZmllbGRz"), item("new", "", ""), odd}, got); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
}

func TestTheFirstFormatIsReadAndReplaced(t *testing.T) {
	shelf := newConfigMaps()
	text := "[\n\"v1 apps/Deployment/shop/web\"\n]\n"
	shelf.stored["towline-inventory-shop"] = &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "towline-inventory-shop", ResourceVersion: "1", OwnerReferences: []metav1.OwnerReference{owner()}},
		Data: map[string]string{
			"index.json":   `{"format":1,"count":1,"sum":"` + "c1e7a4ad7d7d8f6d" + `"}`,
			"objects.json": text,
		},
	}
	store := inventory.NewStore(shelf, owner())
	if _, err := store.Load(t.Context()); !errors.Is(err, inventory.ErrCorrupt) {
		t.Fatalf("a wrong sum: error %v, want ErrCorrupt", err)
	}
	shelf.stored["towline-inventory-shop"].Data["index.json"] = `{"format":1,"count":1,"sum":"` + sha256Of(text) + `"}`
	got, err := store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]inventory.Item{item("web", "", "")}, got); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
	if err := store.Save(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if head := shelf.stored["towline-inventory-shop"].Data["index.json"]; !strings.Contains(head, `"format":2`) {
		t.Errorf("saved as %s, want format 2", head)
	}
}

func TestAheadForgetsTheSumsOfWhatIsSentAnew(t *testing.T) {
	owned := []inventory.Item{item("changed", "old", "f1"), item("gone", "g", "f2"), item("same", "s", "f3"), item("unsure", "u", "f4"), found("wanted"), found("loose")}
	next := []inventory.Item{item("same", "s", ""), item("unsure", "", ""), item("fresh", "n", ""), item("changed", "new", ""), item("wanted", "w", "")}
	newer := next[0]
	newer.Version = "v2"
	next[0] = newer
	backup := append([]inventory.Item(nil), owned...)
	same := item("same", "s", "f3")
	same.Version = "v2"
	want := []inventory.Item{item("changed", "", ""), item("fresh", "", ""), item("gone", "g", "f2"), found("loose"), same, item("unsure", "", ""), found("wanted")}
	if diff := cmp.Diff(want, inventory.Ahead(owned, next)); diff != "" {
		t.Errorf("Ahead (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(backup, owned); diff != "" {
		t.Errorf("the caller's list was changed:\n%s", diff)
	}
}

func TestSettledKeepsTheMarkOfWhatWasFound(t *testing.T) {
	owned := []inventory.Item{found("applied"), found("held"), item("calm", "c", "f")}
	recorded := []inventory.Item{item("held", "", ""), item("calm", "", ""), item("applied", "a", "f")}
	want := []inventory.Item{item("applied", "a", "f"), item("calm", "", ""), found("held")}
	if diff := cmp.Diff(want, inventory.Settled(owned, recorded)); diff != "" {
		t.Errorf("Settled (-want +got):\n%s", diff)
	}
}

func TestRestore(t *testing.T) {
	const head = "towline-inventory-shop"
	searched := []inventory.ObjectRef{item("b", "", "").ObjectRef, item("a", "", "").ObjectRef}
	tests := []struct {
		name   string
		saved  int
		damage func(*configMaps)
		owns   bool
		search error
		want   []string // names; nil with an error
		loss   string   // is part of what is said
	}{
		{name: "nothing was saved yet", want: []string{}},
		{name: "all is well", saved: 1, owns: true, want: []string{refs(1)[0].Name}},
		{name: "it is gone", owns: true, want: []string{"a", "b"}, loss: "is gone"},
		{name: "it is damaged", saved: 3, damage: func(s *configMaps) { s.stored[head].Data["objects.json"] = "" }, want: []string{"a", "b"}, loss: "damaged"},
		{name: "a chunk is gone", saved: 20000, damage: func(s *configMaps) { delete(s.stored, s.chunk()) }, want: []string{"a", "b"}, loss: "chunk"},
		{name: "its head is gone", saved: 20000, damage: func(s *configMaps) { delete(s.stored, head) }, want: []string{"a", "b"}, loss: "head is gone"},
		{name: "the search fails", owns: true, search: errKilled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			shelf := newConfigMaps()
			if test.saved > 0 {
				save(t, shelf, refs(test.saved))
			}
			if test.damage != nil {
				test.damage(shelf)
			}
			store := inventory.NewStore(shelf, owner())
			got, err := store.Restore(t.Context(), test.owns, func(context.Context) ([]inventory.ObjectRef, error) { return searched, test.search })
			if (err != nil) != (test.want == nil) || err != nil && !errors.Is(err, test.search) {
				t.Fatalf("error = %v", err)
			}
			var names []string
			for _, i := range got.Items {
				names = append(names, i.Name)
				if i.Found != (test.loss != "") {
					t.Errorf("%s: Found = %t", i.Name, i.Found)
				}
			}
			if diff := cmp.Diff(strings.Join(test.want, " "), strings.Join(names, " ")); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if (test.loss == "") != (got.Loss == "") || !strings.Contains(got.Loss, test.loss) {
				t.Errorf("loss = %q, want one of %q", got.Loss, test.loss)
			}
			if err != nil {
				return
			}
			// The next save makes it whole, and takes what was left away.
			if err := store.Save(t.Context(), got.Items); err != nil {
				t.Fatal(err)
			}
			again, err := inventory.NewStore(shelf, owner()).Load(t.Context())
			if err != nil || len(again) != len(got.Items) || len(shelf.stored) != 1 {
				t.Errorf("after a save: %d objects in %d ConfigMaps, error %v; want %d in one", len(again), len(shelf.stored), err, len(got.Items))
			}
		})
	}
}

func TestAChangeOfOneObjectWritesOneChunk(t *testing.T) {
	shelf := newConfigMaps()
	all := items(20000)
	for i := range all {
		all[i].Form, all[i].Fields = "abcdefghijklmnopqrstuv", "0123456789abcdef"
	}
	store := inventory.NewStore(shelf, owner())
	if err := store.Save(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	shelf.writes = 0
	all[10000].Form, all[10000].Fields = "", ""
	if err := store.Save(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if shelf.writes != 3 {
		t.Errorf("%d writes, want 3: the new chunk, the head, the old chunk's deletion", shelf.writes)
	}
}
