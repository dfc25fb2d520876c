package testbed

import (
	"context"
	"io"
	"path/filepath"

	"github.com/towline-dev/towline/e2e/testbed/binary"
)

// Cosign returns the path of cosign, which signs images.
func Cosign(tb TB) string {
	tb.Helper()
	path, err := buildCosign(tb.Context(), nil)
	if err != nil {
		tb.Fatalf("building cosign: %v", err)
	}
	return path
}

func buildCosign(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "cosign", Module: filepath.Join(module, "cosign"),
			Package: "github.com/sigstore/cosign/v3/cmd/cosign", LDFlags: "-s -w",
			Env: []string{"CGO_ENABLED=0"},
		}
	})
}
