package reconciler_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/inventory"
)

var errKilled = errors.New("killed")

// shelf is where one Sync's inventory is kept; a ConfigMap stands for the Sync.
type shelf struct {
	*testing.T
	namespace string
	config    *rest.Config
	owner     metav1.OwnerReference
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	cluster := testbed.Kube(t)
	s := &shelf{T: t, namespace: cluster.Namespace(t), config: cluster.Config}
	owner, err := s.configMaps(-1).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "sync"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.owner = metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "sync", UID: owner.UID}
	return s
}

// configMaps returns a client that is killed after so many writes: none after them arrives. Negative: never.
func (s *shelf) configMaps(writes int64) corev1client.ConfigMapInterface {
	s.Helper()
	config := rest.CopyConfig(s.config)
	if writes >= 0 {
		var done atomic.Int64
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(request *http.Request) (*http.Response, error) {
				if request.Method != http.MethodGet && done.Add(1) > writes {
					return nil, errKilled
				}
				return next.RoundTrip(request)
			})
		})
	}
	client, err := corev1client.NewForConfig(config)
	if err != nil {
		s.Fatal(err)
	}
	return client.ConfigMaps(s.namespace)
}

func (s *shelf) store(writes int64) *inventory.Store {
	s.Helper()
	return inventory.NewStore(s.configMaps(writes), s.owner)
}

func (s *shelf) load() []inventory.Item {
	s.Helper()
	items, err := s.store(-1).Load(s.Context())
	if err != nil {
		s.Fatalf("loading: %v", err)
	}
	return items
}

// many returns so many items of about 130 bytes: 9,000 of them don't fit one ConfigMap.
func many(prefix string, n int) []inventory.Item {
	items := make([]inventory.Item, n)
	for i := range items {
		items[i] = inventory.Item{
			ObjectRef: inventory.ObjectRef{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: fmt.Sprintf("%s-%06d-%s", prefix, i, strings.Repeat("x", 60))},
			Form:      "abcdefghijklmnopqrstuv", Fields: "0123456789abcdef",
		}
	}
	return items
}

func TestInventoryIsWholeWhereverASaveIsKilled(t *testing.T) {
	s := newShelf(t)
	before, after := many("old", 9000), append(many("new", 9000), many("old", 9000)...)
	if err := s.store(-1).Save(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for writes := int64(0); ; writes++ {
		store := s.store(writes)
		if _, err := store.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := store.Save(t.Context(), after)
		got := s.load()
		if !cmp.Equal(got, before) && !cmp.Equal(got, after) {
			t.Fatalf("killed after %d writes, %d objects are there; want the %d before or the %d after", writes, len(got), len(before), len(after))
		}
		if err == nil {
			if writes < 3 || !cmp.Equal(got, after) {
				t.Errorf("saved with %d writes and %d objects, want several chunks and %d objects", writes, len(got), len(after))
			}
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}

	// It shrinks again, and takes its chunks along, those of killed saves included.
	store := s.store(-1)
	if _, err := store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), before[:10]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before[:10], s.load()); diff != "" {
		t.Errorf("shrunk (-want +got):\n%s", diff)
	}
	left, err := s.configMaps(-1).List(t.Context(), metav1.ListOptions{LabelSelector: inventory.Label})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Items) != 1 || left.Items[0].OwnerReferences[0].UID != s.owner.UID {
		t.Errorf("%d ConfigMaps are left, want one, owned by the Sync", len(left.Items))
	}
}

func TestInventoryOfTwoWritersLosesNothing(t *testing.T) {
	s := newShelf(t)
	first, second := s.store(-1), s.store(-1)
	for _, store := range []*inventory.Store{first, second} {
		if _, err := store.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Save(t.Context(), many("first", 3)); err != nil {
		t.Fatal(err)
	}
	if err := second.Save(t.Context(), many("second", 1)); err == nil {
		t.Error("the second writer overwrote what it hadn't seen")
	}
	if diff := cmp.Diff(many("first", 3), s.load()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
