package bot

import (
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/towline-dev/towline/policy"
)

// Group is what travels together in one branch and one pull request. Updates of several
// modes never do, so a name may stand for one group of each.
type Group struct {
	Name string
	Mode policy.Mode
}

const (
	// joined is the group of all patch and minor updates, where these travel together.
	joined = "patch-and-minor"
	// The groups that a level sets apart end so.
	majorEnd, minorEnd, otherEnd = "-major", "-minor", "-other"
	// rootGroup is that of the files at the root. Other folders can't have that name, see
	// folderGroup.
	rootGroup = "(root)"
)

// layout is how a tree's updates are put into groups. It is known before anything is
// chosen, but for the level, which says to which of its groups a policy adds.
type layout struct {
	config policy.GroupingConfig
	groups map[string][]Group         // that a policy may add to, by its key
	makers map[Group][]*policy.Policy // the other way round, by key
	circle map[string]string          // one policy of those that are looked at together
}

func newLayout(c policy.GroupingConfig, policies []*policy.Policy, uses []use) *layout {
	l := &layout{config: c, groups: map[string][]Group{}, makers: map[Group][]*policy.Policy{}, circle: map[string]string{}}
	folders := map[*policy.Policy]map[string]bool{}
	for _, u := range uses {
		if folders[u.policy] == nil {
			folders[u.policy] = map[string]bool{}
		}
		folders[u.policy][path.Dir(u.ref.File)] = true
	}
	for _, p := range policies {
		l.add(p, folders[p])
	}
	for _, p := range policies {
		l.join(p)
	}
	for _, p := range policies { // from here on it is only read
		l.circle[p.Key()] = l.center(p.Key())
	}
	return l
}

// laidOut gives the function that lays the tree's updates out, once. It must not keep the
// tree itself, which may be copied.
func (t *Tree) laidOut() func() *layout {
	c, policies, matches := t.Config.Grouping, t.Policies, t.matches
	return sync.OnceValue(func() *layout { return newLayout(c, policies, matches().uses) })
}

// add notes the groups that a policy may add to, in each of the folders that it edits.
func (l *layout) add(p *policy.Policy, folders map[string]bool) {
	if l.config.By != policy.GroupByDirectory {
		folders = map[string]bool{".": true} // it doesn't matter which
	}
	found := map[Group]bool{}
	for folder := range folders {
		for _, level := range []policy.Level{policy.LevelPatch, policy.LevelMajor, policy.LevelOther} {
			found[l.group(p, folder, level)] = true
		}
	}
	key := p.Key()
	for g := range found {
		l.groups[key] = append(l.groups[key], g)
		l.makers[g] = append(l.makers[g], p)
	}
	slices.SortFunc(l.groups[key], compareGroups)
	l.circle[key] = key
}

// join puts a policy into one circle with all that share a group with it.
func (l *layout) join(p *policy.Policy) {
	for _, g := range l.groups[p.Key()] {
		if first := l.makers[g][0]; first != p {
			l.circle[l.center(p.Key())] = l.center(first.Key())
		}
	}
}

// center gives the policy that stands for a policy's circle.
func (l *layout) center(key string) string {
	for l.circle[key] != key {
		l.circle[key] = l.circle[l.circle[key]] // halves the way for the next one
		key = l.circle[key]
	}
	return key
}

// group gives the group of a change that a policy makes in a folder.
func (l *layout) group(p *policy.Policy, folder string, level policy.Level) Group {
	var name string
	switch l.config.By {
	case policy.GroupByDirectory:
		name = folderGroup(folder)
	case policy.GroupByLevel:
		return Group{Name: byLevel(p.Key(), level), Mode: p.Mode()}
	case policy.GroupByNone:
		name = p.Key()
	default:
		if name = p.Group(); name == "" {
			name = p.Key()
		}
	}
	if l.config.SeparateMajor {
		name = apart(name, level)
	}
	return Group{Name: name, Mode: p.Mode()}
}

// byLevel names the group of a level. What can't be measured may be anything, so it
// travels alone as a major update does.
func byLevel(key string, level policy.Level) string {
	switch level {
	case policy.LevelMajor:
		return key + majorEnd
	case policy.LevelOther:
		return key + otherEnd
	}
	return joined
}

// apart gives the name of the group that holds a group's major updates, or of the one
// that holds its others. No two have the same: a name that ends as one of these gets
// another end.
func apart(name string, level policy.Level) string {
	switch {
	case level == policy.LevelMajor:
		return name + majorEnd
	case strings.HasSuffix(name, majorEnd) || strings.HasSuffix(name, minorEnd):
		return name + minorEnd
	}
	return name
}

func folderGroup(folder string) string {
	switch {
	case folder == ".":
		return rootGroup
	case strings.HasPrefix(folder, "("):
		return "./" + folder
	}
	return folder
}

// Together admits every policy that may add to a group of which due admits one, and so
// on. An update holds what its whole group wants, so a group is looked at whole or not
// at all, whatever the schedules of its policies.
func (t *Tree) Together(due func(*policy.Policy) bool) func(*policy.Policy) bool {
	l, admitted := t.layout(), map[string]bool{}
	for _, p := range t.Policies {
		if due(p) {
			admitted[l.circle[p.Key()]] = true
		}
	}
	return func(p *policy.Policy) bool { return admitted[l.circle[p.Key()]] }
}

// groupsOf gives the groups that a policy may add to, sorted.
func (t *Tree) groupsOf(p *policy.Policy) []Group { return t.layout().groups[p.Key()] }

// Group is what the change travels with; the zero value where nothing is changed.
func (r Row) Group() Group { return r.group }

// settleGroups puts the rows of one policy, which have been decided, into groups. A name
// or a digest that stands apart from its tag, in another file, goes where the tag goes.
func (t *Tree) settleGroups(rows []*Row) {
	known := map[string]policy.Level{} // by the wanted tag
	for _, r := range rows {
		if r.Err == nil && r.Current != "" {
			known[r.Choice.Tag] = greater(known[r.Choice.Tag], r.wanted())
		}
	}
	for _, r := range rows {
		if r.Err != nil || !r.Changed() && r.Held == nil {
			continue
		}
		level := r.wanted()
		if found := known[r.Choice.Tag]; r.Current == "" && found != "" {
			level = found
		}
		r.group = t.layout().group(r.Policy, path.Dir(r.Reference.File), level)
	}
}

// levels gives all levels in their order. What can't be measured may be anything, so it
// comes last.
func levels() []policy.Level {
	return []policy.Level{"", policy.LevelNone, policy.LevelPatch, policy.LevelMinor, policy.LevelMajor, policy.LevelOther}
}

func greater(a, b policy.Level) policy.Level {
	if order := levels(); slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
