# Shared by the scripts: where things are, how they speak, which JDK they use. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${GODWIT_CACHE:-/var/cache/godwit}

# say SENTENCE: progress, on stderr.
say() { printf 'godwit: %s\n' "$*" >&2; }

# die STATUS SENTENCE: what is missing or wrong, and what to do about it.
die() {
    local status=$1
    shift
    printf 'godwit: %s\n' "$*" >&2
    exit "$status"
}

# need_namespaces STATUS WHAT: ends unless this is root on a machine where network namespaces can be made.
need_namespaces() {
    [ "$(id -u)" = 0 ] || die "$1" "$2 makes network namespaces and needs root; run it with sudo."
    unshare --net true 2>/dev/null || die "$1" "this machine lets nobody make network namespaces, which $2 needs; run it on one that does."
}

# warm_image STATUS RECIPE: builds a guest image into the cache, where hostd finds it: unlike here, no package mirror can be
# reached from the lab.
warm_image() {
    local image=$root/build/warm-image
    say "building the guest image $2 (minutes the first time, cached in $cache)"
    rm -rf "$image"
    "$root/images/$2/build" "$image" >/dev/null || die "$1" "the guest image could not be built; its sentences above say why."
    rm -rf "$image"
}

# java_release HOME: prints the feature release of a JDK, nothing if it is none.
java_release() {
    [ -x "$1/bin/javac" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

# find_jdk: prints the home of a JDK >= 25: GODWIT_JAVA_HOME, JAVA_HOME, then the newest under the usual folders.
find_jdk() {
    local home release best= best_release=24
    if [ -n "${GODWIT_JAVA_HOME:-}" ]; then
        release=$(java_release "$GODWIT_JAVA_HOME")
        [ "${release:-0}" -ge 25 ] ||
            die 3 "GODWIT_JAVA_HOME=$GODWIT_JAVA_HOME is not a JDK 25 or newer; point it to one."
        echo "$GODWIT_JAVA_HOME"
        return
    fi
    for home in ${JAVA_HOME:+"$JAVA_HOME"}; do
        release=$(java_release "$home")
        if [ "${release:-0}" -ge 25 ]; then
            echo "$home"
            return
        fi
    done
    for home in /usr/lib/jvm/* /opt/* /usr/java/*; do
        [ -L "$home" ] && continue
        release=$(java_release "$home")
        if [ "${release:-0}" -gt "$best_release" ]; then
            best=$home
            best_release=$release
        fi
    done
    echo "$best"
}

# use_jdk: exports JAVA_HOME, or ends with the sentence that says what to do.
use_jdk() {
    JAVA_HOME=$(find_jdk) || exit $?
    [ -n "$JAVA_HOME" ] || die 3 "no JDK 25 or newer was found; run script/bootstrap, or install one and set GODWIT_JAVA_HOME to its folder."
    export JAVA_HOME
    PATH=$JAVA_HOME/bin:$PATH
}
