// Package gitlab proposes merge requests on GitLab, gitlab.com or one's own from
// 15.6 on, through gitlab.com/gitlab-org/api/client-go.
//
// The token is a personal, project, group or OAuth access token. A job's
// CI_JOB_TOKEN is not taken: GitLab lets it open no merge request. The token goes to
// the configured scheme, host and port and nowhere else.
//
// Where GitLab differs from GitHub, the package makes up for it: a draft is a title
// that starts with "Draft: ", which callers never see; people are found by their
// login; and what would be a quick action in a text (a line such as "/merge", which
// GitLab carries out) is written so that it is only text. A team can't be asked for a
// review: GitLab asks people alone.
package gitlab

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

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/secret"
)

// DefaultURL is gitlab.com.
const DefaultURL = "https://gitlab.com"

// GitUsername is the user name that goes with the token in Git's basic
// authentication. GitLab takes any with most tokens, and asks for this one with OAuth's.
const GitUsername = "oauth2"

// Config says which project, where, and as whom.
type Config struct {
	// URL is the server's own address, without /api/v4; "" means DefaultURL.
	URL string
	// Project is the project's path with all its groups, such as "acme/team/deploy".
	Project string
	// Token is an access token with the scope api, of somebody who is at least a
	// Developer in the project.
	Token secret.String
	// TokenSource, where set, is asked before each call and takes the place of Token.
	TokenSource func(context.Context) (secret.String, error)
	// Transport carries the calls; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one try of one call; 0 means 30 seconds.
	Timeout time.Duration
	// RetryDelay lies between the two tries of a call; 0 means 500 ms.
	RetryDelay time.Duration
	// PageSize is how many items a page of a list is asked to hold; 0 means 100, the
	// most that GitLab gives.
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

// Forge is one project on GitLab. Its methods may be called concurrently.
type Forge struct {
	client  *gitlab.Client
	web     string // the project's page
	project string
	page    int64
	now     func() time.Time
	log     *slog.Logger
}

// name is what GitLab allows for groups and projects, without its rules for the ends.
var name = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

const defaultPageSize = 100

// New checks the configuration. It calls nobody.
func New(c Config) (*Forge, error) {
	base, err := c.origin()
	if err != nil {
		return nil, fmt.Errorf("configuring the GitLab project %q: %w", c.Project, err)
	}
	f := &Forge{web: base.String() + "/" + c.Project, project: c.Project, page: int64(c.PageSize), now: c.Now, log: c.Log}
	if f.page <= 0 {
		f.page = defaultPageSize
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	token := c.TokenSource
	if token == nil {
		token = func(context.Context) (secret.String, error) { return c.Token, nil }
	}
	f.client, err = gitlab.NewAuthSourceClient(bearer{token},
		gitlab.WithHTTPClient(&http.Client{Transport: &api.Transport{
			Origin: base, Base: c.Transport, Timeout: c.Timeout, Delay: c.RetryDelay,
			Quota: cmp.Or(c.Quota, quota.New(quota.Config{Now: c.Now})),
		}}),
		gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
		gitlab.WithBaseURL(base.String()), gitlab.WithUserAgent("towline"),
		gitlab.WithoutRetries(), gitlab.WithCustomLimiter(unlimited{}),
	)
	if err != nil {
		return nil, fmt.Errorf("configuring the GitLab project %q: %w", c.Project, err)
	}
	return f, nil
}

func (c Config) origin() (*url.URL, error) {
	parts := strings.Split(c.Project, "/")
	for _, part := range parts {
		if !name.MatchString(part) {
			return nil, errors.New("that isn't a path that GitLab allows")
		}
	}
	switch {
	case len(parts) < 2:
		return nil, errors.New("the group is missing")
	case c.Token.IsZero() && c.TokenSource == nil:
		return nil, errors.New("there is no token")
	}
	address := c.URL
	if address == "" {
		address = DefaultURL
	}
	return api.ParseOrigin(strings.TrimSuffix(address, "/"))
}

// bearer signs calls with a token that may change. GitLab takes every sort of access
// token so, and OAuth's in no other way.
type bearer struct {
	token func(context.Context) (secret.String, error)
}

// Init implements gitlab.AuthSource.
func (bearer) Init(context.Context, *gitlab.Client) error { return nil }

// Header implements gitlab.AuthSource.
func (b bearer) Header(ctx context.Context) (key, value string, err error) {
	token, err := b.token(ctx)
	if err != nil {
		return "", "", fmt.Errorf("asking for a token: %w", err)
	}
	return "Authorization", "Bearer " + token.Reveal(), nil
}

// unlimited keeps the SDK from waiting by itself: limits are errors here, on which
// the caller decides.
type unlimited struct{}

// Wait implements gitlab.RateLimiter.
func (unlimited) Wait(context.Context) error { return nil }
