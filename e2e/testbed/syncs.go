package testbed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// Deployer is the ServiceAccount that [Cluster.Deployer] makes.
const Deployer = "deployer"

// InstallSyncs puts the generated definition of Syncs into the cluster and waits until it
// is served. Tests that share a cluster all call it.
func (c *Cluster) InstallSyncs(tb TB) {
	tb.Helper()
	if err := c.installSyncs(tb.Context()); err != nil {
		tb.Fatalf("installing Syncs: %v", err)
	}
}

func (c *Cluster) installSyncs(ctx context.Context) error {
	module, err := ModuleDir()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(module), "deploy", "crds", "towline.dev_syncs.yaml"))
	if err != nil {
		return err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(data, &definition); err != nil {
		return err
	}
	client, err := apiextensions.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	definitions := client.CustomResourceDefinitions()
	if _, err := definitions.Create(ctx, &definition, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	watch, err := definitions.Watch(ctx, metav1.SingleObject(metav1.ObjectMeta{Name: definition.Name}))
	if err != nil {
		return err
	}
	defer watch.Stop()
	for event := range watch.ResultChan() {
		live, ok := event.Object.(*apiextensionsv1.CustomResourceDefinition)
		if !ok {
			return fmt.Errorf("the watch ended with %v", event)
		}
		if established(live) {
			return c.discoverable(ctx, &definition)
		}
	}
	return fmt.Errorf("%s isn't served: %w", definition.Name, context.Cause(ctx))
}

// discoverable waits until clients find a kind: a definition is established a moment before.
func (c *Cluster) discoverable(ctx context.Context, definition *apiextensionsv1.CustomResourceDefinition) error {
	client, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		return err
	}
	version := definition.Spec.Group + "/" + definition.Spec.Versions[0].Name
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		list, err := client.ServerResourcesForGroupVersion(version)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil && len(list.APIResources) > 0, err
	})
}

func established(definition *apiextensionsv1.CustomResourceDefinition) bool {
	for _, c := range definition.Status.Conditions {
		if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
			return true
		}
	}
	return false
}

// Deployer makes the ServiceAccount [Deployer] in a namespace, which may do everything there.
func (c *Cluster) Deployer(tb TB, namespace string) {
	tb.Helper()
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		tb.Fatalf("making a ServiceAccount: %v", err)
	}
	meta := metav1.ObjectMeta{Namespace: namespace, Name: Deployer}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(tb.Context(), &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		tb.Fatalf("making a ServiceAccount: %v", err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: Deployer}},
	}
	if _, err := client.RbacV1().RoleBindings(namespace).Create(tb.Context(), binding, metav1.CreateOptions{}); err != nil {
		tb.Fatalf("binding a ServiceAccount: %v", err)
	}
}
