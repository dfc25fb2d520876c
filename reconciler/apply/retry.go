package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
)

const (
	// requestWithin bounds one request; the API server is told so, too.
	requestWithin = 30 * time.Second
	// longestPause is the longest Retry-After that is waited for here. What takes longer is for the next attempt.
	longestPause = 15 * time.Second
)

// defaultRetries gets over an API server's hiccup; one that is down is for the caller's next attempt.
func defaultRetries() wait.Backoff {
	return wait.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Jitter: 0.2, Steps: 3}
}

// chase spaces the looks at an object that others write between our look and our write. Its controllers do so several
// times in a moment when a rollout begins. Together they last some 2 s.
func chase() wait.Backoff {
	return wait.Backoff{Duration: 5 * time.Millisecond, Factor: 2, Jitter: 1, Steps: 8}
}

// another reports, after a pause, whether to look once more.
func another(ctx context.Context, looks *wait.Backoff) bool {
	return looks.Steps > 0 && rested(ctx, looks.Step())
}

// answer is what the API server says of an object that it has read or written.
type answer struct {
	body    []byte
	created bool
	live    *metav1.PartialObjectMetadata
}

// ask makes a request, and makes it again while its failure is temporary: the one place that does so. All our requests
// may be made twice: an apply of the same, a look, a deletion or a patch that names the version it is of. Conflicts are
// answers, given at once; only the caller knows what to do about one.
func (a *Applier) ask(ctx context.Context, request func() *rest.Request) (answer, error) {
	backoff := a.retries
	for {
		got, err := once(ctx, request())
		if err == nil || backoff.Steps <= 0 || ctx.Err() != nil || !worthAnother(err) {
			return got, err
		}
		pause := backoff.Step()
		if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
			pause = max(pause, time.Duration(seconds)*time.Second)
		}
		if pause > longestPause {
			return got, err
		}
		if !rested(ctx, pause) {
			return got, errors.Join(context.Cause(ctx), err)
		}
	}
}

// worthAnother reports whether the same request may succeed in a moment.
func worthAnother(err error) bool {
	return classify(err) == ReasonUnavailable
}

// rested waits, and reports whether ctx let it.
func rested(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func once(ctx context.Context, request *rest.Request) (answer, error) {
	var got answer
	// client-go would make its own retries, of some failures, ten times.
	result := request.MaxRetries(0).Timeout(requestWithin).Do(ctx)
	body, err := result.WasCreated(&got.created).Raw()
	if err != nil {
		if err := result.Error(); err != nil {
			return got, ownTimeout(ctx, err)
		}
		return got, err
	}
	got.body, got.live = body, &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(body, got.live); err != nil {
		return got, fmt.Errorf("decoding the API server's answer: %w", err)
	}
	return got, nil
}

// ownTimeout tells the end of one request's time from that of the caller's: only the latter means to stop.
func ownTimeout(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %v", requestWithin, err) //nolint:errorlint // it must not read as the caller's deadline
	}
	return err
}
