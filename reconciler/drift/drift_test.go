package drift_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
)

func TestWatchedStates(t *testing.T) {
	relabelled := live("web", 6, "towline a b", "kubectl!a")
	relabelled.Labels = map[string]string{apply.PartOfLabel: "other"}
	leaving := live("web", 6, "towline a b")
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	nothing := live("web", 6)
	left := live("web", 6, "towline b", "kubectl!a")
	left.Annotations = map[string]string{"towline.dev/reconcile": "disabled"}
	going := live("web", 6, "towline b", "kubectl!a")
	going.DeletionTimestamp = leaving.DeletionTimestamp

	tests := []struct {
		name      string
		seen      *metav1.PartialObjectMetadata
		gone      bool
		want      []string
		unchanged bool
	}{
		{name: "the same", seen: live("web", 6, "towline a b"), unchanged: true},
		{name: "another manager added", seen: live("web", 6, "towline a b", "kubectl!c"), unchanged: true},
		{name: "we were given more", seen: live("web", 6, "towline a b c"), unchanged: true},
		{name: "a field was taken", seen: live("web", 6, "towline b", "kubectl!a", "other!c"), want: []string{`core/ConfigMap/shop/web lost .data.a to field manager "kubectl"`}},
		{name: "a field was removed", seen: live("web", 6, "towline b"), want: []string{"core/ConfigMap/shop/web lost .data.a"}},
		{name: "all was taken", seen: live("web", 6, "other a b"), want: []string{`core/ConfigMap/shop/web lost .data.a, .data.b to field manager "other"`}},
		{name: "no managed fields at all", seen: nothing, want: []string{"core/ConfigMap/shop/web lost .data.a, .data.b"}},
		{name: "the label was changed", seen: relabelled, want: []string{`core/ConfigMap/shop/web is gone to field manager "kubectl"`}},
		{name: "gone", seen: live("web", 6, "towline a b"), gone: true, want: []string{"core/ConfigMap/shop/web is gone"}},
		{name: "about to go", seen: leaving},
		{name: "a field was taken of what is about to go", seen: going},
		{name: "a field was taken of what is left alone", seen: left, unchanged: true},
		{name: "written under our name", seen: at(live("web", 6, "towline a b"), 60), want: []string{"core/ConfigMap/shop/web was written anew"}},
		{name: "brought back from a backup", seen: at(live("web", 6, "towline a b"), -60), want: []string{"core/ConfigMap/shop/web was written anew"}},
		{name: "a state from before our apply", seen: live("web", 4, "towline b"), unchanged: true},
		{name: "a deletion from before our apply", seen: live("web", 4, "towline a b"), gone: true, unchanged: true},
		{name: "an object that isn't ours", seen: live("other", 6, "kubectl!a"), unchanged: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, drift.Config{}, func(s *scene) {
				s.applied(live("web", 5, "towline a b"))
				s.unchanged("web", false) // nobody watches yet
				s.watched(5, live("web", 5, "towline a b"))
				s.unchanged("web", true)
				if test.gone {
					s.reader.Gone(test.seen)
				} else {
					s.reader.Seen(test.seen)
				}
				s.unchanged("web", test.unchanged)
				s.want(test.want...)
				s.want() // and only once
			})
		})
	}
}

// at moves the times of an object's managedFields by seconds.
func at(object *metav1.PartialObjectMetadata, seconds int64) *metav1.PartialObjectMetadata {
	for i := range object.ManagedFields {
		moved := metav1.NewTime(time.Unix(written+seconds, 0))
		object.ManagedFields[i].Time = &moved
	}
	return object
}

func TestAnotherFormOrSetIsNotUnchanged(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		s.watched(5, live("web", 5, "towline a"))
		if _, unchanged := s.watcher.Begin(set, ref("web"), form(2)); unchanged {
			s.Error("another form is unchanged")
		}
		s.watcher.Done(set, configMaps(), ref("web"), form(2), nil)
		if _, unchanged := s.watcher.Begin("applyset-other-v1", ref("web"), form(1)); unchanged {
			s.Error("another set's object is unchanged")
		}
	})
}

func TestRelistTellsOnlyWhatDiffers(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		for _, name := range []string{"same", "bare", "gone", "fresh"} {
			s.applied(live(name, 5, "towline a"))
		}
		s.watched(5, live("same", 5, "towline a"), live("bare", 5, "towline a"), live("gone", 5, "towline a"), live("fresh", 5, "towline a"))
		s.applied2(live("fresh", 20, "towline a"))
		for range 2 { // the same list twice is no second drift
			s.reader.Listed([]metav1.Object{live("same", 12, "towline a", "kubectl!z"), live("bare", 11, "kubectl!a")}, "13")
		}
		s.want(`core/ConfigMap/shop/bare lost .data.a to field manager "kubectl"`, "core/ConfigMap/shop/gone is gone")
	})
}

// applied2 plays an apply of a new form.
func (s *scene) applied2(object *metav1.PartialObjectMetadata) {
	s.Helper()
	s.watcher.Begin(set, ref(object.Name), form(2))
	s.watcher.Done(set, configMaps(), ref(object.Name), form(2), object)
}

