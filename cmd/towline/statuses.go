package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/reconciler"
)

// statuses reports on commits through the forge of their repository. It is where the
// reconciler, which knows no forge, and the forges, which know no reconciler, meet.
type statuses struct{ forges map[string]forge.Forge } // by normalised repository URL

func wireStatuses(p process, c config.Reconciler, quotas *quota.Set, log *slog.Logger) (statuses, error) {
	s := statuses{forges: map[string]forge.Forge{}}
	for _, r := range c.Statuses {
		f, _, err := wireForge(p, r, quotas, log)
		if err != nil {
			return s, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		s.forges[normalURL(r.URL)] = f
	}
	return s, nil
}

// Report sets a commit status where the repository is one of those that the
// configuration names, and does nothing for others.
func (s statuses) Report(ctx context.Context, repository, sha string, status reconciler.Status) error {
	f, ok := s.forges[normalURL(repository)]
	if !ok {
		return nil
	}
	states := map[reconciler.State]forge.StatusState{
		reconciler.StatePending: forge.StatusPending, reconciler.StateSuccess: forge.StatusSuccess, reconciler.StateFailure: forge.StatusFailure,
	}
	return f.SetStatus(ctx, sha, forge.Status{
		Context: status.Context, State: states[status.State], Description: status.Description, URL: status.URL,
	})
}

// normalURL makes the ways to write one repository's URL alike.
func normalURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return strings.ToLower(u.Scheme+"://"+u.Host) + strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git")
}
