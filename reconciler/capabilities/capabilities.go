// Package capabilities reads what a cluster can do, for the charts that ask for it: the API
// server's version, and the versions and kinds that it serves. What it gives is sorted, so
// that it differs only where the cluster does.
package capabilities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/discovery"

	"github.com/towline-dev/towline/reconciler/build"
)

// Every is how long what was read counts as true.
const Every = 5 * time.Minute

// Reader remembers what the cluster can do. It is safe for use by several goroutines.
type Reader struct {
	client discovery.DiscoveryInterface
	now    func() time.Time
	turn   chan struct{} // held by whoever asks the cluster

	mu    sync.Mutex
	known build.Capabilities
	until time.Time
	// forgotten counts the calls of Forget: what was asked for before one is out of date.
	forgotten int
}

// NewReader gives a Reader that asks client, whose requests should end after a time.
func NewReader(client discovery.DiscoveryInterface, now func() time.Time) *Reader {
	return &Reader{client: client, now: now, turn: make(chan struct{}, 1)}
}

// Forget makes the next Get ask anew. It is for when definitions of kinds (CRDs,
// APIServices) have changed.
func (r *Reader) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = time.Time{}
	r.forgotten++
}

// Get gives what the cluster can do, of which callers mustn't change anything. It asks at
// most once for all who wait, and ends with ctx; the question itself goes on for the others.
func (r *Reader) Get(ctx context.Context) (build.Capabilities, error) {
	if can, ok := r.fresh(); ok {
		return can, nil
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return build.Capabilities{}, ctx.Err()
	}
	if can, ok := r.fresh(); ok { // somebody else has asked meanwhile
		<-r.turn
		return can, nil
	}
	type answer struct {
		can build.Capabilities
		err error
	}
	answered := make(chan answer, 1)
	go func() { // the client takes no context, but has a timeout
		defer func() { <-r.turn }()
		can, err := r.ask()
		answered <- answer{can, err}
	}()
	select {
	case a := <-answered:
		return a.can, a.err
	case <-ctx.Done():
		return build.Capabilities{}, ctx.Err()
	}
}

func (r *Reader) fresh() (build.Capabilities, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known, r.now().Before(r.until)
}

func (r *Reader) ask() (build.Capabilities, error) {
	r.mu.Lock()
	before, forgotten := r.known.APIVersions, r.forgotten
	r.mu.Unlock()
	can, err := read(r.client, before)
	if err != nil {
		return can, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = can
	if forgotten == r.forgotten {
		r.until = r.now().Add(Every)
	}
	return can, nil
}

// Read asks what the cluster can do, once.
func Read(client discovery.DiscoveryInterface) (build.Capabilities, error) { return read(client, nil) }

// read takes from before what belongs to an API that can't be asked just now, such as one
// whose aggregated server restarts: a chart that found it a minute ago would leave out
// objects, and they would be pruned. Of an API that was never seen it names the version,
// since that is registered, but no kinds.
func read(client discovery.DiscoveryInterface, before []string) (build.Capabilities, error) {
	version, err := client.ServerVersion()
	if err != nil {
		return build.Capabilities{}, fmt.Errorf("asking for the cluster's version: %w", err)
	}
	_, lists, err := client.ServerGroupsAndResources()
	absent, partly := errors.AsType[*discovery.ErrGroupDiscoveryFailed](err)
	if err != nil && !partly {
		return build.Capabilities{}, fmt.Errorf("asking which APIs the cluster serves: %w", err)
	}
	var served []string
	for _, list := range lists {
		served = append(served, list.GroupVersion)
		for _, resource := range list.APIResources {
			served = append(served, list.GroupVersion+"/"+resource.Kind)
		}
	}
	if partly {
		for gv := range absent.Groups {
			served = append(served, gv.String())
			for _, known := range before {
				if strings.HasPrefix(known, gv.String()+"/") {
					served = append(served, known)
				}
			}
		}
	}
	slices.Sort(served)
	return build.Capabilities{KubeVersion: version.GitVersion, APIVersions: slices.Compact(served)}, nil
}
