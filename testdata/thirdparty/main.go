// Command pmtud-minttl is pmtud with the filter min-ttl.
package main

import (
	"os"

	"github.com/pmtud/pmtud/cmd"

	"example.org/pmtud-minttl/minttl"
)

func main() {
	os.Exit(cmd.Main(append(cmd.Plugins(), minttl.Plugin())))
}
