package chaos_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// after has a Sync wait for another.
func after(name string) func(*v1.Sync) {
	return func(s *v1.Sync) { s.Spec.DependsOn = []v1.Dependency{{Name: name}} }
}

// TestMovedBetweenSyncs holds that an object which one commit moves from a Sync's folder
// to another's lives on, whichever of them sees the commit first.
func TestMovedBetweenSyncs(t *testing.T) {
	for _, tt := range []struct {
		name string
		from []func(*v1.Sync)
		to   []func(*v1.Sync)
	}{
		{name: "the old one first", to: []func(*v1.Sync){after("from")}},
		{name: "the new one first", from: []func(*v1.Sync){after("to")}},
		{name: "side by side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			first := s.commit(map[string]string{
				"from/moved.yaml": manifest("moved", "1"), "from/stays.yaml": manifest("stays", "1"), "to/other.yaml": manifest("other", "1"),
			})
			s.newSync("from", tt.from...)
			s.newSync("to", tt.to...)
			s.awaitReady("from", first)
			s.awaitReady("to", first)
			for range 3 { // there and back: the order between two that don't wait is anyone's guess
				s.move("from", "to")
				s.move("to", "from")
			}
		})
	}
}

func (s *scene) move(from, to string) {
	s.Helper()
	before := s.owned()
	revision := s.commit(map[string]string{to + "/moved.yaml": manifest("moved", "1")}, from+"/moved.yaml")
	s.awaitReady(from, revision)
	s.awaitReady(to, revision)
	s.wantState("moved "+from+" to "+to, map[string]string{"moved": "1", "stays": "1", "other": "1"})
	s.wantSame("moved "+from+" to "+to, before, "moved", "stays", "other")
}

// TestMovedToASyncOfTheSameCommit holds it for a Sync that comes with the commit, and for
// one whose name changes: its own Sync, "syncs", makes and prunes them.
func TestMovedToASyncOfTheSameCommit(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		newScene(t).rename("", func() {})
	})
	t.Run("after the old one is gone", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.rename("  dependsOn: [{name: gate}]\n", func() { s.newSync("gate", func(y *v1.Sync) { y.Spec.Source.Path = "gate" }) })
	})
}

// rename renames a Sync, and has the new one say more. once is called when the old one is gone.
func (s *scene) rename(more string, once func()) {
	s.Helper()
	first := s.commit(map[string]string{
		"syncs/old.yaml": s.syncManifest("old", "app"), "app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1"), "gate/c.yaml": secretManifest("c"),
	})
	s.newSync("syncs")
	s.awaitReady("syncs", first)
	s.awaitReady("old", first)
	before := s.owned()
	second := s.commit(map[string]string{"syncs/new.yaml": s.syncManifest("new", "app") + more}, "syncs/old.yaml")
	s.awaitGone("old")
	once()
	s.awaitReady("new", second)
	s.wantState("renamed", map[string]string{"a": "1", "b": "1"})
	s.wantSame("renamed", before, "a", "b")
}

func (s *scene) syncManifest(name, path string) string {
	return `apiVersion: towline.dev/v1
kind: Sync
metadata: {name: ` + name + `}
spec:
  source: {url: "` + s.url + `", branch: main, path: ` + path + `}
  prune: true
  serviceAccountName: deployer
  interval: 1s
  timeout: 30s
`
}

// TestMovedToWhatCantBeBuilt holds that what is moved to a folder which can't be built
// isn't deleted before it can.
func TestMovedToWhatCantBeBuilt(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(c *reconciler.Config) { c.Workers = 1 })
	first := s.commit(map[string]string{
		"from/moved.yaml": manifest("moved", "1"), "from/stays.yaml": manifest("stays", "1"), "to/other.yaml": manifest("other", "1"),
	})
	s.newSync("from")
	s.newSync("to")
	s.awaitReady("from", first)
	s.awaitReady("to", first)
	before := s.owned()
	s.commit(map[string]string{"to/moved.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: moved, : }\n"}, "from/moved.yaml")
	s.awaitTrouble("to", v1.ReasonBuildFailed)
	s.awaitTrouble("from", "to", "consent")
	s.wantSame("meanwhile", before, "moved")
	second := s.commit(map[string]string{"to/moved.yaml": manifest("moved", "2")})
	s.awaitReady("to", second)
	s.awaitReady("from", second)
	s.wantState("mended", map[string]string{"moved": "2", "stays": "1", "other": "1"})
	s.wantSame("mended", before, "moved")
}

