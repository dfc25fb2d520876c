package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// historyFor bounds how long a check looks into the history: it is a note that comes of
// it, and no result.
const historyFor = 3 * time.Second

// heldNotes tells of versions that people moved away from, where the path lies in a Git
// repository. Without a history nothing is known of them; one that can't be read is told.
func heldNotes(cmd *cobra.Command, name string, tree *bot.Tree) policy.Problems {
	folder := name
	if isFile(name) {
		folder = filepath.Dir(name)
	}
	root, sub, err := repositoryOf(folder)
	if err != nil {
		return unsearched(err)
	}
	local, err := gitrepo.OpenLocal(root, edit.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, gitrepo.ErrNotFetched):
		return nil // no repository, or one without a commit: there is no history
	case err != nil:
		return unsearched(err)
	}
	defer func() { _ = local.Close() }() // it was only read
	ctx, cancel := context.WithTimeout(cmd.Context(), historyFor)
	defer cancel()
	notes, err := tree.Held(ctx, local, local.Head(), sub)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		notes = append(notes, policy.Problem{Message: "the history is long; not all of it was searched for versions that are held back"})
	case err != nil && cmd.Context().Err() == nil:
		notes = append(notes, unsearched(err)...)
	}
	return notes
}

func unsearched(err error) policy.Problems {
	return policy.Problems{{Message: "the history can't be searched for versions that are held back: " + err.Error()}}
}
