package pulls_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// site is a kind of forge.
type site interface {
	// name is how the stories call it: github or gitea.
	name() string
	// place makes a repository of the story's own, with a commit on main.
	place(t *testing.T, c *clock) place
}

// The people of the stories. Alice and Bob may write, Mallory may read.
const (
	alice   = "alice"
	bob     = "bob"
	mallory = "mallory"
	robot   = "towline-bot"
)

// place is a repository at a site.
type place interface {
	// url is what Git clones from, dir is where the server keeps it.
	url() string
	dir() string
	// api is the repository's address in the REST API: what GitHub and Gitea have in
	// common can be asked below it.
	api() string
	token(login string) string
	// forge is the adapter that a bot uses, with a timeout of its calls if it isn't 0.
	forge(through http.RoundTripper, timeout time.Duration) (forge.Forge, error)
	// commit adds a commit of a person's to a branch.
	commit(t *testing.T, c personsCommit)
	// milestone makes one.
	milestone(t *testing.T, title string)
	// merge merges a pull request.
	merge(t *testing.T, who string, number int, method string)
}

// personsCommit is what somebody changes on a branch.
type personsCommit struct {
	who, branch, message string
	files                map[string]string
	deletes              []string
}

// patience bounds every wait for a server. It is for a busy machine; nothing takes this
// long.
const patience = 2 * time.Minute

// apiCall is what a person asks of a forge's API. A nil out isn't read.
type apiCall struct {
	method, path, who string
	in, out           any
}

// call asks the API below the repository's address and gives the status.
func call(ctx context.Context, p place, c apiCall) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var body bytes.Buffer
	if c.in != nil {
		if err := json.NewEncoder(&body).Encode(c.in); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, p.api()+c.path, &body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "token "+p.token(c.who))
	req.Header.Set("Content-Type", "application/json")
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		return resp.StatusCode, fmt.Errorf("%s %s as %s: %s: %s %w", c.method, c.path, c.who, resp.Status, strings.TrimSpace(string(data)), errOr(err))
	}
	if c.out == nil {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.Unmarshal(data, c.out)
}

// errRefused is what the forge says no to.
type errRefused struct{}

// Error says so.
func (errRefused) Error() string { return "(refused)" }

func errOr(err error) error {
	if err == nil {
		return errRefused{}
	}
	return err
}

// must is call for what has to go well.
func must(t *testing.T, p place, c apiCall) {
	t.Helper()
	if _, err := call(t.Context(), p, c); err != nil {
		t.Fatal(err)
	}
}
