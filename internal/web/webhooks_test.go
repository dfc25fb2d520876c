package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/towline-dev/towline/internal/web"
)

// TestWebhooksHaveTheirPath holds that a webhook is found at its path as it stands, and
// that nothing about another path is said in its place, such as a redirect, which would
// repeat the address with the token in it.
func TestWebhooksHaveTheirPath(t *testing.T) {
	h := web.Handler(web.Config{
		Metrics: prometheus.NewRegistry(), Ready: func() error { return nil },
		Webhooks: map[string]http.Handler{"/webhooks/quay": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
		})},
	})
	for _, tt := range []struct {
		target string
		want   int
	}{
		{"/webhooks/quay?token=x", http.StatusAccepted},
		{"/webhooks/quay", http.StatusAccepted},
		{"/webhooks/quay/", http.StatusNotFound},
		{"/webhooks/", http.StatusNotFound},
		{"/webhooks/harbor", http.StatusNotFound},
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, tt.target, nil))
		if answer.Code != tt.want {
			t.Errorf("POST %s gives %d, want %d", tt.target, answer.Code, tt.want)
		}
	}
}
