# The source that the demo's build compiles. Sourced after common.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # cache is of common.sh

# Lua's original tarball as Debian's source package lua5.4 5.4.4-3 holds it.
lua_path=pool/main/l/lua5.4/lua5.4_5.4.4.orig.tar.gz
lua_sha256=164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61

# debian_mirror: the mirror that this machine's apt uses, where that is one of Debian.
debian_mirror() {
    local mirror=
    if [ -n "${GODWIT_DEBIAN_MIRROR:-}" ]; then
        mirror=$GODWIT_DEBIAN_MIRROR
    elif grep -q '^ID=debian$' /etc/os-release; then
        # shellcheck disable=SC2016
        mirror=$(apt-get indextargets --format '$(SUITE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
            awk '$1 !~ /security|updates|backports/ { print $2; exit }')
    fi
    echo "${mirror:-http://deb.debian.org/debian}"
}

# lua_tarball: prints the path of the tarball, fetched by apt's own downloader and cached by its hash.
lua_tarball() {
    local kept=$cache/lua/$lua_sha256.tar.gz mirror
    if ! echo "$lua_sha256  $kept" | sha256sum --check --status 2>/dev/null; then
        mkdir -p "$(dirname "$kept")"
        mirror=$(debian_mirror)
        say "fetching Lua's sources from ${mirror%/}"
        /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "${mirror%/}/$lua_path" "$kept" "SHA256:$lua_sha256" >&2 ||
            die 3 "Lua's sources could not be fetched from ${mirror%/}/$lua_path; name a mirror of Debian in GODWIT_DEBIAN_MIRROR."
    fi
    echo "$kept"
}
