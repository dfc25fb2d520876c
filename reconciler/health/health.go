// Package health tells whether objects have become what they were asked to be.
package health

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Status is an object's health, in kstatus's words.
type Status string

// The statuses.
const (
	Current     Status = "Current"
	InProgress  Status = "InProgress"
	Failed      Status = "Failed"
	Terminating Status = "Terminating"
	NotFound    Status = "NotFound"
	Unknown     Status = "Unknown"
)

// Health is one object's health.
type Health struct {
	Ref     inventory.ObjectRef
	Status  Status
	Reason  string // a word for a condition, such as "ImagePullBackOff"; may be empty
	Message string // for a person
}

// Report holds one health an object, sorted by reference.
type Report struct{ Objects []Health }

// Healthy reports whether all objects are Current.
func (Report) Healthy() bool { return false }

// Failed returns the objects that have failed.
func (Report) Failed() []Health { return nil }

// Pending returns the objects that are neither Current nor Failed.
func (Report) Pending() []Health { return nil }

// Summary says in one line what is wrong: "apps/Deployment/shop/web: ImagePullBackOff: …; 3 more in progress".
func (Report) Summary() string { return "" }

// Compute returns the health of a live object by its own status alone.
func Compute(*unstructured.Unstructured) Health { return Health{} }

// Target is an object to wait for.
type Target struct {
	Ref             inventory.ObjectRef
	ResourceVersion string // as applied: an older state of it that a watch may still show isn't believed. May be empty.
}

// Request says what to wait for.
type Request struct {
	Set      string // ID of the set that all targets carry as their label
	Targets  []Target
	Progress func(Report) // called, never at the same time, whenever an object's health changes. May be nil.
}

// Config says how a [Waiter] reaches the cluster.
type Config struct {
	REST       *rest.Config
	HTTPClient *http.Client  // optional, shared
	Mapper     *apply.Mapper // optional, shared
	// Grace is how long a Pod's waiting reason (image pull, crash loop) must last before it fails its workload. Default: 5s; negative: at once.
	Grace time.Duration
	Log   *slog.Logger
}

// Waiter waits for health by watches.
type Waiter struct{}

// NewWaiter checks the configuration and returns a Waiter.
func NewWaiter(Config) (*Waiter, error) { return nil, errors.ErrUnsupported }

// Wait returns when all targets are Current (nil), when one has Failed (nil: the report says so), or when ctx ends (its cause).
func (*Waiter) Wait(context.Context, Request) (Report, error) { return Report{}, errors.ErrUnsupported }
