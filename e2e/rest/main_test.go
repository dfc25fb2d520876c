// Package rest holds what a reconciler of ten thousand objects costs: at rest, and when one of them drifts.
package rest_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) {
	if kubeconfig := os.Getenv(bareEnv); kubeconfig != "" {
		if err := bareMain(kubeconfig, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(testbed.Main(m))
}
