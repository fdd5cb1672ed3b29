package peers_test

import (
	"errors"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestNoDescriptors takes all file descriptors away: the sink sends on by what it knows,
// and looks at a new address of its own again when there are some.
func TestNoDescriptors(t *testing.T) {
	newLAN(t)
	log := new(logBuffer)
	env := pipelinetest.Env(t)
	env.Log = log.logger()
	sink := open(t, settings(t, "10.99.0.7"), env)
	kernel, err := netlink.NewHandle()
	netns.Must(t, err)
	defer kernel.Close()
	link := home(t)
	addr, err := netlink.ParseAddr("10.99.0.7/24")
	netns.Must(t, err)
	noDescriptors(t, func() {
		netns.Must(t, kernel.AddrAdd(link, addr))
		pipelinetest.Eventually(t, func() bool {
			if got := deliver(sink, ptb(false, 1400)); got != "" {
				t.Fatalf("reason %q", got)
			}
			return log.count("too many open files") > 0
		})
	})
	pipelinetest.Eventually(t, func() bool { return deliver(sink, ptb(false, 1400)) == "no-peers" })
}

// noDescriptors calls f while the process can open nothing.
func noDescriptors(t *testing.T, f func()) {
	t.Helper()
	var before unix.Rlimit
	netns.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: before.Max}))
	var taken []*os.File
	defer func() {
		for _, null := range taken {
			netns.Must(t, null.Close())
		}
		netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
	}()
	for {
		null, err := os.Open(os.DevNull)
		if errors.Is(err, unix.EMFILE) {
			break
		}
		netns.Must(t, err)
		taken = append(taken, null)
	}
	f()
}
