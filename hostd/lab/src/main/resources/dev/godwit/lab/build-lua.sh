#!/bin/sh
# The job of the demo: compiles Lua, runs in the guest.
#
#   build-lua.sh TARBALL DIRECTORY JOBS PASSES FILES
#
# Each of the first FILES sources is compiled PASSES times with another -D, JOBS at a time. A line on standard output per
# object: [DONE/ALL] OBJECT BYTES. DIRECTORY gets build.log (the same bytes as standard output), objects.log (wall-clock
# nanoseconds and name of each object) and lua.a, whose bytes follow from the sources and the compiler alone.
set -eu
tarball=$1 directory=$2 jobs=$3 passes=$4 files=$5

if [ "${GODWIT_INNER:-}" = "" ]; then
    mkdir -p "$directory"
    { status=0; GODWIT_INNER=1 sh "$0" "$@" 2>&1 || status=$?; echo "$status" >"$directory/status"; } | tee "$directory/build.log"
    exit "$(cat "$directory/status")"
fi

cd "$directory"
tar -xzf "$tarball" --strip-components=1
# In this order the work is spread evenly over the run.
sources=$(find src -name 'l*.c' ! -name lua.c ! -name luac.c -printf '%f\n' | LC_ALL=C sort | head -n "$files")
count=$(echo "$sources" | wc -l)
all=$((count * passes))
echo "compiling $all objects, $jobs at a time: $(gcc --version | head -n 1)"
: >objects.log
cat >one.sh <<'ONE'
set -eu
pass=${1%%:*} source=${1#*:} all=$2
object=obj/$pass-${source%.c}.o
gcc -std=gnu99 -O2 -Wall -Wextra -DLUA_COMPAT_5_3 -DLUA_USE_LINUX -DGODWIT_PASS="$pass" -c -o "$object" "src/$source"
echo "$(date +%s%N) $object" >>objects.log
echo "[$(wc -l <objects.log)/$all] $object $(stat -c %s "$object")"
ONE
mkdir -p obj
for pass in $(seq "$passes"); do
    for source in $sources; do echo "$pass:$source"; done
done | xargs -P "$jobs" -I WORK sh one.sh WORK "$all"
find obj -name '*.o' | LC_ALL=C sort | xargs ar rcD lua.a
sync
echo "artefact $(sha256sum lua.a | cut -d' ' -f1) $(stat -c %s lua.a)"
