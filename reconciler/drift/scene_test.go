package drift_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/drift/stream"
	"github.com/towline-dev/towline/reconciler/inventory"
)

const (
	set     = "applyset-test-v1"
	written = 1_700_000_000 // when all fields were, in Unix seconds
)

func configMaps() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
}

// form is the nth form of an object that is applied.
func form(n byte) apply.Digest { return apply.Digest{n} }

// scene is a watcher whose watches are played by the test, in a bubble where time passes only when all wait.
type scene struct {
	*testing.T
	watcher *drift.Watcher
	follows chan follow
	reader  stream.Reader
	mu      sync.Mutex
	events  []drift.Event
}

type follow struct {
	ended    func() error // of its context
	resource schema.GroupVersionResource
	reader   stream.Reader
	hooks    drift.Hooks
}

// play runs a test in a bubble. The watcher's Run is ended with it.
func play(t *testing.T, config drift.Config, test func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, follows: make(chan follow, 100)}
		config.Follow = func(ctx context.Context, resource schema.GroupVersionResource, reader stream.Reader, hooks drift.Hooks) {
			s.follows <- follow{ctx.Err, resource, reader, hooks}
			<-ctx.Done()
		}
		config.Notify = func(event drift.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, event)
		}
		var err error
		if s.watcher, err = drift.New(config); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.watcher.Run(ctx) }()
		synctest.Wait()
		test(s)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func ref(name string) inventory.ObjectRef {
	return inventory.ObjectRef{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: name}
}

// managed is one entry of managedFields: "towline a b" applied .data.a and .data.b, "kubectl!a" updated .data.a.
func managed(entry string) metav1.ManagedFieldsEntry {
	manager, fields, update := strings.Cut(entry, "!")
	operation := metav1.ManagedFieldsOperationUpdate
	if !update {
		manager, fields, _ = strings.Cut(entry, " ")
		operation = metav1.ManagedFieldsOperationApply
	}
	var members []string
	for name := range strings.FieldsSeq(fields) {
		members = append(members, fmt.Sprintf(`"f:%s":{}`, name))
	}
	when := metav1.NewTime(time.Unix(written, 0))
	raw := fmt.Sprintf(`{"f:data":{%s}}`, strings.Join(members, ","))
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(raw), Time: &when}
}

func live(name string, version int, entries ...string) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: "uid", ResourceVersion: fmt.Sprint(version), Labels: map[string]string{apply.PartOfLabel: set},
	}}
	for _, entry := range entries {
		object.ManagedFields = append(object.ManagedFields, managed(entry))
	}
	return object
}

// applied plays one apply from beginning to end.
func (s *scene) applied(object *metav1.PartialObjectMetadata) {
	s.Helper()
	if _, unchanged := s.watcher.Begin(set, ref(object.Name), form(1)); unchanged {
		s.Fatalf("%s is unchanged, want it written", object.Name)
	}
	s.watcher.Done(set, configMaps(), ref(object.Name), form(1), object)
}

// watched takes the watch that was started last, and shows it the objects.
func (s *scene) watched(version int, objects ...metav1.Object) {
	s.Helper()
	synctest.Wait()
	for len(s.follows) > 0 {
		s.reader = (<-s.follows).reader
	}
	s.reader.Listed(objects, fmt.Sprint(version))
}

// told lets time pass and returns the events since, as text.
func (s *scene) told(wait time.Duration) []string {
	<-time.After(wait) // the bubble's time
	synctest.Wait()
	var lines []string
	for _, event := range s.events {
		lines = append(lines, event.String())
	}
	s.events = nil
	slices.Sort(lines)
	return lines
}

func (s *scene) want(lines ...string) {
	s.Helper()
	if diff := cmp.Diff(lines, s.told(time.Second)); diff != "" {
		s.Errorf("events (-want +got):\n%s", diff)
	}
}

func (s *scene) unchanged(name string, want bool) {
	s.Helper()
	_, got := s.watcher.Begin(set, ref(name), form(1))
	if got != want {
		s.Errorf("unchanged = %t, want %t", got, want)
	}
	if !got {
		s.watcher.Done(set, configMaps(), ref(name), form(1), nil)
	}
}
