package releasenotes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxRequests = 3       // for one image, redirects among them
	maxAnswer   = 8 << 20 // bytes
	maxShut     = time.Hour
	defaultShut = 5 * time.Minute
	shutFailing = time.Minute // after what isn't an answer: others would wait for it, too
)

var (
	errSpent   = errors.New("no request is left for this image")
	errLimited = errors.New("the host's limit is spent")
	errMissing = errors.New("there is no such project")
)

// get asks for one page of a list. Redirects are followed within the API's own origin:
// GitHub answers so for a project that was renamed.
func (s *search) get(ctx context.Context, address string, into any) error {
	for {
		if s.left == 0 {
			return errSpent
		}
		s.left--
		next, err := s.once(ctx, address, into)
		if err != nil || next == "" {
			return err
		}
		address = next
	}
}

// once makes one request. next is where the host sends us on to.
func (s *search) once(ctx context.Context, address string, into any) (next string, err error) {
	if now := s.cfg.Now(); now.Before(s.project.opens()) {
		return "", errLimited
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	if err := s.project.sign(ctx, req); err != nil {
		return "", err
	}
	resp, err := s.cfg.Transport.RoundTrip(req) // not a client: it would follow redirects
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.project.pause(s.cfg.Now(), shutFailing)
		}
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	s.project.heed(resp, s.cfg.Now())
	switch {
	case resp.StatusCode >= 500:
		s.project.pause(s.cfg.Now(), shutFailing)
		return "", fmt.Errorf("the host answered %d", resp.StatusCode)
	case resp.StatusCode == http.StatusOK:
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		if err == nil && len(data) > maxAnswer {
			err = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
		}
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		return "", err
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return s.project.redirect(req.URL, resp.Header.Get("Location"))
	case s.cfg.Now().Before(s.project.opens()):
		return "", errLimited
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone || resp.StatusCode == http.StatusForbidden ||
		resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusUnavailableForLegalReasons:
		return "", errMissing
	}
	return "", fmt.Errorf("the host answered %d", resp.StatusCode)
}

// sign adds the token and what the host wants to see.
func (s *site) sign(ctx context.Context, req *http.Request) error {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "towline")
	if s.Token == nil {
		return nil
	}
	token, err := s.Token(ctx)
	if err != nil {
		return fmt.Errorf("reading the token of %s: %w", s.name, err)
	}
	scheme := "Bearer "
	if s.Kind == Gitea {
		scheme = "token "
	}
	req.Header.Set("Authorization", scheme+token.Reveal())
	return nil
}

// redirect tells where to go on, within the API's origin.
func (s *site) redirect(at *url.URL, location string) (string, error) {
	to, err := at.Parse(location)
	if err != nil || location == "" {
		return "", errors.New("the host sent us on to nowhere")
	}
	if to.Scheme != s.api.Scheme || to.Host != s.api.Host || to.User != nil {
		return "", fmt.Errorf("the host sent us on to another, %.100q", to.Host)
	}
	return to.String(), nil
}

func (s *site) opens() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shut
}

// heed reads from an answer until when nothing more may be asked.
func (s *site) heed(resp *http.Response, now time.Time) {
	refused := resp.StatusCode == http.StatusTooManyRequests
	spent := resp.Header.Get("X-RateLimit-Remaining") == "0" || resp.Header.Get("RateLimit-Remaining") == "0"
	after := resp.Header.Get("Retry-After")
	if !refused && !spent && (after == "" || resp.StatusCode < 400) {
		return
	}
	wait := defaultShut
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		wait = time.Duration(min(seconds, int(maxShut/time.Second))) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = at.Sub(now)
	} else {
		for _, name := range []string{"X-RateLimit-Reset", "RateLimit-Reset"} {
			if epoch, err := strconv.ParseInt(resp.Header.Get(name), 10, 64); err == nil {
				wait = time.Unix(epoch, 0).Sub(now)
			}
		}
	}
	s.pause(now, min(max(wait, time.Second), maxShut))
}

// pause asks nothing for a while.
func (s *site) pause(now time.Time, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := now.Add(d); until.After(s.shut) {
		s.shut = until
	}
}
