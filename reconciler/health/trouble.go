package health

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// crashes is how many restarts make a crash loop. A container that waits for a database by crashing comes up after one or
// two; at three it has had half a minute and more.
const crashes = 3

// Severity says what to expect of a trouble.
type Severity int

// The severities, from the least on.
const (
	Notable  Severity = iota // tells why it takes time; no reason to give up
	Patient                  // others may end it: an autoscaler adds a node, somebody raises a quota
	Hopeless                 // it won't pass by itself
)

// Trouble is why a Pod isn't ready, or a workload has none.
type Trouble struct {
	Reason   string // as the kubelet or the scheduler says it, such as "ImagePullBackOff"
	Message  string // with the Pod's and the container's name
	Severity Severity
}

// PodTrouble returns what keeps a Pod from being ready, in order of severity: an image that can't be pulled, a container
// that can't be created or keeps crashing; that no node has room for it; or merely how far it is. The second result is
// false for a Pod that is ready, has done its work, or is being deleted.
func PodTrouble(pod *corev1.Pod) (Trouble, bool) {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || podReady(pod) {
		return Trouble{}, false
	}
	if pod.Status.Phase == corev1.PodFailed {
		return failedPod(pod), true
	}
	for _, container := range containers(pod) {
		if waiting := container.State.Waiting; waiting != nil && hopeless(waiting.Reason, container.RestartCount) {
			return waits(pod, container, Hopeless), true
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			severity := Notable // such as SchedulingGated
			if condition.Reason == corev1.PodReasonUnschedulable {
				severity = Patient
			}
			return Trouble{Reason: condition.Reason, Message: clip(fmt.Sprintf("Pod %s: %s", pod.Name, condition.Message)), Severity: severity}, true
		}
	}
	for _, container := range containers(pod) {
		if container.State.Waiting != nil && container.State.Waiting.Reason != "" && container.State.Waiting.Reason != "PodInitializing" {
			return waits(pod, container, Notable), true
		}
	}
	return unready(pod)
}

// failedPod tells why a Pod has ended badly: it was evicted, or a container's program failed.
func failedPod(pod *corev1.Pod) Trouble {
	trouble := Trouble{Reason: pod.Status.Reason, Message: fmt.Sprintf("Pod %s failed", pod.Name)}
	if pod.Status.Message != "" {
		trouble.Message += ": " + pod.Status.Message
	}
	for _, container := range containers(pod) {
		if ended := container.State.Terminated; ended != nil && ended.ExitCode != 0 {
			trouble.Reason = cmp.Or(trouble.Reason, ended.Reason)
			trouble.Message = fmt.Sprintf("Pod %s, container %s: %s (exit code %d)", pod.Name, container.Name, cmp.Or(ended.Message, ended.Reason, "it failed"), ended.ExitCode)
			break
		}
	}
	trouble.Message = clip(trouble.Message)
	return trouble
}

// waits tells what a container waits for.
func waits(pod *corev1.Pod, container corev1.ContainerStatus, severity Severity) Trouble {
	waiting := container.State.Waiting
	message := fmt.Sprintf("Pod %s, container %s", pod.Name, container.Name)
	if waiting.Message != "" {
		message += ": " + waiting.Message
	}
	if last := container.LastTerminationState.Terminated; last != nil {
		message += fmt.Sprintf(" (exit code %d, %d restarts)", last.ExitCode, container.RestartCount)
	}
	return Trouble{Reason: waiting.Reason, Message: clip(message), Severity: severity}
}

// unready tells of a Pod that runs and isn't ready: its probes fail, or it starts slowly.
func unready(pod *corev1.Pod) (Trouble, bool) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type != corev1.PodReady && condition.Type != corev1.PodInitialized || condition.Status == corev1.ConditionTrue || condition.Reason == "" {
			continue
		}
		return Trouble{Reason: condition.Reason, Message: clip(fmt.Sprintf("Pod %s: %s", pod.Name, cmp.Or(condition.Message, condition.Reason))), Severity: Notable}, true
	}
	return Trouble{}, false
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// containers gives the containers in the order in which they start.
func containers(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// hopeless knows the kubelet's reasons (pkg/kubelet/images, pkg/kubelet/kuberuntime) that a retry rarely mends.
func hopeless(reason string, restarts int32) bool {
	switch reason {
	case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ErrImageInspect",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError", "PostStartHookError":
		return true
	case "CrashLoopBackOff":
		return restarts >= crashes
	}
	return false
}

// longest bounds what is kept of a text that others wrote.
const longest = 800

// clip shortens a text to what fits into a condition beside others.
func clip(text string) string {
	if len(text) <= longest {
		return text
	}
	runes := []rune(text)
	return string(runes[:min(len(runes), longest)]) + "…"
}
