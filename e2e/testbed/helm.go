package testbed

import (
	"context"
	"io"
	"path/filepath"

	"github.com/towline-dev/towline/e2e/testbed/binary"
)

// Helm returns the path of helm, whose renders are what ours are held against.
func Helm(tb TB) string {
	tb.Helper()
	path, err := buildHelm(tb.Context(), nil)
	if err != nil {
		tb.Fatalf("building helm: %v", err)
	}
	return path
}

func buildHelm(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "helm", Module: filepath.Join(module, "helmcli"),
			Package: "helm.sh/helm/v4/cmd/helm", LDFlags: "-s -w",
			Env: []string{"CGO_ENABLED=0"},
		}
	})
}
