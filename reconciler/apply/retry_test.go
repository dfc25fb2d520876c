package apply_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/apply"
)

const written = `{"metadata":{"uid":"1","resourceVersion":"1"}}`

func applyOne(t *testing.T, ctx context.Context, applier *apply.Applier, object *unstructured.Unstructured) apply.Outcome { //nolint:revive // t comes first in helpers
	t.Helper()
	plan, err := applier.Plan(t.Context(), apply.Set{ID: "set", Namespace: "shop", Objects: []*unstructured.Unstructured{object}})
	if err != nil {
		t.Fatal(err)
	}
	return applier.Apply(ctx, plan).Outcomes[0]
}

func TestTemporaryFailuresAreTriedAgain(t *testing.T) {
	tests := []struct {
		name   string
		status metav1.Status
		tries  int // of which the last succeeds, where it is more than one
	}{
		{"429", metav1.Status{Code: 429, Reason: metav1.StatusReasonTooManyRequests}, 2},
		{"500", metav1.Status{Code: 500, Reason: metav1.StatusReasonInternalError}, 2},
		{"503", metav1.Status{Code: 503, Reason: metav1.StatusReasonServiceUnavailable}, 2},
		{"504", metav1.Status{Code: 504, Reason: metav1.StatusReasonTimeout}, 2},
		{"403", metav1.Status{Code: 403, Reason: metav1.StatusReasonForbidden}, 1},
		{"422", metav1.Status{Code: 422, Reason: metav1.StatusReasonInvalid}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tries := 0
			server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if tries++; tries == 1 {
					refuse(w, test.status)
					return
				}
				_, _ = w.Write([]byte(written))
			})
			outcome := applyOne(t, t.Context(), server.applier(t), configMap("web"))
			if tries != test.tries || (outcome.Err == nil) != (test.tries > 1) {
				t.Errorf("%d tries, error %v; want %d", tries, outcome.Err, test.tries)
			}
		})
	}
}

func TestTriesEnd(t *testing.T) {
	tries := 0
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		tries++
		refuse(w, metav1.Status{Code: 503, Reason: metav1.StatusReasonServiceUnavailable})
	})
	if outcome := applyOne(t, t.Context(), server.applier(t), configMap("web")); outcome.Err == nil || tries != 4 {
		t.Errorf("%d tries, error %v; want 4 and one", tries, outcome.Err)
	}
}

func TestCutConnectionsAreTriedAgain(t *testing.T) {
	tries := 0
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = connection.Close() // that is the fault
			return
		}
		_, _ = w.Write([]byte(written))
	})
	if outcome := applyOne(t, t.Context(), server.applier(t), configMap("web")); outcome.Err != nil {
		t.Errorf("error %v", outcome.Err)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	// The API server says it in the body, or, where it answers before it looks at the request, in the header.
	inBody := func(w http.ResponseWriter, seconds int32) {
		refuse(w, metav1.Status{Code: 503, Reason: metav1.StatusReasonServerTimeout, Details: &metav1.StatusDetails{RetryAfterSeconds: seconds}})
	}
	inHeader := func(w http.ResponseWriter, seconds int32) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Retry-After", fmt.Sprint(seconds))
		http.Error(w, "Too many requests, please try again later.", http.StatusTooManyRequests)
	}
	tests := []struct {
		name    string
		refuse  func(http.ResponseWriter, int32)
		seconds int32
		tries   int
	}{
		{"in the body", inBody, 1, 2}, {"in the header", inHeader, 1, 2},
		{"too long in the body", inBody, 3600, 1}, {"too long in the header", inHeader, 3600, 1}, // nobody is kept waiting for an hour
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var asked []time.Time
			server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked = append(asked, time.Now()); len(asked) == 1 {
					test.refuse(w, test.seconds)
					return
				}
				_, _ = w.Write([]byte(written))
			})
			applyOne(t, t.Context(), server.applier(t), configMap("web"))
			if len(asked) != test.tries {
				t.Fatalf("%d tries, want %d", len(asked), test.tries)
			}
			if test.tries > 1 && asked[1].Sub(asked[0]) < time.Second {
				t.Errorf("tried again after %s, want a second", asked[1].Sub(asked[0]))
			}
		})
	}
}

func TestNoPauseOutlivesTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, metav1.Status{Code: 503, Reason: metav1.StatusReasonServerTimeout, Details: &metav1.StatusDetails{RetryAfterSeconds: 10}})
		time.AfterFunc(10*time.Millisecond, cancel)
	})
	start := time.Now()
	outcome := applyOne(t, ctx, server.applier(t), configMap("web"))
	if took := time.Since(start); took > 5*time.Second || !errors.Is(outcome.Err, context.Canceled) {
		t.Errorf("after %s: %v", took, outcome.Err)
	}
}

// A controller at work writes an object several times in a moment: each time between our look and our write.
func TestAnObjectThatKeepsChangingIsCaught(t *testing.T) {
	const theirs = `{"metadata":{"uid":"1","resourceVersion":"1","managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:old":{}}}}]}}`
	for changes, caught := range map[int]bool{6: true, 1000: false} {
		t.Run(fmt.Sprint(changes), func(t *testing.T) {
			left := changes
			server := newAPIServer(t, func(w http.ResponseWriter, request *http.Request) {
				if request.Header.Get("Content-Type") == "application/json-patch+json" {
					if left--; left >= 0 {
						refuse(w, metav1.Status{Code: 409, Reason: metav1.StatusReasonConflict})
						return
					}
					_, _ = w.Write([]byte(written))
					return
				}
				_, _ = w.Write([]byte(theirs))
			})
			if outcome := applyOne(t, t.Context(), server.applier(t), configMap("web")); (outcome.Err == nil) != caught {
				t.Errorf("error %v, want one: %t", outcome.Err, !caught)
			}
		})
	}
}

// What the API server or a webhook says of a Secret may quote it.
func TestValuesOfSecretsStayOutOfErrors(t *testing.T) {
	secret := configMap("web")
	secret.SetKind("Secret")
	words := "Secret is invalid: data.password: Invalid value: \"hunter2\""
	causes := &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldValueInvalid, Field: "data.password", Message: words}}}
	for _, status := range []metav1.Status{
		{Code: 422, Reason: metav1.StatusReasonInvalid, Message: words, Details: causes},
		{Code: 403, Reason: metav1.StatusReasonForbidden, Message: words},
		{Code: 400, Reason: metav1.StatusReasonBadRequest, Message: words},
		{Code: 500, Message: words},
		{Code: 418, Message: words},
	} {
		t.Run(fmt.Sprint(status.Code), func(t *testing.T) {
			server := newAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, status) })
			err := applyOne(t, t.Context(), server.applier(t), secret).Err
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("error %v, want one without the value", err)
			}
			if status.Details != nil && !strings.Contains(err.Error(), "data.password FieldValueInvalid") {
				t.Errorf("error %q doesn't name the field", err)
			}
		})
	}
}
