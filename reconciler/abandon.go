package reconciler

import (
	"context"
	"fmt"
	"strings"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// abandonedNames is how many of the objects that are left an event names.
const abandonedNames = 10

func abandoned(s *v1.Sync) bool { return s.Annotations[v1.AnnotationAbandon] == "true" }

// abandon lets a deleted Sync go without asking anything of its objects, because a
// person says so by annotation. The event names what is left, as far as that is
// known: it is the last place that does.
func (w *work) abandon(ctx context.Context) {
	note := "let go by annotation; nothing was left"
	owned, err := w.st.store.Load(ctx)
	switch {
	case err != nil:
		note = fmt.Sprintf("let go by annotation; what it leaves can't be told: %v", err)
	case len(owned) > 0:
		var names []string
		for _, ref := range owned {
			names = append(names, ref.String())
		}
		note = fmt.Sprintf("let go by annotation, leaving %d objects: %s", len(owned), strings.Join(first(names, abandonedNames), ", "))
	}
	if err == nil {
		// Another Sync of this name may come before the inventory is collected; what was
		// left here isn't its to prune.
		if err := w.st.store.Save(ctx, nil); err != nil {
			w.Log.WarnContext(ctx, "emptying the inventory", "sync", w.st.key.String(), "error", err)
		}
	}
	w.say(ctx, "abandoned", "true", event{warning, v1.ReasonAbandoned, note})
	w.release(ctx)
}
