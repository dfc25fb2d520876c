package inspect

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Detail is all that is worth knowing of one Sync.
type Detail struct {
	Summary
	SuspendReason string      `json:"suspendReason,omitempty"`
	DependsOn     []string    `json:"dependsOn"`
	Conditions    []Condition `json:"conditions"`
	Inventory     []Count     `json:"inventory"`
	// Unhealthy are the owned objects that aren't as they should be.
	Unhealthy []Object `json:"unhealthy"`
	// Consent is what waits for a person's word; null where nothing does.
	Consent *Consent  `json:"consent"`
	Events  []Event   `json:"events"` // newest first, the last ten
	History []Attempt `json:"history"`
	// Notes tell of what couldn't be read.
	Notes []string `json:"notes"`
}

// Condition is a condition of the status.
type Condition struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

// Count is how many objects of a kind, GROUP/KIND or KIND, are owned.
type Count struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Consent says what may be allowed by an annotation, and how.
type Consent struct {
	Message string `json:"message"`
	Key     string `json:"key"`
	Command string `json:"command"`
}

// Event is something that happened to the Sync.
type Event struct {
	Time    time.Time `json:"time"`
	Type    string    `json:"type"` // Normal or Warning
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Count   int       `json:"count"`
}

const (
	shownEvents = 10
	// maxEvents bounds how many of a Sync's events are looked at for the last ones.
	maxEvents = 5000
)

// Describe gives all that is worth knowing of a Sync. What the person may not read is a
// note, no error.
func (c *Client) Describe(ctx context.Context, sync *v1.Sync) (Detail, error) {
	d := Detail{
		Summary: Summarise(sync), SuspendReason: sync.Annotations[AnnotationSuspendReason], DependsOn: []string{}, Conditions: []Condition{},
		Inventory: []Count{}, Unhealthy: []Object{}, Consent: consentOf(sync), Events: []Event{}, History: History(sync), Notes: []string{},
	}
	for _, other := range sync.Spec.DependsOn {
		d.DependsOn = append(d.DependsOn, other.Name)
	}
	for _, condition := range sync.Status.Conditions {
		d.Conditions = append(d.Conditions, Condition{
			Type: condition.Type, Status: string(condition.Status), Reason: condition.Reason, Message: condition.Message, Since: condition.LastTransitionTime.UTC(),
		})
	}
	for _, count := range sync.Status.Inventory {
		d.Inventory = append(d.Inventory, Count{count.Kind, int(count.Count)})
	}
	if err := c.examine(ctx, sync, &d); err != nil {
		return d, err
	}
	events, err := c.events(ctx, sync)
	if err != nil {
		d.Notes = append(d.Notes, fmt.Sprintf("events: %s", why(err)))
	}
	d.Events = append(d.Events, events...)
	return d, ctx.Err()
}

// examine notes which of the owned objects aren't as they should be.
func (c *Client) examine(ctx context.Context, sync *v1.Sync, d *Detail) error {
	refs, err := c.owned(ctx, sync)
	if err != nil {
		d.Notes = append(d.Notes, fmt.Sprintf("inventory: %s", why(err)))
		return ctx.Err()
	}
	objects, err := c.look(ctx, sync, refs)
	if err != nil {
		return err
	}
	for _, at := range slices.SortedFunc(maps.Keys(objects.unread), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.kind.String(), b.kind.String()), cmp.Compare(a.namespace, b.namespace))
	}) {
		d.Notes = append(d.Notes, joined(strings.TrimSpace(at.kind.String()+" "+at.namespace), why(objects.unread[at])))
	}
	rules, err := rulesOf(sync)
	if err != nil {
		d.Notes = append(d.Notes, err.Error())
	}
	var ailing []inventory.ObjectRef
	for _, ref := range refs {
		if objects.unread[placeOf(ref)] != nil {
			continue
		}
		object := objects.objects[ref.Identity()]
		if object == nil {
			d.Unhealthy = append(d.Unhealthy, missing(ref, health.NotFound, "it isn't in the cluster"))
		} else if o := found(object, rules); o.Status != string(health.Current) {
			ailing = append(ailing, ref)
		}
	}
	return c.explain(ctx, objects, ailing, rules, d)
}

// explain notes objects that aren't as they should be, with the words of a Pod below them
// where one has any: a workload itself only tells that something lacks.
func (c *Client) explain(ctx context.Context, objects live, ailing []inventory.ObjectRef, rules *health.Rules, d *Detail) error {
	w := &walk{Client: c, notes: map[string]bool{}}
	below, err := w.children(ctx, ailing, rules)
	if err != nil {
		return err
	}
	d.Notes = append(d.Notes, slices.Sorted(maps.Keys(w.notes))...)
	for _, ref := range ailing {
		n := below.node(objects.objects[ref.Identity()], 0)
		if pod := n.trouble(); pod != nil && pod != n {
			n.Reason, n.Message = pod.Reason, joined("Pod "+pod.Name, pod.Message)
		}
		d.Unhealthy = append(d.Unhealthy, n.Object)
	}
	return nil
}

// trouble finds a Pod with a reason for not being as it should be.
func (n *Node) trouble() *Node {
	if n.Group == "" && n.Kind == "Pod" && n.Status != string(health.Current) && n.Reason != "" {
		return n
	}
	for _, child := range n.Children {
		if pod := child.trouble(); pod != nil {
			return pod
		}
	}
	return nil
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + ": " + b
}

// consentOf finds what a Sync waits for consent for: its conditions spell the annotation
// out, as the API has it.
func consentOf(sync *v1.Sync) *Consent {
	for _, condition := range sync.Status.Conditions {
		_, rest, ok := strings.Cut(condition.Message, v1.AnnotationConsent+"=")
		if !ok {
			continue
		}
		// Anything may stand in a message, and people run this command: a key is letters, digits and dashes.
		key := rest
		if end := strings.IndexFunc(rest, func(r rune) bool { return !keyRune(r) }); end >= 0 {
			key = rest[:end]
		}
		if key == "" {
			continue
		}
		return &Consent{
			Message: condition.Message, Key: key,
			Command: fmt.Sprintf("kubectl annotate --overwrite -n %s syncs.towline.dev/%s %s=%s", sync.Namespace, sync.Name, v1.AnnotationConsent, key),
		}
	}
	return nil
}

func keyRune(r rune) bool {
	return r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// events gives the last events of a Sync, newest first.
func (c *Client) events(ctx context.Context, sync *v1.Sync) ([]Event, error) {
	options := metav1.ListOptions{
		Limit:         listPage,
		FieldSelector: fields.Set{"involvedObject.uid": string(sync.UID)}.AsSelector().String(),
	}
	var all []Event
	for {
		list, err := c.core.Events(sync.Namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			all = append(all, eventOf(&list.Items[i]))
		}
		if options.Continue = list.Continue; options.Continue == "" || len(all) > maxEvents {
			break
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int { return b.Time.Compare(a.Time) })
	return all[:min(len(all), shownEvents)], nil
}

func eventOf(e *corev1.Event) Event {
	at := e.LastTimestamp.Time
	if at.IsZero() {
		at = e.EventTime.Time
	}
	if at.IsZero() {
		at = e.CreationTimestamp.Time
	}
	return Event{Time: at.UTC(), Type: e.Type, Reason: e.Reason, Message: e.Message, Count: max(1, int(e.Count))}
}
