#!/bin/sh
# Writes src/recording/gen from proto/; with --check says only whether it is as proto/ has it. Needs protoc.
set -eu
cd "$(dirname "$0")/.."
command -v protoc >/dev/null || { echo 'generate: protoc is missing; install the Debian package protobuf-compiler' >&2; exit 1; }

committed=src/recording/gen
out=$committed
if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
mkdir -p "$out"
protoc -I proto --plugin=node_modules/.bin/protoc-gen-es --es_out="$out" \
  --es_opt=target=ts,import_extension=ts proto/mezite/recording/v1/*.proto
if [ "$out" != "$committed" ] && ! diff -r "$out" "$committed" >&2; then
  echo "generate: $committed is not what proto/ says; run npm run generate" >&2
  exit 1
fi
