package gitwriter

import (
	"maps"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
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
