package gitrepo_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const benchFiles = 10_000

// monorepo serves a repository of benchFiles manifests.
func monorepo(b *testing.B) string {
	b.Helper()
	server := gitrepotest.New(b)
	url := server.Create("mono")
	all := make(map[string]string, benchFiles)
	for i := range benchFiles {
		all[benchFile(i)] = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app-%d}\nspec: {template: {spec: {containers: [{name: a, image: ghcr.io/acme/app-%d:1.0.0}]}}}\n", i, i%100)
	}
	server.Commit("mono", gitrepotest.Commit{Files: all})
	server.Git("mono", "repack", "-adq")
	return url
}

func benchFile(i int) string { return fmt.Sprintf("clusters/c%02d/apps/a%02d/%d.yaml", i%20, i%97, i) }

func twentyFiles(n int) map[string][]byte {
	changed := map[string][]byte{}
	for i := range 20 {
		changed[benchFile(i*500)] = fmt.Appendf(nil, "changed: %d\n", n)
	}
	return changed
}

func BenchmarkCommit20Of10000(b *testing.B) {
	url := monorepo(b)
	repo := open(b, url)
	base := fetch(b, repo, "main")
	n := 0
	for b.Loop() {
		n++
		if _, err := commit(repo, gitrepo.Commit{Base: base, Files: twentyFiles(n)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchWithoutNews(b *testing.B) {
	url := monorepo(b)
	repo := open(b, url)
	fetch(b, repo, "main")
	for b.Loop() {
		fetch(b, repo, "main")
	}
}

func BenchmarkFirstFetch10000(b *testing.B) {
	url := monorepo(b)
	for b.Loop() {
		fetch(b, open(b, url), "main")
	}
}

func BenchmarkRound20Of10000(b *testing.B) {
	url := monorepo(b)
	repo := open(b, url)
	fetch(b, repo, "main")
	n := 0
	for b.Loop() { // the branch grows, so each fetch knows it already: fetch, commit, push
		n++
		base := fetch(b, repo, "main")
		made, err := commit(repo, gitrepo.Commit{Base: base, Files: twentyFiles(n)})
		if err != nil {
			b.Fatal(err)
		}
		if err := repo.Push(b.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAll10000(b *testing.B) {
	url := monorepo(b)
	repo := open(b, url)
	head := fetch(b, repo, "main")
	for b.Loop() {
		fsys, err := repo.FS(head)
		if err != nil {
			b.Fatal(err)
		}
		err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, err = fs.ReadFile(fsys, path)
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
