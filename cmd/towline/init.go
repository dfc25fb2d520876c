package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/scaffold"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

// initRow is one line of `towline init`: a policy that is written.
type initRow struct {
	File   string `json:"file"`
	Policy string `json:"policy"`
	Image  string `json:"image"`
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

func newInit() *cobra.Command {
	var (
		file   string
		dryRun bool
		out    format
	)
	cmd := &cobra.Command{
		Use:   "init PATH [--dry-run]",
		Short: "Write a policy for each image below PATH",
		Long: `Reads the manifests below PATH and writes, to one file at PATH, a policy for each image
that no policy governs yet: of the kind that the tags in use suggest, with a comment that
says why. Markers whose policy isn't there get one of that name. What stands in the file
already stays byte for byte. Prints each policy; the places that it passes over are told on
standard error with the reason. With --dry-run it prints what it would write, as the
listing where -o asks for one. It asks no registry.

PATH is taken for the repository's root: policies that stand further up aren't seen.`,
		Example: `  towline init . --dry-run
  towline init ./deploy --file policies.yaml`,
		Args: onePath(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if why := unfitName(file); why != "" {
				return hinted(cmd, fmt.Errorf("--file %q: %s", file, why))
			}
			return withTree(cmd, args[0], func(dir *workdir.Dir, tree *bot.Tree) error {
				policies, err := initialise(cmd, dir, tree, file, dryRun)
				if err != nil || dryRun && !cmd.Flags().Changed("output") {
					return err
				}
				return printPolicies(cmd, dir, file, policies, out)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be written, and write nothing")
	cmd.Flags().StringVar(&file, "file", "image-policies.yaml", "name of the file at PATH that gets the policies")
	addFormat(cmd, &out)
	return cmd
}

// unfitName says why a file can't be the one for policies: they cover what is
// below their folder, so it stands at PATH itself.
func unfitName(file string) string {
	switch ext := path.Ext(file); {
	case file == policy.UpdateConfigFile:
		return "the file holds what all updates share"
	case strings.ContainsAny(file, `/\`):
		return "a name without a folder is needed, since policies cover what is below theirs"
	case ext != ".yaml" && ext != ".yml":
		return "a name that ends in .yaml is needed"
	}
	return ""
}

// initialise finds the policies that are missing and writes them, or prints the
// text where it is only a trial.
func initialise(cmd *cobra.Command, dir *workdir.Dir, tree *bot.Tree, file string, dryRun bool) ([]scaffold.Policy, error) {
	switch {
	case !dir.Includes(file):
		return nil, hinted(cmd, fmt.Errorf("%s is a file: name its folder, which is what policies cover", cmd.Flags().Arg(0)))
	case policy.Match(tree.Config.IgnorePaths, file):
		return nil, fmt.Errorf("%s is among the ignorePaths of %s: choose another name by --file", file, policy.UpdateConfigFile)
	}
	warn(cmd, displayed(dir, tree.Problems))
	policies, skipped := scaffold.Missing(tree, dir.FS(), file)
	warn(cmd, displayed(dir, skipped))
	if len(policies) == 0 {
		note(cmd, dir.Display(file)+": nothing to write: each image with a tag has a policy, or is named above")
		return nil, nil
	}
	old, err := existing(dir, file)
	if err != nil {
		return nil, err
	}
	data, err := scaffold.Append(file, old, policies)
	var foreign *scaffold.ForeignError
	switch {
	case errors.As(err, &foreign):
		return nil, fmt.Errorf("%s: nothing is added: %s (choose another name by --file)", dir.Display(file), foreign.Why)
	case err != nil:
		return nil, err
	case !dryRun:
		notePaths(cmd, policies)
		return policies, writePolicies(cmd, dir, file, old, data, len(policies))
	case !cmd.Flags().Changed("output"):
		_, err = cmd.OutOrStdout().Write(data[len(old):])
	}
	return policies, err
}

// writePolicies writes the file, which held old, or wasn't there where that is nil.
func writePolicies(cmd *cobra.Command, dir *workdir.Dir, file string, old, data []byte, count int) error {
	write := func() error { return dir.Write(cmd.Context(), file, data) }
	if old == nil {
		write = func() error { return dir.Create(file, data) }
	}
	if err := write(); err != nil {
		return err
	}
	written := fmt.Sprintf("%d policies", count)
	if count == 1 {
		written = "1 policy"
	}
	note(cmd, fmt.Sprintf("%s: %s written; towline scan %s shows what is chosen", dir.Display(file), written, cmd.Flags().Arg(0)))
	return nil
}

// notePaths warns where policies name files from PATH, and the bot would read them
// from the repository's root, which is further up.
func notePaths(cmd *cobra.Command, policies []scaffold.Policy) {
	narrow := slices.IndexFunc(policies, func(p scaffold.Policy) bool { return len(p.Paths) > 0 })
	if root, sub, err := repositoryOf(cmd.Flags().Arg(0)); narrow >= 0 && err == nil && sub != "." {
		note(cmd, fmt.Sprintf("the policy %q has update.paths, which are from the root of a repository: this one's is %s, so run towline init there, or write %s/ before them",
			policies[narrow].Key(), root, sub))
	}
}

// note tells how it went. Standard error may be gone; the files are what counts.
func note(cmd *cobra.Command, text string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), printable(text)) }

// existing gives what stands in the file, nil where there is none. What isn't a
// plain file is refused, since what is behind it may belong to others.
func existing(dir *workdir.Dir, file string) ([]byte, error) {
	info, err := fs.Lstat(dir.FS(), file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: choose another name by --file", dir.Display(file))
	}
	data, err := fs.ReadFile(dir.FS(), file)
	if data == nil && err == nil {
		data = []byte{}
	}
	return data, err
}

func printPolicies(cmd *cobra.Command, dir *workdir.Dir, file string, policies []scaffold.Policy, out format) error {
	rows := []initRow{}
	for _, p := range policies {
		rows = append(rows, initRow{
			File: dir.Display(file), Policy: p.Key(), Image: p.Image, Kind: p.Suggestion.Kind, Reason: p.Suggestion.Reason,
		})
	}
	if len(rows) == 0 && out == "table" {
		return nil
	}
	return out.print(cmd.OutOrStdout(), rows, func(t *table) {
		t.row("FILE", "POLICY", "IMAGE", "KIND", "REASON")
		for _, r := range rows {
			t.row(r.File, r.Policy, r.Image, r.Kind, r.Reason)
		}
	})
}
