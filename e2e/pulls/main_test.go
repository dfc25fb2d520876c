package pulls_test

import (
	"flag"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// update rewrites what the stories print.
//
//nolint:gochecknoglobals // flags of a test are the test program's
var update = flag.Bool("update", false, "rewrite what is printed in testdata")

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }
