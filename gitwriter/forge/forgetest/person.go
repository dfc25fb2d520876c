package forgetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Person acts in a repository as people do on its pages: no log of requests and no
// limit knows of it, webhooks do.
type Person struct {
	repo *Repo
	user *User
}

// As gives the person of that login. One whom the server's configuration doesn't
// name is a stranger, who may still comment.
func (r *Repo) As(login string) Person {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if user := r.s.userNamed(login); user != nil {
		return Person{r, user}
	}
	return Person{r, &User{Login: login}}
}

// userNamed finds a user by login; nil for none. The caller holds the lock.
func (s *Server) userNamed(login string) *User {
	for _, user := range s.tokens {
		if strings.EqualFold(user.Login, login) {
			return user
		}
	}
	return nil
}

// on does something to an issue or a pull request.
func (p Person) on(number int, what string, do func(*issue) error) error {
	p.repo.s.mu.Lock()
	defer p.repo.s.mu.Unlock()
	p.repo.refresh(nil)
	i := p.repo.issueAt(number)
	if i == nil {
		return fmt.Errorf("%s #%d: %w", what, number, errNoSuch)
	}
	if err := do(i); err != nil {
		return fmt.Errorf("%s #%d: %w", what, number, err)
	}
	return nil
}

// Comment comments on an issue or pull request and gives the comment's ID.
func (p Person) Comment(number int, body string) (id int64, err error) {
	err = p.on(number, "commenting on", func(i *issue) error {
		id = p.repo.comment(i, body, p.user).id
		return nil
	})
	return id, err
}

// EditComment changes a comment.
func (p Person) EditComment(id int64, body string) error {
	p.repo.s.mu.Lock()
	defer p.repo.s.mu.Unlock()
	i, m, err := p.repo.findComment(id)
	if err != nil {
		return err
	}
	p.repo.editComment(i, m, body, p.user)
	return nil
}

// EditBody changes the text of an issue or pull request, as ticking a box does.
func (p Person) EditBody(number int, body string) error {
	return p.on(number, "editing", func(i *issue) error {
		p.repo.edit(i, nil, &body, p.user, object{})
		return nil
	})
}

// OpenIssue opens an issue and gives its number.
func (p Person) OpenIssue(title, body string, labels ...string) (number int) {
	p.repo.s.mu.Lock()
	defer p.repo.s.mu.Unlock()
	i := p.repo.newIssue(title, body, p.user)
	for _, name := range labels {
		i.labels = add(i.labels, p.repo.label(name))
	}
	p.repo.told(i, "opened", p.user, nil)
	return i.number
}

// Close closes an issue, or a pull request without merging it.
func (p Person) Close(number int) error {
	return p.on(number, "closing", func(i *issue) error {
		p.repo.setState(i, stateClosed, p.user)
		return nil
	})
}

// Reopen opens an issue or pull request again; a pull request needs its branch.
func (p Person) Reopen(number int) error {
	return p.on(number, "reopening", func(i *issue) error {
		if i.pull != nil && (!i.pull.merged.IsZero() || p.repo.refs["refs/heads/"+i.pull.head] == "") {
			return errNoSuch
		}
		p.repo.setState(i, stateOpen, p.user)
		return nil
	})
}

// Review reviews a pull request as it stands.
func (p Person) Review(number int, verdict Verdict) error {
	return p.on(number, "reviewing", func(i *issue) error {
		if i.pull == nil {
			return errNoSuch
		}
		_, err := p.repo.review(i.pull, verdict, "", p.user)
		return err
	})
}

// Merge merges a pull request and gives the commit on the base.
func (p Person) Merge(number int, method string) (sha string, err error) {
	err = p.on(number, "merging", func(i *issue) error {
		if i.pull == nil {
			return errNoSuch
		}
		err := p.repo.merge(i.pull, mergeRequest{Method: method}, p.user)
		sha = i.pull.mergeSHA
		return err
	})
	return sha, err
}

// SetMilestone puts an issue or pull request on the milestone of that title, which
// is made if missing; "" takes it off.
func (p Person) SetMilestone(number int, title string) error {
	return p.on(number, "planning", func(i *issue) error {
		var m *milestone
		if title != "" {
			m = p.repo.milestoneTitled(title)
		}
		p.repo.setMilestone(i, m, p.user)
		return nil
	})
}

// AddLabel adds a label, which is made if missing.
func (p Person) AddLabel(number int, name string) error {
	return p.on(number, "labelling", func(i *issue) error {
		i.labels = add(i.labels, p.repo.label(name))
		p.repo.touched(i, "labeled", p.user)
		return nil
	})
}

// RemoveLabel takes a label off.
func (p Person) RemoveLabel(number int, name string) error {
	return p.on(number, "labelling", func(i *issue) error {
		i.labels = slices.DeleteFunc(i.labels, func(b *label) bool { return strings.EqualFold(b.name, name) })
		p.repo.touched(i, "unlabeled", p.user)
		return nil
	})
}

// CreateMilestone makes a milestone, unless there is one of that title.
func (r *Repo) CreateMilestone(title string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.milestoneTitled(title)
}

// Issues gives all issues that aren't pull requests, oldest first.
func (r *Repo) Issues() []forge.Issue {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	l := links{r.s.address(nil)}
	var out []forge.Issue
	for _, i := range r.numbers {
		if i.pull == nil {
			out = append(out, forge.Issue{
				Number: i.number, URL: l.page(r, i), Title: i.title, Body: i.body, State: forge.State(i.state),
				Author: i.author.Login, Labels: i.labelNames(), UpdatedAt: i.updated,
			})
		}
	}
	return out
}
