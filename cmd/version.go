package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of a release, set by the linker:
//
//	go build -ldflags "-X github.com/pmtud/pmtud/cmd.release=v1.2.3"
var release string

// builtVersion returns the version of the release, of the module or of the commit that the
// program was built from.
func builtVersion() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

// module is the one that this package is of.
const module = "github.com/pmtud/pmtud"

// base returns the version of pmtud in a program of another module.
func base() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return " " + product + " " + m.Version
		}
	}
	return ""
}

// commit returns the commit that the program was built from, if it is known.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return " commit " + s.Value
		}
	}
	return ""
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the program's version",
		Long: `Version prints the program's version, the commit it was built from if that is
known, the version of Go it was built with, and the platform. The options
--version and -V do the same.`,
		Args: noOperands,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Stdout, "%s %s%s%s %s %s/%s\n",
				a.Name, a.Version, commit(), base(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
