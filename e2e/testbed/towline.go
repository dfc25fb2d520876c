package testbed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Towline returns the path of the towline program, built from the repository as
// it is when a test binary asks for the first time.
func Towline(tb TB) string {
	tb.Helper()
	path, err := shared.towline.get(func() (string, error) { return BuildTowline(tb.Context(), nil) })
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return path
}

// BuildTowline is Towline for whoever isn't a test. What the program is made of
// is known to go build alone, so that is always asked; it takes half a second
// when nothing has changed.
func BuildTowline(ctx context.Context, progress io.Writer) (string, error) {
	module, err := ModuleDir()
	if err != nil {
		return "", err
	}
	programs, err := cache(progress)
	if err != nil {
		return "", err
	}
	stop := programs.Report("compiling towline")
	id, err := buildID(ctx, filepath.Dir(module))
	stop()
	if err != nil {
		return "", fmt.Errorf("building towline: %w", err)
	}
	return programs.Get(ctx, "towline", id, func(ctx context.Context, path string) error {
		_, err := goCommand(ctx, filepath.Dir(module), "build", "-o", path, "./cmd/towline")
		return err
	})
}

// buildID names the content of the program: -export compiles all packages, and
// lists the build id of each, which go build goes by itself.
func buildID(ctx context.Context, root string) (string, error) {
	out, err := goCommand(ctx, root, "list", "-deps", "-export", "-f", "{{.ImportPath}} {{.BuildID}}", "./cmd/towline")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(out))
	return hex.EncodeToString(sum[:])[:16], nil
}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, os.Environ()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go %s in %s: %w\n%s", args[0], dir, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
