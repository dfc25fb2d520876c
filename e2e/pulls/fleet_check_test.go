package pulls_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/gitwriter"
)

// check holds that each ship has the pull requests that it should have after a whole
// round: no fewer, none twice, none closed wrongly.
func (f *fleet) check() {
	f.Helper()
	for _, s := range f.ships {
		open := f.checkPulls(s)
		f.checkGroups(s, open)
		f.checkBranches(s, open)
	}
}

// checkPulls holds that nobody's open pull request is there twice, and that the closed
// ones were closed by a person, or by the bot for a reason. It gives the open ones by
// their groups.
func (f *fleet) checkPulls(s *ship) map[string]pullRequest {
	f.Helper()
	open, proposed := map[string]pullRequest{}, map[string]int{}
	for _, p := range pullsOf(f.T, s) {
		key := keyOf(p.Body)
		byBot := strings.Contains(p.Body, "<!-- towline-closed: ")
		switch {
		case p.State == "open":
			if other, twice := open[groupOf(p)]; twice {
				f.Errorf("%s: #%d and #%d are open for %q", s.name, other.Number, p.Number, groupOf(p))
			}
			open[groupOf(p)] = p
		case p.Merged != "" || byBot || s.closed[key]:
		default:
			f.Errorf("%s: #%d was closed by nobody, and doesn't say why", s.name, p.Number)
		}
		if first, twice := proposed[key]; twice && !byBot {
			f.Errorf("%s: #%d and #%d propose the same", s.name, first, p.Number)
		}
		if !byBot {
			proposed[key] = p.Number
		}
	}
	return open
}

// checkGroups holds that each group's update is where it belongs.
func (f *fleet) checkGroups(s *ship, open map[string]pullRequest) {
	f.Helper()
	waiting := 0
	for group, images := range s.groups() {
		key := f.wantKey(s, images)
		p, there := open[group]
		switch {
		case s.frozen[group]:
			if !there || witness(f.T, s, "log", "-1", "--format=%cn", p.Head.Ref) != bob {
				f.Errorf("%s: Bob's branch of %q isn't as it was left", s.name, group)
			}
		case s.held[group].Number > 0:
			f.checkHeld(s, s.held[group], p)
		case key == "" || s.closed[key]:
			if there {
				f.Errorf("%s: #%d is open, and there is nothing to propose for %q", s.name, p.Number, group)
			}
		case !there:
			waiting++
		default:
			f.checkOpen(s, p, key, images)
		}
	}
	if waiting > 0 && (s.rig.limit == 0 || len(open) < s.rig.limit) {
		f.Errorf("%s: %d pull requests are missing", s.name, waiting)
	}
	if s.rig.limit > 0 && len(open) > s.rig.limit {
		f.Errorf("%s: %d pull requests are open, the limit is %d", s.name, len(open), s.rig.limit)
	}
}

// checkHeld holds that a pull request is as it was when somebody said so, but for what
// its top says of that.
func (f *fleet) checkHeld(s *ship, want, got pullRequest) {
	f.Helper()
	told := regexp.MustCompile(`(?s)<!-- towline-state -->.*?<!-- /towline-state -->\n`)
	want.Body, got.Body = told.ReplaceAllString(want.Body, ""), told.ReplaceAllString(got.Body, "")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(pullRequest{}, "Labels", "Assignees")); diff != "" {
		f.Errorf("%s: #%d, which is held (-want +got):\n%s", s.name, want.Number, diff)
	}
}

// checkOpen holds that a pull request says and does what is wanted.
func (f *fleet) checkOpen(s *ship, p pullRequest, key string, images []int) {
	f.Helper()
	if got := keyOf(p.Body); got != key {
		f.Errorf("%s: the key of #%d is %.8s, want %.8s", s.name, p.Number, got, key)
	}
	want := map[string]string{}
	for _, i := range images {
		want[files()[i]] = f.manifest(s, i, s.newest[i])
	}
	for file, text := range want {
		if diff := cmp.Diff(strings.TrimSpace(text), witness(f.T, s, "cat-file", "blob", p.Head.Ref+":"+file)); diff != "" {
			f.Errorf("%s: %s on %s (-want +got):\n%s", s.name, file, p.Head.Ref, diff)
		}
	}
	ahead := witness(f.T, s, "rev-list", "--count", "main.."+p.Head.Ref)
	behind := witness(f.T, s, "rev-list", "--count", p.Head.Ref+"..main")
	if ahead != "1" || behind != "0" && !strings.Contains(s.rig.config, "rebase: conflict") {
		f.Errorf("%s: %s is %s ahead of main and %s behind", s.name, p.Head.Ref, ahead, behind)
	}
	var labels []string
	for _, l := range p.Labels {
		labels = append(labels, l.Name)
	}
	if diff := cmp.Diff(s.rig.labels, labels); diff != "" {
		f.Errorf("%s: labels of #%d (-want +got):\n%s", s.name, p.Number, diff)
	}
}

// wantKey is the key of what is to be proposed for some images; "" for nothing.
func (f *fleet) wantKey(s *ship, images []int) string {
	f.Helper()
	var changes []gitwriter.Change
	for _, i := range images {
		_, base, _ := strings.Cut(witness(f.T, s, "cat-file", "blob", "main:"+files()[i]), s.images[i]+":1.0.")
		version, err := strconv.Atoi(strings.TrimSpace(base))
		if err != nil {
			f.Fatal(err)
		}
		if version < s.newest[i] {
			changes = append(changes, gitwriter.Change{
				File: files()[i], Path: "spec.containers[0].image", From: fmt.Sprintf("1.0.%d", version), To: fmt.Sprintf("1.0.%d", s.newest[i]),
			})
		}
	}
	if len(changes) == 0 {
		return ""
	}
	return gitwriter.Key(changes)
}

// checkBranches holds that there is a branch for each open pull request, and no other
// but what a person may want to open again or has committed to, and what a killed bot
// pushed without having opened a pull request: that goes an hour later.
func (f *fleet) checkBranches(s *ship, open map[string]pullRequest) {
	f.Helper()
	want := []string{"main"}
	for _, group := range slices.Sorted(maps.Keys(open)) {
		want = append(want, "towline/"+group)
	}
	known := map[string]bool{} // heads of pull requests that people haven't closed
	for _, p := range pullsOf(f.T, s) {
		known[p.Head.SHA] = !s.closed[keyOf(p.Body)]
	}
	var got []string
	for line := range strings.Lines(witness(f.T, s, "for-each-ref", "--format=%(objectname) %(refname:short) %(committername)", "refs/heads")) {
		head := strings.Fields(line)
		if known[head[0]] && head[2] != bob || slices.Contains(want, head[1]) {
			got = append(got, head[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s: branches (-want +got):\n%s\nthe pull requests are\n%s", s.name, diff, f.pulls(s))
	}
}

// pulls tells of all of a ship's pull requests, for messages.
func (f *fleet) pulls(s *ship) string {
	f.Helper()
	var b strings.Builder
	for _, p := range pullsOf(f.T, s) {
		fmt.Fprintf(&b, "#%d %s %s at %.8s %q%s\n", p.Number, p.State, p.Head.Ref, p.Head.SHA, p.Title, hiddenWords(p.Body))
	}
	return b.String() + witness(f.T, s, "log", "--all", "--graph", "--oneline")
}
