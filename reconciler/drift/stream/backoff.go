package stream

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// again spaces the tries to follow a source anew. The client's own default goes up to a minute, which is long for
// something that should see a deletion at once, and its first pause of a second for a resumed watch is, too.
func again() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 6, Cap: 4 * time.Second}
}
