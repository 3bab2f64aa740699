#!/bin/bash
# ceph.sh up|down|restart-rgw - a throw-away Ceph of one node (mon, osd, radosgw) on 127.0.0.1, with all data in memory.
# No systemd, no cephadm, no mgr, no root. State in $LAB, a folder that must not exist yet; `up` prints what clients need.
# Env: LAB=folder  MON_PORT  RGW_PORT  RGW_TLS_PORT  OSD_PORTS=from-to  OSD_GB=8
set -euo pipefail
LAB=${LAB:?}; MON_PORT=${MON_PORT:?}; RGW_PORT=${RGW_PORT:?}; RGW_TLS_PORT=${RGW_TLS_PORT:?}; OSD_PORTS=${OSD_PORTS:?}; OSD_GB=${OSD_GB:-8}
export CEPH_CONF=$LAB/ceph.conf
AK=LABACCESSKEY00000001; SK=labsecretkey0000000000000000000000000001

down() {
  [ -f "$LAB/ceph.conf" ] || { [ ! -e "$LAB" ] || echo "$LAB is not a lab; left alone" >&2; return 0; }
  local p pid n
  for n in rgw osd mon; do
    p=$LAB/run/$n.pid; [ -s "$p" ] || continue; pid=$(cat "$p")
    # only a process that is really ours: same pid AND our conf path on its command line
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$LAB/ceph.conf"; then
      # state is thrown away, so no clean shutdown (radosgw takes 5 s over one)
      kill -CONT "$pid" 2>/dev/null || true; kill -KILL "$pid" 2>/dev/null || true
      # gone = no such pid, or a zombie with one thread left (pid 1 here may reap it seconds later)
      for _ in $(seq 200); do
        [ "$(ls "/proc/$pid/task" 2>/dev/null | wc -l)" -le 1 ] && ! grep -qs . "/proc/$pid/maps" && break; sleep 0.05
      done
    fi
  done
  rm -rf "$LAB"
}
start() { # name cmd…  (foreground daemon in its own session, pid recorded)
  local n=$1; shift
  setsid "$@" >"$LAB/log/$n.out" 2>&1 </dev/null & echo $! >"$LAB/run/$n.pid"
}

