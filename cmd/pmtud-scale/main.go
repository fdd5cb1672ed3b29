// Command pmtud-scale prints what servers send and receive when all of them are flooded with
// forged messages, for clusters of so many servers. See package scale for what to set.
//
//	go run ./cmd/pmtud-scale [SERVERS...]
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/pmtud/pmtud/cmd/internal/lab/scale"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(arguments []string) int {
	sizes := scale.Sizes
	if len(arguments) > 0 {
		sizes = nil
	}
	for _, argument := range arguments {
		n, err := strconv.Atoi(argument)
		if err != nil || n < scale.MinSize {
			fmt.Fprintf(os.Stderr, "pmtud-scale: %q servers: want a number from %d on\n", argument, scale.MinSize)
			return 2
		}
		sizes = append(sizes, n)
	}
	if err := scale.Write(os.Stdout, sizes); err != nil {
		fmt.Fprintln(os.Stderr, "pmtud-scale:", err)
		return 1
	}
	return 0
}
