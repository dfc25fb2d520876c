// Package webhook receives what forges announce: that a branch was pushed, a pull request
// closed, a command written in a comment. Each sort of forge has a file with a parser of
// its format; a Receiver is the http.Handler in front of one.
//
// An announcement is a hint and no more. It says which repository to look at, and whoever
// gets it asks the forge, as it would have done later by itself; nothing is decided by
// what a body says, nor by who is said to have sent it. So one that comes twice, late,
// never, or that was recorded and sent again, costs a look and changes nothing.
//
// The package doesn't know what is done about an event. It never calls an address that a
// body names.
package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Type is a sort of forge.
type Type string

// The types. They are told apart from those of registries, of which some are the same
// servers.
const (
	Gitea  Type = "forge-gitea" // and Forgejo
	GitHub Type = "forge-github"
	GitLab Type = "forge-gitlab"
)

// Types gives all types, sorted.
func Types() []Type { return []Type{Gitea, GitHub, GitLab} }

// Auth is how a forge shows who it is.
type Auth string

const (
	// HMAC is a signature of the body: X-Hub-Signature-256 of GitHub and Gitea, or
	// X-Gitea-Signature; from GitLab webhook-signature, by its signing token.
	HMAC Auth = "hmac"
	// Token is the secret itself, in GitLab's header X-Gitlab-Token.
	Token Auth = "token"
)

// Auths gives the ways in which a forge of the type can show who it is, the default
// first; none for a type that isn't known.
func (t Type) Auths() []Auth {
	switch t {
	case GitHub, Gitea:
		return []Auth{HMAC}
	case GitLab:
		return []Auth{Token, HMAC}
	}
	return nil
}

// Kind is what happened.
type Kind string

// The kinds.
const (
	Pushed      Kind = "pushed"       // a branch was pushed or deleted
	PullRequest Kind = "pull-request" // one was opened, changed, reviewed, merged, closed
	Checks      Kind = "checks"       // those of a branch's head have ended
	Comment     Kind = "comment"      // one with a command was written, edited or deleted
	Issue       Kind = "issue"        // the one that is a dashboard was changed
)

// Event is one announcement. All of it is the sender's word.
type Event struct {
	Kind Kind
	// Repository is the host and path of the address that the forge says the repository
	// is cloned from, without .git: github.com/acme/deploy.
	Repository string
	// Branch is the one that was pushed, or the head of the pull request; "" where the
	// sender doesn't say.
	Branch string
	Number int    // of the pull request or issue; 0 where there is none
	Sender string // login of who did it; "" where the sender doesn't say
}

// The answers to bodies that can't be used. Their texts go to the sender, so they say
// nothing of what it has sent.
var (
	errShape        = errors.New("the body isn't the JSON that this forge sends")
	errNoRepository = errors.New("the event names no repository")
)

// Parse reads what a forge of the type has sent: the headers that say what it is, and the
// body, which is JSON. It gives no events where the body speaks of something of no
// interest: a tag, a label, a comment without a command. An error means that the body
// isn't of the forge's shape.
func Parse(t Type, header http.Header, body []byte) ([]Event, error) {
	switch t {
	case GitHub:
		return parseGitHub(header.Get("X-GitHub-Event"), body)
	case Gitea:
		return parseGitea(header, body)
	case GitLab:
		return parseGitLab(body)
	}
	return nil, fmt.Errorf("parsing a forge's webhook: the type %q isn't known", t)
}

// idle tells whether what was done to a pull request or issue can be of no interest.
func idle(action string) bool {
	return slices.Contains([]string{
		"assigned", "unassigned", "labeled", "unlabeled", "label_updated", "label_cleared", "milestoned", "demilestoned",
		"review_requested", "review_request_removed", "locked", "unlocked", "pinned", "unpinned",
	}, action)
}
