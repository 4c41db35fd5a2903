#!/usr/bin/env bash
# Build tools to judge from their published Go modules: tools/install-go-tools.sh DIRECTORY [TOOL…]
#
# Without names: those that build in a minute or two each (crane, oras, regctl, umoci, containers-image).
# More: regsync, containerd (2), stargz, buildkit, buildx, scalibr, oci-image-tool; minutes each.
# syft takes about seven minutes on
# one core, grype as long, trivy longer. Registries: distribution (version 3), ocimem, and crane again;
# oci-conformance is the test of the OCI distribution-spec; cosign verifies attestations (nox -s tools -- DIR cosign). The programs go into DIRECTORY; put it on PATH.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: install-go-tools.sh DIRECTORY [TOOL…]}
shift
mkdir -p "$directory"
GOBIN=$(cd "$directory" && pwd)
export GOBIN CGO_ENABLED=0 GOTOOLCHAIN=auto
command -v go >/dev/null || { echo "install-go-tools.sh: Go is not installed" >&2; exit 2; }

# Its go.mod has replace directives, so that go install refuses it: it is built as a dependency of an empty module.
umoci() {
  local module
  module=$(mktemp -d)
  (
    cd "$module"
    go mod init example.test/umoci >/dev/null 2>&1
    go get github.com/opencontainers/umoci/cmd/umoci@v0.6.0
    go build -mod=mod -o "$GOBIN/umoci" github.com/opencontainers/umoci/cmd/umoci
  )
  rm -rf "$module"
}

# Of our own, over the library inside skopeo, podman and buildah, whose programs the module proxy does not have.
containers_image() {
  (
    cd "$here/containers-image"
    go build -tags "containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper" \
      -o "$GOBIN/containers-image" .
  )
}

# A module whose go.mod replaces or excludes others is built as a dependency: dependency NAME MODULE@VERSION PACKAGE [FLAGS…]
dependency() {
  local module name=$1 wanted=$2 package=$3
  shift 3
  module=$(mktemp -d)
  (
    cd "$module"
    go mod init "example.test/$name" >/dev/null 2>&1
    go get "$wanted"
    go build -mod=mod "$@" -o "$GOBIN/$name" "$package"
  )
  rm -rf "$module"
}

buildkit() {
  local name
  for name in buildctl buildkitd; do
    dependency "$name" github.com/moby/buildkit@v0.34.2 "github.com/moby/buildkit/cmd/$name" \
      -ldflags "-X github.com/moby/buildkit/version.Version=v0.34.2"
  done
}

# And of our own, over its library: a database without vulnerabilities, since its own is on the internet.
grype() {
  local module version=0.121.3
  go install -ldflags "-X main.version=$version" "github.com/anchore/grype/cmd/grype@v$version"
  module=$(mktemp -d)
  cp "$here/grype-db/main.go" "$module"
  (
    cd "$module"
    go mod init example.test/grype-db >/dev/null 2>&1
    go get "github.com/anchore/grype@v$version"
    go build -mod=mod -o "$GOBIN/zcc-grype-db" .
  )
  rm -rf "$module"
}

# The conformance test of the OCI distribution-spec is a program of a module without releases.
oci_conformance() {
  local module
  module=$(mktemp -d)
  (
    cd "$module"
    go mod init example.test/oci-conformance >/dev/null 2>&1
    go get github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111
    go build -mod=mod -o "$GOBIN/oci-conformance" github.com/opencontainers/distribution-spec/conformance
  )
  rm -rf "$module"
}

for tool in "${@:-crane oras regctl umoci containers-image}"; do
  for name in $tool; do
    case "$name" in
      crane) go install github.com/google/go-containerregistry/cmd/crane@v0.22.1 ;;
      oras) go install oras.land/oras/cmd/oras@v1.3.6 ;;
      regctl) go install github.com/regclient/regclient/cmd/regctl@v0.11.7 ;;
      umoci) umoci ;;
      containers-image) containers_image ;;
      regsync) go install github.com/regclient/regclient/cmd/regsync@v0.11.7 ;;
      containerd) go install github.com/containerd/containerd/v2/cmd/{containerd,ctr}@v2.4.2 ;;
      stargz) (cd "$here/stargz" && go build -o "$GOBIN/zcc-stargz" .) ;;
      buildkit) buildkit ;;
      buildx) go install -ldflags "-X github.com/docker/buildx/version.Version=v0.38.2" github.com/docker/buildx/cmd/buildx@v0.38.2 ;;
      scalibr) dependency scalibr github.com/google/osv-scalibr@v0.5.3 github.com/google/osv-scalibr/binary/scalibr ;;
      oci-image-tool)
        dependency oci-image-tool github.com/opencontainers/image-tools@v1.0.0-rc3 \
          github.com/opencontainers/image-tools/cmd/oci-image-tool
        ;;
      distribution) go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2 ;;
      ocimem) (cd "$here/ocimem" && go build -o "$GOBIN/ocimem" .) ;;
      oci-conformance) oci_conformance ;;
      cosign) go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3 ;;
      syft) go install -ldflags "-X main.version=1.57.1" github.com/anchore/syft/cmd/syft@v1.57.1 ;;
      grype) grype ;;
      trivy)
        GOEXPERIMENT=jsonv2 go install -ldflags "-X github.com/aquasecurity/trivy/pkg/version/app.ver=0.74.0" \
          github.com/aquasecurity/trivy/cmd/trivy@v0.74.0
        ;;
      *) echo "install-go-tools.sh: $name is not known" >&2; exit 2 ;;
    esac
  done
done
