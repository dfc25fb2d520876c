// Package gitea proposes pull requests on Gitea, and on Forgejo, which has kept
// the same API, through code.gitea.io/sdk/gitea.
//
// The token goes to the configured scheme, host and port and nowhere else.
//
// Where Gitea differs from GitHub, the package makes up for it: a label is found
// by its name among the repository's and then the organisation's labels, and
// made in the repository when it is missing, as GitHub does by itself; a draft
// is a title that starts with "WIP: ", which callers never see.
package gitea

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/secret"
)

// Config says which repository, where, and as whom.
type Config struct {
	// URL is the server's own address, without /api/v1.
	URL string
	// Owner and Repo name the repository.
	Owner, Repo string
	// Token is an access token with write access to the repository and its issues.
	Token secret.String
	// TokenSource, where set, is asked before each call and takes the place of Token.
	TokenSource func(context.Context) (secret.String, error)
	// Transport carries the calls; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one try of one call; 0 means 30 seconds.
	Timeout time.Duration
	// RetryDelay lies between the two tries of a call; 0 means 500 ms.
	RetryDelay time.Duration
	// PageSize is how many items a page of a list is asked to hold; 0 means 50,
	// the most that Gitea gives as it comes.
	PageSize int
	// Quota is shared by all that use the same credential on the same host; nil means
	// one of its own.
	Quota *quota.Quota
	// Now tells the time; nil means time.Now. Only a server that sends no Date
	// header makes it matter.
	Now func() time.Time
	// Log is told what is done; nil means silence.
	Log *slog.Logger
}

// Forge is one repository on Gitea. Its methods may be called concurrently.
type Forge struct {
	url    *url.URL
	owner  string
	repo   string
	token  func(context.Context) (secret.String, error)
	client *http.Client
	page   int
	now    func() time.Time
	log    *slog.Logger
}

// name is what Gitea allows for users and repositories.
var name = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// New checks the configuration. It calls nobody.
func New(c Config) (*Forge, error) {
	base, err := c.origin()
	if err != nil {
		return nil, fmt.Errorf("configuring the Gitea repository \"%s/%s\": %w", c.Owner, c.Repo, err)
	}
	f := &Forge{url: base, owner: c.Owner, repo: c.Repo, token: c.TokenSource, page: c.PageSize, now: c.Now, log: c.Log}
	if f.token == nil {
		f.token = func(context.Context) (secret.String, error) { return c.Token, nil }
	}
	if f.page <= 0 {
		f.page = defaultPageSize
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	f.client = &http.Client{Transport: &api.Transport{
		Origin: base, Base: c.Transport, UserAgent: "towline", Timeout: c.Timeout, Delay: c.RetryDelay,
		Quota: cmp.Or(c.Quota, quota.New(quota.Config{Now: c.Now})),
	}}
	return f, nil
}

func (c Config) origin() (*url.URL, error) {
	switch {
	case !allowed(c.Owner) || !allowed(c.Repo):
		return nil, errors.New("owner or repository isn't a name that Gitea allows")
	case c.Token.IsZero() && c.TokenSource == nil:
		return nil, errors.New("there is no token")
	}
	return api.ParseOrigin(strings.TrimSuffix(c.URL, "/"))
}

func allowed(s string) bool { return name.MatchString(s) && s != "." && s != ".." }

// sdk makes a client for one call. The SDK keeps its context in the client, where
// calls side by side would change it for each other; making one is a few
// allocations, as long as it is kept from asking the server's version first. All
// that we use has been in Gitea since 1.14.
func (f *Forge) sdk(ctx context.Context) (*gitea.Client, error) {
	token, err := f.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for a token: %w", err)
	}
	return gitea.NewClient(f.url.String(),
		gitea.SetContext(ctx), gitea.SetHTTPClient(f.client),
		gitea.SetToken(token.Reveal()), gitea.SetGiteaVersion(""))
}

// classify turns the SDK's error into the forge's.
func (f *Forge) classify(ctx context.Context, op string, resp *gitea.Response, err error) error {
	failure := api.Failure{Op: op, Err: err, Now: f.now()}
	if resp != nil {
		failure.Status, failure.Header = resp.StatusCode, resp.Header
		failure.Message = err.Error()
	}
	return api.Classify(ctx, failure)
}
