package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/registry"
)

// registryFlags are the flags of every command that asks registries by itself.
type registryFlags struct{ plainHTTP []string }

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.plainHTTP, "plain-http", nil, "registry host[:port] to speak plain HTTP to (repeatable); loopback needs none")
}

// client gives a registry client that signs in as docker's configuration says.
func (f *registryFlags) client(p process) (*registry.Client, error) {
	hosts := map[string]registry.HostConfig{}
	for _, h := range f.plainHTTP {
		hosts[h] = registry.HostConfig{PlainHTTP: true}
	}
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return registry.New(registry.Config{Hosts: hosts, UserAgent: "towline/" + version(), Log: log})
}
