package forgetest

import (
	"net/http"
	"slices"
)

type reviewersRequest struct {
	Reviewers []string `json:"reviewers"`
	Teams     []string `json:"team_reviewers"`
}

func getReviewers(c *call) (answer, error) {
	p, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	teams := []object{}
	for _, team := range p.teams {
		teams = append(teams, c.links().team(c.repo, team))
	}
	return answer{body: object{"users": c.links().users(p.reviewers), "teams": teams}}, nil
}

func requestReviewers(c *call) (answer, error) {
	p, in, err := c.reviewers()
	if err != nil {
		return answer{}, err
	}
	for _, login := range in.Reviewers {
		switch {
		case login == p.author.Login:
			return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "Review cannot be requested from pull request author."}
		case !c.repo.s.known(login):
			return answer{}, &apiError{
				status:  http.StatusUnprocessableEntity,
				message: "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + c.repo.FullName() + " repository.",
			}
		}
	}
	for _, login := range in.Reviewers {
		p.reviewers = add(p.reviewers, login)
	}
	for _, team := range in.Teams {
		p.teams = add(p.teams, team)
	}
	c.repo.touched(p.issue, "review_requested", c.user)
	return answer{status: http.StatusCreated, body: c.links().pull(c.repo, p)}, nil
}

func dropReviewers(c *call) (answer, error) {
	p, in, err := c.reviewers()
	if err != nil {
		return answer{}, err
	}
	p.reviewers = slices.DeleteFunc(p.reviewers, func(login string) bool { return slices.Contains(in.Reviewers, login) })
	p.teams = slices.DeleteFunc(p.teams, func(team string) bool { return slices.Contains(in.Teams, team) })
	c.repo.touched(p.issue, "review_request_removed", c.user)
	return answer{body: c.links().pull(c.repo, p)}, nil
}

func (c *call) reviewers() (*pull, reviewersRequest, error) {
	var in reviewersRequest
	p, err := c.pull()
	if err == nil {
		err = c.read(&in)
	}
	return p, in, err
}
