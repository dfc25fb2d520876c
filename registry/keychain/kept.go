package keychain

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Options are what sources that ask others need of the world. The zero value is
// ready for use.
type Options struct {
	// Transport sends the requests to clouds. The default is http.DefaultTransport's manner.
	Transport http.RoundTripper
	// Timeout bounds one question to a helper or a cloud. The default is 20 s.
	Timeout time.Duration
	// Now tells the time. The default is time.Now.
	Now func() time.Time
	// Log gets what is passed over. The default discards.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConns: 10, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 256 << 10,
	}
}

const (
	// failureLife is how long a failure stands: a thousand repositories shouldn't
	// wait for the same cloud one after another. A repository that failed by it asks
	// for a fresh answer the next time.
	failureLife = 5 * time.Minute
	// moment is how old an answer may be that is to be fresh: many repositories
	// are refused at once when a password changes, and a client that logs in anew
	// for other reasons can't be told from one that was refused.
	moment = time.Minute
)

// lookup asks for credentials, and tells how long they are good for.
type lookup func(ctx context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error)

// kept is a Source that keeps what its lookup said. A lookup isn't cut short by the
// end of one caller's context, since others wait for it; it has a bound of its own.
type kept struct {
	options Options
	lookup  lookup
	key     func(authn.Resource) string

	mu      sync.Mutex
	answers map[string]*answer
}

// answer is what is known by one key. Whoever looks up holds busy.
type answer struct {
	busy        chan struct{}
	at, until   time.Time
	credentials authn.AuthConfig
	err         error
}

func byHost(target authn.Resource) string { return target.RegistryStr() }

func byTarget(target authn.Resource) string { return target.String() }

func newKept(o Options, key func(authn.Resource) string, ask lookup) *kept {
	return &kept{options: o.withDefaults(), lookup: ask, key: key, answers: map[string]*answer{}}
}

// Find implements Source.
func (k *kept) Find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	a := k.answer(target)
	own, cancel := context.WithTimeoutCause(ctx, k.options.Timeout,
		fmt.Errorf("no credentials of %s after %s", target.RegistryStr(), k.options.Timeout))
	defer cancel()
	select {
	case a.busy <- struct{}{}:
	case <-own.Done():
		return authn.AuthConfig{}, context.Cause(own)
	}
	if now := k.options.Now(); now.Before(a.until) && (!fresh || now.Sub(a.at) < moment) {
		defer func() { <-a.busy }()
		return a.credentials, a.err
	}
	type result struct {
		credentials authn.AuthConfig
		err         error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-a.busy }()
		k.refresh(context.WithoutCancel(ctx), a, target)
		done <- result{a.credentials, a.err}
	}()
	select {
	case r := <-done:
		return r.credentials, r.err
	case <-own.Done():
		return authn.AuthConfig{}, context.Cause(own)
	}
}

func (k *kept) answer(target authn.Resource) *answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.answers[k.key(target)]
	if a == nil {
		a = &answer{busy: make(chan struct{}, 1)}
		k.answers[k.key(target)] = a
	}
	return a
}

func (k *kept) refresh(ctx context.Context, a *answer, target authn.Resource) {
	ctx, cancel := context.WithTimeout(ctx, k.options.Timeout)
	defer cancel()
	found, life, err := k.lookup(ctx, target)
	if err != nil {
		found, life = authn.AuthConfig{}, failureLife
	}
	a.credentials, a.err = found, err
	a.at = k.options.Now()
	a.until = a.at.Add(life)
}
