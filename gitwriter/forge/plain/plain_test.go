package plain_test

import (
	"errors"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
)

func TestNothingIsSupportedAndNothingIsThere(t *testing.T) {
	var f forge.Forge = plain.Forge{}
	ctx := t.Context()
	_, listed := f.List(ctx, forge.Filter{})
	_, created := f.Create(ctx, forge.NewPullRequest{Head: "a", Base: "b", Title: "c"})
	_, updated := f.Update(ctx, 1, forge.Change{})
	for what, err := range map[string]error{
		"List": listed, "Create": created, "Update": updated,
		"Comment": f.Comment(ctx, 1, "x"), "SetStatus": f.SetStatus(ctx, "x", forge.Status{}),
	} {
		if !errors.Is(err, forge.ErrUnsupported) {
			t.Errorf("%s gives %v, want ErrUnsupported", what, err)
		}
	}
}
