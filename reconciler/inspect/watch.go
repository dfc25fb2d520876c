package inspect

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// Watch tells of the Syncs of a namespace, or of all, or of the one of a name, as they are
// now and whenever they change, until ctx ends or each returns an error. The same is told
// of a Sync once.
func (c *Client) Watch(ctx context.Context, namespace, name string, each func(Summary) error) error {
	said := map[types.UID]string{}
	for ctx.Err() == nil {
		if err := c.watchOnce(ctx, namespace, name, said, each); err != nil {
			return err
		}
		pause(ctx)
	}
	return ctx.Err()
}

// rewatch is how long a watch that was cut isn't begun again: a server that cuts each at
// once isn't to be asked without end.
const rewatch = time.Second

func pause(ctx context.Context) {
	timer := time.NewTimer(rewatch)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// watchOnce ends without an error when the watch was cut.
func (c *Client) watchOnce(ctx context.Context, namespace, name string, said map[types.UID]string, each func(Summary) error) error {
	options := []client.ListOption{client.InNamespace(namespace)}
	if name != "" {
		options = append(options, client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", name)})
	}
	var list v1.SyncList
	events, err := c.syncs.Watch(ctx, &list, options...)
	if err != nil {
		return fmt.Errorf("watching Syncs: %w", installed(err))
	}
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-events.ResultChan():
			sync, ok := event.Object.(*v1.Sync)
			if !open || !ok {
				return nil
			}
			s := Summarise(sync)
			text := fmt.Sprint(s.Ready, s.Reason, s.Message, s.Revision, s.Suspended, s.Stalled, s.Reconciling, s.Objects, event.Type == watch.Deleted)
			if said[sync.UID] == text {
				continue
			}
			said[sync.UID] = text
			if event.Type == watch.Deleted {
				s.Message = "deleted"
			}
			if err := each(s); err != nil {
				return err
			}
		}
	}
}
