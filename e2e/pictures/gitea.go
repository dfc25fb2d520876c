package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/e2e/testbed"
)

// utilities are the classes that the build of Gitea's pages makes of their names, as far
// as the pictures show them.
const utilities = `<style>
.tw-flex{display:flex!important}.tw-inline-flex{display:inline-flex!important}.tw-inline-block{display:inline-block!important}
.tw-hidden.tw-hidden{display:none!important}.tw-items-center{align-items:center!important}.tw-flex-1{flex:1!important}.tw-flex-wrap{flex-wrap:wrap!important}
.tw-justify-between{justify-content:space-between!important}.tw-gap-1{gap:4px!important}.tw-gap-2{gap:8px!important}.tw-mr-1{margin-right:4px!important}
.tw-mr-2{margin-right:8px!important}.tw-ml-2{margin-left:8px!important}.tw-mb-2{margin-bottom:8px!important}.tw-my-2{margin-block:8px!important}.tw-mb-4{margin-bottom:16px!important}
.tw-mt-2{margin-top:8px!important}.tw-font-semibold{font-weight:600!important}.tw-mb-0{margin-bottom:0!important}.tw-p-0{padding:0!important}
noscript,.ui.dropdown>.menu,.issue-content-right,.comment-form,.timeline .comment.form,.merge.box,.footer{display:none!important}
</style>
`

// startGitea starts a Gitea whose pages have their style sheets: those of its source, as
// there is no build of them.
func (s *scene) startGitea(ctx context.Context) error {
	module, err := testbed.ModuleDir()
	if err != nil {
		return err
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea")
	list.Dir = filepath.Join(module, "gitea")
	source, err := list.Output()
	if err != nil {
		return fmt.Errorf("finding Gitea's source: %w", err)
	}
	dir := filepath.Join(s.dir, "gitea")
	header := filepath.Join(dir, "custom", "templates", "custom", "header.tmpl")
	if err := os.MkdirAll(filepath.Dir(header), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(header, []byte(utilities), 0o600); err != nil {
		return err
	}
	css := filepath.Join(strings.TrimSpace(string(source)), "web_src", "css")
	assets := filepath.Join(dir, "custom", "public", "assets", "css")
	if err := os.CopyFS(assets, os.DirFS(css)); err != nil {
		return err
	}
	if err := os.CopyFS(assets, os.DirFS(filepath.Join(css, "themes"))); err != nil {
		return err
	}
	if s.gitea, err = testbed.StartGitea(ctx, testbed.GiteaOptions{Dir: dir}); err != nil {
		return err
	}
	if err := s.furnish(ctx); err != nil {
		return fmt.Errorf("%w (%w)", err, s.gitea.Stop())
	}
	return nil
}

// furnish makes the person, the repositories and the releases.
func (s *scene) furnish(ctx context.Context) error {
	client, err := s.gitea.Client(ctx)
	if err != nil {
		return err
	}
	if s.giteaToken, err = s.gitea.NewUser(ctx, person); err != nil {
		return err
	}
	if _, _, err := client.CreateOrg(gitea.CreateOrgOption{Name: owner, Visibility: gitea.VisibleTypePublic}); err != nil {
		return err
	}
	for _, name := range []string{deploy, "frontend", "api"} {
		_, _, err := client.CreateOrgRepo(owner, gitea.CreateRepoOption{Name: name, DefaultBranch: "main", AutoInit: true, Readme: "Default"})
		if err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
	}
	write := gitea.AccessModeWrite
	if _, err := client.AddCollaborator(owner, deploy, person, gitea.AddCollaboratorOption{Permission: &write}); err != nil {
		return err
	}
	for _, r := range releases() {
		_, _, err := client.CreateRelease(owner, r.project, gitea.CreateReleaseOption{TagName: r.tag, Target: "main", Title: r.title, Note: r.notes})
		if err != nil {
			return fmt.Errorf("releasing %s %s: %w", r.project, r.tag, err)
		}
	}
	return nil
}

// atGitea takes the pictures of Gitea's pages.
func (s *scene) atGitea(ctx context.Context, folder string) error {
	p := place{
		kind: "gitea", clone: s.gitea.URL + "/" + owner + "/" + deploy + ".git", api: s.gitea.URL + "/api/v1/repos/" + owner + "/" + deploy,
		botToken: s.gitea.Token, annsToken: s.giteaToken,
	}
	p.commit = p.commitToGitea
	shop, board, err := s.live(ctx, p)
	if err != nil {
		return err
	}
	if err := s.shoot(ctx, shop.URL, filepath.Join(folder, "pull-request-gitea.png"), 1420); err != nil {
		return err
	}
	return s.shoot(ctx, board.URL, filepath.Join(folder, "dashboard.png"), 1030)
}

// commitToGitea lets the person commit.
func (p place) commitToGitea(ctx context.Context, branch string, c change) error {
	var files []map[string]string
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		file := map[string]string{"operation": "create", "path": path, "content": base64.StdEncoding.EncodeToString([]byte(c.files[path]))}
		var there struct {
			SHA string `json:"sha"`
		}
		if err := p.ask(ctx, http.MethodGet, "/contents/"+path+"?ref="+branch, nil, &there); err == nil {
			file["operation"], file["sha"] = "update", there.SHA
		}
		files = append(files, file)
	}
	who := map[string]string{"name": "Ann Example", "email": person + "@example.test"}
	return p.ask(ctx, http.MethodPost, "/contents", map[string]any{
		"branch": branch, "message": c.message, "files": files, "author": who, "committer": who,
	}, nil)
}
