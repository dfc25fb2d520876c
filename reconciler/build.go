package reconciler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
)

// built is what a build gave.
type built struct {
	rendered *build.Rendered
	sum      string // of all of it
	public   string // of all but the values of Secrets: it stands in the status
}

func (w *work) build(ctx context.Context, c *course) (built, *failure) {
	if f := w.verify(ctx, c.source); f != nil {
		return built{}, f
	}
	files, err := c.source.files()
	if err != nil {
		w.sources.lost(w.st.key)
		return built{}, fail(v1.ReasonGitFailed, err)
	}
	options, err := w.options(ctx, c.inputs)
	if err != nil {
		return built{}, fail(v1.ReasonFailed, err)
	}
	rendered, err := w.Builder.Render(ctx, build.Request{Files: files, Dir: w.sync.Spec.Source.Path, Options: options})
	switch {
	case errors.Is(err, build.ErrEmpty):
		return built{}, fail(v1.ReasonEmptyRender, fmt.Errorf("path %q gives no objects at all; nothing is pruned (hint: delete the Sync to remove everything)",
			w.sync.Spec.Source.Path)).forGood()
	case build.IsPermanent(err):
		return built{}, fail(v1.ReasonBuildFailed, err).forGood()
	case err != nil:
		return built{}, fail(v1.ReasonBuildFailed, err)
	}
	return built{rendered: rendered, sum: rendered.Sum()}, nil
}

// unpack gives the objects, and fills what is known of them only then.
func (b *built) unpack() ([]*unstructured.Unstructured, *failure) {
	objects, err := b.rendered.Objects()
	if err != nil {
		return nil, fail(v1.ReasonBuildFailed, err)
	}
	if b.public, err = publicSum(objects); err != nil {
		return nil, fail(v1.ReasonBuildFailed, err).forGood()
	}
	return objects, nil
}

// publicSum gives a sum of objects that tells nothing of what stands in Secrets: a sum
// of a short password gives it away.
func publicSum(objects []*unstructured.Unstructured) (string, error) {
	sum := sha256.New()
	for _, object := range objects {
		if err := json.NewEncoder(sum).Encode(withoutValues(object)); err != nil {
			return "", fmt.Errorf("encoding %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// withoutValues gives a Secret with the names of its values alone, and any other
// object as it is.
func withoutValues(object *unstructured.Unstructured) map[string]any {
	if object.GetKind() != "Secret" || object.GetAPIVersion() != "v1" {
		return object.Object
	}
	bare := maps.Clone(object.Object)
	for _, field := range []string{"data", "stringData"} {
		if values, ok := bare[field].(map[string]any); ok {
			bare[field] = slices.Sorted(maps.Keys(values))
		}
	}
	// kubectl's copy of the manifest may stand among the annotations.
	delete(bare, "metadata")
	bare["metadata"] = map[string]any{"name": object.GetName(), "namespace": object.GetNamespace()}
	return bare
}

// stands tells whether a revision renders to what is applied and ready already:
// a commit elsewhere in the repository.
func (w *work) stands(c *course) bool {
	done := w.st.done
	done.revision, done.inputs = c.of.revision, c.of.inputs
	return w.st.sum != "" && !w.st.lent && w.st.sum == c.built.sum && done == c.of && isTrue(&w.st.status, v1.ConditionReady)
}

// changed tells whether the set differs from the one that was applied last, so that
// its hooks run. A start knows of the last one what stands in the status.
func (w *work) changed(c *course) bool {
	if w.st.sum != "" {
		return w.st.sum != c.built.sum
	}
	return w.st.status.LastAppliedDigest != c.built.public
}
