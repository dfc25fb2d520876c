package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Prepare builds and installs all that the testbed starts, so that no test
// waits for it. What this machine lacks is told of on progress, and isn't an
// error: the tests that need it are skipped.
func Prepare(ctx context.Context, progress io.Writer) error {
	steps := []struct {
		needs []string
		make  func(context.Context, io.Writer) (string, error)
	}{
		{make: buildKube},
		{make: buildKubectl},
		{make: buildDistribution},
		{make: fetchDockerRegistry, needs: debianTools()},
		{make: buildCosign},
		{make: buildHelm},
		{make: buildGitea, needs: []string{"gcc"}},
		{make: installEmulator, needs: []string{"node", "npm"}},
		{make: BuildTowline},
	}
	var errs []error
	for _, step := range steps {
		if lacks := missing(step.needs); lacks != "" {
			_, _ = fmt.Fprintf(progress, "testbed: this machine has no %s: what needs it is skipped\n", lacks)
			continue
		}
		path, err := step.make(ctx, progress)
		if errors.Is(err, errNoPackage) {
			_, _ = fmt.Fprintf(progress, "testbed: %v: what needs it is skipped\n", err)
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		_, _ = fmt.Fprintf(progress, "testbed: %s\n", path)
	}
	return errors.Join(errs...)
}

// missing returns the first of the programs that isn't installed.
func missing(programs []string) string {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	return ""
}
