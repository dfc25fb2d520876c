package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry/registrytest"
)

const (
	owner  = "shop"   // of all repositories
	deploy = "deploy" // the one with the manifests
	person = "ann"
	// host stands in the manifests; the registry of the scene is configured as its mirror.
	host = "registry.example.com"
)

// scene is what runs while pictures are taken.
type scene struct {
	out, log     io.Writer
	dir, towline string
	registry     *registrytest.Server
	gitea        *testbed.GiteaServer
	giteaToken   string // of the person
}

// run sets the scene and takes all pictures.
func run(ctx context.Context, out, log io.Writer, folder string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "towline-pictures-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &scene{out: out, log: log, dir: dir, registry: registrytest.NewServer(registrytest.Options{})}
	if s.towline, err = testbed.BuildTowline(ctx, nil); err != nil {
		return err
	}
	if err := startRegistry(ctx, s.registry); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.registry.Close()) }()
	if err := s.startGitea(ctx); err != nil {
		return fmt.Errorf("starting Gitea: %w", err)
	}
	defer func() { err = errors.Join(err, s.gitea.Stop()) }()
	if err := s.publish(ctx); err != nil {
		return fmt.Errorf("publishing images: %w", err)
	}
	if err := s.atGitea(ctx, folder); err != nil {
		return fmt.Errorf("at Gitea: %w", err)
	}
	if err := s.atOurs(ctx, folder); err != nil {
		return fmt.Errorf("at our server: %w", err)
	}
	return nil
}

// round lets the towline program look at a repository once.
func (s *scene) round(ctx context.Context, p place) error {
	at, err := url.Parse(s.gitea.URL)
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, p.kind+".yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: BotConfig
stateDir: %s
repositories:
- url: %s
  auth: {tokenEnv: FORGE_TOKEN}
  forge: {type: %s}
registries:
- {host: %q, plainHTTP: true, mirrorOf: %s}
releaseNotes:
  hosts:
  - {host: %q, type: gitea, url: %s/api/v1}
`, filepath.Join(s.dir, p.kind), p.clone, p.kind, s.registry.Host(), host, at.Host, s.gitea.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.towline, "bot", "--once", "--config", file, "--log-format", "text")
	cmd.Dir, cmd.Stderr = s.dir, s.log
	cmd.Env = []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "FORGE_TOKEN=" + p.botToken}
	return cmd.Run()
}
