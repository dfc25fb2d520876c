package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/releasenotes"
	"github.com/towline-dev/towline/registry"
)

// wireProject makes what finds the projects behind images. Where no release notes are
// asked for, no host is known, and nobody is asked anything.
func wireProject(p process, c config.ReleaseNotes, log *slog.Logger) (bot.Project, error) {
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
	finder, err := releasenotes.New(cfg)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, step gitwriter.Step, from, to registry.Description, d *gitwriter.Details) {
		found := finder.Find(ctx, releasenotes.Query{
			Image: step.Image,
			From:  releasenotes.Image{Tag: tagOf(step.From), Labels: from.Labels},
			To:    releasenotes.Image{Tag: tagOf(step.To), Labels: to.Labels},
		})
		d.Source, d.Compare, d.Claimed, d.More = found.Source, found.Compare, found.Claimed, found.More
		for _, r := range found.Releases {
			d.Releases = append(d.Releases, gitwriter.Release{Tag: r.Tag, Title: r.Title, URL: r.URL, Notes: r.Notes, At: r.At})
		}
	}, nil
}

// tagOf gives the tag of a version as it is written: IMAGE:TAG, TAG@DIGEST or a digest.
func tagOf(version string) string {
	tag, _, _ := strings.Cut(version, "@")
	if strings.HasPrefix(tag, "sha256:") {
		return ""
	}
	return tag[strings.LastIndexByte(tag, ':')+1:]
}
