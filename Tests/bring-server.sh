#!/usr/bin/env bash
# Brings a database server from another of Debian's suites into a folder of its own, beside the machine's
# packages, which stay as they are, and prints the folder. A server that is there already is left as it is:
# remove its folder to get a newer one.
#   Tests/bring-server.sh mysql|mariadb-11.8
# KINDRED_SERVERS: where servers are kept (~/.cache/kindred-servers).
# DEBIAN_MIRROR: from where packages come (http://deb.debian.org/debian).
# It needs Debian's apt and dpkg, and no root. About 50 MB are downloaded, and 350 MB kept. Packages are
# checked against the keys of Debian's archive.
set -euo pipefail

give_up() {
    echo "$0: $*" >&2
    exit 1
}

name=${1-}
case "$name" in
mysql) suite=sid package=mysql-server-core server=mysqld share=mysql ;;
mariadb-11.8) suite=trixie package=mariadb-server-core server=mariadbd share=mariadb ;;
*)
    echo "usage: $0 mysql|mariadb-11.8" >&2
    exit 2
    ;;
esac
cache=${XDG_CACHE_HOME:-${HOME:?must be set, or KINDRED_SERVERS}/.cache}
home=${KINDRED_SERVERS:-$cache/kindred-servers}
home=$(realpath -m -- "$home")
folder=$home/$name
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keys=/usr/share/keyrings/debian-archive-keyring.gpg

is_here() { [ -x "$folder/$server" ]; }

check_tools() {
    local tool
    for tool in apt-get dpkg flock; do
        command -v $tool >/dev/null \
            || give_up "$tool was not found; this needs Debian's apt, dpkg and util-linux"
    done
    [ -r $keys ] || give_up "$keys cannot be read, against which packages are checked:" \
        "apt-get install debian-archive-keyring"
}

# apt's own account of what it does goes to a log, of which a failure shows the end.
run_apt() {
    apt-get -c "$new/apt.conf" "$@" >>"$new/log" 2>&1 && return
    tail -n 5 "$new/log" >&2
    give_up "$package of Debian's $suite was not downloaded from $mirror (see above);" \
        "DEBIAN_MIRROR=http://… names another mirror"
}

# A state of its own for apt, in which nothing counts as installed, so that every library comes along. The
# file is read after the machine's configuration, which may know a proxy; of the hooks there none runs, and
# what it says of signatures does not count.
configure_apt() {
    mkdir -p "$new"/{state/lists/partial,cache/archives/partial,root}
    : >"$new/state/status"
    echo "deb [signed-by=$keys] $mirror $suite main" >"$new/sources.list"
    cat >"$new/apt.conf" <<CONFIGURATION
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "$new/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State "$new/state";
Dir::State::status "$new/state/status";
Dir::Cache "$new/cache";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Default-Release "";
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
// Lists have a date until which they are valid; a mirror of sid may be a little behind.
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
CONFIGURATION
}

# The command by which the server runs. Its own C library and loader run it: the machine's may be older. It
# reads no configuration of the machine.
write_command() {
    local loader library
    loader=$(cd "$new/root" && find . -name 'ld-linux-*.so.*' | head -n 1) || true
    library=$(cd "$new/root" && find . -name libc.so.6 | head -n 1) || true
    [ -n "$loader" ] && [ -n "$library" ] || give_up "no C library was found in the packages of $suite"
    cat >"$new/$server" <<COMMAND
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
exec "\$root/$loader" --library-path "\$root/${library%/*}" \\
    "\$root/usr/sbin/$server" --no-defaults \\
    --lc-messages-dir="\$root/usr/share/$share" --character-sets-dir="\$root/usr/share/$share/charsets" \\
    --plugin-dir="\$root/usr/lib/mysql/plugin" "\$@"
COMMAND
    chmod +x "$new/$server"
}

bring() {
    local archive
    echo "Bringing $package from Debian's $suite into $folder …" >&2
    configure_apt
    run_apt update
    run_apt install --download-only --no-install-recommends -y "$package"
    for archive in "$new"/cache/archives/*.deb; do
        dpkg -x "$archive" "$new/root" \
            || give_up "${archive##*/} could not be unpacked into $home (see above); it takes 400 MB"
    done
    write_command
    "$new/$server" --version >&2 \
        || give_up "the $server that was unpacked does not run on this machine (see above)"
    rm -rf "$new"/{state,cache,log,apt.conf,sources.list}
    # In place at once, or not at all.
    rm -rf "$folder"
    mv "$new" "$folder"
}

if ! is_here; then
    check_tools
    mkdir -p "$home" && [ -w "$home" ] \
        || give_up "$home cannot be written into; KINDRED_SERVERS names another folder"
    # Of several that bring the same server, the first does, and the others wait for it. The lock ends with
    # the process.
    exec 9>"$home/$name.lock"
    flock --nonblock 9 || { echo "Waiting for another $0, which brings $name …" >&2 && flock 9; }
    if ! is_here; then
        # What an interrupted run has left.
        new=$home/$name.new
        rm -rf "$new"
        trap 'rm -rf "$new"' EXIT
        bring
    fi
fi
echo "$folder"
