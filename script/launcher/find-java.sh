# Sourced by the launchers of dist/bin: sets `java_home` to a JDK of release 25 or newer, or ends the program.
# Shell builtins only, since a process costs as many milliseconds as the rest of the start.

# Sets `major` to the release of the JDK in $1, 0 where there is none.
major_of() {
  major=0
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 0
  while IFS='=' read -r key value; do
    if [ "$key" = JAVA_VERSION ]; then
      value=${value#\"}
      value=${value%%[!0-9]*}
      major=${value:-0}
      return 0
    fi
  done <"$1/release"
}

find_java() {
  if [ -n "${GODWIT_JAVA_HOME:-}" ]; then
    major_of "$GODWIT_JAVA_HOME"
    if [ "$major" -ge 25 ]; then
      java_home=$GODWIT_JAVA_HOME
      return
    fi
    echo "$program: GODWIT_JAVA_HOME=$GODWIT_JAVA_HOME is not a JDK of release 25 or newer (found: $major). Set it to one, or unset it." >&2
    exit 1
  fi
  if [ -n "${JAVA_HOME:-}" ]; then
    major_of "$JAVA_HOME"
    if [ "$major" -ge 25 ]; then
      java_home=$JAVA_HOME
      return
    fi
  fi
  best=24
  for candidate in /usr/lib/jvm/* /usr/java/* /opt/* /opt/java/* /usr/local/* /usr/local/lib/jvm/* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
    major_of "$candidate"
    if [ "$major" -gt "$best" ]; then
      best=$major
      java_home=$candidate
    fi
  done
  if [ "$best" -eq 24 ]; then
    echo "$program: No JDK of release 25 or newer was found under /usr/lib/jvm, /usr/java, /opt or /usr/local. Run script/bootstrap, or set GODWIT_JAVA_HOME to one." >&2
    exit 1
  fi
}

# Sets `aot` to the cache's option when this very JDK made it and no jar is newer, and says so when that is not so. The JVM
# looks at the sizes of the jars only: a jar of the same size would run as the old one.
find_cache() {
  aot=
  cache=$lib/$1.aot
  if [ ! -r "$cache" ] || [ ! -r "$cache.jdk" ]; then
    return
  fi
  made_by=
  read -r made_by <"$cache.jdk"
  if [ "$made_by" != "$java_home" ]; then
    echo "$program: the AOT cache was made by the JDK in $made_by and this is $java_home; starting without it, slower. script/dist makes it anew." >&2
    return
  fi
  for jar in "$java_home/release" "$lib"/*.jar; do
    if [ "$jar" -nt "$cache" ]; then
      echo "$program: $jar is newer than the AOT cache; starting without it, slower. script/dist makes it anew." >&2
      return
    fi
  done
  aot=-XX:AOTCache=$cache
}
