package forgetest

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// issue is a conversation: one that stands by itself, or that of a pull request,
// which on GitHub is an issue too and shares its numbers. Everything in it is
// guarded by the server's lock.
type issue struct {
	id               int64
	number           int
	title, body      string
	state            string
	author           *User
	labels           []*label
	assignees        []string
	milestone        *milestone
	comments         []*comment
	created, updated time.Time
	closed           time.Time // zero while open
	pull             *pull     // nil where it stands by itself
}

type label struct {
	id                 int64
	name, color, about string
}

type milestone struct {
	id      int64
	number  int
	title   string
	state   string
	created time.Time
}

type comment struct {
	id               int64
	author           *User
	body             string
	created, updated time.Time
}

// issueAt finds an issue or a pull request by its number; nil where there is none.
func (r *Repo) issueAt(number int) *issue {
	if number < 1 || number > len(r.numbers) {
		return nil
	}
	return r.numbers[number-1]
}

// pullAt finds a pull request by its number; nil where there is none.
func (r *Repo) pullAt(number int) *pull {
	if i := r.issueAt(number); i != nil {
		return i.pull
	}
	return nil
}

// newIssue makes an issue under the next number.
func (r *Repo) newIssue(title, body string, author *User) *issue {
	now := r.s.now()
	i := &issue{id: r.s.id(), title: title, body: body, state: stateOpen, author: author, created: now, updated: now}
	r.number(i)
	return i
}

func (r *Repo) number(i *issue) {
	r.numbers = append(r.numbers, i)
	i.number = len(r.numbers)
}

// touched notes a change of labels, people or milestone, and tells webhooks.
func (r *Repo) touched(i *issue, action string, by *User) {
	i.updated = r.s.now()
	r.told(i, action, by, nil)
}

// told tells webhooks of an issue, or of the pull request that it is.
func (r *Repo) told(i *issue, action string, by *User, more object) {
	if i.pull != nil {
		r.s.hooks.send("pull_request", func() object { return r.pullEvent(action, i.pull, by, more) })
		return
	}
	r.s.hooks.send("issues", func() object { return r.issueEvent(action, i, by, more) })
}

// edit gives title and body what they don't have yet, in one event; nil leaves one
// as it is.
func (r *Repo) edit(i *issue, title, body *string, by *User, changes object) {
	change := func(field string, value *string, target *string) {
		if value != nil && *value != *target {
			changes[field] = object{"from": *target}
			*target = *value
		}
	}
	change("title", title, &i.title)
	change("body", body, &i.body)
	i.updated = r.s.now()
	if len(changes) > 0 {
		r.told(i, "edited", by, object{"changes": changes})
	}
}

// setState closes or opens an issue or pull request.
func (r *Repo) setState(i *issue, state string, by *User) {
	switch {
	case state == i.state:
	case i.pull != nil && state == stateClosed:
		r.closePull(i.pull, by)
	case i.pull != nil:
		r.reopen(i.pull, by)
	case state == stateClosed:
		i.state, i.closed, i.updated = stateClosed, r.s.now(), r.s.now()
		r.told(i, "closed", by, nil)
	default:
		i.state, i.closed, i.updated = stateOpen, time.Time{}, r.s.now()
		r.told(i, "reopened", by, nil)
	}
}

// comment adds to the conversation.
func (r *Repo) comment(i *issue, body string, by *User) *comment {
	now := r.s.now()
	m := &comment{id: r.s.id(), author: by, body: body, created: now, updated: now}
	i.comments = append(i.comments, m)
	i.updated = now
	r.s.hooks.send("issue_comment", func() object { return r.commentEvent("created", i, m, by, nil) })
	return m
}

func (r *Repo) editComment(i *issue, m *comment, body string, by *User) {
	before := m.body
	m.body, m.updated = body, r.s.now()
	i.updated = m.updated
	r.s.hooks.send("issue_comment", func() object {
		return r.commentEvent("edited", i, m, by, object{"changes": object{"body": object{"from": before}}})
	})
}

var errNoSuch = errors.New("there is no such thing")

// findComment finds a comment and whose it is.
func (r *Repo) findComment(id int64) (*issue, *comment, error) {
	for _, i := range r.numbers {
		for _, m := range i.comments {
			if m.id == id {
				return i, m, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("finding the comment %d: %w", id, errNoSuch)
}

// label finds a label by name (GitHub's don't differ in case alone), or makes it.
func (r *Repo) label(name string) *label {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	l := &label{id: r.s.id(), name: name, color: "ededed"}
	r.labels = append(r.labels, l)
	return l
}

// milestoneTitled finds a milestone by its title, or makes it.
func (r *Repo) milestoneTitled(title string) *milestone {
	for _, m := range r.milestones {
		if m.title == title {
			return m
		}
	}
	m := &milestone{id: r.s.id(), number: len(r.milestones) + 1, title: title, state: stateOpen, created: r.s.now()}
	r.milestones = append(r.milestones, m)
	return m
}
