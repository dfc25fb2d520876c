package git_test

import (
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }
