#!/usr/bin/env bash
# A Slurm cluster of one node for trying and testing, as root and without systemd: munged, slurmctld, slurmd.
#
#     deploy/slurm/cluster.sh start FOLDER     # all it writes is in FOLDER
#     export SLURM_CONF=FOLDER/slurm.conf      # sbatch, squeue and vdata find it by this
#     deploy/slurm/cluster.sh stop FOLDER      # its jobs end with it
#
# Also: `stop-controller` and `start-controller`, as in an upgrade of Slurm. The node has 64 CPUs, 64 GB and 4 GPUs
# on paper only. It listens on loopback. A real cluster's configuration is another: README.md beside this file.
set -euo pipefail

usage() {
    echo "usage: $0 start|stop|start-controller|stop-controller FOLDER" >&2
    exit 2
}

needed() {
    [ "$(id -u)" -eq 0 ] || { echo "$0: slurmd starts jobs as their users: run as root" >&2; exit 1; }
    local program
    for program in munged slurmctld slurmd sinfo; do
        command -v "$program" >/dev/null || { echo "$0: no $program: apt-get install slurm-wlm munge" >&2; exit 1; }
    done
}

configure() {
    local node port_of_controller port_of_node
    node=$(hostname -s)
    read -r port_of_controller port_of_node < <(python3 -c '
import socket
probes = [socket.socket() for _ in range(2)]
for probe in probes:
    probe.bind(("127.0.0.1", 0))
print(*(probe.getsockname()[1] for probe in probes))')
    # Users of the cluster ask munged for their credentials: the folder is open, its key is not.
    install --directory --mode=755 "$folder"
    install --directory --mode=755 --owner=munge --group=munge "$folder/munge"
    install --directory --mode=755 "$folder/state" "$folder/spool" "$folder/log"
    (umask 077 && head --bytes=1024 /dev/urandom >"$folder/munge/key")
    chown munge:munge "$folder/munge/key"
    cat >"$folder/slurm.conf" <<END
ClusterName=vdata
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port_of_controller
SlurmdPort=$port_of_node
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
KillWait=5
MessageTimeout=5
OverTimeLimit=0
MinJobAge=300
GresTypes=gpu
MailProg=/bin/true
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=64 RealMemory=64000 Gres=gpu:4 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES DefMemPerCPU=500 PriorityTier=1
PartitionName=urgent Nodes=$node DefMemPerCPU=500 PriorityTier=2
END
    touch "$folder/state/gpu"{0..3}
    echo "Name=gpu File=$folder/state/gpu[0-3]" >"$folder/gres.conf"
}

start_controller() {
    slurmctld -f "$folder/slurm.conf"
    waits_for "the controller" scontrol ping
}

start() {
    [ ! -e "$folder/slurm.conf" ] || { echo "$0: $folder is a cluster already: stop it first" >&2; exit 1; }
    configure
    # stdin, stdout and stderr of the daemons are not the caller's: a caller that reads them would wait for ever.
    runuser --user munge -- munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
        --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    start_controller
    slurmd -f "$folder/slurm.conf"
    waits_for "the node" node_is_idle
    echo "export SLURM_CONF=$folder/slurm.conf"
}

node_is_idle() {
    sinfo --noheader --format=%t | grep -qE '^(idle|mix|alloc)$'
}

waits_for() {
    local what=$1 attempt
    shift
    for attempt in $(seq 150); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "$0: $what did not come up in 30 s: $folder/log" >&2
    tail --lines=20 "$folder"/log/*.log >&2
    exit 1
}

# ends PIDFILE...: the daemons of these files, and waits for their end.
ends() {
    local file pids=() attempt
    for file in "$@"; do
        if [ -s "$file" ]; then pids+=("$(cat "$file")"); fi
    done
    [ ${#pids[@]} -gt 0 ] || return 0
    kill -TERM "${pids[@]}" 2>/dev/null || true
    for attempt in $(seq 100); do
        kill -0 "${pids[@]}" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "${pids[@]}" 2>/dev/null || true
}

stop() {
    # Jobs outlive their daemons otherwise.
    if timeout 20 scancel --user="$(id -un)" 2>/dev/null; then
        timeout 20 bash -c 'while [ -n "$(squeue --noheader)" ]; do sleep 0.2; done' || true
    fi
    ends "$folder/slurmctld.pid" "$folder/slurmd.pid" "$folder/munge/pid"
    rm -rf "$folder"
}

[ $# -eq 2 ] || usage
folder=$(realpath --canonicalize-missing "$2")
export SLURM_CONF=$folder/slurm.conf
case $1 in
    start) needed && start ;;
    stop) stop ;;
    start-controller) start_controller ;;
    stop-controller) ends "$folder/slurmctld.pid" ;;
    *) usage ;;
esac
