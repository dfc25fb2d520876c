package drift

import (
	"fmt"
	"strings"
	"time"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Cause says how an object differs from what was applied.
type Cause string

// The causes of drift.
const (
	Gone   Cause = "gone"   // deleted, or its set's label was taken off or changed: a watch by label can't tell which
	Fields Cause = "fields" // fields that we applied were changed or removed
	// Rewritten: our fields may have other values than we gave them. They were applied under our name by another program,
	// came back from a backup, or changed while no watch was there to tell how.
	Rewritten Cause = "rewritten"
	// Autoscaled is no drift and isn't to be healed: a HorizontalPodAutoscaler has taken over the number of replicas, and
	// is left to it. It is told once, until the number is applied again.
	Autoscaled Cause = "autoscaled"
)

// Event is one object's drift.
type Event struct {
	Set     string // ID of the set it was applied for
	Ref     inventory.ObjectRef
	Cause   Cause
	Lost    []string      // the fields that were lost, as paths such as ".spec.replicas", the first 20; empty where Cause is Gone
	By      string        // the field manager who wrote them last; empty where that can't be told
	Attempt int           // 1 for the first drift of late, more while heals don't last: someone keeps writing back
	Delay   time.Duration // how long it was held back: not at all, for the debounce, or more because of Attempt
}

// String tells of the drift in one line: `apps/Deployment/shop/web lost .spec.replicas to field manager "kubectl"`.
func (e Event) String() string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s ", e.Ref)
	switch e.Cause {
	case Gone:
		line.WriteString("is gone")
	case Rewritten:
		line.WriteString("was written anew")
	case Fields, Autoscaled:
		fmt.Fprintf(&line, "lost %s", strings.Join(e.Lost, ", "))
	}
	switch {
	case e.By == "":
	case e.Cause == Rewritten:
		fmt.Fprintf(&line, ", last by field manager %q", e.By)
	default:
		fmt.Fprintf(&line, " to field manager %q", e.By)
	}
	if e.Attempt > 1 {
		fmt.Fprintf(&line, ", %d times in short order", e.Attempt)
	}
	return line.String()
}
