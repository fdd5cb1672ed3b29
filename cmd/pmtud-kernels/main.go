// Command pmtud-kernels runs this module's tests that need network namespaces on kernels of
// Debian, in virtual machines, and prints a table. See package kernels.
//
//	go run ./cmd/pmtud-kernels [flags] [PACKAGES...]
//
// It needs qemu-system-x86_64, mmdebstrap and a mirror of Debian; run it in the repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/kernels"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pmtud-kernels:", err)
		os.Exit(1)
	}
}

func run() error {
	switch {
	case kernels.InGuest():
		return kernels.Guest()
	case len(os.Args) == 2 && os.Args[1] == kernels.WorkerArgument:
		return kernels.Work()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c kernels.Config
	releases := flag.String("releases", "bookworm", "releases of Debian whose kernels to boot, separated by commas")
	flag.StringVar(&c.Run, "run", "", "only the tests that match this regular `expression`")
	flag.BoolVar(&c.Update, "update", false, "fetch kernels again that the cache has")
	flag.DurationVar(&c.Limit, "limit", 20*time.Minute, "time for the tests on one kernel")
	flag.Parse()
	c.Releases, c.Packages = strings.Split(*releases, ","), flag.Args()
	if len(c.Packages) == 0 {
		c.Packages = []string{"./..."}
	}
	return kernels.Run(ctx, c, os.Stdout, os.Stderr)
}
