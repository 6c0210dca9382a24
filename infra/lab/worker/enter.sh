#!/bin/bash
# Into the cgroups of this worker, then into namespaces of its own. Killing this process ends everything inside.
# Descriptor 9 is the workers' network, for the link to it.
set -eu
for group in $CGROUPS; do echo $$ > "$group/cgroup.procs"; done
exec 9< "/proc/$NETWORK_PID/ns/net"
exec unshare --mount --cgroup --net --uts --ipc --pid --fork --kill-child --propagation private --mount-proc bash "$SCRIPTS/machine.sh"
