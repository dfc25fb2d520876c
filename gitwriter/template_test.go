package gitwriter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
)

func TestTemplateFields(t *testing.T) {
	w := newWorld(t)
	api := change(func(c *gitwriter.Change) {
		c.Image, c.Digest, c.Level, c.Policy, c.Line = "zoo/API", "sha256:ab", "major", "", 0
	})
	second := change(func(c *gitwriter.Change) { c.File, c.Line = "apps/db.yaml", 3 })
	for _, test := range []struct{ name, template, want string }{
		{"update", "{{.Title}}|{{.Group}}|{{.Level}}|{{.Repository}}|{{.Base}}|{{.Branch}}",
			"chore(deps): update 2 images in web|web|major|deploy|main|towline/web"},
		{"images", "{{range .Images}}{{.Image}} {{.Name}} {{.From}} {{.To}} {{.Digest}} {{.Level}} {{.Policy}} {{.Reason}} {{.Places}}|{{end}}",
			"ghcr.io/acme/web web 1.0.0 1.1.0 minor shop/web highest [apps/db.yaml:3 apps/web.yaml:12]|zoo/API API 1.0.0 1.1.0 sha256:ab major highest [apps/web.yaml]|"},
		{"changes", "{{range .Changes}}{{.File}}:{{.Line}} {{.Path}} {{.Policy}} {{.Image}} {{.From}} {{.To}} {{.Digest}} {{.Level}} {{.Reason}}|{{end}}",
			"apps/db.yaml:3 spec.image shop/web ghcr.io/acme/web 1.0.0 1.1.0 minor highest|apps/web.yaml:12 spec.image shop/web ghcr.io/acme/web 1.0.0 1.1.0 minor highest|" +
				"apps/web.yaml:0 spec.image zoo/API 1.0.0 1.1.0 sha256:ab major highest|"},
		{"functions", `{{with index .Images 1}}{{lower .Name}} {{upper "é"}} {{trunc 2 .Image}} {{base "a/b/c"}} {{join ", " .Places}} {{printf "%-5s|%q|%03d%%" .To .From 7}} {{print 1 2}} {{len .Places}} {{html "<"}} {{urlquery "a b"}}{{end}}`,
			`api É zo c apps/web.yaml 1.1.0|"1.0.0"|007% 1 2 1 &lt; a+b`},
		{"conditions", `{{if eq .Level "major"}}feat!{{else}}fix{{end}}: {{range $i, $m := .Images}}{{if $i}}, {{end}}{{$m.Name}}{{end}}`, "feat!: web, API"},
		{"calls", `{{define "x"}}<{{.Name}}>{{end}}{{range .Images}}{{template "x" .}}{{end}}`, "<web><API>"},
		{"indented", "x\n\n\tcode\n  - y", "x\n\n    code\n  - y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := gitwriter.CheckTemplate(test.template); err != nil && test.name != "functions" { // which wants two images
				t.Error(err)
			}
			u := updateTo("1.1.0")
			u.Rewrite, u.MessageTemplate = giving(change(), api, second), test.template
			view, err := w.writer(w.repo(), w.forge, func(c *gitwriter.Config) { c.Name = "deploy" }).Preview(t.Context(), u)
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := strings.Cut(view.Message, "\n\nTowline-")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadTemplates(t *testing.T) {
	double := `{{$x := "0123456789"}}{{range 64}}{{$x = %s}}{{end}}`
	for _, test := range []struct{ name, template, want string }{
		{"syntax", "{{.Title", "parsing"},
		{"unknown field", "{{.Nope}}", "Nope"},
		{"unknown field of an image", "{{range .Images}}{{.Nope}}{{end}}", "Nope"},
		{"unknown function", "{{env .Title}}", `"env"`},
		{"empty", "{{/* nothing */}}", "the message is empty"},
		{"empty for a level", `{{if eq .Level "patch"}}fix{{end}}`, "the message is empty"},
		{"the sign-off's width", `{{printf "%1000d" 1}}`, "two digits"},
		{"an argument's width", `{{printf "%*d" 1000 1}}`, "isn't supported"},
		{"an argument again", `{{printf "%[1]s%[1]s" .Title}}`, "isn't supported"},
		{"a whole update", `{{printf "%.0s" $}}x`, "can't be printed"},
		{"call", `{{call .Title}}`, "nothing to call"},
		{"a negative width", `{{trunc -1 .Title}}`, "-1"},
		{"huge", "x" + strings.Repeat("{{/* */}}", 1000), "more than 4096 bytes"},
		{"a long message", "{{range 1000000}}x{{end}}", "longer than"},
		{"an endless loop", "x{{range 1000000000000}}{{end}}", "does too much"},
		{"endless loops", "x{{range 1000000}}{{range 1000000}}{{range 1000000}}{{end}}{{end}}{{end}}", "does too much"},
		{"a loop in a condition", "x{{if true}}{{with 1}}{{range 0}}{{else}}{{range 1000000000000}}{{end}}{{end}}{{end}}{{end}}", "does too much"},
		{"a loop that leaves out its end", "x{{range 1000000000000}}{{continue}}{{end}}", "does too much"},
		{"recursion", `{{define "x"}}{{template "x"}}{{end}}x{{template "x"}}`, "does too much"},
		{"doubled recursion", `{{define "x"}}{{template "x"}}{{template "x"}}{{end}}x{{template "x"}}`, "does too much"},
		{"a value doubled by print", "x" + fmt.Sprintf(double, `print $x $x`), "a value has more than"},
		{"a value doubled by printf", "x" + fmt.Sprintf(double, `printf "%s%s" $x $x`), "a value has more than"},
		{"a value grown by html", "x" + fmt.Sprintf(double, `html (print "&&&&&" $x)`), "a value has more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			err := gitwriter.CheckTemplate(test.template)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "step") {
				t.Errorf("the error tells of our own doing: %v", err)
			}
			if took := time.Since(began); took > 10*time.Second { // mostly some ms
				t.Errorf("it took %s", took)
			}
		})
	}
	if err := gitwriter.CheckTemplate(""); err != nil {
		t.Errorf("no template: %v", err)
	}
}

// TestTemplateThatTakesItsStepsBack: what counts the steps isn't for templates.
func TestTemplateThatTakesItsStepsBack(t *testing.T) {
	if err := gitwriter.CheckTemplate("x{{range 300000}}{{towline_step -1000}}{{end}}"); err == nil || !strings.Contains(err.Error(), "not defined") {
		t.Errorf("got %v", err)
	}
}

// TestTemplateOfManyChanges: the bounds are far from what is sensible.
func TestTemplateOfManyChanges(t *testing.T) {
	w := newWorld(t)
	var changes []gitwriter.Change
	for i := range 10000 {
		changes = append(changes, change(func(c *gitwriter.Change) { c.File = fmt.Sprintf("apps/%d.yaml", i) }))
	}
	view := preview(t, w, changes, func(u *gitwriter.Update) {
		u.MessageTemplate = `{{.Title}}{{range $i, $c := .Changes}}{{if lt $i 100}}{{print "\n- " (base $c.File) ": " (trunc 20 $c.From) " to " $c.To}}{{end}}{{end}}`
	})
	if !strings.Contains(view.Message, "\n- 1078.yaml: 1.0.0 to 1.1.0\n") {
		t.Errorf("the message is\n%.500s", view.Message)
	}
}
