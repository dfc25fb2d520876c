package reconciler_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
)

// spoiling answers a request in place of the API server, or spoils its answer.
type spoiling func(request *http.Request, next http.RoundTripper) (*http.Response, error)

// faults spoils the first request of each kind to each object.
type faults struct {
	mu    sync.Mutex
	seen  map[string]bool
	spoil spoiling
	count int
}

func (f *faults) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		key := fmt.Sprint(request.Method, request.URL.Path, request.Header["Content-Type"], request.URL.Query()["watch"])
		f.mu.Lock()
		spoil := !f.seen[key] && strings.Contains(request.URL.Path, "/namespaces/") && request.URL.Query().Get("watch") == ""
		f.seen[key] = true
		if spoil {
			f.count++
		}
		f.mu.Unlock()
		if spoil {
			return f.spoil(request, next)
		}
		return next.RoundTrip(request)
	})
}

func answerWith(code int, body string) spoiling {
	return func(request *http.Request, _ http.RoundTripper) (*http.Response, error) {
		return &http.Response{
			StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
			Header: http.Header{"Content-Type": []string{"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

func refusal(code int, reason string) spoiling {
	return answerWith(code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"made up","code":%d}`, reason, code))
}

// spoilings are the ways in which a request goes wrong for the moment.
func spoilings() map[string]spoiling {
	return map[string]spoiling{
		"429": refusal(429, "TooManyRequests"), "500": refusal(500, "InternalError"), "503": refusal(503, "ServiceUnavailable"),
		"504": refusal(504, "Timeout"), "502 of a gateway": answerWith(502, "<html>bad gateway</html>"),
		"cut": func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"lost answer": func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err != nil {
				return nil, err
			}
			return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
		},
	}
}

// Whatever goes wrong once at every verb and every object, a set is applied, taken over, made anew and pruned as if
// nothing had.
func TestApplyGetsOverFaultsAtEachVerb(t *testing.T) {
	for name, spoil := range spoilings() {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			spoiler := &faults{seen: map[string]bool{}, spoil: spoil}
			config := rest.CopyConfig(h.cluster.Config)
			config.Wrap(spoiler.wrap)
			applier, err := apply.New(apply.Config{REST: config, Mapper: h.mapper, Retries: &wait.Backoff{Duration: 5 * time.Millisecond, Steps: 3}})
			if err != nil {
				t.Fatal(err)
			}
			bring := func(objects ...*unstructured.Unstructured) map[string]apply.Action {
				t.Helper()
				return actions(h.applySteps(applier, objects...))
			}
			frozen := func(key string) *unstructured.Unstructured {
				return object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: frozen}, immutable: true, data: {key: "+key+"}}")
			}
			job := hookJob(t, "migrate", "")
			h.kubectl(data(t, "kept", "dropped"), "apply", "-f", "-")
			bring(data(t, "kept"), frozen("a"), job)
			if diff := cmp.Diff([]string{"kept"}, keys(h.get(data(t)))); diff != "" {
				t.Errorf("keys after the take-over (-want +got):\n%s", diff)
			}
			if got := bring(data(t, "kept"), frozen("b"), job)["ConfigMap/frozen"]; got != apply.Recreated {
				t.Errorf("frozen is %s, want recreated", got)
			}
			refs := h.plan(data(t, "kept"), frozen("b")).Refs()
			if err := applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: len(refs)}).Err(); err != nil {
				t.Error(err)
			}
			if h.exists(data(t)) || h.exists(frozen("b")) || !h.exists(job) {
				t.Error("the prune left the wrong objects")
			}
			if spoiler.count < 10 {
				t.Errorf("%d requests were spoiled, want more", spoiler.count)
			}
		})
	}
}

// applySteps applies all steps of a set that allows to make objects anew, and of which nothing may fail.
func (h *harness) applySteps(applier *apply.Applier, objects ...*unstructured.Unstructured) apply.Result {
	h.Helper()
	set := h.set(objects...)
	set.Force = true
	plan, err := applier.Plan(h.ctx(), set)
	if err != nil {
		h.Fatal(err)
	}
	var result apply.Result
	for _, step := range plan.Steps() {
		did := applier.ApplyStep(h.ctx(), plan, step)
		result.Outcomes = append(result.Outcomes, did.Outcomes...)
	}
	if err := result.Err(); err != nil {
		h.Fatal(err)
	}
	return result
}

func TestApplyRefusesFieldsThatNoSchemaKnows(t *testing.T) {
	h := newHarness(t)
	crd, apiVersion := gadgets(t)
	h.apply(crd)
	h.deleteAfter(crd)
	gadget := object(t, "{apiVersion: "+apiVersion+", kind: Gadget, metadata: {name: one}, spec: {sise: 3}}")
	var failure *apply.Error
	err := h.applier.Apply(h.ctx(), h.plan(crd, gadget)).Err()
	if !errors.As(err, &failure) || failure.Reason != apply.ReasonInvalid || !strings.Contains(failure.Error(), "sise") {
		t.Errorf("error = %v, want one that names the field", err)
	}
}
