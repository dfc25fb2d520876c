package main

import (
	"fmt"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitsign"
)

// wireSigner reads the key that a repository's commits are signed with, if there is one.
// A key that can't sign ends the start, so that nothing is found out at the first update.
func wireSigner(r config.Repository, c *gitwriter.Config) error {
	if r.Signing == nil {
		return nil
	}
	cfg := gitsign.Config{Format: gitsign.Format(r.Signing.Format), Email: r.Committer.Email}
	var err error
	if cfg.Key, err = gitsign.ReadKey(r.Signing.KeyFile); err != nil {
		return fmt.Errorf("signing.keyFile: %w", err)
	}
	if r.Signing.PassphraseFile != "" {
		if cfg.Passphrase, err = gitsign.ReadPassphrase(r.Signing.PassphraseFile); err != nil {
			return fmt.Errorf("signing.passphraseFile: %w", err)
		}
	}
	key, err := gitsign.New(cfg)
	if err != nil {
		return fmt.Errorf("signing.keyFile %s: %w", r.Signing.KeyFile, err)
	}
	c.Signer = key
	c.Log.Info("commits are signed", "repository", r.Name, "format", r.Signing.Format, "key", key.Fingerprint())
	return nil
}
