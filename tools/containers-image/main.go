// containers-image: a small command line over go.podman.io/image, the library inside skopeo, podman and buildah, in its
// newest release: what those tools do once they are built with it.
//
//	containers-image copy [--format FORMAT] [--all] [--preserve-digests] SOURCE DESTINATION
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/pkg/compression"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/transports/alltransports"
	"go.podman.io/image/v5/types"
	"go.podman.io/image/v5/version"
	"go.podman.io/storage/pkg/reexec"
)

func main() {
	if reexec.Init() {
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("containers-image", version.Version)
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("containers-image copy", flag.ContinueOnError)
	format := flags.String("format", "", "compression of the destination")
	all := flags.Bool("all", false, "copy every instance of an index")
	preserve := flags.Bool("preserve-digests", false, "fail rather than change a digest")
	docker := flags.Bool("docker", false, "convert to Docker schema 2")
	osName := flags.String("os", "", "choose this os")
	architecture := flags.String("arch", "", "choose this architecture")
	variant := flags.String("variant", "", "choose this variant")
	if len(arguments) == 0 || arguments[0] != "copy" {
		return fmt.Errorf("usage: containers-image copy [options] SOURCE DESTINATION")
	}
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return fmt.Errorf("copy takes a source and a destination, not %d arguments", flags.NArg())
	}
	source, err := alltransports.ParseImageName(flags.Arg(0))
	if err != nil {
		return err
	}
	destination, err := alltransports.ParseImageName(flags.Arg(1))
	if err != nil {
		return err
	}
	from := types.SystemContext{OSChoice: *osName, ArchitectureChoice: *architecture, VariantChoice: *variant}
	to := types.SystemContext{}
	options := copy.Options{
		SourceCtx:       &from,
		DestinationCtx:  &to,
		PreserveDigests: *preserve,
		ReportWriter:    os.Stderr,
	}
	if *all {
		options.ImageListSelection = copy.CopyAllImages
	}
	if *docker {
		options.ForceManifestMIMEType = "application/vnd.docker.distribution.manifest.v2+json"
	}
	if *format != "" {
		algorithm, err := compression.AlgorithmByName(*format)
		if err != nil {
			return err
		}
		to.CompressionFormat = &algorithm
		options.ForceCompressionFormat = true
	}
	policy, err := signature.NewPolicyContext(&signature.Policy{
		Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()},
	})
	if err != nil {
		return err
	}
	defer policy.Destroy()
	_, err = copy.Image(context.Background(), policy, destination, source, &options)
	return err
}
