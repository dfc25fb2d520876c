package testbed

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"github.com/towline-dev/towline/e2e/testbed/binary"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// Addresses of the node. Pods reach this machine at both of the first.
const (
	// NodeAddress is the node's own; whatever listens there or on all addresses is reached by Pods.
	NodeAddress = "10.99.0.1"
	// apiAddress is that of the Service kubernetes.default, at which Pods look for the API server.
	apiAddress = "10.96.0.1"
	nodeCgroup = "towline-node"
	nodeBridge = "towline0"
)

//go:embed nodefiles
var nodeFiles embed.FS

// NodeOptions say how a node is started. Cluster and Pause are required.
type NodeOptions struct {
	// Cluster is what the node belongs to; it should have no other.
	Cluster *Cluster
	// Pause is the image, with registry, of the program that does nothing but hold a Pod's namespaces.
	Pause string
	// Progress is told of builds. Nil means standard error.
	Progress io.Writer
}

// Node is a real one: kubelet, containerd and runc, which run real containers. There can be one at a time on a machine,
// and only root can start it. When its process dies, all its containers do.
type Node struct {
	Server
	// Name is that of the Node object.
	Name string

	host *host
	api  *forwarder
}

// NodeLacks says what this machine lacks to run a node, or "".
func NodeLacks() string {
	if os.Geteuid() != 0 {
		return "rights: only root can start containers"
	}
	if lacks := missing(append(debianTools(), "unshare", "mount", "ip", "sh")); lacks != "" {
		return lacks
	}
	if _, err := os.Stat("/sys/fs/cgroup/cpuset"); err != nil {
		return "cgroups of version 1, which containerd of this version is set up for here"
	}
	return ""
}

// StartNode starts a node, and returns as soon as its kubelet runs; the Node object says when it is ready. It is for the
// caller to call Stop, before that of the cluster.
func StartNode(ctx context.Context, o NodeOptions) (*Node, error) {
	const name = "node1"
	programs, err := nodePrograms(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	dir, err := newDir("", "node")
	if err != nil {
		return nil, err
	}
	programs.Dir, programs.Name, programs.Address, programs.Cgroup = dir.path, name, NodeAddress, nodeCgroup
	programs.Keys, programs.Kubeconfig, programs.Pause = o.Cluster.dir.file("pki"), o.Cluster.Kubeconfig, o.Pause
	if err := programs.write(); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	n := &Node{Name: name, Server: Server{dir: dir, spec: process.Spec{
		Name: "the node", Path: "unshare", Log: dir.file("kubelet.log"),
		// --kill-child: the kernel ends the namespace's first process, and with it all others, when unshare is killed.
		Args: []string{"--mount", "--pid", "--fork", "--kill-child", "sh", dir.file("node.sh")},
	}, ready: answers("http://127.0.0.1:10248/healthz")}}
	if n.spec.Path, err = exec.LookPath("unshare"); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	if n.host, err = prepareHost(ctx); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	if n.api, err = forward(ctx, apiAddress+":443", o.Cluster.Config.Host); err == nil {
		err = n.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Stop ends the node and all its containers, and leaves the machine as it was.
func (n *Node) Stop() error {
	var errs []error
	if n.proc != nil {
		n.proc.Kill() // nothing there is worth a longer end
	}
	if n.api != nil {
		errs = append(errs, n.api.stop())
	}
	errs = append(errs, n.host.restore(), n.dir.remove())
	return errors.Join(errs...)
}

// nodeSetup fills in the node's files.
type nodeSetup struct {
	Containerd, Runc, Plugins string // folders of Debian's packages
	Kubelet                   string
	Dir, Name, Address        string
	Cgroup, Keys, Kubeconfig  string
	Pause                     string
}

// nodePrograms fetches and builds what a node is made of.
func nodePrograms(ctx context.Context, progress io.Writer) (nodeSetup, error) {
	var setup nodeSetup
	var err error
	for name, to := range map[string]*string{"containerd": &setup.Containerd, "runc": &setup.Runc, "containernetworking-plugins": &setup.Plugins} {
		if *to, err = unpackDebian(ctx, progress, name); err != nil {
			return setup, err
		}
	}
	setup.Kubelet, err = buildKubelet(ctx, progress)
	return setup, err
}

// buildKubelet returns the path of the kubelet.
func buildKubelet(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "kubelet", Module: filepath.Join(module, "kubelet"), Package: "k8s.io/kubernetes/cmd/kubelet",
			LDFlags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3",
			Env:     []string{"CGO_ENABLED=0"},
		}
	})
}

// write writes the node's configuration.
func (s nodeSetup) write() error {
	templates, err := template.ParseFS(nodeFiles, "nodefiles/*")
	if err != nil {
		return fmt.Errorf("configuring the node: %w", err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "cni"), 0o700); err != nil {
		return fmt.Errorf("configuring the node: %w", err)
	}
	for name, path := range map[string]string{
		"bridge.conflist": "cni/10-bridge.conflist", "containerd.toml": "containerd.toml", "kubelet.yaml": "kubelet.yaml", "node.sh": "node.sh",
	} {
		file, err := os.OpenFile(filepath.Join(s.Dir, path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("configuring the node: %w", err)
		}
		if err := errors.Join(templates.ExecuteTemplate(file, name, s), file.Close()); err != nil {
			return fmt.Errorf("configuring the node: %w", err)
		}
	}
	return nil
}

// PodLogs returns what the containers of a name have written.
func (n *Node) PodLogs(container string) []string {
	files, err := filepath.Glob(n.dir.file("podlogs", "*", container, "*.log"))
	if err != nil {
		return nil // only a bad pattern
	}
	var logs []string
	for _, file := range files {
		if log, err := os.ReadFile(file); err == nil {
			logs = append(logs, string(log))
		}
	}
	return logs
}
