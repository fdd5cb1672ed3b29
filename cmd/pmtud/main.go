// Command pmtud distributes the ICMP messages of path MTU discovery to all servers
// behind an ECMP router. See package cmd.
package main

import (
	"os"

	"github.com/pmtud/pmtud/cmd"
)

func main() {
	os.Exit(cmd.Main(cmd.Program{Plugins: cmd.Plugins()}))
}
