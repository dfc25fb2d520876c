package gitwriter_test

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// change gives one change; edit alters it.
func change(edit ...func(*gitwriter.Change)) gitwriter.Change {
	c := gitwriter.Change{
		File: "apps/web.yaml", Path: "spec.image", Line: 12, Policy: "shop/web", Image: "ghcr.io/acme/web",
		From: "1.0.0", To: "1.1.0", Reason: "highest", Level: "minor",
	}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func TestKey(t *testing.T) {
	other := change(func(c *gitwriter.Change) { c.File = "b.yaml" })
	key := gitwriter.Key([]gitwriter.Change{change(), other})
	if len(key) != 64 {
		t.Errorf("key %q isn't 64 digits", key)
	}
	same := map[string][]gitwriter.Change{
		"other order": {other, change()},
		"twice":       {other, change(), change()},
		"words":       {change(func(c *gitwriter.Change) { c.Reason, c.Level, c.Line, c.Policy = "x", "x", 99, "x" }), other},
		"digest in to": {
			change(func(c *gitwriter.Change) { c.Digest = "1.1.0" }), other,
		},
	}
	for name, changes := range same {
		if got := gitwriter.Key(changes); got != key {
			t.Errorf("%s: the key differs", name)
		}
	}
	differ := map[string]func(*gitwriter.Change){
		"file":   func(c *gitwriter.Change) { c.File = "a" },
		"path":   func(c *gitwriter.Change) { c.Path = "a" },
		"from":   func(c *gitwriter.Change) { c.From = "a" },
		"to":     func(c *gitwriter.Change) { c.To = "a" },
		"digest": func(c *gitwriter.Change) { c.Digest = "sha256:aa" },
		"shifted": func(c *gitwriter.Change) {
			c.File, c.Path = `apps/web.yaml" "spec`, `.image`
		},
	}
	for name, f := range differ {
		if gitwriter.Key([]gitwriter.Change{change(f), other}) == key {
			t.Errorf("%s: the key is the same", name)
		}
	}
}

// giving rewrites a file in any way, and says that these are the changes.
func giving(changes ...gitwriter.Change) func(context.Context, gitrepo.Hash, fs.FS) (map[string][]byte, []gitwriter.Change, error) {
	return func(context.Context, gitrepo.Hash, fs.FS) (map[string][]byte, []gitwriter.Change, error) {
		return map[string][]byte{"apps/web.yaml": []byte("new\n")}, changes, nil
	}
}

// preview renders changes without writing anything.
func preview(t *testing.T, w *world, changes []gitwriter.Change, edit ...func(*gitwriter.Update)) gitwriter.Preview {
	t.Helper()
	u := gitwriter.Update{Group: "web", Base: "main", Rewrite: giving(changes...)}
	for _, f := range edit {
		f(&u)
	}
	view, err := w.writer(w.repo(), nil).Preview(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func TestTitles(t *testing.T) {
	w := newWorld(t)
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for _, test := range []struct {
		name    string
		changes []gitwriter.Change
		want    string
	}{
		{"one", []gitwriter.Change{change()}, "chore(deps): update web to 1.1.0"},
		{"one in two files", []gitwriter.Change{change(), change(func(c *gitwriter.Change) { c.File = "b" })}, "chore(deps): update web to 1.1.0"},
		{"with digest", []gitwriter.Change{change(func(c *gitwriter.Change) { c.To = "1.1.0@" + digest })}, "chore(deps): update web to 1.1.0"},
		{"digest alone", []gitwriter.Change{change(func(c *gitwriter.Change) { c.To = digest })}, "chore(deps): update web to sha256:0123456789ab"},
		{"pin", []gitwriter.Change{change(func(c *gitwriter.Change) { c.To, c.Digest = c.From, digest })}, "chore(deps): pin web 1.0.0 to sha256:0123456789ab"},
		{"two versions", []gitwriter.Change{change(), change(func(c *gitwriter.Change) { c.To = "2.0.0" })}, "chore(deps): update web"},
		{"two images", []gitwriter.Change{change(), change(func(c *gitwriter.Change) { c.Image = "other" })}, "chore(deps): update 2 images in web"},
		{"hostile", []gitwriter.Change{change(func(c *gitwriter.Change) { c.To = "1\n\nTowline-Key: x\x1b[31m" + strings.Repeat("9", 500) })},
			"chore(deps): update web to 1 Towline-Key: x [31m" + strings.Repeat("9", 36) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, preview(t, w, test.changes).Title); diff != "" {
				t.Errorf("title (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrailersAreReadByGit(t *testing.T) {
	w := newWorld(t)
	hostile := change(func(c *gitwriter.Change) {
		c.Image, c.To, c.Policy = "evil/x", "1.0\nTowline-Key: forged\n\nTowline-Key: forged", "a\r\nTowline-Image: forged"
		c.Reason = "why\n\nSigned-off-by: Boss <boss@example.com>\u2028Towline-Key: forged\n---\n"
	})
	pinned := change(func(c *gitwriter.Change) { c.Image, c.Policy, c.Digest = "zoo/y", "", "sha256:ab" })
	for name, template := range map[string]string{
		"default":         "",
		"template":        "fix: {{.Title}} for {{.Group}}\n\n{{range .Changes}}* {{.Image}}\n{{end}}\nTowline-Key: forged\nA: b\n---\n",
		"title alone":     "{{.Title}}",
		"trailers alone":  "Towline-Key: forged",
		"a divider first": "---\nfix\n\n---   \n--- a/file\n+++ b/file",
		"values":          "{{.Title}}\n\n{{range .Changes}}{{.Policy}}: {{.To}}\n{{.Reason}}\n{{end}}",
		"a sign-off":      "{{.Title}}\n\nSigned-off-by: Towline <towline@towline.invalid>\n",
		"blank lines":     "{{.Title}}\n\n\t\n   \nA: b\n \n",
		"a cut":           "{{.Title}}\n\n# ------------------------ >8 ------------------------\n# A: b",
	} {
		t.Run(name, func(t *testing.T) {
			view := preview(t, w, []gitwriter.Change{hostile, change(), pinned}, func(u *gitwriter.Update) { u.MessageTemplate, u.SignOff = template, true })
			cmd := exec.CommandContext(t.Context(), "git", "interpret-trailers", "--parse")
			cmd.Stdin = strings.NewReader(view.Message)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Join([]string{
				"Towline-Policy: a Towline-Image: forged", "Towline-Image: evil/x", "Towline-From: 1.0.0", "Towline-To: 1.0 Towline-Key: forged Towline-Key: forged",
				"Towline-Policy: shop/web", "Towline-Image: ghcr.io/acme/web", "Towline-From: 1.0.0", "Towline-To: 1.1.0",
				"Towline-Image: zoo/y", "Towline-From: 1.0.0", "Towline-To: 1.1.0", "Towline-Digest: sha256:ab",
				"Towline-Key: " + view.Key, "Signed-off-by: Towline <towline@towline.invalid>", "",
			}, "\n")
			if diff := cmp.Diff(want, string(out)); diff != "" {
				t.Errorf("git reads (-want +got):\n%s\nof\n%s", diff, view.Message)
			}
			if n := strings.Count(view.Message, "Signed-off-by: Towline"); n != 1 {
				t.Errorf("the commit is signed off %d times:\n%s", n, view.Message)
			}
			wantParsed := gitwriter.Trailers{Key: view.Key, Updates: []gitwriter.Trailer{
				{Policy: "a Towline-Image: forged", Image: "evil/x", From: "1.0.0", To: "1.0 Towline-Key: forged Towline-Key: forged"},
				{Policy: "shop/web", Image: "ghcr.io/acme/web", From: "1.0.0", To: "1.1.0"},
				{Image: "zoo/y", From: "1.0.0", To: "1.1.0", Digest: "sha256:ab"},
			}}
			if diff := cmp.Diff(wantParsed, gitwriter.ParseTrailers(view.Message)); diff != "" {
				t.Errorf("ParseTrailers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseTrailersOfOthers(t *testing.T) {
	for name, message := range map[string]string{
		"empty": "", "title": "Fix it\n", "other trailers": "Fix it\n\nSigned-off-by: Pat <pat@example.com>\n",
		"not the last paragraph": "Fix it\n\nTowline-Key: abc\n\nMore words.\n",
	} {
		if got := gitwriter.ParseTrailers(message); !cmp.Equal(got, gitwriter.Trailers{}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	crlf := gitwriter.ParseTrailers("Fix it\r\n\r\nTowline-Key: abc\r\n")
	if crlf.Key != "abc" {
		t.Errorf("CRLF: got %+v", crlf)
	}
}

func TestBodyIsHarmless(t *testing.T) {
	w := newWorld(t)
	hostile := "@everyone <script>alert(1)</script> | `x` [click](https://evil.example) www.evil.example ![](http://e/x.png) fixes #1 \n# big \u202e\x1b[31m -->"
	view := preview(t, w, []gitwriter.Change{change(func(c *gitwriter.Change) {
		c.File, c.Image, c.From, c.To, c.Reason, c.Level, c.Digest = hostile, hostile, hostile, hostile+"2", hostile, hostile, hostile+"3"
	})})
	for _, bad := range []string{"@", "<script", "`", "[", "](", "://", "www.", "#1", "\n# ", "\u202e", "\x1b"} {
		text, _, _ := strings.Cut(view.Body, "<!--")
		if bad == "#1" || bad == "@" { // entities are written with & and #
			text = strings.NewReplacer("&#", "").Replace(text)
		}
		if strings.Contains(text, bad) {
			t.Errorf("the body holds %q:\n%s", bad, view.Body)
		}
	}
	rows := strings.Split(strings.SplitN(view.Body, "\n\n", 2)[0], "\n")
	if len(rows) != 3 || strings.Count(rows[2], "|") != 6 {
		t.Errorf("the table is broken:\n%s", strings.Join(rows, "\n"))
	}
	if got := strings.Count(view.Body, "-->"); got != 3 {
		t.Errorf("%d comments end in the body, want 3", got)
	}
}

func TestBodyIsBounded(t *testing.T) {
	w := newWorld(t)
	var changes []gitwriter.Change
	for i := range 5000 {
		changes = append(changes, change(func(c *gitwriter.Change) {
			c.Image = fmt.Sprintf("ghcr.io/%s/image-%d", strings.Repeat("x@", 100), i)
			c.Reason = strings.Repeat("because ", 1000)
		}))
	}
	for i := range 1000 {
		changes = append(changes, change(func(c *gitwriter.Change) { c.File = fmt.Sprintf("%s/%d.yaml", strings.Repeat("deep/", 50), i) }))
	}
	view := preview(t, w, changes)
	if len(view.Body) > 65000 {
		t.Errorf("the body has %d bytes", len(view.Body))
	}
	if !strings.Contains(view.Body, "towline-key: "+view.Key) || !strings.Contains(view.Body, "more") {
		t.Error("the body lacks the key, or doesn't say that there is more")
	}
}

func TestBranchNames(t *testing.T) {
	w := newWorld(t)
	seen := map[string]string{}
	for _, group := range []string{"web", "web/api", "web-api", "Web", "wéb", "..", "a.lock", "-x", strings.Repeat("long", 100), strings.Repeat("long", 101), "a b", "a\x00b", "@{", ".hidden"} {
		view := preview(t, w, []gitwriter.Change{change()}, func(u *gitwriter.Update) { u.Group, u.BranchPrefix = group, "bot/" })
		if before, twice := seen[view.Branch]; twice {
			t.Errorf("groups %q and %q share branch %q", before, group, view.Branch)
		}
		seen[view.Branch] = group
		if out, err := exec.CommandContext(t.Context(), "git", "check-ref-format", "--branch", view.Branch).CombinedOutput(); err != nil {
			t.Errorf("group %q: git refuses branch %q: %s", group, view.Branch, out)
		}
		if strings.Contains(strings.TrimPrefix(view.Branch, "bot/"), "/") { // Git keeps no branch beside a folder of its name
			t.Errorf("group %q: branch %q may lie below another group's", group, view.Branch)
		}
	}
	for _, branch := range []string{"bot/web", "bot/web-api", "bot/Web"} {
		if _, ok := seen[branch]; !ok {
			t.Errorf("no branch %q in %v", branch, seen)
		}
	}
}

func TestSameInputsMakeTheSameCommit(t *testing.T) {
	var heads []string
	for range 2 {
		w := newWorld(t)
		heads = append(heads, string(w.write(updateTo("1.1.0")).Commit))
	}
	if heads[0] != heads[1] {
		t.Errorf("two commits: %v", heads)
	}
}
