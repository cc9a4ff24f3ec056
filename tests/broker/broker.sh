#!/usr/bin/env bash
# A Kafka broker for tests: one KRaft node on free loopback ports, its data in a scratch directory.
#
#   broker.sh start DIR [tls]   makes and starts a broker in DIR, prints its addresses as key=value
#   broker.sh restart DIR       starts the broker of DIR again: same ports, same data
#   broker.sh stop DIR          ends it by TERM, after 10 s by KILL
#   broker.sh kill DIR          ends it by KILL, as a power cut would
#   broker.sh serve DIR [tls]   like start, then takes the words kill, stop and restart from stdin and
#                               answers each with a line; at the end of stdin, however the caller
#                               ended, kills the broker and removes DIR
#   broker.sh jars              only fetches the jars
#
# `tls` adds a listener with TLS and SASL (SCRAM-SHA-512, PLAIN, OAUTHBEARER unsecured) beside the
# plain one. A librdkafka before 2.6.1, such as that of Debian 12's kcat, fails SCRAM with every Kafka 4
# broker (it sends its nonce twice); PLAIN works. Needs Java 17 (default-jre-headless) and Maven
# (maven), nothing else. The jars are kept under the target directory, or in $MUSTER_KAFKA_JARS.
# Processes are ended by the id that start wrote down, and only while it still runs this broker.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jars=${MUSTER_KAFKA_JARS:-${CARGO_TARGET_DIR:-$here/../../target}/kafka-4.1.2}
user=muster
password=muster-test-secret

fail() {
  echo "broker.sh: $*" >&2
  exit 3
}

need() {
  command -v "$1" >/dev/null || fail "\`$1\` is missing: install $2"
}

fetch_jars() {
  [[ -e $jars/.complete ]] && return
  need mvn "maven (Debian: maven)"
  mkdir -p "$jars"
  exec 9>"$jars/.lock"
  flock 9
  if [[ ! -e $jars/.complete ]]; then
    mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
      -DoutputDirectory="$jars" -DincludeScope=runtime >&2 ||
      fail "Maven could not fetch the broker's jars; \`mvn -f $here/pom.xml dependency:resolve\` says why"
    touch "$jars/.complete"
  fi
  exec 9>&-
}

# C1 alone starts faster, and a test broker never gets hot.
run_java=(java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*")

# Below the range from which the system gives ports to clients.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

write_certificates() { # DIR
  local tls=$1/tls
  mkdir -p "$tls"
  tool() { keytool "$@" -storetype PKCS12 -storepass "$password" 2>>"$tls/keytool.log"; }
  tool -genkeypair -alias ca -keyalg EC -groupname secp256r1 -dname "CN=Test authority" \
    -ext bc:c -validity 3 -keystore "$tls/ca.p12"
  tool -exportcert -rfc -alias ca -keystore "$tls/ca.p12" >"$tls/ca.pem"
  tool -genkeypair -alias broker -keyalg EC -groupname secp256r1 -dname "CN=127.0.0.1" \
    -validity 3 -keystore "$tls/broker.p12"
  tool -certreq -alias broker -keystore "$tls/broker.p12" |
    tool -gencert -rfc -alias ca -ext "san=ip:127.0.0.1,dns:localhost" -validity 3 \
      -keystore "$tls/ca.p12" >"$tls/broker.pem"
  tool -importcert -noprompt -alias ca -file "$tls/ca.pem" -keystore "$tls/broker.p12"
  tool -importcert -noprompt -alias broker -file "$tls/broker.pem" -keystore "$tls/broker.p12"
}

write_properties() { # DIR PLAIN CONTROLLER SECURE|-
  local dir=$1 plain=$2 controller=$3 secure=$4
  local listeners=PLAINTEXT://127.0.0.1:$plain map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
  local advertised=$listeners
  if [[ $secure != - ]]; then
    advertised+=,SASL_SSL://127.0.0.1:$secure
    map+=,SASL_SSL:SASL_SSL
  fi
  cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=$advertised,CONTROLLER://127.0.0.1:$controller
advertised.listeners=$advertised
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=$map
log.dirs=$dir/data
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.backoff.ms=500
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=500
# Back after a kill in 4.5 s, not in 14.5 s.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
END
  if [[ $secure != - ]]; then
    local module=org.apache.kafka.common.security
    cat >>"$dir/server.properties" <<END
ssl.keystore.type=PKCS12
ssl.keystore.location=$dir/tls/broker.p12
ssl.keystore.password=$password
ssl.key.password=$password
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$module.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=$module.plain.PlainLoginModule required user_$user="$password";
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=$module.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
END
  fi
}

# Makes DIR, whose ports nobody else has taken at this moment.
make_broker() { # DIR [tls]
  local dir=$1 secure=- plain controller
  need java "a Java 17 runtime (Debian: default-jre-headless)"
  fetch_jars
  mkdir -p "$dir"
  plain=$(free_port)
  controller=$(free_port)
  if [[ ${2:-} == tls ]]; then
    secure=$(free_port)
    [[ -e $dir/tls/broker.pem ]] || write_certificates "$dir"
  fi
  rm -rf "$dir/data"
  write_properties "$dir" "$plain" "$controller" "$secure"
  local id scram=()
  # 16 random bytes in URL-safe base64; Kafka refuses one that begins with a dash.
  id=M$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)
  [[ $secure == - ]] || scram=(--add-scram "SCRAM-SHA-512=[name=$user,password=$password]")
  "${run_java[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" "${scram[@]}" \
    >"$dir/format.log" 2>&1 || fail "the broker's storage could not be formatted: $(tail -n 3 "$dir/format.log")"
  {
    echo "bootstrap=127.0.0.1:$plain"
    if [[ $secure != - ]]; then
      echo "secure_bootstrap=127.0.0.1:$secure"
      echo "certificate=$dir/tls/ca.pem"
      echo "user=$user"
      echo "password=$password"
    fi
  } >"$dir/addresses"
}

