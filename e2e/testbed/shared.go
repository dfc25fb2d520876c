package testbed

import (
	"context"
	"sync"
)

// servers are those that all tests of one test binary use together, with the
// program under test.
type servers struct {
	kube    once[*Cluster]
	gitea   once[*GiteaServer]
	towline built
}

// shared belongs to the process as the servers do: the tests of a package have
// no other value in common.
//
//nolint:gochecknoglobals // see above
var shared servers

func (s *servers) stop() {
	s.kube.stop()
	s.gitea.stop()
}

// stopper is a server that can be ended.
type stopper interface{ Stop() error }

// once starts a server at its first use. A start that went wrong isn't tried
// again: each test would wait for it anew, and say the same.
type once[T stopper] struct {
	mu     sync.Mutex
	tried  bool
	server T
	err    error
}

// get starts the server. The start isn't bounded by the test that happens to be
// the first: its end would take the server from the others.
func (o *once[T]) get(ctx context.Context, start func(context.Context) (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.tried {
		o.tried = true
		o.server, o.err = start(context.WithoutCancel(ctx))
	}
	return o.server, o.err
}

func (o *once[T]) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tried && o.err == nil {
		_ = o.server.Stop() // at the end of the process there's nobody to tell
	}
}

// built is the path of a program, once it is known.
type built struct {
	mu   sync.Mutex
	path string
}

// get returns the path, which build gives the first time that it succeeds.
func (b *built) get(build func() (string, error)) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if b.path == "" {
		b.path, err = build()
	}
	return b.path, err
}
