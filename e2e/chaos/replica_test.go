package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler"
)

// replicaEnv makes this test binary one of two replicas.
const replicaEnv = "TOWLINE_TEST_REPLICA"

// lease is how long the Lease of these replicas lasts.
const lease = 4 * time.Second

// role says where a replica works.
type role struct {
	Host      string // of a proxy
	CA        []byte
	Namespace string
	Cache     string
}

// replicate reconciles until its parent dies, or the Lease is lost.
func replicate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var r role
	if err := json.Unmarshal([]byte(os.Getenv(replicaEnv)), &r); err != nil {
		return fmt.Errorf("reading the role: %w", err)
	}
	go func() { // the parent's death closes our input
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return reconciler.Run(ctx, reconciler.Config{
		REST:     &rest.Config{Host: r.Host, TLSClientConfig: rest.TLSClientConfig{CAData: r.CA}},
		CacheDir: r.Cache, Namespace: r.Namespace, Builder: builder(),
		LeaderElection: true, LeaderElectionNamespace: r.Namespace, Lease: lease,
		ApplyWorkers: 1, RetryMin: 100 * time.Millisecond, RetryMax: time.Second,
	})
}
