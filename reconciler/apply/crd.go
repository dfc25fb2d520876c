package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/drift/stream"
)

// establishWithin bounds the wait for one definition. The API server takes milliseconds; one that serves with others
// for high availability takes five seconds.
const establishWithin = 30 * time.Second

const crdGroup, crdKind = "apiextensions.k8s.io", "CustomResourceDefinition"

// definition is what we need of a custom resource definition, in apiextensions' own words.
type definition struct {
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind   string `json:"kind"`
			Plural string `json:"plural"`
		} `json:"names"`
		Versions []struct {
			Name   string `json:"name"`
			Served bool   `json:"served"`
		} `json:"versions"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type    string                 `json:"type"`
			Status  metav1.ConditionStatus `json:"status"`
			Message string                 `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

// ownKinds returns the mappings of the kinds that the set itself defines, so that its custom resources find their place
// before the API server serves them.
func ownKinds(objects []*unstructured.Unstructured) map[schema.GroupVersionKind]*meta.RESTMapping {
	kinds := make(map[schema.GroupVersionKind]*meta.RESTMapping)
	for _, object := range objects {
		if object.GroupVersionKind().GroupKind() != (schema.GroupKind{Group: crdGroup, Kind: crdKind}) {
			continue
		}
		var crd definition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &crd); err != nil {
			continue // the API server will say what is wrong with it
		}
		scope := meta.RESTScopeNamespace
		if crd.Spec.Scope == "Cluster" {
			scope = meta.RESTScopeRoot
		}
		for _, version := range crd.Spec.Versions {
			if !version.Served {
				continue
			}
			served := schema.GroupVersion{Group: crd.Spec.Group, Version: version.Name}
			kind := served.WithKind(crd.Spec.Names.Kind)
			kinds[kind] = &meta.RESTMapping{Resource: served.WithResource(crd.Spec.Names.Plural), GroupVersionKind: kind, Scope: scope}
		}
	}
	return kinds
}

// established reports whether the API server serves the definition, given its JSON. The error says why it never will.
func established(crd []byte) (bool, error) {
	var live definition
	if err := json.Unmarshal(crd, &live); err != nil {
		return false, fmt.Errorf("decoding custom resource definition: %w", err)
	}
	for _, condition := range live.Status.Conditions {
		switch {
		case condition.Type == "Established" && condition.Status == metav1.ConditionTrue:
			return true, nil
		case condition.Type == "NamesAccepted" && condition.Status == metav1.ConditionFalse:
			return false, fmt.Errorf("its names were not accepted: %s", condition.Message)
		}
	}
	return false, nil
}

// awaitEstablished watches one definition until the API server serves it.
func (a *Applier) awaitEstablished(ctx context.Context, resource schema.GroupVersionResource, name string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, establishWithin, fmt.Errorf("not established within %s", establishWithin))
	defer cancel()
	reader := &definitionReader{verdict: make(chan error, 1)}
	client := a.dynamic.Resource(resource)
	go stream.Run(ctx, stream.Source{
		Name:    "definition of " + name,
		Example: &unstructured.Unstructured{},
		List: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		Watch:  client.Watch,
		Select: func(options *metav1.ListOptions) { options.FieldSelector = "metadata.name=" + name },
	}, reader)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-reader.verdict:
		return err
	}
}

// definitionReader gives one verdict: nil once the definition is served, or why it never will be.
type definitionReader struct{ verdict chan error }

func (r *definitionReader) Listed(objects []metav1.Object, _ string) {
	for _, object := range objects {
		r.Seen(object)
	}
}

func (r *definitionReader) Seen(object metav1.Object) {
	crd, ok := object.(*unstructured.Unstructured)
	if !ok {
		return
	}
	encoded, err := crd.MarshalJSON()
	served := false
	if err == nil {
		served, err = established(encoded)
	}
	if !served && err == nil {
		return
	}
	select {
	case r.verdict <- err:
	default: // it was given before
	}
}

func (r *definitionReader) Gone(metav1.Object) {}
