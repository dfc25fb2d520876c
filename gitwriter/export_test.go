package gitwriter

import (
	"maps"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// BodyInput is all that a body may be made of.
type BodyInput struct {
	Group, Scope, State, Intro, Commit string
	Changes                            []Change
	Earlier                            map[string]string
	Details                            map[Step]Details
	Notices                            []string
	Links                              forge.Links
	Now                                time.Time
}

// Body gives the text of a pull request.
func Body(in BodyInput) string {
	return body(bodyData{
		key: Key(in.Changes), group: in.Group, scope: in.Scope, changes: in.Changes, earlier: in.Earlier, state: in.State, intro: in.Intro,
		details: in.Details, notices: in.Notices, links: in.Links, commit: in.Commit, now: in.Now,
	})
}

// Hidden gives what a body hides of a name: key, group, scope.
func Hidden(body, name string) string {
	if name == hiddenKey {
		return bodyKey(body)
	}
	return bodyText(body, name)
}

// FunctionNames gives the functions of message templates, sorted.
func FunctionNames() []string {
	names := slices.Sorted(maps.Keys((&meter{}).functions()))
	return slices.DeleteFunc(names, func(name string) bool { return name == stepName || name == "call" })
}

// Message gives the message of a commit by the default committer.
func Message(u Update, changes []Change) (string, error) {
	w := &Writer{cfg: Config{CommitterName: "Towline", CommitterEmail: "towline@towline.invalid"}}
	return w.commitMessage(u, Key(changes), changes)
}

// Facts are what is decided on, by hand.
type Facts struct {
	Now         time.Time
	Key         string
	Base        gitrepo.Hash
	Rebase      policy.Rebase
	Waits, Full string

	Branch                                           *gitrepo.CommitInfo
	Ours, Unsigned, Content, Conflict, Spent, Retake bool
	Newest                                           time.Time
	Proposed                                         string

	Open, Ended *forge.PullRequest
	Orders      pulls.Orders
	Released    bool
	PushOnly    bool
}

// Decision is what is to be done, with its steps: push, create, text, close.
type Decision struct {
	Action Action
	Steps  []string
	State  string
}

// Decide is decide.
func Decide(f Facts) Decision {
	p := decide(facts{
		now: f.Now, key: f.Key, base: f.Base, rebase: f.Rebase, waits: f.Waits, full: f.Full,
		branch: f.Branch, ours: f.Ours, unsigned: f.Unsigned, content: f.Content, conflict: f.Conflict, spent: f.Spent, newest: f.Newest, proposed: f.Proposed,
		open: f.Open, orders: f.Orders, ended: f.Ended, released: f.Released, retake: f.Retake, pushOnly: f.PushOnly,
	})
	d := Decision{Action: p.action, State: p.state}
	for _, step := range []struct {
		name string
		do   bool
	}{{"push", p.push}, {"create", p.create}, {"text", p.text}, {"close", p.close}} {
		if step.do {
			d.Steps = append(d.Steps, step.name)
		}
	}
	return d
}
