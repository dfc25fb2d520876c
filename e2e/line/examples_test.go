package line_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// variant is one of the ways in which examples/ keeps an image up to date: a path with
// the objects that it renders, and with the Deployment among them.
type variant struct {
	name, path, deployment string
	objects                []string
}

func variants() []variant {
	return []variant{
		{"plain", "plain", "hello", []string{"Deployment/hello", "Service/hello"}},
		{"staging", "kustomize/overlays/staging", "staging-hello", []string{"Deployment/staging-hello"}},
		{"production", "kustomize/overlays/production", "production-hello", []string{"Deployment/production-hello"}},
		{"flux", "flux", "hello-flux", []string{"Deployment/hello-flux"}},
	}
}

// TestExamples holds examples/ to what its README says, with the committed files as
// they are.
func TestExamples(t *testing.T) {
	t.Parallel()
	program := testbed.Towline(t)
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		l := &line{T: t, program: program}
		if out := l.towline("check", examplesDir(t)); out != "" {
			t.Errorf("check finds problems:\n%s", out)
		}
	})
	for _, v := range variants() {
		t.Run("build "+v.name, func(t *testing.T) {
			t.Parallel()
			l := &line{T: t, program: program}
			got := objects(t, l.towline("build", filepath.Join(examplesDir(t), filepath.FromSlash(v.path))))
			if diff := cmp.Diff(v.objects, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("update", func(t *testing.T) {
		t.Parallel()
		newWhole(newLine(t, program), testbed.Kube(t)).updateExamples()
	})
}

// unlinked takes the addresses of files away: the branch's commit isn't known before it is
// made.
func unlinked(text string) string {
	return regexp.MustCompile(`<a href="[^"]*">`).ReplaceAllString(text, "<a>")
}

// objects tells the kinds and names of rendered manifests, sorted.
func objects(t *testing.T, text string) []string {
	t.Helper()
	var found []string
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		var object metav1.PartialObjectMetadata
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			slices.Sort(found)
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if object.Kind != "" {
			found = append(found, object.Kind+"/"+object.Name)
		}
	}
}

// updateExamples brings every variant into the cluster, and then, by one pull request
// of one round, to a new version.
func (w *whole) updateExamples() {
	w.Helper()
	for _, v := range variants() {
		w.follow(v.name, v.path)
	}
	w.wantEverywhere("1.0.0")

	w.botOnce("bot")
	if pulls := w.repo.PullRequests(); len(pulls) != 0 {
		w.Errorf("with nothing to update there are pull requests: %+v", pulls)
	}
	for _, version := range []string{"1.1.0-rc.1", "1.1.0", "2.0.0"} { // no policy wants the first and the last
		w.publish(version)
	}
	dry := unlinked(w.towline("bot", "--config", w.botConfig("dry", ""), "--dry-run"))
	w.botOnce("bot")
	w.wantUpdate("1.1.0", "dependencies")
	w.wantSettled("bot")
	pull := w.onlyPullRequest()
	for _, want := range []string{pull.Title, strings.TrimSpace(unlinked(pull.Body)), "+          image: " + w.registry.Host() + "/hello:1.1.0"} {
		if !strings.Contains(dry, want) {
			w.Errorf("the dry run doesn't tell of %q:\n%s", want, dry)
		}
	}
	if _, err := w.repo.Merge(pull.Number, forgetest.MergeSquash); err != nil {
		w.Fatal(err)
	}
	w.wantEverywhere("1.1.0")
	w.botOnce("bot")
	w.onlyPullRequest()
}

// wantEverywhere waits until every variant is healthy, and checks its image.
func (w *whole) wantEverywhere(version string) {
	w.Helper()
	image := fmt.Sprintf("%s/hello:%s", w.registry.Host(), version)
	for _, v := range variants() {
		w.awaitHealthy(v.name)
		if got := get(w, v.deployment, &appsv1.Deployment{}).Spec.Template.Spec.Containers[0].Image; got != image {
			w.Errorf("%s runs %s, want %s", v.name, got, image)
		}
	}
}
