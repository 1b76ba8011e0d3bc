#!/bin/sh
# Namespaces n1 … n5 (or as many as NAMESPACES says) on two bridges, in a container that is thrown away; then runs the rest of the command line in it.
#
#   unshare --net --mount --pid --fork --kill-child=KILL --mount-proc ./net.sh node runner.ts
#
# Namespace nK has address 10.77.0.K on a veth pair whose other end pK hangs on brA. To cut: ip link set pK master brB.
set -eu

mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/tmp /run/home
export TMPDIR=/run/tmp HOME=/run/home XDG_RUNTIME_DIR=/run/tmp

# IPv6 would find ways around a cut that nobody asked for. Where /proc is read only it stays on, on links that have no router.
{ echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; } 2>/dev/null || true

ip link set lo up
for bridge in brA brB; do
  ip link add "$bridge" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip link set "$bridge" up
done

for k in $(seq 1 "${NAMESPACES:-5}"); do
  ip netns add "n$k"
  ip link add "p$k" type veth peer name eth0 netns "n$k"
  ip link set "p$k" master brA up
  ip -n "n$k" link set lo up
  ip -n "n$k" address add "10.77.0.$k/24" dev eth0
  ip -n "n$k" link set eth0 up
  # mDNS needs a way for its group, and Chromium offers a host candidate only where a default route stands (its gateway need not).
  ip -n "n$k" route add 224.0.0.0/4 dev eth0
  ip -n "n$k" route add default via 10.77.0.254
done

exec "$@"
