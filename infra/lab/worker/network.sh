#!/bin/bash
# The workers' network: a bridge in a namespace of its own, which ends with the command given. The host's links stay as they are.
set -eu
ip link set lo up
ip link add lab0 type bridge
ip addr add "$GATEWAY/24" dev lab0
# Where pods look for the API server.
ip addr add "$API_SERVICE/32" dev lab0
ip link set lab0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$@"
