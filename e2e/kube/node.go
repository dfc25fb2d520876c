package main

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

const (
	// heartbeat is how often the node says that it lives, as kubelet does; a
	// node that is silent for 50 s gets no more pods.
	heartbeat = 10 * time.Second
	// workers handle pods side by side: a rollout of a thousand takes seconds.
	workers = 8
)

// node plays kubelet without running anything.
type node struct {
	name   string
	client kubernetes.Interface
	pods   cache.SharedIndexInformer
	queue  workqueue.TypedRateLimitingInterface[string]
	ips    ipPool
}

// startNode registers the node and starts to play its part.
func startNode(ctx context.Context, config *restclient.Config, name string) (component, error) {
	config = restclient.CopyConfig(config)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return component{}, err
	}
	n := &node{
		name: name, client: client,
		pods:  informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer(),
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
	}
	if err := n.register(ctx); err != nil {
		return component{}, err
	}
	if err := n.renewLease(ctx); err != nil {
		return component{}, err
	}
	if _, err := n.pods.AddEventHandler(n.handlers()); err != nil {
		return component{}, err
	}
	go n.pods.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), n.pods.HasSynced) {
		return component{}, ctx.Err()
	}
	for range workers {
		go n.work(ctx)
	}
	return goRun("the node", func() error { return n.beat(ctx) }), nil
}

// register makes the Node object, or finds that of an earlier start.
func (n *node) register(ctx context.Context) error {
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: map[string]string{
		corev1.LabelHostname: n.name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
	}}}
	nodes := n.client.CoreV1().Nodes()
	created, err := nodes.Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		created, err = nodes.Get(ctx, n.name, metav1.GetOptions{})
	}
	if err != nil {
		return err
	}
	now := metav1.Now()
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods: resource.MustParse("2000"), corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
	}
	created.Status = corev1.NodeStatus{
		Capacity: room, Allocatable: room,
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}},
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: hostIP}},
		NodeInfo:  corev1.NodeSystemInfo{KubeletVersion: "v1.36.3-fake"},
	}
	_, err = nodes.UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}

// beat renews the node's lease until ctx is done.
func (n *node) beat(ctx context.Context) error {
	defer n.queue.ShutDown()
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			if err := n.renewLease(ctx); err != nil {
				klog.ErrorS(err, "Renewing the node's lease") // the next beat tries again
			}
		}
	}
}

func (n *node) renewLease(ctx context.Context) error {
	leases := n.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now, seconds := metav1.NowMicro(), int32(40)
	spec := coordinationv1.LeaseSpec{HolderIdentity: &n.name, LeaseDurationSeconds: &seconds, RenewTime: &now}
	lease, err := leases.Get(ctx, n.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: n.name}, Spec: spec}
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

// handlers queue the pods that are bound to this node.
func (n *node) handlers() cache.ResourceEventHandler {
	enqueue := func(object any) {
		if pod, ok := object.(*corev1.Pod); ok && pod.Spec.NodeName == n.name {
			n.queue.Add(cache.MetaObjectToName(pod).String())
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	}
}

// work handles queued pods until the queue is shut down.
func (n *node) work(ctx context.Context) {
	for {
		key, shutdown := n.queue.Get()
		if shutdown {
			return
		}
		if err := n.sync(ctx, key); err != nil {
			klog.ErrorS(err, "Playing kubelet", "pod", key)
			n.queue.AddRateLimited(key)
		} else {
			n.queue.Forget(key)
		}
		n.queue.Done(key)
	}
}
