package testbed_test

import (
	"os/exec"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestTowlineIsBuiltOnce(t *testing.T) {
	path := testbed.Towline(t)
	if again := testbed.Towline(t); again != path {
		t.Errorf("the second call built %s, the first %s", again, path)
	}
	if out, err := exec.CommandContext(t.Context(), path, "--help").CombinedOutput(); err != nil {
		t.Errorf("running it: %v\n%s", err, out)
	}
}
