package github_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// answers is what a fake GitHub says of pull request 1.
type answers struct {
	pull    map[string]any
	reviews []map[string]any
	status  map[string]any
	runs    []map[string]any
	noRuns  bool // check runs may not be read
}

func (a answers) serve(t *testing.T) (*int, http.HandlerFunc) {
	requests := 0
	return &requests, func(w http.ResponseWriter, r *http.Request) {
		requests++
		var body any
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/pulls/1"):
			pull := map[string]any{"number": 1, "state": "open", "head": map[string]any{"sha": "abc"}}
			for key, value := range a.pull {
				pull[key] = value
			}
			body = pull
		case strings.HasSuffix(path, "/reviews"):
			body = a.reviews
		case strings.HasSuffix(path, "/status"):
			body = a.status
		case strings.HasSuffix(path, "/check-runs"):
			if a.noRuns {
				w.WriteHeader(http.StatusForbidden)
				body = map[string]any{"message": "Resource not accessible by personal access token"}
				break
			}
			body = map[string]any{"total_count": len(a.runs), "check_runs": a.runs}
		default:
			t.Errorf("a request to %s", path)
		}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}
}

func reviewed(login, state, association string) map[string]any {
	return map[string]any{"user": map[string]any{"login": login}, "state": state, "author_association": association}
}

func ran(status, conclusion string) map[string]any {
	return map[string]any{"status": status, "conclusion": conclusion}
}

func TestReadinessReadsGitHub(t *testing.T) {
	clean := map[string]any{"mergeable": true, "mergeable_state": "clean"}
	unstable := map[string]any{"mergeable": true, "mergeable_state": "unstable"}
	none := map[string]any{"state": "pending", "total_count": 0}
	green := map[string]any{"state": "success", "total_count": 2}
	red := map[string]any{"state": "failure", "total_count": 2}
	ready := forge.Readiness{HeadSHA: "abc", Mergeable: true, Checks: forge.ChecksNone}
	with := func(change func(*forge.Readiness)) forge.Readiness {
		out := ready
		change(&out)
		return out
	}
	checks := func(c forge.Checks) forge.Readiness { return with(func(r *forge.Readiness) { r.Checks = c }) }
	waits := func(reason string) forge.Readiness {
		return with(func(r *forge.Readiness) { r.Mergeable, r.Reason = false, reason })
	}
	const computing = "GitHub is still working out whether it can be merged"
	for _, test := range []struct {
		name     string
		answers  answers
		want     forge.Readiness
		requests int
	}{
		{"nothing stands against it", answers{pull: clean, status: none}, ready, 4},
		{"not worked out yet", answers{pull: map[string]any{"mergeable": nil, "mergeable_state": "unknown"}, status: none}, waits(computing), 4},
		{"worked out in half", answers{pull: map[string]any{"mergeable": true, "mergeable_state": "unknown"}, status: none}, waits(computing), 4},
		{"a word of the future", answers{pull: map[string]any{"mergeable": true, "mergeable_state": "moonstruck"}, status: none}, waits(computing), 4},
		{"behind", answers{pull: map[string]any{"mergeable": true, "mergeable_state": "behind"}, status: none}, waits("its branch is behind the base, and must not be"), 4},
		{"a draft", answers{pull: map[string]any{"mergeable": true, "mergeable_state": "blocked", "draft": true}, status: none}, waits("it is a draft"), 4},
		{"hooks", answers{pull: map[string]any{"mergeable": true, "mergeable_state": "has_hooks"}, status: none}, ready, 4},
		{"a failed status is enough", answers{pull: unstable, status: red}, checks(forge.ChecksFailure), 3},
		{"skipped and neutral runs", answers{pull: clean, status: none, runs: []map[string]any{ran("completed", "skipped"), ran("completed", "neutral")}}, checks(forge.ChecksSuccess), 4},
		{"a cancelled run", answers{pull: unstable, status: green, runs: []map[string]any{ran("completed", "success"), ran("completed", "cancelled")}}, checks(forge.ChecksFailure), 4},
		{"a queued run", answers{pull: unstable, status: green, runs: []map[string]any{ran("queued", "")}}, checks(forge.ChecksPending), 4},
		{"runs unseen, all green", answers{pull: clean, status: green, noRuns: true}, checks(forge.ChecksSuccess), 4},
		{"runs unseen, perhaps none", answers{pull: clean, status: none, noRuns: true}, ready, 4},
		{"runs unseen, not all green", answers{pull: unstable, status: green, noRuns: true}, checks(forge.ChecksPending), 4},
		{
			"changes wanted by a member", answers{pull: clean, status: none, reviews: []map[string]any{
				reviewed("a", "APPROVED", "MEMBER"), reviewed("a", "CHANGES_REQUESTED", "MEMBER"), reviewed("a", "COMMENTED", "MEMBER"), reviewed("b", "APPROVED", "OWNER"),
			}}, with(func(r *forge.Readiness) { r.ChangesRequested = true }), 4,
		},
		{
			"changes wanted no more, or by strangers", answers{pull: clean, status: none, reviews: []map[string]any{
				reviewed("a", "CHANGES_REQUESTED", "MEMBER"), reviewed("a", "DISMISSED", "MEMBER"), reviewed("b", "CHANGES_REQUESTED", "COLLABORATOR"),
				reviewed("b", "APPROVED", "COLLABORATOR"), reviewed("c", "CHANGES_REQUESTED", "NONE"), reviewed("d", "CHANGES_REQUESTED", "CONTRIBUTOR"),
			}}, ready, 4,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, handler := test.answers.serve(t)
			got, err := fake(t, handler).Readiness(t.Context(), 1)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("Readiness, error %v (-want +got):\n%s", err, diff)
			}
			if *requests != test.requests {
				t.Errorf("it took %d requests, want %d", *requests, test.requests)
			}
		})
	}
}

// Looking again at what hasn't changed costs nothing of the limit.
func TestLookingAgainIsFree(t *testing.T) {
	server, repo, f := start(t)
	pr, err := f.Create(t.Context(), newPull())
	if err != nil {
		t.Fatal(err)
	}
	look := func() {
		if list, err := f.List(t.Context(), forge.Filter{Since: pr.UpdatedAt}); err != nil || len(list) != 1 {
			t.Errorf("List gave %d, %v", len(list), err)
		}
		if got, err := f.Readiness(t.Context(), pr.Number); err != nil || got.HeadSHA != pr.HeadSHA {
			t.Errorf("Readiness gave %+v, %v", got, err)
		}
	}
	look()
	server.ForgetRequests()
	look()
	if got := len(server.Requests()); got != 5 {
		t.Errorf("%d requests, want 5", got)
	}
	for _, request := range server.Requests() {
		if request.Status != http.StatusNotModified {
			t.Errorf("%s answered %d, want 304", request.Route, request.Status)
		}
	}
	if err := repo.As("alice").EditBody(pr.Number, "changed"); err != nil {
		t.Fatal(err)
	}
	if list, err := f.List(t.Context(), forge.Filter{}); err != nil || len(list) != 1 || list[0].Body != "changed" {
		t.Errorf("after a change List gave %+v, %v", list, err)
	}
}
