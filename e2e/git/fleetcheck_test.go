package git_test

import (
	"fmt"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/google/go-cmp/cmp"
)

// check holds that every repository has what was to be done to it, once.
func (f *fleet) check() {
	f.Helper()
	for i, v := range f.repos {
		name := fmt.Sprintf("repository %d (%s)", i, v.way)
		reached := f.checkMain(name, v)
		f.checkBranches(name, v, reached)
		f.checkPulls(name, v, reached)
	}
}

// checkMain holds that main has each commit of a person, and each update in one step
// after the other, and gives the versions that it has reached by group.
func (f *fleet) checkMain(name string, v *vessel) map[string]string {
	f.Helper()
	var people []string
	reached := map[string]string{"web": "1.0.0", "db": "1.0.0"}
	steps := map[string]int{}
	for _, c := range f.log(v.GiteaRepo, "main") {
		switch {
		case !c.ours() && len(c.parents) < 2:
			people = append(people, c.subject)
		case c.ours():
			group := strings.Join(c.policies, " ")
			if want := []string{reached[group]}; !slices.Equal(c.from, want) || len(c.to) != 1 {
				f.Errorf("%s: %s takes %q from %q to %q; main was at %q", name, c.hash, group, c.from, c.to, want)
			}
			if want := []string{"1\t1\t" + group + ".yaml"}; !slices.Equal(c.files, want) {
				f.Errorf("%s: %s changes %q, want %q", name, c.hash, c.files, want)
			}
			reached[group] = strings.Join(c.to, " ")
			steps[group]++
		}
	}
	want := []string{"Initial commit", "Add the manifests"}
	for n := range v.remarks {
		want = append(want, fmt.Sprintf("Remark %d", n+1))
	}
	if diff := cmp.Diff(want, people); diff != "" {
		f.Errorf("%s: the commits of people (-want +got):\n%s", name, diff)
	}
	for i, group := range groups() {
		switch {
		case v.way == byCommit && reached[group] != f.version(v.images[i]):
			f.Errorf("%s: main has %s at %s, want %s", name, group, reached[group], f.version(v.images[i]))
		case v.way != byCommit && steps[group] != v.merged[group]:
			f.Errorf("%s: main has %d updates of %s, and people merged %d", name, steps[group], group, v.merged[group])
		}
		f.checkContent(name, v, "main", i, reached[group])
	}
	return reached
}

// checkContent compares a file with what should stand there, byte by byte.
func (f *fleet) checkContent(name string, v *vessel, branch string, i int, version string) {
	f.Helper()
	file := groups()[i] + ".yaml"
	if diff := cmp.Diff(f.manifest(v, i, version), f.seen(v.GiteaRepo, "cat-file", "blob", branch+":"+file)); diff != "" {
		f.Errorf("%s: %s on %s (-want +got):\n%s", name, file, branch, diff)
	}
}

// checkBranches holds that each update that isn't on main stands on a branch of its
// own, one commit above main.
func (f *fleet) checkBranches(name string, v *vessel, reached map[string]string) {
	f.Helper()
	heads := f.branches(v.GiteaRepo)
	main := heads["main"]
	delete(heads, "main")
	for i, group := range groups() {
		branch := "towline/" + group
		_, there := heads[branch]
		delete(heads, branch)
		to := f.version(v.images[i])
		if to == reached[group] {
			continue // a branch whose pull request was merged may have stayed
		}
		if !there {
			f.Errorf("%s: there's no branch %s", name, branch)
			continue
		}
		commits := f.log(v.GiteaRepo, "main.."+branch)
		if len(commits) != 1 || !slices.Equal(commits[0].parents, []string{main}) ||
			!slices.Equal(commits[0].files, []string{"1\t1\t" + group + ".yaml"}) {
			f.Errorf("%s: %s has %+v, want one commit above main", name, branch, commits)
			continue
		}
		f.checkContent(name, v, branch, i, to)
	}
	if len(heads) > 0 {
		f.Errorf("%s: there are further branches: %v", name, heads)
	}
}

// checkPulls holds that there's one pull request for each merged update, and one for
// each that waits.
func (f *fleet) checkPulls(name string, v *vessel, reached map[string]string) {
	f.Helper()
	want, got := map[string]int{}, map[string]int{}
	for i, group := range groups() {
		if v.way == byPull && f.version(v.images[i]) != reached[group] {
			want["open towline/"+group] = 1
		}
		if v.merged[group] > 0 {
			want["merged towline/"+group] = v.merged[group]
		}
	}
	for _, pull := range f.pulls(v.GiteaRepo) {
		state := "merged "
		if !pull.HasMerged {
			state = string(pull.State) + " "
		}
		got[state+pull.Head.Name]++
		i := slices.Index(groups(), strings.TrimPrefix(pull.Head.Name, "towline/"))
		if pull.State == sdk.StateOpen && i >= 0 && !strings.HasSuffix(pull.Title, " to "+f.version(v.images[i])) {
			f.Errorf("%s: the open pull request is titled %q, want %s at its end", name, pull.Title, f.version(v.images[i]))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s: pull requests (-want +got):\n%s", name, diff)
	}
}
