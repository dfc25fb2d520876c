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
	trustRoot string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.plainHTTP, "plain-http", nil, "registry host[:port] to speak plain HTTP to (repeatable); loopback needs none")
	cmd.Flags().StringVar(&f.config, "registry-config", "",
		"file of the kind BotConfig, whose registries say how each is reached and signed in to (default: as docker's configuration says)")
	cmd.Flags().StringVar(&f.trustRoot, "trust-root", "", "trusted_root.json that keyless signatures are held to (default: as --registry-config says)")
}

// load reads the file that the flags name, if any.
func (f *registryFlags) load() (config.Bot, error) {
	var c config.Bot
	if f.config != "" {
		var err error
		if c, err = config.LoadRegistries(f.config); err != nil {
			return c, err
		}
	}
	if f.trustRoot != "" {
		c.Signatures.TrustRootFile = f.trustRoot
	}
	return c, nil
}

// warnings is the log of a command that a person waits for.
func warnings(p process) *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// client gives a registry client that signs in as the bot would.
func (f *registryFlags) client(p process, configured config.Bot) (*registry.Client, error) {
	c, err := wireRegistries(p, configured.Registries, &cluster{process: p}, warnings(p))
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
