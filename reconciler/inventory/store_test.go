package inventory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/reconciler/inventory"
)

func owner() metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "towline.dev/v1", Kind: "Sync", Name: "shop", UID: "1234"}
}

func refs(n int) []inventory.ObjectRef {
	all := make([]inventory.ObjectRef, n)
	for i := range all {
		all[i] = inventory.ObjectRef{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: fmt.Sprintf("%06d%s", i, strings.Repeat("x", 100))}
	}
	return all
}

func items(n int) []inventory.Item { return inventory.Items(refs(n)) }

func save(t *testing.T, shelf *configMaps, refs []inventory.ObjectRef) *inventory.Store {
	t.Helper()
	store := inventory.NewStore(shelf, owner())
	if _, err := store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), inventory.Items(refs)); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStoreGivesBackWhatWasSaved(t *testing.T) {
	tests := []struct {
		name   string
		refs   []inventory.ObjectRef
		stored int // ConfigMaps
	}{
		{"nothing", nil, 1},
		{"one object", refs(1), 1},
		{"what fits one ConfigMap", refs(5000), 1},
		{"several chunks", refs(20000), 17},
		{"odd names", []inventory.ObjectRef{
			{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Name: "system:\"odd\" näme\n"},
			{Version: "v1", Kind: "Namespace", Name: "shop"},
		}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			shelf := newConfigMaps()
			want := inventory.Items(inventory.Union(nil, test.refs))
			save(t, shelf, test.refs)
			got, err := inventory.NewStore(shelf, owner()).Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(got)+len(want) > 0 && !cmp.Equal(want, got) {
				t.Errorf("%d objects are given back for %d", len(got), len(want))
			}
			if len(shelf.stored) != test.stored {
				t.Errorf("%d ConfigMaps, want %d", len(shelf.stored), test.stored)
			}
			for name, stored := range shelf.stored {
				if size := stored.Size(); size > 1<<20 {
					t.Errorf("%s has %d bytes, more than an API server takes", name, size)
				}
			}
		})
	}
}

func TestStoreWritesNothingTwice(t *testing.T) {
	shelf := newConfigMaps()
	store := save(t, shelf, refs(3))
	shelf.writes = 0
	if err := store.Save(t.Context(), []inventory.Item{items(3)[2], items(3)[0], items(3)[1]}); err != nil {
		t.Fatal(err)
	}
	if shelf.writes != 0 {
		t.Errorf("saving the same in another order took %d writes, want none", shelf.writes)
	}
	successor := owner()
	successor.UID = "5678" // the Sync was made anew; garbage collection would take the inventory along
	store = inventory.NewStore(shelf, successor)
	if _, err := store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), items(3)); err != nil {
		t.Fatal(err)
	}
	if shelf.writes != 1 {
		t.Errorf("saving for a new owner took %d writes, want 1", shelf.writes)
	}
}

func TestStoreNeverReadsLessThanWasSaved(t *testing.T) {
	const head = "towline-inventory-shop"
	tests := []struct {
		name   string
		refs   int
		damage func(*configMaps)
	}{
		{"a line is cut out", 3, func(s *configMaps) {
			lines := strings.Split(s.stored[head].Data["objects.json"], "\n")
			s.stored[head].Data["objects.json"] = strings.Join(append(lines[:1], lines[2:]...), "\n")
		}},
		{"a name is changed", 3, func(s *configMaps) {
			s.stored[head].Data["objects.json"] = strings.Replace(s.stored[head].Data["objects.json"], "000001", "000009", 1)
		}},
		{"the list is emptied", 3, func(s *configMaps) { s.stored[head].Data["objects.json"] = "[\n]\n" }},
		{"the list is gone", 3, func(s *configMaps) { delete(s.stored[head].Data, "objects.json") }},
		{"the index is gone", 3, func(s *configMaps) { delete(s.stored[head].Data, "index.json") }},
		{"the index isn't JSON", 3, func(s *configMaps) { s.stored[head].Data["index.json"] = "{" }},
		{"a format of the future", 3, func(s *configMaps) { s.stored[head].Data["index.json"] = `{"format":3,"count":0}` }},
		{"a chunk is gone", 20000, func(s *configMaps) { delete(s.stored, s.chunk()) }},
		{"a chunk is changed", 20000, func(s *configMaps) { s.stored[s.chunk()].Data["objects.json"] = "[\n]\n" }},
		{"the head is gone while chunks are there", 20000, func(s *configMaps) { delete(s.stored, head) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			shelf := newConfigMaps()
			save(t, shelf, refs(test.refs))
			test.damage(shelf)
			got, err := inventory.NewStore(shelf, owner()).Load(t.Context())
			if !errors.Is(err, inventory.ErrCorrupt) || got != nil {
				t.Errorf("Load = %d objects, error %v; want no objects and ErrCorrupt", len(got), err)
			}
		})
	}
}

