package reconciler_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/towline-dev/towline/reconciler"
)

// commits is a forge that remembers the statuses of commits.
type commits struct {
	mu       sync.Mutex
	statuses []string // "SHA STATE CONTEXT DESCRIPTION"
	fail     error
	news     chan struct{}
}

func (c *commits) Report(_ context.Context, _, sha string, status reconciler.Status) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.statuses = append(c.statuses, strings.Join([]string{sha, string(status.State), status.Context, status.Description}, " "))
	select {
	case c.news <- struct{}{}:
	default: // whoever waits is told already, and looks at all of them
	}
	return nil
}

func (c *commits) setFail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

func (c *commits) find(sha, state string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.statuses {
		if strings.HasPrefix(s, sha+" "+state) {
			return s
		}
	}
	return ""
}

// told tells whether there is a commit status with a description.
func (c *commits) told(description string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.statuses, func(s string) bool { return strings.Contains(s, description) })
}

// awaitStatus waits for a commit status and gives it.
func (s *syncs) awaitStatus(revision string, state reconciler.State) string {
	s.Helper()
	_, sha, _ := strings.Cut(revision, "@sha1:")
	for ctx := s.ctx(); ; {
		if found := s.forge.find(sha, string(state)); found != "" {
			return found
		}
		select {
		case <-s.forge.news:
		case <-ctx.Done():
			s.Fatalf("no commit status %s of %s; there are %q", state, sha, s.forge.statuses)
		}
	}
}
