#!/bin/bash
# The workers' network: a bridge in a namespace of its own, which ends with the command given. The host's links stay as they are.
set -eu
ip link set lo up
# An address of its own: else it has that of some port, and changes it when that one goes, while others go on writing to the old one.
ip link add lab0 address 02:ed:9e:00:00:01 type bridge
ip addr add "$GATEWAY/24" dev lab0
# Where pods look for the API server.
ip addr add "$API_SERVICE/32" dev lab0
ip link set lab0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$@"
