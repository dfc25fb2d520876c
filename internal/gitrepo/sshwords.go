package gitrepo

import (
	"errors"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
)

// remoteWords is what a remote said in place of an answer. Over SSH words are all
// there is: the exit status is the same for each cause.
type remoteWords struct {
	kind error // a sentinel of this package, or nil
	text string
	err  error
}

func newRemoteWords(said string, err error) *remoteWords {
	return &remoteWords{kind: kindOfWords(said, err), text: printable(strings.Join(strings.Fields(said), " "), 300), err: err}
}

func (e *remoteWords) Error() string {
	var exit *sshclient.ExitError
	switch {
	case e.text == "":
		return e.err.Error()
	case errors.As(e.err, &exit):
		return e.err.Error() + ": " + e.text
	}
	return "the remote says: " + e.text
}

func (e *remoteWords) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// kindOfWords is the one place that goes by text. It knows the words of Git itself and
// of the forges; an unknown one is an error of no kind, which isn't tried again. That a
// signal ended the command is the host's trouble.
func kindOfWords(said string, err error) error {
	var exit *sshclient.ExitError
	if errors.As(err, &exit) && exit.Signal != "" {
		return ErrUnavailable
	}
	said = strings.ToLower(said)
	for _, known := range []struct {
		kind  error
		words []string
	}{
		{ErrRepositoryNotFound, []string{
			"does not appear to be a git repository", "repository not found", "repository does not exist", "no such repository",
			"cannot find repository", "could not find repository", "not a git repository", "the project you were looking for could not be found",
		}},
		{ErrAuth, []string{
			"permission denied", "permission to", "access denied", "not authorized", "unauthorized", "not allowed", "forbidden",
			"marked as read only", "does not have write access", "read-only", "insufficient permission", "dubious ownership",
		}},
		{ErrUnavailable, []string{"internal server error", "too many", "try again", "temporarily unavailable", "timed out", "maintenance"}},
	} {
		for _, words := range known.words {
			if strings.Contains(said, words) {
				return known.kind
			}
		}
	}
	return nil
}
