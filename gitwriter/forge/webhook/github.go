package webhook

// payload is what GitHub's events say, as far as it matters here; Gitea and Forgejo send
// the same shapes.
// https://docs.github.com/webhooks/webhook-events-and-payloads
type payload struct {
	Action     string     `json:"action"`
	Ref        string     `json:"ref"`      // of a push, in full; of a deletion, the name alone
	RefType    string     `json:"ref_type"` // of a deletion
	Repository repository `json:"repository"`
	Sender     struct {
		Login string `json:"login"`
	} `json:"sender"`
	Number      int          `json:"number"`
	PullRequest *pullRequest `json:"pull_request"`
	Issue       struct {
		Number int    `json:"number"`
		Body   string `json:"body"`
	} `json:"issue"`
	Comment struct {
		Body string `json:"body"`
	} `json:"comment"`
	Changes struct {
		Body struct {
			From string `json:"from"`
		} `json:"body"`
	} `json:"changes"`
	State    string `json:"state"` // of a status
	Branches []struct {
		Name string `json:"name"`
	} `json:"branches"` // that have the status's commit as their head
	CheckSuite struct {
		HeadBranch string `json:"head_branch"`
	} `json:"check_suite"`
}

type repository struct {
	FullName string `json:"full_name"`
	CloneURL string `json:"clone_url"`
	HTMLURL  string `json:"html_url"`
}

type pullRequest struct {
	Number int `json:"number"`
	Head   struct {
		Ref  string      `json:"ref"`
		Repo *repository `json:"repo"` // nil when the fork is gone
	} `json:"head"`
}

// parseGitHub reads an event by its name, which stands in the header X-GitHub-Event. The
// ping that GitHub sends when a webhook is made is nothing of interest.
func parseGitHub(name string, body []byte) ([]Event, error) {
	switch name {
	case "push", "delete", "pull_request", "pull_request_review", "issue_comment", "issues", "status", "check_suite":
	default:
		return nil, nil
	}
	var p payload
	if err := decode(body, &p); err != nil {
		return nil, err
	}
	events := p.events(name)
	where := place(p.Repository.CloneURL, p.Repository.HTMLURL)
	if where == "" && len(events) > 0 {
		return nil, errNoRepository
	}
	for i := range events {
		events[i].Repository, events[i].Sender = where, p.Sender.Login
	}
	return events, nil
}

// events gives what there is of interest, but for the repository and the sender.
func (p *payload) events(name string) []Event {
	switch name {
	case "push":
		if branch, ok := branchOf(p.Ref); ok {
			return []Event{{Kind: Pushed, Branch: branch}}
		}
	case "delete":
		if p.RefType == "branch" {
			return []Event{{Kind: Pushed, Branch: p.Ref}}
		}
	case "pull_request", "pull_request_review":
		if p.PullRequest != nil && !p.forked() && !idle(p.Action) {
			return []Event{{Kind: PullRequest, Branch: p.PullRequest.Head.Ref, Number: p.PullRequest.Number}}
		}
	case "issue_comment":
		if commands(p.Comment.Body, p.Changes.Body.From) {
			return []Event{{Kind: Comment, Number: p.Issue.Number}}
		}
	case "issues":
		if dashboard(p.Issue.Body, p.Changes.Body.From) && !idle(p.Action) {
			return []Event{{Kind: Issue, Number: p.Issue.Number}}
		}
	case "check_suite":
		if p.Action == "completed" && p.CheckSuite.HeadBranch != "" {
			return []Event{{Kind: Checks, Branch: p.CheckSuite.HeadBranch}}
		}
	case "status":
		return p.statuses()
	}
	return nil
}

func (p *payload) statuses() []Event {
	if p.State == "pending" {
		return nil
	}
	var events []Event
	for _, b := range p.Branches {
		events = append(events, Event{Kind: Checks, Branch: b.Name})
	}
	return events
}

// forked tells whether the pull request comes from another repository. None of ours does.
func (p *payload) forked() bool {
	from := p.PullRequest.Head.Repo
	return from == nil || from.FullName != p.Repository.FullName
}
