package reconciler_test

import (
	"fmt"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncKeepsNothingForStrangers holds that a Sync of another namespace can't keep an
// object from being pruned by wanting it, nor hold the pruning up by being broken.
func TestSyncKeepsNothingForStrangers(t *testing.T) {
	cluster := testbed.OwnKube(t)
	s := newSyncsOn(t, cluster, func(c *reconciler.Config) { c.Namespace = "" })
	claim := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone, namespace: %s}\n", s.namespace)
	s.awaitReadyAfter(map[string]string{
		"app/a.yaml": manifest("a", "1"), "app/gone.yaml": manifest("gone", "1"), "claims/gone.yaml": claim, "broken/a.yaml": "a: [\n",
	})
	other := cluster.Namespace(t)
	for _, folder := range []string{"claims", "broken"} {
		s.newSync(folder, path(folder), func(y *v1.Sync) { y.Namespace = other })
	}
	revision := s.commit(nil, "app/gone.yaml")
	s.awaitReady("app", revision)
	if s.there("gone") {
		t.Error("what was taken out of Git is kept for a Sync of another namespace")
	}
}
