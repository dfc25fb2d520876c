// Package notes_test holds how texts from outside are shown, and how release notes are
// found, against a real Gitea.
package notes_test

import (
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }
