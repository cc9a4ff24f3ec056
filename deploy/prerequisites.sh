#!/bin/sh
# Sees to it that Muster can be built: a C++ compiler and libclang for RocksDB, OpenSSL for Kafka. With the argument
# `checks` also what `make test` needs: rustfmt and clippy, and Java, Maven and kcat for a real Kafka.
# Installs what is missing where it may, else prints the one line that does.
set -eu

say() { printf '%s\n' "$*" >&2; }

if ! command -v cargo >/dev/null 2>&1; then
    say "cargo is not installed. Install Rust 1.95 or newer first: https://rustup.rs"
    exit 1
fi

# libclang is loaded while RocksDB's bindings are generated; it has no command to look for.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    for library in /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib/libclang*.so* \
        /usr/lib64/libclang*.so* /usr/local/lib/libclang*.so* /Library/Developer/CommandLineTools/usr/lib/libclang.dylib; do
        [ -e "$library" ] && return 0
    done
    return 1
}

packages=""
command -v c++ >/dev/null 2>&1 && command -v cc >/dev/null 2>&1 || packages="$packages g++"
have_libclang && command -v clang >/dev/null 2>&1 || packages="$packages clang libclang-dev"
command -v pkg-config >/dev/null 2>&1 || packages="$packages pkg-config"
pkg-config --exists openssl 2>/dev/null || packages="$packages libssl-dev"
if [ "${1:-}" = checks ]; then
    command -v java >/dev/null 2>&1 || packages="$packages default-jre-headless"
    command -v mvn >/dev/null 2>&1 || packages="$packages maven"
    command -v kcat >/dev/null 2>&1 || packages="$packages kcat"
fi

if [ -n "$packages" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        say "Some programs are missing. Install what Debian calls:$packages"
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "Some packages are missing. Run this once, then make again:"
        say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages"
        exit 1
    fi
    say "Installing$packages (one or two minutes)"
    apt-get update -qq >&2
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
fi

if [ "${1:-}" = checks ]; then
    missing=""
    cargo fmt --version >/dev/null 2>&1 || missing="$missing rustfmt"
    cargo clippy --version >/dev/null 2>&1 || missing="$missing clippy"
    if [ -n "$missing" ]; then
        if ! command -v rustup >/dev/null 2>&1; then
            say "The checks need:$missing. Install them with the package manager that installed Rust."
            exit 1
        fi
        say "Installing$missing (some seconds)"
        # shellcheck disable=SC2086 # a list of components
        rustup component add $missing >&2
    fi
fi
