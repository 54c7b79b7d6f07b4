#!/bin/sh
# Writes src/recording/gen from proto/. Needs Debian's protobuf-compiler.
set -eu
cd "$(dirname "$0")/.."
command -v protoc >/dev/null || { echo 'generate: protoc is missing; install the Debian package protobuf-compiler' >&2; exit 1; }
out=${1:-src/recording/gen}
mkdir -p "$out"
protoc -I proto --plugin=node_modules/.bin/protoc-gen-es --es_out="$out" \
  --es_opt=target=ts,import_extension=ts proto/mezite/recording/v1/*.proto
