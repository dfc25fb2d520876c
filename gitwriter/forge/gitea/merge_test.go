package gitea_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// What Gitea won't tell is no permission; a server that is away, or a repository that
// isn't there, is an error.
func TestPermissionIsSettled(t *testing.T) {
	for name, test := range map[string]struct {
		login        string
		answer, repo int
		want         forge.Permission
		err          error
	}{
		"not told":               {"alice", 403, 200, forge.PermissionNone, nil},
		"not told, of the owner": {"ACME", 403, 200, forge.PermissionAdmin, nil},
		"nobody":                 {"alice", 404, 200, forge.PermissionNone, nil},
		"no repository":          {"alice", 404, 404, forge.PermissionNone, forge.ErrNotFound},
		"a bad token":            {"alice", 401, 401, forge.PermissionNone, forge.ErrUnauthorized},
		"away":                   {"alice", 503, 503, forge.PermissionNone, forge.ErrUnavailable},
		"no name":                {"../../users", 200, 200, forge.PermissionNone, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := connect(t, func(w http.ResponseWriter, r *http.Request) {
				status := test.repo
				if strings.HasSuffix(r.URL.Path, "/permission") {
					status = test.answer
				}
				answer(w, status, object{"id": 1, "message": "as asked for"})
			})
			if got, err := f.Permission(t.Context(), test.login); got != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, test.want, test.err)
			}
		})
	}
}

// A merge is asked for once, whatever comes of it.
func TestMergeErrors(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		pull   object // what the pull request is, if it is asked for
		want   error
	}{
		"the rules":     {405, nil, forge.ErrNotReady},
		"another head":  {409, nil, forge.ErrNotReady},
		"not allowed":   {403, nil, forge.ErrForbidden},
		"a bad token":   {401, nil, forge.ErrUnauthorized},
		"away":          {502, nil, forge.ErrUnavailable},
		"closed":        {404, object{"number": 1, "state": "closed"}, forge.ErrNotReady},
		"isn't there":   {404, object{}, forge.ErrNotFound},
		"it is merged":  {200, object{"number": 1, "state": "closed", "merged": true}, nil},
		"no JSON later": {200, object{}, forge.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			merges := 0
			f := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/merge") {
					merges++
					answer(w, test.status, object{"message": "as asked for"})
					return
				}
				if len(test.pull) == 0 {
					answer(w, 404, object{"message": "not found"})
					return
				}
				answer(w, 200, test.pull)
			})
			pr, err := f.Merge(t.Context(), 1, forge.MergeRequest{Method: forge.MergeCommit, SHA: "1"})
			if !errors.Is(err, test.want) || err == nil && pr.State != forge.StateMerged || merges != 1 {
				t.Errorf("Merge gave %s, %v after %d calls; want %v", pr.State, err, merges, test.want)
			}
		})
	}
}

// A merge by itself is never asked for, and is taken back whoever asked.
func TestCancelAutomerge(t *testing.T) {
	for name, test := range map[string]struct {
		status, pull int
		want         error
	}{
		"done":              {204, 200, nil},
		"there was nothing": {404, 200, nil},
		"isn't there":       {404, 404, forge.ErrNotFound},
		"not allowed":       {403, 200, forge.ErrForbidden},
		"a bad token":       {401, 401, forge.ErrUnauthorized},
		"away":              {502, 200, forge.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/pulls/1/merge") {
					answer(w, test.status, object{"message": "as asked for"})
					return
				}
				answer(w, test.pull, object{"number": 1, "state": "open"})
			})
			if err := f.CancelAutomerge(t.Context(), 1); !errors.Is(err, test.want) {
				t.Errorf("CancelAutomerge gave %v, want %v", err, test.want)
			}
		})
	}
}

func TestAutomergeIsNotAskedFor(t *testing.T) {
	f := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("Gitea was asked something") })
	if err := f.Automerge(t.Context(), 1, forge.MergeRequest{}); !errors.Is(err, forge.ErrUnsupported) || forge.Temporary(err) {
		t.Errorf("Automerge gave %v, want ErrUnsupported", err)
	}
}
