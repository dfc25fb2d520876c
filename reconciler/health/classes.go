package health

import (
	"context"
	"fmt"
	"sync"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// classes remembers which StorageClasses make a volume only for a Pod that uses it. The mode of a class can't be changed.
type classes struct {
	mu sync.Mutex
	of map[string]*class
}

type class struct {
	asked time.Time
	late  bool
}

// late reports whether a claim of the class waits for its first Pod, and whether the class is to be read anew; the caller
// does that, then.
func (c *classes) late(name string) (late, stale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.of[name]
	if known == nil {
		known = &class{}
		c.of[name] = known
	}
	if stale = time.Since(known.asked) > fresh; stale {
		known.asked = time.Now()
	}
	return known.late, stale
}

func (c *classes) put(name string, late bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[name].late = late
}

// readClass asks whether a StorageClass waits for the first Pod.
func (c *cluster) readClass(ctx context.Context, name string) (bool, error) {
	resource := schema.GroupVersionResource{Group: storagev1.GroupName, Version: "v1", Resource: "storageclasses"}
	live, err := c.client.Resource(resource).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("reading StorageClass %q: %w", name, err)
	}
	mode, _, _ := unstructured.NestedString(live.Object, "volumeBindingMode")
	return mode == string(storagev1.VolumeBindingWaitForFirstConsumer), nil
}
