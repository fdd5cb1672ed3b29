package lab_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// echo is the argument that makes the test binary a daemon that does what pmtud
// must not: it copies broadcasts as well.
const echo = "echo"

// echoLimit is how often an echo copies the same message, lest the copies
// multiply without end.
const echoLimit = 3

func runEcho(stderr io.Writer) int {
	if err := copyAll(stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// copyAll broadcasts every PTB that arrives, up to the limit, until it is killed.
func copyAll(stderr io.Writer) error {
	ifi, err := net.InterfaceByName(lab.Interface)
	if err != nil {
		return err
	}
	c, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_IP, nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, "ready")
	everyone := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	buffer := make([]byte, 2048)
	for copied := map[string]int{}; ; {
		n, _, err := c.ReadFrom(buffer)
		if err != nil {
			return err
		}
		isPTB := n > 36 && buffer[23] == unix.IPPROTO_ICMP && buffer[34] == 3
		message := string(buffer[12:n])
		if !isPTB || copied[message] == echoLimit {
			continue
		}
		copied[message]++
		copy(buffer, everyone)
		copy(buffer[6:], ifi.HardwareAddr)
		if _, err := c.WriteTo(buffer[:n], &packet.Addr{HardwareAddr: everyone}); err != nil {
			return err
		}
	}
}

func echoArguments(*lab.Network, *lab.Server) []string { return []string{echo} }

func TestLabNoticesCopiesOfCopies(t *testing.T) {
	netns.Require(t)
	t.Parallel()
	config := lab.Config{Pmtud: "/proc/self/exe", Arguments: echoArguments, Servers: 2}
	singles, err := lab.RunSingle(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "ended with status -1") {
		t.Errorf("got error %v, want that the daemons died of the signal", err)
	}
	if len(singles) == 0 {
		t.Fatal("no result")
	}
	if s := singles[0]; s.Traffic.CopiesOfCopies == 0 || s.Check() == nil {
		t.Errorf("%v: took it for right", s)
	}
}

func TestLabTellsWhyPmtudDoesNotStart(t *testing.T) {
	netns.Require(t)
	for _, tc := range []struct{ name, path, want string }{
		{"no such program", "/nonexistent", "start pmtud on server0"},
		{"ends at once", "/proc/self/exe", "flag provided but not defined: -nonsense"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := lab.Config{
				Pmtud:     tc.path,
				Arguments: func(*lab.Network, *lab.Server) []string { return []string{"-nonsense"} },
			}
			_, err := lab.Run(t.Context(), config)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestConfigBeyondAddressPlan(t *testing.T) {
	for _, tc := range []struct {
		config lab.Config
		want   string
	}{
		{lab.Config{Clients: 65533}, "plan network: 65533 clients, want 1 to 65532"},
		{lab.Config{Connections: 12769}, "plan network: 12769 connections, want 1 to 12768"},
		{lab.Config{Servers: 30}, "plan network: 30 servers, want 1 to 29"},
		{lab.Config{Subnets: -1}, "plan network: -1 subnets, want 1 to 8"},
	} {
		_, err := lab.Run(t.Context(), tc.config)
		if err == nil || err.Error() != tc.want {
			t.Errorf("got error %v, want %s", err, tc.want)
		}
	}
}
