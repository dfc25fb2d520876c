package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/render"
)

// baseTimeout bounds the fetch of one remote base; a render waits for it.
const baseTimeout = time.Minute

// baseFlags say which remote bases kustomizations may name.
type baseFlags struct{ allowed []string }

func (f *baseFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.allowed, "allow-remote-bases", nil,
		"address that remote bases of kustomizations may begin with, such as https://github.com/acme/ (default: there are none)")
}

// renderer gives the ways to render a path, with the remote bases that are allowed.
func (f *baseFlags) renderer(cacheDir string, log *slog.Logger) (*render.Renderer, error) {
	var err error
	if cacheDir == "" && len(f.allowed) > 0 {
		if cacheDir, err = stateDir(""); err != nil {
			return nil, err
		}
	}
	kustomizer, err := f.kustomizer(cacheDir, log)
	if err != nil {
		return nil, err
	}
	return builders(kustomizer), nil
}

// kustomizer gives the builder of kustomizations, whose remote bases have their mirrors in cacheDir.
func (f *baseFlags) kustomizer(cacheDir string, log *slog.Logger) (*kustomize.Builder, error) {
	if len(f.allowed) == 0 {
		return kustomize.New(build.Limits{}), nil
	}
	b, err := kustomize.NewWithBases(build.Limits{}, kustomize.Bases{Allowed: f.allowed, Fetch: newBaseMirrors(cacheDir, log).fetch})
	if err != nil {
		return nil, usageError{fmt.Errorf("--allow-remote-bases: %w", err)}
	}
	return b, nil
}

// baseMirrors are the repositories of remote bases. They are read by nobody's credentials:
// a base that isn't public must be mirrored into one that is, or be copied.
type baseMirrors struct {
	config gitrepo.Config

	mu    sync.Mutex
	repos map[string]*gitrepo.Repo
}

func newBaseMirrors(cacheDir string, log *slog.Logger) *baseMirrors {
	return &baseMirrors{config: gitrepo.Config{
		Dir: filepath.Join(cacheDir, "bases"), Log: log, Timeout: baseTimeout / 2, Tries: 2,
		MaxFileBytes: 10 << 20, MaxFiles: 50_000, MaxPackBytes: 256 << 20, MaxObjects: 200_000,
	}, repos: map[string]*gitrepo.Repo{}}
}

// fetch gives the files of a commit. The remote is asked only where the mirror lacks it.
func (b *baseMirrors) fetch(ctx context.Context, url, commit string) (fs.FS, error) {
	ctx, cancel := context.WithTimeout(ctx, baseTimeout)
	defer cancel()
	repo, err := b.open(url)
	if err != nil {
		return nil, err
	}
	ref, err := gitrepo.CommitRef(commit)
	if err != nil {
		return nil, err
	}
	found, err := repo.FetchRef(ctx, ref)
	if err != nil {
		return nil, err
	}
	return repo.FS(found.Commit)
}

func (b *baseMirrors) open(url string) (*gitrepo.Repo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if repo, ok := b.repos[url]; ok {
		return repo, nil
	}
	config := b.config
	config.URL = url
	repo, err := gitrepo.Open(config)
	if err != nil {
		return nil, err
	}
	b.repos[url] = repo
	return repo, nil
}
