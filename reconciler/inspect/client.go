package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// FieldManager is the name under which the commands own what they write.
const FieldManager = "towline-cli"

// ErrNotInstalled says that the cluster doesn't know Syncs.
var ErrNotInstalled = errors.New("the cluster knows no Syncs (hint: is this the right context, and is Towline's CustomResourceDefinition installed?)")

// Config says how a [Client] reaches the cluster.
type Config struct {
	// REST is the way to the API server, as the person. Its QPS is ignored.
	REST *rest.Config
	// Now dates what is asked for. Default: time.Now.
	Now func() time.Time
}

// Client looks at the Syncs of one cluster. It is safe for use by several goroutines.
type Client struct {
	rest    *rest.Config
	http    *http.Client
	syncs   client.WithWatch
	dynamic dynamic.Interface
	core    corev1client.CoreV1Interface
	mapper  *apply.Mapper
	now     func() time.Time
}

// New checks the configuration and returns a Client. It asks nothing of the cluster yet.
func New(config Config) (*Client, error) {
	if config.REST == nil {
		return nil, errors.New("no configuration of a cluster is given")
	}
	c := &Client{rest: rest.CopyConfig(config.REST), now: config.Now}
	c.rest.QPS, c.rest.RateLimiter = -1, nil
	if c.now == nil {
		c.now = time.Now
	}
	if err := c.connect(); err != nil {
		return nil, fmt.Errorf("preparing to reach %s: %w", c.rest.Host, err)
	}
	return c, nil
}

func (c *Client) connect() (err error) {
	if c.http, err = rest.HTTPClientFor(c.rest); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(v1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return err
	}
	// Two kinds need no discovery, which would cost a request and a right.
	known := meta.NewDefaultRESTMapper(nil)
	known.Add(v1.GroupVersion().WithKind(v1.Kind), meta.RESTScopeNamespace)
	if c.syncs, err = client.NewWithWatch(c.rest, client.Options{HTTPClient: c.http, Scheme: scheme, Mapper: known}); err != nil {
		return err
	}
	if c.dynamic, err = dynamic.NewForConfigAndClient(c.rest, c.http); err != nil {
		return err
	}
	if c.core, err = corev1client.NewForConfigAndClient(c.rest, c.http); err != nil {
		return err
	}
	c.mapper, err = apply.NewMapper(c.rest, c.http)
	return err
}

// List gives the Syncs of a namespace, or of all where it is empty, by namespace and name.
func (c *Client) List(ctx context.Context, namespace string) ([]v1.Sync, error) {
	var list v1.SyncList
	if err := c.syncs.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("listing Syncs: %w", installed(err))
	}
	slices.SortFunc(list.Items, func(a, b v1.Sync) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, nil
}

// Get gives one Sync.
func (c *Client) Get(ctx context.Context, namespace, name string) (*v1.Sync, error) {
	var sync v1.Sync
	err := c.syncs.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &sync)
	switch {
	case err == nil:
		return &sync, nil
	case apierrors.IsNotFound(err) && !isMissingPage(err):
		return nil, fmt.Errorf("there is no Sync %q in namespace %q (hint: towline status -A)", name, namespace)
	}
	return nil, fmt.Errorf("reading Sync %s/%s: %w", namespace, name, installed(err))
}

// installed explains what the API server says where it doesn't serve Syncs.
func installed(err error) error {
	if isMissingPage(err) {
		return ErrNotInstalled
	}
	return err
}

// isMissingPage tells a path that isn't served from an object that isn't there: only the
// latter is answered in the API's own words.
func isMissingPage(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// SetID gives the label of what a Sync owns.
func SetID(sync *v1.Sync) string {
	return apply.SetID(inventory.ObjectRef{Group: v1.Group, Kind: v1.Kind, Namespace: sync.Namespace, Name: sync.Name})
}
