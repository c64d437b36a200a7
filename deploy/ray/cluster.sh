#!/usr/bin/env bash
# A Ray cluster of one node for trying and testing, bound to 127.0.0.1 and closed to who does not have its token.
#
#     deploy/ray/cluster.sh start FOLDER [CPUS] [GPUS]   # all it writes is in FOLDER, an absolute, short path
#     source FOLDER/environment                          # ray and vdata find it and its token by this
#     deploy/ray/cluster.sh stop FOLDER                  # its jobs end with it; other clusters go on
#
# CPUS and GPUS are what Ray hands out, 2 and 0 unless given: they need not be there. The `ray` of PATH is started.
# Secrets that steps need, such as OPENAI_API_KEY, are taken from the environment of `start`. A cluster of several
# machines is another matter: README.md beside this file.
set -euo pipefail

usage() {
    echo "usage: $0 start FOLDER [CPUS] [GPUS] | stop FOLDER" >&2
    exit 2
}

fail() {
    echo "$0: $*" >&2
    exit 1
}

start() {
    local ports token
    command -v ray >/dev/null || fail "no ray in PATH: install vdata[team] and activate its environment"
    ! running || fail "a cluster runs in $folder: stop it first"
    # All of them are named: where Ray chooses, its node waits 15 s for its agents to say what they chose, and on a busy
    # machine gives up.
    read -r -a ports < <(python3 -c '
import socket
probes = [socket.socket() for _ in range(7)]
for probe in probes:
    probe.bind(("127.0.0.1", 0))
print(*(probe.getsockname()[1] for probe in probes))')
    mkdir -p "$folder"
    token="$folder/token"
    (umask 077 && head --bytes=32 /dev/urandom | base64 >"$token")
    cat >"$folder/environment" <<END
export RAY_AUTH_MODE=token
export RAY_AUTH_TOKEN_PATH='$token'
export RAY_ADDRESS=127.0.0.1:${ports[0]}
export RAY_API_SERVER_ADDRESS=http://127.0.0.1:${ports[1]}
# Off, Ray takes 127.0.0.1 for this machine's address and binds every port to it; the name is from other systems.
export RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0
END
    # shellcheck disable=SC1091
    source "$folder/environment"
    export RAY_USAGE_STATS_ENABLED=0
    # On a busy machine Ray's own processes take longer than it waits for them, and the node would end itself.
    export RAY_agent_register_timeout_ms=300000
    # Jobs wait for a free CPU or GPU as long as it takes, and have time to clean up when they are cancelled.
    export RAY_JOB_START_TIMEOUT_SECONDS=2592000 RAY_JOB_STOP_WAIT_TIME_S=20
    # Ray gives its own processes 30 s to start, which a busy machine may not keep.
    for _ in 1 2 3; do
        if attempt "$@"; then
            echo "$RAY_API_SERVER_ADDRESS"
            return
        fi
        stop
    done
    tail -n 20 "$folder/log" >&2
    fail "Ray has not started; what it said is above and in $folder/log"
}

attempt() {
    env --unset=RAY_ADDRESS setsid ray start --head --block --port "${ports[0]}" --dashboard-host 127.0.0.1 \
        --dashboard-port "${ports[1]}" --ray-client-server-port "${ports[2]}" \
        --dashboard-agent-listen-port "${ports[3]}" --dashboard-agent-grpc-port "${ports[4]}" \
        --runtime-env-agent-port "${ports[5]}" --metrics-export-port "${ports[6]}" \
        --include-log-monitor false --no-monitor --num-cpus "${1:-2}" --num-gpus "${2:-0}" \
        --object-store-memory 200000000 --temp-dir "$folder/ray" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    for _ in $(seq 240); do
        running || return 1
        if grep --quiet 'Ray runtime started' "$folder/log" && ready; then
            return
        fi
        sleep 0.5
    done
    return 1
}

# Whether the job server answers who has the token.
ready() {
    python3 -c '
import os, urllib.error, urllib.request
with open(os.environ["RAY_AUTH_TOKEN_PATH"]) as file:
    headers = {"Authorization": "Bearer " + file.read().strip()}
url = os.environ["RAY_API_SERVER_ADDRESS"] + "/api/jobs/"
try:
    urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5).close()
except (urllib.error.URLError, TimeoutError, ConnectionError):
    raise SystemExit(1)'
}

running() {
    [ -f "$folder/pid" ] && alive "$(cat "$folder/pid")"
}

# Whether one of the processes is alive; a dead one whose end nobody has asked for is not.
alive() {
    ps --pid "$*" --format stat= | grep --quiet '^[^Z]'
}

descendants() {
    local child
    for child in $(pgrep --parent "$1"); do
        echo "$child"
        descendants "$child"
    done
}

# Jobs are in sessions of their own, and no one else's processes are named: `ray stop` would end every cluster of the
# machine.
stop() {
    if running; then
        local leader processes
        leader=$(cat "$folder/pid")
        mapfile -t processes < <(echo "$leader" && descendants "$leader")
        kill -TERM "${processes[@]}" 2>/dev/null || true
        for _ in $(seq 40); do
            alive "${processes[@]}" || break
            sleep 0.25
        done
        kill -KILL "${processes[@]}" 2>/dev/null || true
    fi
    rm -f "$folder/pid"
}

[ $# -ge 2 ] || usage
folder=$2
[[ $folder =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "$folder: an absolute path of letters, digits and ._/- is needed"
case $1 in
    start) start "${@:3}" ;;
    stop) stop ;;
    *) usage ;;
esac
