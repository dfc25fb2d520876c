package bot

import (
	"errors"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// finderOf returns the finder of a repository, which also finds what its configuration
// names. An error is [policy.Problems], at the places of the fields that can't be.
func finderOf(c policy.UpdateConfig) (edit.Finder, error) {
	var problems policy.Problems
	fields := make([]edit.Field, len(c.References))
	for i, r := range c.References {
		fields[i] = edit.Field{Group: r.Group, Kind: r.Kind, Path: r.Path, Tag: r.Tag, Image: r.Image}
		if _, err := edit.NewFinder(fields[i]); err != nil {
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				err = inner
			}
			problems = append(problems, policy.Problem{
				Position: r.At, Message: "spec.references: " + err.Error(),
				Hint: `write a path like spec.servers[*].image, and ["a.key"] for a key that isn't a plain word`,
			})
		}
	}
	if len(problems) > 0 {
		return edit.Finder{}, problems
	}
	return edit.NewFinder(fields...)
}
