// Command pmtud-extra is pmtud with three plugins more: the source udp-packets, the filter
// min-ttl and the sink http-post.
package main

import (
	"os"

	"github.com/pmtud/pmtud/cmd"

	"example.org/pmtud-extra/httppost"
	"example.org/pmtud-extra/minttl"
	"example.org/pmtud-extra/udppackets"
)

func main() {
	os.Exit(cmd.Main(cmd.Program{
		Name:    "pmtud-extra",
		Version: "v1.0.0",
		Plugins: append(cmd.Plugins(), udppackets.Plugin(), minttl.Plugin(), httppost.Plugin()),
	}))
}
