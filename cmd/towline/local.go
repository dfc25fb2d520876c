package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

// withTree opens the manifests at path and hands them, read, to do.
func withTree(path string, do func(*workdir.Dir, *bot.Tree) error) (err error) {
	dir, err := workdir.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	var reader bot.Reader
	tree, err := reader.Read(dir.FS())
	if err != nil {
		return shown(dir, err)
	}
	return do(dir, tree)
}

// withPlan opens the manifests at path, scans the registries for the policies there,
// and hands what is wanted to do.
func withPlan(cmd *cobra.Command, p process, regs *registryFlags, path string, do func(*workdir.Dir, *bot.Plan) error) error {
	client, err := regs.client(p)
	if err != nil {
		return err
	}
	return withTree(path, func(dir *workdir.Dir, tree *bot.Tree) error {
		plan, err := tree.Plan(cmd.Context(), bot.Look{Tags: client.Round()})
		if err != nil {
			return err
		}
		return do(dir, plan)
	})
}

// shown gives an error's places as the user would type them.
func shown(dir *workdir.Dir, err error) error {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return err
	}
	return displayed(dir, problems)
}

// displayed gives the problems of the files that were asked for, with their names
// as the user would type them.
func displayed(dir *workdir.Dir, problems policy.Problems) policy.Problems {
	var mine policy.Problems
	for _, p := range problems {
		if dir.Includes(p.File) {
			p.File = dir.Display(p.File)
			mine = append(mine, p)
		}
	}
	return mine
}

// warn prints problems that don't stop the command.
func warn(cmd *cobra.Command, problems policy.Problems) {
	for _, p := range problems {
		// Standard error may be gone; the result on standard output is what counts.
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), p.Error())
	}
}

// onePath is the PATH argument that the local commands share.
func onePath() cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("one PATH is needed, %d are given", len(args))
		}
		return nil
	}
}
