package git_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	sdk "code.gitea.io/sdk/gitea"
)

// The three ways in which a repository of a fleet takes updates.
const (
	byCommit = "commit"       // policies in mode commit
	byPull   = "pull-request" // the default mode
	byPush   = "push"         // the default mode, at a forge without pull requests
)

// fleet is a number of repositories, each with two images in groups of their own.
type fleet struct {
	*scene
	repos    []*vessel
	versions []int // the last number of each image's newest version
}

// vessel is a repository of a fleet, and what was done to it beside the bot.
type vessel struct {
	served
	way     string
	images  [2]int // of groups "web" and "db"
	person  *person
	remarks int            // commits of the person
	merged  map[string]int // pull requests that the person merged, by group
}

// groups are the names of a vessel's policies, in the order of its images.
func groups() []string { return []string{"web", "db"} }

// newFleet makes n repositories whose manifests name versions 1.0.0.
func newFleet(s *scene, n int) *fleet {
	s.Helper()
	f := &fleet{scene: s, versions: make([]int, n/2)}
	for i := range f.versions {
		s.publish(imageName(i), "1.0.0")
	}
	ways := [3]string{byCommit, byPull, byPush}
	f.repos = make([]*vessel, n)
	for i := range f.repos {
		f.repos[i] = &vessel{way: ways[i%len(ways)], images: [2]int{i % len(f.versions), (i + 3) % len(f.versions)}, merged: map[string]int{}}
	}
	if err := sideBySide(n, func(i int) error { return f.build(f.repos[i]) }); err != nil {
		s.Fatal(err)
	}
	return f
}

// build makes a vessel's repository.
func (f *fleet) build(v *vessel) (err error) {
	v.GiteaRepo = f.gitea.Repo(f)
	if v.way == byPush {
		v.forge = "plain"
	}
	p := f.clone(v.GiteaRepo)
	v.person = &p
	for i, group := range groups() {
		p.write(group+".yaml", f.manifest(v, i, "1.0.0"))
	}
	p.write("policies.yaml", f.policies(v))
	p.commit("Add the manifests")
	return nil
}

func (f *fleet) served() []served {
	all := make([]served, len(f.repos))
	for i, v := range f.repos {
		all[i] = v.served
	}
	return all
}

func imageName(i int) string { return fmt.Sprintf("fleet/image%d", i) }

// manifest is a file of a vessel with the i-th image at a version: the first has
// Windows line ends and the remarks of people, the second has a byte order mark and no
// line end at its end.
func (f *fleet) manifest(v *vessel, i int, version string) string {
	image := f.image(imageName(v.images[i])) + ":" + version
	if i == 1 {
		return "\ufeff# größer\nkind: Pod\nspec: {containers: [{name: \"db\",   image: '" + image + "' }]} # end"
	}
	text := "# Ours\n\nkind:   Pod\nspec:\n    containers:\n    -   image: " + image + "   # kept\n        name: web\n\n\n\n# Remarks:\n"
	for n := range v.remarks {
		text += fmt.Sprintf("# remark %d\n", n+1)
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func (f *fleet) policies(v *vessel) string {
	var docs []string
	for i, group := range groups() {
		doc := fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s\n  policy: {semver: {range: 1.x}}\n  update: {paths: [%s.yaml]}\n",
			group, f.image(imageName(v.images[i])), group)
		if v.way == byCommit {
			doc = strings.Replace(doc, "update: {", "update: {mode: commit, ", 1)
		}
		docs = append(docs, doc)
	}
	return strings.Join(docs, "---\n")
}

// version is an image's newest one.
func (f *fleet) version(image int) string { return fmt.Sprintf("1.0.%d", f.versions[image]) }

// release gives an image a new version.
func (f *fleet) release(image int) {
	f.Helper()
	f.versions[image]++
	f.publish(imageName(image), f.version(image))
}

// somebodyCommits lets a person add to one of the manifests.
func (f *fleet) somebodyCommits(chance *rand.Rand) {
	f.Helper()
	v := f.repos[chance.IntN(len(f.repos))]
	v.person.git("pull", "--quiet", "--rebase", "origin", "main")
	v.remarks++
	text := v.person.read("web.yaml") + fmt.Sprintf("# remark %d\r\n", v.remarks)
	v.person.write("web.yaml", text)
	v.person.commit(fmt.Sprintf("Remark %d", v.remarks))
}

// somebodyMerges lets a person merge one of the open pull requests, if there are any.
func (f *fleet) somebodyMerges(chance *rand.Rand) {
	f.Helper()
	for _, i := range chance.Perm(len(f.repos)) {
		v := f.repos[i]
		if v.way != byPull {
			continue
		}
		for _, pull := range f.pulls(v.GiteaRepo) {
			if pull.State == sdk.StateOpen {
				f.merge(v.GiteaRepo, pull.Index)
				v.merged[strings.TrimPrefix(pull.Head.Name, "towline/")]++
				return
			}
		}
	}
}
