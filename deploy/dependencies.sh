#!/bin/sh
# Installs what Gapura's demo (default), tests (`dependencies.sh tests`) or benches (`bench`) need from Debian. Asks nothing.
# As an ordinary user without password-less sudo it prints the one line to run and stops with exit code 1.
set -eu

packages="" missing=""
need() { # need PROGRAM PACKAGE: PACKAGE unless PROGRAM is there
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] || { packages="$packages $2"; missing="$missing $1"; }
}

need cc gcc
need make make
need ip iproute2
need nft nftables
need dnsmasq dnsmasq-base
need curl curl
need udhcpc udhcpc
need unshare util-linux
need nsenter util-linux
if [ "${1:-demo}" = tests ]; then
    need dhclient isc-dhcp-client
    need dhcpcd dhcpcd-base
    need dig dnsutils
    need kdig knot-dnsutils
    need unbound unbound
    need iperf3 iperf3
    need conntrack conntrack
    need python3 python3
    need tcpdump tcpdump
    need iptables-nft iptables
    need c++ g++
    need nc netcat-openbsd
    need strace strace
    need faketime faketime
    need systemd-analyze systemd
    need setpriv util-linux
    need chromium chromium
    need chromedriver chromium-driver
    python3 -c 'import ensurepip, venv' 2>/dev/null || { packages="$packages python3-venv"; missing="$missing python3-venv"; }
    [ -x /usr/lib/postgresql/15/bin/initdb ] || { packages="$packages postgresql-15"; missing="$missing initdb"; }
fi
if [ "${1:-demo}" = bench ]; then
    need tc iproute2
    need nginx nginx-light
    need setpriv util-linux
    need taskset util-linux
    need dnsperf dnsperf
    need unbound unbound
fi

# What is not in Debian, in a place of its own: schemathesis holds the API against deploy/openapi.json.
schemathesis=4.32.5
beside() {
    [ "${1:-demo}" = tests ] || return 0
    venv="$(dirname "$0")/../target/schemathesis"
    "$venv/bin/python" -c "import importlib.metadata as m; assert m.version('schemathesis') == '$schemathesis'" 2>/dev/null && return 0
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$schemathesis"
}

[ -n "$packages" ] || { beside "$@"; exit 0; }
line="apt-get install -y --no-install-recommends$packages"
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "Missing:$missing. Install them as root, then run this again:" >&2
    echo "  sudo $line" >&2
    exit 1
fi
echo "Installing:$packages" >&2
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # the words of $line are the arguments
$sudo env DEBIAN_FRONTEND=noninteractive $line >/dev/null
beside "$@"
