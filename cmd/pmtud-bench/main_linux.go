// Command pmtud-bench measures pmtud beside tcpdump: live capture and NFLOG in network
// namespaces, and replay of files (see package bench); and how fast many clients behind one
// router recover, also while forged messages flood the servers (lab). It needs no root, but only
// with root can floods be refused in the kernel.
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
	"strings"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/bench"
	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	var c bench.Config
	recovery := lab.RecoveryConfig{Config: lab.Config{GSO: true}}
	flag.StringVar(&c.Pmtud, "pmtud", "", "path of the pmtud program (default: build it)")
	flag.StringVar(&c.Base, "base", "", "path of another build of pmtud, which is flooded in turn with it")
	flag.StringVar(&c.Original, "orig", "", "path of the original daemon, or of one with its options and messages, which is flooded too")
	only := flag.String("only", "", "measure only these, separated by commas: live, flood (a part of live), nflog, replay, recovery")
	flag.IntVar(&c.Rounds, "rounds", 5, "rounds of each comparison")
	flag.DurationVar(&c.Flood, "flood", 2*time.Second, "length of each flood")
	flag.IntVar(&c.Rate, "rate", 0, "packets per second of the floods (default: as many as possible)")
	flag.IntVar(&c.Latency, "latency", 200, "number of single packets")
	flag.DurationVar(&c.Idle, "idle", 3*time.Second, "how long the programs are watched at rest")
	flag.DurationVar(&c.Memory, "memory", 3*time.Second, "length of the flood from a million forged routers")
	flag.IntVar(&c.Packets, "packets", 2_000_000, "packets of the capture to replay")
	var files []string
	flag.Func("config", "measure recovery with this configuration `file` too; may be repeated", func(file string) error {
		files = append(files, file)
		return nil
	})
	flag.DurationVar(&recovery.Limit, "limit", 20*time.Second, "time for a download to complete")
	var pictures pictures
	flag.StringVar(&pictures.dir, "pictures", "", "write recovery.svg and cpu.svg to this `folder`")
	flag.Parse()
	c.Compared = pictures.addCPU

	if c.Pmtud == "" {
		path, remove, err := rig.Build(ctx)
		if err != nil {
			return failed(err)
		}
		defer func() { _ = remove() }() // a temporary folder
		c.Pmtud = path
		os.Args = slices.Insert(os.Args, 1, "-pmtud="+path) // for the process that netns.Run starts
	}
	recovery.Pmtud = c.Pmtud
	// As root in a user namespace tcpdump could not give its file away.
	if wanted(*only, "replay") && !netns.Inside() {
		if err := bench.Replay(ctx, c, os.Stdout); err != nil {
			return failed(err)
		}
	}
	return netns.RunPrivileged(func() int {
		if wanted(*only, "recovery") {
			if err := measureRecovery(ctx, recovery, files, &pictures); err != nil {
				return failed(err)
			}
		}
		if wanted(*only, "live") || wanted(*only, "flood") || wanted(*only, "nflog") {
			if err := measure(ctx, *only, c); err != nil {
				return failed(err)
			}
		}
		if err := pictures.write(); err != nil {
			return failed(err)
		}
		return 0
	})
}

// measureRecovery measures a few clients, many, and a few under attack.
func measureRecovery(ctx context.Context, config lab.RecoveryConfig, files []string, pictures *pictures) error {
	if err := netns.Available(); err != nil {
		return err
	}
	for _, run := range []struct {
		family         lab.Family
		clients, flood int
	}{{lab.IPv4, 200, 0}, {lab.IPv6, 200, 0}, {lab.IPv4, 1000, 0}, {lab.IPv4, 200, 100_000}} {
		config.Family, config.Clients, config.Flood = run.family, run.clients, run.flood
		results, err := lab.CompareRecovery(ctx, config, files, os.Stdout)
		if err != nil {
			return err
		}
		if run.family == lab.IPv4 {
			pictures.addRecovery(run.clients, run.flood, results)
		}
		fmt.Println()
	}
	return nil
}

// wanted reports whether one of the measurements is to be made.
func wanted(only, name string) bool {
	return only == "" || slices.Contains(strings.Split(only, ","), name)
}

// measure measures what needs network namespaces and tcpdump.
func measure(ctx context.Context, only string, c bench.Config) error {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		return fmt.Errorf("there is nothing to compare with: %w", err)
	}
	if err := netns.Available(); err != nil {
		return err
	}
	var errs []error
	if wanted(only, "live") {
		errs = append(errs, bench.Live(ctx, c, os.Stdout))
		fmt.Println()
	} else if wanted(only, "flood") {
		errs = append(errs, bench.Flood(ctx, c, os.Stdout))
	}
	if wanted(only, "nflog") {
		errs = append(errs, bench.NFLOG(ctx, c, os.Stdout))
	}
	return errors.Join(errs...)
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "pmtud-bench:", err)
	return 1
}
