package reconciler

import (
	"context"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Pauses between the tries to list and watch Syncs. The client's own grow to a minute,
// which is how long an edited Sync would go unseen after the API server is back.
const (
	firstPause = 200 * time.Millisecond
	lastPause  = 4 * time.Second
)

// newInformer makes the informer of Syncs.
func (c Config) newInformer(from cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
	return cache.NewSharedIndexInformer(&persistent{cache.ToListerWatcherWithContext(from), c.Log}, example, resync, indexers)
}

// persistent tries again by itself what the API server can't answer for the moment.
type persistent struct {
	cache.ListerWatcherWithContext
	log *slog.Logger
}

// List implements cache.Lister.
func (p *persistent) List(options metav1.ListOptions) (runtime.Object, error) {
	return p.ListWithContext(context.Background(), options)
}

// Watch implements cache.Watcher.
func (p *persistent) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return p.WatchWithContext(context.Background(), options)
}

// ListWithContext implements cache.ListerWithContext.
func (p *persistent) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	return persist(ctx, p.log, func() (runtime.Object, error) { return p.ListerWatcherWithContext.ListWithContext(ctx, options) })
}

// WatchWithContext implements cache.WatcherWithContext.
func (p *persistent) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return persist(ctx, p.log, func() (watch.Interface, error) { return p.ListerWatcherWithContext.WatchWithContext(ctx, options) })
}

// persist asks until there is an answer. That a version is too old, or a request isn't
// one that the server knows, are answers.
func persist[T any](ctx context.Context, log *slog.Logger, ask func() (T, error)) (T, error) {
	pauses, told := backoff{min: firstPause, max: lastPause}, ""
	for {
		got, err := ask()
		if err == nil || ctx.Err() != nil || answered(err) {
			return got, err
		}
		if text := masked(err.Error()); text != told {
			log.WarnContext(ctx, "reading Syncs", "error", err)
			told = text
		}
		if !wait(ctx, jitter(pauses.next())) {
			return got, err
		}
	}
}

func answered(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsNotFound(err)
}
