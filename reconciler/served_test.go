package reconciler

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// served answers for one version after the other, and goes on as it ended.
type served struct {
	discovery.DiscoveryInterface
	answers []any // an error, or the kind that is there
	asked   int
}

// ServerResourcesForGroupVersion implements discovery.DiscoveryInterface.
func (s *served) ServerResourcesForGroupVersion(string) (*metav1.APIResourceList, error) {
	answer := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	if err, ok := answer.(error); ok {
		return nil, err
	}
	kind, _ := answer.(string)
	return &metav1.APIResourceList{APIResources: []metav1.APIResource{{Name: "things", Kind: kind}}}, nil
}

func TestAwaitServed(t *testing.T) {
	missing := apierrors.NewNotFound(schema.GroupResource{}, "")
	for _, tt := range []struct {
		name    string
		answers []any
		asked   int
		within  time.Duration
		want    string // in the error
	}{
		{"at once", []any{v1.Kind}, 1, 0, ""},
		{"after the version and another kind", []any{missing, missing, "Other", v1.Kind}, 4, time.Second, ""},
		{"never", []any{missing}, 101, servedWithin, "kubectl apply -k deploy/crds"},
		{"no answer", []any{errors.New("connection refused")}, 1, 0, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := &served{answers: tt.answers}
				c := &controller{Config: Config{Log: slog.New(slog.DiscardHandler)}, discovery: answers}
				started := time.Now()
				served, err := c.awaitServed(t.Context())
				if served != (tt.want == "") || (err == nil) != served || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("served: %t, and the error is %v, want %q", served, err, tt.want)
				}
				if took := time.Since(started); took > tt.within { // the bubble's time
					t.Errorf("it took %s, want %s at most", took, tt.within)
				}
				if answers.asked > tt.asked {
					t.Errorf("it asked %d times, want %d at most", answers.asked, tt.asked)
				}
			})
		})
	}
}

func TestAwaitServedIsCalledOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // the bubble's time
		defer cancel()
		c := &controller{Config: Config{Log: slog.New(slog.DiscardHandler)}, discovery: &served{answers: []any{"Other"}}}
		if served, err := c.awaitServed(ctx); served || err != nil {
			t.Errorf("served: %t, and the error is %v", served, err)
		}
	})
}
