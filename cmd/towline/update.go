package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
)

func newUpdate(p process) *cobra.Command {
	var (
		write, exitCode bool
		regs            registryFlags
	)
	cmd := &cobra.Command{
		Use:   "update PATH [--write]",
		Short: "Scan and rewrite a local tree",
		Long: `Scans the registries for the policies below PATH and prints, as a unified diff, what the
bot would rewrite. With --write it rewrites the files instead and lists the changes.
Exits 1 where a registry can't be read, no tag fits, or a file can't be edited; what can be
updated is.`,
		Example: `  towline update ./deploy | git apply
  towline update ./deploy --write
  towline update ./deploy --exit-code >/dev/null   # 3 where there are changes`,
		Args: onePath(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPlan(cmd, p, &regs, args[0], func(dir *workdir.Dir, plan *bot.Plan) error {
				files, changes, refused := plan.Rewrite(func(r bot.Row) bool { return dir.Includes(r.Reference.File) })
				warn(cmd, displayed(dir, slices.Concat(bot.Noted(plan.Tree.Notes), plan.Problems, refused)))
				failed := warnRows(cmd, dir, plan) || len(refused) > 0
				var err error
				if write {
					var unwritten bool
					unwritten, err = writeChanges(cmd, dir, files, changes)
					failed = failed || unwritten
				} else {
					err = printDiff(cmd.OutOrStdout(), dir, files)
				}
				switch {
				case err != nil:
					return err
				case failed:
					return errTold
				case exitCode && len(files) > 0:
					return errChanges
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "rewrite the files instead of printing a diff")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 where there are changes")
	regs.add(cmd)
	return cmd
}

// warnRows prints why references were passed over, once a policy and reason.
func warnRows(cmd *cobra.Command, dir *workdir.Dir, plan *bot.Plan) bool {
	told := map[string]bool{}
	for _, r := range plan.Rows {
		if r.Err == nil || !dir.Includes(r.Reference.File) {
			continue
		}
		line := fmt.Sprintf("%s:%d:%d: %v", dir.Display(r.Policy.Position.File), r.Policy.Position.Line, r.Policy.Position.Column, r.Err)
		if !told[line] {
			told[line] = true
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), printable(line))
		}
	}
	return len(told) > 0
}

// writeChanges writes the files and lists the changes of those that were written. It
// tells whether any was left as it is.
func writeChanges(cmd *cobra.Command, dir *workdir.Dir, files map[string][]byte, changes []gitwriter.Change) (bool, error) {
	written, problems, notes, err := writeFiles(cmd.Context(), dir, files)
	for _, c := range changes {
		if _, ok := slices.BinarySearch(written.Names, c.File); !ok {
			continue
		}
		to := c.To
		if c.Digest != "" {
			to += "@" + c.Digest
		}
		_, failed := fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: %s: %s → %s\n", printable(dir.Display(c.File)), c.Line, c.Image, printable(c.From), to)
		if failed != nil {
			return true, errors.Join(failed, err)
		}
	}
	warn(cmd, displayed(dir, slices.Concat(bot.Noted(notes), problems)))
	return len(problems) > 0, err
}

// printDiff prints paths from where the command runs, so that `git apply` takes the
// diff there; those of a tree that lies elsewhere are from its root.
func printDiff(w io.Writer, dir *workdir.Dir, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := fs.ReadFile(dir.FS(), name)
		if err != nil {
			return err
		}
		shown := dir.Display(name)
		if !filepath.IsLocal(filepath.FromSlash(shown)) {
			shown = name
		}
		if _, err := io.WriteString(w, edit.UnifiedDiff(shown, old, files[name])); err != nil {
			return err
		}
	}
	return nil
}
