package testbed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// host is what a node changes of the machine, and how it was.
type host struct {
	lock      *os.File
	was       machine
	addresses []string
}

// machine is how the machine was. It stands in a file, from which a node restores it whose predecessor was killed.
type machine struct {
	Settings map[string]string // by file
	Folders  []string          // made for the node
}

func machineFile() string { return filepath.Join(os.TempDir(), dirPrefix+"node.json") }

// nodeFolders are where the kubelet, containerd and the network's plugins keep things, wherever they are told to. The
// node has file systems of its own there.
func nodeFolders() []string {
	return []string{"/var/lib/kubelet", "/var/lib/cni", "/run/containerd", "/run/netns"}
}

// changedSettings are what the kubelet and the bridge set for the whole machine.
func changedSettings() []string {
	return []string{
		"/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom", "/proc/sys/kernel/panic", "/proc/sys/kernel/panic_on_oops",
		"/proc/sys/kernel/keys/root_maxkeys", "/proc/sys/kernel/keys/root_maxbytes", "/proc/sys/net/ipv4/ip_forward",
	}
}

// prepareHost gives the machine the node's addresses and control groups, after it has removed those that a killed process
// has left behind.
func prepareHost(ctx context.Context) (*host, error) {
	lock, free, err := tryLock(filepath.Join(os.TempDir(), dirPrefix+"node.lock"))
	if err != nil {
		return nil, fmt.Errorf("locking the machine for a node: %w", err)
	}
	if !free {
		return nil, errors.New("another node runs on this machine")
	}
	h := &host{lock: lock}
	h.removeBridge(ctx)
	if err := h.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the machine for a node: %w", err), h.restore())
	}
	return h, nil
}

func (h *host) prepare(ctx context.Context) error {
	if err := h.remember(); err != nil {
		return err
	}
	for _, address := range []string{NodeAddress + "/32", apiAddress + "/32"} {
		_ = run(ctx, "", "ip", "addr", "del", address, "dev", "lo") // it's there only if a process was killed
		if err := run(ctx, "", "ip", "addr", "add", address, "dev", "lo"); err != nil {
			return err
		}
		h.addresses = append(h.addresses, address)
	}
	if err := removeCgroups(); err != nil {
		return err
	}
	return makeCgroups()
}

// remember notes how the machine is, or was before a node that was killed.
func (h *host) remember() error {
	noted, err := os.ReadFile(machineFile())
	if err == nil {
		return json.Unmarshal(noted, &h.was)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	h.was.Settings = make(map[string]string)
	for _, file := range changedSettings() {
		value, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		h.was.Settings[file] = string(bytes.TrimSpace(value))
	}
	for _, folder := range nodeFolders() {
		switch err := os.Mkdir(folder, 0o755); {
		case err == nil:
			h.was.Folders = append(h.was.Folders, folder)
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	noted, err = json.Marshal(h.was)
	if err != nil {
		return err
	}
	return os.WriteFile(machineFile(), noted, 0o600)
}

// restore undoes it all; the node's processes must be gone.
func (h *host) restore() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	h.removeBridge(ctx)
	for _, address := range h.addresses {
		errs = append(errs, run(ctx, "", "ip", "addr", "del", address, "dev", "lo"))
	}
	for file, value := range h.was.Settings {
		if now, err := os.ReadFile(file); err == nil && string(bytes.TrimSpace(now)) == value {
			continue
		}
		errs = append(errs, os.WriteFile(file, []byte(value), 0)) // it exists
	}
	for _, folder := range h.was.Folders {
		if err := os.Remove(folder); !errors.Is(err, fs.ErrNotExist) { // it is empty: what was in it was the node's alone
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err == nil {
		errs = append(errs, os.Remove(machineFile()))
	}
	errs = append(errs, removeCgroups(), h.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("leaving the machine as it was: %w", err)
	}
	return nil
}

// removeBridge removes the Pods' network. Connections that a killed Pod had open keep its namespace for a while, and with
// it the link to that.
func (h *host) removeBridge(ctx context.Context) {
	links, err := filepath.Glob("/sys/class/net/" + nodeBridge + "/brif/*")
	if err != nil {
		return // only a bad pattern
	}
	for _, link := range append(links, nodeBridge) {
		_ = run(ctx, "", "ip", "link", "del", filepath.Base(link)) // it may not be there, or be gone by now
	}
}

// makeCgroups makes the kubelet's root in each hierarchy of version 1. A new group of cpuset has no processors, and no
// process can be put into it before it has.
func makeCgroups() error {
	hierarchies, err := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if err != nil {
		return err
	}
	for _, procs := range hierarchies {
		parent := filepath.Dir(procs)
		group := filepath.Join(parent, nodeCgroup)
		if err := os.Mkdir(group, 0o755); err != nil {
			return err
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(parent, name))
			if errors.Is(err, fs.ErrNotExist) || filepath.Base(parent) != "cpuset" {
				continue
			}
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(group, name), bytes.TrimSpace(value), 0); err != nil { // it exists
				return err
			}
		}
	}
	return nil
}

// removeCgroups removes the node's control groups, innermost first. The kernel needs a moment after the end of their last
// process.
func removeCgroups() error {
	deadline, pause := time.Now().Add(10*time.Second), time.NewTicker(20*time.Millisecond)
	defer pause.Stop()
	for {
		err := tryRemoveCgroups()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		<-pause.C
	}
}

func tryRemoveCgroups() error {
	roots, err := filepath.Glob("/sys/fs/cgroup/*/" + nodeCgroup)
	if err != nil {
		return err
	}
	var groups []string
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Reverse(groups) // a folder comes before what is in it
	var errs []error
	for _, group := range groups {
		errs = append(errs, os.Remove(group))
	}
	return errors.Join(errs...)
}
