package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Options say how a ledger works. The zero value is usable.
type Options struct {
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// LockTimeout is how long Open waits for another process. The default is a second.
	LockTimeout time.Duration
	// ImageBytes bounds what Images keeps, keys and values together. The default is 64 MiB.
	ImageBytes int64
	// Log hears of what isn't worth failing a call for. The default drops it.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = time.Second
	}
	if o.ImageBytes <= 0 {
		o.ImageBytes = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Ledger is an open ledger, for any number of goroutines.
type Ledger struct {
	db     *bbolt.DB
	file   *os.File // the one that db holds
	opts   Options
	reason string // why the ledger is empty, or ""
	moved  bool   // Open moved a damaged file aside

	mu     sync.Mutex // guards queue and broken
	queue  []*job
	broken error      // set once: the file can't be trusted any more
	turn   sync.Mutex // held by whoever writes
}

// Open opens the ledger in the file at path, and makes it and its folder where they
// aren't there, for the owner alone. It waits for another process that has it open, and
// returns ErrInUse when that takes longer than Options.LockTimeout. A file that is no
// ledger or is damaged is moved aside, as path.damaged-<time>, and Fresh says so. A file
// that is mostly free space is written anew, smaller.
func Open(path string, opts Options) (*Ledger, error) {
	opts = opts.withDefaults()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the ledger's folder: %w", err)
	}
	l, err := open(path, opts)
	if err != nil {
		return nil, fmt.Errorf("opening the ledger %s: %w", path, err)
	}
	if err := l.forget(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the ledger %s: %w", path, err), l.Close())
	}
	return l, nil
}

// Fresh tells whether the ledger began with this Open, and why: every repository will
// then be bootstrapped.
func (l *Ledger) Fresh() (reason string, fresh bool) { return l.reason, l.reason != "" }

// Close waits for the writes that were begun and lets go of the file.
func (l *Ledger) Close() error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.state() != nil {
		// bbolt may wait for ever for what was broken off; the map goes with the process.
		return l.file.Close()
	}
	if err := l.db.Close(); err != nil {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}

// seconds is the present, as the ledger counts.
func (l *Ledger) seconds() int64 { return l.opts.Now().Unix() }

func check(names ...string) error {
	for _, name := range names {
		if name == "" || len(name) > maxName {
			return fmt.Errorf("%w: a name of %d bytes (it may have 1 to %d)", ErrInput, len(name), maxName)
		}
	}
	return nil
}
