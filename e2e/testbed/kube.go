package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/e2e/testbed/binary"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// startTimeout bounds how long a server may take until it is ready. They take
// some seconds; a busy machine takes longer.
const startTimeout = 2 * time.Minute

// KubeOptions say how a cluster is started.
type KubeOptions struct {
	// Dir keeps the cluster's state; a cluster that was stopped goes on from
	// it. Empty means a temporary folder that is removed by Stop.
	Dir string
	// FakeNode is the name of the node that runs every pod in name. Empty
	// means "node1".
	FakeNode string
	// Progress is told of builds. Nil means standard error.
	Progress io.Writer
}

// Cluster is a Kubernetes control plane (etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler) in one process, with a node that
// runs pods in name only: they become Ready, Job pods succeed, and an image
// whose tag is "bad" stays in ImagePullBackOff.
type Cluster struct {
	// Kubeconfig is the file that an administrator uses.
	Kubeconfig string
	// Config is the same for client-go, without its rate limit.
	Config *rest.Config

	path string
	args []string
	dir  *stateDir
	proc *process.Process
}

// Kube returns the cluster that all tests of this test binary share. Tests take
// a namespace each, from Namespace.
func Kube(tb TB) *Cluster {
	tb.Helper()
	cluster, err := shared.kube.get(tb.Context(), func(ctx context.Context) (*Cluster, error) {
		return StartKube(ctx, KubeOptions{})
	})
	if err != nil {
		tb.Fatalf("starting the cluster: %v", err)
	}
	return cluster
}

// StartKube starts a cluster of its own, for a test that stops or suspends it
// and for the demo. It is for the caller to call Stop.
func StartKube(ctx context.Context, o KubeOptions) (*Cluster, error) {
	path, err := kubeBinary(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	dir, err := newDir(o.Dir, "kube")
	if err != nil {
		return nil, err
	}
	if o.FakeNode == "" {
		o.FakeNode = "node1"
	}
	c := &Cluster{
		path: path, dir: dir, Kubeconfig: dir.file("admin.kubeconfig"),
		args: []string{"-dir", dir.path, "-fake-node", o.FakeNode, "-exit-with-parent"},
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return c, nil
}

// start runs the process until it says that all parts are ready.
func (c *Cluster) start(ctx context.Context) error {
	ready := c.dir.file("ready")
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("starting the cluster: %w", err)
	}
	proc, err := process.Start(process.Spec{Name: "the cluster", Path: c.path, Args: c.args, Log: c.Log()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = proc.Await(ctx, func(context.Context) error {
		_, err := os.Stat(ready)
		return err
	})
	if err != nil {
		proc.Kill()
		return err
	}
	c.proc = proc
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the cluster's kubeconfig: %w", err)
	}
	config.QPS = -1 // no limit: the tests are the only ones here
	c.Config = config
	return nil
}

// Log returns the file to which the cluster writes.
func (c *Cluster) Log() string { return c.dir.file("output.log") }

// Pause suspends the whole cluster: connections stay open and nobody answers.
func (c *Cluster) Pause() error { return c.proc.Signal(syscall.SIGSTOP) }

// Resume lets a suspended cluster go on.
func (c *Cluster) Resume() error { return c.proc.Signal(syscall.SIGCONT) }

// Shutdown ends the cluster and keeps its state, so that Restart brings it back.
// Until then connections are refused.
func (c *Cluster) Shutdown() { c.proc.Stop() }

// Restart ends the cluster, unless that is done already, and starts it again
// with the same state at the same address, so that Config stays valid.
func (c *Cluster) Restart(ctx context.Context) error {
	c.proc.Stop()
	return c.start(ctx)
}

// Stop ends the cluster for good and removes its state, unless it is in a
// folder of the caller's.
func (c *Cluster) Stop() error {
	c.proc.Stop()
	return c.dir.remove()
}

// kubeBinary returns the path of the control plane.
func kubeBinary(ctx context.Context, progress io.Writer) (string, error) {
	module, err := ModuleDir()
	if err != nil {
		return "", err
	}
	programs, err := cache(progress)
	if err != nil {
		return "", err
	}
	return programs.Path(ctx, binary.Source{
		Name: "kube", Module: filepath.Join(module, "kube"), Package: ".",
		// kubectl can't parse the version that a plain build says it is.
		LDFlags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3",
		Env:     []string{"CGO_ENABLED=0"},
	})
}
