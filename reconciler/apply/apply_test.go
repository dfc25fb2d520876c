package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// apiServer answers discovery for ConfigMaps and Namespaces, and gives every write and deletion to the test. What a real
// control plane does is tried in e2e; this is for answers that one won't give on demand.
type apiServer struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	answer   func(http.ResponseWriter, *http.Request)
}

func newAPIServer(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *apiServer {
	t.Helper()
	s := &apiServer{answer: answer}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	discovery := map[string]string{
		"/api":    `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":   `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"configmaps","namespaced":true,"kind":"ConfigMap","verbs":["get"]},{"name":"secrets","namespaced":true,"kind":"Secret","verbs":["get"]},{"name":"namespaces","namespaced":false,"kind":"Namespace","verbs":["get"]}]}`,
	}
	if body, ok := discovery[request.URL.Path]; ok {
		_, _ = w.Write([]byte(body))
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, request.Method+" "+request.URL.Path)
	s.mu.Unlock()
	s.answer(w, request)
}

func (s *apiServer) applier(t *testing.T) *apply.Applier {
	t.Helper()
	applier, err := apply.New(apply.Config{REST: &rest.Config{Host: s.URL}, Retries: &wait.Backoff{Duration: time.Millisecond, Steps: 3}})
	if err != nil {
		t.Fatal(err)
	}
	return applier
}

func refuse(w http.ResponseWriter, status metav1.Status) {
	status.Kind, status.APIVersion, status.Status = "Status", "v1", metav1.StatusFailure
	w.WriteHeader(int(status.Code))
	_ = json.NewEncoder(w).Encode(status)
}

func configMap(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}}}
}

func TestFailuresAreClassified(t *testing.T) {
	details := func(kind string, causes ...metav1.StatusCause) *metav1.StatusDetails {
		return &metav1.StatusDetails{Kind: kind, Causes: causes}
	}
	immutable := metav1.StatusCause{Type: metav1.CauseTypeFieldValueInvalid, Field: "spec.selector", Message: "Invalid value: {}: field is immutable"}
	required := metav1.StatusCause{Type: metav1.CauseTypeFieldValueRequired, Field: "spec.ports", Message: "Required value"}
	tests := []struct {
		name      string
		status    metav1.Status
		want      apply.Reason
		temporary bool
	}{
		{"conflict", metav1.Status{Code: 409, Reason: metav1.StatusReasonConflict}, apply.ReasonConflict, true},
		{"immutable by its words alone", metav1.Status{Code: 422, Reason: metav1.StatusReasonInvalid, Details: details("Deployment", immutable)}, apply.ReasonInvalid, false},
		{"invalid", metav1.Status{Code: 422, Reason: metav1.StatusReasonInvalid, Details: details("Service", required)}, apply.ReasonInvalid, false},
		{"bad request", metav1.Status{Code: 400, Reason: metav1.StatusReasonBadRequest}, apply.ReasonInvalid, false},
		{"unknown field", metav1.Status{Code: 500, Message: "failed to create typed patch object (a/b; v1, Kind=X): .spec.foo: field not declared in schema"}, apply.ReasonInvalid, false},
		{"trouble with etcd", metav1.Status{Code: 500, Message: "etcdserver: request timed out"}, apply.ReasonUnavailable, true},
		{"internal", metav1.Status{Code: 500, Reason: metav1.StatusReasonInternalError}, apply.ReasonUnavailable, true},
		{"unavailable", metav1.Status{Code: 503, Reason: metav1.StatusReasonServiceUnavailable}, apply.ReasonUnavailable, true},
		{"gateway timeout", metav1.Status{Code: 504, Reason: metav1.StatusReasonTimeout}, apply.ReasonUnavailable, true},
		{"too large", metav1.Status{Code: 413, Reason: metav1.StatusReasonRequestEntityTooLarge}, apply.ReasonInvalid, false},
		{"forbidden", metav1.Status{Code: 403, Reason: metav1.StatusReasonForbidden}, apply.ReasonForbidden, false},
		{"namespace on its way out", metav1.Status{Code: 403, Reason: metav1.StatusReasonForbidden, Details: details("", metav1.StatusCause{Type: "NamespaceTerminating"})}, apply.ReasonNotFound, true},
		{"not logged in", metav1.Status{Code: 401, Reason: metav1.StatusReasonUnauthorized}, apply.ReasonForbidden, false},
		{"no such namespace", metav1.Status{Code: 404, Reason: metav1.StatusReasonNotFound, Details: &metav1.StatusDetails{Kind: "namespaces", Name: "shop"}}, apply.ReasonNotFound, true},
		{"no such resource", metav1.Status{Code: 404, Reason: metav1.StatusReasonNotFound}, apply.ReasonNoKind, true},
		{"something else", metav1.Status{Code: 418, Reason: "Teapot"}, apply.ReasonOther, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, test.status) })
			applier := server.applier(t)
			plan, err := applier.Plan(t.Context(), apply.Set{ID: "set", Namespace: "shop", Objects: []*unstructured.Unstructured{configMap("web")}})
			if err != nil {
				t.Fatal(err)
			}
			result := applier.Apply(t.Context(), plan)
			var failure *apply.Error
			if !errors.As(result.Err(), &failure) {
				t.Fatalf("error = %v, want an *apply.Error", result.Err())
			}
			if failure.Reason != test.want || failure.Temporary() != test.temporary {
				t.Errorf("reason %s, temporary %t; want %s, %t", failure.Reason, failure.Temporary(), test.want, test.temporary)
			}
			if want := "applying core/ConfigMap/shop/web: "; !strings.HasPrefix(failure.Error(), want) {
				t.Errorf("error %q doesn't begin with %q", failure, want)
			}
		})
	}
}

func TestCanceledApplyGivesEveryObjectAnOutcome(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel() // the first write is answered still
		_, _ = w.Write([]byte(`{"metadata":{"uid":"1","resourceVersion":"1"}}`))
	})
	applier := server.applier(t)
	var objects []*unstructured.Unstructured
	for i := range 100 {
		objects = append(objects, configMap(fmt.Sprint("web", i)))
	}
	plan, err := applier.Plan(ctx, apply.Set{ID: "set", Namespace: "shop", Objects: objects})
	if err != nil {
		t.Fatal(err)
	}
	result := applier.Apply(ctx, plan)
	if len(result.Outcomes) != 100 || result.Count(apply.Failed) < 90 {
		t.Errorf("%d outcomes, %d failed; want 100, nearly all failed", len(result.Outcomes), result.Count(apply.Failed))
	}
	var failure *apply.Error
	if !errors.As(result.Err(), &failure) || failure.Reason != apply.ReasonCanceled || !errors.Is(failure, context.Canceled) {
		t.Errorf("error = %v, want canceled", failure)
	}
}

func TestPlanPlacesObjects(t *testing.T) {
	applier := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, metav1.Status{Code: 500}) }).applier(t)
	away := configMap("away")
	away.SetNamespace("elsewhere")
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop", "namespace": "nonsense"}}}
	unknown := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Unheard", "metadata": map[string]any{"name": "of"}}}
	set := apply.Set{ID: "set", Namespace: "shop", Objects: []*unstructured.Unstructured{namespace, configMap("web"), away, unknown}}
	plan, err := applier.Plan(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ref := range plan.Refs() {
		got = append(got, ref.String())
	}
	if diff := cmp.Diff([]string{"core/ConfigMap/elsewhere/away", "core/ConfigMap/shop/web", "core/Namespace/shop"}, got); diff != "" {
		t.Errorf("Refs (-want +got):\n%s", diff)
	}

	// What was owned before and isn't wanted any more; what is wanted but can't be placed isn't among it.
	previous := append(plan.Refs(),
		inventory.ObjectRef{Group: "example.com", Version: "v1", Kind: "Unheard", Namespace: "shop", Name: "of"},
		inventory.ObjectRef{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "old"})
	unwanted := plan.Unwanted(previous)
	if len(unwanted) != 1 || unwanted[0].Name != "old" {
		t.Errorf("Unwanted = %v, want the ConfigMap old alone", unwanted)
	}
	if _, err := applier.Plan(t.Context(), apply.Set{Namespace: "shop"}); err == nil {
		t.Error("a set without ID was planned")
	}
}

func TestNewRefusesToGuessTheCluster(t *testing.T) {
	if _, err := apply.New(apply.Config{}); err == nil {
		t.Error("an applier of no cluster was made")
	}
	if _, err := apply.NewMapper(nil, nil); err == nil {
		t.Error("a mapper of no cluster was made")
	}
}

func TestPruneDeletesExactlyWhatItSaw(t *testing.T) {
	looks := 0
	var deletions []string
	server := newAPIServer(t, func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			looks++
			_, _ = fmt.Fprintf(w, `{"metadata":{"uid":"uid","resourceVersion":"%d","labels":{%q:"set"}}}`, looks, apply.PartOfLabel)
			return
		}
		var options metav1.DeleteOptions
		if err := json.NewDecoder(request.Body).Decode(&options); err != nil {
			t.Error(err)
			return
		}
		deletions = append(deletions, fmt.Sprint(*options.Preconditions.UID, " ", *options.Preconditions.ResourceVersion, " ", *options.PropagationPolicy))
		if len(deletions) == 1 { // it was changed since
			refuse(w, metav1.Status{Code: 409, Reason: metav1.StatusReasonConflict})
			return
		}
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
	})
	result := server.applier(t).Prune(t.Context(), apply.PruneRequest{ID: "set", Refs: refs("ConfigMap", 1), Owned: 1})
	if err := result.Err(); err != nil || result.Count(apply.Deleted) != 1 {
		t.Errorf("outcomes %v, error %v; want it deleted", result.Outcomes, err)
	}
	if diff := cmp.Diff([]string{"uid 1 Background", "uid 2 Background"}, deletions); diff != "" {
		t.Errorf("deletions (-want +got):\n%s", diff)
	}
}

func TestPruneWithoutSetDeletesNothing(t *testing.T) {
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, metav1.Status{Code: 500}) })
	result := server.applier(t).Prune(t.Context(), apply.PruneRequest{Refs: refs("ConfigMap", 1), Owned: 1})
	if result.Count(apply.Failed) != 1 || len(server.requests) != 0 {
		t.Errorf("outcomes %v after requests %v, want a failure without any", result.Outcomes, server.requests)
	}
}

func TestPruneDeletesNamespacesLast(t *testing.T) {
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"metadata":{"uid":"uid","resourceVersion":"1","labels":{%q:"set"}}}`, apply.PartOfLabel)
	})
	namespace := inventory.ObjectRef{Version: "v1", Kind: "Namespace", Name: "shop"}
	all := append([]inventory.ObjectRef{namespace}, refs("ConfigMap", 3)...)
	result := server.applier(t).Prune(t.Context(), apply.PruneRequest{ID: "set", Refs: all, Owned: 4, Consent: true})
	if result.Count(apply.Deleted) != 4 {
		t.Errorf("outcomes %v, want all deleted", result.Outcomes)
	}
	if got, want := server.requests[len(server.requests)-1], "DELETE /api/v1/namespaces/shop"; got != want {
		t.Errorf("last request %q, want %q", got, want)
	}
	if got := len(result.With(apply.Deleted, apply.Gone)); got != 4 {
		t.Errorf("With(Deleted, Gone) = %d objects, want 4", got)
	}
}
