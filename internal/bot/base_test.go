package bot_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// branches plays a mirror whose branches never move.
type branches map[string]fstest.MapFS

func (b branches) Fetch(_ context.Context, name string) (gitrepo.Hash, error) {
	return gitrepo.Hash(name), nil
}

func (b branches) FS(head gitrepo.Hash) (fs.FS, error) { return b[string(head)], nil }

type mirror struct {
	branches
	noPast
}

func TestTheBaseBranchIsWhatIsUpdated(t *testing.T) {
	config := file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {baseBranch: live, branchPrefix: bot/, ignorePaths: [old/**]}\n")
	repo := branches{
		"main": {".towline.yaml": config, "web.yaml": file(policyOf("web", "ghcr.io/acme/web") + "---\n" + pod("ghcr.io/acme/web:1.1.0"))},
		"live": {
			"web.yaml":     file(policyOf("web", "ghcr.io/acme/web") + "---\n" + pod("ghcr.io/acme/web:1.0.0")),
			"old/web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
		},
	}
	written := &writer{source: &source{files: repo["live"]}}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: mirror{repo, noPast{}}, Writer: written}},
		Round:        func() bot.Tags { return &registries{tags: map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}}} },
		Events:       &told{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second round reads nothing anew
		written.groups = nil
		if err := b.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if changes := written.groups["bot/web"]; len(changes) != 1 || changes[0].From != "1.0.0" {
			t.Errorf("written: %v, want the base branch's image updated", written.groups)
		}
	}
}

// A file that is to be edited and can't be is a failure, and holds the other ones up in nothing.
func TestARefusedFileIsAFailure(t *testing.T) {
	const folded = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: \"ghcr.io/acme/\\\n        web:1.0.0\"\n"
	repo := branches{"main": {
		"policy.yaml": file(policyOf("web", "ghcr.io/acme/web")), "folded.yaml": file(folded), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
	}}
	written := &writer{source: &source{files: repo["main"]}}
	b, err := bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "deploy", Branch: "main", Source: mirror{repo, noPast{}}, Writer: written}},
		Round:        func() bot.Tags { return &registries{tags: map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}}} },
		Events:       &told{},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "folded.yaml:5:14: the file is left as it is: the value is spread over several lines"
	if err := b.Once(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if changes := written.groups["towline/web"]; len(changes) != 1 || changes[0].File != "web.yaml" {
		t.Errorf("written: %v, want the other file", written.groups)
	}
	if previews := b.Preview(t.Context()); previews[0].Err == nil || len(previews[0].Updates) != 1 {
		t.Errorf("previews: %+v", previews)
	}
}
