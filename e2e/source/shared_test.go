package source_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// hook sends a push's webhook, and gives the answer's text.
func (s *scene) hook(event, body string) {
	s.Helper()
	mac := hmac.New(sha256.New, []byte(webhookKey))
	mac.Write([]byte(body))
	request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.webhook, bytes.NewReader([]byte(body)))
	s.must(err)
	request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	request.Header.Set("X-GitHub-Event", event)
	answer, err := new(http.Client).Do(request)
	s.must(err)
	s.must(answer.Body.Close())
	if answer.StatusCode != http.StatusAccepted {
		s.Fatalf("the webhook is answered with %s", answer.Status)
	}
}

// listings counts how often a repository was asked for its references.
func listings(asked []gitrepotest.Request) (n int) {
	for _, r := range asked {
		if strings.HasSuffix(r.Path, "/info/refs") {
			n++
		}
	}
	return n
}

// TestOneMirrorForAll has many Syncs of one repository, of which some follow a branch and
// some a tag. A push costs a listing and a fetch, whatever their number; those that follow
// something else hear nothing of it.
func TestOneMirrorForAll(t *testing.T) {
	t.Parallel()
	const many = 40
	s, r := newScene(t), newRepository(t)
	files := map[string]string{}
	for i := range many {
		files[fmt.Sprintf("app-%d/a.yaml", i)] = manifest(fmt.Sprintf("a-%d", i), "1")
	}
	head := r.Commit("deploy", gitrepotest.Commit{Files: files})
	r.Git("deploy", "tag", "v1.0.0", "main")
	named := func(i int) (name, revision string) {
		if i%2 == 0 {
			return fmt.Sprint("branch-", i), "main@sha1:"
		}
		return fmt.Sprint("tag-", i), "v1.0.0@sha1:"
	}
	for i := range many {
		name, revision := named(i)
		source := v1.Source{URL: r.url, Path: fmt.Sprintf("app-%d", i)}
		if strings.HasPrefix(revision, "v") {
			source.Tag = "v1.0.0"
		}
		s.sync(name, source, hourly)
	}
	for i := range many {
		name, revision := named(i)
		s.ready(name, revision+head)
	}
	if n := listings(r.Requests()); n > 12 {
		t.Errorf("%d Syncs that came together had the repository listed %d times", many, n)
	}
	mirrors, err := os.ReadDir(s.cache + "/anonymous")
	s.must(err)
	if len(mirrors) != 1 {
		t.Errorf("there are %d mirrors, want one", len(mirrors))
	}

	s.polled("branch-0") // a poll for those who came last may still be due
	r.Requests()
	before := s.attempted("tag-1")
	next := r.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"app-0/a.yaml": manifest("a-0", "2")}})
	s.hook("push", `{"ref":"refs/heads/main","repository":{"clone_url":"`+r.url+`"}}`)
	for i := 0; i < many; i += 2 {
		name, revision := named(i)
		s.ready(name, revision+next)
	}
	if n := listings(r.Requests()); n != 2 { // one to ask, one with the fetch
		t.Errorf("a push had the repository listed %d times, want 2", n)
	}
	if after := s.attempted("tag-1"); after != before {
		t.Errorf("a Sync of the tag has tried %s, before it was %s", after, before)
	}
	r.Git("deploy", "tag", "-f", "v1.0.0", "main")
	s.hook("create", `{"ref":"v1.0.0","ref_type":"tag","repository":{"clone_url":"`+r.url+`"}}`)
	for i := 1; i < many; i += 2 {
		name, revision := named(i)
		s.ready(name, revision+next)
	}
}

// polled asks for a poll of a Sync's source, and waits until one is done that began after.
func (s *scene) polled(name string) {
	s.Helper()
	when := time.Now().Format(time.RFC3339Nano)
	s.edit(name, func(sync *v1.Sync) { metav1.SetMetaDataAnnotation(&sync.ObjectMeta, v1.AnnotationRequestedAt, when) })
	s.awaitSync(name, "the poll asked for at "+when, func(sync *v1.Sync) bool { return sync.Status.LastHandledReconcileAt == when })
}

func (s *scene) attempted(name string) string {
	s.Helper()
	var sync v1.Sync
	s.must(s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &sync))
	return sync.Status.LastAttemptedRevision + " " + sync.ResourceVersion
}

// TestShortestIntervalHolds has two Syncs of one repository, and removes the hasty one:
// the mirror stays for the other, and goes with it.
func TestShortestIntervalHolds(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	first := r.put("1")
	s.sync("slow", v1.Source{URL: r.url}, folder, hourly)
	s.ready("slow", "main@sha1:"+first)
	s.sync("hasty", v1.Source{URL: r.url, Path: "other"}, func(y *v1.Sync) { y.Spec.Interval = metav1.Duration{Duration: time.Second} })
	second := r.put("2")
	s.ready("slow", "main@sha1:"+second)
	for _, name := range []string{"hasty", "slow"} {
		s.must(s.client.Delete(s.Context(), &v1.Sync{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}))
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		left, err := os.ReadDir(s.cache + "/anonymous")
		s.must(err)
		if len(left) == 0 {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Error("the mirror of a repository that nobody uses is still there")
}

// TestAddressesOfOneMirror has two Syncs that write one repository's address in two ways:
// the mirror stays while one of them is left, and isn't fetched anew.
func TestAddressesOfOneMirror(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	first := r.put("1")
	s.sync("stays", v1.Source{URL: r.url}, folder, hourly)
	s.sync("goes", v1.Source{URL: r.url + "/", Path: "other"}, hourly)
	s.ready("stays", "main@sha1:"+first)
	s.awaitSync("goes", "its source read", func(y *v1.Sync) bool { return y.Status.LastAttemptedRevision != "" })
	mirrors, err := os.ReadDir(s.cache + "/anonymous")
	s.must(err)
	if len(mirrors) != 1 {
		t.Fatalf("there are %d mirrors, want one", len(mirrors))
	}
	mark := s.cache + "/anonymous/" + mirrors[0].Name() + "/mark"
	s.must(os.WriteFile(mark, nil, 0o600))
	s.must(s.client.Delete(s.Context(), &v1.Sync{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "goes"}}))
	s.sync("later", v1.Source{URL: r.url + "/", Path: "other"}, hourly) // once it is read, the other is long gone
	s.awaitSync("later", "its source read", func(y *v1.Sync) bool { return y.Status.LastAttemptedRevision != "" })
	second := r.put("2")
	s.hook("push", `{"ref":"refs/heads/main","repository":{"clone_url":"`+r.url+`"}}`)
	s.ready("stays", "main@sha1:"+second)
	if _, err := os.Stat(mark); err != nil {
		t.Errorf("the mirror was taken from under a Sync that uses it: %v", err)
	}
}
