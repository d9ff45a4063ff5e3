#!/usr/bin/env bash
# Install the real servers that the tests talk to, or say exactly what to install.
# vsftpd, ProFTPD and pure-ftpd conflict as Debian packages: ProFTPD is installed, the other two are unpacked
# beside it (.servers/), and the tests start each of them themselves on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=.servers
packages=(proftpd-core proftpd-mod-crypto openssl postgresql lftp sqlite3 systemd nats-server rabbitmq-server)
beside=(vsftpd pure-ftpd)
libraries=(libcap2 libpam0g libwrap0)

have_pg() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
missing=()
command -v proftpd >/dev/null || [ -x /usr/sbin/proftpd ] || missing+=(proftpd-core)
[ -e /usr/lib/proftpd/mod_tls.so ] || missing+=(proftpd-mod-crypto)
command -v openssl >/dev/null || missing+=(openssl)
command -v lftp >/dev/null || missing+=(lftp)
command -v sqlite3 >/dev/null || missing+=(sqlite3)
command -v systemd-analyze >/dev/null || missing+=(systemd)
have_pg || missing+=(postgresql)
command -v nats-server >/dev/null || missing+=(nats-server)
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=(rabbitmq-server)
for name in "${beside[@]}"; do
    [ -x "$dir/usr/sbin/$name" ] || [ -x "/usr/sbin/$name" ] || missing+=("$name")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    cat >&2 <<TXT
The tests need real servers that are not here: ${missing[*]}
As root: apt-get install ${packages[*]}
and, as they conflict with ProFTPD as packages, beside it in this checkout:
  apt-get download vsftpd pure-ftpd && for deb in vsftpd_*.deb pure-ftpd_*.deb; do dpkg -x "\$deb" $dir; done
TXT
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
mkdir -p "$dir"
# No service is started by its package: the tests start their own, on loopback.
policy=/usr/sbin/policy-rc.d
[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}" "${libraries[@]}" >/dev/null
target=$PWD/$dir
work=$(mktemp -d)
chmod 755 "$work"
(cd "$work" && apt-get download -qq "${beside[@]}" && for deb in *.deb; do dpkg -x "$deb" "$target"; done)
rm -rf "$work"
