package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// process is what the program has of the world: nothing below main reaches further.
type process struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// The exit codes are part of the contract with scripts.
const (
	exitFine    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitChanges = 3
)

// usageError says that the command line itself is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errChanges says that there are changes, to a caller who asked by --exit-code.
var errChanges = errors.New("there are changes")

// errTold ends a command whose output has said what is wrong.
var errTold = errors.New("")

// run executes one command line and gives the exit code.
func run(ctx context.Context, p process) int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, errTold):
		return exitFailed
	}
	_, _ = fmt.Fprintf(p.stderr, "towline: %s\n", printableLines(err.Error()))
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot(p process) *cobra.Command {
	root := &cobra.Command{
		Use:   "towline",
		Short: "Image updates as pull requests, and merged ones into the cluster",
		Long: `Towline keeps a GitOps repository's images up to date, and the cluster equal to it.

The bot scans registries by the policies committed beside your manifests, rewrites
exactly the tags, and opens pull requests. The reconciler, in the cluster, applies what
was merged, heals drift and reports back. They meet only in Git.`,
		Example: `  towline update ./deploy                     # what would change in a local checkout
  towline bot --config bot.yaml --once --dry-run   # what the bot would propose`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newPolicy(), newInit(), newCheck(), newSet(), newScan(p), newUpdate(p), newBot(p), newBuild(), newReconciler(p), newVersion(),
		newStatus(p), newTree(p), newDiff(p), newSync(p), newSuspend(p), newResume(p), newHistory(p), newRollback(p),
	)
	asUsage(root)
	return root
}

// asUsage marks the errors of flags and arguments, for the exit code.
func asUsage(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return hinted(cmd, err) })
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return hinted(c, err)
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		asUsage(child)
	}
}

func hinted(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w\nSee '%s --help'", err, strings.TrimSpace(cmd.CommandPath()))}
}
