// Command kubectl is kubectl itself, pinned, for the tests that install what deploy/
// holds just as a person does.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() { os.Exit(cli.Run(cmd.NewDefaultKubectlCommand())) }
