package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

// withTree opens the manifests at path and hands them, read, to do.
func withTree(cmd *cobra.Command, path string, do func(*workdir.Dir, *bot.Tree) error) (err error) {
	dir, err := workdir.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	noteConfig(cmd, path)
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
	configured, err := regs.load()
	if err != nil {
		return err
	}
	client, err := regs.client(p, configured)
	if err != nil {
		return err
	}
	return withTree(cmd, path, func(dir *workdir.Dir, tree *bot.Tree) (err error) {
		know, done, err := knowledgeOf(p, configured, tree)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		plan, err := tree.Plan(cmd.Context(), bot.Look{Tags: client.Round(), Knowledge: know})
		if err != nil {
			return err
		}
		return do(dir, plan)
	})
}

// knowledgeOf is what a local command knows of images beside their tags. The ledger is
// opened only where a policy asks for ages; where the bot has it open, or there is no
// folder for it, ages are taken from what images say, which is told.
func knowledgeOf(p process, configured config.Bot, tree *bot.Tree) (*bot.Knowledge, func() error, error) {
	c := bot.KnowledgeConfig{Secret: secretReader(&cluster{process: p})}
	verifier, err := wireVerifier(configured.Signatures)
	if err != nil {
		return nil, nil, err
	}
	c.Verifier = verifier
	aged := slices.ContainsFunc(tree.Policies, func(p *policy.Policy) bool { return p.Needs().Has(policy.NeedAge) })
	if !aged {
		return bot.NewKnowledge(c), func() error { return nil }, nil
	}
	log := warnings(p)
	dir, err := stateDir(configured.StateDir)
	if err == nil {
		l, failed := openLedger(dir, log)
		if failed == nil {
			c.Ledger = l
			return bot.NewKnowledge(c), l.Close, nil
		}
		err = failed
	}
	log.Warn("ages are taken from what images say, since the ledger of first sightings can't be used", "error", err)
	return bot.NewKnowledge(c), func() error { return nil }, nil
}

// noteConfig tells of a configuration that the bot would go by, and that a command whose
// path lies below doesn't see: files that it ignores may be meant to stay as they are.
func noteConfig(cmd *cobra.Command, path string) {
	folder := path
	if isFile(path) {
		folder = filepath.Dir(path)
	}
	root, sub, err := repositoryOf(folder)
	if file := filepath.Join(root, policy.UpdateConfigFile); err == nil && sub != "." && isFile(file) {
		note(cmd, fmt.Sprintf("note: %s isn't read: %s is taken for the repository's root", file, folder))
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
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
		if p.File == "" || dir.Includes(p.File) {
			p.File = printable(dir.Display(p.File))
			mine = append(mine, p)
		}
	}
	return mine
}

// warn prints problems that don't stop the command.
func warn(cmd *cobra.Command, problems policy.Problems) {
	for _, p := range problems {
		// Standard error may be gone; the result on standard output is what counts.
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), printable(p.Error()))
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
