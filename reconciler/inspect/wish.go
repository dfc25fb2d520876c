package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// AnnotationSuspendReason says, in a person's words, why a Sync is suspended.
const AnnotationSuspendReason = "towline.dev/suspend-reason"

// ErrSuspended says that nothing is done for a Sync before it is resumed.
var ErrSuspended = errors.New("it is suspended")

// Request asks for a reconciliation at once, and gives the value by which Await knows it.
func (c *Client) Request(ctx context.Context, sync *v1.Sync) (value string, err error) {
	if sync.Spec.Suspend {
		return "", fmt.Errorf("asking for a reconciliation of Sync %s/%s: %w (hint: towline resume %s -n %s)", sync.Namespace, sync.Name, ErrSuspended, sync.Name, sync.Namespace)
	}
	value = c.now().UTC().Format(time.RFC3339Nano)
	err = c.patch(ctx, sync, map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1.AnnotationRequestedAt: value}}})
	if err != nil {
		return "", fmt.Errorf("asking for a reconciliation of Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	return value, nil
}

// Suspend stops everything for a Sync; the reason, which may be empty, is kept beside it.
func (c *Client) Suspend(ctx context.Context, sync *v1.Sync, reason string) error {
	var note any // null takes an earlier one away
	if reason != "" {
		note = reason
	}
	err := c.patch(ctx, sync, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{AnnotationSuspendReason: note}},
		"spec":     map[string]any{"suspend": true},
	})
	if err != nil {
		return fmt.Errorf("suspending Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	return nil
}

// Resume lets a suspended Sync go on, and asks for a reconciliation at once.
func (c *Client) Resume(ctx context.Context, sync *v1.Sync) (value string, err error) {
	value = c.now().UTC().Format(time.RFC3339Nano)
	err = c.patch(ctx, sync, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{AnnotationSuspendReason: nil, v1.AnnotationRequestedAt: value}},
		"spec":     map[string]any{"suspend": nil},
	})
	if err != nil {
		return "", fmt.Errorf("resuming Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	return value, nil
}

// patch changes a Sync, and leaves in sync what the API server made of it.
func (c *Client) patch(ctx context.Context, sync *v1.Sync, change map[string]any) error {
	body, err := json.Marshal(change)
	if err != nil {
		return err
	}
	return installed(c.syncs.Patch(ctx, sync, client.RawPatch(types.MergePatchType, body), client.FieldOwner(FieldManager)))
}

// FailedError says that what was waited for ended badly.
type FailedError struct {
	Namespace, Name, Reason, Message string
}

// Error names the Sync, the reason and the condition's message.
func (e *FailedError) Error() string {
	return fmt.Sprintf("Sync %s/%s isn't ready: %s: %s", e.Namespace, e.Name, e.Reason, e.Message)
}

// PatienceError says that the wait ended before the outcome was known, and how things stood.
type PatienceError struct {
	Last Summary // zero where nothing was seen at all
	Err  error   // why the wait ended
}

// Error says how things stood.
func (e *PatienceError) Error() string {
	if e.Last.Name == "" {
		return fmt.Sprintf("waiting for the Sync: %v", e.Err)
	}
	text := fmt.Sprintf("waiting for Sync %s/%s: %v; Ready is %s", e.Last.Namespace, e.Last.Name, e.Err, e.Last.Ready)
	for _, part := range []string{e.Last.Reason, e.Last.Message} {
		if part != "" {
			text += ": " + part
		}
	}
	return text
}

// Unwrap gives why the wait ended.
func (e *PatienceError) Unwrap() error { return e.Err }

// Await follows a Sync until the request of that value was acted on and its outcome is
// known. Each state that is seen is told to progress. What ended badly is a *FailedError;
// where ctx ends first the error is a *PatienceError.
func (c *Client) Await(ctx context.Context, sync *v1.Sync, value string, progress func(Summary)) (Summary, error) {
	for {
		summary, done, err := c.follow(ctx, sync, value, progress)
		if done || err != nil {
			return summary, err
		}
		// The watch was cut, which API servers do now and then: look again.
		pause(ctx)
		fresh, err := c.Get(ctx, sync.Namespace, sync.Name)
		if err != nil {
			return summary, err
		}
		if fresh.UID != sync.UID {
			return summary, fmt.Errorf("waiting for Sync %s/%s: it was deleted and made again", sync.Namespace, sync.Name)
		}
	}
}

func (c *Client) follow(ctx context.Context, sync *v1.Sync, value string, progress func(Summary)) (summary Summary, done bool, err error) {
	var list v1.SyncList
	selector := client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", sync.Name)}
	events, err := c.syncs.Watch(ctx, &list, client.InNamespace(sync.Namespace), selector)
	if err != nil {
		return summary, false, fmt.Errorf("watching Sync %s/%s: %w", sync.Namespace, sync.Name, err)
	}
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return summary, false, &PatienceError{Last: summary, Err: context.Cause(ctx)}
		case event, open := <-events.ResultChan():
			if !open {
				return summary, false, nil
			}
			seen, ok := event.Object.(*v1.Sync)
			switch {
			case !ok:
				return summary, false, nil // the server's word that this watch is over
			case event.Type == watch.Deleted:
				return summary, true, fmt.Errorf("waiting for Sync %s/%s: it was deleted", sync.Namespace, sync.Name)
			}
			summary = Summarise(seen)
			if seen.ResourceVersion != sync.ResourceVersion { // else it is what the request itself left
				progress(summary)
			}
			if done, err := settled(seen, value); done {
				return summary, true, err
			}
		}
	}
}

// settled tells whether a request was acted on and its outcome is known.
func settled(sync *v1.Sync, value string) (bool, error) {
	if sync.Spec.Suspend {
		return true, fmt.Errorf("waiting for Sync %s/%s: %w", sync.Namespace, sync.Name, ErrSuspended)
	}
	ready := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady)
	acted := sync.Status.LastHandledReconcileAt == value && sync.Status.ObservedGeneration == sync.Generation
	if ready == nil || !acted || ready.Status == metav1.ConditionUnknown {
		return false, nil
	}
	if ready.Status == metav1.ConditionFalse {
		return true, &FailedError{Namespace: sync.Namespace, Name: sync.Name, Reason: ready.Reason, Message: ready.Message}
	}
	return true, nil
}
