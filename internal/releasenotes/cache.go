package releasenotes

import (
	"context"
	"errors"
	"time"
)

const (
	maxKnown  = 200              // steps remembered; each has 160 KiB of notes at most
	keepFound = 6 * time.Hour    //
	keepEmpty = 10 * time.Minute // notes are often written after the image is pushed
)

type remembered struct {
	found Found
	until time.Time
}

func (f *Finder) recall(key string) (Found, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.known[key]
	if !ok || !f.cfg.Now().Before(known.until) {
		return Found{}, false
	}
	return known.found, true
}

// remember keeps what was found, and for a while that there was nothing. What a limit or
// a caller kept from being found is looked for again.
func (f *Finder) remember(key string, found Found, err error) {
	if errors.Is(err, errLimited) || errors.Is(err, context.Canceled) {
		return
	}
	keep := keepFound
	if err != nil || len(found.Releases) == 0 {
		keep = keepEmpty
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.cfg.Now()
	if len(f.known) >= maxKnown {
		oldest := ""
		for each, known := range f.known {
			if !now.Before(known.until) {
				delete(f.known, each)
			} else if oldest == "" || known.until.Before(f.known[oldest].until) {
				oldest = each
			}
		}
		if len(f.known) >= maxKnown {
			delete(f.known, oldest)
		}
	}
	f.known[key] = remembered{found: found, until: now.Add(keep)}
}
