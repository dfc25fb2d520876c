package registry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// call is ask for what go-containerregistry's puller can be asked. at is the
// repository's name at the place that is asked, which may be a mirror.
func (c *Client) call(ctx context.Context, repo name.Repository, question func(ctx context.Context, p *remote.Puller, at name.Repository) error) error {
	return c.ask(ctx, repo, func(ctx context.Context, s *session) error { return question(ctx, s.puller, s.at) })
}

// ask puts the question within the time limit of a call: to the repository's
// mirrors and then to the repository itself, until one answers.
func (c *Client) ask(ctx context.Context, repo name.Repository, question func(context.Context, *session) error) error {
	own, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
	defer cancel()
	places, err := c.places(repo)
	if err != nil {
		return err
	}
	var failed placesError
	for i, at := range places {
		err := c.askAt(own, at, len(places)-i, question)
		if err == nil {
			return nil
		}
		failed = append(failed, placeError{shown(at.RegistryStr()), err})
		if own.Err() != nil {
			break
		}
		if i < len(places)-1 {
			c.config.Log.DebugContext(ctx, "asking the next place, since a mirror doesn't answer",
				"repository", repo.Name(), "mirror", at.RegistryStr(), "error", printable(err.Error()))
		}
	}
	return failed.orOnly()
}

// askAt asks at one place, within its share of the time that is left for places.
func (c *Client) askAt(ctx context.Context, at name.Repository, places int, question func(context.Context, *session) error) error {
	if end, ok := ctx.Deadline(); ok && places > 1 {
		share, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(places))
		defer cancel()
		ctx = share
	}
	for again := false; ; again = true {
		s, err := c.session(ctx, at)
		begun := err == nil && s.used.Swap(true)
		if err == nil {
			err = question(ctx, s)
		}
		if err == nil || !c.refused(at, s, err) || begun || again {
			return err
		}
		// The login rests on what the registry said some time ago, perhaps to another
		// repository. It may say otherwise now.
	}
}

// session returns the repository's session, after making one where there is none that is good.
func (c *Client) session(ctx context.Context, at name.Repository) (*session, error) {
	h, now := c.hosts.get(at.Registry), c.config.Now()
	for {
		s, err := c.sessions.get(ctx, at.Name(), func() (*session, error) { return newSession(ctx, c.config, h, at) })
		if err != nil || !s.expired(now) {
			return s, err
		}
		c.sessions.drop(func(old *session) bool { return old == s })
	}
}

// refused forgets what led to a refusal, so that the next call reads the
// credentials and asks for the challenge anew. It tells whether the challenge is
// among what was forgotten. s is nil when the login itself was refused.
func (c *Client) refused(at name.Repository, s *session, err error) bool {
	if s != nil && !unauthorized(err) {
		return false
	}
	if s != nil {
		c.sessions.drop(func(old *session) bool { return old == s })
	}
	return c.hosts.get(at.Registry).pings.forget(minPing)
}

func unauthorized(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden
	}
	return errors.Is(err, ErrUnauthorized)
}
