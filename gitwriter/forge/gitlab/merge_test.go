package gitlab_test

import (
	"errors"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
)

// GitLab answers with 201 to what it doesn't end, so that it is asked again.
func TestCancelAutomerge(t *testing.T) {
	server, p, f, pr := open(t, gitlabtest.Settings{PipelineMustSucceed: true})
	status := forge.Status{Context: "build", State: forge.StatusPending}
	if err := f.SetStatus(t.Context(), pr.HeadSHA, status); err != nil {
		t.Fatal(err)
	}
	if err := f.Automerge(t.Context(), 1, forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA}); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]error{"mallory-token": forge.ErrForbidden, "unknown": forge.ErrUnauthorized} {
		if err := as(t, server, token).CancelAutomerge(t.Context(), 1); !errors.Is(err, want) {
			t.Errorf("CancelAutomerge by %s gave %v, want %v", token, err, want)
		}
	}
	const route = "POST " + mergeReqs + "/{iid}/cancel_merge_when_pipeline_succeeds"
	server.Inject(forgetest.Fault{Route: route, Status: 201, Body: `{"status":"error","message":"Can't cancel the automatic merge","http_status":406}`, Times: 1})
	if err := f.CancelAutomerge(t.Context(), 1); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("CancelAutomerge without effect gave %v, want ErrNotReady", err)
	}
	server.Inject(forgetest.Fault{Route: route, Status: 502, AfterEffect: true, Times: 1})
	if err := f.CancelAutomerge(t.Context(), 1); err != nil {
		t.Errorf("CancelAutomerge that was cut off gave %v", err)
	}
	if list, err := f.List(t.Context(), forge.Filter{}); err != nil || list[0].Automerge || p.MergeRequests() != 1 {
		t.Errorf("List gave %+v, %v", list, err)
	}
}