// TestTwoSyncsOfOneObject holds that of two Syncs which render the same object neither
// prunes it under the other, and that it isn't written for ever.
func TestTwoSyncsOfOneObject(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{
		"one/a.yaml": manifest("a", "1"), "one/x.yaml": manifest("x", "1"), "two/a.yaml": manifest("a", "1"), "two/z.yaml": manifest("z", "1"),
	})
	s.newSync("one")
	s.awaitReady("one", first)
	s.newSync("two")
	s.awaitReady("two", first)
	before := s.owned()
	for _, name := range []string{"one", "two"} {
		gone := s.commit(nil, name+"/a.yaml")
		s.awaitReady("one", gone)
		s.awaitReady("two", gone)
		s.wantState("left by "+name, map[string]string{"a": "1", "x": "1", "z": "1"})
		s.wantSame("left by "+name, before, "a")
		back := s.commit(map[string]string{name + "/a.yaml": manifest("a", "1")})
		s.awaitReady("one", back)
		s.awaitReady("two", back)
	}
	last := s.commit(nil, "one/a.yaml", "two/a.yaml")
	s.awaitReady("one", last)
	s.awaitReady("two", last)
	s.wantState("left by both", map[string]string{"x": "1", "z": "1"})
}

// TestASyncThatIsDeleted holds that with a Sync goes what it owns, and not what another
// Sync of the repository wants, whether that has it already or not.
func TestASyncThatIsDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{"one/a.yaml": manifest("a", "1"), "one/x.yaml": manifest("x", "1"), "two/a.yaml": manifest("a", "1")})
	one := s.newSync("one")
	s.awaitReady("one", first)
	before := s.owned()
	s.newSync("two", after("missing")) // it waits, and so has nothing yet
	if _, ok := s.awaitSync("two", func(two *v1.Sync) bool { return two != nil && len(two.Status.Conditions) > 0 }); !ok {
		t.Fatal("nobody looked at the second")
	}
	s.must(s.client.Delete(s.ctx(), one))
	s.awaitGone(one.Name)
	s.wantState("deleted", map[string]string{"a": "1"})
	s.wantSame("deleted", before, "a")
}

// TestTheTargetNamespaceChanges holds that what goes to another namespace is there before
// it is gone from the old one.
func TestTheTargetNamespaceChanges(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	elsewhere := s.cluster.Namespace(t)
	binding := s.binding()
	binding.Namespace = elsewhere
	s.must(s.client.Create(s.ctx(), binding))
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "other/b.yaml": manifest("a", "1")})
	s.newSync("app")
	s.awaitReady("app", first)
	s.edit("app", func(y *v1.Sync) { y.Spec.TargetNamespace = elsewhere })
	s.eventually("it is gone", func() bool { return len(s.owned()) == 0 })
	var moved corev1.ConfigMap
	s.must(s.client.Get(s.ctx(), client.ObjectKey{Namespace: elsewhere, Name: "a"}, &moved))
	// Another folder with the same object moves nothing.
	sync := s.edit("app", func(y *v1.Sync) { y.Spec.Source.Path = "other" })
	s.awaitObserved(sync)
	s.awaitReady("app", first)
	was := moved.UID
	s.must(s.client.Get(s.ctx(), client.ObjectKeyFromObject(&moved), &moved))
	if moved.UID != was {
		t.Error("the object was made anew for another folder")
	}
}
