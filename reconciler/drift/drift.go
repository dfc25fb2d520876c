// Package drift sees when an object no longer carries what was applied to it, or is gone, the moment it happens.
package drift

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Cause says how an object differs from what was applied.
type Cause string

// The causes of drift.
const (
	Gone   Cause = "gone"   // deleted, or its set's label was taken off
	Fields Cause = "fields" // fields that we applied were changed or removed
)

// Event is one object's drift.
type Event struct {
	Set     string // ID of the set it was applied for
	Ref     inventory.ObjectRef
	Cause   Cause
	Lost    []string      // the fields that were lost, as paths such as ".spec.replicas"; empty where Cause is Gone
	By      string        // the field manager who wrote last, where that can be told
	Attempt int           // 1 for the first drift of late, more when heals don't last: someone keeps writing back
	Delay   time.Duration // how long this event was held back because of Attempt
}

// Config says how a [Watcher] works.
type Config struct {
	REST       *rest.Config
	HTTPClient *http.Client // optional, shared
	// Notify hears of drift. It is called once for one drift and must return soon (put the event in a queue).
	Notify func(Event)
	// Debounce is how long to gather changes before an event is sent. Default: 50ms.
	Debounce time.Duration
	Log      *slog.Logger
}

// Watcher is the memory of what was applied to one cluster (an [apply.Memory]), checked against metadata-only watches.
type Watcher struct{}

// New checks the configuration and returns a Watcher that isn't running yet.
func New(Config) (*Watcher, error) { return nil, errors.ErrUnsupported }

// Run watches until ctx ends, and returns nil then. Objects may be applied before.
func (*Watcher) Run(context.Context) error { return errors.ErrUnsupported }

// Begin implements [apply.Memory].
func (*Watcher) Begin(string, inventory.ObjectRef, apply.Digest) (string, bool) { return "", false }

// Done implements [apply.Memory].
func (*Watcher) Done(string, schema.GroupVersionResource, inventory.ObjectRef, apply.Digest, *metav1.PartialObjectMetadata) {
}

// Forget implements [apply.Memory].
func (*Watcher) Forget(string, inventory.ObjectRef) {}

// ForgetSet forgets all objects of a set: its Sync is gone, or suspended.
func (*Watcher) ForgetSet(string) {}
