package testbed_test

import (
	"os/exec"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestTowlineIsBuiltOnce(t *testing.T) {
	path := testbed.Towline(t)
	again, err := testbed.BuildTowline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if again != path {
		t.Errorf("the second build gives %s, the first %s", again, path)
	}
	if out, err := exec.CommandContext(t.Context(), path, "--help").CombinedOutput(); err != nil {
		t.Errorf("running it: %v\n%s", err, out)
	}
}
