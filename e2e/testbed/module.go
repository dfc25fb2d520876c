package testbed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/towline-dev/towline/e2e/testbed/binary"
)

// moduleLine is the first line of the go.mod that the testbed belongs to.
const moduleLine = "module github.com/towline-dev/towline/e2e"

// ModuleDir finds the folder of the e2e module, which holds the sources of the
// servers, from the working folder: a test runs inside it, the demo in it or
// in the folder above.
func ModuleDir() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the e2e module: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{dir, filepath.Join(dir, "e2e")} {
			if isModule(candidate) {
				return candidate, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("finding the e2e module: no folder above %s holds it (run this inside a checkout of Towline)", start)
		}
	}
}

// isModule tells whether the folder's go.mod is that of the e2e module.
func isModule(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewScanner(f)
	return lines.Scan() && lines.Text() == moduleLine
}

// build returns the path of a program, given how it is built from the e2e
// module. Builds are told of on progress, or on standard error where that is nil.
func build(ctx context.Context, progress io.Writer, source func(module string) binary.Source) (string, error) {
	module, err := ModuleDir()
	if err != nil {
		return "", err
	}
	programs, err := cache(progress)
	if err != nil {
		return "", err
	}
	return programs.Path(ctx, source(module))
}

// cache returns the cache of built programs.
func cache(progress io.Writer) (*binary.Cache, error) {
	if progress == nil {
		progress = os.Stderr
	}
	return binary.UserCache(progress)
}
