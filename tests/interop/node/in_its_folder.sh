#!/bin/sh
# Runs a program of the Node folder as its user would who stands in that folder: what asks shows how it was started.
#
#     in_its_folder.sh PROGRAM [ARGUMENT...]
set -eu
cd "$(dirname "$BROWSER")"
exec node "$@"
