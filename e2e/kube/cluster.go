package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
)

// stopTimeout bounds how long the parts may take to end.
const stopTimeout = 5 * time.Second

// component is a part that has been started: its end, expected or not, comes
// through the channel.
type component struct {
	name string
	done chan error
}

// goRun runs a part in a goroutine of its own.
func goRun(name string, run func() error) component {
	c := component{name: name, done: make(chan error, 1)}
	go func() { c.done <- run() }()
	return c
}

// runCluster starts the parts one after the other, as each needs the one before
// it, and waits until ctx is done or one of them ends.
func runCluster(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	// Each of the components sets up logging, with the same result.
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	restclient.SetDefaultWarningHandler(restclient.NoWarnings{})

	listener, err := listen(ctx, filepath.Join(o.dir, "port"))
	if err != nil {
		return err
	}
	keys, err := ensureKeys(o.dir, "https://"+listener.Addr().String())
	if err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	etcd, err := startEtcd(ctx, filepath.Join(o.dir, "etcd"))
	if err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	defer etcd.stop()

	api, err := startAPIServer(ctx, listener, etcd.endpoint, keys)
	if err != nil {
		return fmt.Errorf("starting kube-apiserver: %w", err)
	}
	admin, err := clientcmd.BuildConfigFromFlags("", filepath.Join(o.dir, "admin.kubeconfig"))
	if err != nil {
		return err
	}
	if err := awaitReady(ctx, admin, api); err != nil {
		return err
	}
	others, err := startOthers(ctx, o, admin, keys)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.dir, "ready"), []byte("ok\n"), 0o600); err != nil {
		return err
	}
	return wait(ctx, api, others)
}

// startOthers starts what needs a working API server.
func startOthers(ctx context.Context, o options, admin *restclient.Config, keys keyDir) ([]component, error) {
	manager, err := startControllerManager(ctx, filepath.Join(o.dir, "controller-manager.kubeconfig"), keys)
	if err != nil {
		return nil, fmt.Errorf("starting kube-controller-manager: %w", err)
	}
	scheduler, err := startScheduler(ctx, filepath.Join(o.dir, "scheduler.kubeconfig"))
	if err != nil {
		return nil, fmt.Errorf("starting kube-scheduler: %w", err)
	}
	parts := []component{manager, scheduler}
	if o.fakeNode != "" {
		node, err := startNode(ctx, admin, o.fakeNode)
		if err != nil {
			return nil, fmt.Errorf("starting the node: %w", err)
		}
		parts = append(parts, node)
	}
	return parts, nil
}

// wait returns when the cluster has been told to end and its parts have ended,
// or when one of them ends by itself, which is an error.
func wait(ctx context.Context, api component, others []component) error {
	ended := make(chan error, len(others)+1)
	for _, c := range append([]component{api}, others...) {
		go func() { ended <- fmt.Errorf("%s ended: %w", c.name, orUnknown(<-c.done)) }()
	}
	select {
	case err := <-ended:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	for range cap(ended) {
		select {
		case err := <-ended:
			klog.InfoS("Stopping", "part", err)
		case <-timer.C:
			return nil // nothing here is worth a longer wait
		}
	}
	return nil
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("no reason given")
	}
	return err
}
