package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
)

// atOurs takes the picture of the page of our own forge.
func (s *scene) atOurs(ctx context.Context, folder string) (err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	repos := filepath.Join(s.dir, "repositories")
	if err := os.Mkdir(repos, 0o700); err != nil {
		return errors.Join(err, l.Close())
	}
	const botToken, annsToken = "made-up-for-the-bot", "made-up-for-ann"
	forge, err := forgetest.NewServer(forgetest.Config{
		Dir: repos, BaseURL: "http://" + l.Addr().String(), PageUser: person,
		Users: []forgetest.User{
			{Login: "towline", Token: secret.New(botToken), Permission: forgetest.PermissionWrite},
			{Login: person, Token: secret.New(annsToken), Permission: forgetest.PermissionWrite},
		},
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{Handler: forge, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	defer func() {
		forge.Close()
		err = errors.Join(err, server.Close())
	}()
	repo, err := forge.CreateRepo(owner, deploy)
	if err != nil {
		return err
	}
	shop, _, err := s.live(ctx, place{
		kind: "github", clone: repo.CloneURL(), api: forge.BaseURL() + "/api/v3/repos/" + owner + "/" + deploy,
		botToken: botToken, annsToken: annsToken,
		commit: func(_ context.Context, branch string, c change) error {
			_, err := repo.Commit(forgetest.Commit{Branch: branch, Message: c.message, Author: person, Files: c.files})
			return err
		},
	})
	if err != nil {
		return err
	}
	return s.shoot(ctx, shop.URL, filepath.Join(folder, "pull-request-server.png"), 1500)
}
