package pulls_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/registry/registrytest"
)

// hostile is a repository whose images, and the notes of whose releases, were written by
// somebody who means harm.
type hostile struct {
	*fleet
	server *forgetest.Server
	notes  *notesHost
	place  place
	images []string
	file   string // the bot's configuration
}

// TestHostileTexts holds that the words of publishers are words on the pages of pull
// requests and of the dashboard, and nothing else: they take the whole way from labels
// and release notes through the program to the forge's page. One update of all images
// has more to say than a body holds.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, group string
		pulls       int
	}{
		{"each alone", "", 2 * len(hostileTexts())},
		{"all together", "all", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t, test.group)
			h.mustOnce(h.file)
			pulls := pullsOf(t, h.place)
			if len(pulls) != test.pulls {
				t.Errorf("%d pull requests, want %d", len(pulls), test.pulls)
			}
			for _, p := range pulls {
				h.checkPull(p)
			}
			h.checkDashboard(pulls)
			h.checkNotes()
			h.rest(h.file, func() int { return writes(h.server) })
			if err := os.RemoveAll(h.stateDir("kept")); err != nil {
				t.Fatal(err)
			}
			h.rest(h.file, func() int { return writes(h.server) })
		})
	}
}

// newHostile publishes two images for each text: one with release notes, and one that
// names a source at a host that nobody asks.
func newHostile(t *testing.T, group string) *hostile {
	t.Helper()
	c := &clock{runs: true}
	h := &hostile{server: newOurServer(t, c), notes: newNotesHost(t)}
	h.place = newOurPlace(t, h.server, c, repository)
	h.fleet = &fleet{
		T: t, dir: t.TempDir(), registry: registrytest.New(t, registrytest.Options{}),
		kind: "github", root: h.server.BaseURL() + "/api/v3", ships: []*ship{{place: h.place, name: repository}},
	}
	for name, text := range hostileTexts() {
		h.publish(name, hostileLabels(h.notes.URL+"/acme/"+name, text))
		h.publish(name+"-claims", hostileLabels("https://evil.example/acme/web/"+text, text))
	}
	slices.Sort(h.images)
	h.manifests(group)
	h.file = h.config("kept")
	text, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Appendf(text, "releaseNotes:\n  hosts:\n  - {host: %q, type: gitea, url: \"%s/api/v1\"}\n", h.notes.host(), h.notes.URL)
	if err := os.WriteFile(h.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// hostileLabels are an image's labels; whatever may hold any text holds the hostile one,
// as often as the bot reads: of a config it takes four megabytes.
func hostileLabels(source, text string) map[string]string {
	labels := map[string]string{"org.opencontainers.image.source": source}
	names := []string{"version", "description"}
	if len(text) < 1<<19 {
		names = append(names, "title", "revision", "url", "vendor", "authors", "licenses")
		labels[text] = text
	}
	for _, name := range names {
		labels["org.opencontainers.image."+name] = text
	}
	return labels
}

func (h *hostile) publish(image string, labels map[string]string) {
	h.Helper()
	for i, tag := range []string{"1.0.0", "1.1.0"} {
		if _, err := h.registry.Push(image, tag, storyBegins().Add(time.Duration(i)*time.Hour), labels); err != nil {
			h.Fatal(err)
		}
	}
	h.images = append(h.images, image)
}

// manifests lets Alice use the first version of each image.
func (h *hostile) manifests(group string) {
	h.Helper()
	files := map[string]string{".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  dashboard: {enabled: true}\n"}
	for _, image := range h.images {
		files[image+".policy.yaml"] = fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec:\n  image: %s/%s\n  policy: {semver: {range: 1.x}}\n",
			image, h.registry.Host(), image)
		if group != "" {
			files[image+".policy.yaml"] += "  update: {group: " + group + "}\n"
		}
		files[image+".yaml"] = fmt.Sprintf("kind: Pod\nspec: {containers: [{name: it, image: %s/%s:1.0.0}]}\n", h.registry.Host(), image)
	}
	h.place.commit(h.T, personsCommit{who: alice, branch: "main", message: "Add the manifests", files: files})
}

// checkPull holds a pull request against what all have in common.
func (h *hostile) checkPull(p pullRequest) {
	h.Helper()
	if n := utf8.RuneCountInString(p.Body); n > 65536 {
		h.Errorf("#%d has %d characters", p.Number, n)
	}
	if strings.ContainsFunc(p.Title, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		h.Errorf("#%d is called %q", p.Number, p.Title)
	}
	var changes []gitwriter.Change
	for _, image := range h.images {
		if groupOf(p) == "all" || groupOf(p) == image {
			changes = append(changes, gitwriter.Change{File: image + ".yaml", Path: "spec.containers[0].image", From: "1.0.0", To: "1.1.0"})
		}
	}
	keys := regexp.MustCompile(`<!--\s*towline-key:\s*(\S*)`).FindAllStringSubmatch(p.Body, -1)
	if len(keys) != 1 || keys[0][1] != gitwriter.Key(changes) {
		h.Errorf("the keys of #%d are %q, want %q", p.Number, keys, gitwriter.Key(changes))
	}
	for _, page := range h.pages(fmt.Sprintf("/pull/%d", p.Number), p.Body) {
		if groupOf(p) == "all" || h.notes.tells(groupOf(p)) {
			page.wants = append(page.wants, benign)
		}
		page.check()
	}
}

// checkDashboard holds that the dashboard shows no more than pull requests do.
func (h *hostile) checkDashboard(pulls []pullRequest) {
	h.Helper()
	var all []issue
	must(h.T, h.place, apiCall{method: http.MethodGet, path: "/issues?state=open", who: bob, out: &all})
	all = slices.DeleteFunc(all, func(i issue) bool { return i.Pull != nil })
	if len(all) != 1 {
		h.Fatalf("there are %d open issues, want the dashboard", len(all))
	}
	for _, page := range h.pages(fmt.Sprintf("/issues/%d", all[0].Number), all[0].Body) {
		page.boxes = true
		for _, p := range pulls {
			page.wants = append(page.wants, p.Title)
		}
		page.check()
	}
}

// checkNotes holds that the host of release notes was asked for what images name, within
// its API.
func (h *hostile) checkNotes() {
	h.Helper()
	want := map[string]bool{}
	for name := range hostileTexts() {
		want["/api/v1/repos/acme/"+name] = true
	}
	if diff := cmp.Diff(want, h.notes.projects()); diff != "" {
		h.Errorf("projects that were asked for (-want +got):\n%s", diff)
	}
}
