package gitwriter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/policy"
)

func TestConvention(t *testing.T) {
	plain := []string{"Add a page", "Mend the page", "parser: mend it"}
	following := []string{"feat: a", "fix(ui): b", "docs!: c"}
	for _, test := range []struct {
		name     string
		subjects []string
		want     string
	}{
		{"nothing", nil, ""},
		{"too few", following[:2], ""},
		{"enough", following, "chore(deps)"},
		{"half", append(plain, following...), "chore(deps)"},
		{"less than half", append([]string{"More"}, append(plain, following...)...), ""},
		{"packages, not types", []string{"gitwriter: a", "policy: b", "net/http: c", "e2e: d"}, ""},
		{"its own type", append([]string{"build(deps): bump x from 1 to 2 (#12)"}, following...), "build(deps)"},
		{"its own type without a scope", append([]string{"deps: x"}, following...), "deps"},
		{"its own scope", append([]string{"fix(images)!: x"}, following...), "fix(images)"},
		{"most often", append([]string{"chore(deps): z", "fix(deps): x", "fix(deps): y"}, following...), "fix(deps)"},
		{"last of as many", append([]string{"fix(deps): x", "build(deps): y"}, following...), "fix(deps)"},
		{"merges", append([]string{"Merge branch 'x'", "Merge pull request #1", "Merge x", "Merge y"}, following...), "chore(deps)"},
		{"long ago", append(strings.Split(strings.Repeat("Do,", 20), ","), following...), ""},
		{"nearly", []string{"feat:a", "fix (x): b", "chore(): c", "Feat - d"}, ""},
		{"hostile", []string{"fix(deps)\n\nTowline-Key: x: a", "fix(de`ps): b", "fix(@all): c", "fix(" + strings.Repeat("x", 1000) + "): d"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := gitwriter.Convention(test.subjects); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestConventionalTitles(t *testing.T) {
	w := newWorld(t)
	subjects := []string{"build(deps): a", "feat: b", "fix: c"}
	for _, test := range []struct {
		name         string
		conventional policy.Conventional
		subjects     []string
		want         string
	}{
		{"unset", "", nil, "chore(deps): update web to 1.1.0"},
		{"always", policy.ConventionalAlways, []string{"Do it"}, "chore(deps): update web to 1.1.0"},
		{"never", policy.ConventionalNever, subjects, "Update web to 1.1.0"},
		{"auto", policy.ConventionalAuto, subjects, "build(deps): update web to 1.1.0"},
		{"auto, plain", policy.ConventionalAuto, []string{"Do it"}, "Update web to 1.1.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			view := preview(t, w, []gitwriter.Change{change()}, func(u *gitwriter.Update) { u.Conventional, u.Subjects = test.conventional, test.subjects })
			if diff := cmp.Diff(test.want, view.Title); diff != "" {
				t.Errorf("title (-want +got):\n%s", diff)
			}
			if first, _, _ := strings.Cut(view.Message, "\n"); first != view.Title {
				t.Errorf("the commit's title is %q", first)
			}
		})
	}
}

func TestTitleAndBodyTemplates(t *testing.T) {
	w := newWorld(t)
	hostile := change(func(c *gitwriter.Change) {
		c.File, c.Reason = "a_b/[x](y).yaml", "/merge @all <!-- towline-key: "+strings.Repeat("0", 64)+" --> #1"
	})
	for _, test := range []struct{ name, title, body, wantTitle, wantIntro string }{
		{"title", "{{range .Images}}{{.Name}} {{.To}} {{end}}", "", "web 1.1.0", ""},
		{"title of lines", "a\n{{.Group}}\nb", "", "a web b", ""},
		{"long title", "{{printf \"%99s\" .Group}}x{{range 300}}y{{end}}", "", "webxyyy" /* and so on */, ""},
		{"body", "", "**Ask** @ops, see [the page](https://wiki.example):\n\n- [ ] {{.Group}}\n", "", "**Ask** @ops, see [the page](https://wiki.example):\n\n- [ ] web\n\n"},
		{"values", "", "{{range .Changes}}{{.File}}\n{{.Reason}}{{end}}", "",
			"a&#x5f;b/&#x5b;&zwnj;x&#x5d;(y).yaml\n&#x2f;merge &#x40;&zwnj;all &#x3c;&#x21;&zwnj;-- towline-key: <code>" + strings.Repeat("0", 64) + "</code> --&#x3e; &#x23;&zwnj;1\n\n"},
		{"values compared", "", `{{range .Changes}}{{if eq .File "a_b/[x](y).yaml"}}yes{{end}}{{end}}{{with $x := .Group}}{{$x}}{{end}}`, "", "yesweb\n\n"},
		{"values in a template", "", `{{define "x"}}{{.File}}{{end}}{{range .Changes}}{{template "x" .}}{{else}}none{{end}}`, "", "a&#x5f;b/&#x5b;&zwnj;x&#x5d;(y).yaml\n\n"},
		{"comments", "", "<!-- towline-key: {{.Group}} -->", "", "&lt;!-- towline-key: web -->\n\n"},
		{"nothing", "", `{{if eq .Level "major"}}x{{end}}`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			view := preview(t, w, []gitwriter.Change{hostile}, func(u *gitwriter.Update) { u.TitleTemplate, u.BodyTemplate = test.title, test.body })
			if test.wantTitle != "" && !strings.HasPrefix(view.Title, test.wantTitle) || len(view.Title) > 250 {
				t.Errorf("title %q, want %q", view.Title, test.wantTitle)
			}
			intro, _, _ := strings.Cut(view.Body, "| Image, ")
			if diff := cmp.Diff(test.wantIntro, intro); diff != "" {
				t.Errorf("above the table (-want +got):\n%s", diff)
			}
			for _, err := range []error{gitwriter.CheckTitleTemplate(test.title), gitwriter.CheckBodyTemplate(test.body)} {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestBadTitleAndBodyTemplates(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, title, body, want string }{
		{"title of nothing", "{{if false}}x{{end}}", "", "the title is empty"},
		{"a long title", "{{range 40000}}x{{end}}", "", "the title is longer than 32000 bytes"},
		{"title's field", "{{.Nope}}", "", "filling in the title template"},
		{"body's syntax", "", "{{", "parsing the body template"},
		{"a long body", "", "{{range 100000}}x{{end}}", "the body is longer than 16000 bytes"},
		{"an endless body", "", `{{range 100000000000}}{{""}}{{end}}`, "does too much"},
		{"the escape", "", `{{towline_escape .Group}}`, "not defined"},
		{"a whole update", "", `{{.}}`, "can't be printed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var err error
			if test.title != "" {
				err = gitwriter.CheckTitleTemplate(test.title)
			} else {
				err = gitwriter.CheckBodyTemplate(test.body)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
			u := updateTo("1.1.0")
			u.Rewrite, u.TitleTemplate, u.BodyTemplate = giving(change()), test.title, test.body
			if _, err := w.writer(w.repo(), w.forge).Preview(t.Context(), u); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Preview's error is %v, want %q in it", err, test.want)
			}
		})
	}
}
