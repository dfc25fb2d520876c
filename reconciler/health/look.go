package health

import (
	"context"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// never is the limit of what fails nothing.
const never = time.Duration(math.MaxInt64)

// limit is how long a trouble may last.
func (v *vigil) limit(severity Severity) time.Duration {
	switch severity {
	case Hopeless:
		return max(v.grace, 0)
	case Patient:
		return max(v.patience, 0)
	}
	return never
}

// podsAfter is how long a workload may be in progress before its Pods are looked at: most are there sooner.
func (v *vigil) podsAfter() time.Duration { return min(time.Second, max(v.grace, 0)) }

// warningsAfter is how long an object may be in progress before events are read.
func (v *vigil) warningsAfter() time.Duration { return min(askWarnings, max(v.patience, 0)) }

// podsOf gives the Pods among which a workload's are, which are watched from the first time on.
func (v *vigil) podsOf(namespace string, workload types.UID) *podState {
	if v.pods[workload] == nil {
		state, release := v.hub.pods(namespace, workload, v.signal)
		v.pods[workload] = state
		v.release = append(v.release, release)
	}
	return v.pods[workload]
}

// warningsOf gives what events say about a namespace's objects, once something has been in progress for long.
func (v *vigil) warningsOf(namespace string, waited time.Duration) map[types.UID]warning {
	if waited < v.warningsAfter() || namespace == "" {
		return nil
	}
	found, stale := v.warnings.get(namespace)
	if stale {
		v.run(func(ctx context.Context) {
			found, err := v.readWarnings(ctx, namespace)
			if err != nil {
				v.log.DebugContext(ctx, "reading events", "error", err)
				return
			}
			v.warnings.put(namespace, found)
			v.signal()
		})
	}
	return found
}

// bindsLate reports whether a claim waits for a Pod to use it: no other wait ends that.
func (v *vigil) bindsLate(c *claim) bool {
	if c == nil || c.scheduled || c.class == "" {
		return false
	}
	late, stale := v.classes.late(c.class)
	if stale {
		v.run(func(ctx context.Context) {
			late, err := v.readClass(ctx, c.class)
			if err != nil {
				v.log.DebugContext(ctx, "reading a StorageClass", "error", err)
				return
			}
			v.classes.put(c.class, late)
			v.signal()
		})
	}
	return late
}
