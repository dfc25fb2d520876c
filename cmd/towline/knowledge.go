package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/ledger"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
)

// wireVerifier makes what checks signatures. Without a trust root only those by keys
// can be checked, which a policy that asks for more is told.
func wireVerifier(s config.Signatures) (*signature.Verifier, error) {
	c := signature.Config{LogKeys: s.LogKeys, NoLog: s.NoLog, NoSCT: s.NoSCT}
	if s.TrustRootFile != "" {
		var err error
		if c.TrustRoot, err = os.ReadFile(s.TrustRootFile); err != nil {
			return nil, err
		}
	}
	return signature.New(c)
}

// secretReader reads a field of a Secret of the cluster, which is looked for when a
// policy names the first one.
func secretReader(c *cluster) func(ctx context.Context, namespace, name, field string) ([]byte, error) {
	return func(ctx context.Context, namespace, name, field string) ([]byte, error) {
		if namespace == "" {
			return nil, fmt.Errorf("reading the key in the Secret %q: the policy has no metadata.namespace", name)
		}
		secrets, err := c.secrets()
		if err != nil {
			return nil, err
		}
		return secrets.Read(ctx, namespace, name, field)
	}
}

// openLedger opens the ledger below the state's folder and says when it is a new one.
func openLedger(dir string, log *slog.Logger) (*ledger.Ledger, error) {
	l, err := ledger.Open(filepath.Join(dir, "ledger.db"), ledger.Options{Log: log})
	if err != nil {
		return nil, err
	}
	if why, fresh := l.Fresh(); fresh {
		log.Info("the ledger of first sightings is new: what registries list now is dated by its creation times", "reason", why)
	}
	return l, nil
}

// wireLedger opens the bot's ledger. Where another process has it, the bot works all
// the same, but for policies with a minimum age: these fail, since nothing else that
// is known of an image's age can be relied on.
func wireLedger(dir string, log *slog.Logger, reached *registry.Config) (bot.Ledger, func() error, error) {
	l, err := openLedger(dir, log)
	switch {
	case errors.Is(err, ledger.ErrInUse):
		log.Warn("the ledger is in use by another process: policies with minimumAge fail", "state_dir", dir)
		return busyLedger{err}, func() error { return nil }, nil
	case err != nil:
		return nil, nil, err
	}
	reached.Cache = l.Images()
	return l, l.Close, nil
}

// busyLedger stands for a ledger that another process has open.
type busyLedger struct{ err error }

// Observe implements bot.Ledger.
func (l busyLedger) Observe(string, []string) (ledger.Report, error) { return ledger.Report{}, l.err }

// Sighting implements bot.Ledger.
func (l busyLedger) Sighting(string, string, string) (ledger.Sighting, error) {
	return ledger.Sighting{}, l.err
}

// Settle implements bot.Ledger.
func (l busyLedger) Settle(string, string, string, time.Time) error { return l.err }
