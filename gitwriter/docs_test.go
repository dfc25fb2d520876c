package gitwriter_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/policy"
)

func docs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/git.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// table gives the rows of the table whose first heading is the given one, as cells.
func table(text, heading string) (rows [][]string) {
	_, rest, _ := strings.Cut(text, "\n| "+heading+" |")
	for i, line := range strings.Split(rest, "\n") {
		switch {
		case i < 2: // the rest of the heading, and the line below it
		case !strings.HasPrefix(line, "|"):
			return rows
		default:
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return rows
}

// codes gives what a cell shows as code.
func codes(cell string) (all []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestDocumentedFields(t *testing.T) {
	var want, got []string
	var add func(path string, of reflect.Type)
	add = func(path string, of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			want = append(want, path+"."+f.Name)
			if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
				add(path+"."+f.Name+"[]", f.Type.Elem())
			}
		}
	}
	add("", reflect.TypeFor[gitwriter.MessageData]())
	for _, row := range table(docs(t), "field") {
		got = append(got, codes(row[0])...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields in the table (-want +got):\n%s", diff)
	}
}

func TestDocumentedFunctions(t *testing.T) {
	w := newWorld(t)
	text := docs(t)
	for _, row := range table(text, "function") {
		example, want := codes(row[0])[0], codes(row[1])[0]
		changes := []gitwriter.Change{
			change(func(c *gitwriter.Change) { c.File, c.Line = "a.yaml", 1 }), change(func(c *gitwriter.Change) { c.File, c.Line = "b.yaml", 2 }),
		}
		view := preview(t, w, changes, func(u *gitwriter.Update) { u.MessageTemplate = "{{range .Images}}" + example + "{{end}}" })
		if got, _, _ := strings.Cut(view.Message, "\n"); got != want {
			t.Errorf("%s gives %q, want %q", example, got, want)
		}
	}
	_, section, _ := strings.Cut(text, "### Message templates")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, name := range gitwriter.FunctionNames() {
		if !strings.Contains(section, "`"+name+"`") && !strings.Contains(section, "`{{"+name+" ") {
			t.Errorf("the function %s isn't documented", name)
		}
	}
}

func TestDocumentedTemplate(t *testing.T) {
	w := newWorld(t)
	block := regexp.MustCompile("(?ms)^```yaml\n(apiVersion: [^\n]*\nkind: UpdateConfig\n.*?)^```").FindStringSubmatch(docs(t))
	if block == nil {
		t.Fatal("no UpdateConfig is shown")
	}
	config, err := policy.ParseUpdateConfig("git.md", []byte(block[1]))
	if err != nil {
		t.Fatal(err)
	}
	if err := gitwriter.CheckTemplate(config.Commit.Message); err != nil {
		t.Error(err)
	}
	view := preview(t, w, []gitwriter.Change{change(), change(func(c *gitwriter.Change) { c.Image, c.Level = "acme/api", "major" })},
		func(u *gitwriter.Update) { u.MessageTemplate = config.Commit.Message })
	got, _, _ := strings.Cut(view.Message, "\n\nTowline-")
	want := "feat(images)!: api 1.1.0, web 1.1.0\n\n- acme/api from 1.0.0 in apps/web.yaml:12\n- ghcr.io/acme/web from 1.0.0 in apps/web.yaml:12"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}
