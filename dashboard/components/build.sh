#!/bin/sh
# Builds the browser components from src/ into built/; needs node 20 or newer and npm.
set -eu
cd "$(dirname "$0")/src"
npm ci --no-audit --no-fund
node build.mjs
