package reconciler

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"sync"
	"unique"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// wants remembers what each Sync wanted when it was last asked on behalf of another.
type wants struct {
	mu      sync.Mutex
	cluster build.Capabilities // under which all of it was built
	known   map[types.NamespacedName]wanted
}

// wanted are the identities of a Sync's objects, in order. An object without a namespace
// stands under that of the Sync: whether its kind has one, nobody knows here.
type wanted struct {
	of   wantedOf
	refs []inventory.ObjectRef
}

// wantedOf is all that decides what a Sync wants, but for the cluster.
type wantedOf struct {
	uid        types.UID
	generation int64
	revision   gitrepo.Hash
	inputs     string
}

func newWants() *wants { return &wants{known: map[types.NamespacedName]wanted{}} }

func (k *wants) find(key types.NamespacedName, of wantedOf, cluster build.Capabilities) ([]inventory.ObjectRef, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !reflect.DeepEqual(k.cluster, cluster) {
		k.cluster = cluster
		clear(k.known)
	}
	w, ok := k.known[key]
	return w.refs, ok && w.of == of
}

func (k *wants) put(key types.NamespacedName, w wanted, cluster build.Capabilities) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if reflect.DeepEqual(k.cluster, cluster) {
		k.known[key] = w
	}
}

func (k *wants) forget(key types.NamespacedName) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, key)
}

// wants gives the identities of what another Sync makes of a snapshot. The Sync's own
// worker may have it at hand meanwhile: nothing of its state is used.
func (w *work) wants(ctx context.Context, other *v1.Sync, source snapshot, readings *readings) ([]inventory.ObjectRef, error) {
	asOther := &work{controller: w.controller, readings: readings, sync: other, st: &state{}, now: w.now}
	in, err := asOther.inputs(ctx)
	if err != nil {
		return nil, err
	}
	options, err := asOther.options(ctx, in)
	if err != nil {
		return nil, err
	}
	key := client.ObjectKeyFromObject(other)
	of := wantedOf{uid: other.UID, generation: other.Generation, revision: source.revision, inputs: in.key}
	if refs, ok := w.known.find(key, of, options.Cluster); ok {
		return refs, nil
	}
	refs, err := asOther.refs(ctx, source, options)
	if err != nil {
		return nil, err
	}
	w.known.put(key, wanted{of, refs}, options.Cluster)
	return refs, nil
}

// refs builds, which mostly is remembered.
func (w *work) refs(ctx context.Context, source snapshot, options build.Options) ([]inventory.ObjectRef, error) {
	files, err := source.files()
	if err != nil {
		return nil, err
	}
	dir := w.sync.Spec.Source.Path
	if _, err := fs.Stat(files, cmp.Or(dir, ".")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	rendered, err := w.Builder.Render(ctx, build.Request{Files: files, Dir: dir, Options: options})
	if errors.Is(err, build.ErrEmpty) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	objects, err := rendered.Objects()
	if err != nil {
		return nil, err
	}
	refs := make([]inventory.ObjectRef, 0, len(objects))
	for _, o := range objects {
		refs = append(refs, identity(o, w.namespace()))
	}
	slices.SortFunc(refs, byName)
	return refs, nil
}

// identity gives an object's, in words that are kept once however many objects share them.
func identity(o *unstructured.Unstructured, namespace string) inventory.ObjectRef {
	once := func(text string) string { return unique.Make(text).Value() }
	ref := inventory.RefOf(o).Identity()
	ref.Group, ref.Kind, ref.Namespace = once(ref.Group), once(ref.Kind), once(cmp.Or(ref.Namespace, namespace))
	return ref
}

// byName orders identities so that those that differ in their namespace alone are neighbours.
func byName(a, b inventory.ObjectRef) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Namespace, b.Namespace))
}

// among tells whether an object is one of refs, which are in the order of byName. One of
// the cluster's may stand there under a namespace, as one whose kind nobody knew.
func among(refs []inventory.ObjectRef, ref inventory.ObjectRef) bool {
	ref = ref.Identity()
	at, found := slices.BinarySearchFunc(refs, ref, byName)
	if found || ref.Namespace != "" || at == len(refs) {
		return found
	}
	next := refs[at]
	next.Namespace = ""
	return next == ref
}
