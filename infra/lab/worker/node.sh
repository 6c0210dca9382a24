#!/bin/bash
# Process 1 of a worker: containerd, the images, a kubelet that comes back when it is killed. It reaps what is left to it.
set -eu
socket=/run/containerd.sock
ctr() { "$RUNTIME/ctr" -a "$socket" -n k8s.io "$@"; }
PATH=$RUNTIME:$PATH "$RUNTIME/containerd" -c "$DIR/containerd.toml" >> "$DIR/containerd.log" 2>&1 &
until ctr version > /dev/null 2>&1; do sleep .05; done
if [ "$(cat "$DIR/imported" 2> /dev/null)" != "$IMAGES_DIGEST" ]; then
  ctr images import "$IMAGES" > /dev/null
  echo "$IMAGES_DIGEST" > "$DIR/imported"
fi
(
  while :; do
    "$KUBERNETES" kubelet --config="$DIR/kubelet.yaml" --kubeconfig="$DIR/kubeconfig" --hostname-override="$NODE" --node-ip="$ADDRESS" \
      --node-labels="$LABELS" --root-dir=/var/lib/kubelet --cert-dir=/run/kubelet-pki >> "$DIR/kubelet.log" 2>&1 &
    echo $! > /run/kubelet.pid
    wait $! || true
    sleep .3
  done
) &
until (exec 3<> /dev/tcp/127.0.0.1/10248) 2> /dev/null; do sleep .1; done
echo 'the kubelet answers'
trap 'exit 0' TERM
while :; do wait -n 2> /dev/null || sleep 1; done
