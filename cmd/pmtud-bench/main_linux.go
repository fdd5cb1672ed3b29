// Command pmtud-bench measures pmtud beside tcpdump, without root: live capture in
// network namespaces (see package livebench) and replay of files (replaybench).
//
//	go run ./cmd/pmtud-bench [-pmtud PATH] [flags]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/livebench"
	"github.com/pmtud/pmtud/cmd/internal/replaybench"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	var live livebench.Config
	var replay replaybench.Config
	pmtud := flag.String("pmtud", "", "path of the pmtud program (default: build it)")
	only := flag.String("only", "", "measure live or replay only")
	flag.IntVar(&live.Rounds, "rounds", 5, "rounds of each comparison")
	flag.DurationVar(&live.Flood, "flood", 2*time.Second, "length of each flood")
	flag.IntVar(&live.Rate, "rate", 0, "packets per second of the floods (default: as many as possible)")
	flag.IntVar(&live.Latency, "latency", 200, "number of single packets")
	flag.DurationVar(&live.Idle, "idle", 3*time.Second, "how long the programs are watched at rest")
	flag.DurationVar(&live.Memory, "memory", 3*time.Second, "length of the flood from a million forged routers")
	flag.IntVar(&replay.Packets, "packets", 2_000_000, "packets of the capture to replay")
	flag.Parse()

	if *pmtud == "" {
		path, remove, err := lab.BuildPmtud(ctx)
		if err != nil {
			return failed(err)
		}
		defer func() { _ = remove() }() // a temporary folder
		*pmtud = path
		os.Args = slices.Insert(os.Args, 1, "-pmtud="+path) // for the process that netns.Run starts
	}
	live.Pmtud, replay.Pmtud, replay.Rounds = *pmtud, *pmtud, live.Rounds
	return netns.Run(func() int {
		if err := measure(ctx, *only, live, replay); err != nil {
			return failed(err)
		}
		return 0
	})
}

func measure(ctx context.Context, only string, live livebench.Config, replay replaybench.Config) error {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		return fmt.Errorf("there is nothing to compare with: %w", err)
	}
	var errs []error
	if only != "replay" {
		err := netns.Available()
		if err == nil {
			err = livebench.Run(ctx, live, os.Stdout)
		}
		errs = append(errs, err)
		fmt.Println()
	}
	if only != "live" {
		errs = append(errs, replaybench.Run(ctx, replay, os.Stdout))
	}
	return errors.Join(errs...)
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "pmtud-bench:", err)
	return 1
}
