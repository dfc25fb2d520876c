package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/internal/workdir"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/sops"
	"github.com/towline-dev/towline/reconciler/inspect"
)

func newDiff(p process) *cobra.Command {
	var (
		out      format
		path     string
		exitCode bool
		bases    baseFlags
		kube     = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "diff NAME [--path CHECKOUT]",
		Short: "Show what a local checkout would change in the cluster",
		Long: `Builds the Sync's path of a local checkout with the Sync's options, has the API server
apply it as a dry run with your own rights, and prints what would change: objects that
would be created, changed, deleted, or held back from deletion until somebody consents.
Nothing is changed. Values of Secrets are masked; what differs is marked.

CHECKOUT is the repository, or any folder in it; by default that of the current folder.`,
		Example: `  towline diff shop
  towline diff shop --path ~/src/deploy --exit-code   # 3 where there are changes`,
		Args:              oneName(),
		ValidArgsFunction: kube.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, sync, err := kube.one(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			objects, err := buildLocal(cmd, client, sync, path, &bases)
			if err != nil {
				return err
			}
			all, err := client.Diff(cmd.Context(), sync, objects, warnings(p))
			if err != nil {
				return err
			}
			return printDifferences(cmd, painter(p, cmd.OutOrStdout()), out, all, exitCode)
		},
	}
	addFormat(cmd, &out)
	kube.add(cmd)
	bases.add(cmd)
	cmd.Flags().StringVar(&path, "path", ".", "the local checkout")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 where there are changes")
	return cmd
}

// buildLocal builds what the Sync would build, of a local checkout.
func buildLocal(cmd *cobra.Command, client *inspect.Client, sync *v1.Sync, path string, bases *baseFlags) (objects []*unstructured.Unstructured, err error) {
	root, _, err := repositoryOf(path)
	if err != nil {
		return nil, err
	}
	dir, err := workdir.Open(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return buildAs(cmd.Context(), client, sync, dir.FS(), root, bases)
}

func buildAs(ctx context.Context, client *inspect.Client, sync *v1.Sync, files fs.FS, root string, bases *baseFlags) ([]*unstructured.Unstructured, error) {
	options, err := client.Options(ctx, sync, sops.NewKeys)
	if err != nil {
		return nil, err
	}
	folder := inspect.SourceOf(sync).Path
	renderer, err := bases.renderer("", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	objects, err := renderer.Build(ctx, build.Request{Files: files, Dir: folder, Options: options})
	if err != nil {
		return nil, fmt.Errorf("building %s of %s: %w", folder, root, err)
	}
	return objects, nil
}

// printDifferences prints what would change, and on standard error how much.
func printDifferences(cmd *cobra.Command, colour paint, out format, all []inspect.Difference, exitCode bool) error {
	changes := []inspect.Difference{}
	count := map[string]int{}
	for _, d := range all {
		count[d.Action]++
		if d.Changes() {
			changes = append(changes, d)
		}
	}
	var err error
	if out == "table" {
		err = printDiffs(cmd.OutOrStdout(), colour, changes)
	} else {
		err = out.print(cmd.OutOrStdout(), changes, nil)
	}
	say(cmd.ErrOrStderr(), "%s", counted(count))
	switch {
	case err != nil:
		return err
	case count[inspect.DiffFail] > 0:
		return errTold
	case exitCode && len(changes) > 0:
		return errChanges
	}
	return nil
}

func printDiffs(w io.Writer, colour paint, changes []inspect.Difference) error {
	for _, d := range changes {
		line := joined(": ", verb(d.Action)+" "+d.Ref().String(), d.Reason)
		if _, err := fmt.Fprintf(w, "%s\n%s", colour.in(bold, printable(line)), colour.diff(d.Diff)); err != nil {
			return err
		}
	}
	return nil
}

// verb says what would become of an object.
func verb(action string) string {
	switch action {
	case inspect.DiffHold:
		return "hold back the deletion of"
	case inspect.DiffRelease:
		return "leave in the cluster, and own no more,"
	case inspect.DiffFail:
		return "fail at"
	}
	return action
}

// counted sums up what would become of the objects.
func counted(count map[string]int) string {
	var parts []string
	for _, each := range []struct{ action, text string }{
		{inspect.DiffCreate, "to create"}, {inspect.DiffChange, "to change"}, {inspect.DiffReplace, "to replace"}, {inspect.DiffDelete, "to delete"},
		{inspect.DiffHold, "held back from deletion"}, {inspect.DiffRelease, "to leave alone"}, {inspect.DiffFail, "that would fail"},
		{inspect.DiffUnchanged, "unchanged"},
	} {
		if n := count[each.action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, each.text))
		}
	}
	return strings.Join(parts, ", ")
}
