#!/usr/bin/env bash
# Makes a certificate authority of its own and a certificate that it signs, for trying TLS out and for private networks.
#
#   deploy/make-certificates.sh FOLDER NAME...    NAMEs are those that clients call the daemon by: fitd, 10.0.0.7
#
# Writes ca.crt (for clients), tls.crt and tls.key (for the daemon), and FOLDER-ca.key beside the folder, which signs and
# which no daemon should see. An authority that is there already is used again. The daemon's user must be able to read
# tls.key: chown it, or run this as that user.
set -euo pipefail

if (($# < 2)); then
  echo "usage: $0 FOLDER NAME..." >&2
  exit 2
fi
folder=$1
shift
names='DNS:localhost,IP:127.0.0.1'
for name in "$@"; do
  if [[ $name =~ ^[0-9.]+$|: ]]; then names+=",IP:$name"; else names+=",DNS:$name"; fi
done

umask 077
mkdir -p "$folder"
chmod 0755 "$folder"
ca_key=$(realpath "$folder")-ca.key
cd "$folder"
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
if [[ ! -f $ca_key ]]; then
  openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=fitd authority" -keyout "$ca_key" -out ca.crt 2>/dev/null
fi
openssl req "${key[@]}" -subj "/CN=$1" -keyout tls.key.new -out tls.csr 2>/dev/null
openssl x509 -req -in tls.csr -CA ca.crt -CAkey "$ca_key" -set_serial "0x$(openssl rand -hex 16)" -days 365 \
  -extfile <(echo "subjectAltName=$names") -out tls.crt.new 2>/dev/null
rm tls.csr
chmod 0644 ca.crt tls.crt.new
mv tls.key.new tls.key
mv tls.crt.new tls.crt
