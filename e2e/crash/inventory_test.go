package crash_test

import (
	"cmp"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// inventory gives what the Sync's inventory holds. Hooks stand in it whether they are
// there at the moment or not.
func (s *scene) inventory(sync *v1.Sync) []string {
	s.Helper()
	core, err := kubernetes.NewForConfig(s.cluster.Config)
	s.must(err)
	owner := metav1.OwnerReference{APIVersion: v1.GroupVersion().String(), Kind: v1.Kind, Name: sync.Name, UID: sync.UID}
	items, err := inventory.NewStore(core.CoreV1().ConfigMaps(s.namespace), owner).Load(s.Context())
	s.must(err)
	names := []string{}
	for _, item := range items {
		names = append(names, item.String())
	}
	return names
}

func sorted() gocmp.Option { return cmpopts.SortSlices(cmp.Less[string]) }
