// Package github proposes pull requests on GitHub, GitHub Enterprise Server, and
// servers that answer like them, through google/go-github.
//
// A call is made with a personal token or as a GitHub App. The credential goes to
// the API's own scheme, host and port and nowhere else, whatever redirects or
// paging links say, and stands in no error or log line.
package github

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/secret"
)

// DefaultBaseURL is the API of github.com.
const DefaultBaseURL = "https://api.github.com"

// Config says which repository, where, and as whom.
type Config struct {
	// BaseURL is the API's root: "" for github.com, https://HOST/api/v3 for
	// GitHub Enterprise Server.
	BaseURL string
	// Owner and Repo name the repository.
	Owner, Repo string
	// Token is a personal or workflow token; either it, TokenSource or App must be given.
	Token secret.String
	// TokenSource is asked before each call and gives a token that may change.
	TokenSource func(context.Context) (secret.String, error)
	// App lets Towline act as an installed GitHub App.
	App *App
	// Transport carries the calls; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one try of one call; 0 means 30 seconds.
	Timeout time.Duration
	// RetryDelay lies between the two tries of a call; 0 means 500 ms.
	RetryDelay time.Duration
	// Quota is shared by all that use the same credential on the same host; nil means
	// one of its own.
	Quota *quota.Quota
	// Now tells the time; nil means time.Now. Only a server that sends no Date
	// header makes it matter, or a Quota of its own.
	Now func() time.Time
	// Log is told at debug level of what is done; nil means silence.
	Log *slog.Logger
}

// App identifies an installation of a GitHub App.
type App struct {
	ID             int64
	InstallationID int64
	PrivateKey     secret.String // PEM, as GitHub hands it out
}

// Forge is one repository on GitHub. Its methods may be called concurrently.
type Forge struct {
	base  *url.URL // the API's root, with the trailing slash on which go-github insists
	http  *http.Client
	quota *quota.Quota
	owner string
	repo  string
	token func(context.Context) (secret.String, error) // nil with an App
	app   *ghinstallation.Transport                    // nil with a token
	now   func() time.Time
	log   *slog.Logger
}

// ownerName and repoName are what GitHub allows; anything else could reach for
// another path of the API.
var (
	ownerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	repoName  = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// New checks the configuration. It calls nobody.
func New(c Config) (*Forge, error) {
	base, err := c.origin()
	if err != nil {
		return nil, fmt.Errorf("configuring the GitHub repository \"%s/%s\": %w", c.Owner, c.Repo, err)
	}
	f := &Forge{base: base, owner: c.Owner, repo: c.Repo, token: c.TokenSource, quota: c.Quota, now: c.Now, log: c.Log}
	if f.now == nil {
		f.now = time.Now
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.quota == nil {
		f.quota = quota.New(quota.Config{Now: f.now})
	}
	var transport http.RoundTripper = &api.Transport{
		Origin: base, Base: c.Transport, UserAgent: "towline", Timeout: c.Timeout, Delay: c.RetryDelay,
		Cache: &api.Cache{}, Quota: f.quota, Kind: kindOf,
	}
	if c.App != nil {
		f.app, err = ghinstallation.New(transport, c.App.ID, c.App.InstallationID, []byte(c.App.PrivateKey.Reveal()))
		if err != nil {
			// The cause may quote the key's text.
			return nil, errors.New("reading the GitHub App's private key: it isn't an RSA key in PEM form")
		}
		// Without options ghinstallation sends the body "null", which GitHub takes
		// but doesn't describe.
		f.app.InstallationTokenOptions = &github.InstallationTokenOptions{}
		f.app.BaseURL = strings.TrimSuffix(base.String(), "/")
		transport = f.app
	}
	if c.App == nil {
		if f.token == nil {
			f.token = func(context.Context) (secret.String, error) { return c.Token, nil }
		}
		transport = bearer{next: transport, token: f.token}
	}
	f.http = &http.Client{Transport: transport}
	return f, nil
}

// sdk makes a client for one call. A lasting one would remember limits by itself, for
// one adapter and by the machine's clock, where the quota does for all.
func (f *Forge) sdk() *github.Client {
	client := github.NewClient(f.http)
	client.BaseURL = f.base
	return client
}

// kindOf tells the quota what a request is. Those that make content are the ones of
// which GitHub's reference warns that they trigger notifications.
func kindOf(req *http.Request) quota.Request {
	path := req.URL.Path
	if strings.HasSuffix(path, "/graphql") {
		return quota.Request{Resource: "graphql"}
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	switch req.Method {
	case http.MethodPost:
		return quota.Request{Content: slices.Contains([]string{"pulls", "issues", "comments", "requested_reviewers"}, last)}
	case http.MethodPut:
		return quota.Request{Content: last == "merge"}
	default:
		return quota.Request{}
	}
}

// origin checks everything but the App's key and gives the API's root with the
// trailing slash on which go-github insists.
func (c Config) origin() (*url.URL, error) {
	switch {
	case !ownerName.MatchString(c.Owner) || !repoName.MatchString(c.Repo) || c.Repo == "." || c.Repo == "..":
		return nil, errors.New("owner or repository isn't a name that GitHub allows")
	case c.Token.IsZero() && c.TokenSource == nil && c.App == nil:
		return nil, errors.New("there is neither a token nor an App")
	case (!c.Token.IsZero() || c.TokenSource != nil) && c.App != nil:
		return nil, errors.New("there are both a token and an App; give one")
	case c.App != nil && (c.App.ID <= 0 || c.App.InstallationID <= 0):
		return nil, errors.New("the App lacks its ID or its installation's ID")
	}
	address := c.BaseURL
	if address == "" {
		address = DefaultBaseURL
	}
	return api.ParseOrigin(strings.TrimSuffix(address, "/") + "/")
}
