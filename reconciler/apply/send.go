package apply

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
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

// answer is what the API server says of an object that it has written.
type answer struct {
	body    []byte
	created bool
}

func (a *Applier) applyOne(ctx context.Context, set string, it item) Outcome {
	if err := ctx.Err(); err != nil {
		return failed("applying", it.ref, err)
	}
	body, err := json.Marshal(it.object)
	if err != nil {
		return failed("applying", it.ref, &malformed{err.Error()})
	}
	form := digest(body)
	before, unchanged := a.memory.Begin(set, it.ref, form)
	if unchanged {
		return Outcome{Ref: it.ref, Action: Unchanged, ResourceVersion: before}
	}
	var live *metav1.PartialObjectMetadata
	defer func() { a.memory.Done(set, it.resource, it.ref, form, live) }()

	got, err := a.send(ctx, it, body)
	if err != nil {
		return failed("applying", it.ref, err)
	}
	var metadata metav1.PartialObjectMetadata
	if err := json.Unmarshal(got.body, &metadata); err != nil {
		return failed("applying", it.ref, fmt.Errorf("decoding the API server's answer: %w", err))
	}
	live = &metadata
	if it.ref.Kind == crdKind && it.ref.Group == crdGroup {
		if err := a.serve(ctx, it, got.body); err != nil {
			return failed("applying", it.ref, err)
		}
	}
	outcome := Outcome{Ref: it.ref, Action: Configured, UID: live.UID, ResourceVersion: live.ResourceVersion}
	switch {
	case got.created:
		outcome.Action = Created
	case before == live.ResourceVersion:
		outcome.Action = Unchanged
	}
	return outcome
}

// serve waits, where need be, until a written definition is served.
func (a *Applier) serve(ctx context.Context, it item, crd []byte) error {
	ok, err := established(crd)
	if ok {
		return nil
	}
	if err == nil {
		err = a.awaitEstablished(ctx, it.resource, it.ref.Name)
	}
	if err != nil {
		return fmt.Errorf("waiting until the definition is established: %w", err)
	}
	return nil
}

// send writes the object. It tries again while the kind, defined in the same set, isn't served yet.
func (a *Applier) send(ctx context.Context, it item, body []byte) (answer, error) {
	backoff := untilServed()
	for {
		got, err := a.patch(ctx, it, body)
		if err == nil || !it.ownKind || !apierrors.IsNotFound(err) || isMissingNamespace(err) || backoff.Steps == 0 {
			return got, err
		}
		pause := time.NewTimer(backoff.Step())
		select {
		case <-ctx.Done():
			pause.Stop()
			return got, errors.Join(ctx.Err(), err)
		case <-pause.C:
		}
	}
}

func (a *Applier) patch(ctx context.Context, it item, body []byte) (answer, error) {
	accept := onlyMetadata
	if it.ref.Kind == crdKind {
		accept = "application/json" // its status says whether it is served
	}
	result := on(a.rest.Patch(types.ApplyYAMLPatchType), it.resource, it.ref).
		SetHeader("Accept", accept).
		Param("fieldManager", FieldManager).
		Param("force", "true").
		Param("fieldValidation", metav1.FieldValidationStrict).
		Body(body).
		Do(ctx)
	var got answer
	var err error
	if got.body, err = result.WasCreated(&got.created).Raw(); err != nil {
		return got, result.Error()
	}
	return got, nil
}

// on points a request at one object.
func on(request *rest.Request, resource schema.GroupVersionResource, ref inventory.ObjectRef) *rest.Request {
	if resource.Group == "" {
		request = request.AbsPath("/api", resource.Version)
	} else {
		request = request.AbsPath("/apis", resource.Group, resource.Version)
	}
	return request.NamespaceIfScoped(ref.Namespace, ref.Namespace != "").Resource(resource.Resource).Name(ref.Name)
}

func digest(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest(sum[:len(Digest{})])
}
