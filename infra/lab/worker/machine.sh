#!/bin/bash
# First steps of a worker's process 1: its link, its own view of cgroups, and system folders that it may write without a trace on the host.
set -eu
network() { nsenter --net=/proc/self/fd/9 "$@"; }
echo "$NODE" > /proc/sys/kernel/hostname
ip link set lo up
ip link add eth0 type veth peer name "$LINK"
# That of a worker killed a moment ago may still be there.
for _ in $(seq 50); do ip link set "$LINK" netns /proc/self/fd/9 2> /dev/null && break; sleep .1; done
network ip link set "$LINK" master lab0 up
network ip route replace "$PODS" via "$ADDRESS"
ip addr add "$ADDRESS/24" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"
echo 1 > /proc/sys/net/ipv4/ip_forward
exec 9<&-

umount -R /sys/fs/cgroup
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for group in $CGROUPS; do
  controller=$(cut -d / -f 5 <<< "$group")
  mkdir "/sys/fs/cgroup/$controller"
  [ "$controller" = systemd ] && options=none,name=systemd || options=$controller
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$controller"
done

mkdir -p "$DIR/kubelet" "$DIR/containerd"
mount --bind "$DIR" "$DIR"
mount --make-rshared "$DIR"
mount -t tmpfs -o mode=755 tmpfs /run
for folder in var etc opt; do
  mkdir -p "$DIR/$folder.upper" "$DIR/$folder.work"
  mount -t overlay -o "lowerdir=/$folder,upperdir=$DIR/$folder.upper,workdir=$DIR/$folder.work" overlay "/$folder"
done
mkdir -p /var/lib/kubelet
mount --bind "$DIR/kubelet" /var/lib/kubelet
mount --make-rshared /var/lib/kubelet
# The kubelet insists on these; the host's own are not ours to change, so it finds files that say so.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/sysctl/${setting%=*}
  mkdir -p "$(dirname "$file")"
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done
exec bash "$SCRIPTS/node.sh"
