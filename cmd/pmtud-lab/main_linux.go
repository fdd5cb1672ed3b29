// Command pmtud-lab shows what pmtud does: it builds a cluster behind an ECMP
// router out of network namespaces, without root, and downloads from it without
// and with pmtud. See package lab for a picture.
//
//	go run ./cmd/pmtud-lab [-pmtud PATH] [flags] [-- options for pmtud]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	var config lab.Config
	flag.StringVar(&config.Pmtud, "pmtud", "", "path of the pmtud program (default: build it)")
	flag.IntVar(&config.Servers, "servers", 3, "number of servers")
	flag.IntVar(&config.Clients, "clients", 1, "number of client addresses behind the low-MTU link")
	flag.IntVar(&config.Connections, "connections", 40, "number of downloads at the same time")
	flag.IntVar(&config.MTU, "mtu", 1400, "MTU of the low-MTU link")
	flag.Parse()
	config.Arguments = lab.OnLAN(flag.Args()...)

	if config.Pmtud == "" {
		path, remove, err := lab.BuildPmtud(ctx)
		if err != nil {
			return failed(err)
		}
		defer func() { _ = remove() }() // a temporary folder
		config.Pmtud = path
		os.Args = slices.Insert(os.Args, 1, "-pmtud="+path) // for the process that Run starts
	}
	return netns.Run(func() int {
		if err := netns.Available(); err != nil {
			return failed(fmt.Errorf("no network namespaces: %w", err))
		}
		if err := lab.Demo(ctx, config, os.Stdout); err != nil {
			return failed(err)
		}
		return 0
	})
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "pmtud-lab:", err)
	return 1
}
