package testbed

import (
	"context"
	"io"
	"path/filepath"

	"github.com/towline-dev/towline/e2e/testbed/binary"
)

// Kubectl returns the path of kubectl, built at the version of the cluster.
func Kubectl(tb TB) string {
	tb.Helper()
	path, err := buildKubectl(tb.Context(), nil)
	if err != nil {
		tb.Fatalf("building kubectl: %v", err)
	}
	return path
}

func buildKubectl(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "kubectl", Module: filepath.Join(module, "kubectl"), Package: ".",
			LDFlags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3",
			Env:     []string{"CGO_ENABLED=0"},
		}
	})
}
