package inspect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// minPrefix is how many digits of a hash name a revision at least.
const minPrefix = 7

// Return is where a rollback goes from and to, as hashes of commits.
type Return struct {
	Good, Bad string // Bad may be empty
	Why       string // what is wrong with the bad one, as the history has it
}

// ChooseReturn finds in a Sync's history, newest first, where a rollback goes from and to.
// It goes from the newest revision, which must not be a success unless a person names in
// to where to go; and to that, a revision, a hash or the beginning of one, or else to the
// newest other revision that was applied and healthy.
func ChooseReturn(history []Attempt, to string) (Return, error) {
	var r Return
	if len(history) > 0 {
		r.Bad, r.Why = CommitOf(history[0].Revision), history[0].Message
	}
	if to != "" {
		good, err := named(history, to)
		if err == nil && good == r.Bad {
			err = fmt.Errorf("%s is the newest revision itself", ShortRevision(history[0].Revision))
		}
		r.Good = good
		return r, err
	}
	switch {
	case len(history) == 0:
		return r, errors.New("nothing was tried yet, so there is nothing to roll back")
	case history[0].Result == "Succeeded":
		return r, fmt.Errorf("the newest revision %s is applied and healthy (hint: name with --to where to go back to)", ShortRevision(history[0].Revision))
	}
	for _, a := range history[1:] {
		if a.Result == "Succeeded" && CommitOf(a.Revision) != r.Bad {
			r.Good = CommitOf(a.Revision)
			return r, nil
		}
	}
	return r, errors.New("the history knows no earlier revision that was applied and healthy (hint: name with --to where to go back to)")
}

// named finds the commit that a person means.
func named(history []Attempt, to string) (string, error) {
	if _, hash, ok := strings.Cut(to, "@"); ok {
		to = strings.TrimPrefix(hash, "sha1:")
	}
	if hash, err := gitrepo.ParseHash(to); err == nil {
		return string(hash), nil
	}
	found := ""
	for _, a := range history {
		hash := CommitOf(a.Revision)
		if len(to) < minPrefix || !strings.HasPrefix(hash, to) || hash == found {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%q is the beginning of several revisions", to)
		}
		found = hash
	}
	if found == "" {
		return "", fmt.Errorf("the history knows no revision %q (hint: towline history, or give the whole hash)", to)
	}
	return found, nil
}
