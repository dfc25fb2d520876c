package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/refcache"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/helm"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
	"github.com/towline-dev/towline/reconciler/build/sops"
	"github.com/towline-dev/towline/registry"
)

// This file says what is wired to what, and is the only one that names both halves.

// wireBot makes a bot of its configuration: one registry client for all
// repositories, so that they share each host's budget, and per repository a Git
// mirror, a forge and a writer. Forges of one host and credential share a quota.
func wireBot(p process, c config.Bot, log *slog.Logger, events event.Handler, quotas *quota.Set) (wired wiredBot, err error) {
	cluster := &cluster{process: p}
	reached, err := wireRegistries(p, c.Registries, cluster, log)
	if err != nil {
		return wired, err
	}
	verifier, err := wireVerifier(c.Signatures)
	if err != nil {
		return wired, err
	}
	dir, err := stateDir(c.StateDir)
	if err != nil {
		return wired, err
	}
	ledger, done, err := wireLedger(dir, log, &reached)
	if err != nil {
		return wired, err
	}
	wired.close = done
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	if wired.registries, err = registry.New(reached); err != nil {
		return wired, err
	}
	repositories, err := wireRepositories(p, c.Repositories, dir, quotas, log)
	if err != nil {
		return wired, err
	}
	projects, err := wireProjects(p, c.ReleaseNotes, log)
	if err != nil {
		return wired, err
	}
	wired.Bot, err = bot.New(bot.Config{
		Projects:     projects,
		Repositories: repositories, Events: events, Concurrency: c.Concurrency,
		Round:     func() bot.Tags { return wired.registries.Round() },
		Knowledge: bot.NewKnowledge(bot.KnowledgeConfig{Ledger: ledger, Verifier: verifier, Secret: secretReader(cluster)}),
	})
	return wired, err
}

// wiredBot is a bot with what it stands on.
type wiredBot struct {
	*bot.Bot
	registries *registry.Client
	close      func() error // once the bot has ended
}

func wireRepositories(p process, configured []config.Repository, dir string, quotas *quota.Set, log *slog.Logger) ([]bot.Repository, error) {
	var repositories []bot.Repository
	for _, r := range configured {
		f, auth, err := wireForge(p, r, quotas, log)
		if err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		repo, err := gitrepo.Open(gitrepo.Config{
			URL: r.URL, Dir: filepath.Join(dir, "git"), Auth: auth, Log: log,
			MaxFileBytes: edit.MaxSize, // what nobody reads isn't fetched either
		})
		if err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		writing := gitwriter.Config{
			Name: r.Name, Repo: repo, Forge: f, Log: log, Pulls: pullsFile(repo, r),
			CommitterName: r.Committer.Name, CommitterEmail: r.Committer.Email,
		}
		if err := wireSigner(r, &writing); err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		writer, err := gitwriter.New(writing)
		if err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		repositories = append(repositories, bot.Repository{
			Name: r.Name, URL: r.URL, Branch: r.Branch, Interval: r.Interval, Source: repo, Writer: bot.WriterOf(writer),
			BranchPrefix: r.BranchPrefix, Paths: r.Paths,
			Cache: refcache.New(filepath.Join(repo.MirrorDir(), "references"), log),
		})
	}
	return repositories, nil
}

// pullsFile is where a repository's pull requests are remembered. Two that are configured
// may share a mirror, so each has its own.
func pullsFile(repo *gitrepo.Repo, r config.Repository) string {
	sum := sha256.Sum256([]byte(r.Name))
	return filepath.Join(repo.MirrorDir(), "pulls-"+hex.EncodeToString(sum[:8])+".json")
}

// stateDir is where mirrors are kept.
func stateDir(configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the state: %w; set stateDir", err)
	}
	return filepath.Join(cache, "towline"), nil
}

// builders are the ways to render a path, in the order in which they are asked.
func builders(kustomizer *kustomize.Builder) *render.Renderer {
	return render.New(render.Config{Kinds: []render.Kind{
		{Name: "kustomize", Builder: kustomizer, Relevant: render.FilesOnly},
		{Name: "helm", Builder: helm.New(build.Limits{})},
		{Name: "plain", Builder: plain.Builder{}, Relevant: render.FilesOnly},
	}})
}

// decrypter opens what SOPS has encrypted, with the keys that a Secret holds.
func decrypter(secret map[string][]byte) (build.Decrypter, error) {
	keys, err := sops.NewKeys(secret)
	if err != nil {
		return nil, err
	}
	return keys, nil
}
