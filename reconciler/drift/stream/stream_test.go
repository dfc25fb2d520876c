package stream_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/towline-dev/towline/reconciler/drift/stream"
)

// transcript writes down what a reader is told.
type transcript struct{ lines []string }

func (r *transcript) Listed(objects []metav1.Object, version string) {
	var names []string
	for _, object := range objects {
		names = append(names, object.GetName())
	}
	slices.Sort(names) // a streamed list comes in any order
	r.lines = append(r.lines, fmt.Sprintf("listed %s at %s", strings.Join(names, " "), version))
}

func (r *transcript) Seen(object metav1.Object) {
	r.lines = append(r.lines, "seen "+object.GetName())
}

func (r *transcript) Gone(object metav1.Object) {
	r.lines = append(r.lines, "gone "+object.GetName())
}

func named(name, version string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: version, Annotations: map[string]string{"big": "text"}}}
}

func bookmark(version string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version, Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
}

func TestRunTellsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		script := make(chan func(*watch.RaceFreeFakeWatcher), 10)
		var selectors []string
		trimmed := 0
		source := stream.Source{
			Name:    "test",
			Example: &metav1.PartialObjectMetadata{},
			List: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
				return nil, apierrors.NewInternalError(fmt.Errorf("the watch is to do it all"))
			},
			Watch: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
				selectors = append(selectors, options.LabelSelector)
				next, ok := <-script
				if !ok {
					return nil, apierrors.NewServiceUnavailable("away")
				}
				watcher := watch.NewRaceFreeFake()
				next(watcher)
				return watcher, nil
			},
			Select: func(options *metav1.ListOptions) { options.LabelSelector = "wanted" },
			Trim:   func(object metav1.Object) { object.SetAnnotations(nil); trimmed++ },
		}
		script <- func(w *watch.RaceFreeFakeWatcher) {
			w.Add(named("a", "1"))
			w.Add(named("b", "2"))
			w.Action(watch.Bookmark, bookmark("5"))
			w.Modify(named("a", "6"))
			w.Delete(named("b", "7"))
			w.Add(named("c", "8"))
			w.Error(&metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired, Status: metav1.StatusFailure})
		}
		script <- func(w *watch.RaceFreeFakeWatcher) { // from the beginning again
			w.Add(named("c", "8"))
			w.Action(watch.Bookmark, bookmark("9"))
			w.Modify(named("c", "10"))
		}
		reader := &transcript{}
		ended := make(chan struct{})
		go func() {
			stream.Run(ctx, source, reader)
			close(ended)
		}()
		<-time.After(time.Minute) // the bubble's time: no more than the pauses after an expired watch
		synctest.Wait()
		cancel()
		close(script)
		<-ended
		want := []string{"listed a b at 5", "seen a", "gone b", "seen c", "listed c at 9", "seen c"}
		if diff := cmp.Diff(want, reader.lines); diff != "" {
			t.Errorf("the reader was told (-want +got):\n%s", diff)
		}
		if trimmed < 3 {
			t.Errorf("%d listed objects were trimmed, want 3", trimmed)
		}
		for _, selector := range selectors {
			if selector != "wanted" {
				t.Errorf("watched with selector %q", selector)
			}
		}
	})
}
