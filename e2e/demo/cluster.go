package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	syncv1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// deployer is the ServiceAccount that the Sync applies as.
const deployer = "hello-deployer"

// prepareCluster makes a namespace with a ServiceAccount that may deploy there. In a
// cluster of the user's everything that it makes is removed again.
func (s *stage) prepareCluster(ctx context.Context) error {
	if err := s.installCRD(ctx); err != nil {
		return err
	}
	ns, err := s.kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "towline-demo-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.namespace = ns.Name
	if s.theirs {
		s.onClose(func() error {
			return s.kube.CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), s.namespace, metav1.DeleteOptions{})
		})
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: deployer}}
	if _, err := s.kube.CoreV1().ServiceAccounts(s.namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: deployer},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: deployer, Namespace: s.namespace}},
	}
	_, err = s.kube.RbacV1().RoleBindings(s.namespace).Create(ctx, binding, metav1.CreateOptions{})
	return err
}

// sync is the demo's Sync.
func (s *stage) sync() *syncv1.Sync {
	return &syncv1.Sync{
		ObjectMeta: metav1.ObjectMeta{Name: demoSync, Namespace: s.namespace},
		Spec: syncv1.SyncSpec{
			Source:   syncv1.Source{URL: s.repo.CloneURL(), Branch: branch, Path: demoPath},
			Interval: metav1.Duration{Duration: 30 * time.Second}, Timeout: metav1.Duration{Duration: time.Minute},
			Prune: true, ServiceAccountName: deployer,
		},
	}
}

// applied waits until the Sync has applied a commit and gives the time of that.
func (s *stage) applied(ctx context.Context, sha string) (time.Time, error) {
	return s.await(ctx, "the Sync to apply "+sha[:8], func(sync *syncv1.Sync) bool {
		return strings.HasSuffix(sync.Status.LastAppliedRevision, sha)
	})
}

// healthy waits until what the commit holds is healthy and gives the time of that.
func (s *stage) healthy(ctx context.Context, sha string) (time.Time, error) {
	return s.await(ctx, "the Sync to be healthy at "+sha[:8], func(sync *syncv1.Sync) bool {
		return strings.HasSuffix(sync.Status.LastAppliedRevision, sha) &&
			apimeta.IsStatusConditionTrue(sync.Status.Conditions, "Healthy") &&
			apimeta.IsStatusConditionTrue(sync.Status.Conditions, "Ready")
	})
}

// await watches the Sync until it is as wanted.
func (s *stage) await(ctx context.Context, what string, is func(*syncv1.Sync) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	w, err := s.client.Watch(ctx, &syncv1.SyncList{}, client.InNamespace(s.namespace))
	if err != nil {
		return time.Time{}, fmt.Errorf("waiting for %s: %w", what, err)
	}
	defer w.Stop()
	last := "no Sync was seen"
	for e := range w.ResultChan() {
		sync, ok := e.Object.(*syncv1.Sync)
		if !ok {
			continue
		}
		if is(sync) {
			return time.Now(), nil
		}
		last = fmt.Sprintf("%+v", sync.Status.Conditions)
	}
	return time.Time{}, fmt.Errorf("waiting for %s: %w; %s", what, orEnded(ctx.Err()), last)
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("the watch ended")
	}
	return err
}

// runningImage gives the image of the Deployment.
func (s *stage) runningImage(ctx context.Context) (string, error) {
	d, err := s.kube.AppsV1().Deployments(s.namespace).Get(ctx, demoWorkload, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return d.Spec.Template.Spec.Containers[0].Image, nil
}

// deleteAndWatch deletes the Deployment and gives the time of that and the time at
// which another one stood in its place.
func (s *stage) deleteAndWatch(ctx context.Context) (deleted, healed time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	deployments := s.kube.AppsV1().Deployments(s.namespace)
	old, err := deployments.Get(ctx, demoWorkload, metav1.GetOptions{})
	if err != nil {
		return deleted, healed, err
	}
	w, err := deployments.Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("metadata.name", demoWorkload).String(), ResourceVersion: old.ResourceVersion,
	})
	if err != nil {
		return deleted, healed, err
	}
	defer w.Stop()
	deleted = time.Now()
	background := metav1.DeletePropagationBackground
	if err := deployments.Delete(ctx, demoWorkload, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		return deleted, healed, err
	}
	for e := range w.ResultChan() {
		if d, ok := e.Object.(*appsv1.Deployment); ok && e.Type == watch.Added && isAnother(d, old.UID) {
			return deleted, time.Now(), nil
		}
	}
	return deleted, healed, fmt.Errorf("waiting for the Deployment to come back: %w", orEnded(ctx.Err()))
}

func isAnother(d *appsv1.Deployment, old types.UID) bool { return d.UID != old }
