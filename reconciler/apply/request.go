package apply

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// onlyMetadata asks for an answer without the object's content, which we just sent: it saves the server encoding it and
// us decoding it.
const onlyMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

// untilServed spaces the tries for a custom resource whose definition was just established: the API server begins to
// serve it some milliseconds after it says so. Together they last about 5 s.
func untilServed() wait.Backoff {
	return wait.Backoff{Duration: 20 * time.Millisecond, Factor: 1.6, Jitter: 0.1, Steps: 11}
}

// patch applies the object. It tries again while the kind, defined in the same set, isn't served yet.
func (a *Applier) patch(ctx context.Context, it item, body []byte, force bool) (answer, error) {
	accept, forced := onlyMetadata, "false"
	if it.ref.Kind == crdKind {
		accept = "application/json" // its status says whether it is served
	}
	if force {
		forced = "true"
	}
	backoff := untilServed()
	for {
		got, err := a.ask(ctx, func() *rest.Request {
			return on(a.rest.Patch(types.ApplyYAMLPatchType), it.resource, it.ref).
				SetHeader("Accept", accept).
				Param("fieldManager", FieldManager).
				Param("force", forced).
				// An apply refuses unknown fields in any case. To validate would have the API server read the body once
				// more, for doubled keys, which ours can't have.
				Param("fieldValidation", metav1.FieldValidationIgnore).
				Body(body)
		})
		if err == nil || !it.ownKind || !apierrors.IsNotFound(err) || isMissingNamespace(err) || backoff.Steps == 0 {
			return got, err
		}
		if !rested(ctx, backoff.Step()) {
			return got, errors.Join(ctx.Err(), err)
		}
	}
}

// metadata reads the object's metadata.
func (a *Applier) metadata(ctx context.Context, resource schema.GroupVersionResource, ref inventory.ObjectRef) (*metav1.PartialObjectMetadata, error) {
	got, err := a.ask(ctx, func() *rest.Request {
		return on(a.rest.Get(), resource, ref).SetHeader("Accept", onlyMetadata)
	})
	if err != nil {
		return nil, err
	}
	if got.live.UID == "" {
		return nil, errors.New("decoding the API server's answer: it has no UID")
	}
	return got.live, nil
}

// adjust moves managed fields of the live object, and does nothing where there is nothing to move. It works on exactly
// the state that it was decided by: where that is an old one, it looks and decides again.
func (a *Applier) adjust(ctx context.Context, it item, live *metav1.PartialObjectMetadata, decide func(*ownership) error) (*metav1.PartialObjectMetadata, *ownership, error) {
	grew := false // also where it was a try whose answer was lost
	looks := chase()
	for {
		moved, err := ownershipOf(live)
		if err == nil {
			err = decide(moved)
			grew = grew || moved.grew
			moved.grew = grew
		}
		if err != nil || !moved.changed {
			return live, moved, err
		}
		after, err := a.reown(ctx, it, live, moved)
		// Invalid is the answer where the annotation that is to be removed isn't there any more: it is an old state, too.
		if old := apierrors.IsConflict(err) || apierrors.IsInvalid(err); !old || !another(ctx, &looks) {
			return after, moved, err
		}
		if live, err = a.metadata(ctx, it.resource, it.ref); err != nil {
			return nil, moved, err
		}
	}
}

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func (a *Applier) reown(ctx context.Context, it item, live *metav1.PartialObjectMetadata, moved *ownership) (*metav1.PartialObjectMetadata, error) {
	entries, err := moved.result()
	if err != nil {
		return nil, err
	}
	// A version that is replaced by another than the live one is answered with Conflict; one that is tested, with Invalid.
	operations := []operation{
		{"replace", "/metadata/resourceVersion", live.ResourceVersion},
		{"replace", "/metadata/managedFields", entries},
	}
	if _, ok := live.Annotations[lastApplied]; ok {
		operations = append(operations, operation{Op: "remove", Path: "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"})
	}
	body, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("encoding managed fields: %w", err)
	}
	got, err := a.ask(ctx, func() *rest.Request {
		return on(a.rest.Patch(types.JSONPatchType), it.resource, it.ref).
			SetHeader("Accept", onlyMetadata).Param("fieldManager", FieldManager).Body(body)
	})
	return got.live, err
}

// on points a request at one object.
func on(request *rest.Request, resource schema.GroupVersionResource, ref inventory.ObjectRef) *rest.Request {
	return among(request, resource, ref).Name(ref.Name)
}

// among points a request at the objects beside one.
func among(request *rest.Request, resource schema.GroupVersionResource, ref inventory.ObjectRef) *rest.Request {
	if resource.Group == "" {
		request = request.AbsPath("/api", resource.Version)
	} else {
		request = request.AbsPath("/apis", resource.Group, resource.Version)
	}
	return request.NamespaceIfScoped(ref.Namespace, ref.Namespace != "").Resource(resource.Resource)
}

// contested returns the fields that a refused apply would have taken from other managers; none where it was refused for
// another reason.
func contested(err error) []string {
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			fields = append(fields, cause.Field)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

func digest(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest(sum[:len(Digest{})])
}