func TestStoreDoesNotOverwriteWhatItHasNotSeen(t *testing.T) {
	shelf := newConfigMaps()
	save(t, shelf, refs(1))
	late := inventory.NewStore(shelf, owner())
	if _, err := late.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	save(t, shelf, refs(5))
	if err := late.Save(t.Context(), items(2)); err == nil {
		t.Error("a save over another's was accepted")
	}
	got, err := inventory.NewStore(shelf, owner()).Load(t.Context())
	if err != nil || len(got) != 5 {
		t.Errorf("Load = %d objects, error %v; want the 5 that were saved last", len(got), err)
	}
}

func TestStoreSeesThatItsHeadWasDeleted(t *testing.T) {
	shelf := newConfigMaps()
	store := save(t, shelf, refs(3))
	clear(shelf.stored)
	if _, err := store.Load(t.Context()); !errors.Is(err, inventory.ErrCorrupt) {
		t.Errorf("error = %v, want ErrCorrupt", err)
	}
}

// TestStoreOutlivesAnEarlierSyncsHead holds that the garbage collector may take the
// inventory of an earlier Sync of the name while the new one is about to adopt it.
func TestStoreOutlivesAnEarlierSyncsHead(t *testing.T) {
	shelf := newConfigMaps()
	save(t, shelf, refs(3))
	next := owner()
	next.UID = "5678"
	store := inventory.NewStore(shelf, next)
	if _, err := store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	clear(shelf.stored)
	if err := store.Save(t.Context(), items(4)); err == nil {
		t.Fatal("saved over a head that isn't there any more")
	}
	if got, err := store.Load(t.Context()); err != nil || len(got) != 0 {
		t.Fatalf("Load = %d objects, error %v; want none", len(got), err)
	}
	if err := store.Save(t.Context(), items(4)); err != nil {
		t.Error(err)
	}
}

func TestStoreIsWholeWhereverASaveIsKilled(t *testing.T) {
	tests := []struct{ before, after int }{{0, 3}, {3, 5}, {0, 20000}, {3, 20000}, {20000, 25000}, {20000, 3}}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.before, " to ", test.after), func(t *testing.T) {
			for killed := 0; ; killed++ {
				shelf := newConfigMaps()
				store := save(t, shelf, refs(test.before))
				shelf.killAfter(killed)
				err := store.Save(t.Context(), items(test.after))
				shelf.killAfter(-1)
				got, loadErr := inventory.NewStore(shelf, owner()).Load(t.Context())
				if loadErr != nil {
					t.Fatalf("killed after %d writes: %v", killed, loadErr)
				}
				if len(got) != test.before && len(got) != test.after {
					t.Fatalf("killed after %d writes, %d objects are there", killed, len(got))
				}
				if err == nil {
					if len(got) != test.after {
						t.Errorf("saved, but %d objects are there", len(got))
					}
					return
				}
			}
		})
	}
}

func TestStoreNamesFitWhateverTheSyncIsCalled(t *testing.T) {
	long := owner()
	long.Name = strings.Repeat("a", 253)
	longer := long
	longer.Name = strings.Repeat("a", 252) + "b"
	shelf := newConfigMaps()
	for _, owner := range []metav1.OwnerReference{long, longer} {
		if err := inventory.NewStore(shelf, owner).Save(t.Context(), items(20000)); err != nil {
			t.Fatal(err)
		}
	}
	heads := 0
	for name, stored := range shelf.stored {
		if len(name) > 253 {
			t.Errorf("name %q has %d characters", name, len(name))
		}
		if isHead(stored) {
			heads++
		}
	}
	if heads != 2 {
		t.Errorf("two Syncs with long names share %d inventories", heads)
	}
}

func isHead(stored *corev1.ConfigMap) bool { return stored.Data["index.json"] != "" }
