package apply

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Digest is the sum of an object as it is sent.
type Digest [16]byte

// Memory knows what was applied and whether it still stands; a drift.Watcher is one. Its methods are called from
// several goroutines.
type Memory interface {
	// Begin says that the object is about to be written in this form. It answers with unchanged where that form was
	// applied last and still stands untouched; then nothing is written and Done isn't called. The version is the live
	// object's last known resource version, or empty.
	Begin(set string, ref inventory.ObjectRef, form Digest) (version string, unchanged bool)
	// Done ends what Begin began, with the live object's metadata as the write left it, or nil when it wasn't written.
	Done(set string, resource schema.GroupVersionResource, ref inventory.ObjectRef, form Digest, live *metav1.PartialObjectMetadata)
	// Forget says that the object is none of the set's any more.
	Forget(set string, ref inventory.ObjectRef)
}

// Config says how an [Applier] reaches the cluster.
type Config struct {
	// REST is the way to the API server, impersonation included. Its QPS is ignored: the workers are the limit, and
	// the server's own flow control.
	REST *rest.Config
	// HTTPClient is used in REST's place for transport where it is set, so that many appliers share connections.
	// Default: one made from REST.
	HTTPClient *http.Client
	// Mapper is shared by the appliers of one cluster. Default: one of the applier's own.
	Mapper *Mapper
	// Memory saves the requests for what is unchanged. Default: none, every object is written every time.
	Memory Memory
	// Workers is how many objects are written side by side. Default: 8.
	Workers int
	// Log hears what the API server warns of, at debug level. Default: nothing is logged.
	Log *slog.Logger
}

// Applier applies and prunes the objects of sets, under one identity. It is safe for use by several goroutines.
type Applier struct{}

// New checks the configuration and returns an Applier. It asks nothing of the cluster yet.
func New(Config) (*Applier, error) { return nil, errors.ErrUnsupported }

// Mapper finds the resource of a kind. It asks the API server again when a kind isn't known.
type Mapper struct{}

// NewMapper returns a Mapper for one cluster.
func NewMapper(*rest.Config, *http.Client) (*Mapper, error) { return nil, errors.ErrUnsupported }

// Mapping returns the resource of a kind, in the version asked for if there is one.
func (*Mapper) Mapping(context.Context, schema.GroupKind, string) (*meta.RESTMapping, error) {
	return nil, errors.ErrUnsupported
}

// Plan is a set whose every object was found its place in the API.
type Plan struct{}

// Refs returns the objects that Apply may create, sorted. They must be in the inventory before Apply is called.
func (*Plan) Refs() []inventory.ObjectRef { return nil }

// Plan finds for each object of the set the resource and the namespace it goes to, with the kinds of the set's own custom resource
// definitions. An object whose kind isn't served isn't in Refs, isn't applied, and comes out of Apply as failed. The error is for a
// set that can't be planned at all: no ID, the same object twice, an object without a kind or name.
func (*Applier) Plan(context.Context, Set) (*Plan, error) { return nil, errors.ErrUnsupported }

// Apply applies the plan's objects. Every object gets an outcome, also when ctx ends midway.
func (*Applier) Apply(context.Context, *Plan) Result { return Result{} }

// Budget bounds what a prune may delete without a person's consent. A zero bound doesn't bind.
type Budget struct {
	Objects int // at most so many objects
	Percent int // at most so many per cent of what is owned
}

// PruneRequest names objects that are no longer rendered.
type PruneRequest struct {
	ID      string                // of the set that owned them
	Refs    []inventory.ObjectRef // to be deleted
	Owned   int                   // how many objects the set owned before, Refs included
	Budget  Budget
	Consent bool // a person allowed this deletion: no budget, and Namespaces, CRDs and PersistentVolumeClaims go too
}

// Prune deletes what it may. Objects whose outcome is Held or Failed must stay in the inventory, all others leave it.
func (*Applier) Prune(context.Context, PruneRequest) Result { return Result{} }

// SetID returns the ID of the set whose parent object is named (KEP-3659, "ApplySet ID").
func SetID(parent inventory.ObjectRef) string { return parent.Name }
