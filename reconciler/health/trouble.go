package health

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// crashes is how many restarts make a crash loop. A container that waits for a database by crashing comes up after one or
// two; at three it has had half a minute and more.
const crashes = 3

// Trouble is why a Pod won't become ready by itself.
type Trouble struct {
	Reason  string // as the kubelet says it, such as "ImagePullBackOff"
	Message string // with the Pod's and the container's name
}

// PodTrouble returns what keeps a Pod from ever starting: an image that can't be pulled, a container that can't be
// created or that keeps crashing. The second result is false for a Pod that is merely not ready yet.
func PodTrouble(pod *corev1.Pod) (Trouble, bool) {
	if pod.DeletionTimestamp != nil {
		return Trouble{}, false
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting := container.State.Waiting
		if waiting == nil || !hopeless(waiting.Reason, container.RestartCount) {
			continue
		}
		message := fmt.Sprintf("Pod %s, container %s: %s", pod.Name, container.Name, waiting.Message)
		if waiting.Message == "" {
			message = fmt.Sprintf("Pod %s, container %s", pod.Name, container.Name)
		}
		if last := container.LastTerminationState.Terminated; last != nil {
			message += fmt.Sprintf(" (exit code %d, %d restarts)", last.ExitCode, container.RestartCount)
		}
		return Trouble{Reason: waiting.Reason, Message: message}, true
	}
	return Trouble{}, false
}

// hopeless knows the kubelet's reasons (pkg/kubelet/images, pkg/kubelet/kuberuntime) that a retry rarely mends.
func hopeless(reason string, restarts int32) bool {
	switch reason {
	case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ErrImageInspect",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return true
	case "CrashLoopBackOff":
		return restarts >= crashes
	}
	return false
}
