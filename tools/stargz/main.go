// zcc-stargz drives the converter to zstd:chunked of containerd's stargz-snapshotter, which is what
// "nerdctl image convert --zstdchunked" calls, with containerd's own store, resolver and pusher, and without a daemon:
//
//	zcc-stargz push LAYOUT REFERENCE COMPRESSION
//	zcc-stargz copy REFERENCE DESTINATION COMPRESSION
//
// COMPRESSION is zstd:chunked, uncompressed, or "as-is" (nothing is converted). Registries speak plain HTTP; the login
// is in ZCC_USERNAME and ZCC_PASSWORD. State is below the current directory.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/images/converter"
	"github.com/containerd/containerd/v2/core/images/converter/uncompress"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	"github.com/containerd/stargz-snapshotter/nativeconverter/zstdchunked"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const module = "github.com/containerd/stargz-snapshotter"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "version" {
		fmt.Println("stargz-snapshotter", version())
		return nil
	}
	if len(arguments) != 4 {
		return errors.New("usage: zcc-stargz push|copy SOURCE DESTINATION COMPRESSION")
	}
	operation, source, destination, compression := arguments[0], arguments[1], arguments[2], arguments[3]
	convert, err := converterTo(compression)
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp(".", "store")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	store, err := openStore(state)
	if err != nil {
		return err
	}
	var root ocispec.Descriptor
	switch operation {
	case "push":
		root, err = readLayout(ctx, store, source)
	case "copy":
		root, err = fetch(ctx, store, source)
	default:
		err = fmt.Errorf("%s: no such operation", operation)
	}
	if err != nil {
		return err
	}
	if convert != nil {
		converted, err := converter.DefaultIndexConvertFunc(convert, true, platforms.All)(ctx, store, root)
		if err != nil {
			return err
		}
		if converted != nil {
			root = *converted
		}
	}
	return push(ctx, store, destination, root)
}

func converterTo(compression string) (converter.ConvertFunc, error) {
	switch compression {
	case "zstd:chunked":
		return zstdchunked.LayerConvertFunc(), nil
	case "uncompressed":
		return uncompress.LayerConvertFunc, nil
	case "as-is":
		return nil, nil
	}
	return nil, fmt.Errorf("%s: it does not write this compression", compression)
}

// openStore opens a content store whose labels are kept in memory: the converter finds its own results by them.
func openStore(directory string) (content.Store, error) {
	return local.NewLabeledStore(directory, &labels{held: map[digest.Digest]map[string]string{}})
}

type labels struct {
	held map[digest.Digest]map[string]string
}

func (l *labels) Get(name digest.Digest) (map[string]string, error) {
	return l.held[name], nil
}

func (l *labels) Set(name digest.Digest, given map[string]string) error {
	l.held[name] = given
	return nil
}

func (l *labels) Update(name digest.Digest, given map[string]string) (map[string]string, error) {
	if l.held[name] == nil {
		l.held[name] = map[string]string{}
	}
	for key, value := range given {
		if value == "" {
			delete(l.held[name], key)
		} else {
			l.held[name][key] = value
		}
	}
	return l.held[name], nil
}

// readLayout puts all blobs of a layout into the store, and gives the one image of its index.
func readLayout(ctx context.Context, store content.Store, layout string) (ocispec.Descriptor, error) {
	var none ocispec.Descriptor
	raw, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		return none, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(raw, &index); err != nil {
		return none, err
	}
	if len(index.Manifests) != 1 {
		return none, fmt.Errorf("a layout of one image is needed, this has %d", len(index.Manifests))
	}
	root := index.Manifests[0]
	walk := func(ctx context.Context, described ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		path := filepath.Join(layout, "blobs", described.Digest.Algorithm().String(), described.Digest.Encoded())
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if err := content.WriteBlob(ctx, store, described.Digest.String(), file, described); err != nil {
			return nil, err
		}
		return images.Children(ctx, store, described)
	}
	return root, images.Walk(ctx, images.HandlerFunc(walk), root)
}

func fetch(ctx context.Context, store content.Store, reference string) (ocispec.Descriptor, error) {
	resolver := newResolver()
	name, root, err := resolver.Resolve(ctx, reference)
	if err != nil {
		return root, err
	}
	fetcher, err := resolver.Fetcher(ctx, name)
	if err != nil {
		return root, err
	}
	children := func(ctx context.Context, described ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		return images.Children(ctx, store, described)
	}
	handlers := images.Handlers(remotes.FetchHandler(store, fetcher), images.HandlerFunc(children))
	return root, images.Dispatch(ctx, handlers, nil, root)
}

func push(ctx context.Context, store content.Store, reference string, root ocispec.Descriptor) error {
	if _, wanted, found := strings.Cut(reference, "@"); found && wanted != root.Digest.String() {
		return fmt.Errorf("the image is %s and cannot be put at %s", root.Digest, wanted)
	}
	pusher, err := newResolver().Pusher(ctx, reference)
	if err != nil {
		return err
	}
	return remotes.PushContent(ctx, pusher, root, store, nil, platforms.All, nil)
}

func newResolver() remotes.Resolver {
	login := func(string) (string, string, error) {
		return os.Getenv("ZCC_USERNAME"), os.Getenv("ZCC_PASSWORD"), nil
	}
	authorizer := docker.NewDockerAuthorizer(docker.WithAuthCreds(login))
	hosts := docker.ConfigureDefaultRegistries(
		docker.WithPlainHTTP(func(string) (bool, error) { return true, nil }),
		docker.WithAuthorizer(authorizer),
	)
	return docker.NewResolver(docker.ResolverOptions{Hosts: hosts})
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, each := range info.Deps {
			if each.Path == module {
				return each.Version
			}
		}
	}
	return "of unknown version"
}
