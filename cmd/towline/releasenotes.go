package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/releasenotes"
)

// wireProjects makes what finds the projects behind images. Where no release notes are
// asked for, no host is known, and nobody is asked anything.
func wireProjects(p process, c config.ReleaseNotes, log *slog.Logger) (*releasenotes.Finder, error) {
	cfg := releasenotes.Config{Log: log}
	for _, h := range c.Hosts {
		var auth gitrepo.Auth
		if err := wireToken(p, config.Auth{TokenFile: h.TokenFile, TokenEnv: h.TokenEnv}, &auth); err != nil {
			return nil, fmt.Errorf("releaseNotes.hosts, %s: %w", h.Host, err)
		}
		cfg.Hosts = append(cfg.Hosts, releasenotes.Host{Name: h.Host, Kind: releasenotes.Kind(h.Type), API: h.URL, Token: auth.Token})
	}
	for _, known := range releasenotes.DefaultHosts() {
		if !slices.ContainsFunc(cfg.Hosts, func(h releasenotes.Host) bool { return strings.EqualFold(h.Name, known.Name) }) {
			cfg.Hosts = append(cfg.Hosts, known)
		}
	}
	if !c.Asked() {
		cfg.Hosts = nil
	}
	return releasenotes.New(cfg)
}
