package drift_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// recorded plays a process that applied objects, and returns what it recorded of them.
func recorded(t *testing.T, objects ...*metav1.PartialObjectMetadata) (items []inventory.Item) {
	t.Helper()
	play(t, drift.Config{}, func(s *scene) {
		var refs []inventory.ObjectRef
		for _, object := range objects {
			s.applied(object)
			refs = append(refs, ref(object.Name))
		}
		items = s.watcher.Recorded(set, refs)
	})
	return items
}

func resourceOf(inventory.ObjectRef) (schema.GroupVersionResource, bool) { return configMaps(), true }

func TestAStartRecallsWhatStands(t *testing.T) {
	annotated := live("web", 9, "towline a b", "kubectl!c")
	annotated.Annotations = map[string]string{"note": "x"}
	tests := []struct {
		name      string
		live      *metav1.PartialObjectMetadata // nil: it is gone
		want      []string
		unchanged bool
	}{
		{name: "as it was left", live: live("web", 5, "towline a b"), unchanged: true},
		{name: "others added to it", live: annotated, unchanged: true},
		{name: "gone", want: []string{"core/ConfigMap/shop/web is gone"}},
		{name: "a field was taken", live: live("web", 9, "towline b", "kubectl!a"), want: []string{`core/ConfigMap/shop/web was written anew, last by field manager "kubectl"`}},
		{name: "written under our name", live: at(live("web", 9, "towline a b"), 1), want: []string{"core/ConfigMap/shop/web was written anew"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			items := recorded(t, live("web", 5, "towline a b"))
			play(t, drift.Config{}, func(s *scene) {
				s.watcher.Recall(set, items, resourceOf)
				s.unchanged("web", false) // nobody has looked yet
				var objects []metav1.Object
				if test.live != nil {
					objects = append(objects, test.live)
				}
				s.watched(9, objects...)
				if err := s.watcher.AwaitSync(s.Context()); err != nil {
					s.Error(err)
				}
				s.unchanged("web", test.unchanged)
				s.want(test.want...)
				want := items
				if !test.unchanged {
					want = inventory.Items(inventory.Refs(items))
				}
				if diff := cmp.Diff(want, s.watcher.Recorded(set, inventory.Refs(items))); diff != "" {
					s.Errorf("recorded again (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestRecalledObjectsAreComparedFromThenOn holds that an object that was found as it was left drifts like any other.
func TestRecalledObjectsAreComparedFromThenOn(t *testing.T) {
	items := recorded(t, live("web", 5, "towline a b"))
	play(t, drift.Config{}, func(s *scene) {
		s.watcher.Recall(set, items, resourceOf)
		s.watched(9, live("web", 5, "towline a b"))
		s.want()
		s.reader.Seen(live("web", 10, "towline b", "kubectl!a"))
		s.want(`core/ConfigMap/shop/web lost .data.a to field manager "kubectl"`)
	})
}

func TestRecallLeavesOutWhatIsNotKnown(t *testing.T) {
	items := recorded(t, live("web", 5, "towline a"))
	broken, bare, found := items[0], inventory.Item{ObjectRef: ref("bare")}, inventory.Item{ObjectRef: ref("found"), Found: true}
	broken.Form = "!"
	play(t, drift.Config{}, func(s *scene) {
		s.watcher.Recall(set, []inventory.Item{broken, bare, found}, resourceOf)
		s.watcher.Recall(set, items, func(inventory.ObjectRef) (schema.GroupVersionResource, bool) {
			return schema.GroupVersionResource{}, false
		})
		if objects, resources := s.watcher.Watching(); objects+resources != 0 {
			s.Errorf("watching %d objects of %d resources, want none", objects, resources)
		}
		if err := s.watcher.AwaitSync(s.Context()); err != nil {
			s.Errorf("waiting for no watch: %v", err)
		}
	})
}

func TestRecallDoesNotTouchWhatIsRemembered(t *testing.T) {
	items := recorded(t, live("web", 5, "towline a"))
	items[0].Fields = "0123456789abcdef"
	play(t, drift.Config{}, func(s *scene) {
		s.applied(live("web", 5, "towline a"))
		s.watcher.Recall(set, items, resourceOf)
		s.watched(5, live("web", 5, "towline a"))
		s.unchanged("web", true)
		s.want()
	})
}

func TestRecordedHasNoSumsOfWhatIsUncertain(t *testing.T) {
	play(t, drift.Config{}, func(s *scene) {
		for _, name := range []string{"calm", "drifts", "going", "written"} {
			s.applied(live(name, 5, "towline a"))
		}
		going := live("going", 6, "towline a")
		going.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		s.watched(6, live("calm", 5, "towline a"), live("drifts", 6, "kubectl!a"), going, live("written", 5, "towline a"))
		s.watcher.Begin(set, ref("written"), form(2))
		var known []string
		for _, item := range s.watcher.Recorded(set, []inventory.ObjectRef{ref("calm"), ref("drifts"), ref("going"), ref("written"), ref("never")}) {
			if item.Known() {
				known = append(known, item.Name)
			}
		}
		if diff := cmp.Diff([]string{"calm"}, known); diff != "" {
			s.Errorf("recorded with sums (-want +got):\n%s", diff)
		}
		for _, item := range s.watcher.Recorded("applyset-other-v1", []inventory.ObjectRef{ref("calm")}) {
			if item.Known() {
				s.Error("another set's object is recorded")
			}
		}
		synctest.Wait()
	})
}

// TestSumsOfSecretsTellNothing holds that whoever reads an inventory, and not Secrets, can't try out what one holds.
func TestSumsOfSecretsTellNothing(t *testing.T) {
	secret := inventory.ObjectRef{Version: "v1", Kind: "Secret", Namespace: "shop", Name: "password"}
	secrets := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	standing := func(uid types.UID) *metav1.PartialObjectMetadata {
		object := live("password", 5, "towline a")
		object.UID = uid
		return object
	}
	record := func(uid types.UID) (items []inventory.Item, before, after string) {
		play(t, drift.Config{}, func(s *scene) {
			before = s.watcher.Form(secret, form(1))
			s.watcher.Begin(set, secret, form(1))
			s.watcher.Done(set, secrets, secret, form(1), standing(uid))
			items = s.watcher.Recorded(set, []inventory.ObjectRef{secret})
			after = s.watcher.Form(secret, form(1))
		})
		return items, before, after
	}
	items, before, after := record("random")
	others, _, _ := record("other")
	plain := recorded(t, live("web", 5, "towline a"))[0].Form
	if !items[0].Known() || items[0].Form == plain || items[0].Form == others[0].Form {
		t.Errorf("recorded %q and %q, and %q of a ConfigMap, want three sums that differ", items[0].Form, others[0].Form, plain)
	}
	if before != "" || after != items[0].Form {
		t.Errorf("before it is known its form is %q, and then %q, want none and then %q", before, after, items[0].Form)
	}
	for _, test := range []struct {
		name      string
		uid       types.UID
		form      byte
		unchanged bool
	}{
		{"as it was left", "random", 1, true},
		{"another form", "random", 2, false},
		{"made again by somebody", "other", 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, drift.Config{}, func(s *scene) {
				s.watcher.Recall(set, items, func(inventory.ObjectRef) (schema.GroupVersionResource, bool) { return secrets, true })
				s.watched(9, standing(test.uid))
				if diff := cmp.Diff(items, s.watcher.Recorded(set, inventory.Refs(items))); diff != "" {
					s.Errorf("recorded again (-want +got):\n%s", diff)
				}
				if _, got := s.watcher.Begin(set, secret, form(test.form)); got != test.unchanged {
					s.Errorf("unchanged = %t, want %t", got, test.unchanged)
				}
			})
		})
	}
}