wait_rgw() {
  for _ in $(seq 600); do (exec 3<>/dev/tcp/127.0.0.1/$RGW_PORT) 2>/dev/null && return 0; sleep 0.05; done
  tail -20 "$LAB/log/client.rgw.log" >&2; return 1
}
up() {
  [ -e "$LAB" ] && down
  [ -e "$LAB" ] && exit 1
  trap 'echo "ceph.sh: failed at line $LINENO; see $LAB/log, then run down" >&2' ERR
  umask 077; mkdir -p "$LAB"/{run,log,mon,osd,rgw}
  local fsid ouuid; fsid=$(cat /proc/sys/kernel/random/uuid); ouuid=$(cat /proc/sys/kernel/random/uuid)
  cat >"$LAB/ceph.conf" <<C
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$MON_PORT]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
ms bind ipv6 = false
ms bind port min = ${OSD_PORTS%-*}
ms bind port max = ${OSD_PORTS#*-}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $LAB/keyring
run dir = $LAB/run
admin socket = $LAB/run/\$name.\$pid.asok
log file = $LAB/log/\$name.log
crash dir = $LAB/log
pid file =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon allow pool delete = true
mon max pg per osd = 1000
mon pg warn min per osd = 0
mon data avail warn = 1
mon data avail crit = 1
[mon]
mon data = $LAB/mon
mon cluster log file = $LAB/log/cluster.log
paxos propose interval = 0.02
paxos min wait = 0.01
mon osd initial require min compat client = luminous
auth allow insecure global id reclaim = false
[osd]
osd data = $LAB/osd
osd objectstore = memstore
memstore device bytes = $((OSD_GB<<30))
osd memory target = 1073741824
osd max object name len = 460
osd class update on start = false
osd op num shards = 2
osd scrub begin hour = 0
osd deep scrub interval = 0
[client]
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$RGW_PORT ssl_endpoint=127.0.0.1:$RGW_TLS_PORT ssl_certificate=$LAB/tls.crt ssl_private_key=$LAB/tls.key tcp_nodelay=1
rgw crypt require ssl = false
rgw gc processor period = 5
rgw gc processor max time = 5
rgw data = $LAB/rgw
rgw enable usage log = false
rgw enable gc threads = true
rgw gc obj min wait = 5
rgw thread pool size = 16
rgw dns name = localhost
rgw rados pool pg num min = 4
rgw verify ssl = false
C
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$LAB/tls.key" -out "$LAB/tls.crt" 2>/dev/null
  # one keyring for everything: the mon imports it, so no `ceph auth add` round trips are needed
  ceph-authtool --create-keyring "$LAB/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  ceph-authtool "$LAB/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mds 'allow *' --cap mgr 'allow *' >/dev/null
  ceph-authtool "$LAB/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' >/dev/null
  ceph-authtool "$LAB/keyring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw' >/dev/null
  monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$MON_PORT]" "$LAB/monmap" >/dev/null
  ceph-mon --mkfs -i a --monmap "$LAB/monmap" --keyring "$LAB/keyring" -c "$LAB/ceph.conf"
  start mon ceph-mon -f -i a -c "$LAB/ceph.conf"
  # osd mkfs needs no running mon when it is given the monmap
  ceph-osd --mkfs -i 0 --monmap "$LAB/monmap" --osd-uuid "$ouuid" -c "$LAB/ceph.conf" --no-mon-config >"$LAB/log/osd.mkfs.out" 2>&1
  LABOUUID=$ouuid /usr/bin/python3 - <<'P'
import rados, os, json, time
r = rados.Rados(conffile=os.environ['CEPH_CONF'], name='client.admin'); r.connect(timeout=20)
def m(**k):
    ret, out, err = r.mon_command(json.dumps(k), b'')
    if ret: raise SystemExit('%s: %d %s' % (k, ret, err))
    return out
m(prefix='osd new', uuid=os.environ['LABOUUID'])
P
  start osd ceph-osd -f -i 0 -c "$LAB/ceph.conf"
  /usr/bin/python3 - <<'P'
import rados, os, json, time
r = rados.Rados(conffile=os.environ['CEPH_CONF'], name='client.admin'); r.connect(timeout=20)
def m(**k):
    ret, out, err = r.mon_command(json.dumps(k), b'')
    if ret: raise SystemExit('%s: %d %s' % (k, ret, err))
    return out
end = time.time() + 30
while not json.loads(m(prefix='osd stat', format='json'))['num_up_osds']:
    if time.time() > end: raise SystemExit('osd.0 did not come up')
    time.sleep(0.05)
P
  radosgw-admin -c "$LAB/ceph.conf" -n client.rgw user create --uid=lab --display-name=lab --access-key=$AK --secret-key=$SK >"$LAB/log/user.json" 2>"$LAB/log/user.err"
  start rgw radosgw -f -n client.rgw -c "$LAB/ceph.conf"
  wait_rgw
  printf 'S3_ENDPOINT=http://127.0.0.1:%s\nS3_TLS_ENDPOINT=https://127.0.0.1:%s\nS3_TLS_CA=%s\nS3_KEY_ID=%s\nS3_SECRET_KEY=%s\n' "$RGW_PORT" "$RGW_TLS_PORT" "$LAB/tls.crt" $AK $SK
}
case "${1:-}" in
  up) up ;;
  down) down ;;
  restart-rgw) kill -KILL "$(cat "$LAB/run/rgw.pid")"; sleep 0.3; start rgw radosgw -f -n client.rgw -c "$LAB/ceph.conf"; wait_rgw ;;
  *) echo "usage: $0 up|down|restart-rgw" >&2; exit 2 ;;
esac
