package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwait "k8s.io/apimachinery/pkg/util/wait"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

const (
	// servedWithin is how long a start waits for Syncs: who installs all at once starts the
	// Pod while the API server still prepares to serve the new kind.
	servedWithin = 20 * time.Second
	servedPause  = 200 * time.Millisecond
)

// awaitServed waits until the API server serves Syncs. What asks for a kind before that
// would fail, and some of it only once. It gives false where ctx ended before.
func (c *controller) awaitServed(ctx context.Context) (bool, error) {
	version := v1.GroupVersion().String()
	told := false
	err := apiwait.PollUntilContextTimeout(ctx, servedPause, servedWithin, true, func(ctx context.Context) (bool, error) {
		list, err := c.discovery.ServerResourcesForGroupVersion(version)
		switch {
		case err == nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Kind == v1.Kind }):
			return true, nil
		case err != nil && !apierrors.IsNotFound(err):
			return false, err
		}
		if !told {
			c.Log.InfoContext(ctx, "waiting for the cluster to serve Syncs", "version", version)
			told = true
		}
		return false, nil
	})
	select {
	case <-ctx.Done():
		return false, nil
	default:
	}
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, context.DeadlineExceeded):
		return false, fmt.Errorf("the cluster doesn't serve %s of %s (hint: kubectl apply -k deploy/crds)", v1.Kind, version)
	}
	return false, fmt.Errorf("asking whether the cluster serves %s of %s: %w", v1.Kind, version, err)
}
