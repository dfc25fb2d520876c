package source_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestRewrittenHistory has the branch come to be something that doesn't go on from what
// was applied, and that lacks an object: it is applied, and the object stays until a person
// has said that it may go.
func TestRewrittenHistory(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rewrite func(r repository, first string) string
	}{
		{"pushed over", func(r repository, first string) string {
			return r.Commit("deploy", gitrepotest.Commit{From: first, Files: one("2")})
		}},
		{"begun anew", func(r repository, _ string) string {
			return r.Commit("deploy", gitrepotest.Commit{Root: true, Files: one("2")})
		}},
		{"replaced by another repository", func(r repository, _ string) string {
			r.Remove("deploy")
			r.Create("deploy")
			r.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"README": "another"}, When: 1600000000})
			return r.Commit("deploy", gitrepotest.Commit{Files: one("2")})
		}},
		{"turned back", func(r repository, first string) string {
			r.Git("deploy", "update-ref", "refs/heads/main", first)
			return first
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, r := newScene(t), newRepository(t)
			first := r.Commit("deploy", gitrepotest.Commit{Files: one("2")})
			second := r.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a.yaml": manifest("a", "1"), "b.yaml": manifest("b", "1")}})
			s.sync("app", v1.Source{URL: r.url}, folder)
			s.ready("app", "main@sha1:"+second)
			head := tt.rewrite(r, first)
			message := s.fails("app", v1.ReasonHistoryRewritten, "doesn't hold "+second, "/b", v1.AnnotationConsent+"=")
			s.holds("2")
			if !s.there("b") {
				t.Error("the object was pruned")
			}
			_, consent, _ := strings.Cut(message, v1.AnnotationConsent+"=")
			s.edit("app", func(y *v1.Sync) { y.Annotations = map[string]string{v1.AnnotationConsent: strings.Fields(consent)[0]} })
			s.ready("app", "main@sha1:"+head)
			if s.there("b") {
				t.Error("the object is there although a person let it go")
			}
			// From here on all is as ever: what leaves the repository leaves the cluster.
			next := r.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"c.yaml": manifest("c", "1")}, Deletes: []string{"a.yaml"}})
			s.ready("app", "main@sha1:"+next)
			if s.there("a") {
				t.Error("an object that left the branch in good order is still there")
			}
		})
	}
}

// TestAnotherTagPrunes holds that a person who names another tag needs to give no consent.
func TestAnotherTagPrunes(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	first := r.Commit("deploy", gitrepotest.Commit{Files: one("1")})
	r.Git("deploy", "tag", "v1.0.0", "main")
	second := r.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"b.yaml": manifest("b", "1")}})
	r.Git("deploy", "tag", "v1.1.0", "main")
	s.sync("app", v1.Source{URL: r.url, Tag: "v1.1.0"}, folder)
	s.ready("app", "v1.1.0@sha1:"+second)
	s.edit("app", func(y *v1.Sync) { y.Spec.Source.Tag = "v1.0.0" })
	s.ready("app", "v1.0.0@sha1:"+first)
	if s.there("b") {
		t.Error("the object of the newer tag is still there")
	}
}

func (s *scene) there(name string) bool {
	s.Helper()
	var object corev1.ConfigMap
	err := s.client.Get(s.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &object)
	if err != nil && !apierrors.IsNotFound(err) {
		s.Fatal(err)
	}
	return err == nil && object.DeletionTimestamp.IsZero()
}
