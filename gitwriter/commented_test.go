package gitwriter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
)

// TestCommented holds that an order is heeded of which only a webhook tells: the forge
// doesn't date the pull request anew, as when a comment is edited. A number that isn't
// ours is no trouble.
func TestCommented(t *testing.T) {
	t.Parallel()
	b := newBot(t, "apps/api")
	b.round(update("apps/api", "1.1.0"))
	b.forge.say(1, "pat", "towline, hold this")
	b.round(update("apps/api", "1.1.0"))
	b.round(update("apps/api", "1.1.0"))
	b.forge.comments[1][0].Body = "/towline hold"
	if got := b.begin().News(); len(got) != 0 {
		t.Errorf("the edit is news by itself: %v", got)
	}
	b.cfg.Commented = []int{1, 2, -1}
	if diff := cmp.Diff([]string{"apps/api"}, b.begin().News()); diff != "" {
		t.Errorf("news (-want +got):\n%s", diff)
	}
	b.cfg.Commented = nil
	results := b.session.Write(t.Context(), []gitwriter.Update{update("apps/api", "1.1.0")})
	if got := results[0].Action; got != gitwriter.ActionHeld {
		t.Errorf("the update is %s, want %s: %v", got, gitwriter.ActionHeld, results[0].Err)
	}
}
