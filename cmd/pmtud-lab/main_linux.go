// Command pmtud-lab shows what pmtud does: it builds a cluster behind an ECMP
// router out of network namespaces, without root, and downloads from it without
// and with pmtud. See package lab for a picture.
//
//	go run ./cmd/pmtud-lab [-pmtud PATH] [flags] [-- options for pmtud]
//
// With -recovery it measures instead how fast many clients behind one router recover,
// without pmtud, with its original limits, without any, with the recommended configuration
// and with others:
//
//	go run ./cmd/pmtud-lab -recovery [-clients 200] [-family 4] [-config FILE] [-flood 100000]
//
// With -sites it shows two sites with one address, whose hosts exchange messages over NATS
// servers of their own:
//
//	go run ./cmd/pmtud-lab -sites
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
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func main() {
	natsserver.Main() // of -sites
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	var config lab.RecoveryConfig
	flag.StringVar(&config.Pmtud, "pmtud", "", "path of the pmtud program (default: build it)")
	flag.IntVar(&config.Servers, "servers", 3, "number of servers")
	flag.IntVar(&config.Clients, "clients", 0, "number of client addresses behind the low-MTU link (default: 1, with -recovery 200)")
	flag.IntVar(&config.Connections, "connections", 40, "number of downloads at the same time")
	flag.IntVar(&config.MTU, "mtu", 1400, "MTU of the low-MTU link")
	gso := flag.Bool("gso", true, "with -recovery: leave segmentation offload on, for a faster lab with fewer messages")
	twoSites := flag.Bool("sites", false, "show two sites with one address, and NATS servers")
	recovery := flag.Bool("recovery", false, "measure how fast many clients recover")
	var files []string
	flag.Func("config", "with -recovery: measure this configuration `file` too; may be repeated", func(file string) error {
		files = append(files, file)
		return nil
	})
	family := flag.Int("family", 0, "with -recovery: IP version, 4 or 6 (default: both)")
	flag.DurationVar(&config.Limit, "limit", 20*time.Second, "with -recovery: time for a download to complete")
	flag.IntVar(&config.Flood, "flood", 0, "with -recovery: forged messages per second that arrive meanwhile")
	pictureFile := flag.String("picture", "", "write a moving picture of the downloads to this SVG `file`")
	flag.Parse()
	families := []lab.Family{lab.IPv4, lab.IPv6}
	if *family != 0 {
		families = []lab.Family{lab.Family(*family)}
	}

	if config.Pmtud == "" {
		path, remove, err := rig.Build(ctx)
		if err != nil {
			return failed(err)
		}
		defer func() { _ = remove() }() // a temporary folder
		config.Pmtud = path
		os.Args = slices.Insert(os.Args, 1, "-pmtud="+path) // for the process that Run starts
	}
	return netns.Run(func() int {
		if err := netns.Available(); err != nil {
			return failed(fmt.Errorf("no network namespaces: %w; run this as root, or change the setting that forbids them", err))
		}
		if *recovery {
			config.GSO = *gso
			return failed(measure(ctx, config, families, files))
		}
		if *twoSites {
			return failed(lab.DemoSites(ctx, lab.SitesConfig{Config: config.Config, StartNATS: startNATS}, os.Stdout))
		}
		config.Arguments = lab.OnLAN(flag.Args()...)
		return failed(demo(ctx, config.Config, *pictureFile))
	})
}

// demo makes the demonstration, and a picture of its first part if one is wanted.
func demo(ctx context.Context, config lab.Config, pictureFile string) error {
	results, err := lab.Demo(ctx, config, os.Stdout)
	if err != nil || pictureFile == "" {
		return err
	}
	return os.WriteFile(pictureFile, []byte(lab.Picture(results[0], results[1])), 0o644)
}

// startNATS starts a NATS server that is this program, as a process of its own.
func startNATS(config string, environment []string, start func(*exec.Cmd) error) (lab.NATS, error) {
	c := natsserver.Command(config)
	c.Env = append(c.Env, environment...)
	return natsserver.Run(c, start)
}

// measure measures recovery with each IP version.
func measure(ctx context.Context, config lab.RecoveryConfig, families []lab.Family, files []string) error {
	var errs []error
	for _, config.Family = range families {
		_, err := lab.CompareRecovery(ctx, config, files, os.Stdout)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// failed returns the exit status, and prints the error if there is one.
func failed(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "pmtud-lab:", err)
	return 1
}
