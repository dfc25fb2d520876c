//go:build tools

// Package kubelet pins the kubelet of the tests' real node, at the version of their control plane, and nothing else.
package kubelet

import _ "k8s.io/kubernetes/cmd/kubelet"
