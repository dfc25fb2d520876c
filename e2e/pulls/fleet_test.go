package pulls_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry/registrytest"
)

// fleet is a number of repositories with what people did to them, looked after by the
// program itself.
type fleet struct {
	*testing.T
	kind     string // of the forge, for the bot's configuration
	root     string // of the forge
	dir      string
	registry *registrytest.Server
	ships    []*ship
	// later lets a second go by at the forge, which dates by the second: people are slower.
	later func()
}

// ship is a repository of a fleet with two images of its own, web and db.
type ship struct {
	place
	name   string
	rig    rig
	images [2]string
	newest [2]int          // last number of the newest version
	closed map[string]bool // hidden keys of what a person closed, or wants ignored
	frozen map[string]bool // groups on whose branch a person has a commit
	// ignored are pull requests that somebody wants ignored, by number.
	ignored map[int]bool
	// held are pull requests that somebody holds, as they were then, by group.
	held map[string]pullRequest
}

// rig is how a ship takes its updates.
type rig struct {
	name   string
	config string
	group  string // of both policies; "" for one each
	limit  int    // of open pull requests; 0 for none
	labels []string
}

// rigs are in turn those of a fleet's ships.
func rigs() []rig {
	return []rig{
		{name: "plain"},
		{name: "group", group: "both"},
		{name: "limit", config: "limits: {open: 1}\n", limit: 1},
		{name: "decorated", config: "labels: [images]\nassignees: [bob]\n", labels: []string{"images"}},
		{name: "conflict", config: "pullRequest: {rebase: conflict}\n"},
	}
}

// files are the manifests, in the order of a ship's images.
func files() [2]string { return [2]string{"web.yaml", "db.yaml"} }

// newFleet makes the repositories; newPlace makes the i-th.
func newFleet(t *testing.T, n int, newPlace func(i int) place) *fleet {
	t.Helper()
	f := &fleet{T: t, dir: t.TempDir(), registry: registrytest.New(t, registrytest.Options{})}
	for i := range n {
		s := &ship{
			place: newPlace(i), name: fmt.Sprintf("ship %d", i), rig: rigs()[i%len(rigs())],
			images: [2]string{fmt.Sprintf("web%d", i), fmt.Sprintf("db%d", i)},
			closed: map[string]bool{}, frozen: map[string]bool{}, ignored: map[int]bool{}, held: map[string]pullRequest{},
		}
		s.name += " (" + s.rig.name + ")"
		f.ships = append(f.ships, s)
		f.build(s)
	}
	return f
}

func (f *fleet) build(s *ship) {
	f.Helper()
	c := personsCommit{who: alice, branch: "main", message: "Add the manifests", files: map[string]string{}}
	if s.rig.config != "" {
		c.files[".towline.yaml"] = "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n" + indented(s.rig.config)
	}
	for i, file := range files() {
		group := ""
		if s.rig.group != "" {
			group = "  update: {group: " + s.rig.group + "}\n"
		}
		c.files["policy-"+file] = fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s/%s\n  policy: {semver: {range: 1.x}}\n%s",
			strings.TrimSuffix(file, ".yaml"), f.registry.Host(), s.images[i], group)
		c.files[file] = f.manifest(s, i, 0)
		f.publish(s, i, 0)
	}
	s.commit(f.T, c)
}

// manifest is the i-th file at a version.
func (f *fleet) manifest(s *ship, i, version int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  containers:\n  - name: it\n    image: %s/%s:1.0.%d\n", f.registry.Host(), s.images[i], version)
}

func (f *fleet) publish(s *ship, i, version int) {
	f.Helper()
	if err := f.registry.PushTags(s.images[i], fmt.Sprintf("1.0.%d", version)); err != nil {
		f.Fatal(err)
	}
	s.newest[i] = max(s.newest[i], version)
}

// config writes a configuration of the bot with its state in the folder of that name.
func (f *fleet) config(state string) (file string) {
	f.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: towline.dev/v1\nkind: BotConfig\nstateDir: %q\nrepositories:\n", f.stateDir(state))
	for _, s := range f.ships {
		fmt.Fprintf(&text, "- {url: %q, auth: {tokenEnv: PULLS_TOKEN}, forge: {type: %s, url: %q}}\n", s.url(), f.kind, f.root)
	}
	fmt.Fprintf(&text, "registries:\n- {host: %q, plainHTTP: true, requestsPerSecond: 10000}\n", f.registry.Host())
	file = filepath.Join(f.dir, state+".yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		f.Fatal(err)
	}
	return file
}

func (f *fleet) stateDir(state string) string { return filepath.Join(f.dir, "state", state) }

// bot is one round of the program, not yet started.
func (f *fleet) bot(ctx context.Context, config string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, testbed.Towline(f.T), "bot", "--once", "--config", config)
	cmd.Env = append(os.Environ(), "PULLS_TOKEN="+f.ships[0].token(robot), "HOME="+f.dir)
	return cmd
}

// mustOnce runs one round, which must go well.
func (f *fleet) mustOnce(config string) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	if out, err := f.bot(ctx, config).CombinedOutput(); err != nil {
		f.Fatalf("the bot ends with %v:\n%s", err, out)
	}
}

// groups are the groups of a ship with the places of their images.
func (s *ship) groups() map[string][]int {
	if s.rig.group != "" {
		return map[string][]int{s.rig.group: {0, 1}}
	}
	return map[string][]int{"web": {0}, "db": {1}}
}

// open gives one of a ship's open pull requests, by chance. Nobody does anything with
// those that are to be ignored.
func (f *fleet) open(s *ship, chance *rand.Rand) (pullRequest, bool) {
	f.Helper()
	all := slices.DeleteFunc(pullsOf(f.T, s), func(p pullRequest) bool { return p.State != "open" || s.ignored[p.Number] })
	if len(all) == 0 {
		return pullRequest{}, false
	}
	return all[chance.IntN(len(all))], true
}

func groupOf(p pullRequest) string { return strings.TrimPrefix(p.branch(), "towline/") }
