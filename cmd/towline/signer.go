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
	file, err := gitsign.OpenFile(gitsign.FileConfig{
		Format: gitsign.Format(r.Signing.Format), Email: r.Committer.Email,
		KeyFile: r.Signing.KeyFile, PassphraseFile: r.Signing.PassphraseFile,
	})
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	key, err := file.Key()
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	c.Signer = file
	c.Log.Info("commits are signed", "repository", r.Name, "format", r.Signing.Format, "key", key.Fingerprint())
	return nil
}
