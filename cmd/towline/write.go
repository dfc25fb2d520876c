package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/policy"
)

// writeFiles gives files their new contents, after all of them have been prepared. It
// tells which were written, also beside an error, and what is to be said of the others.
func writeFiles(ctx context.Context, dir *workdir.Dir, files map[string][]byte) (done workdir.Written, problems, notes policy.Problems, err error) {
	// What a run that was killed left behind goes first.
	sweep := workdir.Visitor{Sweep: true, Enter: func(folder string) bool { return path.Base(folder) != ".git" }}
	if err := dir.Walk(ctx, sweep); err != nil {
		return done, nil, nil, err
	}
	batch := dir.Batch()
	var refused []*workdir.RefusedError
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var refusal *workdir.RefusedError
		switch err := batch.Replace(name, files[name]); {
		case errors.As(err, &refusal):
			refused = append(refused, refusal)
		case err != nil:
			return done, nil, nil, errors.Join(fmt.Errorf("nothing is written: %w", err), batch.Discard())
		}
	}
	done, err = batch.Commit(ctx)
	problems, notes = bot.Unwritten(done, refused...)
	return done, problems, notes, err
}