func TestOurOwnWritesAreNoDrift(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a b"))
		s.watched(5, live("web", 5, "towline a b"))

		// The new form lacks b. Its event comes long before the answer.
		s.watcher.Begin(set, ref("web"), form(2))
		s.reader.Seen(live("web", 6, "towline a"))
		s.want()
		s.watcher.Done(set, configMaps(), ref("web"), form(2), live("web", 6, "towline a"))
		s.want()

		// Someone writes between our write and its answer: that is drift.
		s.watcher.Begin(set, ref("web"), form(3))
		s.reader.Seen(live("web", 8, "kubectl!a"))
		s.watcher.Done(set, configMaps(), ref("web"), form(3), live("web", 7, "towline a"))
		s.want(`core/ConfigMap/shop/web lost .data.a to field manager "kubectl"`)

		// A heal that fails isn't told again: who heals, tries again.
		s.watcher.Begin(set, ref("web"), form(3))
		s.watcher.Done(set, configMaps(), ref("web"), form(3), nil)
		s.want()

		// A heal that succeeds, and the same drift again, is.
		s.applied2(live("web", 9, "towline a"))
		s.reader.Seen(live("web", 10, "kubectl!a"))
		s.want(`core/ConfigMap/shop/web lost .data.a to field manager "kubectl", 2 times in short order`)
	})
}

// A controller's next write shows only what we wrote, and may be heard before our write has answered.
func TestAnotherWriteBeforeOurAnswerIsNoDrift(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a b"))
		s.watched(5, live("web", 5, "towline a b"))
		s.watcher.Begin(set, ref("web"), form(2))
		s.reader.Seen(live("web", 7, "towline a", "controller!c"))
		s.want()
		s.watcher.Done(set, configMaps(), ref("web"), form(2), live("web", 6, "towline a"))
		s.want()
		if _, unchanged := s.watcher.Begin(set, ref("web"), form(2)); !unchanged {
			s.Error("it counts as changed")
		}
	})
}

func TestDriftDuringAHealIsToldAgain(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		s.watched(5, live("web", 5, "towline a"))
		s.reader.Seen(live("web", 6, "kubectl!a"))
		s.want(`core/ConfigMap/shop/web lost .data.a to field manager "kubectl"`)

		s.watcher.Begin(set, ref("web"), form(1))
		s.reader.Seen(live("web", 8, "hpa!a")) // right after the heal's write, before its answer
		s.watcher.Done(set, configMaps(), ref("web"), form(1), live("web", 7, "towline a"))
		s.want(`core/ConfigMap/shop/web lost .data.a to field manager "hpa", 2 times in short order`)
	})
}

func TestTrimKeepsWhatAComparisonNeeds(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("first", 5, "towline a"))
		synctest.Wait()
		watch := <-s.follows
		managers := func(object *metav1.PartialObjectMetadata) (names []string) {
			object.Annotations = map[string]string{"big": "text"}
			watch.hooks.Trim(object)
			if object.Annotations != nil {
				s.Errorf("%s keeps its annotations", object.Name)
			}
			for _, entry := range object.ManagedFields {
				names = append(names, entry.Manager)
			}
			return names
		}
		intact, taken := live("first", 6, "towline a", "kubectl!z"), live("first", 7, "other!z", "kubectl!a")
		late, foreign := live("late", 8, "kubectl!z", "towline a"), live("foreign", 9, "kubectl!z")
		got := [][]string{managers(intact), managers(taken), managers(late), managers(foreign)}
		want := [][]string{{"towline"}, {"other", "kubectl"}, {"towline"}, nil}
		if diff := cmp.Diff(want, got); diff != "" {
			s.Errorf("managers kept (-want +got):\n%s", diff)
		}

		// The object is applied while the list that already holds it is still being gathered.
		s.applied(live("late", 8, "towline a"))
		watch.reader.Listed([]metav1.Object{intact, late, foreign}, "9")
		s.want()
	})
}

func TestForgottenObjectsAreNotWatched(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("a", 5, "towline a"))
		s.applied(live("b", 5, "towline a"))
		s.watched(5, live("a", 5, "towline a"), live("b", 5, "towline a"))
		s.reader.Gone(live("a", 6)) // told in 50ms, were it not
		s.watcher.Forget(set, ref("a"))
		s.watcher.Forget("applyset-other-v1", ref("b"))
		s.want()
		if objects, resources := s.watcher.Watching(); objects != 1 || resources != 1 {
			s.Errorf("watching %d objects of %d resources, want one each", objects, resources)
		}
		s.watcher.ForgetSet(set)
		if objects, resources := s.watcher.Watching(); objects != 0 || resources != 0 {
			s.Errorf("watching %d objects of %d resources, want none", objects, resources)
		}
		s.reader.Gone(live("b", 6)) // what an ended watch still says isn't heard
		s.want()
		s.applied(live("b", 7, "towline a")) // a new watch
		s.watched(7, live("b", 7, "towline a"))
		s.unchanged("b", true)
	})
}

func TestAKindIsFollowedInAVersionThatAnswers(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		synctest.Wait()
		first := <-s.follows
		s.watcher.Begin(set, ref("web"), form(1))
		newer := configMaps()
		newer.Version = "v2"
		s.watcher.Done(set, newer, ref("web"), form(1), live("web", 6, "towline a"))
		synctest.Wait()
		if got := (<-s.follows).resource; got != newer {
			s.Errorf("followed in %s, want %s", got, newer)
		}
		if first.ended() == nil {
			s.Error("the watch that never answered goes on")
		}
	})
}

func TestAwaitSync(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
		defer cancel()
		if err := s.watcher.AwaitSync(ctx); err == nil {
			s.Error("AwaitSync = nil before anything was listed")
		}
		s.watched(5, live("web", 5, "towline a"))
		if err := s.watcher.AwaitSync(s.Context()); err != nil {
			s.Errorf("AwaitSync = %v", err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	if _, err := drift.New(drift.Config{}); err == nil {
		t.Error("a watcher that notifies nobody was made")
	}
	if _, err := drift.New(drift.Config{Notify: func(drift.Event) {}}); err == nil {
		t.Error("a watcher of no cluster was made")
	}
}
