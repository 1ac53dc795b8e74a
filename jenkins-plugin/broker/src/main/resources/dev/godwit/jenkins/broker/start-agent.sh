# Starts the agent in the guest, as root: start-agent URL NODE USER WORK-DIRECTORY WEBSOCKET, the secret on standard input.
# At most one agent runs. Where one runs already this waits for its end and ends as it did, so that to start and to find
# again are one. The secret lies in a file in memory that only the agent's user reads, and is in no argument or variable.
set -u
url=$1 node=$2 user=$3 work=$4 web_socket=$5
umask 077
home=/run/godwit-agent
fail() { echo "godwit: $*" >&2; exit 1; }

# Whoever was to send it is gone after a minute.
secret=$(timeout 60 head -n 1) || true
[ -n "$secret" ] || fail "no secret came"
mkdir -p "$home" && chmod 711 "$home" || fail "$home can't be made"
exec 9>"$home/lock"
if ! flock -n 9; then
    echo "godwit: the agent runs already"
    flock 9
    exit "$(cat "$home/status" 2>/dev/null || echo 1)"
fi
rm -f "$home/status"
command -v java >/dev/null || fail "the image has no java; use debian-jenkins, or an image with a JRE that the controller's remoting runs on"
command -v curl >/dev/null || fail "the image has no curl, which fetches agent.jar"
id -u "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user" 9>&- ||
    fail "there is no user $user, and it can't be made"
group=$(id -g "$user")
[ "$(cat "$home/secret" 2>/dev/null)" = "$secret" ] || printf '%s\n' "$secret" >"$home/secret"
chown "$user:$group" "$home/secret"
mkdir -p "$work" && chmod 755 "$work" && chown "$user:$group" "$work" || fail "$work can't be made"
curl --fail --silent --show-error --location --connect-timeout 20 --retry 4 --retry-connrefused \
    --output "$home/agent.jar" "${url%/}/jnlpJars/agent.jar" 9>&- ||
    fail "agent.jar can't be fetched from ${url%/}/jnlpJars/agent.jar: does the guest reach the controller there?"
chmod 644 "$home/agent.jar"
set -- -url "$url" -name "$node" -secret "@$home/secret" -workDir "$work"
[ "$web_socket" != true ] || set -- "$@" -webSocket
cd "$work" || fail "$work can't be entered"
echo "godwit: the agent starts"
umask 022
# The lock is this shell's alone: what a build leaves behind does not hold it.
HOME=$(getent passwd "$user" | cut -d: -f6) USER=$user LOGNAME=$user \
    setpriv --reuid="$user" --regid="$group" --init-groups java -jar "$home/agent.jar" "$@" </dev/null 9>&-
status=$?
umask 077
echo "$status" >"$home/status"
exit "$status"
