package git_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// trap is a repository that is out to harm who reads it, beside what it holds of any
// other: a policy, and a manifest that it moves.
type trap struct {
	name         string
	files, modes map[string]string
	entry        string // of the root, in a repository that has only that
	branch       string
	// says is what a line of the log holds that also names the repository; empty where
	// there is nothing to tell.
	says string
	// works tells that the repository's own manifest is updated all the same.
	works bool
}

const linkMode, moduleMode = "120000", "160000"

// traps are hostile in what a tree can hold. module is a URL for a submodule.
func (s *scene) traps(module string) []trap {
	link := func(name, to string) trap {
		return trap{files: map[string]string{name: to}, modes: map[string]string{name: linkMode}}
	}
	named := func(t trap, name, says string, works bool) trap {
		t.name, t.says, t.works = name, says, works
		return t
	}
	yaml := func(name, text string) trap { return trap{files: map[string]string{name: text}} }
	const header = "apiVersion: towline.dev/v1\nkind: UpdateConfig\n"
	image := "image: " + s.image("web") + ":1.0.0\n"
	hash := strings.Repeat("5e", 20)
	return []trap{
		named(link("evil.yaml", "../../../../etc/passwd"), "link-up", "leads out of the repository", true),
		named(link("evil.yaml", "/etc/passwd"), "link-absolute", "leads out of the repository", true),
		named(link("apps", "/etc"), "link-folder", "", true),
		named(link("loop.yaml", "loop.yaml"), "link-loop", "too many symbolic links", true),
		named(link(".towline.yaml", "/etc/passwd"), "link-config", "leads out of the repository", false),
		named(yaml("bomb.yaml", bomb()), "bomb", "", true),
		named(yaml(".towline.yaml", header+bomb()), "bomb-config", "unknown field", false),
		named(yaml("deep.yaml", image+"deep: "+strings.Repeat("[", 100_000)), "deep", "not valid YAML", true),
		named(yaml("deep.yaml", image+"deep: "+strings.Repeat("{a: ", 100_000)), "deep-maps", "not valid YAML", true),
		named(yaml(".towline.yaml", header+"spec: "+strings.Repeat("[", 100_000)), "deep-config", "not valid YAML", false),
		named(yaml("latin1.yaml", "# gr\xf6\xdfer\n"+image), "latin1", "not valid YAML", true),
		named(trap{
			files: map[string]string{"m": hash, "m.yaml": hash, ".gitmodules": "[submodule \"m\"]\n\tpath = m\n\turl = http://169.254.169.254/latest/meta-data\n" +
				"[submodule \"n\"]\n\tpath = m.yaml\n\turl = " + module + "\n"},
			modes: map[string]string{"m": moduleMode, "m.yaml": moduleMode},
		}, "submodule", "", true),
		{name: "entry-up", entry: "..", says: `named ".."`},
		{name: "entry-git", entry: ".git", says: `named ".git"`},
		{name: "entry-path", entry: "a/b", says: `named "a/b"`},
		{name: "entry-empty", entry: "", says: "fetching branch"},
		{name: "branch-option", branch: "--upload-pack=touch " + s.marker(), says: "begins with a dash"},
		{name: "branch-lines", branch: "main\nevil", says: "isn't one that Git allows"},
	}
}

// marker is a file that must not come into being.
func (s *scene) marker() string { return filepath.Join(s.dir, "marker") }

// bomb is a document whose aliases stand for 10 to the 30th values.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 29 {
		text += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	return text + "image: *a29\n"
}

// set makes a trap's repository.
func (s *scene) set(t trap) served {
	s.Helper()
	repo := served{GiteaRepo: s.bare(t.name), forge: "plain", branch: t.branch}
	if t.says != "" && t.files == nil && t.branch == "" {
		s.plain.HostileCommit(t.name, t.entry)
		return repo
	}
	files := s.webFiles("1.0.0")
	maps.Copy(files, t.files)
	s.plain.Commit(t.name, gitrepotest.Commit{Files: files, Modes: t.modes})
	return repo
}

// webFiles are a policy and a manifest at a version.
func (s *scene) webFiles(version string) map[string]string {
	return map[string]string{
		"policy.yaml": fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: web}\nspec:\n  image: %s\n  policy: {semver: {range: 1.x}}\n  update: {mode: commit}\n", s.image("web")),
		"pod.yaml":    fmt.Sprintf("kind: Pod\nspec:\n  containers:\n  - image: %s:%s\n", s.image("web"), version),
	}
}

// TestTraps holds that hostile repositories keep a bot neither from the healthy one
// beside them nor from what is sound in themselves, and that each is told of by name.
func TestTraps(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.publish("web", "1.0.0", "1.1.0")
	var reached atomic.Int32
	module := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(module.Close)
	traps := s.traps(module.URL)
	healthy := s.healthy()
	all := []served{healthy}
	for _, trap := range traps {
		all = append(all, s.set(trap))
	}
	r := s.once(s.botConfig("traps", all...))
	s.wantFailed(r)
	s.wantWeb(healthy)
	for i, trap := range traps {
		if trap.says != "" && !told(r.log, all[i+1].URL[len("http://"):], trap.says) {
			t.Errorf("no line of the log says %q of %s", trap.says, trap.name)
		}
		if trap.works {
			s.wantWeb(all[i+1])
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the submodule's server was asked %d times", n)
	}
	if found, err := filepath.Glob(s.marker()); err != nil || len(found) > 0 {
		t.Errorf("the branch's name was run as a command (%v)", err)
	}
	if t.Failed() {
		t.Logf("the log:\n%s", r.log)
	}
}

// healthy is a repository on Gitea with nothing wrong about it.
func (s *scene) healthy() served {
	s.Helper()
	repo := s.gitea.Repo(s)
	p := s.clone(repo)
	for name, content := range s.webFiles("1.0.0") {
		p.write(name, content)
	}
	p.commit("Add web")
	return served{GiteaRepo: repo}
}

// wantFailed holds that a round ended with exit code 1, in messages that a terminal can
// take.
func (s *scene) wantFailed(r round) {
	s.Helper()
	if r.code != 1 || r.interrupted != nil {
		s.Errorf("the bot ends with %d (%v), want 1", r.code, r.interrupted)
	}
	for line := range strings.Lines(r.out + r.log) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
			s.Errorf("this line has control characters: %q", line)
		}
	}
	if tooMuch := 16 << 10; len(r.out)+len(r.log) > tooMuch<<4 {
		s.Errorf("the bot says %d bytes", len(r.out)+len(r.log))
	}
}

// wantWeb holds that the last commit of a repository moves its manifest, and nothing else.
func (s *scene) wantWeb(r served) {
	s.Helper()
	want := s.webFiles("1.1.0")
	if diff := cmp.Diff(want["pod.yaml"], s.seen(r.GiteaRepo, "cat-file", "blob", "main:pod.yaml")); diff != "" {
		s.Errorf("pod.yaml of %s (-want +got):\n%s", r.URL, diff)
		return
	}
	if got := s.seen(r.GiteaRepo, "diff-tree", "-r", "--name-status", "main^", "main"); got != "M\tpod.yaml\n" {
		s.Errorf("%s: the update changes %q", r.URL, got)
	}
}
