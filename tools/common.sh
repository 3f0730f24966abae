# Shared by the scripts in this directory; sourced, never run. Sets `root`, the repository's directory.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

say() { printf '\n== %s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Installs the system libraries that the build needs and this machine lacks. Does nothing where all are there.
install_missing() {
    command -v swift >/dev/null || die "swift is not installed; see https://www.swift.org/install/linux/"
    if command -v pkg-config >/dev/null && pkg-config --exists libdeflate zlib libcrypto sqlite3; then return; fi
    if ! command -v apt-get >/dev/null; then
        die "libdeflate, zlib, OpenSSL 3, SQLite (for tests) and pkg-config are needed; install them (macOS: brew install libdeflate zlib openssl@3 sqlite pkg-config)"
    fi
    local packages=(libdeflate-dev zlib1g-dev libssl-dev libsqlite3-dev pkg-config) as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "run as root, or install: ${packages[*]}"
        as_root=(sudo)
    fi
    say "installing ${packages[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    pkg-config --exists libdeflate zlib libcrypto sqlite3 || die "libdeflate, zlib, OpenSSL and SQLite are still not found by pkg-config"
}
