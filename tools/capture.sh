#!/usr/bin/env bash
# Records the exchange's traffic with tcpdump: nanoseconds, a ring of files, whole packets, and at
# the end the TLS secrets of `tranche run --keylog` inside each file, so that one file is enough.
# usage: tools/capture.sh [--interface any] [--port 443] [--host NAME] [--keylog FILE]
#                         [--folder data/captures] [--files 24] [--megabytes 256] [--seconds 0]
# Stop it with Ctrl-C. Whoever reads a file with secrets in it can read the traffic.
set -euo pipefail

interface=any port=443 host='' keylog='' folder=data/captures files=24 megabytes=256 duration=0
while [ $# -gt 0 ]; do
    case "$1" in
        --interface) interface=${2:?} ;;
        --port) port=${2:?} ;;
        --host) host=${2:?} ;;
        --keylog) keylog=${2:?} ;;
        --folder) folder=${2:?} ;;
        --files) files=${2:?} ;;
        --megabytes) megabytes=${2:?} ;;
        --seconds) duration=${2:?} ;;
        *)
            sed -n '2,6s/^# //p' "$0" >&2
            exit 64
            ;;
    esac
    shift 2
done

for program in tcpdump ${keylog:+editcap}; do
    command -v "$program" >/dev/null && continue
    echo "$program is not installed: apt-get install tcpdump wireshark-common" >&2
    exit 69
done
umask 077
mkdir -p "$folder" || exit 73

filter="tcp port $port"
[ -z "$host" ] || filter="$filter and host $host"
begin=$(date -u +%Y%m%dT%H%M%SZ)
# Group of its own to no user: -Z root keeps the files ours when this runs as root.
as_us=()
[ "$(id -u)" -ne 0 ] || as_us=(-Z root)
tcpdump -i "$interface" -n -s 0 -B 65536 --time-stamp-precision=nano --immediate-mode \
    -C "$megabytes" -W "$files" "${as_us[@]}" -w "$folder/$begin.pcap" "$filter" &
dump=$!
trap 'kill -INT "$dump" 2>/dev/null || true' INT TERM
if [ "$duration" -gt 0 ]; then
    sleep "$duration"
    kill -INT "$dump" 2>/dev/null || true
fi
code=0
wait "$dump" || code=$?
wait "$dump" 2>/dev/null || true

for file in "$folder/$begin".pcap*; do
    [ -s "$file" ] || continue
    if [ -n "$keylog" ]; then
        editcap -F pcapng --inject-secrets "tls,$keylog" "$file" "$file.pcapng"
        rm "$file"
        file=$file.pcapng
    fi
    echo "$file"
done
[ "$code" -eq 0 ] || [ "$code" -gt 128 ] || exit 74
