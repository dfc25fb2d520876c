package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// hostIP is the node's address. Nobody listens there.
const hostIP = "10.0.0.1"

// badTag is the tag of images that can't be pulled.
const badTag = ":bad"

// ipPool gives each pod an address that no other has had for a long while.
type ipPool struct{ last atomic.Int64 }

func (p *ipPool) next() string {
	i := p.last.Add(1)
	return fmt.Sprintf("10.244.%d.%d", i/250%250, i%250+1)
}

// sync does to one pod what kubelet would: lets a deleted one go, and says that
// a new one runs.
func (n *node) sync(ctx context.Context, key string) error {
	object, exists, err := n.pods.GetIndexer().GetByKey(key)
	if err != nil || !exists {
		return err
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the cache holds a %T", object)
	}
	pods := n.client.CoreV1().Pods(pod.Namespace)
	switch {
	case pod.DeletionTimestamp != nil:
		options := *metav1.NewDeleteOptions(0)
		options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
		return ignoreGone(pods.Delete(ctx, pod.Name, options))
	case pod.Status.Phase == corev1.PodPending && len(pod.Status.ContainerStatuses) == 0:
		status := runningStatus(pod, n.ips.next(), metav1.Now())
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
		if err != nil {
			return err
		}
		_, err = pods.Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		return ignoreGone(err)
	}
	return nil
}

// ignoreGone passes over what happens when the pod, or this very pod of that
// name, is no more.
func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// runningStatus is the status of a pod that has just started: running and ready,
// or succeeded at once where it isn't to be restarted, or, where an image is bad,
// pending.
func runningStatus(pod *corev1.Pod, ip string, now metav1.Time) corev1.PodStatus {
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &now,
		HostIP: hostIP, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
	}
	once := pod.Spec.RestartPolicy != corev1.RestartPolicyAlways
	if once {
		status.Phase = corev1.PodSucceeded
	}
	for _, container := range pod.Spec.Containers {
		state := containerStatus(container, once, now)
		if state.State.Waiting != nil {
			status.Phase = corev1.PodPending
		}
		status.ContainerStatuses = append(status.ContainerStatuses, state)
	}
	ready := corev1.ConditionFalse
	if status.Phase == corev1.PodRunning {
		ready = corev1.ConditionTrue
	}
	status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: now},
		{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: now},
	}
	return status
}

func containerStatus(container corev1.Container, once bool, now metav1.Time) corev1.ContainerStatus {
	status := corev1.ContainerStatus{Name: container.Name, Image: container.Image, ImageID: "fake://" + container.Image}
	started := true
	switch {
	case strings.HasSuffix(container.Image, badTag):
		status.State.Waiting = &corev1.ContainerStateWaiting{
			Reason:  "ImagePullBackOff",
			Message: fmt.Sprintf("Back-off pulling image %q", container.Image),
		}
	case once:
		status.State.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}
	default:
		status.Ready, status.Started = true, &started
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
	}
	return status
}