# Whether the id in DIR/pid is alive and runs this broker.
alive() { # DIR
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  grep -qsaF "$1/server.properties" "/proc/$pid/cmdline"
}

# Asks for metadata (version 0, no client id, all topics), and whether the answer names a broker.
answers() { # PORT
  local brokers
  brokers=$(
    exec 2>/dev/null 8<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf '\0\0\0\x0e\0\x03\0\0\0\0\0\x01\xff\xff\0\0\0\0' >&8
    # length, correlation id, number of brokers: four bytes each
    timeout 2 head -c 12 <&8 | od -An -tu1 | tr -d '\n'
  ) || return 1
  # shellcheck disable=SC2086
  set -- $brokers
  [[ $# -eq 12 && $((${9} + ${10} + ${11} + ${12})) -gt 0 ]]
}

# Starts the broker of DIR; 1 where it ended at once (a port was taken meanwhile).
launch() { # DIR
  local dir=$1 port pid
  port=$(sed -n 's/^bootstrap=.*://p' "$dir/addresses")
  "${run_java[@]}" kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null &
  pid=$!
  # Else bash remarks upon each one that is killed.
  disown "$pid"
  echo "$pid" >"$dir/pid"
  local _
  for _ in $(seq 1 600); do
    if answers "$port"; then return 0; fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.1
  done
  end_broker "$dir" KILL
  fail "the broker did not answer within 60 s: $(tail -n 5 "$dir/broker.log")"
}

start() { # DIR [tls]
  local attempt
  for attempt in 1 2 3 4 5; do
    make_broker "$@"
    if launch "$1"; then
      cat "$1/addresses"
      echo "pid=$(cat "$1/pid")"
      return
    fi
    grep -qs "Address already in use" "$1/broker.log" ||
      fail "the broker ended at start: $(tail -n 5 "$1/broker.log")"
    echo "broker.sh: attempt $attempt lost a port to somebody else" >&2
    : >"$1/broker.log"
  done
  fail "no free ports"
}

restart() { # DIR
  if alive "$1"; then fail "the broker of $1 still runs"; fi
  launch "$1" || fail "the broker ended at restart: $(tail -n 5 "$1/broker.log")"
  echo "pid=$(cat "$1/pid")"
}

end_broker() { # DIR TERM|KILL
  alive "$1" || return 0
  local pid _
  pid=$(cat "$1/pid")
  kill "-$2" "$pid" 2>/dev/null || true
  for _ in $(seq 1 100); do
    alive "$1" || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  while alive "$1"; do sleep 0.1; done
}

serve() { # DIR [tls]
  local dir=$1 word
  # Called on every way out, an interrupt included.
  trap 'end_broker "$dir" KILL; rm -rf "$dir"' EXIT
  trap 'exit 130' INT TERM HUP
  start "$@"
  echo ready
  while read -r word; do
    case $word in
      kill) end_broker "$dir" KILL; echo killed ;;
      stop) end_broker "$dir" TERM; echo stopped ;;
      restart) restart "$dir" >/dev/null; echo ready ;;
      *) fail "unknown word \`$word\`" ;;
    esac
  done
}

usage() {
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

[[ $# -ge 1 ]] || usage
command=$1
shift
case $command in
  jars) fetch_jars ;;
  start | restart | stop | kill | serve)
    [[ $# -ge 1 ]] || usage
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    shift
    case $command in
      start) start "$dir" "$@" ;;
      serve) serve "$dir" "$@" ;;
      restart) restart "$dir" ;;
      stop) end_broker "$dir" TERM ;;
      kill) end_broker "$dir" KILL ;;
    esac
    ;;
  *) usage ;;
esac
