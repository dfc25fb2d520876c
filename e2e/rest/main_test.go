// Package rest holds what a reconciler of ten thousand objects costs: at rest, and when one of them drifts.
package rest_test

import (
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }
