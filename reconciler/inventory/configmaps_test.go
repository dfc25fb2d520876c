package inventory_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

var errKilled = errors.New("killed")

// configMaps behaves as an API server's ConfigMaps of one namespace do, for what a Store asks of them; anything else
// would be a nil dereference. It can be killed after a number of writes.
type configMaps struct {
	corev1client.ConfigMapInterface
	stored map[string]*corev1.ConfigMap
	writes int
	left   int // writes until it is killed; negative: never
}

func newConfigMaps() *configMaps {
	return &configMaps{stored: map[string]*corev1.ConfigMap{}, left: -1}
}

func (c *configMaps) killAfter(writes int) { c.left = writes }

// chunk returns the name of some chunk.
func (c *configMaps) chunk() string {
	for _, name := range slices.Sorted(maps.Keys(c.stored)) {
		if !isHead(c.stored[name]) {
			return name
		}
	}
	return ""
}

func (c *configMaps) write() error {
	if c.left == 0 {
		return errKilled
	}
	c.left--
	c.writes++
	return nil
}

func (c *configMaps) keep(object *corev1.ConfigMap) *corev1.ConfigMap {
	object = object.DeepCopy()
	object.ResourceVersion = strconv.Itoa(1000 + c.writes)
	c.stored[object.Name] = object
	return object.DeepCopy()
}

func resource() schema.GroupResource { return schema.GroupResource{Resource: "configmaps"} }

func (c *configMaps) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.ConfigMap, error) {
	if stored := c.stored[name]; stored != nil {
		return stored.DeepCopy(), nil
	}
	return nil, apierrors.NewNotFound(resource(), name)
}

func (c *configMaps) Create(_ context.Context, object *corev1.ConfigMap, _ metav1.CreateOptions) (*corev1.ConfigMap, error) {
	if c.stored[object.Name] != nil {
		return nil, apierrors.NewAlreadyExists(resource(), object.Name)
	}
	if err := c.write(); err != nil {
		return nil, err
	}
	return c.keep(object), nil
}

func (c *configMaps) Update(_ context.Context, object *corev1.ConfigMap, _ metav1.UpdateOptions) (*corev1.ConfigMap, error) {
	stored := c.stored[object.Name]
	if stored == nil {
		return nil, apierrors.NewNotFound(resource(), object.Name)
	}
	if object.ResourceVersion != "" && object.ResourceVersion != stored.ResourceVersion {
		return nil, apierrors.NewConflict(resource(), object.Name, errors.New("it was changed"))
	}
	if err := c.write(); err != nil {
		return nil, err
	}
	return c.keep(object), nil
}

func (c *configMaps) Delete(_ context.Context, name string, _ metav1.DeleteOptions) error {
	if c.stored[name] == nil {
		return apierrors.NewNotFound(resource(), name)
	}
	if err := c.write(); err != nil {
		return err
	}
	delete(c.stored, name)
	return nil
}

func (c *configMaps) List(_ context.Context, options metav1.ListOptions) (*corev1.ConfigMapList, error) {
	key, value, _ := strings.Cut(options.LabelSelector, "=")
	list := &corev1.ConfigMapList{}
	for _, name := range slices.Sorted(maps.Keys(c.stored)) {
		if c.stored[name].Labels[key] == value {
			list.Items = append(list.Items, *c.stored[name].DeepCopy())
		}
	}
	return list, nil
}

func sha256Of(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}
