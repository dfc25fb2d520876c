package health

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Report holds one health an object, sorted by reference.
type Report struct {
	Objects []Health
}

// Healthy reports whether all objects are Current.
func (r Report) Healthy() bool {
	return !slices.ContainsFunc(r.Objects, func(h Health) bool { return h.Status != Current })
}

// Failed returns the objects that have failed.
func (r Report) Failed() []Health {
	return r.only(func(h Health) bool { return h.Status == Failed })
}

// Pending returns the objects that are neither Current nor Failed.
func (r Report) Pending() []Health {
	return r.only(func(h Health) bool { return h.Status != Current && h.Status != Failed })
}

// Worst returns the pending object in the gravest trouble, of equals the first; false where none is pending.
func (r Report) Worst() (Health, bool) {
	pending := r.Pending()
	if len(pending) == 0 {
		return Health{}, false
	}
	return slices.MaxFunc(pending, func(a, b Health) int { return cmp.Compare(a.Trouble, b.Trouble) }), true
}

func (r Report) only(keep func(Health) bool) []Health {
	var kept []Health
	for _, health := range r.Objects {
		if keep(health) {
			kept = append(kept, health)
		}
	}
	return kept
}

// shown is how many failed objects a summary spells out.
const shown = 3

// Summary says in one line how things stand, for a condition or a commit status: some failed objects with their reasons,
// and how many others are on their way, one of those in the gravest trouble by name.
func (r Report) Summary() string {
	var parts []string
	failed := r.Failed()
	for i, health := range failed {
		if i == shown {
			parts = append(parts, fmt.Sprintf("%d more failed", len(failed)-shown))
			break
		}
		parts = append(parts, health.String())
	}
	if worst, ok := r.Worst(); ok {
		parts = append(parts, fmt.Sprintf("%d of %d not ready yet, such as %s", len(r.Pending()), len(r.Objects), worst))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("all %d objects are ready", len(r.Objects))
	}
	return strings.Join(parts, "; ")
}

// String returns "apps/Deployment/shop/web: ImagePullBackOff: message".
func (h Health) String() string {
	line := h.Ref.String()
	for _, part := range []string{h.Reason, h.Message} {
		if part != "" {
			line += ": " + part
		}
	}
	if h.Reason == "" && h.Message == "" {
		line += ": " + string(h.Status)
	}
	return line
}
