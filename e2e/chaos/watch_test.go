package chaos_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// goneInside answers a watch as the API server does when it no longer knows what came
// after the version that is asked for.
func goneInside(answer http.ResponseWriter, _ *http.Request, _ http.Handler) {
	answer.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(answer, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",`+
		`"message":"too old resource version: 1 (2)","reason":"Expired","code":410}}`+"\n")
}

// ends answers a watch, and ends it at once.
func ends(answer http.ResponseWriter, _ *http.Request, _ http.Handler) {
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusOK)
}

// watchFault is a way in which watches go wrong.
type watchFault struct {
	name  string
	spoil spoiling
}

func watchFaults() []watchFault {
	return []watchFault{
		{"cut", cutBefore},
		{"410", refusal(410, "Expired")},
		{"410 in the stream", goneInside},
		{"ended", ends},
		{"403", refusal(403, "Forbidden")},
		{"429", refusal(429, "TooManyRequests", "Retry-After", "1")},
		{"500", refusal(500, "InternalError")},
		{"503", refusal(503, "ServiceUnavailable")},
		{"a page", page},
		{"time-out", hang},
	}
}

// which gives the watches that can go wrong so: no version is too old for one that asks
// for none.
func (f watchFault) which() func(*http.Request) bool {
	if !strings.HasPrefix(f.name, "410") {
		return of("watch")
	}
	return func(r *http.Request) bool {
		version := r.URL.Query().Get("resourceVersion")
		return verb(r) == "watch" && version != "" && version != "0" && !r.URL.Query().Has("sendInitialEvents")
	}
}

// TestWatchesThatBreak cuts all watches, and spoils those that come after. What drifts
// meanwhile is healed afterwards, a commit is applied, and nothing else is written.
func TestWatchesThatBreak(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	files, _ := set(0)
	first := s.commit(files)
	s.newSync("app")
	s.awaitReady("app", first)
	for i, tt := range watchFaults() {
		n := i + 1
		victim := fmt.Sprintf("still-%d", i) // another each time, or it would be a fight
		before := s.owned()
		applies := s.proxy.count("apply", "/configmaps/still-")
		s.proxy.harm(tt.which(), tt.spoil)
		began := time.Now()
		s.proxy.drop()
		s.eventually("watches are spoiled", func() bool { return s.proxy.spoiled() > 0 })
		s.must(s.client.Delete(s.ctx(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: victim}}))
		changed, deletes := set(n)
		revision := s.commit(changed, deletes...)
		<-time.After(lasting)
		spent := time.Since(began)
		hits := s.proxy.heal()
		healed := time.Now()
		if perSecond := float64(hits) / spent.Seconds(); perSecond > 100 {
			t.Errorf("%s: %.0f watches a second, want pauses between them", tt.name, perSecond)
		}
		s.awaitReady("app", revision)
		ready := time.Since(healed)
		s.eventually(tt.name+": what was deleted is back", func() bool {
			c, there := s.owned()[victim]
			return there && c.UID != before[victim].UID
		})
		t.Logf("%s: %d watches spoiled, ready after %s, drift healed after %s", tt.name, hits, ready.Round(time.Millisecond), time.Since(healed).Round(time.Millisecond))
		s.wantState(tt.name, wanted(n))
		s.wantVisitor(tt.name, n)
		s.wantSame(tt.name, before, "changed", fmt.Sprintf("still-%d", (i+1)%still), "late")
		if again := s.proxy.count("apply", "/configmaps/still-") - applies; again != 1 {
			t.Errorf("%s: %d applies of what hadn't changed, want the one that was deleted", tt.name, again)
		}
	}
}

// TestConnectionsThatAreCut cuts all connections again and again while a set changes.
func TestConnectionsThatAreCut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	files, _ := set(0)
	first := s.commit(files)
	s.newSync("app")
	s.awaitReady("app", first)
	before, applies := s.owned(), s.proxy.count("apply", "/configmaps/still-")
	for n := 1; n <= 3; n++ {
		changed, deletes := set(n)
		revision := s.commit(changed, deletes...)
		for range 10 {
			s.proxy.drop()
			<-time.After(50 * time.Millisecond)
		}
		s.awaitReady("app", revision)
		s.wantState("cut", wanted(n))
		s.wantVisitor("cut", n)
	}
	s.wantSame("cut", before, "changed", "still-0", "late")
	if again := s.proxy.count("apply", "/configmaps/still-") - applies; again > 0 {
		t.Errorf("%d applies of what hadn't changed", again)
	}
}

// TestASyncEditedAfterAnOutage holds that an edited Sync is looked at soon after the API
// server is back, however long it was away.
func TestASyncEditedAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "other/b.yaml": manifest("b", "1")})
	s.newSync("app")
	s.awaitReady("app", first)
	s.proxy.harm(func(*http.Request) bool { return true }, cutBefore)
	s.proxy.drop()
	began := time.Now()
	<-time.After(16 * time.Second) // long enough for pauses that double to have grown long
	s.proxy.heal()
	healed := time.Now()
	outage := healed.Sub(began)
	sync := s.edit("app", func(y *v1.Sync) { y.Spec.Source.Path = "other" })
	s.awaitObserved(sync)
	seen := time.Since(healed)
	t.Logf("seen after %s", seen.Round(time.Millisecond))
	if seen > outage { // pauses that double would have become longer than what they waited for
		t.Errorf("the edit was seen only %s after an outage of %s", seen, outage)
	}
	s.awaitReady("app", first)
	s.wantState("edited", map[string]string{"b": "1"})
}
