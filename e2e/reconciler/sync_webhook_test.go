package reconciler_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSyncIsUpdatedByWebhook has an interval that polling would never meet.
func TestSyncIsUpdatedByWebhook(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Interval = metav1.Duration{Duration: time.Hour} })
	s.awaitReady("app", first)
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	start := time.Now()
	if code := s.push("wrong key", "1"); code != http.StatusUnauthorized {
		t.Errorf("a wrong signature is answered with %d", code)
	}
	if code := s.push(webhookKey, "2"); code != http.StatusAccepted {
		t.Errorf("the push is answered with %d", code)
	}
	s.awaitConfigMap("a", "2")
	t.Logf("applied %s after the webhook", time.Since(start))
	s.awaitReady("app", second)
	s.awaitMetric(`towline_webhook_requests_total{code="202"}`)
	s.awaitMetric(`towline_webhook_requests_total{code="401"}`)
}

// TestSyncIsUpdatedByAnnotation is the same by `towline sync`'s way.
func TestSyncIsUpdatedByAnnotation(t *testing.T) {
	s := newSyncs(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1")})
	s.newSync("app", func(y *v1.Sync) { y.Spec.Interval = metav1.Duration{Duration: time.Hour} })
	s.awaitReady("app", first)
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	s.annotate(v1.AnnotationRequestedAt, "2026-01-01T00:00:00Z")
	got := s.awaitReady("app", second)
	if got.Status.LastHandledReconcileAt != "2026-01-01T00:00:00Z" {
		t.Errorf("lastHandledReconcileAt is %q", got.Status.LastHandledReconcileAt)
	}
}

// push sends the webhook of a push to main, under the name that a forge
// outside the cluster would give it.
func (s *syncs) push(key, delivery string) int {
	s.Helper()
	body, err := json.Marshal(map[string]any{
		"ref": "refs/heads/main", "repository": map[string]string{"clone_url": s.url},
	})
	s.must(err)
	request, err := http.NewRequestWithContext(s.ctx(), http.MethodPost, s.webhook, bytes.NewReader(body))
	s.must(err)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	request.Header.Set("X-GitHub-Event", "push")
	request.Header.Set("X-GitHub-Delivery", delivery)
	response, err := (&http.Client{}).Do(request)
	s.must(err)
	s.must(response.Body.Close())
	return response.StatusCode
}
