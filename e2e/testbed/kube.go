package testbed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/e2e/testbed/binary"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// KubeOptions say how a cluster is started.
type KubeOptions struct {
	// Dir keeps the cluster's state; a cluster that was stopped goes on from
	// it. Empty means a temporary folder that is removed by Stop.
	Dir string
	// FakeNode is the name of the node that runs every pod in name. Empty
	// means "node1".
	FakeNode string
	// NoNode leaves that node out.
	NoNode bool
	// Progress is told of builds. Nil means standard error.
	Progress io.Writer
}

// Cluster is a Kubernetes control plane (etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler) in one process, with a node that
// runs pods in name only: they become Ready, Job pods succeed, and an image
// whose tag is "bad" stays in ImagePullBackOff.
type Cluster struct {
	Server
	// Kubeconfig is the file that an administrator uses.
	Kubeconfig string
	// Config is the same for client-go, without its rate limit. It stays
	// valid over a Restart.
	Config *rest.Config
}

// Kube returns the cluster that all tests of this test binary share. Tests take
// a namespace each, from Namespace.
func Kube(tb TB) *Cluster {
	tb.Helper()
	cluster, err := shared.kube.get(tb.Context(), func(ctx context.Context) (*Cluster, error) {
		return StartKube(ctx, KubeOptions{})
	})
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return cluster
}

// OwnKube starts a cluster for one test that stops or suspends it, or that needs one as
// nobody has changed it yet.
func OwnKube(tb TB) *Cluster {
	tb.Helper()
	cluster, err := StartKube(tb.Context(), KubeOptions{})
	if err != nil {
		tb.Fatalf("%v", err)
	}
	stopAfter(tb, "the cluster", cluster)
	return cluster
}

// StartKube is OwnKube for the demo, and for whoever has options: it is for the caller to
// call Stop.
func StartKube(ctx context.Context, o KubeOptions) (*Cluster, error) {
	path, err := buildKube(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	dir, err := newDir(o.Dir, "kube")
	if err != nil {
		return nil, err
	}
	node := cmp.Or(o.FakeNode, "node1")
	if o.NoNode {
		node = ""
	}
	c := newCluster(path, dir, node)
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	if c.Config, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the cluster's kubeconfig: %w", err), c.Stop())
	}
	c.Config.QPS = -1 // no limit: the tests are the only ones here
	return c, nil
}

// newCluster says how the cluster's process is run and when it is ready: it
// writes a file then.
func newCluster(path string, dir *stateDir, node string) *Cluster {
	ready := dir.file("ready")
	return &Cluster{
		Kubeconfig: dir.file("admin.kubeconfig"),
		Server: Server{
			dir: dir,
			spec: process.Spec{
				Name: "the cluster", Path: path, Log: dir.file("kube.log"),
				Args: []string{"-dir", dir.path, "-fake-node=" + node, "-exit-with-parent"},
			},
			before: func() error {
				if err := os.Remove(ready); !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				return nil
			},
			ready: func(context.Context) error {
				_, err := os.Stat(ready)
				return err
			},
		},
	}
}

// buildKube returns the path of the control plane.
func buildKube(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "kube", Module: filepath.Join(module, "kube"), Package: ".",
			// kubectl can't parse the version that a plain build says it is.
			LDFlags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3",
			Env:     []string{"CGO_ENABLED=0"},
		}
	})
}
