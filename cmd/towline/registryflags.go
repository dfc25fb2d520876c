package main

import (
	"fmt"
	"log/slog"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/registry"
)

// registryFlags are the flags of every command that asks registries by itself.
type registryFlags struct {
	plainHTTP []string
	config    string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.plainHTTP, "plain-http", nil, "registry host[:port] to speak plain HTTP to (repeatable); loopback needs none")
	cmd.Flags().StringVar(&f.config, "registry-config", "",
		"file of the kind BotConfig, whose registries say how each is reached and signed in to (default: as docker's configuration says)")
}

// client gives a registry client that signs in as the bot would.
func (f *registryFlags) client(p process) (*registry.Client, error) {
	var entries []config.Registry
	if f.config != "" {
		var err error
		if entries, err = config.LoadRegistries(f.config); err != nil {
			return nil, err
		}
	}
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c, err := wireRegistries(p, entries, log)
	if err != nil {
		return nil, err
	}
	for _, host := range f.plainHTTP {
		reg, err := name.NewRegistry(host)
		if err != nil || host == "" {
			return nil, usageError{fmt.Errorf("--plain-http: %q isn't a host with an optional port", host)}
		}
		h := c.Hosts[reg.RegistryStr()]
		h.PlainHTTP = true
		c.Hosts[reg.RegistryStr()] = h
	}
	return registry.New(c)
}
