# The first process of a mount and a process namespace of their own: containerd, and the kubelet, with whose end all ends.
# What the machine itself may have in these folders isn't touched.
set -eu
mount --make-rprivate /
mount -t proc proc /proc
for folder in /var/lib/kubelet /var/lib/cni /run/containerd /run/netns; do
	mount -t tmpfs tmpfs "$folder"
done
mount --make-rshared /
export PATH="{{.Containerd}}/usr/bin:{{.Runc}}/usr/sbin:$PATH"
cd "{{.Dir}}"
containerd -c containerd.toml >containerd.log 2>&1 &
tries=0
until [ -S containerd.sock ]; do
	tries=$((tries + 1))
	[ "$tries" -lt 500 ] || { tail -n 20 containerd.log; exit 1; }
	sleep 0.02
done
"{{.Kubelet}}" --config=kubelet.yaml --kubeconfig="{{.Kubeconfig}}" --root-dir="{{.Dir}}/kubelet" \
	--hostname-override="{{.Name}}" --node-ip="{{.Address}}" --v=1 2>&1
