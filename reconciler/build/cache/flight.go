package cache

import (
	"context"
	"errors"
	"sync"
)

// flights lets one build of a kind run at a time; the others wait for its result.
type flights struct {
	mu      sync.Mutex
	running map[key]*flight
}

type flight struct {
	done   chan struct{}
	result result
}

// errAborted is what the others get when a build ended in a panic.
var errAborted = errors.New("the build of another Sync that was waited for was aborted")

// do calls f, or waits for the call of another; mine tells which it was.
func (f *flights) do(ctx context.Context, k key, call func() result) (r result, mine bool) {
	f.mu.Lock()
	if other, ok := f.running[k]; ok {
		f.mu.Unlock()
		select {
		case <-other.done:
			return other.result, false
		case <-ctx.Done():
			return result{err: ctx.Err()}, false
		}
	}
	own := &flight{done: make(chan struct{}), result: result{err: errAborted}}
	f.running[k] = own
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.running, k)
		f.mu.Unlock()
		close(own.done)
	}()
	own.result = call()
	return own.result, true
}
