package forgetest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// The ways to merge.
const (
	MergeCommit = "merge"
	MergeSquash = "squash"
	MergeRebase = "rebase"
)

func isMerged(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if p.merged.IsZero() {
		return answer{}, notFound()
	}
	return answer{status: http.StatusNoContent}, nil
}

func mergePull(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	in := mergeRequest{Method: MergeCommit}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := c.repo.merge(p, in, c.user); err != nil {
		return answer{}, err
	}
	return answer{body: object{"sha": p.mergeSHA, "merged": true, "message": "Pull Request successfully merged"}}, nil
}

// mergeRequest is what merging takes.
type mergeRequest struct {
	Title   string `json:"commit_title"`
	Message string `json:"commit_message"`
	SHA     string `json:"sha"`
	Method  string `json:"merge_method"`
}

// merge merges, or refuses with an *apiError. The caller holds the lock.
func (r *Repo) merge(p *pull, in mergeRequest, by *User) error {
	notAllowed := func(message string) error { return &apiError{status: http.StatusMethodNotAllowed, message: message} }
	switch {
	case p.state != stateOpen:
		return notAllowed("Pull Request is not mergeable")
	case p.draft:
		return notAllowed("Pull Request is still a draft")
	case in.SHA != "" && in.SHA != p.headSHA:
		return &apiError{status: http.StatusConflict, message: "Head branch was modified. Review and try the merge again."}
	}
	if unmet := r.unmet(p); unmet != "" {
		return notAllowed(unmet)
	}
	before := r.refs["refs/heads/"+p.base]
	sha, err := r.mergeCommit(p, in, by)
	if errors.Is(err, bare.ErrConflict) {
		return notAllowed("Pull Request is not mergeable")
	}
	if err != nil {
		return err
	}
	if err := r.bare.UpdateRef("refs/heads/"+p.base, sha, before); err != nil {
		return &apiError{status: http.StatusConflict, message: "Base branch was modified. Review and try the merge again."}
	}
	r.setMerged(p, sha, before, by)
	r.refresh(by)
	return nil
}

// mergeCommit makes the commit to which the base is to move.
func (r *Repo) mergeCommit(p *pull, in mergeRequest, by *User) (string, error) {
	base := r.refs["refs/heads/"+p.base]
	who := identity{author: by, committer: by, when: r.s.now()}
	title, message := in.Title, in.Message
	switch in.Method {
	case MergeRebase:
		return r.rebase(p, base, by)
	case MergeCommit, MergeSquash:
	default:
		return "", invalid(badField("PullRequest", "merge_method", "invalid"))
	}
	tree, err := r.mergeTree(p)
	if err != nil {
		return "", err
	}
	if in.Method == MergeCommit {
		if title == "" {
			title = fmt.Sprintf("Merge pull request #%d from %s/%s", p.number, r.owner, p.head)
		}
		if message == "" {
			message = p.title
		}
		return r.commitTree(tree, []string{base, p.headSHA}, title+"\n\n"+message+"\n", who)
	}
	commits := r.commitsOf(p)
	if title == "" {
		title = fmt.Sprintf("%s (#%d)", p.title, p.number)
	}
	if message == "" {
		message = squashMessage(commits)
	}
	who.author = p.author
	return r.commitTree(tree, []string{base}, strings.TrimSpace(title+"\n\n"+message)+"\n", who)
}

// squashMessage is that of the only commit without its subject, or a list of all.
func squashMessage(commits []commitInfo) string {
	if len(commits) == 1 {
		_, body, _ := strings.Cut(commits[0].message, "\n")
		return strings.TrimSpace(body)
	}
	var b strings.Builder
	for _, commit := range commits {
		fmt.Fprintf(&b, "* %s\n\n", strings.TrimSpace(commit.message))
	}
	return b.String()
}

// mergeTree merges head and base into a tree, or gives bare.ErrConflict.
func (r *Repo) mergeTree(p *pull) (string, error) {
	return r.bare.MergeTrees(r.refs["refs/heads/"+p.base], p.headSHA)
}

// rebase copies each of the pull request's commits onto the base. Each copy is a
// merge whose base is the commit's parent; since git 2.38 can't be told a merge
// base, three commits made for the purpose give it one.
func (r *Repo) rebase(p *pull, onto string, by *User) (string, error) {
	scratch := identity{author: by, committer: by, when: r.s.now()}
	for _, commit := range r.commitsOf(p) {
		if len(commit.parents) != 1 {
			return "", bare.ErrConflict // GitHub doesn't rebase merges either
		}
		parent, err := r.commitTree(commit.parents[0]+"^{tree}", nil, "parent", scratch)
		if err != nil {
			return "", err
		}
		ours, err := r.commitTree(onto+"^{tree}", []string{parent}, "ours", scratch)
		if err != nil {
			return "", err
		}
		theirs, err := r.commitTree(commit.tree, []string{parent}, "theirs", scratch)
		if err != nil {
			return "", err
		}
		tree, err := r.bare.MergeTrees(ours, theirs)
		if err != nil {
			return "", err
		}
		who := identity{author: by, committer: by, when: r.s.now(), env: []string{
			"GIT_AUTHOR_NAME=" + commit.authorName, "GIT_AUTHOR_EMAIL=" + commit.authorEmail, "GIT_AUTHOR_DATE=" + commit.authored,
		}}
		if onto, err = r.commitTree(tree, []string{onto}, commit.message, who); err != nil {
			return "", err
		}
	}
	return onto, nil
}
