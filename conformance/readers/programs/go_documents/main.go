// Readers of the panel: Go's encoding/json and json-iterator, each on the types of image-spec (specs-go/v1), as the
// clients written in Go read an index, a manifest or a config. The protocol is in ../README.md; the operation is
// "document", its argument the kind of the document.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	jsoniter "github.com/json-iterator/go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

type answer struct {
	Members [][]any `json:"members"`
	Refused *string `json:"refused,omitempty"`
}

type facts map[string]string

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	greeting, _ := json.Marshal([]map[string]string{
		{"name": "Go encoding/json", "version": runtime.Version()[2:], "op": "document"},
		{"name": "Go json-iterator", "version": versionOf("github.com/json-iterator/go"), "op": "document"},
	})
	out.Write(append(greeting, '\n'))
	compatible := jsoniter.ConfigCompatibleWithStandardLibrary
	for {
		out.Flush()
		kind, content, err := request(in)
		if err != nil {
			return
		}
		line, _ := json.Marshal([]answer{read(kind, content, json.Unmarshal), read(kind, content, compatible.Unmarshal)})
		out.Write(append(line, '\n'))
	}
}

func versionOf(module string) string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return dependency.Version[1:]
			}
		}
	}
	return ""
}

func request(in *bufio.Reader) (string, []byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", nil, err
	}
	var op, argument string
	var size int
	if _, err := fmt.Sscanf(line, "%s %d %s", &op, &size, &argument); err != nil {
		return "", nil, err
	}
	kind, err := hex.DecodeString(argument)
	if err != nil {
		return "", nil, err
	}
	content := make([]byte, size)
	_, err = io.ReadFull(in, content)
	return string(kind), content, err
}

func read(kind string, content []byte, unmarshal func([]byte, any) error) answer {
	said := facts{}
	var err error
	switch kind {
	case "index":
		var index v1.Index
		if err = unmarshal(content, &index); err == nil {
			said.index(index)
		}
	case "manifest":
		var manifest v1.Manifest
		if err = unmarshal(content, &manifest); err == nil {
			said.manifest(manifest)
		}
	default:
		var image v1.Image
		if err = unmarshal(content, &image); err == nil {
			said.image(image)
		}
	}
	if err != nil {
		message := err.Error()
		return answer{Members: [][]any{}, Refused: &message}
	}
	return answer{Members: said.members()}
}

// members lists the facts by path: each is a member of the kind "other:fact" whose link is the value.
func (said facts) members() [][]any {
	paths := make([]string, 0, len(said))
	for path := range said {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	members := [][]any{}
	for _, path := range paths {
		members = append(members, []any{text(path), "other:fact", nil, nil, nil, nil, text(said[path])})
	}
	return members
}

func text(value string) string { return hex.EncodeToString([]byte(value)) }

func (said facts) add(path, value string) {
	if value != "" {
		said[path] = value
	}
}

func (said facts) count(path string, value int64) {
	if value != 0 {
		said[path] = strconv.FormatInt(value, 10)
	}
}

func (said facts) list(path string, values []string) {
	for position, value := range values {
		said[fmt.Sprintf("%s[%d]", path, position)] = value
	}
}

func (said facts) pairs(path string, values map[string]string) {
	for key, value := range values {
		said[path+"."+key] = value
	}
}

func (said facts) keys(path string, values map[string]struct{}) {
	for key := range values {
		said[path+"."+key] = ""
	}
}

func (said facts) index(index v1.Index) {
	said.count("schemaVersion", int64(index.SchemaVersion))
	said.add("mediaType", index.MediaType)
	said.add("artifactType", index.ArtifactType)
	said.descriptors("manifests", index.Manifests)
	said.pairs("annotations", index.Annotations)
	said.subject(index.Subject)
}

func (said facts) manifest(manifest v1.Manifest) {
	said.count("schemaVersion", int64(manifest.SchemaVersion))
	said.add("mediaType", manifest.MediaType)
	said.add("artifactType", manifest.ArtifactType)
	said.descriptor("config", manifest.Config)
	said.descriptors("layers", manifest.Layers)
	said.pairs("annotations", manifest.Annotations)
	said.subject(manifest.Subject)
}

func (said facts) subject(subject *v1.Descriptor) {
	if subject != nil {
		said.descriptor("subject", *subject)
	}
}

func (said facts) descriptors(path string, all []v1.Descriptor) {
	said.count(path+".length", int64(len(all)))
	for position, one := range all {
		said.descriptor(fmt.Sprintf("%s[%d]", path, position), one)
	}
}

func (said facts) descriptor(path string, one v1.Descriptor) {
	said.add(path+".mediaType", one.MediaType)
	said.add(path+".digest", string(one.Digest))
	said.count(path+".size", one.Size)
	said.add(path+".artifactType", one.ArtifactType)
	said.list(path+".urls", one.URLs)
	said.pairs(path+".annotations", one.Annotations)
	if one.Platform != nil {
		said.platform(path+".platform.", *one.Platform)
	}
}

func (said facts) platform(path string, one v1.Platform) {
	said.add(path+"architecture", one.Architecture)
	said.add(path+"os", one.OS)
	said.add(path+"os.version", one.OSVersion)
	said.list(path+"os.features", one.OSFeatures)
	said.add(path+"variant", one.Variant)
}

func (said facts) image(image v1.Image) {
	said.platform("", image.Platform)
	said.add("rootfs.type", image.RootFS.Type)
	for position, digest := range image.RootFS.DiffIDs {
		said[fmt.Sprintf("rootfs.diff_ids[%d]", position)] = string(digest)
	}
	for position, step := range image.History {
		if step.EmptyLayer {
			said[fmt.Sprintf("history[%d].empty_layer", position)] = "true"
		}
	}
	said.count("history.length", int64(len(image.History)))
	said.add("config.User", image.Config.User)
	said.add("config.WorkingDir", image.Config.WorkingDir)
	said.add("config.StopSignal", image.Config.StopSignal)
	said.list("config.Env", image.Config.Env)
	said.list("config.Entrypoint", image.Config.Entrypoint)
	said.list("config.Cmd", image.Config.Cmd)
	said.pairs("config.Labels", image.Config.Labels)
	said.keys("config.ExposedPorts", image.Config.ExposedPorts)
	said.keys("config.Volumes", image.Config.Volumes)
}
