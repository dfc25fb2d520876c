package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// lookAgain spaces the looks at an object whose watch ends early.
func lookAgain() wait.Backoff {
	return wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 8, Cap: 5 * time.Second}
}

// delete deletes an object as it was seen: another one of the same name, or a state that wasn't looked at, is a Conflict.
// It reports whether the object is still there, on its way out.
func (a *Applier) delete(ctx context.Context, resource schema.GroupVersionResource, ref inventory.ObjectRef, conditions metav1.Preconditions) (bool, error) {
	background := metav1.DeletePropagationBackground
	options, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		PropagationPolicy: &background,
		Preconditions:     &conditions,
	})
	if err != nil {
		return false, fmt.Errorf("encoding options: %w", err)
	}
	got, err := a.ask(ctx, func() *rest.Request {
		return on(a.rest.Delete(), resource, ref).
			SetHeader("Content-Type", "application/json").SetHeader("Accept", onlyMetadata).Body(options)
	})
	return err == nil && got.live.DeletionTimestamp != nil, err // what is gone at once is answered with a Status
}

// remove deletes the object that was seen, and returns when its name is free.
func (a *Applier) remove(ctx context.Context, resource schema.GroupVersionResource, ref inventory.ObjectRef, seen *metav1.PartialObjectMetadata) error {
	if seen.DeletionTimestamp == nil {
		_, err := a.delete(ctx, resource, ref, metav1.Preconditions{UID: &seen.UID})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	left, err := a.awaitGone(ctx, resource, ref, seen.UID)
	if err == nil && left != nil {
		err = errors.New(lingering(left))
	}
	return err
}

// lingering says why an object is still there although it was deleted.
func lingering(live *metav1.PartialObjectMetadata) string {
	switch {
	case len(live.Finalizers) > 0:
		return "it is being deleted, and its finalizers hold it: " + strings.Join(live.Finalizers, ", ")
	case live.Kind == "Namespace":
		return "it is being deleted, once everything in it is"
	}
	return "it is being deleted"
}

// awaitGone returns nil when the object of that UID is gone, or, when ctx ends first, the object as it was seen last.
func (a *Applier) awaitGone(ctx context.Context, resource schema.GroupVersionResource, ref inventory.ObjectRef, uid types.UID) (*metav1.PartialObjectMetadata, error) {
	var last *metav1.PartialObjectMetadata
	backoff := lookAgain()
	for {
		live, err := a.metadata(ctx, resource, ref)
		switch {
		case apierrors.IsNotFound(err), err == nil && live.UID != uid:
			return nil, nil //nolint:nilnil // nothing is left, and that is no error
		case err != nil && ctx.Err() != nil && last != nil:
			return last, nil
		case err != nil:
			return nil, err
		}
		last = live
		gone, err := a.watchGone(ctx, resource, ref, live)
		if gone {
			return nil, nil //nolint:nilnil // as above
		}
		switch {
		case ctx.Err() != nil:
			return last, nil //nolint:nilerr // the end of ctx is what last is for
		case err != nil:
			return nil, err
		case !rested(ctx, backoff.Step()):
			return last, nil
		}
	}
}

// watchGone watches one object until it is gone, or the watch ends.
func (a *Applier) watchGone(ctx context.Context, resource schema.GroupVersionResource, ref inventory.ObjectRef, live *metav1.PartialObjectMetadata) (bool, error) {
	var client dynamic.ResourceInterface = a.dynamic.Resource(resource)
	if ref.Namespace != "" {
		client = a.dynamic.Resource(resource).Namespace(ref.Namespace)
	}
	watching, err := client.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + ref.Name, ResourceVersion: live.ResourceVersion,
	})
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("watching until it is gone: %w", err)
	}
	defer watching.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case event, ok := <-watching.ResultChan():
			if !ok || event.Type == watch.Error {
				return false, nil
			}
			if event.Type == watch.Deleted {
				return true, nil
			}
		}
	}
}
