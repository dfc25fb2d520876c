package health

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// podState is what is known of Pods: of those that aren't ready, why. Its audience is told by the UID of the workload.
type podState struct {
	*cluster
	background func(func(context.Context)) // ends with the feed

	mu   sync.Mutex
	pods map[types.UID]*pod
	of   map[types.UID]map[types.UID]*pod        // the same by owner
	sets map[types.UID]*replicaSet               // as looked up
	runs map[types.UID]map[types.UID]*replicaSet // the same by Deployment
	audience
}

func newPodState(ctx context.Context, c *cluster) *podState {
	return &podState{
		cluster: c, background: func(work func(context.Context)) { go work(ctx) },
		pods: make(map[types.UID]*pod), of: make(map[types.UID]map[types.UID]*pod),
		sets: make(map[types.UID]*replicaSet), runs: make(map[types.UID]map[types.UID]*replicaSet), audience: newAudience(),
	}
}

// trim leaves of a Pod what PodTrouble reads.
func (s *podState) trim(live metav1.Object) {
	live.SetManagedFields(nil)
	if object, ok := live.(*unstructured.Unstructured); ok {
		unstructured.RemoveNestedField(object.Object, "spec")
	}
}

// failed is of no account: without Pods, a workload's own status counts.
func (s *podState) failed(error) {}

// Listed takes in all Pods.
func (s *podState) Listed(list []metav1.Object, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make(map[types.UID]bool, len(list))
	for _, live := range list {
		listed[live.GetUID()] = true
		s.take(live)
	}
	for uid := range s.pods {
		if !listed[uid] {
			s.drop(uid)
		}
	}
}

// Seen takes in one Pod.
func (s *podState) Seen(live metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(live)
}

// Gone takes in that a Pod is deleted.
func (s *podState) Gone(live metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(live.GetUID())
}

// take notes how a Pod fares. The caller holds the lock.
func (s *podState) take(live metav1.Object) {
	object, ok := live.(*unstructured.Unstructured)
	if !ok {
		return
	}
	var read corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &read); err != nil {
		return // a Pod that this version can't read tells nothing
	}
	trouble, ok := PodTrouble(&read)
	owner := metav1.GetControllerOf(&read)
	if !ok || owner == nil {
		s.drop(read.UID)
		return
	}
	before, now := s.pods[read.UID], readPod(&read, trouble)
	now.since = time.Now()
	if before != nil && lasts(before.Trouble, trouble) {
		now.since = before.since
	}
	if owner.Kind == "ReplicaSet" {
		now.set = s.replicaSet(read.Namespace, owner)
	}
	s.pods[read.UID] = now
	if s.of[now.owner] == nil {
		s.of[now.owner] = make(map[types.UID]*pod)
	}
	s.of[now.owner][read.UID] = now
	if before == nil || before.Trouble != trouble {
		s.tell(now.workload())
	}
}

// drop forgets a Pod. The caller holds the lock.
func (s *podState) drop(uid types.UID) {
	p := s.pods[uid]
	if p == nil {
		return
	}
	delete(s.pods, uid)
	delete(s.of[p.owner], uid)
	if len(s.of[p.owner]) == 0 {
		delete(s.of, p.owner)
	}
	s.tell(p.workload())
}

// worst returns the Pod of a workload that is in the deepest trouble, and for longest; nil where none is.
func (s *podState) worst(work *workload) *pod {
	s.mu.Lock()
	defer s.mu.Unlock()
	var worst *pod
	consider := func(pods map[types.UID]*pod) {
		for _, p := range pods {
			if work.runs(p) && (worst == nil || p.Severity > worst.Severity || p.Severity == worst.Severity && p.before(worst)) {
				worst = p
			}
		}
	}
	consider(s.of[work.uid])
	for set := range s.runs[work.uid] {
		consider(s.of[set])
	}
	return worst
}

// workload gives the UID of what the Pod belongs to, as far as it is known.
func (p *pod) workload() string {
	if p.set != nil && p.set.owner != "" {
		return string(p.set.owner)
	}
	return string(p.owner)
}

// before orders Pods by how long they have been in trouble, and then by their message, so that reports don't flicker.
func (p *pod) before(other *pod) bool {
	if !p.since.Equal(other.since) {
		return p.since.Before(other.since)
	}
	return p.Message < other.Message
}

// fresh is for how long what was read of a ReplicaSet holds: a rollback gives an old one a new revision.
const fresh = 30 * time.Second

// replicaSet asks which Deployment a ReplicaSet belongs to. Until that is known, and where it can't be told, the
// Deployment is left to its own status. The caller holds the lock.
func (s *podState) replicaSet(namespace string, owner *metav1.OwnerReference) *replicaSet {
	set := s.sets[owner.UID]
	if set != nil && time.Since(set.asked) < fresh {
		return set
	}
	if set == nil {
		set = &replicaSet{}
		s.sets[owner.UID] = set
	}
	set.asked = time.Now()
	s.background(func(ctx context.Context) {
		found, err := s.lookUp(ctx, namespace, owner.Name)
		if err != nil {
			s.log.DebugContext(ctx, "a Pod's ReplicaSet can't be read", "error", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		set.owner, set.revision = found.owner, found.revision
		if set.owner == "" {
			return
		}
		if s.runs[set.owner] == nil {
			s.runs[set.owner] = make(map[types.UID]*replicaSet)
		}
		s.runs[set.owner][owner.UID] = set
		s.tell(string(set.owner))
	})
	return set
}

func (c *cluster) lookUp(ctx context.Context, namespace, name string) (replicaSet, error) {
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	live, err := c.client.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return replicaSet{}, fmt.Errorf("reading ReplicaSet %s/%s: %w", namespace, name, err)
	}
	found := replicaSet{revision: live.GetAnnotations()[revisionAnnotation]}
	if deployment := metav1.GetControllerOf(live); deployment != nil {
		found.owner = deployment.UID
	}
	return found, nil
}
