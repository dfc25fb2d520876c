// Crashbot is one round of the bot that dies, by SIGKILL, right after a step. It is
// wired of the same parts as `towline bot --once`, with the two parts that change the
// world (the repository and the forge) in a wrapper that kills the process. So the
// product needs no hook for it, and nothing is left undone that a real crash would
// leave undone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry"
)

func main() {
	var s settings
	flag.StringVar(&s.file, "config", "", "configuration file, kind BotConfig, of one repository on a forge that answers as GitHub does")
	flag.StringVar(&s.owner, "owner", "", "who owns the repository")
	flag.StringVar(&s.repo, "repo", "", "the repository's name")
	flag.StringVar(&s.api, "api", "", "root of the forge's API")
	after := flag.String("after", "", "the step to die after: read, fetch, commit, push, create or update")
	flag.Parse()
	s.after = step(*after)
	err := run(context.Background(), s)
	if err == nil {
		err = fmt.Errorf("the round has ended without the step %q", s.after)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// settings are the command line.
type settings struct {
	file, owner, repo, api string
	after                  step
}

// run works for one round.
func run(ctx context.Context, s settings) error {
	c, err := config.LoadBot(s.file)
	if err != nil {
		return err
	}
	if len(c.Repositories) != 1 {
		return fmt.Errorf("%s names %d repositories, want 1", s.file, len(c.Repositories))
	}
	b, err := wire(c, s)
	if err != nil {
		return err
	}
	return b.Once(ctx)
}

// wire does what cmd/towline does.
func wire(c config.Bot, s settings) (*bot.Bot, error) {
	hosts := map[string]registry.HostConfig{}
	for _, r := range c.Registries {
		hosts[r.Host] = registry.HostConfig{PlainHTTP: r.PlainHTTP}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	registries, err := registry.New(registry.Config{Hosts: hosts, Log: log})
	if err != nil {
		return nil, err
	}
	r := c.Repositories[0]
	token := secret.New(os.Getenv(r.Auth.TokenEnv))
	f, err := github.New(github.Config{BaseURL: s.api, Owner: s.owner, Repo: s.repo, Token: token, Log: log})
	if err != nil {
		return nil, err
	}
	mirror, err := gitrepo.Open(gitrepo.Config{
		URL: r.URL, Dir: filepath.Join(c.StateDir, "git"), Log: log,
		Auth: gitrepo.Auth{Username: r.Auth.Username, Password: token},
	})
	if err != nil {
		return nil, err
	}
	writer, err := gitwriter.New(gitwriter.Config{Repo: mortalRepo{mirror, s.after}, Forge: mortalForge{f, s.after}, Log: log})
	if err != nil {
		return nil, err
	}
	return bot.New(bot.Config{
		Round:  func() bot.Tags { return registries.Round() },
		Events: event.Log(log),
		Repositories: []bot.Repository{{
			Name: r.Name, Branch: r.Branch, Interval: r.Interval, Source: mortalSource{mirror, s.after}, Writer: bot.WriterOf(writer),
		}},
	})
}

// errAlive tells that the kernel didn't do its part.
var errAlive = errors.New("SIGKILL didn't kill this process")

var (
	_ bot.Source           = mortalSource{}
	_ gitwriter.Repository = mortalRepo{}
	_ forge.Forge          = mortalForge{}
)
