package drift_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// broken refuses the watch that was started last so often.
func (s *scene) broken(err error, times int) follow {
	s.Helper()
	synctest.Wait()
	watch := <-s.follows
	for range times {
		watch.hooks.Broken(err)
	}
	return watch
}

func gone() error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "")
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("no"))
}

func TestKindsThatCannotBeWatchedHoldNobodyUp(t *testing.T) {
	tests := []struct {
		name string
		err  error
		held bool
	}{
		{"not served", gone(), false},
		{"forbidden", forbidden(), false},
		{"it can't be watched", apierrors.NewMethodNotSupported(schema.GroupResource{Resource: "tokenreviews"}, "list"), false},
		{"the API server is away", apierrors.NewServiceUnavailable("away"), true},
		{"no connection", context.DeadlineExceeded, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, drift.Config{}, func(s *scene) {
				s.applied(live("web", 5, "towline a"))
				watch := s.broken(test.err, 1)
				ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
				defer cancel()
				if err := s.watcher.AwaitSync(ctx); (err != nil) != test.held {
					s.Errorf("AwaitSync = %v", err)
				}
				s.unchanged("web", false)
				watch.reader.Listed([]metav1.Object{live("web", 5, "towline a")}, "6") // it can be watched now
				s.unchanged("web", true)
				s.want()
			})
		})
	}
}

func TestRefusalsAreBelievedWhenTheyLast(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		watch := s.broken(gone(), 0)
		watch.reader.Listed([]metav1.Object{live("web", 5, "towline a")}, "5")
		for range 3 {
			watch.hooks.Broken(forbidden()) // an API server that has just started doesn't know anybody's rights
		}
		s.unchanged("web", true)
		watch.reader.Seen(live("web", 6, "towline a", "kubectl!z"))
		for range 5 {
			watch.hooks.Broken(forbidden())
		}
		s.unchanged("web", true)
		watch.hooks.Broken(forbidden())
		s.unchanged("web", false)
	})
}

func TestObjectsOfAKindThatComesBackAreToldOfAgain(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		watch := s.broken(gone(), 0)
		watch.reader.Listed([]metav1.Object{live("web", 5, "towline a")}, "5")
		watch.reader.Gone(live("web", 6, "towline a")) // the definition is deleted, and its objects with it
		s.want("core/ConfigMap/shop/web is gone")
		watch.hooks.Broken(gone())
		s.watcher.Begin(set, ref("web"), form(1)) // a heal that can't work
		s.watcher.Done(set, configMaps(), ref("web"), form(1), nil)
		s.want()
		watch.reader.Listed(nil, "9")
		s.want("core/ConfigMap/shop/web is gone, 2 times in short order")
		watch.reader.Listed(nil, "10") // a mere relist says nothing anew
		s.want()
	})
}

func TestAClusterRestoredFromABackupIsCompared(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 500, "towline a b"))
		s.applied(live("same", 500, "towline a b"))
		s.watched(500, live("web", 500, "towline a b"), live("same", 500, "towline a b"))
		s.reader.Listed([]metav1.Object{live("web", 90, "towline a", "kubectl!b"), live("same", 80, "towline a b")}, "100")
		s.want(`core/ConfigMap/shop/web lost .data.b to field manager "kubectl"`)
		s.unchanged("same", true)
	})
}

func TestAnAutoscalerIsLeftTheReplicas(t *testing.T) {
	scaled := func(version int, manager, subresource string) *metav1.PartialObjectMetadata {
		object := live("web", version, "towline a", manager+"!z")
		object.ManagedFields[1].Subresource = subresource
		object.ManagedFields[1].FieldsV1 = metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)
		return object
	}
	before := live("web", 5, "towline a")
	before.ManagedFields[0].FieldsV1 = metav1.NewFieldsV1(`{"f:data":{"f:a":{}},"f:spec":{"f:replicas":{}}}`)
	tests := []struct {
		name                 string
		manager, subresource string
		want                 string
		unchanged            bool
	}{
		{"an autoscaler", "kube-controller-manager", "scale", `core/ConfigMap/shop/web lost .spec.replicas to field manager "kube-controller-manager"`, true},
		{"a person", "kubectl", "scale", `core/ConfigMap/shop/web lost .spec.replicas to field manager "kubectl"`, false},
		{"another controller", "kube-controller-manager", "", `core/ConfigMap/shop/web lost .spec.replicas to field manager "kube-controller-manager"`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, drift.Config{}, func(s *scene) {
				s.applied(before)
				s.watched(5, before)
				s.reader.Seen(scaled(6, test.manager, test.subresource))
				s.want(test.want)
				s.unchanged("web", test.unchanged)
				s.reader.Seen(scaled(7, test.manager, test.subresource))
				s.want() // said once
				if got := s.watcher.Recorded(set, []inventory.ObjectRef{ref("web")})[0].Known(); got != test.unchanged {
					s.Errorf("recorded = %t, want %t", got, test.unchanged)
				}
			})
		})
	}
}
