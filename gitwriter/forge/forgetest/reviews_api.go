package forgetest

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// Verdict is what a review says.
type Verdict string

// The verdicts, as GitHub names them.
const (
	Approved         Verdict = "APPROVED"
	ChangesRequested Verdict = "CHANGES_REQUESTED"
	Commented        Verdict = "COMMENTED"
)

type review struct {
	id        int64
	author    *User
	verdict   Verdict
	body, sha string
	created   time.Time
}

func reviewRoutes() []route {
	const one = repoPath + "/pulls/{number}"
	return []route{
		{"GET " + one + "/reviews", PermissionNone, listReviews},
		{"POST " + one + "/reviews", PermissionRead, addReview},
	}
}

func listReviews(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	return listed(c, p.reviews, func(v *review) object { return c.links().review(c.repo, p, v) }), nil
}

func addReview(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Body, Event string }
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	verdict := map[string]Verdict{"APPROVE": Approved, "REQUEST_CHANGES": ChangesRequested, "COMMENT": Commented}[in.Event]
	if verdict == "" {
		return answer{}, invalid(inWords("PullRequestReview", "only a submitted review is known here"))
	}
	v, err := c.repo.review(p, verdict, in.Body, c.user)
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.links().review(c.repo, p, v)}, nil
}

// review adds a review. Whoever was asked for one has answered by it.
func (r *Repo) review(p *pull, verdict Verdict, body string, by *User) (*review, error) {
	if by.Login == p.author.Login && verdict != Commented {
		return nil, &apiError{status: http.StatusUnprocessableEntity, message: "Can not approve or request changes on your own pull request"}
	}
	v := &review{id: r.s.id(), author: by, verdict: verdict, body: body, sha: p.headSHA, created: r.s.now()}
	p.reviews = append(p.reviews, v)
	p.reviewers = without(p.reviewers, by.Login)
	p.updated = v.created
	l := links{r.s.address(nil)}
	rendered := l.review(r, p, v)
	r.s.hooks.send("pull_request_review", func() object { return r.pullEvent("submitted", p, by, object{"review": rendered}) })
	r.mergeByItself()
	return v, nil
}

// verdicts gives the last opinion of each reviewer who may write; a comment is none.
func (p *pull) verdicts() map[string]Verdict {
	out := map[string]Verdict{}
	for _, v := range p.reviews {
		if v.verdict != Commented && v.author.Permission >= PermissionWrite {
			out[v.author.Login] = v.verdict
		}
	}
	return out
}

// association is how GitHub calls whoever has the permission.
func association(u *User) string {
	if u.Permission >= PermissionWrite {
		return "MEMBER"
	}
	return "NONE"
}

func (l links) review(r *Repo, p *pull, v *review) object {
	page := l.html(r, "/pull/", fmt.Sprint(p.number))
	self := l.api(r, "/pulls/", fmt.Sprint(p.number))
	here := page + "#pullrequestreview-" + fmt.Sprint(v.id)
	return object{
		"id": v.id, "node_id": nodeID("PRR", v.id), "user": l.user(v.author.Login), "body": v.body, "state": cmp.Or(string(v.verdict), "PENDING"),
		"html_url": here, "pull_request_url": self, "author_association": association(v.author), "submitted_at": moment(v.created), "commit_id": v.sha,
		"_links": object{"html": object{"href": here}, "pull_request": object{"href": self}},
	}
}
