package bot_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

func TestPaths(t *testing.T) {
	files := fstest.MapFS{
		".towline.yaml": file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {ignorePaths: ['clusters/prod/old/']}\n"),
	}
	for _, name := range []string{"root.yaml", "clusters/prod/a.yaml", "clusters/prod/deep/er/b.yaml", "clusters/prod/old/c.yaml", "clusters/prod-eu/d.yaml", "clusters/e.yaml", "apps/f.yaml"} {
		files[name] = file(pod("ghcr.io/acme/web:1.0.0"))
	}
	for _, test := range []struct {
		name  string
		paths []string
		want  []string
	}{
		{"none", nil, []string{"apps/f.yaml", "clusters/e.yaml", "clusters/prod/a.yaml", "clusters/prod/deep/er/b.yaml", "clusters/prod-eu/d.yaml", "root.yaml"}},
		{"one", []string{"clusters/prod"}, []string{"clusters/prod/a.yaml", "clusters/prod/deep/er/b.yaml"}},
		{"two", []string{"clusters/prod-eu", "apps"}, []string{"apps/f.yaml", "clusters/prod-eu/d.yaml"}},
		{"no such", []string{"cluster"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			reader := bot.Reader{Paths: test.paths}
			tree, err := reader.Read(files)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range tree.Files {
				got = append(got, f.References()[0].File)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUpdateSettings: what the configurations say reaches the writer.
func TestUpdateSettings(t *testing.T) {
	config := "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  branchPrefix: images/\n  commit:\n" +
		"    message: 'fix: {{.Title}}'\n    signOff: true\n    signing: required\n    author: {name: Pat, email: pat@example.com}\n"
	files := fstest.MapFS{
		".towline.yaml": file(config), "p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
	}
	for prefix, want := range map[string]string{"": "images/web", "staging/": "staging/web"} {
		w := newWorld(t, files, map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}})
		var got gitwriter.Update
		b, err := bot.New(bot.Config{
			Repositories: []bot.Repository{{Name: "deploy", Branch: "main", BranchPrefix: prefix, Source: w.source, Writer: &keeping{w.writer, &got}}},
			Round:        func() bot.Tags { return w.registries }, Events: w.told,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.BranchPrefix+got.Group != want || !got.SignOff || !got.RequireSigned || got.MessageTemplate != "fix: {{.Title}}" || got.AuthorName != "Pat" {
			t.Errorf("the update is %+v, want branch %s", got, want)
		}
	}
}

func TestBadTemplatesAreFound(t *testing.T) {
	for _, test := range []struct{ spec, want string }{
		{"  commit: {message: '{{.Titel}}'}", ".towline.yaml:4:21: spec.commit.message: "},
		{"  pullRequest: {title: '{{.Titel}}'}", ".towline.yaml:4:24: spec.pullRequest.title: "},
		{"  pullRequest: {body: '{{.Titel}}'}", ".towline.yaml:4:23: spec.pullRequest.body: "},
	} {
		reader := bot.Reader{}
		_, err := reader.Read(fstest.MapFS{policy.UpdateConfigFile: file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n" + test.spec + "\n")})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "Titel") {
			t.Errorf("%s: the error is %v", test.spec, err)
		}
	}
}

// keeping keeps the last update that it was asked to write.
type keeping struct {
	*writer
	last *gitwriter.Update
}

func (k *keeping) Begin(_ context.Context, cfg gitwriter.SessionConfig) (bot.Session, error) {
	return k.at(cfg, k)
}

func (k *keeping) Write(ctx context.Context, u gitwriter.Update) (gitwriter.Outcome, error) {
	*k.last = u
	return k.writer.Write(ctx, u)
}
